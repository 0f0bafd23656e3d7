"""Figures of the lab: frames in kelvin, tracks on a map, winds between fixes.

Every function returns the figure; the notebook shows it with ``viz.show``, a caption and a text for
screen readers. Figures of generated frames say so in their title.
"""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from cyclone import imagery, tracks
from cyclone.dataset import Frames
from utils import viz

# One colour per class, light for weak and dark for strong: also right in grey print.
CLASS_COLOURS = tuple(mpl.colors.to_hex(c) for c in mpl.colormaps["viridis_r"](np.linspace(0.03, 1, 8)))
SYNTHETIC = "synthetic imagery, real tracks and winds"

_COLD_CLOUD_K = 243.0  # warmer is drawn in grey, colder in colour
# Enhancement BD of the Dvorak technique, from cold to warm: upper limit in degrees Celsius, grey.
_BD_STEPS = ((-80, 0.33), (-76, 0.55), (-70, 1.0), (-64, 0.0), (-54, 0.72), (-42, 0.52), (-30, 0.30))


def describe_origin(frames: Frames) -> str:
    """What a figure's title must say about these frames: are the images synthetic or real?"""
    return SYNTHETIC if np.isfinite(frames.t_number).all() else "real imagery, tracks and winds"


def make_enhancement(name: str = "colour") -> tuple[Colormap, Normalize]:
    """Colour map and scale that turn brightness temperature in kelvin into a picture.

    Args:
        name: ``"grey"``, cold is white; ``"colour"``, grey down to 243 K and colours for colder cloud,
            much as forecasters use; ``"bd"``, the grey steps of Dvorak (1984, NOAA Tech. Rep. NESDIS 11).

    Raises:
        ValueError: there is no such enhancement.
    """
    cold, warm = imagery.COLD_K, imagery.WARM_K
    if name == "grey":
        return mpl.colormaps["gray_r"], Normalize(cold, warm)
    if name == "colour":
        share = (_COLD_CLOUD_K - cold) / (warm - cold)
        coloured = mpl.colormaps["viridis"](np.linspace(0, 1, round(256 * share)))
        grey = mpl.colormaps["gray_r"](np.linspace(0.08, 0.95, 256 - len(coloured)))
        return ListedColormap(np.concatenate([coloured, grey]), name="colour"), Normalize(cold, warm)
    if name == "bd":
        limits = [cold, *(limit + imagery.ZERO_CELSIUS_K for limit, _ in _BD_STEPS)]
        ramp = np.linspace(_BD_STEPS[-1][0] + 3, 9, 14) + imagery.ZERO_CELSIUS_K
        greys = [grey for _, grey in _BD_STEPS] + [*np.linspace(0.95, 0.1, len(ramp)), 0.5]
        colours = ListedColormap([(grey, grey, grey) for grey in greys], name="bd")
        return colours, BoundaryNorm([*limits, *ramp, warm], colours.N)
    raise ValueError(f"There is no enhancement '{name}'. Choose 'grey', 'colour' or 'bd'.")


