"""Accidents that happen where a test wants them, however busy the machine: children that are killed."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

STOP_AFTER_ONE_JOB = """
import signal
from utils.engine import parallel
original = parallel.run_all
def one_and_stop(function, jobs, *options):
    yield from original(function, jobs[:1], *options)
    print("stopped", flush=True)
    signal.pause()
parallel.run_all = one_and_stop
"""  # code for a child: after the first of its jobs is done and kept, it waits to be killed


def damaged(good: bytes, damage: str) -> bytes:
    """The content of a file after an accident: cut, one byte flipped, empty, or replaced by something other."""
    middle = len(good) // 2
    return {
        "cut": good[:middle],
        "flip": good[:middle] + bytes([good[middle] ^ 255]) + good[middle + 1 :],
        "empty": b"",
        "other": b"no archive",
    }[damage]


def kill_when(process: subprocess.Popen, said: str) -> None:
    """Kill a child that prints this line and waits."""
    assert any(line.strip() == said for line in process.stdout)
    process.kill()
    process.communicate()


def kill_and_see_two_workers_end(process: subprocess.Popen) -> None:
    """Kill a child that has two workers at work; none of them may live on."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        process.communicate()
        pytest.skip("this system has no /proc with the children of a process")
    while len(workers := children.read_text(encoding="utf-8").split()) < 3 and process.poll() is None:
        time.sleep(0.05)  # two workers and the tracker of resources
    time.sleep(2)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while (alive := [w for w in workers if Path(f"/proc/{w}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for worker in alive:
        os.kill(int(worker), signal.SIGKILL)
    process.communicate()
    assert len(workers) >= 2
    assert not alive
