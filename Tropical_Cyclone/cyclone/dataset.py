"""The data set of the lab: synthetic images (`cyclone.imagery`) of real storms, with real winds.

`build` draws the images once, with all processor cores, and keeps them in the cache. The splits
return indices, so that one set of images serves the leaky experiment and the honest ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from cyclone import imagery, posterior, tracks
from utils.engine import parallel, store

TROPICAL = ("TD", "TS", "HU", "SD", "SS", "DB", "LO", "WV")  # extratropical rows (EX) look different
LONGEST_GAP_H = 12.0  # rows of best tracks are six hours apart: one may be missing
SHORTEST_RUN_H = 12.0  # what is shorter has no life to follow

# Share of storms by peak class. Major hurricanes are rare: at 160 storms these shares take all of
# them since 2000, and a sample of the weaker ones.
PEAK_SHARES = {("NC", "TD"): 0.04, ("TS",): 0.24, ("H1", "H2"): 0.18, ("H3", "H4", "H5"): 0.54}
# Share of windows around the highest and around the lowest wind of a storm; the others lie anywhere.
# Without the second the class NC, the birth and the last hours of a storm, would hardly occur.
PEAK_WINDOWS, LOWEST_WINDOWS = 0.5, 0.125

STORMS_PER_PART = 8  # of one part, which one process draws and keeps

TRAIN_UNTIL, VALIDATE_UNTIL = 2016, 2019  # seasons of the split by year


@dataclass(frozen=True)
class Frames:
    """Images with their labels: n frames of m storms, frames of one storm in order of time.

    Attributes:
        images: uint8 (n, size, size), bright is cold, see `imagery.to_kelvin`.
        wind_kt: float32 (n,) best-track wind, interpolated to the time of the frame.
        storm: int32 (n,) which row of ``storm_ids``.
        time: datetime64[s] (n,) UTC.
        lat, lon: float32 (n,) degrees north and east.
        t_number, shear_ms, rmw_km, land, eye_clarity: float32 (n,) what the clouds were drawn with, see
            `imagery.Storm`; NaN for real images.
        season: int16 (n,).
        storm_ids, names: str (m,) of the storms.
        width_km: float32 (), of one image.
    """

    images: np.ndarray
    wind_kt: np.ndarray
    storm: np.ndarray
    time: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    t_number: np.ndarray
    shear_ms: np.ndarray
    rmw_km: np.ndarray
    land: np.ndarray
    eye_clarity: np.ndarray
    season: np.ndarray
    storm_ids: np.ndarray
    names: np.ndarray
    width_km: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: np.ndarray | slice) -> "Frames":
        """Some of the frames; the table of storms stays whole."""
        return Frames(**{
            f.name: getattr(self, f.name) if f.name in _OF_ALL_FRAMES else getattr(self, f.name)[index]
            for f in fields(self)
        })  # fmt: skip

    @property
    def wind_class(self) -> np.ndarray:
        """(n,) index into `tracks.CLASSES`."""
        return tracks.wind_class(self.wind_kt)


HIDDEN = ("t_number", "shear_ms", "rmw_km", "land", "eye_clarity")  # fields that only synthetic images have
_OF_ALL_FRAMES = ("storm_ids", "names", "width_km")


def build(
    num_storms: int | None = 160,
    frames_per_storm: int = 50,
    num_pixels: int = 80,
    width_km: float = 640.0,
    step_minutes: float = 30.0,
    seasons: tuple[int, int] = (2000, 2024),
    seed: int = 0,
    irreducible: float = 1.0,
    num_workers: int | None = None,
    quiet: bool = False,
) -> Frames:
    """The data set of these sizes: from the cache, or drawn now with a progress bar.

    Each storm gives one window of consecutive frames: for half of the storms (by chance) around
    the highest wind, for an eighth around the lowest, for the others anywhere. A drawing that was
    stopped goes on where it was. The result does not depend on the number of workers.

    Args:
        num_storms: storms, chosen by `choose_storms`; None for all.
        frames_per_storm: frames in a window; a short storm gives fewer.
        num_pixels, width_km: of an image.
        step_minutes: between two frames.
        seasons: first and last year.
        seed: of the choice of storms and windows and of all clouds.
        irreducible: see `imagery.simulate`.
        num_workers: processes; None is one per core, 1 draws in this process.
        quiet: print nothing.

    Raises:
        DataError: the disk is full, or a worker process died.
        ValueError: sizes that make no sense.
    """
    sizes = (frames_per_storm, num_pixels, width_km, step_minutes)
    if min(sizes) <= 0 or (num_storms is not None and num_storms <= 0):
        raise ValueError(
            "num_storms, frames_per_storm, num_pixels, width_km and step_minutes must be positive."
        )
    settings = {
        "num_pixels": num_pixels,
        "width_km": float(width_km),
        "step_minutes": float(step_minutes),
        "seed": seed,
        "irreducible": float(irreducible),
        "max_frames": frames_per_storm,
    }
    runs = choose_storms(num_storms, seasons, seed)
    recipe = store.Recipe(
        lab="cyclone",
        name="frames",
        suffix=".npz",
        made_of=(settings, runs, build),
        make=lambda file, work: _draw(file, work, runs, settings, num_workers, quiet),
        again="drawn again",
    )
    with store.kept(recipe) as entry:
        frames, origin = _load(entry.path), entry.origin or "the generator"
    if not quiet:
        print(
            f"cyclone frames: SYNTHETIC imagery, REAL tracks and winds (IBTrACS, public domain), "
            f"{len(frames):,} frames of {len(frames.storm_ids)} storms, from {origin}"
        )
    return frames


def choose_storms(
    num_storms: int | None, seasons: tuple[int, int] = (2000, 2024), seed: int = 0
) -> list[pd.DataFrame]:
    """Tracks of a sample of storms, stratified by peak class (`PEAK_SHARES`).

    Each is the run of fixes around the storm's highest wind without a gap and without an
    extratropical fix. With the same seasons and seed a smaller sample is part of a larger one; None
    takes every storm.

    Raises:
        ValueError: there are not that many storms.
    """
    table = tracks.load_tracks(quiet=True)
    table = tropical_runs(table[table["season"].between(*seasons)])
    peaks = table.groupby("storm_id")["wind_kt"].max()
    if num_storms is None:
        num_storms = len(peaks)
    if num_storms > len(peaks):
        raise ValueError(f"There are {len(peaks)} storms in {seasons[0]}-{seasons[1]}, not {num_storms}.")
    peaks = peaks.sort_index(key=lambda ids: ids.map(lambda storm_id: imagery.seed_of(storm_id, seed)))
    peak_class = np.array(tracks.CLASSES)[tracks.wind_class(peaks)]
    strata = [peaks.index[np.isin(peak_class, names)] for names in PEAK_SHARES]
    counts = _quotas(num_storms, list(PEAK_SHARES.values()), [len(stratum) for stratum in strata])
    chosen = np.concatenate([stratum[:count] for stratum, count in zip(strata, counts, strict=True)])
    return [run for _, run in table[table["storm_id"].isin(chosen)].groupby("storm_id")]


def tropical_runs(table: pd.DataFrame) -> pd.DataFrame:
    """Of each storm the unbroken run of tropical fixes with the highest wind, if it lasts 12 hours.

    Args:
        table: columns storm_id, time, status and wind_kt, and any others.
    """
    table = table.sort_values(["storm_id", "time"]).drop_duplicates(["storm_id", "time"])
    usable = table["status"].isin(TROPICAL) & table["wind_kt"].notna()
    starts = table["storm_id"] != table["storm_id"].shift()
    starts |= table["time"].diff() > pd.Timedelta(hours=LONGEST_GAP_H)
    run = (starts | ~usable).cumsum()[usable]
    table = table[usable]
    best = run.loc[table.groupby("storm_id")["wind_kt"].idxmax()]
    table = table[run.isin(best)]
    times = table.groupby("storm_id")["time"]
    lasting = times.max() - times.min() >= pd.Timedelta(hours=SHORTEST_RUN_H)
    return table[table["storm_id"].map(lasting).astype(bool)].reset_index(drop=True)


def _quotas(total: int, shares: Sequence[float], available: Sequence[int]) -> list[int]:
    """Split ``total`` by shares; what a stratum cannot give, the others give."""
    counts = [0] * len(shares)
    for _ in range(total):
        open_strata = [k for k, n in enumerate(available) if counts[k] < n]
        counts[max(open_strata, key=lambda k: shares[k] / (counts[k] + 0.5))] += 1  # Webster's method
    return counts


# --- splits and what to compare with -----------------------------------------------------------


def split_shuffled(frames: Frames, fraction: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Frames at random, as in the original course: neighbours in time land on both sides (a leak).

    Returns:
        Indices of training and of test frames, sorted; ``fraction`` of the frames are test frames.
    """
    _check_fraction(fraction)
    order = np.random.default_rng(seed).permutation(len(frames))
    num_test = round(fraction * len(frames))
    return np.sort(order[num_test:]), np.sort(order[:num_test])


