"""Execute notebooks from the command line and print what they measured.

The commands behind ``./bootcamp run`` and ``results``.
"""

import argparse
import ast
import base64
import hashlib
import json
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import Type, default

from utils import course
from utils.engine import claims, plain_words, results, settings, study, usage
from utils.engine.paths import LABS as CACHE_OF
from utils.engine.paths import ROOT, cache_dir, full_disk_is_said, write_whole

PICTURES = {  # of the README: the notebook that draws it, and words of its alternative text
    "docs/lab1.png": ("Intro_to_DL/04_Residual_Networks.ipynb", "contour maps of the loss"),
    "docs/lab2.png": ("Tropical_Cyclone/01_The_Problem.ipynb", "a round cold overcast"),
    "docs/lab3.png": ("CFD_Steady_Flow/07_Shape_Optimisation.ipynb", "long slender body"),
    "docs/lab4.png": ("PINN_SimNet/09_Chip_Solutions.ipynb", "reference, network and difference"),
}
CELL_SECONDS = 3600  # that one cell may take
LABS = ("Intro_to_DL", "Tropical_Cyclone", "CFD_Steady_Flow", "PINN_SimNet")
MINUTES = re.compile(r"(<!-- minutes -->)(.*?)(<!-- /minutes -->)")
TABLE = re.compile(r"(<!-- notebooks -->\n).*?(<!-- /notebooks -->)", re.DOTALL)
FORMATS = {  # how the README writes a figure, by the end of its name
    "_accuracy": "{:.2%}",
    "_top1": "{:.1%}",
    "_rmse_kt": "{:.1f} kt",
    "_rel_l2": "{:.2g}",
    "_rel_error": "{:.1g}",
    "_max_error": "{:.2%}",
    "_order": "{:.2f}",
    "_periods": "{:.1f}",
    "_per_second_256": "{:.0f} per second",
    "_mlups": "{:.0f} million cells per second",
    "_ratio": "{:.2f}",
    "speedup_vs_fast_solver": "{:.1f} times",
    "speedup_equal_resources": "{:.1f} times",
}
# Their values belong to the machine; all others count steps, not seconds.
OF_THE_MACHINE = re.compile(r"(_per_second_256|_mlups|\.speedup_\w+|solver_limit_ratio)$")
SEATS = re.compile(r"(<!-- seats -->\n).*?(<!-- /seats -->)", re.DOTALL)
FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def notebooks() -> list[Path]:
    """Start_Here and the notebooks of all labs, in reading order."""
    return [ROOT / "Start_Here.ipynb"] + [p for lab in LABS for p in sorted((ROOT / lab).glob("*.ipynb"))]


def seconds_name(path: Path) -> str:
    """The name under which the run time of a notebook is recorded."""
    lab = path.parent.name if path.parent != ROOT else "course"
    return f"{results.slug(lab)}.{results.slug(path.stem)}.seconds"


def record_seconds(
    path: Path, seconds: float, at_once: int = 1, used: Mapping[str, float] | None = None
) -> None:
    """Record the run time of a whole notebook, kernel start included, and what its lab keeps in the cache by then.

    Args:
        path: of the notebook.
        seconds: wall time.
        at_once: notebooks that shared the machine; with more than one, each had one thread.
        used: by its kernel, see `usage.of_tree`.
    """
    kept = cache_dir() / CACHE_OF.get(path.parent.name, "downloads")
    disk_mb = sum(file.stat().st_size for file in kept.rglob("*") if file.is_file()) / 2**20
    context = {"profile": course.profile(), "at_once": at_once, "disk_mb": disk_mb, **(used or {})}
    results.record(seconds_name(path), seconds, **context)


class NotebookFailed(Exception):
    """A notebook did not run to its end; the message says in one sentence why."""


class _AttentiveChannel(AsyncZMQSocketChannel):
    """Looks for a reply once a second, not only when it is woken.

    nbclient 0.11 sends the output of widgets on the socket that it waits on, behind the back of the loop that waits:
    now and then the wake-up for the reply is used up by that, and the notebook stands still for ever.
    """

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            try:
                return await super().get_msg(timeout=max(0.0, min(1.0, deadline - time.monotonic())))
            except Empty:
                if time.monotonic() >= deadline:
                    raise


class _AttentiveClient(AsyncKernelClient):
    shell_channel_class = Type(_AttentiveChannel)


