"""`solve`: train a domain, show how it goes, never pay twice, go on after an interruption."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm.auto import tqdm

from pinn.domain import Domain
from pinn.optimizers import Optimizer
from utils import course
from utils.engine import store

SUFFIX = ".pt"
Monitor = Callable[[Domain], float]


@dataclass(frozen=True)
class Solution:
    """A finished training.

    Attributes:
        history: one row per report: stage, step, seconds, loss, and one column for each monitor.
        seconds: processor time of the training without the monitors; with one thread and a free core
            this is what the clock on the wall shows.
        reason: why it ended.
        from_cache: True if nothing was trained now.
    """

    history: pd.DataFrame
    seconds: float
    reason: str
    from_cache: bool


def solve(
    domain: Domain,
    optimizer: Optimizer | Sequence[Optimizer],
    steps: int | Sequence[int],
    *,
    seconds: float = float("inf"),
    loss_below: float = 0.0,
    monitors: dict[str, Monitor] | None = None,
    report_every: int = 10,
    name: str = "",
    retrain: bool = False,
    quiet: bool = False,
) -> Solution:
    """Train ``domain.theta`` in place.

    Args:
        domain: the problem.
        optimizer: one, or several that follow each other, e.g. ``[Adam(), SelfScaledBroyden()]``.
        steps: how many of each.
        seconds: of processor time, for all stages together; the last stage ends then.
        loss_below: good enough, stop.
        monitors: functions of the domain that give a number, e.g. the error against an exact solution.
            Their time is not counted.
        report_every: steps between two rows of the history; a checkpoint is written every 10 s.
        name: of the run. Given one, the result is kept under ``data/cache/pinn/trained`` by a key of the problem, its
            residuals, the optimizers, monitors and this package's code (see `utils.engine.store`); the same call loads it in
            a moment. An interrupted run goes on where its last checkpoint was.
        retrain: train again even if a finished copy exists.
        quiet: show no progress bar.

    Raises:
        ValueError: there are not as many numbers of steps as optimizers.
        FloatingPointError: the loss is not finite.
    """
    stages = list(optimizer) if isinstance(optimizer, Sequence) else [optimizer]
    limits = list(steps) if isinstance(steps, Sequence) else [steps]
    if len(stages) != len(limits):
        raise ValueError(
            f"{len(stages)} optimizers and {len(limits)} numbers of steps; give one number for each."
        )
    monitors = monitors or {}
    settings = (limits, seconds, loss_below, report_every)
    run = _Run(domain, stages, *settings, monitors)
    if not name:
        run.go("training", quiet)
        return Solution(pd.DataFrame(run.rows), run.used, run.reason, from_cache=False)

    def train(path: Path, work: Path) -> store.Facts:
        if saved := store.last_checkpoint(work, SUFFIX):
            run.load(saved.path)
        run.go(name, quiet, work)
        return run.save(path)

    fresh = [constraint for constraint in domain.constraints.values() if constraint.draw]
    recipe = store.Recipe(
        lab="pinn/trained",
        name=name,
        suffix=SUFFIX,
        made_of=(
            domain,
            stages,
            settings,
            monitors,
            torch.get_rng_state() if fresh else None,
            course.seed(),
            solve,
        ),
        make=train,
        again="trained again",
    )
    with store.kept(recipe, anew=retrain) as entry:
        if not entry.is_new:
            run.load(entry.path)
            if not quiet:
                print(
                    f"{name}: loaded the trained copy ({run.used:.1f} s of training saved); retrain=True trains anew."
                )
    return Solution(pd.DataFrame(run.rows), run.used, run.reason, from_cache=not entry.is_new)


class _Run:
    def __init__(self, domain, stages, limits, seconds, loss_below, report_every, monitors):
        self.domain, self.stages, self.limits, self.seconds = domain, stages, limits, seconds
        self.loss_below, self.monitors, self.report_every = loss_below, monitors, report_every
        self.stage, self.step, self.used, self.reason = 0, 0, 0.0, ""
        self.rows: list[dict[str, Any]] = []

    def go(self, title: str, quiet: bool, work: Path | None = None) -> None:
        """Train to the end; the state is saved in ``work`` now and then."""
        domain = self.domain
        saved = time.monotonic()
        total = sum(self.limits)
        with tqdm(
            total=total,
            initial=sum(self.limits[: self.stage]) + self.step,
            desc=title,
            leave=False,
            disable=quiet,
        ) as bar:
            while not self.reason:
                began = time.process_time()
                optimizer = self.stages[self.stage]
                loss = optimizer.step(domain)
                self.step += 1
                self.used += time.process_time() - began
                if not loss < float("inf"):
                    raise FloatingPointError(
                        f"The loss became {loss} at step {self.step} of {optimizer!r}. Lower the learning rate, "
                        "start from a finished training of a simpler problem, or look for a division by zero."
                    )
                self._advance(loss, optimizer)
                bar.update()
                if self.rows and self.rows[-1]["step"] == self.step and not quiet:
                    bar.set_postfix(
                        {
                            k: f"{v:.1e}"
                            for k, v in self.rows[-1].items()
                            if k not in ("stage", "step", "seconds")
                        }
                    )
                if work and not self.reason and time.monotonic() - saved > store.SAVE_SECONDS:
                    store.checkpoint(work, SUFFIX, self.save)
                    saved = time.monotonic()

    def _advance(self, loss: float, optimizer: Optimizer) -> None:
        """Decide what comes next, and report."""
        last_stage = self.stage == len(self.stages) - 1
        if loss < self.loss_below:
            self.reason = "the loss is below its goal"
        elif self.used > self.seconds:
            self.reason = "the time is used up"
        elif last_stage and optimizer.finished:
            self.reason = optimizer.finished
        elif last_stage and self.step >= self.limits[-1]:
            self.reason = "all steps are done"
        next_stage = not self.reason and (optimizer.finished or self.step >= self.limits[self.stage])
        if self.step % self.report_every == 0 or self.reason or next_stage or not self.rows:
            row = {"stage": self.stage, "step": self.step, "seconds": self.used, "loss": loss}
            self.rows.append(
                row | {name: float(monitor(self.domain)) for name, monitor in self.monitors.items()}
            )
        if next_stage:
            self.stage, self.step = self.stage + 1, 0

    def save(self, path: Path) -> store.Facts:
        content = {
            "theta": self.domain.theta, "stage": self.stage, "step": self.step, "used": self.used,
            "reason": self.reason, "rows": self.rows, "random": torch.get_rng_state(),
            "optimizers": [{"state": o.state, "finished": o.finished} for o in self.stages],
        }  # fmt: skip
        torch.save(content, path)
        return {"seconds": self.used}

    def load(self, path: Path) -> None:
        content = torch.load(path, weights_only=True)
        self.domain.theta = content["theta"]
        self.stage, self.step, self.used = content["stage"], content["step"], content["used"]
        self.reason, self.rows = content["reason"], content["rows"]
        torch.set_rng_state(content["random"])
        for optimizer, kept in zip(self.stages, content["optimizers"], strict=True):
            optimizer.state, optimizer.finished = copy.deepcopy(kept["state"]), kept["finished"]
