#!/usr/bin/env bash
# dask-jobqueue 0.9.0 with distributed 2026.8.0, Python 3.11, Linux
#
# Importing dask_jobqueue, without using it, replaces the handler of SIGINT (its module runner does so at import). From then
# on Ctrl+C raises no KeyboardInterrupt but SystemExit without a status: `except KeyboardInterrupt` is passed by, and the
# interrupted program ends with status 0, so that a shell script with `set -e` goes on as if the work were done.
# Seen:
#   as Python is: KeyboardInterrupt, status 130
#   after import dask_jobqueue: SystemExit, status 0
#   handler set back after the import: KeyboardInterrupt, status 130
# Way out: signal.signal(signal.SIGINT, signal.default_int_handler) after the import.
# Fails if anything else is seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q dask-jobqueue==0.9.0
cat > "$folder/interrupted.py" <<'PY'
import signal
import subprocess
import sys

INTERRUPTED = """
try:
    signal.raise_signal(signal.SIGINT)  # what Ctrl+C does
except BaseException as error:
    print(type(error).__name__, end="", flush=True)
    raise
"""
CASES = {
    "as Python is": "",
    "after import dask_jobqueue": "import dask_jobqueue",
    "handler set back after the import": (
        "import dask_jobqueue\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    ),
}
EXPECTED = [("KeyboardInterrupt", 130), ("SystemExit", 0), ("KeyboardInterrupt", 130)]
found = []
for case, before in CASES.items():
    done = subprocess.run(
        [sys.executable, "-c", f"import signal\n{before}{INTERRUPTED}"], capture_output=True, text=True
    )
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode  # as a shell counts
    found.append((done.stdout, status))
    print(f"{case}: {done.stdout}, status {status}")
sys.exit(found != EXPECTED)
PY
"$folder/venv/bin/python" "$folder/interrupted.py"
