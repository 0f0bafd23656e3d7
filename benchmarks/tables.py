"""Measured tables in benchmarks/README.md, each between the two marks of its name."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "benchmarks" / "README.md"


def put(name: str, text: str) -> None:
    """Put ``text``, whole lines, between ``<!-- name -->`` and ``<!-- /name -->``."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    README.write_text(
        marked.sub(lambda match: match[1] + text + match[2], README.read_text(encoding="utf-8")),
        encoding="utf-8",
    )


def spread(values: Sequence[float]) -> str:
    """The mean of a figure over seeds, and its lowest and highest."""
    return f"{sum(values) / len(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def add(report: Path, render: Callable[[dict[str, dict]], str], rows: dict[str, dict]) -> None:
    """Add rows to a report, a JSON file, and write the table of its name anew as ``render`` makes it."""
    kept = (json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}) | rows
    report.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    put(report.stem, render(kept))
    print(render(kept))


def for_seeds(program: str, seeds: list[str], run: Callable[[int], None]) -> None:
    """``run`` with one seed in this process; with several (none: 0, 1, 2) a process each, since a seed holds for one."""
    if len(seeds) == 1:
        os.environ["BOOTCAMP_SEED"] = seeds[0]
        run(int(seeds[0]))
        return
    for seed in seeds or ["0", "1", "2"]:
        subprocess.run([sys.executable, program, "seed", seed], check=True)


@contextmanager
def older(commit: str, folder: str | Path) -> Iterator[Path]:
    """The project as it was at a commit, in a worktree below ``folder`` that is gone afterwards."""
    tree = Path(folder) / "old"
    subprocess.run(["git", "worktree", "add", "--detach", tree, commit], cwd=ROOT, check=True)
    try:
        yield tree
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
