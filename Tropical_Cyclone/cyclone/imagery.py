"""Synthetic infrared images of tropical cyclones, drawn from a real wind and track.

No real cloud is in these images. `simulate` turns a best track into the quantities that shape a
cloud pattern (a `Storm`): the T-number that the pattern shows, wind shear, size, eye, noise that
changes over hours. `Renderer` draws them as stacked translucent cloud layers, in kelvin.

Where the numbers come from:
    Dvorak (1984), NOAA Tech. Rep. NESDIS 11: patterns and T-numbers.
    Olander and Velden (2007), doi:10.1175/WAF975.1: the Advanced Dvorak Technique (ADT), whose
        source code holds the tables of wind and of cloud-top temperature by T-number.
    Willoughby, Darling and Rahn (2006), doi:10.1175/MWR3106.1: radius of maximum wind, in the mean.
        Storms scatter widely about it: read from infrared images and the wind, it is still wrong by
        27 km on average (Mueller et al. 2006, Weather and Forecasting 21, 990).
    Kossin and Velden (2004), doi:10.1175/1520-0493(2004)132<0165:APBITC>2.0.CO;2 (number not checked): cloud tops are
        warmer towards the poles.
    Pineros, Ritchie and Tyo (2008), doi:10.1109/TGRS.2008.2000819: stronger storms are rounder.
Constants without a source are ours, chosen so that the images look right and Dvorak's table, applied to
the T-number of the pattern, is wrong by 8 to 10 kt, the published skill on unseen storms.
"""

import math
import zlib
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy.special import expit

from cyclone import tracks
from utils.engine.fixed import Fixed

# --- scales --------------------------------------------------------------------------------

COLD_K, WARM_K = 180.0, 310.0  # brightness temperature of gray level 255 and of gray level 0
IMPOSSIBLE_K = 100.0  # the coldest cloud tops ever measured had about 160 K; degrees Celsius lie far below
SENSOR_NOISE_K = 0.4  # of a pixel, assumed
KM_PER_DEGREE = 111.2  # of latitude: pi / 180 times 6371 km
MS_PER_KT = 0.5144  # a nautical mile of 1852 m in an hour
ZERO_CELSIUS_K = 273.15

# T-number and 1-minute wind: the ADT table, extended below T 1.5 and with T 9.0 for interpolation.
_WIND_KT = (10, 25, 30, 35, 45, 55, 65, 77, 90, 102, 115, 127, 140, 155, 170, 200)
_T_NUMBERS = (0.8, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0)

# Mean temperature of the central dense overcast for T 1 to 8, and of the eye for T 4 to 8 (ADT).
_OVERCAST_C = (-38, -47, -57, -64, -68, -73, -78, -83)
_EYE_C = (-15, 0, 12, 18, 21)

# --- error of the pattern, in T-numbers: per storm, slow (18 h), per frame ---------------------
STORM_SD, SLOW_SD, FRAME_SD = 0.22, 0.30, 0.08
T_NUMBER_SD = math.hypot(STORM_SD, SLOW_SD, FRAME_SD)
_CENTRE_FIX_KM = 9.0  # error of the centre that an image is cut around, along each axis; assumed

# Spread of shear and of the logarithm of the radius of maximum wind: per storm, slow.
_SHEAR_SDS_MS, _LOG_RMW_SDS = (4.0, 3.0), (0.30, 0.15)
SHEAR_SD_MS, LOG_RMW_SD = math.hypot(*_SHEAR_SDS_MS), math.hypot(*_LOG_RMW_SDS)
FAINTEST_EYE = 0.02  # clarity of an eye that is still drawn
RMW_PER_DEGREE = 0.0169  # growth of the logarithm with latitude (Willoughby et al. eq. 7a)

# After how many hours the varying part of each quantity has forgotten its past.
_MEMORY_H = {
    "t_number": 18.0, "rmw": 24.0, "shear": 36.0, "downshear": 48.0,
    "size": 30.0, "top": 12.0, "eye": 9.0, "eccentricity": 12.0,
}  # fmt: skip

# --- landfall --------------------------------------------------------------------------------
_LAND_ONSET_H, _LAND_RECOVERY_H = 3.0, 9.0  # a storm back at sea has recovered after about 18 h

_NUM_FIELDS = 4  # noise fields of each kind that are mixed with changing weights
_NOISE_SIZE = 256  # cells per side of a noise field
_NOISE_PERIOD_KM = 2048.0  # twice the widest image drawn here, so that nothing in it repeats
_LOG_RADIUS_PERIOD = 6.0  # of the spiral noise, in ln(r / km)
_MAX_DIRECT_PIXELS = 512  # larger images are drawn at half size or less, and sharpened


