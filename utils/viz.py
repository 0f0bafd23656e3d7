"""One figure style, and the plots that every lab repeats.

A notebook ends each figure with ``viz.show(fig, caption, alt)``: JupyterLab gives an ordinary
figure no text for screen readers, so this one is embedded with its own.
"""

import base64
import functools
import html
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    import pandas as pd

BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # Okabe and Ito (2008), distinguishable with any colour vision  # fmt: skip
DARK_ORANGE, DARK_GREEN = "#B34E00", "#007A59"  # for letters: the brighter ones are too light on white
TABLE = [  # of pandas' Styler
    {"selector": "", "props": "border-collapse:collapse;margin:0.5em 0"},
    {"selector": "th, td", "props": "padding:0.25em 0.8em;text-align:right;white-space:nowrap"},
    {"selector": "thead tr:last-child th", "props": "border-bottom:1px solid currentColor"},
    {
        "selector": "tbody tr:last-child td, tbody tr:last-child th",
        "props": "border-bottom:1px solid currentColor",
    },
]
CAPTION = (
    "border-left:3px solid #0072B2;font-size:0.95em;margin:0.3em 0 1em;max-width:46em;padding-left:0.7em"
)


def use_style() -> None:
    """Apply ``utils/bootcamp.mplstyle`` to all figures that follow, and nothing of a matplotlibrc in the home folder."""
    plt.style.use(["default", Path(__file__).with_name("bootcamp.mplstyle")])


SHARPNESS = 2  # pixels of a picture for one of the page


def show(fig: Figure, caption: str, alt: str) -> None:
    """Display a figure with a caption under it and a text for screen readers; close it.

    The picture has two pixels for each point of the screen, so that it stays sharp on fine displays and when enlarged.

    Args:
        fig: the figure.
        caption: one or two sentences: what it shows and what to see.
        alt: one sentence that stands in for the picture.
    """
    from IPython.display import HTML, display

    buffer = io.BytesIO()
    if _layouts is None:
        fig.savefig(buffer, format="png", dpi=SHARPNESS * fig.dpi)
    else:
        _save_quickly(fig, buffer, _layouts)
    plt.close(fig)
    width = int.from_bytes(buffer.getvalue()[16:20], "big") // SHARPNESS  # from the head of the PNG
    display(
        HTML(
            f'<figure style="margin:0"><img alt="{html.escape(alt, quote=True)}" width="{width}" '
            f'style="max-width:100%;height:auto;background:#fff" src="{_embedded(buffer.getvalue(), "png")}">'
            f'<figcaption style="{CAPTION}">{html.escape(caption)}</figcaption></figure>'
        )
    )


_layouts: dict[tuple, list] | None = None  # of the control that draws now


def _save_quickly(fig: Figure, buffer: io.BytesIO, layouts: dict[tuple, list]) -> None:
    """Save the picture of a control: its axes stay where its first picture had them, so that nothing jumps.

    To solve the layout and to find the edges of what is drawn takes as long as the drawing; `Figure.savefig` draws twice.
    """
    kind = (*fig.get_size_inches(), len(fig.axes))
    if kind in layouts:
        fig.set_layout_engine("none")
        for ax, place in zip(fig.axes, layouts[kind], strict=True):
            ax.set_position(place)
    fig.set_dpi(SHARPNESS * fig.dpi)
    FigureCanvasAgg(fig).print_png(buffer, pil_kwargs={"compress_level": 1})
    layouts.setdefault(kind, [ax.get_position(original=True) for ax in fig.axes])


MOTION = 1.5  # pixels of a moving picture for one of the page: half the bytes of a still one
MOTION_BYTES = 600_000  # of an animation with its still, in a notebook that was executed


