"""The best reader of a synthetic image: the wind given everything that its clouds show, by Bayes' rule.

`imagery.simulate` hides a wind in three quantities, and their distributions are known: the T-number of the
pattern, the shear and the radius of maximum wind. The last shows in the size of the eye, where one is drawn. All
else that is drawn (size, cloud tops, noise) says nothing more about the wind. So the probability of a wind, given
these, is its share among real moments of best tracks times their likelihood. Latitude and land are seen too:
moments at another latitude, or differently exposed to land, count less.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from cyclone import imagery, tracks

LATITUDE_SD, LAND_SD = 4.0, 0.25  # of the kernels; half or twice as wide changes the RMSE by under 0.1 kt
WIND_EDGES_KT = np.arange(
    2.5, 200.0, 5.0
)  # best tracks round to 5 kt: each bin holds one value, in its middle
_FRAMES_AT_ONCE = 256  # bounds the memory of their distances to all moments


@dataclass(frozen=True)
class Reading:
    """What the best reader knows of n frames; NaN where nobody knows what the clouds show.

    Attributes:
        wind_kt: float32 (n,) mean of the posterior. No function of the image has a smaller expected squared error.
        sd_kt: float32 (n,) standard deviation of the posterior.
        class_share: float32 (n, 8) probability of each of `tracks.CLASSES`.
        wind_share: float32 (n, 39) probability of each bin between `WIND_EDGES_KT`.
    """

    wind_kt: np.ndarray
    sd_kt: np.ndarray
    class_share: np.ndarray
    wind_share: np.ndarray

    @property
    def wind_class(self) -> np.ndarray:
        """(n,) the most probable class, which no other choice beats on average; -1 where nothing is known."""
        known = np.isfinite(self.wind_kt)
        return np.where(known, np.nan_to_num(self.class_share).argmax(axis=1), -1)

    def __getitem__(self, index: np.ndarray | slice) -> "Reading":
        """The same for some of the frames."""
        return Reading(
            self.wind_kt[index], self.sd_kt[index], self.class_share[index], self.wind_share[index]
        )

    def below(self) -> np.ndarray:
        """(n, 40) probability of less wind than each of `WIND_EDGES_KT`; NaN where nothing is known."""
        cumulated = np.cumsum(self.wind_share, axis=1, dtype=float)
        return np.concatenate([np.zeros((len(cumulated), 1)), cumulated / cumulated[:, -1:]], axis=1)

    def quantile(self, probability: float) -> np.ndarray:
        """(n,) winds in knots with this probability of less, from 0 to 1; a bin shares its probability evenly."""
        if not 0 <= probability <= 1:
            raise ValueError(f"The probability is {probability}; it must lie between 0 and 1.")
        return np.array([np.interp(probability, below, WIND_EDGES_KT) for below in self.below()])


def read(
    t_number: np.ndarray,
    shear_ms: np.ndarray,
    rmw_km: np.ndarray,
    lat: np.ndarray,
    land: np.ndarray,
    eye_clarity: np.ndarray,
    moments: pd.DataFrame,
    mix: np.ndarray,
    storm_id: np.ndarray | None = None,
) -> Reading:
    """Read n frames.

    Args:
        t_number, shear_ms, rmw_km, lat, land, eye_clarity: (n,) as in `imagery.Storm`, drawn with ``irreducible=1``.
        moments: which winds there are, before any cloud is seen: `dataset.best_track_moments`.
        mix: (8,) share of each class among the frames, which is known before any of them is seen.
        storm_id: (n,) identifiers in the best tracks; moments of a frame's own storm are left out.
    """
    classes = tracks.wind_class(moments["wind_kt"])
    weight = np.asarray(mix, float)[classes] / np.bincount(classes, minlength=8)[classes]
    moments, classes, weight = moments[weight > 0], classes[weight > 0], weight[weight > 0]
    wind_kt = moments["wind_kt"].to_numpy()
    hidden = imagery.expected_hidden(wind_kt, moments["change_kt"], moments["lat"])
    expected = _in_spreads(*hidden, moments["lat"], moments["land"])
    shown = _in_spreads(t_number, shear_ms, rmw_km, lat, land)
    known, eye = np.isfinite(shown).all(axis=1), np.asarray(eye_clarity) > imagery.FAINTEST_EYE
    own, _ = pd.factorize(np.concatenate([moments["storm_id"], [] if storm_id is None else storm_id]))
    bins = np.searchsorted(WIND_EDGES_KT, wind_kt) - 1
    values = np.column_stack([
        wind_kt, wind_kt**2, np.eye(8)[classes], np.eye(len(WIND_EDGES_KT) - 1)[bins],
    ])  # fmt: skip
    result = np.full((len(shown), values.shape[1]), np.nan)
    for group, columns in ((known & eye, slice(None)), (known & ~eye, slice(1, None))):
        for rows in np.array_split(np.flatnonzero(group), group.sum() // _FRAMES_AT_ONCE + 1):
            if not len(rows):
                continue
            distance = cdist(shown[rows, columns], expected[:, columns], "sqeuclidean")
            if storm_id is not None:
                distance[own[len(moments) + rows][:, np.newaxis] == own[: len(moments)]] = np.inf
            likelihood = np.exp(-0.5 * (distance - distance.min(axis=1, keepdims=True)))
            # (rows, moments) @ (moments, quantities) / (rows, 1)
            result[rows] = (likelihood * weight) @ values / (likelihood @ weight)[:, np.newaxis]
    sd_kt = np.sqrt(np.clip(result[:, 1] - result[:, 0] ** 2, 0, None))
    parts = (result[:, 0], sd_kt, result[:, 2:10], result[:, 10:])
    return Reading(*(part.astype(np.float32) for part in parts))


def _in_spreads(
    t_number: np.ndarray, shear_ms: np.ndarray, rmw_km: np.ndarray, lat: np.ndarray, land: np.ndarray
) -> np.ndarray:
    """(n, 5), the radius first: each quantity in units of its spread about what a wind lets expect."""
    return np.column_stack([
        (np.log(rmw_km) - imagery.RMW_PER_DEGREE * np.abs(lat)) / imagery.LOG_RMW_SD,  # its growth with latitude is known
        np.asarray(t_number) / imagery.T_NUMBER_SD,
        np.asarray(shear_ms) / imagery.SHEAR_SD_MS,
        np.abs(lat) / LATITUDE_SD,
        np.asarray(land) / LAND_SD,
    ]).astype(float)  # fmt: skip