def t_number(wind_kt: np.ndarray | float) -> np.ndarray:
    """Dvorak T-number of a 1-minute wind in knots (ADT table, linear in between; T 0.8 below 10 kt, 9.0 above 200)."""
    return np.asarray(np.interp(wind_kt, _WIND_KT, _T_NUMBERS))


def wind_of_t(t: np.ndarray | float) -> np.ndarray:
    """1-minute wind in knots of a Dvorak T-number; the inverse of `t_number` from 10 to 200 kt.

    Below T 0.8 and above T 9.0, where no table goes, these ends are the answer.
    """
    return np.asarray(np.interp(t, _T_NUMBERS, _WIND_KT))


def to_uint8(kelvin: np.ndarray) -> np.ndarray:
    """Gray levels of brightness temperatures: 310 K and warmer is 0, 180 K and colder is 255.

    Raises:
        ValueError: a temperature is missing (NaN), which would become warm sea, or colder than any cloud.
    """
    unusable = ~(np.asarray(kelvin) >= IMPOSSIBLE_K)
    if unusable.any():
        raise ValueError(
            f"{unusable.sum():,} of {unusable.size:,} brightness temperatures are missing or below {IMPOSSIBLE_K:g} K. Fill "
            "gaps first, and give kelvin, not degrees Celsius."
        )
    levels = (WARM_K - kelvin) * (255 / (WARM_K - COLD_K))
    return np.clip(levels, 0, 255).astype(np.uint8)


def to_kelvin(frame: np.ndarray) -> np.ndarray:
    """Brightness temperature in kelvin (float32) at the middle of each gray level."""
    return np.float32(WARM_K) - (frame.astype(np.float32) + np.float32(0.5)) * np.float32(
        (WARM_K - COLD_K) / 255
    )


# --- a storm as series of hidden quantities ---------------------------------------------------


@dataclass(frozen=True)
class Storm:
    """Everything that shapes the images of one storm: n moments, float64 unless said otherwise.

    Attributes:
        seed: of the sensor noise.
        hours: (n,) since the first moment.
        wind_kt, lat: (n,) from the track; latitude in degrees, negative in the south.
        t_number: (n,) T-number that the cloud pattern shows, errors included.
        rmw_km: (n,) radius of maximum wind.
        shear_ms, downshear_rad: (n,) deep-layer wind shear in m/s, and where it blows to
            (anticlockwise from east, as seen in the northern hemisphere).
        size: (n,) factor on the radius of the overcast.
        top_anomaly_k: (n,) cloud tops against the mean for their T-number.
        eye_deficit: (n,) T-numbers by which the eye opens later than in the mean.
        eccentricity: (n,) of the eye.
        land: (n,) 0 over sea to 1 after many hours over land.
        local_hour: (n,) local solar time.
        band_start_rad: (n,) where the main curved band begins.
        crossing_angle_rad: of the spiral bands against a circle.
        sea_surface_k: brightness temperature of cloud-free sea south of 15 degrees.
        centre_error_km: (n, 2) where the centre fix is wrong, east and poleward.
        texture_weights, cluster_weights, spiral_weights: (n, 4) mix of the noise fields.
        noise_offset: (6,) where in the noise fields the storm lies, in cells.
    """

    seed: int
    hours: np.ndarray
    wind_kt: np.ndarray
    lat: np.ndarray
    t_number: np.ndarray
    rmw_km: np.ndarray
    shear_ms: np.ndarray
    downshear_rad: np.ndarray
    size: np.ndarray
    top_anomaly_k: np.ndarray
    eye_deficit: np.ndarray
    eccentricity: np.ndarray
    land: np.ndarray
    local_hour: np.ndarray
    band_start_rad: np.ndarray
    crossing_angle_rad: float
    sea_surface_k: float
    centre_error_km: np.ndarray
    texture_weights: np.ndarray
    cluster_weights: np.ndarray
    spiral_weights: np.ndarray
    noise_offset: np.ndarray

    def __len__(self) -> int:
        return len(self.hours)

    def eye_clarity(self, index: np.ndarray | int) -> np.ndarray:
        """How open the eye is at some moments, 0 to 1: shear and land close it. Under `FAINTEST_EYE` none is drawn,
        and nothing in the image depends on the radius of maximum wind."""
        opening = expit((self.t_number[index] - 4.55 - self.eye_deficit[index]) / 0.22)
        return opening * expit((13 - self.shear_ms[index]) / 2.5) * (1 - 0.8 * self.land[index])


def seed_of(storm_id: str, seed: int = 0) -> int:
    """A seed that depends on the storm's identifier only, the same on every machine."""
    return zlib.crc32(f"{storm_id}/{seed}".encode())