class _AttentiveManager(AsyncKernelManager):
    """Encrypts what kernels print, since other users of the machine can listen to their ports."""

    @default("transport_encryption")
    def _encrypt(self) -> str:
        return "auto" if zmq.has("curve") else "disabled"

    def _client_factory_default(self) -> type:
        return _AttentiveClient


def execute(path: Path) -> Path:
    """Run a notebook in its own folder and write the executed copy.

    Raises:
        NotebookFailed: a cell failed or took too long, or the kernel died; the copy holds everything up to it. The
            file is no notebook, or the copy cannot be written.
    """
    try:
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise NotebookFailed(f"The file is no notebook ({reason}). Restore it, or save it anew.") from error
    target = executed_path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    started_cells: list[nbformat.NotebookNode] = []
    used: dict[str, float] = {}

    def begins(cell: nbformat.NotebookNode, cell_index: int) -> None:
        started_cells.append(cell)
        used.setdefault("start_seconds", time.perf_counter() - started)

    def ends(cell: nbformat.NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        pid = getattr(getattr(client.km, "provisioner", None), "pid", None)
        if pid:
            used.update(usage.larger(used, usage.of_tree(pid)))

    client = NotebookClient(
        book, timeout=CELL_SECONDS, kernel_name="python3", kernel_manager_class=_AttentiveManager,
        resources={"metadata": {"path": path.parent}}, on_cell_start=begins, on_cell_executed=ends,
    )  # fmt: skip
    book.metadata["bootcamp"] = {"made_of": made_of(path)}
    started = time.perf_counter()
    try:
        client.execute()
        record_seconds(path, time.perf_counter() - started, used=used)
    except CellExecutionError as error:
        raise NotebookFailed(f"{error.ename}: {error.evalue}") from error
    except (DeadKernelError, RuntimeError) as error:  # RuntimeError: it died before the first cell
        raise NotebookFailed(
            "The kernel died; out of memory is the usual reason. Close other notebooks and programs, and run it again."
        ) from error
    except CellTimeoutError as error:
        raise NotebookFailed(
            f"A cell took more than {CELL_SECONDS} s and was stopped: {started_cells[-1].source.strip().splitlines()[0]}"
        ) from error
    finally:
        _write(book, target)
    return target


def _write(book: nbformat.NotebookNode, target: Path) -> None:
    """Write the executed copy, or say that the disk is full."""
    try:
        with full_disk_is_said(target.parent):
            nbformat.write(book, target)
    except OSError as error:
        raise NotebookFailed(f"Its executed copy cannot be written: {error.strerror}.") from error


def executed_path(path: Path) -> Path:
    """Where the executed copy of a notebook is kept."""
    return cache_dir("executed") / path.relative_to(ROOT)


def made_of(path: Path) -> str:
    """16 hexadecimal digits that change with a notebook's code, the course's own code under it, profile and seed."""
    digest = hashlib.sha256(f"{course.profile()} {settings.seed(0)}".encode())
    for cell in nbformat.read(path, as_version=4).cells:
        digest.update(cell.source.encode() if cell.cell_type == "code" else b"")
    shared = [
        *(ROOT / "utils").glob("*.py"),
        ROOT / "utils" / "bootcamp.mplstyle",
        ROOT / "data" / "registry.toml",
    ]
    own = path.parent.glob("*/*.py") if path.parent != ROOT else []
    for file in sorted([*shared, *own]):
        digest.update(file.read_bytes() if file.is_file() else b"")
    return digest.hexdigest()[:16]


def run(names: list[str]) -> int:
    """Execute the named notebooks; 1 if one of them fails."""
    status = 0
    for name in names:
        path = Path(name).resolve()
        if path.suffix != ".ipynb" or not path.is_file() or not path.is_relative_to(ROOT):
            print(f"{name} is not a notebook of the course. Choose one of:", file=sys.stderr)
            print("\n".join(f"  {p.relative_to(ROOT)}" for p in notebooks()), file=sys.stderr)
            return 2
        print(f"{name} ...", flush=True)
        started = time.perf_counter()
        try:
            target = execute(path)
        except NotebookFailed as failure:
            print(f"{name}: {failure}\nThe executed part: {executed_path(path)}", file=sys.stderr)
            status = 1
        else:
            print(f"  {time.perf_counter() - started:.0f} s, executed copy: {target}")
    return status


def show_results(as_json: bool, update: bool) -> int:
    """Print the recorded figures, or write them where the README and the notebooks quote them."""
    recorded = results.read_all()
    if update:
        update_texts(recorded)
    elif as_json:
        print(json.dumps({name: entry["value"] for name, entry in recorded.items()}, indent=1))
    elif not recorded:
        print("Nothing is recorded yet. Run a notebook, or ./bootcamp test.")
    else:
        for name, entry in recorded.items():
            context = f"{entry.get('profile', '')} seed {entry.get('seed', '-')}  {entry['date'][:10]}"
            print(f"{name:<62} {entry['value']:>12.5g}   {context}")
    return 0


def update_texts(recorded: dict[str, dict]) -> None:
    """Write measured minutes into notebooks and README, and the key figures into the README; fold cells that only draw.

    What was not measured on this machine, or not with the machine to itself, keeps what is written there.
    """
    for path in notebooks():
        fold_drawings(path)
        text = path.read_text(encoding="utf-8")
        entry = recorded.get(seconds_name(path))
        if entry and entry.get("at_once", 1) == 1 and MINUTES.search(text):
            spent = f"{entry['value'] / 60:.1f} min" if entry["value"] >= 3 else "seconds"
            minutes = f"{spent} on a laptop (2 cores)"
            path.write_text(MINUTES.sub(rf"\g<1>{minutes}\g<3>", text), encoding="utf-8")
    study.update(ROOT, notebooks())
    update_pictures()
    guide = ROOT / "docs" / "instructor_guide.md"
    if guide.exists():
        text = guide.read_text(encoding="utf-8")
        rows = {name: row for row, name in re.findall(r"^(\| `([\w/]+\.ipynb)` \|.*)$", text, re.MULTILINE)}
        write_whole(guide, SEATS.sub(lambda m: m[1] + _seat_table(recorded, rows) + m[2], text))
    readme = ROOT / "README.md"
    text = TABLE.sub(lambda m: m[1] + _notebook_table() + m[2], readme.read_text(encoding="utf-8"))
    block = "".join(match[0] for match in FIGURES.finditer(text))
    kept = {name: row for row, name in re.findall(r"^(\| .*?`([\w]+\.[\w]+)`.*\|)$", block, re.MULTILINE)}
    readme.write_text(
        FIGURES.sub(lambda m: m[1] + _figure_table(recorded, kept) + m[2], text), encoding="utf-8"
    )


SHOWS = {"viz.show", "viz.table", "viz.animate", "viz.interact", "quiz"}


def draws_only(source: str) -> bool:
    """True for a cell that does nothing but show figures, tables and questions: it is always folded."""
    shown = [name in SHOWS - {"viz.interact"} for name in _calls(source)]
    return bool(shown) and all(shown)


def may_be_folded(source: str) -> bool:
    """True for a cell without the lesson's code: it shows something or records, and neither claims nor defines.

    A function that a control calls belongs to the control.
    """
    names = _calls(source)
    if not (SHOWS | {"course.record"}) & set(names):
        return False
    kept: tuple[type[ast.AST], ...] = (ast.Assert, ast.ClassDef)
    if "viz.interact" not in names:
        kept += (ast.FunctionDef,)
    return not any(isinstance(node, kept) for node in ast.walk(ast.parse(source)))


def _calls(source: str) -> list[str]:
    """What each statement of a cell calls; an empty text for a statement that is no call."""
    try:
        lines = ast.parse(source).body
    except SyntaxError:
        return []
    return [
        ast.unparse(line.value.func)
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)
        else ""
        for line in lines
    ]


