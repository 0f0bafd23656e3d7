"""Networks of the lab: those of the slides, exactly as they were, and those of today.

Every network maps the signed distance to the body, (batch, ny, nx, 1) in cells and negative in the body, to the
velocity along and across the channel, (batch, ny, nx, 2), in units of the largest inflow velocity. What a network
sees of the distance is up to its first layer, `Boundary`.
"""

import keras
import numpy as np
from keras import layers, ops

ORIGINAL_U_MAX = 0.1  # the original networks answer in lattice units
register = keras.saving.register_keras_serializable("flow")


def poiseuille(ny: int, nx: int) -> np.ndarray:
    """The flow of an empty channel at the cell centres, float32 (ny, nx, 2), in units of u_max."""
    y = (np.arange(ny) + 0.5) / ny
    velocity = np.zeros((ny, nx, 2), np.float32)
    velocity[..., 0] = (4 * y * (1 - y))[:, None]
    return velocity


# --- layers -------------------------------------------------------------------------------------


@register
class Boundary(layers.Layer):
    """What a network sees of the signed distance in cells.

    Args:
        kind: ``"binary"``: 1 in the body, 0 in the fluid. ``"distance"``: distance in channel heights.
            ``"rich"``: six channels: the distance near the wall of the body, at a middle range and far away,
            the two coordinates and the parabola of the inflow.
    """

    def __init__(self, kind: str, **kwargs):
        super().__init__(**kwargs)
        if kind not in ("binary", "distance", "rich"):
            raise ValueError(f"There is no boundary input '{kind}'. Choose binary, distance or rich.")
        self.kind = kind

    def call(self, distance):
        ny, nx = distance.shape[1:3]
        if self.kind == "binary":
            return ops.cast(distance < 0, "float32")
        heights = distance / ny
        if self.kind == "distance":
            return heights
        x, y = np.meshgrid(np.linspace(-1, 1, nx), np.linspace(-1, 1, ny))
        fixed = np.stack([x, y, poiseuille(ny, nx)[..., 0]], axis=-1)[None].astype(np.float32)
        fixed = ops.broadcast_to(ops.convert_to_tensor(fixed), (ops.shape(distance)[0], ny, nx, 3))
        near, middle, far = ops.clip(distance, -1, 1), ops.tanh(16 * heights), ops.minimum(3 * heights, 2)
        return ops.concatenate([near, middle, far, fixed], axis=-1)

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}


@register
class NoFlowInBody(layers.Layer):
    """The hard mask: velocity (batch, ny, nx, 2), set to zero where the distance is negative."""

    def call(self, velocity, distance):
        return velocity * ops.cast(distance >= 0, velocity.dtype)


@register
class AddPoiseuille(layers.Layer):
    """Correction (batch, ny, nx, 2) plus the flow of the empty channel."""

    def call(self, correction):
        ny, nx = correction.shape[1:3]
        return correction + ops.convert_to_tensor(poiseuille(ny, nx)[None])


@register
class Curl(layers.Layer):
    """Velocity (batch, ny, nx, 2) of a stream function (batch, ny, nx, 1): u = dpsi/dy, v = -dpsi/dx.

    psi sits on the corners of the cells and is zero on the inlet and on both channel walls; the input holds the
    other corners (its last row is not used). Averages of neighbouring corners bring the velocity to the centres.
    Its divergence about every corner (`metrics.divergence`) is zero, whatever psi is, and the sum of u over
    any column is zero.
    """

    def call(self, psi):
        psi = ops.pad(psi[:, :-1], ((0, 0), (1, 1), (1, 0), (0, 0)))
        on_rows = (psi[:, :, 1:] + psi[:, :, :-1]) / 2
        on_columns = (psi[:, 1:] + psi[:, :-1]) / 2
        u = on_rows[:, 1:] - on_rows[:, :-1]
        v = on_columns[:, :, :-1] - on_columns[:, :, 1:]
        return ops.concatenate([u, v], axis=-1)


