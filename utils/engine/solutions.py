"""In the course's own runs the published solution of an open exercise is tried in the notebook, at its place."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from utils.engine import settings
from utils.engine.paths import LABS, ROOT

STUB = re.compile(r'^(\w+) = check\("([\w-]+)", \1\)', re.MULTILINE)
BLOCK = re.compile(r"<summary>Solution</summary>.*?```python\n(.*?)```", re.DOTALL)


@cache
def _published() -> dict[str, list[tuple[str, str]]]:
    """By the id of an exercise: the variable and the text of its solution, once for each notebook that has it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in [path for lab in LABS for path in sorted(Path(ROOT, lab).glob("[0-9]*.ipynb"))]:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
        for number, (kind, text) in enumerate(texts):
            stub = STUB.search(text) if kind == "code" else None
            block = (
                BLOCK.search("\n".join(t for k, t in texts[number + 1 :] if k == "markdown"))
                if stub
                else None
            )
            if stub and block:
                found.setdefault(stub[2], []).append((stub[1], block[1]))
    return found


def try_in_place(book: Any, name: str, names: dict[str, Any]) -> None:
    """Execute the solution with a copy of the notebook's names and judge it; nothing happens with a learner.

    Args:
        book: the lab's exercises.
        name: id of the exercise.
        names: the notebook's global names at this moment.

    Raises:
        AssertionError: the solution does not pass here.
        Exception: what the solution raises here, such as a NameError.
    """
    if not (settings.claims_raise() and "get_ipython" in names):
        return
    for variable, text in _published().get(name, []):
        space = dict(names)
        exec(compile(text, f"solution of {name}", "exec"), space)
        problem = book.exercises[name].feedback(space[variable])
        assert problem is None, f"The published solution of {name} is refused at its place: {problem}"
