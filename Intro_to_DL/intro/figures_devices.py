"""Figures of notebook 06: speed of multiplications, roofline, steps, batches, number formats, compilers, scaling."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from intro.devices import FORMATS
from utils import viz


def draw_multiply(sizes: list[int], seconds: list[float]) -> Figure:
    """Time and rate of square matrix multiplications."""
    n, taken = np.array(sizes), np.array(seconds)
    rate = 2.0 * n**3 / taken / 1e9
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.5))
    left.loglog(n, 1e6 * taken, "o-", color=viz.BLUE, label="measured")
    left.loglog(n, 1e6 * 2.0 * n**3 / (1e9 * rate.max()), "--", color=viz.BLACK, label="work / peak rate")
    left.set(xlabel="matrix size n", ylabel="time per multiply (µs)", title="Latency: small calls stay slow")
    left.legend()
    right.loglog(sizes, rate, "s-", color=viz.ORANGE)
    right.set(xlabel="matrix size n", ylabel="rate (GFLOP/s)", title="Throughput: large calls fill the chip")
    for ax in (left, right):
        ax.set_xticks(sizes, [str(n) for n in sizes], rotation=45)
        ax.minorticks_off()
    return fig


def draw_roofline(peak: float, bandwidth: float, layers: pd.DataFrame) -> Figure:
    """The roof of a machine and the layers under it.

    Args:
        peak: FLOP/s.
        bandwidth: byte/s.
        layers: index name; columns intensity (FLOP/byte) and rate (FLOP/s).
    """
    fig, ax = plt.subplots(figsize=(8, 4.4))
    low, high = layers["intensity"].min() / 3, max(layers["intensity"].max(), peak / bandwidth) * 4
    x = np.geomspace(low, high, 200)
    ax.loglog(x, np.minimum(peak, bandwidth * x) / 1e9, color=viz.BLACK, label="measured roof")
    ax.axvline(peak / bandwidth, color=viz.BLACK, ls=":", lw=1, label="ridge: to its left, memory limits")
    markers = "osD^vPX"
    for number, (name, row) in enumerate(layers.iterrows()):
        ax.plot(
            row["intensity"], row["rate"] / 1e9, markers[number % 7], ms=9, color=f"C{number}", label=name
        )
    ax.set(
        xlabel="arithmetic intensity (FLOP per byte moved)",
        ylabel="rate (GFLOP/s)",
        title="Roofline of this machine, with the layers of a small network",
    )
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def draw_steps(steps: pd.DataFrame) -> Figure:
    """Stacked bars: one per column of ``steps``, milliseconds per training step by part (rows)."""
    fig, ax = plt.subplots(figsize=(8.4, 2.9))
    hatches = ("", "//", "..", "xx", "--")
    left = np.zeros(steps.shape[1])
    for number, (part, values) in enumerate(steps.iterrows()):
        ax.barh(
            list(steps.columns), values, left=left, label=part, color=f"C{number}", hatch=hatches[number],
            edgecolor="white",
        )  # fmt: skip
        left += values.to_numpy()
    ax.invert_yaxis()
    ax.set(xlabel="time per training step (ms)", title="Where the time of one training step goes")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=5)
    return fig


def draw_batches(runs: pd.DataFrame) -> Figure:
    """Speed and validation accuracy against batch size.

    Args:
        runs: columns batch, rule, images_per_s, accuracy.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6))
    same = runs[runs["rule"] == "same rate"]
    left.loglog(same["batch"], 1e6 / same["images_per_s"], "o-", color=viz.BLUE)
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter("{x:g}")
    left.set(ylabel="time per image (µs)", title="Large batches cost less per image")
    styles = {"same rate": ("o-", viz.BLUE), "rate x batch / 64": ("s--", viz.ORANGE)}
    for rule, group in runs.groupby("rule", sort=False):
        style, color = styles[rule]
        right.semilogx(group["batch"], 100 * group["accuracy"], style, color=color, label=rule)
    right.set(ylabel="validation accuracy (%)", title="but learn less per epoch")
    right.legend()
    for ax in (left, right):
        ax.set_xlabel("batch size (images)")
        ax.set_xticks(same["batch"], [str(b) for b in same["batch"]])
        ax.minorticks_off()
    return fig


def draw_formats() -> Figure:
    """Sign, exponent and mantissa bits of the four formats, one box per bit."""
    colors = {"sign": viz.BLACK, "exponent (range)": viz.SKY, "mantissa (precision)": viz.YELLOW}
    fig, ax = plt.subplots(figsize=(9, 2.6))
    for row, (_name, (exponent, mantissa)) in enumerate(FORMATS.items()):
        kinds = ["sign"] + ["exponent (range)"] * exponent + ["mantissa (precision)"] * mantissa
        for bit, kind in enumerate(kinds):
            ax.barh(row, 0.92, left=bit, height=0.6, color=colors[kind])
        ax.text(len(kinds) + 0.4, row, f"{exponent} + {mantissa} bits", va="center", fontsize=9)
    for kind, color in colors.items():
        ax.barh(0, 0, color=color, label=kind)
    ax.set_yticks(range(len(FORMATS)), list(FORMATS))
    ax.invert_yaxis()
    ax.set(xlabel="bits", xlim=(0, 39), title="Four formats for one number")
    ax.grid(False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=3)
    return fig