@register
class RandomFlip(layers.Layer):
    """While training, turn about half of the samples upside down; also returns which ones, (batch, 1, 1, 1)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.random = keras.random.SeedGenerator()

    def call(self, distance, training=False):
        shape = (ops.shape(distance)[0], 1, 1, 1)
        if not training:
            return distance, ops.zeros(shape)
        flipped = ops.cast(keras.random.uniform(shape, seed=self.random) < 0.5, "float32")
        return ops.where(flipped > 0.5, ops.flip(distance, axis=1), distance), flipped


@register
class FlipBack(layers.Layer):
    """Turn the velocity of the flipped samples back: the channel is symmetric, and v changes its sign."""

    def call(self, velocity, flipped):
        back = ops.flip(velocity, axis=1) * ops.convert_to_tensor(np.array([1, -1], np.float32))
        return ops.where(flipped > 0.5, back, velocity)


@register
class ConcatELU(layers.Layer):
    """ELU of x and of -x side by side: twice the channels, and no sign is lost (after arXiv:1603.05201)."""

    def call(self, x):
        return ops.elu(ops.concatenate([x, -x], axis=-1))


@register
class Gate(layers.Layer):
    """First half of the channels times the sigmoid of the second half."""

    def call(self, x):
        value, gate = ops.split(x, 2, axis=-1)
        return value * ops.sigmoid(gate)


@register
class PadChannels(layers.Layer):
    """Zeros before the first channel, up to ``filters`` channels."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def call(self, x):
        return ops.pad(x, ((0, 0), (0, 0), (0, 0), (self.filters - x.shape[-1], 0)))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@register
