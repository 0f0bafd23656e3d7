"""The plan of Lab 1's notebook 05: as little learning as a problem allows, and a sentence where it cannot work."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Intro_to_DL"))
from intro import planning

STORMS = planning.Problem(
    inputs="images or fields",
    law="none",
    independent=1500,
    label_error=10,
    needed_error=12,
    baseline_error=25,
)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, 5),
        ({"baseline_error": 11}, 0),
        ({"law": "whole", "seconds": 10, "questions": 3}, 0),
        ({"law": "whole", "seconds": 100, "questions": 10_000}, 3),
        ({"law": "partly", "independent": 20}, 4),
        ({"law": "partly"}, 2),
        ({"independent": 40}, 1),
    ],
)
def test_the_level_is_the_lowest_that_helps(changes, level):
    assert planning.choose_level(replace(STORMS, **changes)) == level


@pytest.mark.parametrize(
    ("changes", "word"), [({"needed_error": 5}, "labels"), ({"independent": 40}, "too few"), ({}, "")]
)
def test_a_hopeless_problem_gets_a_sentence(changes, word):
    problem = replace(STORMS, **changes)
    reason = planning.stop_reason(problem)
    assert word in reason
    assert bool(reason) == bool(word)
    assert planning.plan(problem).loc[0, "decision"] == ("not yet" if word else "yes")


def test_a_plan_has_the_six_steps_and_trees_for_tables():
    whole = planning.plan(replace(STORMS, inputs="table"))
    assert [step[0] for step in whole["step"][2:]] == list("123456")
    assert "trees" in whole.set_index("step").loc["3 Model", "decision"]