def split_by_storm(frames: Frames, fraction: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Whole storms, stratified by the classes of their highest and lowest wind: none is on both sides.

    Returns:
        Indices of training and of test frames, sorted; ``fraction`` of the storms are test storms,
        at least one on each side.

    Raises:
        ValueError: fewer than two storms.
    """
    _check_fraction(fraction)
    storms = np.unique(frames.storm)
    if len(storms) < 2:
        raise ValueError("A split by storm needs two storms or more.")
    rng = np.random.default_rng(seed)
    classes = frames.wind_class
    highest, lowest = (np.array([f(classes[frames.storm == s]) for s in storms]) for f in (np.max, np.min))
    order = np.lexsort((rng.random(len(storms)), lowest, highest))
    # Walking through the classes, take every (1 / fraction)-th storm.
    num_test = int(np.clip(round(fraction * len(storms)), 1, len(storms) - 1))
    steps = np.floor((np.arange(len(storms) + 1) * num_test) / len(storms) + rng.random()).astype(int)
    is_test = np.isin(frames.storm, storms[order[np.diff(steps) > 0]])
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def split_by_year(frames: Frames) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training until 2016, validation 2017 to 2019, test since 2020: the past predicts the future.

    Returns:
        Indices of training, validation and test frames, sorted.
    """
    late = frames.season > VALIDATE_UNTIL
    early = frames.season <= TRAIN_UNTIL
    return np.flatnonzero(early), np.flatnonzero(~early & ~late), np.flatnonzero(late)


def bound(frames: Frames, mix: np.ndarray | None = None) -> posterior.Reading:
    """What the best reader makes of each image: it sees all that the clouds were drawn with, and knows the mix.

    It knows every storm since 1980 but the one in the image. No other function of a single image has a smaller
    expected RMSE (its ``wind_kt``) or finds the class more often on average (its ``wind_class``). On the few storms
    of a test chance remains: compare with intervals over storms. Real images have no bound: all is NaN.

    Args:
        frames: n images, drawn with ``irreducible=1``.
        mix: (8,) share of each class among the images; None takes that of ``frames``, so give the whole set and
            choose the test frames afterwards: ``bound(frames)[test]``.
    """
    if mix is None:
        mix = np.bincount(frames.wind_class, minlength=len(tracks.CLASSES)) / len(frames)
    hidden = {name: getattr(frames, name) for name in HIDDEN}
    storm_id = frames.storm_ids[frames.storm]
    return posterior.read(**hidden, lat=frames.lat, moments=best_track_moments(), mix=mix, storm_id=storm_id)


def best_track_moments() -> pd.DataFrame:
    """Every 6 hours of every storm since 1980: columns storm_id, wind_kt, change_kt (in 12 h), lat and land.

    Each call gives a table of its own: one that is changed changes no bound.
    """
    return _moments().copy()


@cache
def _moments() -> pd.DataFrame:
    parts = []
    for storm_id, run in tropical_runs(tracks.load_tracks(quiet=True)).groupby("storm_id"):
        hours = ((run["time"] - run["time"].iloc[0]) / pd.Timedelta(hours=1)).to_numpy()
        part = run[["wind_kt", "lat"]].assign(
            storm_id=storm_id,
            change_kt=imagery.change_kt(hours, run["wind_kt"].to_numpy(float)),
            land=imagery.land_exposure(hours, tracks.is_land(run["lat"], run["lon"])),
        )
        parts.append(part[(run["time"].dt.hour % 6 == 0) & (run["time"].dt.minute == 0)])
    return pd.concat(parts, ignore_index=True)


def persistence(frames: Frames) -> np.ndarray:
    """Winds in knots (n,): each storm keeps the wind of its earliest frame, known from a bulletin."""
    order = np.lexsort((frames.time, frames.storm))
    _, first, which = np.unique(frames.storm[order], return_index=True, return_inverse=True)
    winds = np.empty_like(frames.wind_kt)
    winds[order] = frames.wind_kt[order][first][which]
    return winds


def _check_fraction(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}; it must lie between 0 and 1.")


# --- drawing -----------------------------------------------------------------------------------


def storm_along(
    run: pd.DataFrame, step_minutes: float = 30.0, seed: int = 0, irreducible: float = 1.0
) -> tuple[imagery.Storm, pd.DataFrame]:
    """The hidden quantities of a real storm, and its winds and positions, at regular times.

    Args:
        run: track of one storm without gaps, from `choose_storms` or `tropical_runs`.
        step_minutes, seed, irreducible: as for `build`.

    Returns:
        The storm for `imagery.Renderer`, and the table of `tracks.at_times` with the same n rows.
    """
    start = run["time"].iloc[0]
    length_h = (run["time"].iloc[-1] - start) / pd.Timedelta(hours=1)
    at = tracks.at_times(run, np.arange(0, length_h, step_minutes / 60))
    hours, lat, lon = (at[name].to_numpy(float) for name in ("hours", "lat", "lon"))
    storm = imagery.simulate(
        hours,
        at["wind_kt"].to_numpy(float),
        lat,
        imagery.seed_of(run["storm_id"].iloc[0], seed),
        over_land=tracks.is_land(lat, lon),
        local_hour=start.hour + start.minute / 60 + hours + lon / 15,
        irreducible=irreducible,
    )
    return storm, at


def draw_storm(
    run: pd.DataFrame,
    num_pixels: int = 80,
    width_km: float = 640.0,
    step_minutes: float = 30.0,
    seed: int = 0,
    irreducible: float = 1.0,
    max_frames: int | None = None,
) -> Frames:
    """Frames of one storm: its whole life, or the window that `build` takes.

    Args:
        run: track of one storm without gaps, from `choose_storms` or `tropical_runs`.
        num_pixels, width_km, step_minutes, seed, irreducible: as for `build`.
        max_frames: length of the window; None for the whole life.
    """
    storm, at = storm_along(run, step_minutes, seed, irreducible)
    window = np.arange(len(storm))
    if max_frames is not None:
        window = choose_window(storm.wind_kt, max_frames, np.random.default_rng([storm.seed, 1]))
    at = at.iloc[window]
    renderer = imagery.Renderer(num_pixels, width_km)
    images = [
        renderer.frame(storm, int(i), imagery.land_share(lat, lon, num_pixels, width_km))
        for i, lat, lon in zip(window, at["lat"], at["lon"], strict=True)
    ]
    return Frames(
        images=np.stack(images),
        wind_kt=at["wind_kt"].to_numpy(np.float32),
        storm=np.zeros(len(at), np.int32),
        time=at["time"].to_numpy("datetime64[s]"),
        lat=at["lat"].to_numpy(np.float32),
        lon=at["lon"].to_numpy(np.float32),
        **{name: values.astype(np.float32) for name, values in hidden_at(storm, window).items()},
        season=np.full(len(at), run["season"].iloc[0], np.int16),
        storm_ids=np.array([run["storm_id"].iloc[0]], dtype=str),
        names=np.array([run["name"].iloc[0]], dtype=str),
        width_km=np.array(width_km, np.float32),
    )


def hidden_at(storm: imagery.Storm, index: np.ndarray) -> dict[str, np.ndarray]:
    """The `HIDDEN` quantities of a storm at some moments."""
    values = {name: getattr(storm, name)[index] for name in HIDDEN if name != "eye_clarity"}
    return values | {"eye_clarity": storm.eye_clarity(index)}


def choose_window(
    wind_kt: np.ndarray, length: int, rng: np.random.Generator, lowest: float | None = None
) -> np.ndarray:
    """Indices of consecutive frames: for `PEAK_WINDOWS` of the storms about the peak.

    Args:
        wind_kt: (n,) of the storm.
        length: number of frames, if there are as many.
        rng: what decides.
        lowest: share of the storms for which they lie about the lowest wind; None is `LOWEST_WINDOWS`.
    """
    lowest = LOWEST_WINDOWS if lowest is None else lowest
    last_start = max(len(wind_kt) - length, 0)
    anywhere = int(rng.integers(0, last_start + 1))
    chance = rng.random()
    if chance < PEAK_WINDOWS:
        start = int(wind_kt.argmax()) - length // 2
    elif chance < PEAK_WINDOWS + lowest:
        start = int(wind_kt.argmin()) - length // 2
    else:
        start = anywhere
    start = int(np.clip(start, 0, last_start))
    return np.arange(start, min(start + length, len(wind_kt)))


def joined(parts: Sequence[Frames]) -> Frames:
    """One set of frames from several with different storms and images of one size."""
    offsets = np.cumsum([0] + [len(part.storm_ids) for part in parts[:-1]])
    arrays = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(Frames)
        if f.name not in ("storm", "width_km")
    }
    storm = np.concatenate([p.storm + np.int32(offset) for p, offset in zip(parts, offsets, strict=True)])
    return Frames(**arrays, storm=storm, width_km=parts[0].width_km)