def fold_drawings(path: Path) -> None:
    """Fold the cells of a notebook that only draw, and unfold those that must be read.

    JupyterLab shows the result of a folded cell, and its code with a click.
    """
    book = nbformat.read(path, as_version=4)
    changed = False
    for cell in book.cells:
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        wanted = draws_only(cell.source) or (folded and may_be_folded(cell.source))
        if cell.cell_type == "code" and folded != wanted:
            changed = True
            cell.metadata.pop("jupyter", None)
            if wanted:
                cell.metadata["jupyter"] = {"source_hidden": True}
    if changed:
        write_whole(path, nbformat.writes(book) + "\n")


def update_pictures() -> None:
    """Copy the figures that the README shows out of the executed notebooks."""
    for picture, (notebook, words) in PICTURES.items():
        copy = executed_path(ROOT / notebook)
        if not copy.exists():
            print(f"{picture} stays as it is: run ./bootcamp run {notebook} to draw it anew.")
            continue
        for alt, encoded in re.findall(r'<img alt="([^"]*)"[^>]*base64,([^"]+)"', _html_outputs(copy)):
            if words in alt.lower():
                (ROOT / picture).write_bytes(base64.b64decode(encoded))
                break
        else:
            raise LookupError(f"{notebook} shows no figure whose alt text says '{words}'.")


