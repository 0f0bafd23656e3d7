"""What a learner has done: kept for each user in a folder that nobody else can read, shown by `./bootcamp progress`."""

import argparse
import datetime
import getpass
import html
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from utils.engine import store
from utils.engine.paths import LABS, ROOT, NowhereToWrite, cache_dir, replacing, write_whole

TITLES = {"": "Start Here"} | {lab: lab.replace("_", " ") for lab in LABS}
IN_A_NOTEBOOK = re.compile(r'\b(check|quiz)\(\\?"([\w-]+)\\?"')


def _file() -> Path:
    """The learner's own file; the folder is closed to others where the system knows owners."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container may run as a number without a name
        user = str(os.getuid()) if hasattr(os, "getuid") else "learner"
    folder = cache_dir("progress", re.sub(r"[^\w.-]", "_", user) or "learner")
    if os.name == "posix" and folder.stat().st_uid == os.getuid():
        folder.chmod(0o700)
    return folder / "progress.json"


def read() -> dict[str, dict[str, Any]]:
    """What is kept, by the id of an exercise or question: ``tries``, ``passed`` (a date, or absent).

    A file that another program or a full disk spoiled is laid aside under a name of its own, with a sentence.
    """
    try:
        path = _file()
        text = path.read_bytes()
    except (FileNotFoundError, NowhereToWrite):
        return {}
    try:
        kept = json.loads(text)
        if all(isinstance(entry.get("tries", 0), int) for entry in kept.values()):
            return kept
    except (ValueError, AttributeError):
        pass
    aside = path.with_name(f"progress-damaged-{datetime.datetime.now():%Y%m%d-%H%M%S}.json")
    path.replace(aside)
    print(f"What you have passed could not be read and begins anew; the damaged file is kept as {aside}.")
    return {}


def remember(name: str, passed: bool) -> None:
    """Count a try; what was passed once stays passed. Where nothing can be written, one sentence says so."""
    try:
        with store.locked(_file(), "your progress"):  # two notebooks may be open
            kept = read()
            entry = kept.setdefault(name, {})
            entry["tries"] = int(entry.get("tries", 0)) + 1
            if passed:
                entry.setdefault("passed", datetime.date.today().isoformat())
            write_whole(_file(), json.dumps(kept, indent=1, sort_keys=True))
    except OSError as error:
        print(
            f"Your progress could not be kept ({error.strerror or error}). The exercise counts all the same."
        )


def of_the_notebooks() -> dict[Path, list[str]]:
    """The exercises and questions of every notebook, in reading order."""
    found = {}
    for lab in LABS:
        for path in sorted((ROOT / lab).glob("[0-9]*.ipynb")):
            text = path.read_text(encoding="utf-8")
            found[path] = list(dict.fromkeys(name for _, name in IN_A_NOTEBOOK.findall(text)))
    return found


def by_notebook() -> list[tuple[Path, list[str], list[str]]]:
    """Each notebook with the names that are passed and those that are open."""
    kept = read()
    rows = []
    for path, names in of_the_notebooks().items():
        passed = [name for name in names if kept.get(name, {}).get("passed")]
        rows.append((path, passed, [name for name in names if name not in passed]))
    return rows


def as_text() -> str:
    """One line for each notebook, with a sum for each lab."""
    lines = []
    for lab in LABS:
        rows = [row for row in by_notebook() if row[0].parent.name == lab]
        done, of = sum(len(p) for _, p, _ in rows), sum(len(p) + len(o) for _, p, o in rows)
        lines.append(f"{TITLES[lab]}: {done} of {of}")
        for path, passed, still in rows:
            note = f", open: {', '.join(still)}" if still else ", all passed"
            lines.append(f"  {path.stem:<32} {len(passed)} of {len(passed) + len(still)}{note}")
    return "\n".join(lines)


def as_html() -> str:
    """A page to hand in: no script, nothing from elsewhere, tables with headers."""
    kept, parts = read(), []
    for lab in LABS:
        rows = []
        for path, passed, still in (row for row in by_notebook() if row[0].parent.name == lab):
            for name in passed + still:
                entry = kept.get(name, {})
                state = f"passed {html.escape(str(entry['passed']))}" if entry.get("passed") else "open"
                rows.append(
                    f'<tr><th scope="row">{html.escape(path.stem.replace("_", " "))}</th><td>{html.escape(name)}</td>'
                    f"<td>{state}</td><td>{int(entry.get('tries', 0))}</td></tr>"
                )
        parts.append(
            f"<h2>{html.escape(TITLES[lab])}</h2><table><thead><tr>"
            '<th scope="col">Notebook</th><th scope="col">Exercise or question</th><th scope="col">State</th>'
            f'<th scope="col">Tries</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Progress, AI for Science Bootcamp</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><style>body{font:1rem/1.5 sans-serif;'
        "max-width:60rem;margin:auto;padding:1rem;color:#111;background:#fff}table{border-collapse:collapse;width:100%}"
        "th,td{text-align:left;padding:.2rem .5rem;border-bottom:1px solid #767676}</style></head><body><main>"
        f"<h1>Progress, {datetime.date.today().isoformat()}</h1>{''.join(parts)}"
        "<p>Passed in the learner's own notebooks, as this machine remembers it.</p></main></body></html>\n"
    )


PER_PAGE = 40  # lines of the certificate


def write_pdf(path: Path) -> None:
    """A certificate of what was passed, for printing; the page in HTML is the one that screen readers can follow.

    Args:
        path: of the PDF.

    Raises:
        OSError: it cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    kept, lines = read(), []
    for lab in LABS:
        rows = [row for row in by_notebook() if row[0].parent.name == lab]
        done, of = sum(len(p) for _, p, _ in rows), sum(len(p) + len(o) for _, p, o in rows)
        lines.append((True, f"{TITLES[lab]}: {done} of {of} passed"))
        for notebook, passed, _ in rows:
            days = sorted(str(kept[name]["passed"]) for name in passed)
            if passed:
                lines.append(
                    (False, f"{notebook.stem.replace('_', ' ')}: {', '.join(passed)} (by {days[-1]})")
                )
    lines = [(bold, part) for bold, line in lines for part in textwrap.wrap(line, 95) or [""]]
    about = {"Title": "Progress, AI for Science Bootcamp", "Subject": "What was passed", "Keywords": "en"}
    with (
        rc_context({"pdf.fonttype": 42}),  # text that can be searched and copied
        replacing(path) as temporary,
        PdfPages(temporary, metadata=about) as pages,
    ):
        for start in range(0, len(lines), PER_PAGE):
            fig = Figure(figsize=(8.27, 11.69))
            fig.text(0.08, 0.94, "AI for Science Bootcamp", size=18, weight="bold")
            fig.text(0.08, 0.915, f"What was passed, as of {datetime.date.today().isoformat()}", size=11)
            for number, (bold, line) in enumerate(lines[start : start + PER_PAGE]):
                weight = "bold" if bold else "normal"
                fig.text(0.08 if bold else 0.1, 0.88 - 0.02 * number, line, size=9, weight=weight)
            fig.text(
                0.08, 0.04, "Passed in the learner's own notebooks, as this machine remembers it.", size=8
            )
            pages.savefig(fig)


