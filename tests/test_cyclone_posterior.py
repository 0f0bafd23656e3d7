"""The bound of Lab 2: what it states is what it reaches, and no reader that was fitted to more does better."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from cyclone import contest, dataset, imagery, posterior, tracks

SEEDS = (901, 902, 903)  # of clouds that no notebook draws
FURTHER = ("size", "top_anomaly_k", "eye_deficit", "eccentricity", "local_hour")
SHOWN = (*dataset.HIDDEN, "lat")


def clouds(runs: list[pd.DataFrame], step_minutes: float) -> pd.DataFrame:
    """Everything that would be drawn of real storms, once for each seed."""
    parts = []
    for run in runs:
        storm_id = run["storm_id"].iloc[0]
        first, at = dataset.storm_along(run, step_minutes)
        hours, wind_kt, lat, lon = (at[name].to_numpy(float) for name in ("hours", "wind_kt", "lat", "lon"))
        for seed in SEEDS:
            storm = imagery.simulate(
                hours,
                wind_kt,
                lat,
                imagery.seed_of(storm_id, seed),
                tracks.is_land(lat, lon),
                first.local_hour,
            )
            columns = {name: getattr(storm, name) for name in ("wind_kt", "lat", *FURTHER)}
            columns |= dataset.hidden_at(storm, np.arange(len(storm)))
            parts.append(pd.DataFrame({**columns, "lon": lon, "storm_id": storm_id}))
    return pd.concat(parts, ignore_index=True)


def read(table: pd.DataFrame) -> posterior.Reading:
    classes = tracks.wind_class(table["wind_kt"])
    return posterior.read(
        **{name: table[name].to_numpy() for name in SHOWN}, moments=dataset.best_track_moments(),
        mix=np.bincount(classes, minlength=8) / len(classes), storm_id=table["storm_id"].to_numpy(),
    )  # fmt: skip


@pytest.fixture(scope="module", params=["nature", "lab"])
def drawn(request) -> tuple[pd.DataFrame, posterior.Reading]:
    if request.param == "lab":
        table = clouds(dataset.choose_storms(160), 720)
        return table, read(table)
    runs = [run for _, run in dataset.tropical_runs(tracks.load_tracks(quiet=True)).groupby("storm_id")]
    table = clouds(runs[::3], 720)
    return table, read(table)


def test_the_bound_reaches_what_it_states(drawn):
    """The posterior's own variance is the expected squared error: equal to that reached, over clouds and storms."""
    table, reading = drawn
    truth = tracks.wind_class(table["wind_kt"])
    squares = (reading.wind_kt - table["wind_kt"]) ** 2
    low, high = contest.storm_interval(squares - reading.sd_kt**2, table["storm_id"])
    assert low < 0 < high
    assert np.mean(squares) == pytest.approx(np.mean(reading.sd_kt**2), rel=0.12)
    low, high = contest.storm_interval(
        (reading.wind_class == truth) - reading.class_share.max(axis=1), table["storm_id"]
    )
    assert low < 0.01
    assert high > -0.01