def animate(
    frames: "Iterable[Figure] | Callable[[int], Figure]",
    caption: str,
    alt: str,
    count: int = 0,
    still: int = -1,
    seconds: float = 5.0,
) -> None:
    """Display a still that becomes an animation when its fold "Play" is opened, by a click or from the keyboard.

    Nothing moves before, and closing the fold stops it. It is one HTML text without scripts, so it works in JupyterLab,
    in a notebook nobody has trusted yet, on the site and without a network.

    Args:
        frames: figures of one size, in order: a list, a generator, or ``draw(number)`` that returns a figure. A generator
            may yield the same figure again and again and change its lines in between, which is much faster.
        caption: one or two sentences: what moves and what to see.
        alt: one sentence that stands in for the animation.
        count: with ``draw(number)``: how many frames.
        still: number of the frame that stands while nothing moves.
        seconds: length of one round; the last frame stays for a second more.

    Raises:
        ValueError: nothing to show, frames of several sizes, or more than `MOTION_BYTES`.
    """
    from IPython.display import HTML, display

    if callable(frames):
        frames = map(frames, range(count))
    pictures = [_pixels(figure) for figure in frames]
    if not pictures:
        raise ValueError("An animation needs frames: a list of figures, or draw(number) and a count.")
    sizes = {picture.size for picture in pictures}
    if len(sizes) > 1:
        raise ValueError(f"The frames of an animation have one size; these have {sorted(sizes)} pixels.")
    if not -len(pictures) <= still < len(pictures):
        raise ValueError(
            f"still={still}: there are {len(pictures)} frames, numbers 0 to {len(pictures) - 1}."
        )
    standing = io.BytesIO()
    pictures[still].save(standing, format="png", optimize=True)
    moving = _moving(pictures, seconds, MOTION_BYTES - standing.tell())
    width = round(pictures[0].width / MOTION)
    size = f"{(len(standing.getvalue()) + len(moving)) / 1000:.0f} kB"
    words = html.escape(alt, quote=True)
    look = "max-width:100%;height:auto;background:#fff"
    display(
        HTML(
            '<figure style="margin:0"><div style="position:relative">'
            f'<img alt="{words}" width="{width}" style="{look};display:block" src="{_embedded(standing.getvalue(), "png")}">'
            f'<details style="margin:0.3em 0"><summary style="cursor:pointer">Play ({seconds:g} s, {size}); close to stop'
            f'</summary><img alt="The same, moving." width="{width}" style="{look};position:absolute;top:0;left:0" '
            f'src="{_embedded(moving, "webp")}"></details></div>'
            f'<figcaption style="{CAPTION}">{html.escape(caption)}</figcaption></figure>'
        )
    )


def _pixels(figure: Figure) -> Any:
    """A figure as a picture of the Python Imaging Library; the figure is closed."""
    from PIL import Image

    buffer = io.BytesIO()
    with plt.rc_context({"savefig.bbox": "standard"}):  # cut to its content, frames would have several sizes
        figure.savefig(buffer, format="png", dpi=MOTION * figure.dpi, pil_kwargs={"compress_level": 1})
    figure.set_layout_engine(
        "none"
    )  # when it comes again nothing but its content moves, and it is drawn faster
    plt.close(figure)
    return Image.open(buffer).convert("RGB")


def _moving(pictures: Sequence[Any], seconds: float, room: int) -> bytes:
    """An animated WebP, as fine as there is room for."""
    each = round(1000 * seconds / len(pictures))
    lasting = [each] * (len(pictures) - 1) + [each + 1000]
    for quality in (85, 65, 45):
        buffer = io.BytesIO()
        settings = {"duration": lasting, "loop": 0, "quality": quality, "method": 2}
        pictures[0].save(buffer, "WEBP", save_all=True, append_images=pictures[1:], **settings)
        if buffer.tell() <= room:
            return buffer.getvalue()
    raise ValueError(
        f"{len(pictures)} frames take {buffer.tell() / 1000:.0f} kB and there is room for {max(room, 0) / 1000:.0f} kB. "
        "Show fewer or smaller frames."
    )


