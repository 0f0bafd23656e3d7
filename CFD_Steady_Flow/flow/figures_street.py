"""Figures of notebook 10: frames of a vortex street, forecasts of them, what they lose."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from flow import fields, street

STYLES = ("-", "--", "-.", ":")


def _vorticity(ax: Axes, velocity: np.ndarray, span: float) -> None:
    """Vorticity of one frame (41, 128, 2); the cylinder is grey."""
    extent = (0, street.COLUMNS * street.CELL_M, 0, velocity.shape[0] * street.CELL_M)
    field = np.where(street.solid(), np.nan, fields.vorticity(velocity))
    ax.imshow(field, origin="lower", extent=extent, cmap="RdBu_r", vmin=-span, vmax=span)
    ax.set_facecolor("0.3")
    ax.grid(False)


def _span(velocity: np.ndarray) -> float:
    return 0.6 * float(np.percentile(np.abs(fields.vorticity(velocity)), 99.5))


def draw_runs(runs: Mapping[str, street.Frames]) -> Figure:
    """Above: vorticity of the last frame of the first run. Below: the lift of all runs in periods."""
    fig, (above, below) = plt.subplots(2, 1, figsize=(8.6, 5.2), height_ratios=(1.2, 1))
    first = next(iter(runs.values()))
    _vorticity(above, first.velocity[-1], _span(first.velocity[-1]))
    above.set(xlabel="x (m)", ylabel="y (m)", title="Vorticity: red turns anticlockwise, blue clockwise")
    for (name, run), style in zip(runs.items(), STYLES, strict=False):
        shown = run.coefficients[: street.NUM_DISTURBED, 1]
        below.plot(np.arange(len(shown)) / street.PERIOD, shown, style, label=name)
    below.set(xlabel="time (periods)", ylabel="lift coefficient")
    below.legend(loc="upper left", ncols=len(runs))
    below.set_ylim(-1.2, 1.65)
    return fig


def draw_errors(errors: Mapping[str, Mapping[str, np.ndarray]], floor: Mapping[str, float]) -> Figure:
    """One panel a run: error of each forecast by time, logarithmic; dotted, what the modes cannot show at all."""
    fig, axes = plt.subplots(1, len(errors), figsize=(9.4, 4.2), sharey=True)
    for ax, (title, curves) in zip(axes, errors.items(), strict=True):
        for number, (name, error) in enumerate(curves.items()):
            time = np.arange(1, len(error) + 1) / street.PERIOD
            ax.semilogy(time, error, STYLES[number % 4], label=name)
        ax.axhline(1, color="0.6", lw=1)
        ax.axhline(floor[title], color="0.6", lw=1, ls=":")
        ax.set(xlabel="time (periods)", title=title, ylim=(0.01, 30))
    axes[0].set_ylabel("error / size of the swing")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def draw_forecasts(frames: Mapping[str, np.ndarray]) -> Figure:
    """Vorticity of one moment by several forecasts; the first of them is the truth and sets the colours."""
    rows = (len(frames) + 1) // 2
    fig, axes = plt.subplots(rows, 2, figsize=(9, 1.75 * rows), sharex=True, sharey=True)
    span = _span(next(iter(frames.values())))
    for ax, (name, velocity) in zip(axes.ravel(), frames.items(), strict=False):
        _vorticity(ax, velocity, span)
        ax.set_title(name)
    for ax in axes.ravel()[len(frames) :]:
        ax.set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("x (m)")
    for ax in axes[:, 0]:
        ax.set_ylabel("y (m)")
    return fig


def draw_eigenvalues(eigenvalues: Mapping[str, np.ndarray]) -> Figure:
    """Eigenvalues of step matrices in the complex plane, with the unit circle."""
    fig, ax = plt.subplots(figsize=(4.6, 4.4))
    turn = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(turn), np.sin(turn), color="0.6", lw=1)
    for marker, (name, values) in zip("ox", eigenvalues.items(), strict=False):
        ax.plot(values.real, values.imag, marker, ms=7, mfc="none", label=name)
    ax.set(
        xlabel="real part", ylabel="imaginary part", title="What one step does to each mode", aspect="equal"
    )
    fig.legend(loc="outside lower center", ncols=2)
    return fig


def draw_spectra(spectra: Mapping[str, np.ndarray]) -> Figure:
    """Power of v along the wake by wave number, log-log; the first is the truth."""
    fig, ax = plt.subplots(figsize=(6.8, 4.2))
    length = (street.COLUMNS - street.FIRST_COLUMN) * street.CELL_M
    for number, (name, power) in enumerate(spectra.items()):
        waves = np.arange(1, len(power)) / length
        width, color = (3, "0.7") if not number else (1.5, None)
        ax.loglog(
            waves, power[1:], STYLES[(number - 1) % 4] if number else "-", lw=width, color=color, label=name
        )
    ax.set(
        xlabel="waves per metre along the wake",
        ylabel="power of v",
        title="Energy spectrum behind the cylinder",
    )
    fig.legend(loc="outside lower center", ncols=3)
    return fig


def draw_lifts(lifts: Mapping[str, np.ndarray]) -> Figure:
    """Lift coefficient by time; the first is the truth."""
    fig, ax = plt.subplots(figsize=(8.6, 3.2))
    for number, (name, lift) in enumerate(lifts.items()):
        time = np.arange(1, len(lift) + 1) / street.PERIOD
        width, color = (3, "0.7") if not number else (1.5, f"C{number - 1}")
        ax.plot(time, lift, STYLES[(number - 1) % 4] if number else "-", lw=width, color=color, label=name)
    ax.set(
        xlabel="time (periods)",
        ylabel="lift coefficient",
        title="A street at 60 % of its swing",
        ylim=(-1.3, 1.75),
    )
    ax.legend(loc="upper left", ncols=len(lifts))
    return fig
