"""Figures of notebook 02: networks, neighbours, planes, activations, curves, templates."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from utils import viz

MARKERS = "osD^vP*X<>"  # ten, one per class
DASHES = ["-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))]


def draw_network(widths: Sequence[int], titles: Sequence[str]) -> Figure:
    """A fully connected network: one column of circles per layer, all columns linked.

    Args:
        widths: neurons per layer, inputs first.
        titles: one per layer.
    """
    shown = [7 if width > 12 else width for width in widths]
    fig, ax = plt.subplots(figsize=(8.5, 3.9))
    columns = []
    for x, (width, count) in enumerate(zip(widths, shown, strict=True)):
        y = np.linspace(0.9, -0.9, count)
        hidden = count // 2 if width > count else None  # one gap stands for all neurons not drawn
        columns.append([(x, v) for i, v in enumerate(y) if i != hidden])
        if hidden is not None:
            ax.text(x, y[hidden], "⋮", ha="center", va="center", fontsize=16)
    for left, right in zip(columns, columns[1:], strict=False):
        for x0, y0 in left:
            for x1, y1 in right:
                ax.plot([x0, x1], [y0, y1], color="0.75", lw=0.5, zorder=1)
    for x, column in enumerate(columns):
        places, heights = np.array(column).T
        ax.scatter(places, heights, s=90, color=f"C{x}", edgecolor="black", linewidth=0.6, zorder=2)
        ax.text(x, 1.12, titles[x], ha="center", va="bottom")
    for x, (before, after) in enumerate(zip(widths, widths[1:], strict=False)):
        text = f"{before} × {after} weights\n+ {after} biases\n= {before * after + after:,}"
        ax.text(x + 0.5, -1.1, text, ha="center", va="top")
    ax.set(xlim=(-0.4, len(widths) - 0.6), ylim=(-1.75, 1.5))
    ax.set_title("Every neuron is connected to all of the layer before", pad=8)
    ax.axis("off")
    return fig


def draw_neighbours(
    queries: np.ndarray,
    found: np.ndarray,
    query_names: Sequence[str],
    found_names: Sequence[Sequence[str]],
    distances: np.ndarray,
) -> Figure:
    """Each row: a query image, then its nearest images with name and distance.

    Args:
        queries: shape (n, 28, 28).
        found: shape (n, k, 28, 28).
        query_names: shape (n,).
        found_names, distances: shape (n, k).
    """
    rows, columns = found.shape[:2]
    fig, axes = plt.subplots(rows, columns + 1, figsize=(1.3 * (columns + 1), 1.55 * rows))
    for row in range(rows):
        for column, ax in enumerate(axes[row]):
            ax.axis("off")
            if column == 0:
                ax.imshow(queries[row], cmap="gray_r")
                ax.set_title(f"query:\n{query_names[row]}", fontsize=8, fontweight="bold")
                continue
            name = found_names[row][column - 1]
            wrong = name != query_names[row]
            ax.imshow(found[row, column - 1], cmap="gray_r")
            style = {"color": viz.ORANGE, "fontweight": "bold"} if wrong else {}
            ax.set_title(f"{name}\n{distances[row, column - 1]:.1f}", fontsize=8, **style)
    return fig


def draw_planes(maps: Mapping[str, tuple[np.ndarray, np.ndarray, Sequence[str], np.ndarray]]) -> Figure:
    """Images as points in the plane of their first two principal components.

    Args:
        maps: for each data set the points (n, 2), labels (n,), class names, and the share of the
            variance that each component keeps (2,).
    """
    fig, axes = plt.subplots(1, len(maps), figsize=(5.6 * len(maps), 4.6))
    colors = [*(f"C{number}" for number in range(8)), "0.55", "#8C510A"]
    for ax, (title, (points, labels, names, share)) in zip(axes, maps.items(), strict=True):
        for number, name in enumerate(names):
            chosen = points[labels == number]
            ax.scatter(
                *chosen.T, s=16, alpha=0.7, lw=0, color=colors[number], marker=MARKERS[number], label=name
            )
        ax.set(
            title=f"{title}: two numbers keep {share.sum():.0%} of the variance",
            xlabel=f"principal component 1 ({share[0]:.0%})",
            ylabel=f"principal component 2 ({share[1]:.0%})",
        )
        ax.legend(fontsize=7.5, markerscale=1.8, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def draw_activations(
    z: np.ndarray, values: Mapping[str, np.ndarray], slopes: Mapping[str, np.ndarray]
) -> Figure:
    """Activation functions (left) and their derivatives (right) over the same input.

    Args:
        z: inputs, shape (n,).
        values, slopes: for each function its values and derivatives, shape (n,).
    """
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharex=True)
    for number, name in enumerate(values):
        style = {"color": f"C{number}", "ls": DASHES[number], "label": name}
        axes[0].plot(z, values[name], **style)
        axes[1].plot(z, slopes[name], **style)
    axes[0].set(title="Activation function", xlabel="input z of the neuron", ylabel="output a(z)")
    axes[1].set(
        title="Its derivative: what learning gets back", xlabel="input z of the neuron", ylabel="da/dz"
    )
    axes[0].set_ylim(-1.5, 4)
    axes[0].legend()
    return fig


def draw_curves(
    runs: Mapping[str, Sequence[float]],
    title: str,
    xlabel: str,
    ylabel: str,
    x: Sequence[float] | None = None,
) -> Figure:
    """Several lines over a common x, each with its own colour, dash and marker.

    Args:
        runs: values of each line.
        title, xlabel, ylabel: texts.
        x: common to all; 1, 2, 3, ... if left out.
    """
    fig, ax = plt.subplots()
    for number, (label, values) in enumerate(runs.items()):
        places = np.arange(1, len(values) + 1) if x is None else x
        ax.plot(
            places,
            values,
            color=f"C{number}",
            ls=DASHES[number % 5],
            marker=MARKERS[number],
            ms=4.5,
            label=label,
        )
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return fig


def draw_templates(weights: np.ndarray, names: Sequence[str]) -> Figure:
    """The weights of each class as a picture: orange-red votes for the class, blue against it.

    Args:
        weights: shape (28, 28, classes).
        names: of the classes.
    """
    fig, axes = plt.subplots(2, 5, figsize=(9, 4))
    span = np.quantile(np.abs(weights), 0.995)
    for number, ax in enumerate(axes.flat):
        image = ax.imshow(weights[:, :, number], cmap="RdBu_r", vmin=-span, vmax=span)
        ax.set_title(names[number], fontsize=9)
        ax.axis("off")
    fig.colorbar(image, ax=axes, label="weight of the pixel", shrink=0.8)
    return fig


def draw_bars(scores: Mapping[str, float], title: str, xlabel: str) -> Figure:
    """Horizontal bars with the value at the end of each.

    Args:
        scores: value of each bar, from 0 to 1.
        title, xlabel: texts.
    """
    fig, ax = plt.subplots(figsize=(7, 0.42 * len(scores) + 1.2))
    names = list(scores)[::-1]
    ax.barh(names, [scores[name] for name in names], color=viz.BLUE)
    for row, name in enumerate(names):
        ax.text(scores[name] + 0.01, row, f"{scores[name]:.1%}", va="center", fontsize=9)
    ax.set(title=title, xlabel=xlabel, xlim=(0, 1))
    ax.grid(axis="y", visible=False)
    return fig


def draw_optimism(tries: Sequence[int], seen: np.ndarray, fresh: np.ndarray, test_size: int) -> Figure:
    """Score of the winner on the small set that chose it, and on fresh images, over the number of tries.

    Args:
        tries: numbers of settings tried.
        seen, fresh: scores of the winner, shape (repeats, len(tries)).
        test_size: images in the small set.
    """
    fig, ax = plt.subplots()
    for values, label, color, style, marker in (
        (seen, f"on the {test_size} test images that chose it", viz.ORANGE, "--", "s"),
        (fresh, "on fresh images", viz.BLUE, "-", "o"),
    ):
        low, high = np.quantile(values, [0.1, 0.9], axis=0)
        ax.plot(tries, values.mean(0), ls=style, marker=marker, color=color, label=label)
        ax.fill_between(tries, low, high, color=color, alpha=0.15, lw=0)
    ax.set_xscale("log")
    ax.set_xticks(tries, [str(n) for n in tries])
    ax.minorticks_off()
    ax.set(
        title="Choosing on the test set makes the winner look too good",
        xlabel="number of settings tried", ylabel="accuracy of the winner",
    )  # fmt: skip
    ax.legend()
    return fig


def draw_shifted_image(
    images: Sequence[np.ndarray],
    probabilities: Sequence[np.ndarray],
    titles: Sequence[str],
    names: Sequence[str],
) -> Figure:
    """Pictures above, the probabilities that the network gives to each class below.

    Args:
        images: each of shape (28, 28).
        probabilities: each of shape (classes,).
        titles: one per image.
        names: of the classes.
    """
    count = len(images)
    fig, axes = plt.subplots(2, count, figsize=(2.2 * count + 1.2, 4.6), squeeze=False, sharey="row")
    for column in range(count):
        picture, chart = axes[:, column]
        picture.imshow(images[column], cmap="gray_r")
        picture.set_title(titles[column], fontsize=9)
        picture.set(xticks=[], yticks=[])
        picture.grid(False)
        picture.spines[:].set_visible(True)
        best = int(np.argmax(probabilities[column]))
        colors = [viz.ORANGE if number == best else viz.BLUE for number in range(len(names))]
        chart.barh(range(len(names)), probabilities[column], color=colors)
        chart.set(xlim=(0, 1), xlabel="probability", xticks=[0, 0.5, 1])
        chart.set_yticks(range(len(names)), names, fontsize=8)
    axes[1, 0].invert_yaxis()
    return fig
