"""Share independent jobs between worker processes, or between the machines of a Dask cluster."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from utils.engine.paths import DataError


def cpu_count() -> int:
    """Cores this process may use: the container's or batch job's share, not the whole node's."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = open("/sys/fs/cgroup/cpu.max", encoding="ascii").read().split()[:2]
        return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores


def memory_bytes() -> tuple[int, int]:
    """Memory (all, free) that this process may use: the container's or batch job's share, not the whole node's."""
    machine = psutil.virtual_memory()
    total, free = machine.total, machine.available
    for limit, used in _memory_groups():
        total, free = min(total, limit), min(free, max(0, limit - used))
    return total, free


def _memory_groups(
    proc: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")
) -> list[tuple[int, int]]:
    """(limit, used) in bytes of every control group around this process that has a limit; files it can drop are not used."""
    try:
        lines = proc.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":  # version 2
            base, names, cache = root, ("memory.max", "memory.current"), "inactive_file"
        elif "memory" in controllers.split(","):
            base, names, cache = (
                root / "memory",
                ("memory.limit_in_bytes", "memory.usage_in_bytes"),
                "total_inactive_file",
            )
        else:
            continue
        group = base / name.lstrip("/")
        for folder in (
            group,
            *group.parents,
        ):  # in a container the outer names lead nowhere, and `base` is its own group
            try:
                limit, used = (int((folder / file).read_text(encoding="ascii")) for file in names)
                facts = dict(
                    fact.split() for fact in (folder / "memory.stat").read_text(encoding="ascii").splitlines()
                )
            except (OSError, ValueError):  # no such group, or "max"
                pass
            else:
                found.append((limit, used - int(facts.get(cache, 0))))
            if folder == base:
                break
    return found


def run_all(
    function: Callable[..., Any], jobs: Sequence[tuple], num_workers: int | None = None, client: Any = None
) -> Iterator[tuple[tuple, Any]]:
    """Call ``function(*job)`` for every job; yield (job, result) as each is done, in any order.

    Results that have been yielded are forgotten, so that memory holds few at a time. A script that
    calls this with several workers does so under ``if __name__ == "__main__":``.

    Args:
        function: of a module (a worker imports it), with arguments and results that can be pickled.
        jobs: argument tuples, all different.
        num_workers: processes; None is one per core, 1 calls the function in this process.
        client: a ``distributed.Client``; its cluster does the work instead.

    Raises:
        DataError: a worker process died.
        ValueError: num_workers is less than 1.
    """
    if num_workers is not None and num_workers < 1:
        raise ValueError(f"num_workers is {num_workers}; it must be 1 or more, or None for one per core.")
    if client is not None:
        return _on_cluster(function, jobs, client)
    num_workers = min(num_workers or cpu_count(), len(jobs))
    if num_workers <= 1:
        return ((job, function(*job)) for job in jobs)
    return _in_processes(function, jobs, num_workers)


def _in_processes(function: Callable, jobs: Sequence[tuple], num_workers: int) -> Iterator[tuple[tuple, Any]]:
    # Spawned, not forked: a kernel with TensorFlow loaded cannot be forked safely.
    pool = ProcessPoolExecutor(num_workers, multiprocessing.get_context("spawn"), _start_worker)
    try:
        pending = {pool.submit(function, *job): job for job in jobs}
        for future in as_completed(list(pending)):
            yield pending.pop(future), future.result()
    except BrokenProcessPool as error:
        raise DataError(
            "A worker process died, perhaps for lack of memory. Run the cell again: it goes on with what "
            "is missing. If that fails too, pass num_workers=1."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def repeats_its_script() -> bool:
    """True in a new worker process while it runs the script of the one that started it, as spawned workers do."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "__mp_main__" and frame.f_code.co_name == "<module>":
            return True
        frame = frame.f_back
    return False


def _on_cluster(function: Callable, jobs: Sequence[tuple], client: Any) -> Iterator[tuple[tuple, Any]]:
    from distributed import as_completed

    pending = {client.submit(function, *job, pure=False): job for job in jobs}
    for future, result in as_completed(list(pending), with_results=True):
        yield pending.pop(future), result


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted, and stops the workers
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """Do not outlive a kernel that was killed."""
    parent.join()
    os._exit(1)
