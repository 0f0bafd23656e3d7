"""Networks of Lab 3: sizes of the originals, masks, exact conservation, symmetry; metrics against hand values."""

import random
import types

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow import dataset, fields, metrics, models, solver, training

few = settings(max_examples=15, deadline=None)
SEED = st.integers(0, 2**31)


def bodies(count: int = 3, ny: int = 64, nx: int = 128, seed: int = 0) -> np.ndarray:
    """Signed distance (count, ny, nx, 1) in cells to a disc at a random place."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:ny, 0:nx] + 0.5
    discs = [
        np.hypot(x - rng.uniform(0.2, 0.6) * nx, y - rng.uniform(0.3, 0.7) * ny) - rng.uniform(0.1, 0.2) * ny
        for _ in range(count)
    ]
    return np.array(discs, np.float32)[..., None]


def stirred(network: keras.Model, seed: int = 0) -> keras.Model:
    """The network with random weights everywhere, so that no output is zero by its start."""
    rng = np.random.default_rng(seed)
    network.set_weights([
        (rng.normal(size=w.shape) * 0.05).astype(np.float32) if np.issubdtype(w.dtype, np.floating) else w
        for w in network.get_weights()
    ])  # fmt: skip
    return network


# --- the networks of the slides ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (lambda: models.fully_connected(128, 256), 25_231_616),
        (lambda: models.encoder_decoder(128, 256), 80_842_178),
        (lambda: models.residual_unet(128, 256, gated=False), 1_678_346),
        (lambda: models.residual_unet(128, 256, gated=True), 2_561_386),
        (lambda: models.residual_unet(128, 256, gated=True, depth=7), 41_070_314),
    ],
    ids=["3 layers", "Guo", "residual", "gated", "solution"],
)
def test_original_networks_have_the_published_number_of_parameters(build, parameters):
    assert build().count_params() == parameters


def test_the_original_output_is_bounded_and_not_masked():
    network = stirred(models.residual_unet(32, 64, dropout=0.0, depth=3))
    inputs = bodies(ny=32, nx=64)
    velocity = training.predict(network, inputs[..., 0])
    assert np.abs(velocity).max() <= 1 / models.ORIGINAL_U_MAX
    assert np.abs(velocity[inputs[..., 0] < 0]).max() > 0


# --- all networks -----------------------------------------------------------------------------

NETWORKS = {
    "dense": lambda: models.fully_connected(64, 128, (8,)),
    "encoder": lambda: models.encoder_decoder(64, 128, "distance", widths=(4, 4, 8, 4, 4, 4)),
    "residual": lambda: models.residual_unet(64, 128, filters=2, original=False),
    "velocity": lambda: models.compact_unet(64, 128, head="velocity", widths=(4, 4, 8)),
    "stream": lambda: models.compact_unet(64, 128, head="stream", widths=(4, 4, 8)),
    "fourier": lambda: models.fourier_operator(64, 128, width=4, modes=(3, 4), depth=2),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_shape_mask_and_round_trip_through_json(name):
    network = stirred(NETWORKS[name]())
    inputs = bodies()
    velocity = network.predict(inputs, verbose=0)
    assert velocity.shape == (3, 64, 128, 2)
    assert np.abs(velocity).max() > 1e-3
    if name != "dense":
        assert np.all(velocity[inputs[..., 0] < 0] == 0)
    again = keras.models.model_from_json(network.to_json())
    again.set_weights(network.get_weights())
    np.testing.assert_allclose(again.predict(inputs, verbose=0), velocity, atol=1e-5)


@pytest.mark.parametrize("build", [models.compact_unet, models.fourier_operator])
def test_today_s_networks_start_from_the_empty_channel(build):
    small = {"widths": (4, 8)} if build is models.compact_unet else {"width": 4, "modes": (3, 4), "depth": 1}
    network = build(32, 64, **small)
    inputs = bodies(ny=32, nx=64)
    fluid = inputs >= 0
    expected = fluid * models.poiseuille(32, 64)
    np.testing.assert_allclose(training.predict(network, inputs[..., 0]), expected, atol=1e-6)


def test_what_networks_see():
    inputs = bodies(2)
    binary = np.asarray(models.Boundary("binary")(inputs))
    np.testing.assert_array_equal(binary, inputs < 0)
    np.testing.assert_allclose(np.asarray(models.Boundary("distance")(inputs)), inputs / 64, rtol=1e-6)
    assert models.Boundary("rich")(inputs).shape == (2, 64, 128, 6)
    with pytest.raises(ValueError, match="no boundary input"):
        models.Boundary("colour")
    with pytest.raises(ValueError, match="no output"):
        models.compact_unet(32, 64, head="pressure")


def test_flipped_channel_gives_the_flipped_flow_back():
    """With every sample flipped, the pair of layers around any network must leave a symmetric network alone."""
    inputs = bodies(64)
    layer = models.RandomFlip()
    seen, flipped = layer(inputs, training=True)
    seen, flipped = np.asarray(seen), np.asarray(flipped)
    assert 0 < flipped.mean() < 1
    np.testing.assert_array_equal(seen, np.where(flipped > 0.5, inputs[:, ::-1], inputs))
    still, none = layer(inputs, training=False)
    np.testing.assert_array_equal(np.asarray(still), inputs)
    assert not np.asarray(none).any()
    flow = np.stack([np.sin(seen[..., 0]), np.gradient(seen[..., 0], axis=1)], axis=-1)
    truth = np.stack([np.sin(inputs[..., 0]), np.gradient(inputs[..., 0], axis=1)], axis=-1)
    np.testing.assert_allclose(np.asarray(models.FlipBack()(flow, flipped)), truth, atol=1e-5)


@few
@given(SEED)
def test_curl_has_no_divergence_and_moves_no_mass(seed):
    psi = np.random.default_rng(seed).normal(size=(2, 16, 32, 1)).astype(np.float32)
    velocity = np.asarray(models.Curl()(psi))
    empty = np.zeros((2, 16, 32), bool)
    assert np.abs(velocity).max() > 0.1
    assert np.abs(metrics.divergence(velocity, empty)).max() < 1e-4
    assert np.abs(velocity[..., 0].sum(axis=1)).max() < 1e-4


def test_curl_of_a_known_stream_function():
    """psi = sin(pi y) x^2 on the unit height: u and v to second order."""
    y, x = np.meshgrid(np.arange(1, 33) / 32, np.arange(1, 65) / 32, indexing="ij")
    velocity = 32 * np.asarray(models.Curl()((np.sin(np.pi * y) * x**2)[None, ..., None].astype(np.float32)))
    yc, xc = np.meshgrid((np.arange(32) + 0.5) / 32, (np.arange(64) + 0.5) / 32, indexing="ij")
    np.testing.assert_allclose(velocity[0, ..., 0], np.pi * np.cos(np.pi * yc) * xc**2, atol=0.02)
    np.testing.assert_allclose(velocity[0, ..., 1], -2 * xc * np.sin(np.pi * yc), atol=0.02)


def test_spectral_convolution_is_the_truncated_fourier_transform():
    layer = models.SpectralConv(3, (5, 6), padding=0.0)
    x = np.random.default_rng(0).normal(size=(2, 32, 64, 4)).astype(np.float32)
    result = np.asarray(layer(x))
    weights = np.asarray(layer.real) + 1j * np.asarray(layer.imag)
    before, after = np.fft.rfft2(x, axes=(1, 2)), np.zeros((2, 32, 33, 3), complex)
    for row, wave in enumerate(range(-4, 5)):
        for column in range(6):
            after[:, wave, column] = before[:, wave, column] @ weights[row, column]
    np.testing.assert_allclose(result, np.fft.irfft2(after, s=(32, 64), axes=(1, 2)), atol=1e-5)


def test_space_to_depth_and_back():
    x = np.random.default_rng(0).normal(size=(2, 8, 12, 3)).astype(np.float32)
    inputs = keras.Input((8, 12, 3))
    blocks = models.space_to_depth(inputs, 2)
    network = keras.Model(inputs, [blocks, models.depth_to_space(blocks, 2)])
    deep, back = network.predict(x, verbose=0)
    assert deep.shape == (2, 4, 6, 12)
    np.testing.assert_array_equal(back, x)
    np.testing.assert_array_equal(np.sort(deep[0, 1, 2]), np.sort(x[0, 2:4, 4:6].ravel()))


# --- training ---------------------------------------------------------------------------------


def test_losses_against_hand_values():
    truth = np.zeros((2, 2, 2, 2), np.float32)
    truth[..., 0] = 3.0
    prediction = truth.copy()
    prediction[0, 0, 0] += (3.0, 4.0)
    relative = np.asarray(training.relative_loss(truth, prediction))
    np.testing.assert_allclose(relative, [5 / 6, 1e-4], rtol=1e-4)
    np.testing.assert_allclose(np.asarray(training.sum_of_squares(truth, prediction)), [12.5, 0])


def test_recipes_choose_the_optimizer():
    network = models.fully_connected(4, 8, (2,))
    training.ORIGINAL.compile(network, 100, 2)
    assert type(network.optimizer) is keras.optimizers.Adam
    assert float(network.optimizer.learning_rate) == pytest.approx(1e-4)
    training.TODAY.compile(network, 80, 10)
    rate = network.optimizer._learning_rate  # a schedule of 100 steps: a fifth up, then down to nothing
    rates = np.array([float(rate(step)) for step in range(101)])
    assert rates.argmax() == 20
    assert rates[-1] == pytest.approx(0, abs=1e-8)
    with pytest.raises(ValueError, match="no loss"):
        training.Recipe(loss="likes").compile(network, 10, 1)


# --- metrics ----------------------------------------------------------------------------------


def test_relative_error_counts_fluid_cells_only():
    truth = np.zeros((2, 2, 2, 2))
    truth[..., 0] = 2.0
    solid = np.zeros((2, 2, 2), bool)
    solid[1, 0, 0] = True
    prediction = truth.copy()
    prediction[0, 1, 1] += (0.0, 1.0)
    prediction[1, 0, 0] = 99.0
    np.testing.assert_allclose(metrics.relative_l2(prediction, truth, solid), [0.25, 0])
    np.testing.assert_allclose(metrics.relative_l2(0 * truth, truth, solid), 1)
    with pytest.raises(ValueError, match="do not fit"):
        metrics.relative_l2(prediction[:1], truth, solid)
    prediction[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        metrics.relative_l2(prediction, truth, solid)


@few
@given(SEED, st.floats(0.1, 10))
def test_relative_error_does_not_depend_on_units(seed, scale):
    rng = np.random.default_rng(seed)
    truth, prediction = rng.normal(size=(2, 1, 4, 8, 2))
    solid = rng.random((1, 4, 8)) < 0.3
    one, other = (metrics.relative_l2(s * prediction, s * truth, solid) for s in (1.0, scale))
    np.testing.assert_allclose(one, other)


def test_divergence_of_linear_flows():
    y, x = np.mgrid[0:8, 0:16] / 8
    solid = np.zeros((1, 8, 16), bool)
    source = np.stack([3 * x, 2 * y], axis=-1)[None]
    np.testing.assert_allclose(metrics.divergence(source, solid), 5)
    shear = np.stack([3 * y + x, 2 * x - y], axis=-1)[None]
    np.testing.assert_allclose(metrics.rms_divergence(shear, solid), 0, atol=1e-12)
    solid[0, 3, 5] = True
    assert np.isnan(metrics.divergence(source, solid)).sum() == 4
    np.testing.assert_allclose(metrics.rms_divergence(source, solid), 5)


def test_an_answer_that_is_nan_is_not_left_out_of_the_divergence():
    """Only solid corners are: a network that failed in one cell would look better than one that did not."""
    solid = np.zeros((2, 8, 16), bool)
    solid[:, 3, 5] = True
    velocity = np.zeros((2, 8, 16, 2))
    velocity[1, 6, 9] = np.nan
    np.testing.assert_array_equal(metrics.rms_divergence(velocity, solid), [0, np.nan])


def test_flux_and_mass_imbalance():
    velocity = models.poiseuille(16, 32)[None].copy()
    solid = np.zeros((1, 16, 32), bool)
    np.testing.assert_allclose(metrics.flux(velocity, solid), 1, rtol=1e-5)
    velocity[0, :, 7] *= 0.9
    np.testing.assert_allclose(metrics.mass_imbalance(velocity, solid), 0.1, rtol=1e-4)


def test_drag_from_the_velocity_agrees_with_momentum_exchange():
    distance = bodies(1, seed=3)[0, ..., 0]
    found = solver.solve_steady(distance < 0, distance=distance, reynolds=100.0, u_max=0.1)
    drag = metrics.drag(found.velocity[None] / 0.1, distance[None] < 0, 100.0)
    assert drag == pytest.approx(found.force[0] / (0.1**2 * 64), rel=0.12)
    empty = metrics.drag(models.poiseuille(64, 128)[None], np.zeros((1, 64, 128), bool), 100.0)
    assert abs(empty[0]) < 0.01 * drag[0]


def test_interval_of_a_mean():
    values = np.random.default_rng(0).normal(3.0, 1.0, 400)
    low, high = metrics.mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_interval_of_paired_runs():
    low, high = metrics.paired_interval(np.array([3.0, 5.0, 7.0]), np.array([2.0, 3.0, 4.0]))
    assert (low + high) / 2 == pytest.approx(2)
    assert high - 2 == pytest.approx(4.303 / 3**0.5, rel=1e-3)


def test_a_training_can_end_within_a_pass(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOTCAMP_CACHE", str(tmp_path))
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((4, 8, 1)), keras.layers.Conv2D(2, 3, padding="same")])
    distance = np.ones((16, 4, 8), np.float32)
    config, no = dataset.Config(), np.zeros(16)
    data = dataset.FlowData(
        distance, np.ones((16, 4, 8, 2), np.float32), *[no] * 7, split="train", config=config
    )
    run = training.train(network, data, name="part", epochs=2.5)
    assert len(run.history) == 3
    assert int(network.optimizer.iterations) == 5
    assert run.processor_seconds > 0


def test_one_value_has_no_interval_and_every_run_has_a_partner():
    assert np.isnan(metrics.mean_interval([3.0])).all()
    for values in ([3.0], [], [1.0, np.nan], [[1.0], [2.0]]):
        with pytest.raises(ValueError, match="two finite values or more"):
            metrics.paired_interval(values, [1.0, 2.0])
    with pytest.raises(ValueError, match="no pairs"):
        metrics.paired_interval([1.0, 2.0, 3.0], [1.0, 2.0])


def test_what_a_network_answers_in_the_body_is_no_drag():
    distance = bodies(1, seed=3)
    solid = distance[..., 0] < 0
    velocity = models.poiseuille(64, 128)[None] * ~solid[..., None]
    clean = metrics.drag(velocity, solid, 100.0)
    for inside in (0.7, np.nan):
        assert metrics.drag(np.where(solid[..., None], inside, velocity), solid, 100.0) == pytest.approx(
            clean
        )


def test_a_network_made_for_the_learner_starts_none_of_their_random_numbers_again(monkeypatch):
    monkeypatch.setattr(training, "train", lambda network, data, **options: network.get_weights()[0].sum())
    data = types.SimpleNamespace(distance=np.zeros((1, 32, 64), np.float32))
    sums = []
    for start in (1, 2):
        random.seed(start)
        np.random.seed(start)  # noqa: NPY002
        before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
        sums.append(training.best_network(data)[1])
        assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    assert sums[0] == sums[1], "its own weights follow the notebook's seed alone"


def test_what_is_shared_cannot_be_changed_in_place():
    kept = fields.read_only(np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        kept += 1