def simulate(
    hours: np.ndarray,
    wind_kt: np.ndarray,
    lat: np.ndarray,
    seed: int,
    over_land: np.ndarray | None = None,
    local_hour: np.ndarray | None = None,
    irreducible: float = 1.0,
) -> Storm:
    """Draw the hidden quantities of one storm.

    Args:
        hours: (n,) increasing times.
        wind_kt: (n,) 1-minute wind.
        lat: (n,) latitude in degrees.
        seed: of every random number, see `seed_of`.
        over_land: (n,) bool, True where the centre is over land; None for never.
        local_hour: (n,) local solar time; None starts at a random hour.
        irreducible: factor on the difference between the T-number that the clouds show and the
            T-number of the wind; 0 makes the pattern a perfect measure of the wind.

    Raises:
        ValueError: arrays of different length, times that do not increase, values that are
            not finite, a negative wind, or a latitude beyond a pole.
    """
    hours, wind_kt, lat = _checked_series(hours, wind_kt, lat)
    for name, values in (("over_land", over_land), ("local_hour", local_hour)):
        if values is not None and not (
            np.shape(values) == hours.shape and np.all(np.isfinite(np.asarray(values, float)))
        ):
            raise ValueError(f"{name} has one finite value for each of the {len(hours)} times, or is None.")
    rng = np.random.default_rng(seed)
    num = len(hours)

    noise = dict(zip(_MEMORY_H, _red_noise(rng, hours, list(_MEMORY_H.values())).T, strict=True))

    def constant(sd: float) -> float:
        return sd * float(rng.normal())

    pattern_t, shear_ms, rmw_km = expected_hidden(wind_kt, change_kt(hours, wind_kt), lat)
    error = constant(STORM_SD) + SLOW_SD * noise["t_number"] + FRAME_SD * rng.normal(size=num)
    first_hour = rng.uniform(0, 24)
    return Storm(
        seed=seed,
        hours=hours,
        wind_kt=wind_kt,
        lat=lat,
        t_number=np.clip(pattern_t + irreducible * error, 0.6, 8.6),
        rmw_km=rmw_km * np.exp(constant(_LOG_RMW_SDS[0]) + _LOG_RMW_SDS[1] * noise["rmw"]),
        shear_ms=np.clip(shear_ms + constant(_SHEAR_SDS_MS[0]) + _SHEAR_SDS_MS[1] * noise["shear"], 0.5, 25),
        downshear_rad=np.deg2rad(70 + constant(25)) + 0.5 * noise["downshear"],
        size=np.exp(constant(0.22) + 0.10 * noise["size"]),
        top_anomaly_k=constant(1.5) + 2.5 * noise["top"],
        eye_deficit=constant(0.25) + 0.35 * noise["eye"],
        eccentricity=0.12 * np.abs(noise["eccentricity"]),
        land=land_exposure(hours, over_land),
        local_hour=np.asarray(first_hour + hours if local_hour is None else local_hour, float) % 24,
        band_start_rad=rng.uniform(0, 2 * np.pi) + 0.18 * hours,
        crossing_angle_rad=float(np.deg2rad(rng.uniform(10, 18))),
        sea_surface_k=298 + constant(1.2),
        centre_error_km=_CENTRE_FIX_KM * rng.normal(size=(num, 2)),
        texture_weights=_red_noise(rng, hours, [3.0] * _NUM_FIELDS),
        cluster_weights=_red_noise(rng, hours, [10.0] * _NUM_FIELDS),
        spiral_weights=_red_noise(rng, hours, [6.0] * _NUM_FIELDS),
        noise_offset=rng.uniform(0, _NOISE_SIZE, 6),
    )


def change_kt(hours: np.ndarray, wind_kt: np.ndarray) -> np.ndarray:
    """Change of the wind in the last 12 hours, (n,); a storm is not known before its first moment."""
    return wind_kt - np.interp(hours - 12, hours, wind_kt)