def draw_frame_grid(
    frames: np.ndarray,
    titles: Sequence[str] = (),
    columns: int = 5,
    width_km: float = 640.0,
    title: str = "",
    enhance: str = "colour",
    marked: Sequence[bool] = (),
    circles_km: Sequence[float] = (),
) -> Figure:
    """Infrared frames side by side on one scale in kelvin, with a bar of 200 km.

    Args:
        frames: uint8 (n, size, size), see `imagery.to_kelvin`, or kelvin as floats.
        titles: one per frame.
        columns: frames per row.
        width_km: of one frame.
        title: of the figure; say that the imagery is synthetic if it is.
        enhance: see `make_enhancement`.
        marked: True draws the title bold and orange, for instance for a wrong prediction.
        circles_km: radii of circles to draw around the middle.
    """
    kelvin = imagery.to_kelvin(frames) if frames.dtype == np.uint8 else frames
    colours, scale = make_enhancement(enhance)
    rows = -(-len(kelvin) // columns)
    side = min(10.5 / columns, 2.4)
    height = rows * (side + (0.28 if len(titles) else 0.06)) + 0.45
    fig, axes = plt.subplots(rows, columns, figsize=(side * columns + 1.3, height), squeeze=False)
    for number, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if number >= len(kelvin):
            continue
        image = ax.imshow(
            kelvin[number],
            cmap=colours,
            norm=scale,
            extent=(0, width_km, 0, width_km),
            interpolation="nearest",
        )
        for radius in circles_km:
            middle = (width_km / 2, width_km / 2)
            ax.add_patch(Circle(middle, radius, fill=False, color=viz.ORANGE, lw=1.1, ls="--"))
        if number < len(titles):
            bold = number < len(marked) and marked[number]
            style = {"color": viz.ORANGE, "fontweight": "bold"} if bold else {}
            ax.set_title(titles[number], fontsize=9, **style)
    _scale_bar(axes.flat[0], width_km)
    bar = fig.colorbar(
        image, ax=axes, label="brightness temperature (K)", shrink=0.9, aspect=25, spacing="proportional"
    )
    if enhance == "bd":
        bar.minorticks_off()
        bar.set_ticks([180, 200, 220, 240, 260, 280, 300])
    if title:
        fig.suptitle(title)
    return fig


def _scale_bar(ax: Axes, width_km: float, length_km: float = 200.0) -> None:
    left, bottom = 0.05 * width_km, 0.06 * width_km
    for width, colour in ((5, "black"), (2.5, "white")):
        ax.plot([left, left + length_km], [bottom, bottom], color=colour, lw=width, solid_capstyle="butt")
    ax.text(left, bottom + 0.03 * width_km, f"{length_km:.0f} km", color="white", fontsize=8, va="bottom",
            bbox={"facecolor": "black", "edgecolor": "none", "pad": 1, "alpha": 0.6})  # fmt: skip


def draw_coast(ax: Axes, west: float, east: float, south: float, north: float) -> None:
    """Land as grey polygons, degrees as equal kilometres in the middle, and limits of a map."""
    land = PolyCollection(list(tracks.coastline()), facecolor="0.88", edgecolor="0.45", lw=0.6, zorder=0)
    ax.add_collection(land)
    middle = np.deg2rad((south + north) / 2)
    ax.set(xlim=(west, east), ylim=(south, north), aspect=1 / np.cos(middle))
    ax.set(xlabel="longitude (degrees east)", ylabel="latitude (degrees north)")
    ax.grid(alpha=0.3)


def draw_class_legend(ax: Axes, **placing) -> None:
    """One coloured line per class."""
    lines = [Line2D([], [], color=colour, lw=3) for colour in CLASS_COLOURS]
    ax.legend(lines, tracks.CLASSES, title="class", **placing)


def draw_track_map(table: pd.DataFrame, title: str, names: Mapping[str, str] | None = None) -> Figure:
    """Tracks on a map, each piece in the colour of the class at its beginning.

    Args:
        table: as from `tracks.load_tracks`; rows without a wind are left out.
        title: of the figure.
        names: text to write at the strongest fix of a storm, by storm_id.
    """
    table = table.dropna(subset=["wind_kt"])
    short_way = table.groupby("storm_id")["lon"].transform(lambda lon: np.unwrap(lon, period=360))
    table = table.assign(lon=short_way)
    pieces, classes = [], []
    for _, track in table.groupby("storm_id"):
        points = track[["lon", "lat"]].to_numpy(float)
        pieces.append(np.stack([points[:-1], points[1:]], axis=1))
        classes.append(tracks.wind_class(track["wind_kt"].iloc[:-1]))
    order = np.argsort(np.concatenate(classes), kind="stable")  # strong winds on top
    fig, ax = plt.subplots(figsize=(10, 5.2))
    west, east, south, north = tracks.COAST_BOX
    margin = 3
    low, high = table[["lon", "lat"]].min() - margin, table[["lon", "lat"]].max() + margin
    draw_coast(ax, max(west, low.lon), min(east, high.lon), max(south, low.lat), min(north, high.lat))
    if not (table["lon"].between(west, east) & table["lat"].between(south, north)).all():
        ax.set(xlim=(low.lon, high.lon), ylim=(low.lat, high.lat))  # the coast is known in the box only
    colours = np.array(CLASS_COLOURS)[np.concatenate(classes)[order]]
    ax.add_collection(LineCollection(list(np.concatenate(pieces)[order]), colors=list(colours), lw=1.6))
    for storm, text in (names or {}).items():
        peak = table.loc[table.loc[table["storm_id"] == storm, "wind_kt"].idxmax()]
        ax.annotate(text, (peak.lon, peak.lat), (8, 8), textcoords="offset points", fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1})  # fmt: skip
    ax.set_title(title)
    draw_class_legend(ax, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def _class_bands(ax: Axes, highest_kt: float) -> None:
    """Horizontal bands in the colours of the classes, with their names at the right edge."""
    edges = [0, *tracks.CLASS_LIMITS_KT, highest_kt]
    for name, colour, low, high in zip(tracks.CLASSES, CLASS_COLOURS, edges[:-1], edges[1:], strict=True):
        ax.axhspan(low, high, color=colour, alpha=0.25, lw=0)
        ax.text(1.01, (low + high) / 2, name, transform=ax.get_yaxis_transform(), va="center", fontsize=9)


def draw_t_number_curve() -> Figure:
    """Wind by T-number, with the classes as bands."""
    fig, ax = plt.subplots(figsize=(7, 4))
    t = np.arange(1, 8.01, 0.5)
    _class_bands(ax, 175)
    ax.plot(t, imagery.wind_of_t(t), "o-", color="black", ms=4)
    ax.set(xlim=(0.9, 8.1), ylim=(0, 175), xlabel="T-number", ylabel="1-minute wind (kt)")
    ax.set_title("What a T-number means (table of the Advanced Dvorak Technique)")
    return fig


def draw_estimates(truth_kt: np.ndarray, guesses: Mapping[str, np.ndarray], title: str) -> Figure:
    """Estimated against best-track wind; on the line they agree.

    Args:
        truth_kt: (n,).
        guesses: for each label the estimates, (n,).
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(6.4, 4.8))
    highest = 1.08 * max(truth_kt.max(), *(np.max(guess) for guess in guesses.values()))
    _class_bands(ax, max(highest, 150))
    ax.plot([0, highest], [0, highest], color="0.3", lw=1)
    few = len(truth_kt) < 50
    for marker, colour, (label, guess) in zip(
        "o^sD", ("black", viz.ORANGE, viz.BLUE, viz.PINK), guesses.items(), strict=False
    ):
        ax.plot(
            truth_kt, guess, marker, color=colour, ms=7 if few else 3, alpha=0.9 if few else 0.5, label=label
        )
    ax.set(xlim=(0, highest), ylim=(0, max(highest, 150)))
    ax.set(xlabel="best-track wind (kt)", ylabel="estimated wind (kt)", title=title)
    ax.legend(loc="upper left", frameon=True)
    return fig


def draw_consistency(simulated: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Share of right classes against RMSE: what goes together, and what was published.

    Args:
        simulated: columns ``rmse_kt`` and one per kind of class, shares from 0 to 1.
        published: indexed by label, with columns ``rmse_kt`` (NaN if none was given), ``right`` and
            ``classes``, the name of the column of ``simulated`` to which the share belongs.
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.4))
    colours = {}
    for number, name in enumerate(simulated.columns.drop("rmse_kt")):
        colours[name] = f"C{number}"
        ax.plot(simulated["rmse_kt"], 100 * simulated[name], color=colours[name], label=f"simulated, {name}")
    for marker, (label, row) in zip("sD^v", published.iterrows(), strict=False):
        if np.isfinite(row.rmse_kt):
            ax.plot(row.rmse_kt, 100 * row.right, marker, ms=9, color=colours[row.classes], label=label)
        else:
            ax.axhline(100 * row.right, ls="--", color=colours[row.classes], label=f"{label} (no RMSE given)")
    ax.set(xlim=(0, simulated["rmse_kt"].max()), ylim=(0, 103))
    ax.set(xlabel="root-mean-square error (kt)", ylabel="frames with the right class (%)")
    ax.set_title("Accuracy and error belong together")
    ax.legend(loc="lower left")
    return fig


def draw_season_counts(table: pd.DataFrame) -> Figure:
    """Storms per season by the class of their highest wind, stacked."""
    peaks = table.dropna(subset=["wind_kt"]).groupby(["season", "storm_id"])["wind_kt"].max().reset_index()
    counts = pd.crosstab(peaks["season"], tracks.wind_class(peaks["wind_kt"]))
    fig, ax = plt.subplots(figsize=(9, 3.8))
    below = np.zeros(len(counts))
    for number in counts:
        ax.bar(counts.index, counts[number], bottom=below, width=0.85, color=CLASS_COLOURS[number])
        below += counts[number].to_numpy()
    ax.set(xlabel="season", ylabel="storms", title="North Atlantic storms by the class of their highest wind")
    draw_class_legend(ax, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def draw_between_fixes(cases: Mapping[str, tuple[pd.DataFrame, Mapping[str, pd.DataFrame]]]) -> Figure:
    """Fixes and interpolated winds around the time at which two methods differ most, per storm.

    Args:
        cases: by title, the fixes of a storm (columns hours, wind_kt) and by method the table of
            `tracks.at_times`.
    """
    columns = 2
    rows = -(-len(cases) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(9.5, 2.9 * rows), squeeze=False)
    styles = {"spline": (viz.ORANGE, "-"), "pchip": (viz.BLUE, "-"), "linear": ("0.4", "--")}
    for ax, (title, (fixes, winds)) in zip(axes.flat, cases.items(), strict=False):
        apart = (winds["spline"]["wind_kt"] - winds["pchip"]["wind_kt"]).abs()
        middle = winds["spline"]["hours"][apart.idxmax()]
        for method, table in winds.items():
            colour, line = styles[method]
            near = (table["hours"] - middle).abs() <= 24
            ax.plot(table["hours"][near], table["wind_kt"][near], line, color=colour, label=method, lw=1.6)
        near = (fixes["hours"] - middle).abs() <= 24
        ax.plot(fixes["hours"][near], fixes["wind_kt"][near], "o", color="black", ms=5, label="fixes")
        ax.set(title=title, xlabel="hours since the first fix", ylabel="wind (kt)")
    axes.flat[0].legend()
    return fig


def draw_class_shares(counts: Mapping[str, np.ndarray], title: str) -> Figure:
    """Share of each class, one group of bars per class, on a logarithmic axis.

    Args:
        counts: for each label the number per class, (8,).
        title: of the figure.
    """
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    width = 0.8 / len(counts)
    for number, (label, values) in enumerate(counts.items()):
        percent = 100 * np.asarray(values) / np.sum(values)
        places = np.arange(len(percent)) + (number - (len(counts) - 1) / 2) * width
        ax.bar(places, percent, width, label=label)
        for place, value in zip(places, percent, strict=True):
            ax.text(
                place,
                value * 1.06,
                f"{value:.1f}" if value < 9.95 else f"{value:.0f}",
                ha="center",
                fontsize=7.5,
            )
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xticks(range(len(tracks.CLASSES)), tracks.CLASSES)
    ax.set(xlabel="class", ylabel="share (%), logarithmic", title=title)
    ax.legend()
    return fig


def draw_likeness(table: pd.DataFrame, other_storm: float) -> Figure:
    """How alike two frames of one storm are, by the hours between them.

    Args:
        table: indexed by hours, with the columns ``correlation`` of the images, ``same_class`` (share)
            and ``change_kt`` (root-mean-square change of the wind).
        other_storm: correlation of images of two different storms.
    """
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.2))
    panels = (
        ("correlation", "correlation of the images", 1),
        ("same_class", "frames with the same class (%)", 100),
        ("change_kt", "change of the wind (kt, RMS)", 1),
    )
    for ax, (column, label, factor) in zip(axes, panels, strict=True):
        ax.plot(table.index, factor * table[column], "o-", ms=4)
        ax.set(xlabel="hours between two frames", ylabel=label)
        ax.set_ylim(bottom=0)
    axes[0].axhline(other_storm, color="0.4", ls="--", label="another storm")
    axes[0].legend(loc="lower left")
    return fig
