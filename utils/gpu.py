"""What the accelerator is, who holds its memory, and how to share it politely.

Nothing here raises on a machine without a GPU, and nothing imports a framework
that the notebook has not imported itself.
"""

import gc
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache

import psutil

from utils.engine import settings
from utils.engine.parallel import cpu_count, memory_bytes


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU as the driver sees it; memory in MB, None where the driver does not tell.

    Attributes:
        mig: True when the GPU is split into MIG slices.
        holders: (pid, command, MB) of every process that holds memory on it; None for MB that the driver does not
            tell, as on Windows.
    """

    index: int
    name: str
    driver: str
    total_mb: int | None
    used_mb: int | None
    mig: bool
    holders: list[tuple[int, str, int | None]] = field(default_factory=list)


def list_gpus() -> list[Gpu]:
    """All NVIDIA GPUs that the driver counts, read through NVML; an empty list where there is no driver.

    That a GPU is listed does not mean that a framework can use it: see `usable`.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        driver = _ask(pynvml, "nvmlSystemGetDriverVersion", otherwise="unknown")
        return [
            _read_gpu(pynvml, index, driver)
            for index in range(_ask(pynvml, "nvmlDeviceGetCount", otherwise=0))
        ]
    finally:
        pynvml.nvmlShutdown()


def _ask(pynvml, query: str, *arguments, otherwise):
    """One answer of the driver. Old GPUs, MIG slices, containers and broken cards refuse some of them."""
    try:
        return getattr(pynvml, query)(*arguments)
    except pynvml.NVMLError:
        return otherwise


def _read_gpu(pynvml, index: int, driver: str) -> Gpu:
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    except pynvml.NVMLError as error:  # lost, or of another user
        return Gpu(index, f"a GPU that does not answer ({error})", driver, None, None, False)
    memory = _ask(pynvml, "nvmlDeviceGetMemoryInfo", handle, otherwise=None)
    mig = _ask(pynvml, "nvmlDeviceGetMigMode", handle, otherwise=(0, 0))[0] == 1
    processes = _ask(pynvml, "nvmlDeviceGetComputeRunningProcesses", handle, otherwise=[])
    holders = [(p.pid, _command(p.pid), _held_mb(p.usedGpuMemory)) for p in processes]
    name = _ask(pynvml, "nvmlDeviceGetName", handle, otherwise="a GPU without a name")
    total_mb, used_mb = (memory.total >> 20, memory.used >> 20) if memory else (None, None)
    return Gpu(index, name, driver, total_mb, used_mb, mig, holders)


def _held_mb(num_bytes: int | None) -> int | None:
    """MB of one process; NVML writes None or its largest numbers where it does not know."""
    return None if num_bytes is None or num_bytes >= 2**63 else num_bytes >> 20


def seen() -> dict[str, bool]:
    """Whether each framework finds a GPU that it can use, e.g. ``{"TensorFlow": True, "PyTorch": False}``.

    Asked are the frameworks that this kernel has imported. Where there is none but the driver lists a GPU, both are
    asked in a process of its own, once, which takes seconds.
    """
    found = {}
    if "tensorflow" in sys.modules:
        found["TensorFlow"] = bool(sys.modules["tensorflow"].config.list_physical_devices("GPU"))
    if "torch" in sys.modules:
        found["PyTorch"] = bool(sys.modules["torch"].cuda.is_available())
    return found or (dict(_seen_elsewhere()) if list_gpus() else {})


def usable() -> bool:
    """Whether all frameworks of this kernel can use a GPU: then networks and data may be large."""
    return bool(found := seen()) and all(found.values())


_QUESTION = """
import json, tensorflow, torch
gpus = tensorflow.config.list_physical_devices("GPU")
print(json.dumps({"TensorFlow": bool(gpus), "PyTorch": torch.cuda.is_available()}))
"""


@cache
def _seen_elsewhere() -> tuple[tuple[str, bool], ...]:
    command = [sys.executable, "-c", _QUESTION]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=120)
        return tuple(json.loads(done.stdout.splitlines()[-1]).items())
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        return (("TensorFlow", False), ("PyTorch", False))  # `./bootcamp check` names a package that fails


def _is_apple() -> bool:
    """Whether PyTorch sees the GPU of a Mac, which is not asked for anywhere here: it has no double precision."""
    backends = getattr(sys.modules.get("torch"), "backends", None)
    mps = getattr(backends, "mps", None)
    return bool(mps and mps.is_available())


def _command(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "another user's process"


def describe() -> list[str]:
    """Sentences on the hardware: the CPU, every GPU, what other processes hold, and who cannot use it."""
    memory_gb = memory_bytes()[0] / 2**30
    lines = [f"CPU: {cpu_count()} cores, {memory_gb:.0f} GB of memory."]
    gpus, found = list_gpus(), seen()
    chosen = settings.text("BOOTCAMP_PROFILE")
    profile = f"BOOTCAMP_PROFILE sets the {chosen} profile." if chosen else "So the laptop profile is taken."
    if not gpus and usable():
        lines.append(f"GPU: found by {' and '.join(found)}; the driver tells no details.")
    elif not gpus:
        which = "one of Apple, which this course does not use" if _is_apple() else "none found"
        lines.append(f"GPU: {which}. Everything runs on the CPU. {profile}")
    for gpu in gpus:
        mig = ", split into MIG slices" if gpu.mig else ""
        memory = "memory not told"
        if gpu.total_mb is not None and gpu.used_mb is not None:
            memory = f"{gpu.total_mb - gpu.used_mb} of {gpu.total_mb} MB free"
        lines.append(f"GPU {gpu.index}: {gpu.name}, {memory}, driver {gpu.driver}{mig}.")
        others = [holder for holder in gpu.holders if holder[0] != os.getpid()]
        if others:
            held = ", ".join(
                f"{'memory' if mb is None else f'{mb} MB'} by process {pid} ({command})"
                for pid, command, mb in others
            )
            lines.append(
                f"  Held by others: {held}. A forgotten kernel? "
                "Shut it down in JupyterLab under Running Terminals and Kernels."
            )
    blind = [name for name, sees in found.items() if not sees]
    named = os.environ.get("CUDA_VISIBLE_DEVICES")  # set and empty hides all
    if gpus and named is not None:
        lines.append(f"CUDA_VISIBLE_DEVICES is '{named[:100]}': the frameworks see only GPUs that it names.")
    if gpus and blind and named is not None:
        lines.append(
            f"{' and '.join(blind)} cannot use a GPU here: that variable may name none of them. {profile} "
            "Unset it, or set it to a number of the list above."
        )
    elif gpus and blind:
        lines.append(
            f"{' and '.join(blind)} cannot use a GPU here: built for the CPU, or the driver is too old. {profile} "
            "BOOTCAMP_VARIANT=cuda ./bootcamp lab installs the builds for NVIDIA GPUs."
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
