"""What the texts suggest to try is tried: in the course's own runs each suggestion is executed in the notebook, at its place.

A suggestion is a change of cells, or a few lines, or a reason why no run of a few seconds can stand for it. After the last
of its cells, these cells run once more with the change, on a copy of the notebook's names. A claim that no longer holds is
no error, since a learner is told it in words; any error stops the run. Nothing of it is shown: executed notebooks become pages.
"""

import ast
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from utils.engine import claims, results
from utils.engine.paths import ROOT

NAME = "_suggestion_to_try"  # under which a notebook's cells find `_try`


@dataclass(frozen=True)
class Suggestion:
    """One suggestion of a notebook's text.

    Attributes:
        notebook: ``Lab/Notebook``.
        says: a piece of the text that makes it.
        cells: ids of the cells to run again, in order; none: the lines of `code` alone, at the end of the notebook.
        changes: (old, new), each in one of these cells.
        code: lines that run after the cells.
        reason: why it is not executed.
    """

    notebook: str
    says: str
    cells: Sequence[str] = ()
    changes: Sequence[tuple[str, str]] = ()
    code: str = ""
    reason: str = ""


L1, L2, L3, L4 = "Intro_to_DL/", "Tropical_Cyclone/", "CFD_Steady_Flow/", "PINN_SimNet/"
TRAINS = "trains networks of the notebook again, which takes longer than a test may"
TASK = "asks for code of the learner's own"
STREET = (
    "case-published-cylinder-20-reynold-5bed",
    "viz-show-figures-solver-draw-str-d694",
    "rising-np-flatnonzero-lift-1-0-lif-3ee0",
    "table-of-the-street",
)
SUGGESTIONS = [
    Suggestion(L1 + "01_Learning_as_Curve_Fitting", "Set `BOOTCAMP_SEED=1`", reason="the tests run whole notebooks with other seeds"),
    Suggestion(L1 + "01_Learning_as_Curve_Fitting", "Let the day last three days", reason=TRAINS),
    Suggestion(L1 + "01_Learning_as_Curve_Fitting", "Give the network $\\sin$ and $\\cos$", reason=TASK),
    Suggestion(L1 + "02_Your_First_Classifier", "move the *training* images at random", reason=TASK),
    Suggestion(L1 + "02_Your_First_Classifier", "tick two runs on the left", reason="happens in TensorBoard, which a browser test opens"),
    Suggestion(L1 + "03_Convolutional_Networks", "set `widths=(16, 64, 128)`", code="classifier([layers.RandomFlip('horizontal')], widths=(16, 64, 128)).summary()"),
    Suggestion(L1 + "04_Residual_Networks", "Widen or deepen `fashion_resnet`", reason=TRAINS),
    Suggestion(L1 + "05_Training_Well", "On your own data", reason=TASK),
    Suggestion(L1 + "06_Using_Your_GPU", "Time one step of your own training", reason=TASK),
    Suggestion(L1 + "06_Using_Your_GPU", "Look at a whole step", reason=TASK),
    Suggestion(
        L2 + "01_The_Problem",
        "Add a fourth measurement to `measure`",
        ("axis-km-np-arange-frames-images-sh-60f8", "examples-train-np-abs-wind-kt-trai-0019", "columns-np-column-stack-np-ones-le-9f45"),
        [
            ("    return np.stack([ring, cold_share, eye_contrast], axis=1)",
             "    spread = kelvin[:, (radius_km > 40) & (radius_km < 120)].std(axis=1)\n"
             "    return np.stack([ring, cold_share, eye_contrast, spread], axis=1)"),
        ],
    ),
    Suggestion(L2 + "01_The_Problem", "Ask a friend for ten winds", reason="is done by two people"),
    Suggestion(
        L2 + "02_Tracks_and_Images",
        "Draw the map for the year in which you were born",
        ("season-2005-all-fixes-all-fixes-se-e319",),
        [('all_fixes["season"] == 2005', 'all_fixes["season"] == 1992')],
    ),
    Suggestion(
        L2 + "02_Tracks_and_Images",
        "Find the storm with the largest overshoot",
        code="""
excess = {}
for storm, run in dataset.tropical_runs(all_fixes[all_fixes["season"] >= 2022]).groupby("storm_id"):
    fixes, winds = half_hourly(run)
    known = fixes["hours"].to_numpy(), fixes["wind_kt"].to_numpy()
    if len(fixes) > 3:
        asked = winds["spline"]
        excess[storm] = overshoot_kt(asked["wind_kt"].to_numpy(), asked["hours"].to_numpy(), *known)
print(max(excess, key=excess.get))
""",
    ),
    Suggestion(L2 + "03_Preprocessing_and_Model_1", "Train Model 1 at full width", reason=TRAINS),
    Suggestion(L2 + "04_The_Leak", "Change `DROPOUT` and `EPOCHS`", reason=TRAINS),
    Suggestion(L2 + "05_Class_Imbalance", 'Change `"synthetic"` to `"hursat"`', reason="needs a download of real images"),
    Suggestion(L2 + "05_Class_Imbalance", "Try the square root of the weights", reason=TRAINS),
    Suggestion(L2 + "06_A_Better_Model", "change them here", reason=TRAINS),
    Suggestion(L2 + "06_A_Better_Model", "Train the final network without", reason=TRAINS),
    Suggestion(L2 + "07_Can_You_Trust_It", "Train the caption network", reason=TRAINS),
    Suggestion(L2 + "08_Competition", "Beat the board", reason=TASK),
    Suggestion(L2 + "09_Competition_Solutions", "Beat this entry", reason=TASK),
    Suggestion(
        L2 + "10_Guaranteed_Error_Bars",
        "Calibrate the storm's worst frame",
        code="worst = pd.Series(score).groupby(storm).max()\nprint(smallest_enough(worst.to_numpy(), LEVEL), limit)",
    ),
    *(
        Suggestion(L3 + "01_Flow_by_Particles", says, STREET, [("STREET = 100", f"STREET = {number}")])
        for says, number in (("set `STREET` to 60", 60), ("then to 40", 40))
    ),
    Suggestion(
        L3 + "01_Flow_by_Particles",
        "Try the street at 60 and 40 (above), and the cavity",
        code="print(np.abs(published.cavity(64, 400)).max())",
    ),
    Suggestion(
        L3 + "02_Data_and_Task",
        "Compute a small set of your own",
        code='print(dataset.load("cars", dataset.Config(train=2, validation=1, reynolds=50.0)))',
    ),
    Suggestion(L3 + "03_Fully_Connected_Networks", "Set `RECIPE", reason=TRAINS),
    Suggestion(L3 + "04_Convolutional_Networks", "Let the distance count cells", reason=TRAINS),
    Suggestion(L3 + "04_Convolutional_Networks", "Double `EPOCHS`", reason=TRAINS),
    Suggestion(L3 + "05_Residual_U_Nets", "Build the U without its way across", reason=TRAINS),
    Suggestion(L3 + "08_Competition", "Beat the board", reason=TASK),
    Suggestion(L3 + "10_Flow_in_Time", "Give the convolutional step the unrolled loss", reason=TRAINS),
    Suggestion(L4 + "04_Toolbox", "Change `WAVE` or `SECONDS`", reason=TRAINS),
    Suggestion(L4 + "04_Toolbox", "try `PERIODS = 40`", reason=TRAINS),
    Suggestion(
        L4 + "05_Geometry",
        "Give the rod a third bore",
        ("big-small-np-array-1-0-0-0-np-arra-088f", "interior-rod-sample-interior-2500-b0db"),
        [("- Circle(SMALL, 0.22)", "- Circle(SMALL, 0.22) - Circle((0, 0), 0.15)")],
    ),
    Suggestion(L4 + "06_More_Physics", "Raise the buoyancy", reason=TRAINS),
    Suggestion(L4 + "07_Uncertainty_and_Transfer", "Give the cup the right law", reason=TRAINS),
    Suggestion(L4 + "08_The_Chip_Challenge", "Reach 0.1 in each", reason=TASK),
    Suggestion(L4 + "09_Chip_Solutions", "Give the corner its next modes", reason=TASK),
    Suggestion(L4 + "09_Chip_Solutions", "Train the hidden layers too", reason=TRAINS),
    Suggestion(L4 + "10_On_to_Production", "Run `torchrun`", reason="needs a machine with two GPUs; a test runs the file with two processes"),
    Suggestion(L4 + "11_Equations_and_Time_Steps", "Add a friction term", reason=TASK),
]  # fmt: skip


