"""Tables of Lab 2 say in plain words what they hold."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tropical_Cyclone"))
from cyclone import training


def test_columns_get_units_and_shares_become_per_cent():
    scores = pd.DataFrame({"rmse_kt": [12.345], "top1": [0.5], "storms": [120]}, index=["network"])
    table = training.readable(scores)
    assert table.columns.tolist() == ["RMSE (kt)", "right class (%)", "training storms"]
    assert table.loc["network", "right class (%)"] == 50
    assert table.loc["network", "RMSE (kt)"] == 12.345
    assert scores.columns.tolist() == ["rmse_kt", "top1", "storms"], "the table itself stays as it was"


def test_a_column_without_a_plain_name_is_said():
    with pytest.raises(KeyError, match="mystery"):
        training.readable(pd.DataFrame({"mystery": [1.0]}))


def test_each_plain_name_has_a_form():
    assert set(training.FORMS) == set(training.PLAIN_NAMES.values())
