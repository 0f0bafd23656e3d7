"""From a few facts about a problem of your own to a plan: how deep to let networks in, and whether it can work."""

from dataclasses import dataclass

import pandas as pd

LEVELS = (
    "0: no learning",
    "1: learning beside the science: sorting, filling gaps, finding events",
    "2: one learned part inside a known model: a closure, a parameter",
    "3: a surrogate that answers like the model, only faster",
    "4: a network that obeys the equation",
    "5: everything is learned from data",
)


@dataclass(frozen=True)
class Problem:
    """What a plan needs to know.

    Attributes:
        inputs: ``"table"``, ``"images or fields"`` or ``"series"``.
        law: what is known of the rule: ``"none"``, ``"partly"`` or ``"whole"``.
        independent: examples with a known answer that have nothing to do with each other (storms, not frames).
        label_error, needed_error, baseline_error: of the labels, of an answer that helps, and of the simplest rule, in
            one unit.
        seconds: that the law takes to answer once, where it is known as a whole.
        questions: how often it will be asked.
    """

    inputs: str
    law: str
    independent: int
    label_error: float
    needed_error: float
    baseline_error: float
    seconds: float = 1.0
    questions: int = 1


def choose_level(problem: Problem) -> int:
    """Which of `LEVELS` to begin with: as little learning as the problem allows."""
    if problem.needed_error >= problem.baseline_error:
        return 0
    if problem.law == "whole":
        return 3 if problem.seconds * problem.questions > 24 * 3600 else 0
    if problem.law == "partly":
        return 4 if problem.independent < 1000 else 2
    return 5 if problem.independent >= 200 else 1


def stop_reason(problem: Problem) -> str:
    """Why it cannot work as it stands, in a sentence; empty if nothing speaks against it."""
    if problem.needed_error < problem.label_error:
        return (
            f"The labels are wrong by {problem.label_error:g}, so nobody can show an error of "
            f"{problem.needed_error:g}. Improve the labels first, or ask for less."
        )
    if problem.law == "none" and problem.independent < 200:
        return (
            f"{problem.independent} independent examples and no law: too few to learn from and to test on. "
            "Collect more, or find a related task with labels."
        )
    return ""


def plan(problem: Problem) -> pd.DataFrame:
    """A plan in the six steps: what to do, and why. The first row says whether to begin at all."""
    level, stop = choose_level(problem), stop_reason(problem)
    tested = max(30, round(problem.independent / 4))
    rows = [
        ("Begin?", "not yet" if stop else "yes", stop or "Nothing speaks against it so far."),
        ("Level", LEVELS[level], _why(problem, level)),
    ]
    if level == 0 and not stop:
        rows.append(
            ("Task", "use what you have", "A network would add cost and doubt. Come back when this changes.")
        )
    else:
        rows += [
            (
                "1 Data",
                f"set {tested} independent cases aside, by case",
                "Neighbours of one case are no test.",
            ),
            (
                "2 Task",
                f"an error below {problem.needed_error:g}",
                f"The simplest rule reaches {problem.baseline_error:g}.",
            ),
            ("3 Model", *_model(problem, level)),
            ("4 Loss", "the error that you will report", "A loss is a decision about which errors hurt."),
            (
                "5 Learning",
                "three seeds; the same budget for each rival",
                "A gain below the spread is no gain.",
            ),
            (
                "6 Evaluation",
                "once, on the cases set aside",
                "With intervals over cases, beside the baseline.",
            ),
        ]
    return pd.DataFrame(rows, columns=["step", "decision", "reason"])


def _why(problem: Problem, level: int) -> str:
    hours = problem.seconds * problem.questions / 3600
    reasons = {
        0: f"The simplest rule is good enough, or the law answers all questions in {hours:,.1f} h.",
        1: "Use learning where its errors are seen and repaired by people.",
        2: "Enough examples for the unknown part; the known part stays as it is.",
        3: f"The law would take {hours:,.0f} h for all questions: train once, ask often.",
        4: "Few examples, but an equation: it stands in for data.",
        5: "No law, and enough independent examples.",
    }
    if level == 0 and problem.needed_error >= problem.baseline_error:
        return "The simplest rule is good enough."
    return reasons[level]


def _model(problem: Problem, level: int) -> tuple[str, str]:
    if level == 4:
        return "a physics-informed network (Lab 4)", "The equation is the loss; data fix what it leaves open."
    if problem.inputs == "table":
        return "boosted trees first, then a small network", "On tables trees are hard to beat (Lab 2)."
    if problem.independent < 10_000:
        return (
            "a small convolutional network; a pretrained one; trees on features by hand",
            "Below some ten thousand examples compare all three (Lab 2).",
        )
    return "a convolutional network", "It knows neighbours and shifts by construction (notebook 03)."