def expected_hidden(
    wind_kt: np.ndarray, change_kt: np.ndarray, lat: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """T-number, shear (m/s) and radius of maximum wind (km, in the geometric mean) that a wind lets expect.

    Args:
        wind_kt, change_kt, lat: (n,) wind, its change in 12 hours, and latitude in degrees.
    """
    # A weakening storm loses cold cloud before its wind falls: Dvorak's rule for the current intensity.
    lag = np.clip(0.012 * change_kt, -0.5, 0.3)
    rmw_km = 46.4 * np.exp(
        -0.0155 * MS_PER_KT * wind_kt + RMW_PER_DEGREE * np.abs(lat)
    )  # Willoughby et al. eq. 7a
    return t_number(wind_kt) + lag, 7 - 0.12 * change_kt, rmw_km


def _checked_series(*series: np.ndarray) -> list[np.ndarray]:
    arrays = [np.asarray(values, float) for values in series]
    hours = arrays[0]
    if hours.ndim != 1 or any(a.shape != hours.shape for a in arrays) or not len(hours):
        raise ValueError(
            f"hours, wind_kt and lat must be one-dimensional and equally long, not {[a.shape for a in arrays]}."
        )
    if not all(np.isfinite(a).all() for a in arrays):
        raise ValueError("hours, wind_kt or lat holds a value that is not finite: drop that fix first.")
    if arrays[1].min() < 0 or np.abs(arrays[2]).max() > 90:
        raise ValueError(
            "A wind is negative, or a latitude lies beyond a pole: -99 and -999 stand for missing values."
        )
    if (np.diff(hours) <= 0).any():
        raise ValueError("hours must increase: sort the fixes by time and drop repeated times.")
    return arrays


def _red_noise(rng: np.random.Generator, hours: np.ndarray, memory_h: list[float]) -> np.ndarray:
    """Ornstein-Uhlenbeck series, mean 0, standard deviation 1: (len(hours), len(memory_h))."""
    series = rng.normal(size=(len(hours), len(memory_h)))
    keep = np.exp(-np.diff(hours)[:, None] / np.array(memory_h))
    series[1:] *= np.sqrt(1 - keep**2)
    for i in range(1, len(hours)):
        series[i] += keep[i - 1] * series[i - 1]
    return series


def land_exposure(hours: np.ndarray, over_land: np.ndarray | None) -> np.ndarray:
    """How far land has eroded the cloud pattern, 0 to 1: hours to decay, a day to recover."""
    exposure = np.zeros(len(hours))
    if over_land is None:
        return exposure
    target = np.asarray(over_land, float)
    exposure[0] = target[0]
    for i in range(1, len(hours)):
        tau = _LAND_ONSET_H if target[i] > exposure[i - 1] else _LAND_RECOVERY_H
        keep = math.exp(-(hours[i] - hours[i - 1]) / tau)
        exposure[i] = target[i] + (exposure[i - 1] - target[i]) * keep
    return exposure


# --- noise fields -----------------------------------------------------------------------------


@cache
def _noise_bank() -> dict[str, np.ndarray]:
    """Periodic Gaussian fields, unit variance, float32 (4, 256, 256), the same for all storms.

    ``texture``: convective cells, no scale above 350 km; ``cluster``: weather of hundreds of km;
    ``spiral``: rows are ln r, columns the angle, drawn out along ln r; ``fine``: (1, 512, 512), the
    octave that an enlarged image lacks.
    """
    rng = np.random.default_rng(0)
    return {
        "texture": np.stack([_fractal(rng, 1.3, smallest_wavenumber=6) for _ in range(_NUM_FIELDS)]),
        "cluster": np.stack([_fractal(rng, 1.6) for _ in range(_NUM_FIELDS)]),
        "spiral": np.stack([_fractal(rng, 1.2, row_stretch=2.5) for _ in range(_NUM_FIELDS)]),
        "fine": _fractal(rng, 1.0, smallest_wavenumber=48, size=512)[None],
    }


def _fractal(
    rng: np.random.Generator,
    slope: float,
    smallest_wavenumber: float = 0,
    row_stretch: float = 1.0,
    size: int = _NOISE_SIZE,
) -> np.ndarray:
    """Random field whose amplitude falls with wavenumber k as k to the power minus ``slope``."""
    rows = np.fft.fftfreq(size)[:, None] * size * row_stretch
    columns = np.fft.rfftfreq(size)[None] * size
    wavenumber = np.hypot(rows, columns)
    wavenumber[0, 0] = np.inf  # no mean
    amplitude = wavenumber**-slope
    amplitude[wavenumber < smallest_wavenumber] = 0
    phases = rng.normal(size=amplitude.shape) + 1j * rng.normal(size=amplitude.shape)
    field = np.fft.irfft2(amplitude * phases, s=(size, size))
    return (field / field.std()).astype(np.float32)


def _mix(fields: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of fields with weights scaled to unit length, so that the variance stays 1."""
    w = (weights / np.sqrt((weights**2).sum())).tolist()
    mixed = cv2.addWeighted(fields[0], w[0], fields[1], w[1], 0)
    for field, weight in zip(fields[2:], w[2:], strict=True):
        cv2.scaleAdd(field, weight, mixed, mixed)
    return mixed


def _sample(field: np.ndarray, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    return cv2.remap(field, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


# --- one image --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scene:
    """One moment: fields float32 (n, n) and scalars, from which every cloud layer is drawn.

    ``x, y`` km east and poleward of the centre; ``radius, angle, log_radius`` polar coordinates;
    ``texture, cluster, spiral`` noise; ``overcast_radius`` distance from the middle of the overcast.
    """

    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    angle: np.ndarray
    log_radius: np.ndarray
    texture: np.ndarray
    cluster: np.ndarray
    spiral: np.ndarray
    overcast_radius: np.ndarray
    downshear_km: np.ndarray
    hour: float
    t: float
    size_km: float  # radius of the overcast
    top_k: float  # temperature of its top
    raggedness: float
    cover: np.ndarray | float  # share of the sky that storm clouds hide, 0 to 1
    shear_ms: float
    cotangent: float  # of the crossing angle of the bands
    band_start: float
    eye_clarity: float
    eye_radius_km: float
    eccentricity: float


class Renderer(Fixed):
    """Draws storm-centred images: north up, east right.

    Args:
        num_pixels: of one side.
        width_km: of the whole image.
    """

    def __init__(self, num_pixels: int = 128, width_km: float = 1024.0):
        if num_pixels < 8 or width_km <= 0:
            raise ValueError(f"An image of {num_pixels} pixels and {width_km} km cannot be drawn.")
        self.num_pixels = num_pixels
        self.width_km = float(width_km)
        enlarge = math.ceil(num_pixels / _MAX_DIRECT_PIXELS)
        self._drawn_pixels = math.ceil(num_pixels / enlarge)
        step = self.width_km / self._drawn_pixels
        east = (np.arange(self._drawn_pixels, dtype=np.float32) + 0.5) * step - self.width_km / 2
        self._east, self._north = np.meshgrid(east, -east)

    def brightness_temperature(self, storm: Storm, index: int, land: np.ndarray | None = None) -> np.ndarray:
        """Infrared brightness temperature at one moment, before the sensor.

        Args:
            storm: from `simulate`.
            index: of the moment, 0 to len(storm) - 1.
            land: (num_pixels, num_pixels) share of land in each pixel, 0 to 1, from `land_share`.

        Returns:
            float32 (num_pixels, num_pixels), kelvin.
        """
        scene = self._scene(storm, index)
        kelvin = _background(scene, storm, index, self._resized(land))
        for layer in (_clusters, _cirrus, _outer_bands, _curved_band, _overcast):
            top, opacity = layer(scene)
            kelvin += (top - kelvin) * opacity
        if scene.eye_clarity > FAINTEST_EYE:
            _open_eye(kelvin, scene)
        return self._enlarged(kelvin, southern=storm.lat[index] < 0)

    def frame(self, storm: Storm, index: int, land: np.ndarray | None = None) -> np.ndarray:
        """Image as the satellite delivers it: uint8 with sensor noise, see `to_uint8`."""
        kelvin = self.brightness_temperature(storm, index, land)
        rng = np.random.default_rng([storm.seed, index])
        kelvin += np.float32(SENSOR_NOISE_K) * rng.standard_normal(kelvin.shape, dtype=np.float32)
        return to_uint8(kelvin)

    def _scene(self, storm: Storm, i: int) -> _Scene:
        hemisphere = -1.0 if storm.lat[i] < 0 else 1.0  # southern storms are mirror images
        x = self._east - float(storm.centre_error_km[i, 0])
        y = self._north * hemisphere - float(storm.centre_error_km[i, 1])
        radius, angle = cv2.cartToPolar(x, y)
        log_radius = cv2.log(np.maximum(radius, 4))
        hour, t, shear = float(storm.hours[i]), float(storm.t_number[i]), float(storm.shear_ms[i])
        cotangent = 1 / math.tan(storm.crossing_angle_rad)
        noise = self._noise(storm, i, x, y, angle, log_radius, cotangent)
        downshear = _rotated(x, y, float(storm.downshear_rad[i]))
        # Shear pushes the overcast off the centre (ADT shear pattern), least in strong storms.
        displaced_km = 6 * max(shear - 5, 0) * float(np.clip(1.25 - 0.17 * t, 0.08, 1))
        stretch = 1 + 0.012 * shear
        overcast_radius = cv2.magnitude((downshear[0] - displaced_km) / stretch, downshear[1] * stretch)
        land = float(storm.land[i])
        return _Scene(
            x, y, radius, angle, log_radius, *noise, overcast_radius, downshear[0],
            hour=hour,
            t=t,
            size_km=_overcast_size_km(t) * float(storm.size[i]),
            top_k=_cloud_top_k(storm, i) + 6 * land,
            raggedness=float(np.clip((6.2 - t) / 4, 0.08, 1.1)) + 0.4 * land,
            cover=_cloud_cover(t, noise[0], noise[2]),
            shear_ms=shear,
            cotangent=cotangent,
            band_start=float(storm.band_start_rad[i]),
            eye_clarity=float(storm.eye_clarity(i)),
            eye_radius_km=max(0.62 * float(storm.rmw_km[i]), 4.0),
            eccentricity=float(storm.eccentricity[i]),
        )  # fmt: skip

    def _noise(
        self,
        storm: Storm,
        i: int,
        x: np.ndarray,
        y: np.ndarray,
        angle: np.ndarray,
        log_radius: np.ndarray,
        cotangent: float,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Texture, clusters (drifting west past the storm) and spiral filaments (turning with it)."""
        bank, offset, hour = _noise_bank(), storm.noise_offset.tolist(), float(storm.hours[i])
        cells = _NOISE_SIZE / _NOISE_PERIOD_KM
        texture = _mix(bank["texture"], storm.texture_weights[i])
        cluster = _mix(bank["cluster"], storm.cluster_weights[i])
        spiral = _mix(bank["spiral"], storm.spiral_weights[i])
        turned = angle + 0.35 * cotangent * (log_radius - 5) - (0.25 * hour) % (2 * math.pi)
        return (
            _sample(texture, x * cells + offset[0], y * cells + offset[1]),
            _sample(cluster, x * cells + (offset[2] + 0.8 * hour) % _NOISE_SIZE, y * cells + offset[3]),
            _sample(
                spiral,
                turned * (_NOISE_SIZE / (2 * math.pi)) + offset[4],
                log_radius * (_NOISE_SIZE / _LOG_RADIUS_PERIOD) + offset[5],
            ),
        )

    def _resized(self, land: np.ndarray | None) -> np.ndarray | None:
        if land is None:
            return None
        if land.shape != (self.num_pixels, self.num_pixels):
            raise ValueError(f"land has shape {land.shape}, the image {(self.num_pixels,) * 2}.")
        side = self._drawn_pixels
        land = np.asarray(land, np.float32)
        return (
            land if side == self.num_pixels else cv2.resize(land, (side, side), interpolation=cv2.INTER_AREA)
        )

    def _enlarged(self, kelvin: np.ndarray, southern: bool) -> np.ndarray:
        """The image at full size: cold cloud gets the fine structure that was not drawn."""
        size = self.num_pixels
        if size == self._drawn_pixels:
            return kelvin
        kelvin = cv2.resize(kelvin, (size, size), interpolation=cv2.INTER_CUBIC)
        fine = _noise_bank()["fine"][0]
        repeats = math.ceil(size / len(fine))
        fine = np.tile(fine, (repeats, repeats))[:size, :size]
        cloudiness = np.clip((280 - kelvin) / 40, 0, 1)
        kelvin += 1.8 * cloudiness * (fine[::-1] if southern else fine)
        return kelvin


def _overcast_size_km(t: float) -> float:
    return 62 + 38 * float(np.clip(t - 1.5, 0, 3.5)) + 12 * max(t - 5, 0)


def _cloud_top_k(storm: Storm, i: int) -> float:
    """Mean top of the overcast: colder with T, warmer towards the pole, coldest before dawn."""
    table = float(np.interp(storm.t_number[i], range(1, 9), _OVERCAST_C)) + ZERO_CELSIUS_K
    poleward = 0.30 * max(abs(float(storm.lat[i])) - 18, 0)
    daily = -2 * math.cos(2 * math.pi * (float(storm.local_hour[i]) - 4) / 24)
    return table + poleward + float(storm.top_anomaly_k[i]) + daily


def _cloud_cover(t: float, texture: np.ndarray, spiral: np.ndarray) -> np.ndarray | float:
    """Below T 2.1 the cloud is broken: separate thunderstorms that hide a quarter of the sky or more."""
    share = max((t - 0.9) / 1.2, 0.25)
    if share >= 1:
        return 1.0
    odds = share / (1 - share)
    return _sigmoid(4 * (texture + 0.6 * spiral + 0.7 * math.log(odds)))


def _sigmoid(field: np.ndarray) -> np.ndarray:
    result = cv2.exp(-field)
    result += 1
    return cv2.divide(1.0, result)


def _bell(field: np.ndarray) -> np.ndarray:
    return cv2.exp(-(field * field))


def _rotated(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along and to the left of a direction."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return x * cosine + y * sine, y * cosine - x * sine


# --- layers, each (top in kelvin, opacity), from the sea upwards ------------------------------


def _background(scene: _Scene, storm: Storm, i: int, land: np.ndarray | None) -> np.ndarray:
    """Sea that cools poleward, land that heats by day, patches of low cloud."""
    sea = storm.sea_surface_k - 0.4 * max(abs(float(storm.lat[i])) - 15, 0)
    low_cloud = 9 * np.maximum(scene.cluster + 0.35 * scene.texture - 0.4, 0)
    if land is None:
        return sea - low_cloud
    ground = 292 + 10 * math.cos(2 * math.pi * (float(storm.local_hour[i]) - 13) / 24)
    return sea + (ground - sea) * land - low_cloud


def _clusters(scene: _Scene) -> tuple[np.ndarray, np.ndarray]:
    """Thunderstorm clusters that do not belong to the storm."""
    opacity = 0.85 * _sigmoid(5 * (1.1 * scene.cluster + 0.5 * scene.texture - 2.0))
    return 228 + 6 * scene.texture, opacity


def _cirrus(scene: _Scene) -> tuple[np.ndarray, np.ndarray]:
    """Thin outflow around the overcast."""
    square = (scene.overcast_radius * (1 / (1.9 * scene.size_km))) ** 2
    opacity = 0.55 * _bell(square) * np.clip(0.6 + 0.4 * scene.cluster, 0, 1)
    return 250 + 5 * scene.texture, opacity


def _outer_bands(scene: _Scene) -> tuple[np.ndarray, np.ndarray]:
    """Two-armed rainbands at twice the radius of the overcast."""
    arms = 2 * (scene.angle + 0.8 * scene.cotangent * (scene.log_radius - 5)) - 0.5 * scene.hour
    pattern = np.cos(arms) + 0.9 * scene.spiral
    distance = (scene.radius - 2.1 * scene.size_km) * (1 / (0.8 * scene.size_km + 40))
    opacity = (0.75 * _sigmoid(4 * (pattern - 1.15))) * _bell(distance) * scene.cover
    return scene.top_k + 14 + 5 * scene.texture, opacity


def _curved_band(scene: _Scene) -> tuple[np.ndarray, np.ndarray]:
    """Dvorak's curved band: a log spiral whose arc grows by a fifth of a turn per half T-number."""
    arc = min(2 * math.pi * float(np.clip(0.2 + 0.4 * (scene.t - 1.5), 0.15, 1.3)), 5.9)
    along = scene.angle - (scene.band_start % (2 * math.pi))
    along += (2 * math.pi) * (along < 0)
    spiral_radius = 1.35 * scene.size_km * cv2.exp((math.pi - along) * (1 / scene.cotangent))
    tapered = _sigmoid(6 * (arc - along)) * _sigmoid(9 * (along - 0.45))
    width = np.maximum(40 + 10 * scene.spiral, 10)
    strength = float(np.clip(1.25 - 0.12 * scene.t, 0.35, 1))
    opacity = (strength * tapered) * _bell((scene.radius - spiral_radius) / width) * scene.cover
    return scene.top_k + 6 + 5 * scene.texture, opacity


def _overcast(scene: _Scene) -> tuple[np.ndarray, np.ndarray]:
    """Central dense overcast: cold, ragged in weak storms, colder upshear."""
    ragged, size = scene.raggedness, scene.size_km
    edge = size * (1 + 0.42 * ragged * scene.spiral + 0.22 * ragged * scene.texture + 0.10 * scene.cluster)
    opacity = _sigmoid((edge - scene.overcast_radius) * (1 / (14 + 14 * ragged))) * scene.cover
    top = scene.top_k + 9 * (scene.overcast_radius * (1 / size)) ** 2
    top += (1.6 + 2.6 * ragged) * scene.texture
    top += (2.2 * ragged) * scene.spiral
    top -= (0.25 * scene.shear_ms) * np.tanh(scene.downshear_km * (1 / size))
    return top, opacity


def _open_eye(kelvin: np.ndarray, scene: _Scene) -> None:
    """Cool the eyewall ring and open the eye, in place; a clear eye is warm (ADT table)."""
    clarity, radius = scene.eye_clarity, scene.eye_radius_km
    along, across = _rotated(scene.x, scene.y, 0.9 * scene.hour)
    distance = cv2.magnitude(along * (1 + scene.eccentricity), across * (1 - scene.eccentricity))
    kelvin -= (3.5 * clarity) * _bell((distance - (2.1 * radius + 12)) * (1 / 22))
    clear_k = float(np.interp(scene.t, range(4, 9), _EYE_C)) + ZERO_CELSIUS_K
    eye_k = scene.top_k + (clear_k - scene.top_k) * min(0.35 + 0.65 * clarity, 1)
    kelvin += (eye_k - kelvin) * (clarity * _sigmoid((radius - distance) * (1 / (2.5 + 0.10 * radius))))


# --- land, and what operators draw on an image ------------------------------------------------

_MAP_CELLS_PER_DEGREE = 20  # 5.6 km, below a pixel of the usual 8 km


@cache
def _land_map() -> np.ndarray:
    """Share of land times 255, uint8, over `tracks.COAST_BOX`; row 0 is the southern edge."""
    west, east, south, north = tracks.COAST_BOX
    land = np.zeros([round(side * _MAP_CELLS_PER_DEGREE) for side in (north - south, east - west)], np.uint8)
    for polygon in tracks.coastline():
        cells = (polygon - (west, south)) * _MAP_CELLS_PER_DEGREE
        cv2.fillPoly(land, [np.rint(cells).astype(np.int32)], 255)
    return cv2.GaussianBlur(land, (5, 5), 0)  # no staircase in large images


def land_share(lat: float, lon: float, num_pixels: int = 128, width_km: float = 1024.0) -> np.ndarray:
    """Land around a place, on the pixels of an image centred there.

    Args:
        lat, lon: of the centre, degrees north and east; all is sea outside `tracks.COAST_BOX`.
        num_pixels, width_km: as for `Renderer`.

    Returns:
        float32 (num_pixels, num_pixels), 0 for sea to 1 for land.

    Raises:
        ValueError: the place is missing (NaN), or no place on Earth: it would be called sea.
    """
    if not (abs(lat) <= 90 and abs(lon) <= 360):
        raise ValueError(f"There is no place at latitude {lat} and longitude {lon}.")
    step = width_km / num_pixels
    km = (np.arange(num_pixels, dtype=np.float32) + 0.5) * step - width_km / 2
    east, north = np.meshgrid(km, -km)
    longitude = float(tracks.within_180(lon)) + east / (KM_PER_DEGREE * math.cos(math.radians(lat)))
    latitude = lat + north / KM_PER_DEGREE
    west, _, south, _ = tracks.COAST_BOX
    column = ((longitude - west) * _MAP_CELLS_PER_DEGREE).astype(np.float32)
    row = ((latitude - south) * _MAP_CELLS_PER_DEGREE).astype(np.float32)
    return cv2.remap(_land_map(), column, row, cv2.INTER_LINEAR) / np.float32(255)


def annotate(
    frame: np.ndarray,
    text: str = "",
    centre: tuple[float, float] | None = None,
    width_km: float = 1024.0,
    corner: str = "top left",
) -> np.ndarray:
    """Burn text, coastline and a grid into an image, as operational displays do.

    A network can learn the storm from such marks and ignore its clouds: the trust notebook shows it.

    Args:
        frame: uint8 (n, n); it is not changed.
        text: date, storm name and so on; new lines are allowed.
        centre: latitude and longitude of the image; draws the coastline and a grid of 5 degrees.
        width_km: of the image.
        corner: of the text: "top left", "top right", "bottom left" or "bottom right".

    Returns:
        A new uint8 image of the same shape.
    """
    marked = frame.copy()
    if centre is not None:
        _draw_map(marked, centre, width_km)
    size = len(frame)
    scale = max(size / 640, 0.25)
    lines = text.split("\n") if text else []
    height = round(30 * scale) + 1
    vertical, horizontal = corner.split()
    for i, line in enumerate(lines):
        (width, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        left = 2 if horizontal == "left" else size - 2 - width
        bottom = height * (i + 1) if vertical == "top" else size - 3 - height * (len(lines) - 1 - i)
        cv2.putText(marked, line, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    return marked


def _draw_map(frame: np.ndarray, centre: tuple[float, float], width_km: float) -> None:
    """Draw coastline (bright) and a grid of 5 degrees (gray) around a place, in place."""
    lat, lon = centre[0], float(tracks.within_180(centre[1]))
    pixels_per_km = len(frame) / width_km
    shrink = math.cos(math.radians(lat))

    def pixel(lon_lat: np.ndarray) -> np.ndarray:
        east = (lon_lat[:, 0] - lon) * KM_PER_DEGREE * shrink
        south = (lat - lon_lat[:, 1]) * KM_PER_DEGREE
        return np.rint(np.column_stack([east, south]) * pixels_per_km + len(frame) / 2).astype(np.int32)

    reach = np.array([width_km / shrink, width_km]) / KM_PER_DEGREE
    low = np.floor((np.array([lon, lat]) - reach) / 5) * 5
    high = np.ceil((np.array([lon, lat]) + reach) / 5) * 5
    for at in np.arange(low[0], high[0] + 1, 5):
        cv2.polylines(frame, [pixel(np.array([[at, low[1]], [at, high[1]]]))], False, 110)
    for at in np.arange(low[1], high[1] + 1, 5):
        cv2.polylines(frame, [pixel(np.array([[low[0], at], [high[0], at]]))], False, 110)
    for outline in tracks.coastline():
        if (outline.max(0) >= low).all() and (outline.min(0) <= high).all():
            cv2.polylines(frame, [pixel(outline)], True, 220)
