"""Networks of Lab 2 and how their answers are read: shapes, invariance, losses, mixtures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclone import dataset, models, tracks, training

RNG = np.random.default_rng(0)
POLAR = RNG.integers(0, 255, (6, models.POLAR_ANGLES, models.POLAR_RADII), np.uint8)
NOON = np.array(["2005-08-28T12:00"] * 6, "datetime64[s]")


@pytest.fixture(scope="module")
def networks():
    import keras

    keras.utils.set_random_seed(1)
    return models.polar_cnn((4, 6, 8)), models.polar_cnn((4, 6, 8), circumstances=4)


def test_model_1_is_the_network_of_the_slide():
    assert models.model_1().count_params() == 42_817_400


def test_a_turned_frame_is_a_shifted_polar_image():
    smooth = np.add.outer(np.arange(80), 2 * np.arange(80)).astype(np.uint8)[None]
    polar, turned = models.to_polar(smooth), models.to_polar(np.rot90(smooth, 1, (1, 2)).copy())
    differences = [np.abs(np.roll(polar, s, 1).astype(int) - turned).mean() for s in (16, -16)]
    assert min(differences) < 3 < max(differences)


def test_no_image_gives_no_polar_image():
    assert models.to_polar(np.empty((0, 80, 80), np.uint8)).shape == (0, 64, 40)


def test_an_eighth_of_a_turn_changes_no_answer(networks):
    plain, informed = networks
    known = models.with_circumstances(POLAR, np.full(6, 25.0), np.full(6, -60.0), NOON)
    for network, images in ((plain, POLAR), (informed, known)):
        before, after = (training.predict(network, np.roll(images, k, axis=1))[0] for k in (0, 8))
        np.testing.assert_allclose(before, after, atol=0.02)


def test_place_and_hour_reach_the_answer(networks):
    south, north = (
        models.with_circumstances(POLAR, np.full(6, lat), np.full(6, -60.0), NOON) for lat in (12, 38)
    )
    night = models.with_circumstances(POLAR, np.full(6, 12.0), np.full(6, 120.0), NOON)
    answers = [training.predict(networks[1], images)[0] for images in (south, north, night)]
    assert np.abs(answers[0] - answers[1]).min() > 1e-4
    assert np.abs(answers[0] - answers[2]).min() > 1e-4


def test_a_hidden_place_counts_as_20_degrees_noon_and_sea():
    hidden = models.with_circumstances(POLAR, np.full(6, np.nan), np.full(6, np.nan), NOON)
    at_sea = NOON + np.timedelta64(3, "h")  # noon at 45 degrees west
    assumed = models.with_circumstances(POLAR, np.full(6, 20.0), np.full(6, -45.0), at_sea)
    assert np.array_equal(hidden, assumed)
    assert np.array_equal(hidden[..., 0], POLAR)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2))
@settings(max_examples=10, deadline=None)
def test_the_loss_is_that_of_a_normal_distribution(truth, mean, raw):
    outputs = np.array([[mean, raw]], np.float32)
    sd = np.logaddexp(0, raw) + models.SMALLEST_SD_KT / models.SCALE_KT
    expected = 0.5 * ((truth - mean) / sd) ** 2 + np.log(sd)
    target = np.array([[truth]], np.float32)
    assert float(models.gaussian_loss(target, outputs)[0]) == pytest.approx(expected, rel=1e-3, abs=1e-3)
    assert float(models.even_gaussian_loss(target, outputs)[0]) == pytest.approx(
        sd * expected, rel=1e-3, abs=1e-3
    )


def test_the_even_loss_pulls_at_uncertain_answers_too():
    """The pull on the mean is error / sd**2 in the plain loss, and error / sd in the even one."""
    import tensorflow as tf

    outputs = tf.Variable([[0.0, -3.0], [0.0, 3.0]])  # sure and unsure
    pulls = {}
    for loss in (models.gaussian_loss, models.even_gaussian_loss):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(loss(np.ones((2, 1), np.float32), outputs))
        pulls[loss] = np.abs(tape.gradient(total, outputs).numpy()[:, 0])
    sd = models.to_knots(outputs.numpy())[1] / models.SCALE_KT
    np.testing.assert_allclose(pulls[models.gaussian_loss], 1 / sd**2, rtol=1e-4)
    np.testing.assert_allclose(pulls[models.even_gaussian_loss], 1 / sd, rtol=1e-4)


def test_an_ensemble_is_the_mixture_of_its_answers(networks):
    network = networks[0]
    answers = [training.predict(network, np.roll(POLAR, k, axis=1)) for k in (0, 3)]
    means, sds = (np.array(values) for values in zip(*answers, strict=True))
    mean, sd = training.predict_ensemble([network], POLAR, turns=(0, 3))
    np.testing.assert_allclose(mean, means.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(sd**2, (sds**2 + means**2).mean(axis=0) - mean**2, rtol=1e-3)


@given(st.floats(5, 170), st.floats(2, 40))
@settings(deadline=None)
def test_class_probabilities_sum_to_one_and_peak_at_the_class_of_a_sure_wind(wind, sd):
    shares = models.class_probabilities(np.array([wind, wind]), np.array([sd, 0.01]))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-9)
    assert np.abs(shares[1].argmax() - tracks.wind_class(wind)) <= 1  # between 20 and 21 kt either is right


def test_all_storms_are_chosen_when_no_number_is_given():
    chosen = dataset.choose_storms(None, (1980, 1982))
    table = tracks.load_tracks(quiet=True)
    runs = dataset.tropical_runs(table[table["season"].between(1980, 1982)])
    assert sorted(run["storm_id"].iloc[0] for run in chosen) == sorted(runs["storm_id"].unique())


def test_land_is_known_where_the_map_reaches():
    lat, lon = (
        np.array([33.0, 25.0, 33.0, np.nan, -20.0, 25.0]),
        np.array([-97.0, -60.0, np.nan, -97.0, 130.0, 170.0]),
    )
    known = models.with_circumstances(POLAR, lat, lon, NOON)
    assert (known[..., 4] == np.array([255, 0, 0, 0, 0, 0])[:, None, None]).all()


def test_images_are_turned_in_training_alone():
    layer = models.RandomTurn()
    images = POLAR[..., None]
    assert np.array_equal(layer(images), images)
    turned = [np.asarray(layer(images, training=True)) for _ in range(8)]
    shifts = [
        next(k for k in range(models.POLAR_ANGLES) if np.array_equal(np.roll(images, -k, 1), t))
        for t in turned
    ]
    assert len(set(shifts)) > 1


def test_one_warm_point_reaches_the_answer_by_its_ring():
    """Averages of neighbouring angles weaken the one pixel of an eye; the warmest level of its ring does not."""
    import keras

    eye = np.full((1, models.POLAR_ANGLES, models.POLAR_RADII, 1), 200, np.uint8)
    eye[0, 5, 1] = 60
    network = models.polar_cnn((4, 6, 8), coarse_angle=True, rings=True)
    (normalised,) = (
        layer for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.output.shape[1:] == (120,)
    )  # fmt: skip
    levels = np.asarray(keras.Model(network.input, normalised.input)(eye))[0].reshape(models.POLAR_RADII, 3)
    cold, warm = 200 / 64 - 1.2, 60 / 64 - 1.2
    np.testing.assert_allclose(levels[1, 1:], [cold, -warm], atol=1e-5)
    np.testing.assert_allclose(levels[0], [cold, cold, -cold], atol=1e-5)


def test_model_1_may_be_narrower_and_normalised():
    assert models.model_1(narrower=8).count_params() < models.model_1().count_params() / 50
    names = [type(layer).__name__ for layer in models.model_1(narrower=8, normalised=True).layers]
    assert names.count("BatchNormalization") == 5


def test_with_coarse_angles_a_quarter_turn_changes_no_answer():
    import keras

    keras.utils.set_random_seed(1)
    network = models.polar_cnn((4, 6, 8), coarse_angle=True)
    before, after = (training.predict(network, np.roll(POLAR, k, axis=1))[0] for k in (0, 16))
    np.testing.assert_allclose(before, after, atol=0.02)
    assert network.count_params() == models.polar_cnn((4, 6, 8)).count_params()


def test_shares_of_classes_are_scored_instead_of_the_class_of_the_mean():
    wind_kt = np.array([60.0, 66.0])
    share = np.zeros((2, 8))
    share[:, 2], share[:, 3] = 0.4, 0.6  # H1 is the most probable class, TS the second
    by_share = training.scores(wind_kt, np.full(2, 62.0), class_share=share)
    assert (by_share["top1"], by_share["top2"]) == (0.5, 1.0)
    assert training.scores(wind_kt, np.full(2, 62.0))["top1"] == 0.5
    assert by_share["rmse_kt"] == pytest.approx(np.sqrt(10))


def test_scores_refuse_a_column_beside_a_row_and_what_is_no_number():
    wind = np.array([30.0, 60.0, 90.0])
    for mean in (wind[:, None], wind[:2], np.array([30.0, np.nan, 90.0])):
        with pytest.raises(ValueError, match="mean_kt"):
            training.scores(wind, mean)
    with pytest.raises(ValueError, match="sd_kt"):
        training.scores(wind, wind, np.array([5.0, np.nan, 5.0]))
    with pytest.raises(ValueError, match="no frames"):
        training.scores(wind[:0], wind[:0])
    unknown = training.scores(wind, np.full(3, np.nan), class_share=np.full((3, 8), np.nan))
    assert unknown.isna().all(), "real images have no bound"


def test_circumstances_know_a_longitude_by_both_of_its_numbers():
    polar, noon = np.zeros((1, 4, 4), np.uint8), np.array(["2005-08-29T12"], "datetime64[s]")
    west, east = (
        models.with_circumstances(polar, np.array([32.0]), np.array([lon]), noon) for lon in (-90.0, 270.0)
    )
    np.testing.assert_array_equal(west, east)
    assert west[0, 0, 0, 4] == 255


@pytest.mark.parametrize(
    "images",
    [np.full((1, 80, 80), 0.5), np.zeros((1, 80, 100), np.uint8), np.zeros((1, 80, 80, 1), np.uint8)],
)
def test_images_of_another_kind_have_no_polar_image(images):
    with pytest.raises(ValueError, match="Expected uint8 images"):
        models.to_polar(images)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": np.array(["NaT", "2005-08-29"], "datetime64[s]")}, "NaT"),
        ({"lat": np.array([95.0, 20])}, "beyond a pole"),
        ({"lat": np.array([[20.0], [20]])}, "as many latitudes"),
        ({"lon": np.array([-90.0])}, "as many latitudes"),
    ],
)
def test_circumstances_that_cannot_be_are_refused(change, message):
    day = np.array(["2005-08-29"] * 2, "datetime64[s]")
    given = {"lat": np.array([20.0, 21]), "lon": np.array([-90.0, -89]), "time": day}
    with pytest.raises(ValueError, match=message):
        models.with_circumstances(np.zeros((2, 64, 40), np.uint8), **given | change)


def test_spreads_that_are_none_give_no_probabilities():
    winds = np.array([30.0, 50])
    for sd in (np.array([5.0, 0]), np.array([-5.0, 5]), np.array([[5.0], [5]])):
        with pytest.raises(ValueError, match="standard deviation"):
            models.class_probabilities(winds, sd)
    with pytest.raises(ValueError, match="standard deviation"):
        training.scores(winds, winds, -np.ones(2))
    with pytest.raises(ValueError, match="one column a class"):
        training.scores(winds, winds, class_share=np.ones((2, 7)) / 7)


def test_what_a_learner_changes_in_place_changes_no_later_answer():
    moments = dataset.best_track_moments()
    moments["wind_kt"] *= 0.5144
    assert dataset.best_track_moments()["wind_kt"].max() > 1.9 * moments["wind_kt"].max()
    with pytest.raises(ValueError, match="read-only"):
        tracks.coastline()[0][:] += 360
