"""Names of libraries that promise nothing about them: what to do when they vanish."""

import importlib
import inspect

import torch

LINE_SEARCH = ["obj_func", "x", "t", "d", "f", "g", "gtd", "c1", "c2", "tolerance_change", "max_ls"]


def test_the_line_search_of_torch_is_as_pinn_uses_it():
    found = getattr(importlib.import_module("torch.optim.lbfgs"), "_strong_wolfe", None)
    names = list(inspect.signature(found).parameters) if found else []
    assert names == LINE_SEARCH, (
        "PyTorch has changed its private line search, which pinn/optimizers.py uses. Call it as it is now in "
        "SelfScaledBroyden.step; if it is gone, keep the last version that had it (BSD-3-Clause, with its licence) "
        "in a file of its own beside optimizers.py."
    )
    value, gradient, step, _ = found(
        lambda x, t, d: ((x + t * d).square().sum().item(), 2 * (x + t * d)),
        torch.ones(3), 1.0, -torch.ones(3), 3.0, torch.full((3,), 2.0), torch.tensor(-6.0), max_ls=20,
    )  # fmt: skip
    assert (value, step) == (0, 1)
    assert not gradient.any()
