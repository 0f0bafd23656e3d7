"""What the accelerator is, who holds its memory, and how to share it politely.

Nothing here raises on a machine without a GPU, and nothing imports a framework
that the notebook has not imported itself.
"""

import gc
import os
import sys
from dataclasses import dataclass, field

import psutil

from utils import settings


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU as the driver sees it; memory in MB.

    Attributes:
        mig: True when the GPU is split into MIG slices.
        holders: (pid, command, MB) of every process that holds memory on it.
    """

    index: int
    name: str
    driver: str
    total_mb: int
    used_mb: int
    mig: bool
    holders: list[tuple[int, str, int]] = field(default_factory=list)


def list_gpus() -> list[Gpu]:
    """All NVIDIA GPUs, read through NVML; an empty list where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        driver = pynvml.nvmlSystemGetDriverVersion()
        return [_read_gpu(pynvml, index, driver) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _read_gpu(pynvml, index: int, driver: str) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        mig = pynvml.nvmlDeviceGetMigMode(handle)[0] == 1
    except pynvml.NVMLError:
        mig = False  # GPUs before Ampere do not know the question
    try:
        processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except pynvml.NVMLError:
        processes = []  # containers and MIG slices often hide them
    holders = [(p.pid, _command(p.pid), (p.usedGpuMemory or 0) >> 20) for p in processes]
    name = pynvml.nvmlDeviceGetName(handle)
    return Gpu(index, name, driver, memory.total >> 20, memory.used >> 20, mig, holders)


def _command(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "another user's process"


def cpu_count() -> int:
    """Cores this process may use: the container's or batch job's share, not the whole node's."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = open("/sys/fs/cgroup/cpu.max").read().split()[:2]
        return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores


def describe() -> list[str]:
    """Sentences on the hardware: the CPU, every GPU, and what other processes hold."""
    memory_gb = psutil.virtual_memory().total / 2**30
    lines = [f"CPU: {cpu_count()} cores, {memory_gb:.0f} GB of memory."]
    gpus = list_gpus()
    if not gpus:
        lines.append("GPU: none found. Everything runs on the CPU, in the laptop profile.")
    for gpu in gpus:
        mig = ", split into MIG slices" if gpu.mig else ""
        free = gpu.total_mb - gpu.used_mb
        lines.append(
            f"GPU {gpu.index}: {gpu.name}, {free} of {gpu.total_mb} MB free, driver {gpu.driver}{mig}."
        )
        others = [holder for holder in gpu.holders if holder[0] != os.getpid()]
        if others:
            held = ", ".join(f"{mb} MB by process {pid} ({command})" for pid, command, mb in others)
            lines.append(
                f"  Held by others: {held}. A forgotten kernel? "
                "Shut it down in JupyterLab under Running Terminals and Kernels."
            )
    return lines


def frameworks() -> dict[str, str]:
    """The device each imported framework computes on, e.g. ``{"torch": "cpu"}``."""
    found = {}
    if "tensorflow" in sys.modules:
        devices = sys.modules["tensorflow"].config.list_physical_devices("GPU")
        found["tensorflow"] = f"{len(devices)} GPU" if devices else "cpu"
    if "torch" in sys.modules:
        cuda = sys.modules["torch"].cuda
        found["torch"] = cuda.get_device_name(0) if cuda.is_available() else "cpu"
    if "keras" in sys.modules:
        found["keras"] = f"the {sys.modules['keras'].backend.backend()} backend"
    return found


def share(limit_mb: int | None = None) -> None:
    """Let GPU memory grow on demand, or cap it at ``limit_mb`` for each imported framework.

    Call it before the first computation on the GPU. Without a GPU it does nothing.

    Args:
        limit_mb: MB per framework; default ``$BOOTCAMP_GPU_MEMORY_MB``, else no cap.
    """
    limit_mb = settings.gpu_memory_mb() if limit_mb is None else limit_mb
    if "tensorflow" in sys.modules:
        config = sys.modules["tensorflow"].config
        for device in config.list_physical_devices("GPU"):
            try:
                if limit_mb:
                    slice_ = config.LogicalDeviceConfiguration(memory_limit=limit_mb)
                    config.set_logical_device_configuration(device, [slice_])
                else:
                    config.experimental.set_memory_growth(device, True)
            except RuntimeError:
                print("TensorFlow has used the GPU already; restart the kernel to change its memory limit.")
    if "torch" in sys.modules and limit_mb:
        cuda = sys.modules["torch"].cuda
        for index in range(cuda.device_count()):
            total_mb = cuda.get_device_properties(index).total_memory >> 20
            cuda.set_per_process_memory_fraction(min(1.0, limit_mb / total_mb), index)


def free() -> None:
    """Give back what the frameworks hold but do not use.

    TensorFlow keeps its pool until the kernel ends: shut the kernel down to free all of it.
    """
    gc.collect()
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        sys.modules["torch"].cuda.empty_cache()
