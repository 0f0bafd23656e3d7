"""JupyterLab as `./bootcamp lab` and the container start it, for tests that knock at its door."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(
    course: Path, environment: Mapping[str, str], log: Path
) -> Iterator[tuple[str, subprocess.Popen]]:
    """Start the server of a course on a free port, wait until it answers, and end it afterwards.

    Args:
        course: folder of the course, and of its files that the server shows.
        environment: of the server.
        log: file for what the server says.

    Yields:
        Its address and its process.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, course / "deploy" / "serve.py", "--ip", "127.0.0.1", "--port", str(port), "--root", course,
        "--no-browser", "--allow-root",
    ]  # fmt: skip
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=course, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(1200):
                try:
                    urllib.request.urlopen(f"{address}/api", timeout=5)
                    break
                except OSError:
                    assert process.poll() is None, log.read_text(encoding="utf-8")
                    time.sleep(0.25)
            yield address, process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
