"""Invented tiles of land use: what a class is stays the same in both regions, how it looks does not."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Intro_to_DL"))
from intro import land_use


def test_tiles_are_grey_repeatable_and_of_every_class():
    (tiles, labels), (again, _) = (
        land_use.make_tiles(120, "north", np.random.default_rng(3)) for _ in range(2)
    )
    assert tiles.shape == (120, 32, 32, 1)
    assert tiles.dtype == np.float32
    assert 0 <= tiles.min() < tiles.max() <= 1
    assert set(labels) == set(range(len(land_use.LAND_USES)))
    assert np.array_equal(tiles, again)


def test_the_south_is_brighter_with_less_contrast():
    north, south = (
        land_use.make_tiles(300, region, np.random.default_rng(0)) for region in ("north", "south")
    )
    water = [tiles[labels == 0].mean() for tiles, labels in (north, south)]
    assert water[1] > water[0] + 0.1


def test_an_unknown_region_is_said():
    with pytest.raises(ValueError, match="north"):
        land_use.make_tiles(1, "east", np.random.default_rng(0))