def test_richer_readers_that_were_fitted_do_not_beat_it(drawn):
    """Gradient boosting on all hidden quantities, place and hour; other storms to learn from, other clouds too."""
    table, reading = drawn
    inputs = table[[*SHOWN, *FURTHER, "lon"]].copy()
    inputs["rmw_km"] = inputs["rmw_km"].where(
        inputs["eye_clarity"] > imagery.FAINTEST_EYE
    )  # no eye shows no radius
    wind, truth = table["wind_kt"].to_numpy(), tracks.wind_class(table["wind_kt"])
    storm, names = pd.factorize(table["storm_id"])
    boosted, choice, old_line, unseen = [], [], [], []
    for seed in SEEDS:
        test = np.isin(storm, np.random.default_rng(seed).permutation(len(names))[: len(names) // 4])
        options = {"max_iter": 80, "min_samples_leaf": 100, "max_leaf_nodes": 12, "random_state": 0}
        fitted = HistGradientBoostingRegressor(**options).fit(inputs[~test], wind[~test])
        chooser = HistGradientBoostingClassifier(**(options | {"max_iter": 25})).fit(
            inputs[~test], truth[~test]
        )
        squares = (reading.wind_kt - wind)[test] ** 2
        of_fitted = (fitted.predict(inputs[test]) - wind[test]) ** 2
        boosted.append(squares - of_fitted)
        right = reading.wind_class[test] == truth[test]
        choice.append((chooser.predict(inputs[test]) == truth[test]) - right.astype(float))
        old_line.append((imagery.wind_of_t(table["t_number"][test]) - wind[test]) ** 2 - of_fitted)
        unseen.append(storm[test])
        assert contest.storm_interval(boosted[-1], unseen[-1])[0] < 0, "beaten beyond noise"
        assert contest.storm_interval(choice[-1], unseen[-1])[0] < 0, "beaten beyond noise"
    together = np.concatenate(unseen)
    assert contest.storm_interval(np.concatenate(boosted), together)[1] < 3, "kt squared"
    assert contest.storm_interval(np.concatenate(choice), together)[1] < 0.02
    assert np.mean(np.concatenate(boosted)) < 0
    assert contest.storm_interval(np.concatenate(old_line), together)[0] > 3, "wind_of_t(T) is no bound"


def test_without_hidden_quantities_there_is_no_bound():
    unknown = np.array([np.nan, 4.0])
    mix = np.full(8, 1 / 8)
    known = {
        "shear_ms": np.full(2, 7.0),
        "rmw_km": np.full(2, 40.0),
        "lat": np.full(2, 20.0),
        "land": np.zeros(2),
        "eye_clarity": np.zeros(2),
    }
    reading = posterior.read(unknown, **known, moments=dataset.best_track_moments(), mix=mix)
    assert np.isnan(reading.wind_kt[0])
    assert np.isnan(reading.class_share[0]).all()
    assert reading.wind_class[0] == -1
    assert reading.class_share[1].sum() == pytest.approx(1)
    assert tracks.CLASSES[reading.wind_class[1]] in ("TS", "H1")


def test_the_own_storm_is_left_out():
    moments = dataset.best_track_moments()
    one = moments[moments["storm_id"] == moments["storm_id"].iloc[0]]
    shown = {
        "t_number": [3.0],
        "shear_ms": [7.0],
        "rmw_km": [40.0],
        "lat": [20.0],
        "land": [0.0],
        "eye_clarity": [1.0],
    }
    other = one.assign(storm_id="OTHER", wind_kt=100.0)
    mix = np.bincount(tracks.wind_class(pd.concat([one, other])["wind_kt"]), minlength=8) / (2 * len(one))
    reading = posterior.read(
        **{k: np.array(v) for k, v in shown.items()}, moments=pd.concat([one, other], ignore_index=True), mix=mix,
        storm_id=np.array([one["storm_id"].iloc[0]]),
    )  # fmt: skip
    assert reading.wind_kt == pytest.approx([100])


def test_a_radius_is_known_only_where_an_eye_shows_it():
    clouds = {"t_number": 4.5, "shear_ms": 7.0, "lat": 20.0, "land": 0.0}
    clouds = {name: np.full(4, value) for name, value in clouds.items()}
    eye, rmw_km = np.array([0.0, 0.0, 0.9, 0.9]), np.array([15.0, 90.0, 15.0, 90.0])
    mix = np.full(8, 1 / 8)
    moments = dataset.best_track_moments()
    wind_kt = posterior.read(**clouds, rmw_km=rmw_km, eye_clarity=eye, moments=moments, mix=mix).wind_kt
    assert wind_kt[0] == wind_kt[1]
    assert wind_kt[2] > wind_kt[3] + 3


def test_the_eye_is_drawn_exactly_where_the_bound_counts_with_it():
    storm = imagery.simulate(np.arange(8.0), np.full(8, 85.0), np.full(8, 20.0), seed=2)
    drawn = []
    for radius_km in (20.0, 60.0):
        other = replace(storm, rmw_km=np.full(8, radius_km), eye_deficit=np.linspace(-0.5, 1.5, 8))
        drawn.append([imagery.Renderer(40, 320.0).frame(other, i) for i in range(8)])
    differ = [not np.array_equal(a, b) for a, b in zip(*drawn, strict=True)]
    assert differ == list(other.eye_clarity(np.arange(8)) > imagery.FAINTEST_EYE)
    assert 0 < sum(differ) < 8