def show() -> None:
    """In a notebook: what is done and what is open, by lab."""
    for lab in LABS:
        rows = [row for row in by_notebook() if row[0].parent.name == lab]
        done, still = sum(len(p) for _, p, _ in rows), [path.stem for path, _, o in rows if o]
        of = done + sum(len(o) for _, _, o in rows)
        print(f"{TITLES[lab]}: {done} of {of} passed" + (f"; next: {still[0]}" if still else "; all done"))


class NoOriginal(Exception):
    """The notebook as it was given cannot be had; the message says what to do."""


def reset(name: str) -> Path:
    """Put the notebook as it was given in its place; return where the learner's copy is kept.

    Args:
        name: its path from the folder of the course, with or without ``.ipynb``.

    Raises:
        NoOriginal: it is no notebook of the course, or the course did not come by git.
    """
    path = (ROOT / name).resolve()
    path = path if path.suffix == ".ipynb" else path.with_name(path.name + ".ipynb")
    if not path.is_relative_to(ROOT):
        raise NoOriginal(f"{name} is not a notebook of the course.")
    git = shutil.which("git")
    inside = path.relative_to(ROOT).as_posix()
    found = (
        subprocess.run([git, "-C", str(ROOT), "show", f"HEAD:./{inside}"], capture_output=True)
        if git
        else None
    )
    if found is None or found.returncode:
        raise NoOriginal(
            f"The original of {inside} is not here: git knows no such notebook. Download the course again and copy "
            "the file from there."
        )
    copy = path
    if path.exists():
        stamp, number = datetime.date.today().isoformat(), 1
        copy = path.with_name(f"{path.stem}_mine_{stamp}.ipynb")
        while copy.exists():
            number += 1
            copy = path.with_name(f"{path.stem}_mine_{stamp}_{number}.ipynb")
        shutil.copy2(path, copy)
    with replacing(path) as temporary:
        temporary.write_bytes(found.stdout)
    return copy


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bootcamp")
    commands = parser.add_subparsers(dest="command", required=True)
    summary = commands.add_parser("progress", help="what is done, what is open")
    summary.add_argument("--html", type=Path, help="write the page there; else into the cache")
    commands.add_parser("reset", help="give back a notebook as it was").add_argument("notebook")
    given = parser.parse_args(arguments)
    if given.command == "reset":
        try:
            copy = reset(given.notebook)
        except NoOriginal as problem:
            print(problem, file=sys.stderr)
            return 1
        print(f"{given.notebook} is as it was given. Your copy: {copy}")
        return 0
    print(as_text())
    target = given.html or _file().with_suffix(".html")
    write_whole(target, as_html())
    printed = target.with_suffix(".pdf")
    write_pdf(printed)
    print(f"To hand in: {target}, or printed: {printed}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