def sources(notebook: str) -> dict[str, str]:
    """The code cells of a notebook by their ids, in order."""
    book = nbformat.read(ROOT / f"{notebook}.ipynb", as_version=4)
    return {cell.id: cell.source for cell in book.cells if cell.cell_type == "code"}


def changed(suggestion: Suggestion, cells: dict[str, str]) -> str:
    """The text that tries a suggestion.

    Raises:
        LookupError: a cell or what is to change is not there (any more).
    """
    missing = [name for name in suggestion.cells if name not in cells]
    if missing:
        raise LookupError(f"{suggestion.notebook} has no cell {missing[0]} to try '{suggestion.says}' in.")
    text = "\n".join([*(cells[name] for name in suggestion.cells), suggestion.code])
    for old, new in suggestion.changes:
        if text.count(old) != 1:
            raise LookupError(
                f"{suggestion.notebook}: '{old}' stands {text.count(old)} times, to be tried as '{new}'."
            )
        text = text.replace(old, new)
    return text


class AtItsPlace(ast.NodeTransformer):
    """Adds the try of a suggestion to the end of its last cell; for IPython's list of transformers."""

    def __init__(self, notebook: str, suggestions: Sequence[Suggestion] = SUGGESTIONS) -> None:
        cells = sources(notebook)
        self.tries: dict[str, list[tuple[str, str]]] = {}
        for suggestion in suggestions:
            if suggestion.notebook == notebook and not suggestion.reason:
                last = suggestion.cells[-1] if suggestion.cells else list(cells)[-1]
                entry = suggestion.says, changed(suggestion, cells)
                self.tries.setdefault(ast.dump(ast.parse(cells[last])), []).append(entry)

    def visit_Module(self, node: ast.Module) -> ast.Module:
        for says, text in self.tries.get(ast.dump(node), []):
            call = ast.Call(ast.Name(NAME, ast.Load()), [ast.Constant(says), ast.Constant(text)], [])
            node.body.append(ast.Expr(call))
        return ast.fix_missing_locations(node)


def _try(says: str, text: str) -> None:
    """Run the text on a copy of the notebook's names.

    Raises:
        AssertionError: it ends in an error; a claim that does not hold is none.
    """
    from IPython.utils.capture import capture_output

    shell: Any = sys.modules["IPython"].get_ipython()
    space = dict(shell.user_ns) | {claims.NAME: lambda test, said=None: None}
    tree = claims.Spoken().visit(ast.parse(text))
    with capture_output(), results.nothing_recorded(), warnings.catch_warnings():
        try:
            exec(compile(ast.fix_missing_locations(tree), "suggestion", "exec"), space)
        except Exception as error:
            raise AssertionError(
                f"Who does what the text suggests ('{says}') meets {type(error).__name__}: {error}"
            ) from error


def listen(notebook: str) -> None:
    """Let the notebook's cells try its suggestions, in a run of the course's own."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not (ROOT / f"{notebook}.ipynb").is_file():
        return
    shell.user_ns_hidden[NAME] = shell.user_ns[NAME] = _try
    kept = [t for t in shell.ast_transformers if type(t).__name__ != AtItsPlace.__name__]
    shell.ast_transformers[:] = [AtItsPlace(notebook), *kept]
