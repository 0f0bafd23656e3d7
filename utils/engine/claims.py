"""What a notebook asserts, told in words: a claim of the text that does not hold gets a sentence with its values.

The course's own runs (tests, ``./bootcamp run``) set ``$BOOTCAMP_CLAIMS=raise``: there a claim that fails is an error.
With a learner, who has changed a number because the text says so, the sentence is printed and the notebook goes on.
"""

import ast
import os
import sys
from types import FrameType
from typing import Any

from utils.engine import settings

NAME = "_claim_that_fails"  # under which a notebook's cells find the function below
MOST_VALUES = 6  # in a sentence


class Spoken(ast.NodeTransformer):
    """Turns ``assert test`` into ``if not test: tell``, with the test's own text; for IPython's list of transformers."""

    def visit_Assert(self, node: ast.Assert) -> ast.If:
        self.generic_visit(node)
        text, said = ast.Constant(ast.unparse(node.test)), node.msg or ast.Constant(None)
        call = ast.Expr(ast.Call(ast.Name(NAME, ast.Load()), [text, said], []))
        told = ast.If(ast.UnaryOp(ast.Not(), node.test), [call], [])
        return ast.fix_missing_locations(ast.copy_location(told, node))


def tell(test: str, said: Any = None) -> None:
    """Say that a claim does not hold, with the values in it.

    Args:
        test: the text of the condition.
        said: the sentence that the notebook gives, or None.

    Raises:
        AssertionError: in the course's own runs.
    """
    sentence = f"{said} " if said is not None else ""
    sentence += f"Expected here: {test}.{_values(test, sys._getframe(1))}"
    if settings.claims_raise():
        raise AssertionError(sentence)
    print(
        f"NOT AS IN THE TEXT: {sentence}\nThe text speaks of the code and the numbers as they were given. If you have "
        "changed something, this is what your change does, and the notebook goes on. If not, choose Restart Kernel and "
        "Run All Cells in the menu Kernel."
    )


def _values(test: str, frame: FrameType) -> str:
    """What the sides of the comparisons of a test are, where they can be told in a few digits."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(test, mode="eval")):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        for side in [*sides, *([node] if isinstance(node, ast.Name) else [])]:
            text = ast.unparse(side)
            if isinstance(side, ast.Constant) or text in found:
                continue
            try:
                value = eval(compile(ast.Expression(side), "claim", "eval"), frame.f_globals, frame.f_locals)
                shown = f"{value:.6g}" if isinstance(value, float) else repr(value)
            except Exception:
                continue
            if len(shown) <= 40 and "\n" not in shown and not shown.startswith("<"):
                found[text] = shown
    told = list(found.items())[:MOST_VALUES]
    return " Here " + ", ".join(f"{text} is {value}" for text, value in told) + "." if told else ""


def listen() -> None:
    """In a notebook: let each cell from here on speak. Elsewhere nothing happens."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return
    shell.user_ns_hidden[NAME] = shell.user_ns[NAME] = tell
    shell.ast_transformers[:] = [t for t in shell.ast_transformers if type(t).__name__ != Spoken.__name__]
    shell.ast_transformers.append(Spoken())


def of_the_course() -> None:
    """This process and what it starts are a run of the course's own: a claim that fails is an error."""
    os.environ["BOOTCAMP_CLAIMS"] = "raise"