def _draw(
    path: Path,
    work: Path,
    runs: list[pd.DataFrame],
    settings: dict,
    num_workers: int | None,
    quiet: bool,
) -> dict[str, int]:
    """Draw what is missing in parts of eight storms and join the parts."""
    groups = [runs[i : i + STORMS_PER_PART] for i in range(0, len(runs), STORMS_PER_PART)]
    files = [work / f"{k:04d}.npz" for k in range(len(groups))]
    missing = [k for k, file in enumerate(files) if store.read(file) is None]
    bar = tqdm(
        total=len(runs), initial=sum(len(g) for k, g in enumerate(groups) if k not in missing),
        desc="drawing storms", unit="storm", disable=quiet,
    )  # fmt: skip
    with bar:
        jobs = [(files[k], groups[k], settings) for k in missing]
        for _, done in parallel.run_all(_draw_part, jobs, num_workers):
            bar.update(done)
    return _save(path, joined([_load(file) for file in files]))


def _draw_part(file: Path, runs: list[pd.DataFrame], settings: dict) -> int:
    cv2.setNumThreads(1)  # one process per core is the parallelism
    drawn = joined([draw_storm(run, **settings) for run in runs])
    store.write(file, lambda path: _save(path, drawn))
    return len(runs)


def _load(path: Path) -> Frames:
    with np.load(path, allow_pickle=False) as arrays:
        return Frames(**{f.name: arrays[f.name] for f in fields(Frames)})


def _save(path: Path, frames: Frames) -> dict[str, int]:
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=False, **{f.name: getattr(frames, f.name) for f in fields(frames)})
    return {"frames": len(frames)}
