"""Physics-informed neural networks that fit on a laptop, in SimNet's vocabulary.

    points.py       where a condition is asked for: names and columns of coordinates
    derivatives.py  exact derivatives of any order, carried forward through a network (Taylor mode)
    networks.py     networks as functions of one flat parameter vector
    domain.py       a problem: networks, unknown numbers, constraints and their weights
    optimizers.py   Levenberg-Marquardt, self-scaled Broyden, L-BFGS, SOAP, Adam
    solver.py       `solve`: progress, error monitor, checkpoints, resume, cache

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
