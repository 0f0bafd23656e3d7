"""Physics-informed neural networks that fit on a laptop, in SimNet's vocabulary.

    points.py       where points come from, and how a constraint gets them: names and columns of coordinates
    geometry/       shapes in 1D, 2D and 3D, surfaces from files, and the weighted points of both
    derivatives.py  exact derivatives of any order, carried forward through a network (Taylor mode)
    networks.py     networks as functions of one flat parameter vector
    domain.py       a problem: networks, unknown numbers, constraints and their weights
    optimizers.py   Levenberg-Marquardt, self-scaled Broyden, L-BFGS, SOAP, Adam
    training.py     `solve`: progress, error monitor, checkpoints, resume, cache
    chip.py         the chip challenge; local_networks.py solves it, contest.py judges

Importing the package does two things for the whole process. It sets torch, NumPy and SciPy to **one
thread**: with networks this small, a second thread costs more in hand-over than it brings, and on a busy
machine a hundred times more. And it makes float64 the default: the last digits of a derivative matter here.
"""

import scipy.linalg  # noqa: F401 - a library that is loaded later would not be limited
import torch
from threadpoolctl import threadpool_limits

threadpool_limits(1, user_api="blas")
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