def _embedded(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def table(
    frame: "pd.DataFrame | pd.Series",
    caption: str = "",
    form: Any = "{:.6g}",
    best: Mapping[Any, str] | None = None,
    index: bool = True,
) -> None:
    """Display a table with a caption; on a narrow screen it scrolls inside of itself.

    Args:
        frame: the table; its labels are plain names with their units.
        caption: one sentence: what it shows and what to see.
        form: how numbers with a fraction are written; or, by column, how its values are.
        best: column and ``"min"`` or ``"max"``: that value is set in bold.
        index: False leaves the labels of the rows out.
    """
    from IPython.display import display

    frame = frame.to_frame(frame.name or "") if frame.ndim == 1 else frame
    by_column = form if isinstance(form, Mapping) else {}
    number = "{:.6g}" if by_column else form

    def written(value: Any) -> str:
        if isinstance(value, float | np.floating):
            text = "" if np.isnan(value) else number.format(value)
            return text if re.search("[1-9a-z]", text) else text.replace("-", "")  # no "-0.0"
        return str(value)

    styled = frame.style.format(
        {column: by_column.get(column, written) for column in frame.columns}, na_rep=""
    )
    for axis in ("index", "columns"):  # else a label 0.5 is written as 0.500000
        styled = styled.format_index(
            lambda label: f"{label:g}" if isinstance(label, float | np.floating) else str(label), axis=axis
        )
    styled = styled.set_table_styles(TABLE)
    styled = styled if index else styled.hide(axis="index")
    for column, which in (best or {}).items():
        winner = getattr(frame[column], f"idx{which}")()
        styled = styled.set_properties(subset=([winner], [column]), **{"font-weight": "bold"})
    words = f'<div style="{CAPTION}">{html.escape(caption)}</div>' if caption else ""
    label = html.escape(caption or "Table", quote=True)
    page = f'<div role="region" tabindex="0" aria-label="{label}" style="overflow-x:auto">{styled.to_html()}</div>{words}'
    display({"text/html": page, "text/plain": f"{frame.to_string(index=index)}\n{caption}".strip()}, raw=True)


def interact(draw: Callable[..., Any], **controls: Any) -> None:
    """Sliders and menus for the arguments of a function that shows something, as `ipywidgets.interact` makes them.

    Where no kernel runs, as on a web page, a strip of states stands in for them: the first control in five steps, the
    others as they begin. Axes stay where the first picture has them: give them limits that hold for every state.

    Args:
        draw: shows a figure or prints.
        controls: for each argument a range, a list or a widget.
    """
    from IPython.display import display
    from ipywidgets import interactive

    play = interactive(_with_steady_layout(draw), **controls)
    bundle = play._repr_mimebundle_(include=None, exclude=None)
    display(
        bundle | {"text/html": _strip(draw, play), "text/plain": "A control; run the cell to move it."},
        raw=True,
    )


def _with_steady_layout(draw: Callable[..., Any]) -> Callable[..., Any]:
    layouts: dict[tuple, list] = {}

    @functools.wraps(draw)
    def drawn(**values: Any) -> Any:
        global _layouts
        before, _layouts = _layouts, layouts
        try:
            return draw(**values)
        finally:
            _layouts = before

    return drawn


def _strip(draw: Callable[..., Any], play: Any) -> str:
    """Pictures of a function at five values of its first control, side by side."""
    from IPython.utils.capture import capture_output

    first, *others = play.kwargs_widgets
    rest = {control._kwarg: control.value for control in others}
    states = []
    for value in _states(first):
        with capture_output() as caught, plt.rc_context({"figure.dpi": 90}):
            draw(**{first._kwarg: value}, **rest)
        shown = "".join(output.data.get("text/html", "") for output in caught.outputs)
        printed = f"<pre>{html.escape(caught.stdout)}</pre>" if caught.stdout else ""
        label = (
            f"{first._kwarg.replace('_', ' ')}: {value:g}"
            if isinstance(value, float)
            else f"{first._kwarg.replace('_', ' ')}: {value}"
        )
        states.append(
            f'<div style="flex:0 0 min(30em,92%)"><p><b>{html.escape(label)}</b></p>{shown}{printed}</div>'
        )
    label = html.escape(f"Five states of the control {first._kwarg.replace('_', ' ')}", quote=True)
    return (
        f'<div role="region" tabindex="0" aria-label="{label}" style="display:flex;gap:1em;overflow-x:auto">'
        f"{''.join(states)}</div>"
    )


def _states(control: Any) -> list:
    """Five values of a control from its first to its last."""
    if hasattr(control, "options"):
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]
    elif hasattr(control, "max"):
        count = round((control.max - control.min) / control.step) + 1
        values = [type(control.value)(control.min + control.step * number) for number in range(count)]
    else:
        values = [control.value]
    return [values[place] for place in sorted({round(share * (len(values) - 1) / 4) for share in range(5)})]


