"""Invented satellite tiles of six kinds of land use, in two regions that look different, as real ones do.

No real image is in them: real collections (UC Merced, EuroSAT) are downloads of 100 MB and more. What they share with those is
the task, and that every region has its own light, its own season and its own size of fields and houses.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

LAND_USES = ("water", "forest", "fields", "town", "dunes", "road")
SIDE = 32  # pixels of a tile


def make_tiles(count: int, region: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey tiles (count, 32, 32, 1) in 0 to 1 and the numbers of their land uses (count,).

    Args:
        count: of tiles.
        region: ``"north"`` or ``"south"``: in the south the light is harsher, and fields and houses are larger.
        rng: draws everything.

    Raises:
        ValueError: there is no such region.
    """
    if region not in ("north", "south"):
        raise ValueError(f"There is no region '{region}'. Choose 'north' or 'south'.")
    scale = 1.0 if region == "north" else 1.5
    labels = rng.integers(0, len(LAND_USES), count)
    tiles = np.stack([_tile(LAND_USES[label], scale, rng) for label in labels])
    tiles += 0.03 * rng.normal(size=tiles.shape)  # of the sensor
    if region == "south":
        tiles = 0.2 + 0.7 * tiles
    return np.clip(tiles, 0, 1)[..., np.newaxis].astype(np.float32), labels


def _smooth(width: float, rng: np.random.Generator) -> np.ndarray:
    """Random hills of a width in pixels, spread 1."""
    hills = gaussian_filter(rng.normal(size=(SIDE, SIDE)), width, mode="wrap")
    return hills / hills.std()


def _stripes(length: float, bend: float, rng: np.random.Generator) -> np.ndarray:
    """A wave of a length in pixels in a random direction, from -1 to 1."""
    row, column = np.mgrid[:SIDE, :SIDE]
    angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    along = column * np.cos(angle) + row * np.sin(angle)
    return np.sin(2 * np.pi * along / length + phase + bend * _smooth(8, rng))


def _tile(kind: str, scale: float, rng: np.random.Generator) -> np.ndarray:
    forest = 0.35 + 0.1 * _smooth(1.2 * scale, rng)
    if kind == "water":
        return 0.2 + 0.03 * _smooth(4, rng)
    if kind == "forest":
        return forest
    if kind == "fields":
        return 0.5 + 0.12 * np.sign(_stripes(rng.uniform(5, 9) * scale, 0, rng)) + 0.04 * _smooth(3, rng)
    if kind == "dunes":
        return 0.65 + 0.12 * _stripes(rng.uniform(7, 12) * scale, 1.5, rng)
    if kind == "town":
        return _town(scale, rng)
    row, column = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-6, 6)
    distance = np.abs(column * np.cos(angle) + row * np.sin(angle) - offset)
    return np.where(distance < 1.6 * scale, 0.75, forest)


def _town(scale: float, rng: np.random.Generator) -> np.ndarray:
    """Roofs of random brightness in rows of gardens."""
    tile = 0.45 + 0.04 * _smooth(1.5, rng)
    step = round(rng.uniform(6, 8) * scale)
    house = max(3, round(0.55 * step))
    top, left = rng.integers(0, step, 2)
    for row in range(top, SIDE - 2, step):
        for column in range(left, SIDE - 2, step):
            tile[row : row + house, column : column + house] = rng.choice([0.25, 0.8]) + 0.05 * rng.normal()
    return tile
