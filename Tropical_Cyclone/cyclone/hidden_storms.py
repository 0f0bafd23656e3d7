"""Storms of the competition: each blends the winds of two real ones, warped in time, so that it is in no best track.

Its clouds are drawn from 128 random bits that follow from the key, over open sea, since a coastline would betray the place.
"""

import functools

import numpy as np
import pandas as pd

from cyclone import imagery, tracks
from cyclone.dataset import choose_storms, choose_window
from utils.engine import competition
from utils.engine.competition import derived

NUM_KNOWN, KNOWN_FRAMES, KNOWN_STEP_H = 48, 50, 0.5  # storms, frames of each, hours from frame to frame
NUM_UNSEEN, UNSEEN_FRAMES, UNSEEN_STEP_H = 40, 24, 1.0
SHUFFLED_SHARE = 0.2  # of the frames of known storms: these are asked for
NUM_PARENTS = 160  # the real storms that are blended
NUM_SIMILAR = 12  # a partner is one of so many storms with the nearest peak wind
STRONGEST_KT = 200.0  # the end of the table of T-numbers


@functools.lru_cache(maxsize=2)
def hidden_storms(secret: bytes) -> tuple[tuple[imagery.Storm, ...], pd.DataFrame]:
    """The storms; and their frames, storm by storm: set, id, storm (number), moment (index into its series), wind_kt."""
    storms, frames = [], []
    for number in range(NUM_KNOWN + NUM_UNSEEN):
        known = number < NUM_KNOWN
        rng = competition.generator(secret, f"storm {number}")
        hours, wind_kt, lat = _blend(KNOWN_STEP_H if known else UNSEEN_STEP_H, rng)
        seed = int.from_bytes(derived(secret, f"clouds {number}")[:16], "big")
        moments = choose_window(wind_kt, KNOWN_FRAMES if known else UNSEEN_FRAMES, rng, lowest=0)
        sets = np.full(len(moments), "train" if known else "storm", object)
        if known:
            sets[rng.permutation(len(moments))[: round(SHUFFLED_SHARE * len(moments))]] = "shuffled"
        storm = imagery.simulate(hours, wind_kt, lat, seed)
        ids = [_frame_id(secret, number, storm, i) for i in moments]
        storms.append(storm)
        frames.append(pd.DataFrame({"set": sets, "id": ids, "storm": number, "moment": moments}))
        frames[-1]["wind_kt"] = storm.wind_kt[moments]
    return tuple(storms), pd.concat(frames, ignore_index=True)


def _frame_id(secret: bytes, number: int, storm: imagery.Storm, moment: int) -> str:
    """Keyed hash of a frame and its label: with other labels, as after an update, no id fits any more.

    The first letter keeps spreadsheets from reading it as a number such as 12e5.
    """
    frame = f"frame {number}/{moment}/{storm.wind_kt[moment]:.1f}/{storm.t_number[moment]:.1f}"
    return "f" + derived(secret, frame).hex()[:11]


@functools.cache
def _parents() -> tuple[pd.DataFrame, ...]:
    """Real storms whose winds are blended, weakest peak first."""
    return tuple(sorted(choose_storms(NUM_PARENTS), key=lambda run: run["wind_kt"].max()))


def _blend(step_h: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Life of a storm between those of two real ones of similar strength.

    Both lives are stretched so that their peaks coincide, so the blend is as strong as its parents.

    Returns:
        Hours, wind in knots and latitude in degrees, each (n,).
    """
    parents = _parents()
    first = int(rng.integers(len(parents)))
    low = int(np.clip(first - NUM_SIMILAR // 2, 0, len(parents) - NUM_SIMILAR - 1))
    second = int(rng.choice([k for k in range(low, low + NUM_SIMILAR + 1) if k != first]))
    share = rng.uniform(0.3, 0.7)
    strength = rng.uniform(0.93, 1.07)
    power = np.exp(rng.normal(0, 0.15, 2))
    lives = [_life(parents[first]), _life(parents[second])]
    rise_h, fall_h = (
        max(np.exp(rng.normal(0, 0.1)) * ((1 - share) * a + share * b), 6.0)
        for a, b in zip(lives[0][0], lives[1][0], strict=True)
    )
    hours = np.arange(0, rise_h + fall_h, step_h)
    phase = np.where(hours < rise_h, (hours - rise_h) / rise_h, (hours - rise_h) / fall_h)
    phase = np.sign(phase) * np.abs(phase) ** np.where(phase < 0, *power)
    (wind_a, lat_a), (wind_b, lat_b) = (_at_phase(parents[k], phase) for k in (first, second))
    wind_kt = np.clip(strength * ((1 - share) * wind_a + share * wind_b), 10, STRONGEST_KT)
    lat = np.clip((1 - share) * lat_a + share * lat_b + rng.uniform(-2, 2), 5, 50)
    return hours, wind_kt, lat


def _life(run: pd.DataFrame) -> tuple[tuple[float, float], np.ndarray]:
    """Hours before and after the peak, and the hours of all fixes."""
    hours = ((run["time"] - run["time"].iloc[0]) / pd.Timedelta(hours=1)).to_numpy(float)
    peak = hours[int(run["wind_kt"].to_numpy().argmax())]
    return (peak, hours[-1] - peak), hours


def _at_phase(run: pd.DataFrame, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wind and latitude at phases from -1 (first fix) over 0 (peak) to 1 (last fix)."""
    (rise_h, fall_h), hours = _life(run)
    at = rise_h + np.where(phase < 0, phase * rise_h, phase * fall_h)
    track = tracks.at_times(run, np.clip(at, hours[0], hours[-1]))
    return track["wind_kt"].to_numpy(), track["lat"].to_numpy()
