"""What a kernel has used so far: the figures by which seats are counted."""

from contextlib import suppress
from pathlib import Path

import psutil

SERVER_GB = 0.14  # of JupyterLab's server, beside its kernels
MEMORY_SHARE = 0.9  # of a node; the rest is the system's
GPU_SHARE_GB = 8  # that one framework of a seat may take; a notebook can hold two frameworks
NODES = ((64, 16), (256, 64), (512, 128))  # GB, cores: examples
GPUS = (24, 80, 141)  # GB


def of_tree(pid: int) -> dict[str, float]:
    """Peak memory and processor time of a process and of its children that live now.

    Workers that have ended already count in the processor time alone.

    Returns:
        ``peak_mb``, MiB, the sum of each process' largest resident size; ``processor_seconds``.
    """
    peak = seconds = 0.0
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(pid)
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                peak += _peak_bytes(process)
                used = process.cpu_times()
                seconds += used.user + used.system
        used = main.cpu_times()
        seconds += getattr(used, "children_user", 0.0) + getattr(used, "children_system", 0.0)
    return {"peak_mb": peak / 2**20, "processor_seconds": seconds}


def larger(first: dict[str, float], second: dict[str, float]) -> dict[str, float]:
    """The larger of two readings, figure by figure."""
    return {name: max(first.get(name, 0.0), second.get(name, 0.0)) for name in {**first, **second}}


def _peak_bytes(process: psutil.Process) -> float:
    with suppress(OSError, ValueError):
        for line in (
            Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        ):
            if line.startswith("VmHWM:"):
                return 1024.0 * int(line.split()[1])
    memory = process.memory_info()
    return float(getattr(memory, "peak_wset", memory.rss))


def seats_of_a_node(memory_gb: float, cores: int, peak_gb: float) -> int:
    """Seats with one busy kernel and one core each that a node bears.

    Args:
        memory_gb, cores: of the node.
        peak_gb: of the kernel that needs most.
    """
    return min(int(MEMORY_SHARE * memory_gb / (peak_gb + SERVER_GB)), cores)


def seats_of_a_gpu(memory_gb: float) -> int:
    """Seats whose two frameworks each take `GPU_SHARE_GB`."""
    return int(memory_gb // (2 * GPU_SHARE_GB))