def _html_outputs(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.get("data", {}).get("text/html", "") for output in outputs)


def _notebook_table() -> str:
    rows = [study.TABLE_HEAD.rstrip()]
    for path in notebooks():
        first = nbformat.read(path, as_version=4).cells[0].source
        title, promise = [line for line in first.splitlines() if line.strip()][:2]
        link = path.relative_to(ROOT).as_posix()
        minutes = MINUTES.findall(first)[0][1].removesuffix(" on a laptop (2 cores)")
        alone = study.in_words(study.minutes(path))
        rows.append(f"| [{title.lstrip('# ')}]({link}) | {promise} | {minutes} | {alone} |")
    return "\n".join(rows) + "\n"


def _seat_table(recorded: dict[str, dict], kept: dict[str, str]) -> str:
    """What each notebook needs on one seat, and how many seats follow from the largest; rows not measured here stay."""
    rows = []
    for path in notebooks():
        name, entry = path.relative_to(ROOT).as_posix(), recorded.get(seconds_name(path), {})
        if "peak_mb" in entry:
            peak, used = entry["peak_mb"] / 1024, entry["processor_seconds"]
            cores = f"{used / entry['value']:.1f}" if entry["at_once"] == 1 else "1 thread"
            rows.append(f"| `{name}` | {peak:.2f} | {used / 60:.1f} | {cores} | {entry['disk_mb']:.0f} |")
        elif name in kept:
            rows.append(kept[name])
    if not rows:
        return ""
    largest = max(float(row.split("|")[2]) for row in rows)
    head = ["| Notebook | Peak memory, GB | Processor minutes | Cores in use | Kept by its lab so far, MB |"]
    lines = [*head, "|---|--:|--:|--:|--:|", *rows, ""]
    if len(rows) < len(notebooks()):  # the largest may be among the others
        lines.append(
            f"Measured so far: {len(rows)} of {len(notebooks())} notebooks; seats a node follow from all of them."
        )
        return "\n".join(lines) + "\n"
    lines += [f"| Node | Seats, from the largest peak here ({largest:.2f} GB) |", "|---|--:|"]
    for memory, number in usage.NODES:
        lines.append(f"| {memory} GB, {number} cores | {usage.seats_of_a_node(memory, number, largest)} |")
    for memory in usage.GPUS:
        lines.append(f"| GPU of {memory} GB (by memory alone) | {usage.seats_of_a_gpu(memory)} |")
    return "\n".join(lines) + "\n"


def _figure_table(recorded: dict[str, dict], kept: dict[str, str]) -> str:
    rows = dict(kept)
    for name, entry in recorded.items():
        for end, form in FORMATS.items():
            if name.endswith(end):
                value = form.format(entry["value"]).replace("%", " %")
                where = ", this machine" if OF_THE_MACHINE.search(name) else ""
                key = f"`{name}`"
                if name in plain_words.SAID:
                    key = f"{plain_words.SAID[name]} <sub>{key}</sub>"
                where += f", `{entry['source']}`" if "source" in entry else ""
                rows[name] = f"| {key} | {value} | {entry['profile']}, seed {entry['seed']}{where} |"
    head = ["| What was measured | Value | Profile, seed |", "|---|---|---|"]
    lines = []
    for lab, title in [*plain_words.LABS.items(), ("", "Others")]:
        mine = [name for name in sorted(rows) if name.startswith(f"{lab}.") or not lab]
        if mine:
            lines += ["", f"**{title}**", "", *head, *(rows.pop(name) for name in mine)]
    return "\n".join(lines[1:] or head) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bootcamp")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run").add_argument("notebooks", nargs="+")
    figures = commands.add_parser("results")
    figures.add_argument("--json", action="store_true", help="print {name: value}")
    figures.add_argument("--update", action="store_true", help="write the figures into README and notebooks")
    given = parser.parse_args(arguments)
    claims.of_the_course()
    if given.command == "run":
        return run(given.notebooks)
    return show_results(given.json, given.update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