class SpectralConv(layers.Layer):
    """Fourier layer (arXiv:2010.08895): keep the lowest modes, mix their channels by complex weights, go back.

    The transform is a product with a small matrix: for few modes faster than a fast Fourier transform on a CPU.
    The period is longer than the domain, as if the input were padded by zeros: a channel is not periodic.

    Args:
        filters: channels of the result.
        modes: highest wave number kept plus one, along y and x.
        padding: share by which the period is longer than the domain.
    """

    def __init__(self, filters: int, modes: tuple[int, int], padding: float = 0.25, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.modes, self.padding = filters, tuple(modes), padding

    def build(self, shape):
        (ny, nx), channels = shape[1:3], shape[3]
        wave_y, wave_x = np.arange(1 - self.modes[0], self.modes[0]), np.arange(self.modes[1])
        period_y, period_x = (round(n * (1 + self.padding)) for n in (ny, nx))
        phase_y = 2 * np.pi * np.outer(wave_y, np.arange(ny)) / period_y
        phase_x = 2 * np.pi * np.outer(wave_x, np.arange(nx)) / period_x
        twice = np.where(wave_x == 0, 1, 2)[:, None] / (period_y * period_x)  # waves -x are the mirror image
        self.waves = [f(p).astype(np.float32) for p in (phase_y, phase_x) for f in (np.cos, np.sin)]
        self.back_x = [(twice * f(phase_x)).astype(np.float32) for f in (np.cos, np.sin)]
        start = keras.initializers.RandomNormal(
            stddev=1 / channels
        )  # small: most of the signal starts on the way past
        size = (len(wave_y), len(wave_x), channels, self.filters)
        self.real = self.add_weight(shape=size, initializer=start, name="real")
        self.imag = self.add_weight(shape=size, initializer=start, name="imag")

    def call(self, x):
        # b: batch, y and x: cells, c: channels, k and l: wave numbers along x and y; real and imaginary parts
        cos_y, sin_y, cos_x, sin_x = (ops.convert_to_tensor(wave) for wave in self.waves)  # (l, y) and (k, x)
        # there, along x and then y: times exp(-i phase)
        re, im = ops.einsum("byxc,kx->bykc", x, cos_x), -ops.einsum("byxc,kx->bykc", x, sin_x)  # (b, y, k, c)
        to_y = lambda part, wave: ops.einsum("bykc,ly->lkbc", part, wave)  # noqa: E731
        re, im = to_y(re, cos_y) + to_y(im, sin_y), to_y(im, cos_y) - to_y(re, sin_y)  # (l, k, b, c)
        # every wave has its own matrix of channels, complex: (l, k, b, c) @ (l, k, c, filters)
        re, im = (
            ops.matmul(re, self.real) - ops.matmul(im, self.imag),
            ops.matmul(re, self.imag) + ops.matmul(im, self.real),
        )  # (l, k, b, filters)
        # back, along y and then x: times exp(i phase); of the result only the real part is not zero
        from_y = lambda part, wave: ops.einsum("lkbc,ly->bykc", part, wave)  # noqa: E731
        re, im = (
            from_y(re, cos_y) - from_y(im, sin_y),
            from_y(im, cos_y) + from_y(re, sin_y),
        )  # (b, y, k, filters)
        cos_x, sin_x = (ops.convert_to_tensor(wave) for wave in self.back_x)  # (k, x)
        return ops.einsum("bykc,kx->byxc", re, cos_x) - ops.einsum("bykc,kx->byxc", im, sin_x)

    def compute_output_shape(self, shape):
        return (*shape[:3], self.filters)

    def get_config(self):
        config = {"filters": self.filters, "modes": self.modes, "padding": self.padding}
        return {**super().get_config(), **config}


def space_to_depth(x, block: int):
    """(batch, ny, nx, c) to (batch, ny / block, nx / block, c * block**2): no cell is lost."""
    _, ny, nx, channels = x.shape
    x = layers.Reshape((ny // block, block, nx // block, block, channels))(x)
    return layers.Reshape((ny // block, nx // block, block**2 * channels))(layers.Permute((1, 3, 2, 4, 5))(x))


def depth_to_space(x, block: int):
    """The way back from `space_to_depth`."""
    _, ny, nx, channels = x.shape
    x = layers.Reshape((ny, nx, block, block, channels // block**2))(x)
    return layers.Reshape((ny * block, nx * block, channels // block**2))(layers.Permute((1, 3, 2, 4, 5))(x))


# --- networks of the slides ---------------------------------------------------------------------


def fully_connected(
    ny: int, nx: int, hidden: tuple[int, ...] = (256,), boundary: str = "binary", output: str = "linear"
) -> keras.Model:
    """Dense layers on the flattened boundary.

    The slides' network of 3 layers has ``hidden=(256,)`` (25,231,616 parameters at 128 x 256), the one of 5 layers
    ``hidden=(1024, 1024, 1024)`` (102,829,056). There the last layer was ``output="relu"``.
    """
    inputs = keras.Input((ny, nx, 1))
    h = layers.Flatten()(Boundary(boundary)(inputs))
    for units in hidden:
        h = layers.Dense(units, "relu")(h)
    h = layers.Dense(2 * ny * nx, output)(h)
    return keras.Model(inputs, layers.Reshape((ny, nx, 2))(h), name="fully_connected")


def encoder_decoder(
    ny: int,
    nx: int,
    boundary: str = "binary",
    widths: tuple[int, ...] = (128, 512, 1024, 512, 256, 32),
    output: str = "linear",
) -> keras.Model:
    """The convolutional network of Guo, Li and Iorio (2016, doi:10.1145/2939672.2939738).

    One encoder, a decoder for each component of the velocity, and a hard mask. 80,842,178 parameters at
    128 x 256 with the given widths. In the original course the last layer was ``output="relu"``.

    Args:
        ny, nx: multiples of 64.
        boundary: ``"binary"`` or ``"distance"``.
        widths: channels of two convolutions, units of the dense layer, channels of three transposed convolutions.
        output: activation of the last layer.
    """
    inputs = keras.Input((ny, nx, 1))
    h = layers.Conv2D(widths[0], 16, strides=16, activation="relu")(Boundary(boundary)(inputs))
    h = layers.Conv2D(widths[1], 4, strides=4, activation="relu")(h)
    code = layers.Dense(widths[2], "relu")(layers.Flatten()(h))
    components = []
    for _ in range(2):
        h = layers.Reshape((1, 1, widths[2]))(code)
        for filters, kernel in zip(widths[3:], ((ny // 16, nx // 32), (4, 8), (2, 2)), strict=True):
            h = layers.Conv2DTranspose(filters, kernel, strides=kernel, activation="relu")(h)
        components.append(layers.Conv2DTranspose(1, 2, strides=2, activation=output)(h))
    velocity = layers.Concatenate()(components)
    return keras.Model(inputs, NoFlowInBody()(velocity, inputs), name="encoder_decoder")


def _residual_block(x, filters: int, gated: bool, dropout: float, strides: int = 1, skip=None):
    h = ConcatELU()(x) if x.shape[-1] > 1 else x
    h = layers.Conv2D(filters, 3, strides, padding="same")(h)
    if skip is not None:
        h = layers.Add()([h, layers.Conv2D(filters, 1)(ConcatELU()(skip))])
    h = layers.Dropout(dropout)(ConcatELU()(h)) if dropout else ConcatELU()(h)
    h = layers.Conv2D(filters * (2 if gated else 1), 3, padding="same")(h)
    h = Gate()(h) if gated else h
    if strides > 1:
        x = layers.AveragePooling2D(strides)(x)
    return layers.Add()([PadChannels(filters)(x) if x.shape[-1] < filters else x, h])


def residual_unet(
    ny: int,
    nx: int,
    gated: bool = True,
    dropout: float = 0.3,
    depth: int = 5,
    filters: int = 8,
    boundary: str = "binary",
    original: bool = True,
) -> keras.Model:
    """The residual U-net of the slides (Hennigh 2017, arXiv:1710.10352), with concatenated ELU.

    1,678,346 parameters, 2,561,386 with gates; the published solution of the original course has ``depth=7``
    (41,070,314).

    Args:
        ny, nx: multiples of ``2 ** (depth - 1)``.
        gated: multiply each residual by a sigmoid.
        dropout: share of features left out while training.
        depth: number of resolutions.
        filters: channels at the finest of them; they double at each step down.
        boundary: see `Boundary`.
        original: tanh output in lattice units and no mask, as in the original course; else a linear
            output and `NoFlowInBody`.
    """
    inputs = keras.Input((ny, nx, 1))
    h, skips = Boundary(boundary)(inputs), []
    for level in range(depth):
        if level:
            h = _residual_block(h, filters * 2**level, gated, dropout, strides=2)
        h = _residual_block(h, filters * 2**level, gated, dropout)
        skips.append(h)
    for level in reversed(range(depth - 1)):
        h = layers.Conv2DTranspose(filters * 2**level, 3, strides=2, padding="same")(h)
        h = _residual_block(h, filters * 2**level, gated, dropout, skip=skips[level])
    velocity = layers.Conv2D(2, 3, padding="same")(h)
    if original:
        velocity = layers.Rescaling(1 / ORIGINAL_U_MAX)(layers.Activation("tanh")(velocity))
    else:
        velocity = NoFlowInBody()(velocity, inputs)
    return keras.Model(inputs, velocity, name="residual_unet")


# --- networks of today --------------------------------------------------------------------------


def _stream_function(features):
    """One field (batch, ny, nx, 1) from two: a smooth one with large values, and fine detail.

    The velocity is a derivative, so a fine ripple of psi weighs as much as a wide and much higher hill. Without the
    smooth part the network has to build the hill from fine pieces that fit each other exactly.
    """
    smooth, fine = features[..., :1], features[..., 1:]
    smooth = layers.UpSampling2D(8, interpolation="bilinear")(layers.AveragePooling2D(8)(smooth))
    return layers.Add()([layers.Rescaling(16.0)(smooth), fine])


def _answer(head: str, features, inputs, flipped):
    """Velocity from two features on the full grid: its components, or the parts of a stream function."""
    if head not in ("velocity", "stream"):
        raise ValueError(f"There is no output '{head}'. Choose velocity or stream.")
    correction = Curl()(_stream_function(features)) if head == "stream" else features
    return NoFlowInBody()(AddPoiseuille()(FlipBack()(correction, flipped)), inputs)


def _plain_block(x, filters: int):
    h = layers.Conv2D(filters, 3, padding="same", activation="elu")(x)
    h = layers.Conv2D(filters, 3, padding="same", kernel_initializer=keras.initializers.VarianceScaling(0.1))(
        h
    )
    return layers.Activation("elu")(layers.Add()([x, h]))


def compact_unet(
    ny: int,
    nx: int,
    boundary: str = "rich",
    head: str = "velocity",
    widths: tuple[int, ...] = (32, 64, 96, 96),
) -> keras.Model:
    """A residual U-net that spends its time where it counts; the best network of the lab.

    The finest level works on blocks of 2 x 2 cells (`space_to_depth`): a quarter of the pixels, and no cell lost.

    Args:
        ny, nx: multiples of ``2 ** len(widths)``.
        boundary: see `Boundary`.
        head: ``"stream"``: the outputs make a stream function, and the velocity its `Curl`. ``"velocity"``: the
            two components. Both are corrections to the flow of the empty channel, with a hard mask.
        widths: channels of each level, from fine to coarse.
    """
    inputs = keras.Input((ny, nx, 1))
    distance, flipped = RandomFlip()(inputs)
    h = space_to_depth(Boundary(boundary)(distance), 2)
    h, skips = layers.Conv2D(widths[0], 3, padding="same", activation="elu")(h), []
    for level, filters in enumerate(widths):
        if level:
            h = layers.Conv2D(filters, 2, strides=2, activation="elu")(h)
        h = _plain_block(h, filters)
        skips.append(h)
    for level in reversed(range(len(widths) - 1)):
        h = depth_to_space(layers.Conv2D(2 * widths[level], 1)(h), 2)
        h = layers.Concatenate()([h, skips[level]])
        h = _plain_block(layers.Conv2D(widths[level], 1, activation="elu")(h), widths[level])
    h = layers.Conv2D(8, 3, padding="same", kernel_initializer="zeros")(h)
    return keras.Model(inputs, _answer(head, depth_to_space(h, 2), inputs, flipped), name="compact_unet")


def fourier_operator(
    ny: int,
    nx: int,
    boundary: str = "rich",
    head: str = "velocity",
    width: int = 32,
    modes: tuple[int, int] = (12, 16),
    depth: int = 4,
) -> keras.Model:
    """Fourier neural operator (Li et al. 2021, arXiv:2010.08895): `SpectralConv` beside 1 x 1 convolutions.

    Its weights belong to waves and not to cells: the same weights work on any grid.

    Args:
        ny, nx: cells of the grid, even.
        boundary, head: as in `compact_unet`.
        width: channels.
        modes: waves kept along y and x.
        depth: number of Fourier layers.
    """
    inputs = keras.Input((ny, nx, 1))
    distance, flipped = RandomFlip()(inputs)
    h = layers.Conv2D(width, 1)(space_to_depth(Boundary(boundary)(distance), 2))
    for _ in range(depth):
        h = layers.Activation("gelu")(
            layers.Add()([SpectralConv(width, modes)(h), layers.Conv2D(width, 1)(h)])
        )
    h = layers.Conv2D(2 * width, 1, activation="gelu")(h)
    h = layers.Conv2D(8, 1, kernel_initializer="zeros")(h)
    return keras.Model(inputs, _answer(head, depth_to_space(h, 2), inputs, flipped), name="fourier_operator")