def history(runs: Mapping[str, Mapping[str, Sequence[float]]], metric: str = "accuracy") -> Figure:
    """Training (dashed) and validation (solid) curves of one or several runs.

    Args:
        runs: for each label the columns of a training history (a dict or a DataFrame),
            with ``metric`` and ``val_<metric>``.
        metric: ``"accuracy"`` or ``"loss"``.
    """
    fig, ax = plt.subplots()
    for number, (label, run) in enumerate(runs.items()):
        color = f"C{number}"
        epochs = np.arange(1, len(run[metric]) + 1)
        ax.plot(epochs, run[metric], "--", color=color, label=f"{label}, training")
        if f"val_{metric}" in run:
            ax.plot(epochs, run[f"val_{metric}"], "o-", ms=4, color=color, label=f"{label}, validation")
    ax.set(xlabel="epoch", ylabel=metric, title=f"{metric.capitalize()} during training")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return fig


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Figure:
    """Share of each true class (row) that is given each label (column), in per cent.

    Args:
        truth, predicted: class numbers, shape (n,).
        names: class names in the order of their numbers.
    """
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (np.asarray(truth), np.asarray(predicted)), 1)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fig, ax = plt.subplots(figsize=(6.6, 5.6))
    image = ax.imshow(percent, cmap="cividis", vmin=0, vmax=100)
    for row, column in zip(*np.nonzero(percent >= 0.5), strict=True):
        color = "black" if percent[row, column] > 55 else "white"
        ax.text(column, row, f"{percent[row, column]:.0f}", ha="center", va="center", color=color, fontsize=8)
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class", title="Confusion matrix")
    ax.grid(False)
    fig.colorbar(image, ax=ax, label="share of the true class (%)")
    return fig


def image_grid(
    images: np.ndarray, titles: Sequence[str] = (), columns: int = 10, marked: Sequence[bool] = ()
) -> Figure:
    """Small grey pictures side by side.

    Args:
        images: shape (n, height, width) or (n, height, width, 1).
        titles: one per image.
        columns: pictures per row.
        marked: True draws the title bold and orange, e.g. for a wrong prediction.
    """
    images = np.asarray(images).reshape(len(images), *np.shape(images)[1:3])
    rows = -(-len(images) // columns)
    height = 1.15 if len(titles) else 0.9
    fig, axes = plt.subplots(rows, columns, figsize=(0.95 * columns, height * rows), squeeze=False)
    for number, ax in enumerate(axes.flat):
        ax.axis("off")
        if number >= len(images):
            continue
        ax.imshow(images[number], cmap="gray_r")
        if number < len(titles):
            bold = number < len(marked) and marked[number]
            style = {"color": DARK_ORANGE, "fontweight": "bold"} if bold else {}
            ax.set_title(titles[number], fontsize=8, **style)
    return fig


def field_pair(
    truth: np.ndarray, prediction: np.ndarray, label: str, extent: Sequence[float] | None = None
) -> Figure:
    """Truth and prediction of a field on one scale, and their difference on a symmetric one.

    Args:
        truth, prediction: shape (height, width), row 0 at the bottom.
        label: quantity and unit of the colour bar.
        extent: (left, right, bottom, top) in physical units.
    """
    low, high = np.nanmin(truth), np.nanmax(truth)
    error = prediction - truth
    span = max(np.nanmax(np.abs(error)), np.finfo(float).tiny)
    fig, axes = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
    panels = (
        ("truth", truth, "viridis", low, high, label),
        ("prediction", prediction, "viridis", low, high, label),
        ("prediction minus truth", error, "RdBu_r", -span, span, f"error in {label}"),
    )
    for ax, (title, values, cmap, vmin, vmax, bar) in zip(axes, panels, strict=True):
        image = ax.imshow(values, origin="lower", cmap=cmap, vmin=vmin, vmax=vmax, extent=extent)
        ax.set_title(title)
        ax.grid(False)
        fig.colorbar(image, ax=ax, label=bar, shrink=0.85)
    return fig
