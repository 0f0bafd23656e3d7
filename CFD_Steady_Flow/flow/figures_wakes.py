"""Figures of notebook 11: snapshots of wakes, true and drawn, their spread and their spectra."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from flow import fields


def draw_snapshots(rows: Mapping[str, np.ndarray], distance: np.ndarray) -> Figure:
    """Vorticity of a few snapshots a row, (k, 32, 64, 2) each; the body is grey. The first row sets the colours."""
    columns = max(len(frames) for frames in rows.values())
    fig, axes = plt.subplots(
        len(rows), columns, figsize=(9.2, 1.3 * len(rows) + 0.2), sharex=True, sharey=True, squeeze=False
    )
    span = 0.6 * np.percentile(np.abs([fields.vorticity(frame) for frame in next(iter(rows.values()))]), 99)
    for line, (name, frames) in zip(axes, rows.items(), strict=True):
        for ax, frame in zip(line, frames, strict=False):
            field = np.where(distance < 0, np.nan, fields.vorticity(frame))
            ax.imshow(field, origin="lower", extent=(0, 2, 0, 1), cmap="RdBu_r", vmin=-span, vmax=span)
            ax.set_facecolor("0.3")
        for ax in line:
            ax.grid(False)
            ax.set(xticks=[], yticks=[])
        for ax in line[len(frames) :]:
            ax.set_visible(False)
        line[0].set_title(name, loc="left")
    return fig


def draw_spread(maps: Mapping[str, np.ndarray], distance: np.ndarray) -> Figure:
    """Standard deviation (32, 64) of the velocity across the channel, on one scale."""
    fig, axes = plt.subplots(1, len(maps), figsize=(9.2, 1.9), sharey=True)
    top = max(float(field.max()) for field in maps.values())
    for ax, (name, field) in zip(axes, maps.items(), strict=True):
        shown = np.where(distance < 0, np.nan, field)
        image = ax.imshow(shown, origin="lower", extent=(0, 2, 0, 1), vmin=0, vmax=top)
        ax.set_facecolor("0.6")
        ax.grid(False)
        ax.set(title=name, xlabel="x / height")
    axes[0].set_ylabel("y / height")
    fig.colorbar(image, ax=axes, label="sd of v", shrink=0.9)
    return fig


def draw_spectra(spectra: Mapping[str, np.ndarray]) -> Figure:
    """Power of v along the wake by wave, logarithmic; the first is the truth."""
    fig, ax = plt.subplots(figsize=(6.8, 3.8))
    for number, (name, power) in enumerate(spectra.items()):
        style = {"lw": 4, "color": "0.75"} if not number else {"ls": ("--", "-", ":", "-.")[(number - 1) % 4]}
        ax.semilogy(np.arange(len(power)), power, label=name, **style)
    ax.set(xlabel="waves in the wake", ylabel="power of v", title="Energy spectrum, held-out bodies")
    ax.set_xticks(range(0, len(power), 3))
    ax.legend()
    return fig
