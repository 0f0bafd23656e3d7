"""Figures of Lab 2, and the helper that takes a learner's own estimates."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection

from cyclone import dataset, figures, figures_setups, figures_training, imagery, published, tracks
from cyclone.exercises_01 import own_estimates

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_stronger_classes_are_darker():
    light = [np.dot(mpl.colors.to_rgb(colour), LUMINANCE) for colour in figures.CLASS_COLOURS]
    assert len(light) == len(tracks.CLASSES)
    assert (np.diff(light) < -0.02).all()


@pytest.mark.parametrize("name", ["grey", "colour", "bd"])
def test_enhancements_cover_the_range_of_the_frames(name):
    colours, scale = figures.make_enhancement(name)
    kelvin = imagery.to_kelvin(np.arange(256, dtype=np.uint8))
    assert np.isfinite(colours(scale(kelvin))).all()
    assert colours.is_gray() == (name != "colour")


def test_the_steps_of_bd_are_those_of_dvorak():
    colours, scale = figures.make_enhancement("bd")
    celsius = np.array([-66.0, -73.0])  # the steps "black" and "white"
    grey = colours(scale(celsius + imagery.ZERO_CELSIUS_K))[:, 0]
    assert grey.tolist() == [0.0, 1.0]


def test_an_unknown_enhancement_is_refused():
    with pytest.raises(ValueError, match="no enhancement 'jet'"):
        figures.make_enhancement("jet")


def test_frames_are_drawn_in_kelvin_and_to_scale():
    frames = np.full((3, 16, 16), 255, np.uint8)
    fig = figures.draw_frame_grid(frames, ["a", "b", "c"], columns=2, width_km=500.0, circles_km=(100,))
    shown = [ax.images[0] for ax in fig.axes if ax.images]
    assert len(shown) == 3
    assert np.allclose(shown[0].get_array(), imagery.to_kelvin(frames[0]))
    assert shown[0].get_extent() == [0, 500, 0, 500]
    assert [ax.get_title() for ax in fig.axes if ax.images] == ["a", "b", "c"]


def test_pieces_of_a_track_have_the_colour_of_their_class():
    table = tracks.load_tracks(quiet=True)
    katrina = table[table["storm_id"] == "2005236N23285"]
    fig = figures.draw_track_map(katrina, "Katrina", {"2005236N23285": "Katrina"})
    (pieces,) = [c for c in fig.axes[0].collections if isinstance(c, LineCollection)]
    classes = np.sort(tracks.wind_class(katrina["wind_kt"].iloc[:-1]))
    wanted = [figures.CLASS_COLOURS[k] for k in classes]
    assert [mpl.colors.to_hex(colour) for colour in pieces.get_colors()] == wanted


def test_a_season_has_as_many_storms_as_the_bars_are_high():
    table = tracks.load_tracks(quiet=True)
    ax = figures.draw_season_counts(table[table["season"] == 2005]).axes[0]
    assert sum(bar.get_height() for bar in ax.patches) == 31


def test_the_origin_of_the_images_is_named():
    run = dataset.choose_storms(1)[0]
    frames = dataset.draw_storm(run, num_pixels=16, max_frames=3)
    assert "synthetic" in figures.describe_origin(frames)
    assert "real imagery" in figures.describe_origin(replace(frames, t_number=np.full(3, np.nan, np.float32)))


def test_published_scores_without_an_error_become_a_line():
    simulated = pd.DataFrame({"rmse_kt": [0.0, 10.0], "8 classes": [1.0, 0.6]})
    published = pd.DataFrame(
        {"rmse_kt": [10.0, np.nan], "right": [0.8, 0.95], "classes": "8 classes"}, index=["one", "two"]
    )
    _, labels = figures.draw_consistency(simulated, published).axes[0].get_legend_handles_labels()
    assert labels == ["simulated, 8 classes", "one", "two (no RMSE given)"]


RULE = np.arange(10) * 10.0


@pytest.mark.parametrize("answer", [None, [50, 60], ["strong"] * 10, [np.nan] * 10, [-5] * 10, 70])
def test_without_ten_winds_the_rule_goes_on(answer, capsys):
    winds, who = own_estimates(answer, RULE)
    assert who == "rule"
    assert winds is RULE
    assert "go on with the rule" in capsys.readouterr().out


def test_ten_winds_are_taken(capsys):
    winds, who = own_estimates([45, 120, 30, 60, 75, 90, 105, 140, 20, 50], RULE)
    assert who == "you"
    assert winds[1] == 120
    assert capsys.readouterr().out == ""


def test_shrinkage_is_drawn_by_truth_and_by_answer():
    true_kt = np.random.default_rng(0).uniform(20, 160, 4000)
    fig = figures_training.draw_shrinkage(
        true_kt, {"exact": true_kt, "half": 0.5 * true_kt + 45}, "Two readers"
    )
    by_truth, by_answer = fig.axes
    for ax in fig.axes:
        assert np.allclose(ax.lines[0].get_ydata(), 0), "an exact reader has no error"
    true, error = by_truth.lines[1].get_data()
    assert np.allclose(error, 45 - 0.5 * true)
    answer, error = by_answer.lines[1].get_data()
    assert np.allclose(error, 90 - answer)


def test_a_signal_is_drawn_layer_by_layer():
    fig = figures_training.draw_signal({"fades": [1.0, 0.1, 0.01], "stays": [1.0, 1.0, 1.0]}, "A title")
    (ax,) = fig.axes
    assert ax.get_yscale() == "log"
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1.0, 0.1, 0.01], [1.0, 1.0, 1.0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["fades", "stays"]


def test_our_errors_stand_above_published_ones():
    table = published.beside({"one test": 7.0, "another": 9.0})
    assert table["rmse_kt"].head(2).tolist() == [7.0, 9.0]
    assert len(table) == 2 + len(published.STUDIES)
    assert table["source"][2:].str.startswith("https://").all()
    stated = table[table["rmse_better_kt"].notna()]
    assert stated["rmse_kt"].notna().all()


def test_a_storm_moves_frame_by_frame_on_one_figure():
    fixes = tracks.load_tracks(quiet=True)
    run = dataset.tropical_runs(fixes[(fixes["name"] == "KATRINA") & (fixes["season"] == 2005)])
    storm = dataset.draw_storm(run, num_pixels=16, width_km=768, step_minutes=1440)
    seen = []
    for figure in figures_setups.draw_frame_by_frame(storm, "Katrina"):
        _, course, wind_panel, scale = figure.axes
        wind = wind_panel.lines[0]
        land = course.collections[0].get_paths()
        assert any(path.contains_point((-90.5, 32.5)) for path in land), "Mississippi is drawn as land"
        assert "K" in scale.get_ylabel()
        seen.append((id(figure), len(wind.get_xdata())))
    assert len({figure for figure, _ in seen}) == 1
    assert [points for _, points in seen] == list(range(1, len(storm) + 1))


def test_layers_are_boxes_as_high_as_their_maps():
    figure = figures_setups.draw_layers(
        [(64, 64, 3), (16, 16, 90), (10,)], ["image", "pooling", "dense"], "a net"
    )
    first, second, dense = figure.axes[0].patches
    assert first.get_height() == pytest.approx(2 * second.get_height())
    assert first.get_width() < second.get_width()
    assert dense.get_facecolor() != first.get_facecolor()


def test_only_the_shuffled_split_has_twins():
    figure = figures_setups.draw_two_splits(8, 0, "two splits")
    shuffled, by_storm = figure.axes
    arrows = [sum(text.arrow_patch is not None for text in ax.texts) for ax in (shuffled, by_storm)]
    assert arrows[0] > 5
    assert arrows[1] == 0
