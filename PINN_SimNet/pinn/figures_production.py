"""Figures of notebook 10, On to Production."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from utils import viz

COLORS = (viz.BLACK, viz.ORANGE, viz.BLUE, viz.GREEN)


def draw_schedules(rates: Mapping[str, Sequence[float]]) -> Figure:
    """Learning rate against step.

    Args:
        rates: for each schedule the rate of every step; four at most.
    """
    fig, ax = plt.subplots(figsize=(8, 3.4))
    for color, style, (name, values) in zip(COLORS, ("-", "--", "-", "-."), rates.items(), strict=False):
        ax.plot(values, style, color=color, label=name)
    ax.set(xlabel="step", ylabel="learning rate", title="Linear-exponential schedules")
    ax.legend(fontsize=8)
    return fig


def draw_scaling(table: pd.DataFrame) -> Figure:
    """Time of a step with one process and with several, one panel per size, and the ideal.

    Args:
        table: columns size, processes, ms_per_step; the first row of each size has one process.
    """
    names = list(dict.fromkeys(table["size"]))
    fig, axes = plt.subplots(1, len(names), figsize=(8, 3.2), squeeze=False)
    for ax, name in zip(axes[0], names, strict=True):
        rows = table[table["size"] == name]
        processes, time = rows["processes"].to_numpy(), rows["ms_per_step"].to_numpy()
        place = np.arange(len(rows))
        ax.bar(place, time, color=[viz.SKY, viz.BLUE][: len(rows)], width=0.6)
        for x, ideal in zip(place, time[0] / processes, strict=True):
            ax.plot(
                [x - 0.38, x + 0.38],
                [ideal, ideal],
                "--",
                color=viz.BLACK,
                lw=1.5,
                label="ideal" if x == 0 else None,
            )
        ax.set_xticks(place, [str(number) for number in processes])
        ax.set(xlabel="processes", title=f"{name} problem", ylabel="time of a step (ms)")
        ax.legend()
    return fig