def draw_rounding(bits: list[int], errors: list[float]) -> Figure:
    """Relative error of a matrix product against the mantissa bits of its inputs."""
    fig, ax = plt.subplots(figsize=(7, 3.6))
    ax.semilogy(bits, errors, "o-", ms=4, color=viz.BLUE, label="measured, rounded inputs")
    for text, at in (("BF16", 7), ("TF32, FP16", 10), ("FP32", 23)):
        error = errors[bits.index(at)]
        ax.plot(at, error, "D", ms=9, color=viz.ORANGE)
        ax.annotate(text, (at, error), xytext=(8, 8), textcoords="offset points")
    ax.set(
        xlabel="mantissa bits kept",
        ylabel="relative error of A times B",
        title="Each mantissa bit halves the error",
        xlim=(min(bits) - 1, 25),
    )
    ax.legend()
    return fig


def draw_gradients(gradients: np.ndarray, scale: float) -> Figure:
    """Sizes of gradients with and without a loss scale, and what float16 turns to zero."""
    sizes = np.log2(np.abs(gradients[gradients != 0]))
    edges = np.arange(-46, 17).tolist()
    fig, ax = plt.subplots(figsize=(8, 3.6))
    ax.axvspan(edges[0], -25, color=viz.ORANGE, alpha=0.25, lw=0, label="float16 rounds to zero")
    ax.axvspan(-25, -14, color=viz.YELLOW, alpha=0.18, lw=0, label="float16 loses precision")
    ax.hist(np.clip(sizes, edges[0], None), edges, color=viz.BLUE, alpha=0.75, label="gradients as they are")
    ax.hist(
        sizes + np.log2(scale), edges, histtype="step", ls="--", lw=2, color=viz.BLACK,
        label=f"loss multiplied by {scale:.0f}",
    )  # fmt: skip
    ax.set(
        xlabel="size of the gradient, log2", ylabel="number of weights", title="Loss scaling shifts gradients up",
        xlim=(edges[0], edges[-1]),
    )  # fmt: skip
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return fig


def draw_compilers(steps: pd.DataFrame, sizes: list[int], speedup: list[float]) -> Figure:
    """Left: step time without and with XLA. Right: gain of torch.compile against array size.

    Args:
        steps: index network; columns plain_ms and xla_ms.
        sizes, speedup: empty where there is no C++ compiler.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6))
    x = np.arange(len(steps))
    left.bar(x - 0.2, steps["plain_ms"], 0.38, color=viz.BLUE, label="plain")
    left.bar(x + 0.2, steps["xla_ms"], 0.38, color=viz.ORANGE, hatch="//", edgecolor="white", label="XLA")
    left.set_xticks(x, list(steps.index))
    left.set(ylabel="time per training step (ms)", title="XLA in Keras")
    left.grid(False, axis="x")
    left.legend()
    right.axhline(1, color=viz.BLACK, ls="--", lw=1, label="as fast as plain")
    if sizes:
        right.semilogx(sizes, speedup, "o-", color=viz.GREEN, label="compiled")
        right.legend()
    else:
        right.text(0.5, 0.5, "no C++ compiler found", ha="center", transform=right.transAxes)
    right.set(
        xlabel="numbers in the array", ylabel="speed-up", title="torch.compile, a chain of 8 operations"
    )
    return fig


def draw_scaling(shares: tuple[float, ...] = (0.01, 0.05, 0.2)) -> Figure:
    """A model, not a measurement: strong scaling (Amdahl) and weak scaling (Gustafson).

    Args:
        shares: serial share of the work on one GPU.
    """
    gpus = 2.0 ** np.arange(0, 9)
    fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.8), sharey=True)
    for ax in axes:
        ax.loglog(gpus, gpus, ":", color=viz.BLACK, label="ideal")
    for number, share in enumerate(shares):
        style = ("o-", "s--", "D-.")[number % 3]
        label = f"{100 * share:.0f} % serial"
        axes[0].loglog(gpus, 1 / (share + (1 - share) / gpus), style, ms=4, color=f"C{number}", label=label)
        axes[1].loglog(gpus, share + (1 - share) * gpus, style, ms=4, color=f"C{number}", label=label)
    axes[0].set(title="Model, not measured: same problem", ylabel="speed-up over one GPU")
    axes[1].set(title="Model, not measured: problem grows along")
    for ax in axes:
        ax.set_xlabel("number of GPUs")
        ax.set_xticks(gpus, [f"{n:.0f}" for n in gpus])
        ax.minorticks_off()
        ax.legend()
    return fig
