"""Tables of notebook 06: what a machine has, and what runs on it."""

import json
import os
import platform
import shutil

import pandas as pd
import psutil

from utils import gpu
from utils.engine import paths

# The screen on the course's slide: nvidia-smi on 17 September 2019, two Quadro GV100 cards.
# The slide lists several processes and does not say how much memory each of them holds.
SCREEN_OF_2019 = [
    gpu.Gpu(0, "Quadro GV100", "396.82", total_mb=32500, used_mb=1451, mig=False),
    gpu.Gpu(1, "Quadro GV100", "396.82", total_mb=32508, used_mb=1701, mig=False),
]
UTILISATION_OF_2019 = [49, 41]

# name: (exponent bits, mantissa bits)
FORMATS = {"FP32": (8, 23), "TF32": (8, 10), "FP16": (5, 10), "BF16": (8, 7)}


def utilisation() -> list[int | None]:
    """Share of the last moment in which each GPU computed, in per cent; None where it is not told."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    shares: list[int | None] = []
    for card in gpu.list_gpus():
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(card.index)
            shares.append(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        except pynvml.NVMLError:
            shares.append(None)  # a GPU in MIG mode gives no figure for the whole card
    pynvml.nvmlShutdown()
    return shares


def gpu_table(gpus: list[gpu.Gpu], shares: list[int | None]) -> pd.DataFrame:
    """One row per GPU, with the columns of nvidia-smi that matter in a notebook.

    Args:
        gpus: as `utils.gpu.list_gpus` returns them.
        shares: utilisation of each in per cent.
    """
    rows = []
    for number, card in enumerate(gpus):
        share = shares[number] if number < len(shares) else None
        holders = "; ".join(
            f"{pid} {command}: {'not told' if mb is None else f'{mb} MB'}"
            for pid, command, mb in card.holders
        )
        rows.append(
            {
                "GPU": card.index,
                "name": card.name,
                "driver": card.driver,
                "memory used (MB)": "not told" if card.used_mb is None else card.used_mb,
                "memory total (MB)": "not told" if card.total_mb is None else card.total_mb,
                "utilisation (%)": "not told" if share is None else share,
                "MIG": "on" if card.mig else "off",
                "processes": holders or "none listed",
            }
        )
    return pd.DataFrame(rows)


def kernels() -> pd.DataFrame:
    """The notebook kernels of this user: process id, age and main memory; this one is marked."""
    rows = []
    me = psutil.Process()
    for process in psutil.process_iter(["pid", "cmdline", "memory_info", "create_time"]):
        command = " ".join(process.info["cmdline"] or [])
        if process.pid != me.pid and "ipykernel" not in command:
            continue
        if process.info["memory_info"] is None:
            continue  # it belongs to someone else
        age_min = (pd.Timestamp.now().timestamp() - process.info["create_time"]) / 60
        rows.append(
            {
                "process": process.pid,
                "running for (min)": round(age_min, 1),
                "memory (MB)": process.info["memory_info"].rss >> 20,
                "which": "this notebook" if process.pid == me.pid else "another kernel",
            }
        )
    return pd.DataFrame(rows)


def two_cpu_devices() -> None:
    """Show the CPU to TensorFlow as two devices, a stand-in for two GPUs.

    Call it before the first TensorFlow computation. A second call changes nothing.
    """
    import tensorflow as tf

    tf.get_logger().setLevel("WARNING")  # MirroredStrategy reports every exchange as INFO
    cpu = tf.config.list_physical_devices("CPU")[0]
    if not tf.config.get_logical_device_configuration(cpu):
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def cpp_compiler() -> str | None:
    """The C++ compiler that torch.compile would find, or None."""
    names = (os.environ.get("CXX"), "g++", "clang++", "c++", "cl")
    return next((name for name in names if name and shutil.which(name)), None)


def quick_compile_options() -> dict:
    """Settings for torch.compile that shorten its first use on a CPU.

    By default it first compiles a test program for every vector instruction set of the CPU, and a
    large header that pays only if many functions follow. On x86 we choose AVX2 and skip both.
    """
    options: dict = {"cpp_cache_precompile_headers": False}
    if platform.machine().lower() in ("x86_64", "amd64"):
        options.update({"cpp.vec_isa_ok": True, "cpp.simdlen": 256})
    return options


def recorded_gpu_figures() -> pd.DataFrame | None:
    """The figures of a recorded GPU run, or None with one sentence that there are none.

    ``benchmarks/gpu_figures.py`` writes ``benchmarks/gpu_results.json``: ``{"device": ..., "against": ..., "date": ...,
    "versions": ..., "missing": [...], "rows": [{"measurement": ..., "value": ..., "unit": ...}, ...]}``.
    """
    path = paths.ROOT / "benchmarks" / "gpu_results.json"
    if not path.exists():
        print("No GPU run was recorded: the authors had no GPU, so this course quotes no GPU times.")
        print("On a machine with one, python benchmarks/gpu_figures.py records them in some minutes.")
        return None
    recorded = json.loads(path.read_text(encoding="utf-8"))
    print(
        f"Recorded on {recorded['device']}, against {recorded['against']}; {recorded['date']}, {recorded['versions']}."
    )
    for part in recorded["missing"]:
        print(f"Not measured there: {part}.")
    return pd.DataFrame(recorded["rows"])
