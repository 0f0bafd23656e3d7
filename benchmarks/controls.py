"""Processor milliseconds of one change of each control: to compute, to draw and to hand over the picture.

    .venv/bin/python benchmarks/controls.py                                       every notebook with a control
    .venv/bin/python benchmarks/controls.py PINN_SimNet/02_Composite_Bar.ipynb    one of them

The cells up to a notebook's last control run in a kernel with one thread. Each of its arguments is moved through up to
ten values while the others stay as they begin, after one warm call; a change counts until its picture is encoded. What
was measured is kept in `controls.json`, and the table in benchmarks/README.md is written from it. A goal: 100 ms.
"""

import argparse
import json
import os
import platform
import statistics

import nbformat
import tables
from nbclient import NotebookClient

from notebooks import THREADS

ROOT = tables.ROOT
REPORT = ROOT / "benchmarks" / "controls.json"
STOPWATCH = """
def _values(control, count=10):
    if hasattr(control, "options"):
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]
    else:
        low, high = control.min, min(control.max, 1000)
        steps = round((high - low) / control.step) if getattr(control, "step", None) else count - 1
        values = [type(control.value)(low + (high - low) * number / steps) for number in range(steps + 1)]
    last = len(values) - 1
    return [values[place] for place in sorted({round(last * number / (count - 1)) for number in range(count)})]

def _timed(play):
    import json, time
    from IPython.utils.capture import capture_output
    begun = {control._kwarg: control.value for control in play.kwargs_widgets}
    spent = {}
    with capture_output():
        play.f(**begun)
    for control in play.kwargs_widgets:
        spent[control._kwarg] = []
        for value in _values(control):
            with capture_output():
                started = time.process_time()
                play.f(**begun | {control._kwarg: value})
                spent[control._kwarg].append(1000 * (time.process_time() - started))
    print("CONTROL", json.dumps({"name": play.f.__name__, "ms": spent}))

import ipywidgets as _ipywidgets
from utils import viz as _viz
_interactive, _interact, _made = _ipywidgets.interactive, _viz.interact, []

def _noted(draw, **controls):
    _made.append(_interactive(draw, **controls))
    return _made[-1]

def _measured(draw, **controls):
    _ipywidgets.interactive = _noted
    _interact(draw, **controls)
    _timed(_made[-1])

_viz.interact = _measured
"""


def measure(notebook: str) -> dict[str, dict]:
    """The controls of a notebook: milliseconds of every change, by argument."""
    book = nbformat.read(ROOT / notebook, as_version=4)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    last = max(number for number, cell in enumerate(cells) if "viz.interact(" in cell.source)
    begins = next(number for number, cell in enumerate(cells) if "course.begin" in cell.source)
    book.cells = [
        *cells[: begins + 1],
        nbformat.v4.new_code_cell(STOPWATCH),
        *cells[begins + 1 : last + 1],
    ]
    os.environ.update(dict.fromkeys(THREADS, "1"), KERAS_BACKEND="tensorflow")
    folder = {"metadata": {"path": (ROOT / notebook).parent}}
    NotebookClient(book, timeout=3600, kernel_name="python3", resources=folder).execute()
    said = [
        line.removeprefix("CONTROL ")
        for cell in book.cells
        for output in cell.outputs
        for line in output.get("text", "").splitlines()
        if line.startswith("CONTROL ")
    ]
    found = [json.loads(line) for line in said]
    return {f"{notebook} {control['name']}": {"ms": control["ms"]} for control in found}


def render(rows: dict[str, dict]) -> str:
    """The table: a row for each control, median and largest over all of its changes."""
    lines = [
        f"Processor milliseconds of one change; {platform.machine()}, one thread, no GPU.",
        "",
        "| Notebook | Control | Changes | Median | Largest |",
        "|---|---|--:|--:|--:|",
    ]
    for key, row in sorted(rows.items()):
        notebook, name = key.rsplit(" ", 1)
        spent = [value for values in row["ms"].values() for value in values]
        moved = f"`{name}` by {', '.join(argument.replace('_', ' ') for argument in sorted(row['ms']))}"
        lines.append(
            f"| {notebook.removesuffix('.ipynb')} | {moved} | {len(spent)} | {statistics.median(spent):.0f} "
            f"| {max(spent):.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "notebooks", nargs="*", help="paths from the course's folder; without any, all with controls"
    )
    names = parser.parse_args().notebooks or [
        path.relative_to(ROOT).as_posix()
        for path in sorted(ROOT.glob("*/*.ipynb"))
        if "viz.interact(" in path.read_text(encoding="utf-8")
    ]
    for notebook in names:
        found = measure(notebook)
        rounded = {
            key: {
                "ms": {name: [round(value, 1) for value in values] for name, values in control["ms"].items()}
            }
            for key, control in found.items()
        }
        tables.add(REPORT, render, rounded)


if __name__ == "__main__":
    main()
