"""The tests that want a machine of their own, one after another, before a release: `./bootcamp test --release [NAME ...]`.

What each found is kept in deploy/release.json with its date, and shown in the table of deploy/README.md. A test whose engine
is missing here is named, and its last result stays. A row that this command did not write says so.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from utils.engine import paths

ROOT = Path(__file__).resolve().parents[1]


RECORD = ROOT / "deploy" / "release.json"
TABLE = ROOT / "deploy" / "README.md"
BEGIN, END = "<!-- release -->", "<!-- /release -->"


@dataclass(frozen=True)
class Run:
    """One of these tests.

    Attributes:
        name: for the command line, and the middle of its switch.
        what: what it does, for the table.
        programs: commands that print the versions of its engines, each in its first line.
        packages: Python packages whose versions belong to the result.
    """

    name: str
    what: str
    programs: tuple[tuple[str, ...], ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def switch(self) -> str:
        return f"BOOTCAMP_{self.name.upper()}_TEST"

    @property
    def file(self) -> str:
        return f"tests/test_{self.name}.py"


RUNS = {
    run.name: run
    for run in (
        Run(
            "container",
            "install.sh (`cpu`) in a fresh Debian root; as user 1000 the course's check, JupyterLab and TensorBoard with and "
            "without the token (CI runs it, too)",
            (("debootstrap", "--version"),),
        ),
        Run(
            "image",
            "the Dockerfile (`cpu`) built by podman from a fresh Debian; token, user, volume, read-only root, stop, memory "
            "limit, health, a notebook under 3 GB; with HUB=yes the seat of a hub, as the values for Kubernetes start it; a SIF of "
            "the image, run by two ordinary users of one node",
            (("podman", "--version"), ("runc", "--version")),
        ),
        Run(
            "slurm",
            "a Slurm of one node: data byte for byte as without it, scancel, Ctrl+C and resume, four jobs that cannot run, "
            "torchrun under srun",
            (("slurmd", "-V"),),
            ("dask-jobqueue", "distributed", "torch"),
        ),
        Run(
            "hub",
            "a hub with three seats of three Unix users, on one machine and on Slurm: wrong password, stranger, another's seat "
            "and files refused, TensorBoard behind the login, shared data read-only, two idle seats ended and a computing one not",
            (("slurmd", "-V"), ("configurable-http-proxy", "--version")),
            ("jupyterhub", "batchspawner"),
        ),
        Run(
            "chart",
            "the values rendered by the chart of Zero to JupyterHub, each manifest against the schema of Kubernetes, and the "
            "seats that the chart's own hub configuration makes of our profiles; no cluster runs them",
            (("helm", "version", "--short"),),
            ("jupyterhub-kubespawner", "kubernetes-validate"),
        ),
        Run(
            "trixie",
            "Python 3.13 of Debian 13: the locks with their hashes, all notebooks of Lab 1, the first of each other lab",
            (("debootstrap", "--version"),),
        ),
        Run(
            "cuda_packages",
            "notebooks 01, 05 and 06 of Lab 1 with the packages of the GPU variant that load without a GPU",
            packages=("tensorflow", "torch"),
        ),
    )
}


def tried_with(run: Run) -> list[str]:
    """The versions of what a run works with, as far as they are here."""
    found = []
    for command in run.programs:
        try:
            done = subprocess.run(command, capture_output=True, encoding="utf-8", env=os.environ)
        except OSError:
            continue
        if done.returncode:
            continue
        line = (done.stdout or done.stderr).strip().split("\n")[0].replace(" version", "")
        found.append(line if command[0].split("-")[0] in line or " " in line else f"{command[0]} {line}")
    for package in run.packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def outcome(report: Path) -> dict:
    """Numbers of cases that passed and failed, what was skipped with its reason, and what a test said it was run with.

    Args:
        report: what pytest wrote as JUnit's XML.
    """
    root = ET.parse(report).getroot()
    found: dict = {"passed": 0, "failed": 0, "skipped": []}
    found["with"] = [one.get("value") for one in root.iter("property") if one.get("name") == "with"]
    for case in root.iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            found["failed"] += 1
        elif skipped is not None:
            reason = (skipped.get("message") or "").removeprefix("Skipped: ")
            found["skipped"].append(f"{case.get('name')}: {reason}")
        else:
            found["passed"] += 1
    return found


def perform(run: Run, folder: Path) -> dict | None:
    """Run one; None where nothing of it could run here."""
    report = folder / f"{run.name}.xml"
    command = [sys.executable, "-m", "pytest", run.file, "-m", "release", f"--junitxml={report}"]
    started = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, env=os.environ | {run.switch: "1"}).returncode
    if code not in (0, 1):
        sys.exit(f"pytest itself ended with {code}; nothing was kept.")
    found = outcome(report)
    if not found["passed"] + found["failed"]:
        print("\n".join(found["skipped"]))
        return None
    now = datetime.now(UTC)
    minutes = round((time.monotonic() - started) / 60, 1)
    found["with"] = ", ".join([*found["with"], *tried_with(run)])
    result = {"date": f"{now:%Y-%m-%d}", "minutes": minutes, **found}
    return result | {"seal": seal(result)}


def seal(result: dict) -> str:
    """A checksum of a result, so that one which was written or mended by hand can be told."""
    text = json.dumps({key: value for key, value in result.items() if key != "seal"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def words(result: dict | None) -> str:
    """A result in one line of the table."""
    if result is None:
        return "none yet"
    parts = [f"{result['passed']} passed"]
    if result["failed"]:
        parts.append(f"**{result['failed']} failed**")
    for reason in result["skipped"]:
        parts.append(f"not run: {reason}")
    by_hand = "" if result.get("seal") == seal(result) else "noted by hand: "
    return f"{by_hand}{result['date']}, {result['minutes']:g} minutes, {result['with']}: {'; '.join(parts)}"


def table(record: dict[str, dict]) -> str:
    rows = ["| name | what it does | last result |", "|---|---|---|"]
    for run in RUNS.values():
        cells = (f"`{run.name}`", run.what, words(record.get(run.name)))
        rows.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(rows)


def read() -> dict[str, dict]:
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def keep(record: dict[str, dict]) -> None:
    """Write the record, and the table that shows it."""
    paths.write_whole(RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n")
    text = TABLE.read_text(encoding="utf-8")
    shown = f"{BEGIN}\n{table(record)}\n{END}"
    new = re.sub(f"{BEGIN}.*?{END}", lambda _: shown, text, flags=re.DOTALL)
    paths.write_whole(TABLE, new)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bootcamp test --release", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of them: {', '.join(RUNS)}")
    names = parser.parse_args(arguments).names or list(RUNS)
    if unknown := [name for name in names if name not in RUNS]:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(RUNS)}")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            print(f"== {name}: {RUNS[name].what}", flush=True)
            result = perform(RUNS[name], Path(folder))
            if result is None:
                print(f"== {name}: did not run here; {words(read().get(name))} stays", flush=True)
                continue
            print(f"== {name}: {words(result)}", flush=True)
            keep(read() | {name: result})  # another one may have written meanwhile
            if result["failed"]:
                failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
