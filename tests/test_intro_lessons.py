"""Lab 1's small helpers: what is no picture, no class, no loss and no successful run is said."""

import numpy as np
import pytest

from intro import landscapes, training_well


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_pictures_in_other_numbers_are_refused(kind):
    assert training_well.pool(np.full((1, 28, 28), 255, np.uint8)).max() == 1
    with pytest.raises(ValueError, match="Expected uint8"):
        training_well.pool(np.ones((1, 28, 28), kind))


def test_labels_are_whole():
    assert training_well.labels(np.array([3, 1], np.uint8)).tolist() == [3, 1]
    with pytest.raises(ValueError, match="whole numbers"):
        training_well.labels(np.array([1.7, np.nan]))


def test_a_run_that_failed_stays_in_the_mean():
    rows = [{"recipe": "a", "loss": 2.0}, {"recipe": "a", "loss": np.nan}, {"recipe": "b", "loss": 1.0}]
    table = training_well.mean_spread([*rows, {"recipe": "b", "loss": 3.0}], ["recipe"], "loss")
    assert np.isnan(table["mean"][0])
    assert table["mean"][1] == 2
    assert table["std"][1] == pytest.approx(2**0.5)
    unnamed = training_well.mean_spread([{"recipe": None, "loss": 1.0}, *rows], ["recipe"], "loss")
    assert len(unnamed) == 3, "rows without a name are a group, too"


def test_a_map_with_gaps_has_no_share():
    bowl = np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2).astype(float)
    assert landscapes.share_bent_down(bowl) == 0
    assert landscapes.share_bent_down(-bowl) == 1
    bowl[0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        landscapes.share_bent_down(bowl)
