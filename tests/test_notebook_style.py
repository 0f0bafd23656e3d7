"""Every notebook keeps the house style; what nbval would pass in silence is banned here."""

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import notebooks
from utils.engine import runner

ALL = notebooks.paths()
LESSONS = [path for path in ALL if path.name != "Start_Here.ipynb"]
every = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)

MINUTES = re.compile(r"<!-- minutes -->.+?<!-- /minutes -->")
SILENT_TAGS = {"nbval-skip", "raises-exception", "nbval-raises-exception", "skip-execution"}


@every
def test_is_valid_and_has_unique_cell_ids(path: Path):
    book = notebooks.read(path)
    nbformat.validate(book)
    ids = [cell.id for cell in book.cells]
    assert len(ids) == len(set(ids))


@every
def test_is_stored_without_outputs(path: Path):
    for cell in notebooks.code_cells(path):
        assert not cell.outputs, f"cell {cell.id} holds an output"
        assert cell.execution_count is None


@every
def test_learners_see_code_and_no_orders_to_formatter_and_linter(path: Path):
    for cell in notebooks.code_cells(path):
        assert not re.search(r"# (fmt:|noqa|type: ignore|pragma)", cell.source), cell.id


@every
def test_nothing_can_pass_without_being_run(path: Path):
    for cell in notebooks.code_cells(path):
        assert not SILENT_TAGS & set(cell.metadata.get("tags", [])), cell.id
        assert "NBVAL_SKIP" not in cell.source, cell.id
        assert cell.source.strip(), f"cell {cell.id} is empty"


@every
def test_code_is_plain_python_without_side_doors(path: Path):
    for cell in notebooks.code_cells(path):
        tree = ast.parse(cell.source)  # shell escapes and magics are no Python
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                banned = (
                    "input",
                    "os.system",
                    "subprocess.run",
                    "urlopen",
                    "requests.get",
                    "plt.show",
                    "exec",
                    "eval",
                )
                assert name not in banned, f"{cell.id} calls {name}"
            if isinstance(node, ast.ExceptHandler):
                assert not all(isinstance(line, ast.Pass) for line in node.body), (
                    f"{cell.id} swallows an exception"
                )
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"(/(home|work|workspace|tmp|root|mnt|Users)/|[A-Z]:\\)", node.value), (
                    cell.id
                )


@every
def test_a_function_to_write_is_not_overwritten_by_its_none(path: Path):
    """Who takes the marks away from the stub has written it: `NAME = None` stands above, so it cannot undo that."""
    for cell in notebooks.code_cells(path):
        for name in re.findall(r"^# def (\w+)\(", cell.source, re.MULTILINE):
            stub = rf"^{name} = None  # replace None by the function below \(remove each #\)\n# def {name}\("
            assert re.search(stub, cell.source, re.MULTILINE), cell.id


@every
def test_cells_are_short(path: Path):
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 40, f"{cell.id}: {len(cell.source.splitlines())} lines"
        else:
            prose = re.sub(
                r"```.*?```|<details>.*?</details>|^\|.*\|$|\$\$.*?\$\$", "", cell.source, flags=re.S | re.M
            )
            words = len(re.findall(r"\w+", re.sub(r"<[^>]+>|\]\([^)]*\)", " ", prose)))
            assert words <= 160, f"{cell.id}: {words} words"


@every
def test_headings_form_an_outline(path: Path):
    text = re.sub(r"```.*?```", "", "\n".join(notebooks.markdown(path)), flags=re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for before, after in zip(levels, levels[1:], strict=False):
        assert after <= before + 1, "a heading level is skipped"


@every
def test_links_resolve(path: Path):
    text = "\n".join(notebooks.markdown(path))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if re.match(r"(https?|mailto):", target):
            continue
        assert (path.parent / unquote(target)).exists(), f"broken link {target}"


@every
def test_pictures_have_alt_text(path: Path):
    text = "\n".join(notebooks.markdown(path))
    assert not re.findall(r"!\[\s*\]\(", text)
    for image in re.findall(r"<img [^>]*>", text):
        assert re.search(r'alt="[^"]+"', image), image
    for tree in notebooks.trees(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("viz.show", "viz.animate"):
                named = {keyword.arg for keyword in node.keywords} & {"caption", "alt"}
                assert len(node.args) + len(named) == 3, (
                    f"line {node.lineno}: {ast.unparse(node.func)} needs what it draws, caption and alt text"
                )


def luminance(colour: str) -> float:
    """Of a colour as ``#rrggbb``, between 0 and 1 (WCAG 2.1)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@every
def test_boxes_can_be_read_in_either_theme(path: Path):
    """JupyterLab's own colours of such a box have a contrast of 3.0 in its light theme and of 2.1 in its dark one."""
    for box in re.findall(r'<div class="alert [^>]*>', "\n".join(notebooks.markdown(path))):
        colours = re.search(r'style="background-color:(#\w{6});color:(#\w{6})"', box)
        assert colours, f"{box}: it needs colours of its own; copy another box"
        contrast = (luminance(colours[1]) + 0.05) / (luminance(colours[2]) + 0.05)
        assert contrast > 4.5, f"{box}: contrast {contrast:.1f}"


@every
def test_boxes_are_written_in_html(path: Path):
    """Markdown in a block of HTML is shown as it is typed."""
    for box in re.findall(
        r"<div class=\"alert.*?(?:</div>|\n\n)", "\n".join(notebooks.markdown(path)), re.DOTALL
    ):
        assert not re.search(r"\]\(|\*\*|`", box), box


@every
def test_no_text_stands_in_the_line_of_a_comment(path: Path):
    """Markdown takes such a line for HTML and shows its stars and links as they are typed."""
    told = notebooks.markdown(path)
    if path.stem == "Start_Here":  # it is done once for the pages
        told += [page.read_text(encoding="utf-8") for page in (notebooks.ROOT / "docs").glob("*.md")]
        told.append((notebooks.ROOT / "README.md").read_text(encoding="utf-8"))
    lines = re.findall(r"^ {0,3}<!--.*?-->[ \t]*\S.*", "\n".join(told), re.MULTILINE)
    assert not lines, f"begin a new line after the comment: {lines[0][:90]}"


@every
def test_cells_that_only_draw_are_folded(path: Path):
    """The idea stays in view; the code of a figure is a click away."""
    for cell in notebooks.code_cells(path):
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        if runner.draws_only(cell.source):
            assert folded, f"{cell.id}: ./bootcamp results --update folds what only draws"
        if folded:
            assert runner.may_be_folded(cell.source), f"{cell.id}: claims and functions stay in view"


@every
def test_records_and_captions_do_not_stand_in_the_way_of_the_idea(path: Path):
    """Figures and `course.record` have a folded cell of their own, after the one that computes them."""
    for cell in notebooks.code_cells(path):
        if cell.metadata.get("jupyter", {}).get("source_hidden", False):
            continue
        if "viz.interact(" in cell.source:
            assert not runner.may_be_folded(cell.source), f"{cell.id}: fold the function of the control"
            continue
        steps = ast.parse(cell.source).body
        called = {ast.unparse(step.value.func) for step in steps if _is_call(step)}
        assert not called & {"viz.show", "viz.animate", "course.record"}, (
            f"{cell.id}: move it to a folded cell"
        )


def _is_call(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Call)


def test_what_may_be_folded():
    """Drawing, records and the function of a control; never a claim, a check or code that others need to read."""
    assert runner.may_be_folded("fig = draw(x)\nviz.show(fig, 'a', 'b')")
    assert runner.may_be_folded("course.record('a.b', 1.0)")
    assert runner.may_be_folded("def show(k):\n    viz.show(k, 'a', 'b')\n\n\nviz.interact(show, k=(0, 1))")
    assert not runner.may_be_folded("viz.show(fig, 'a', 'b')\nassert x < 1")
    assert not runner.may_be_folded("def loss(y):\n    return y\n\n\nviz.table(y)")
    assert not runner.may_be_folded("x = 1")


@every
def test_tables_are_tables(path: Path):
    """Not rows of text, which a narrow screen breaks and a screen reader cannot follow."""
    for cell in notebooks.code_cells(path):
        assert ".to_string(" not in cell.source, f"{cell.id}: show a table with viz.table"
        if path.parent.name in ("Intro_to_DL", "Tropical_Cyclone"):
            for raw in (r"\.style\b", r"\bdisplay\(", r"print\(pd\.", r"viz\.table\([^\n]*\.round\("):
                assert not re.search(raw, cell.source), (
                    f"{cell.id}: show a table with viz.table, which writes few digits"
                )
            last = ast.parse(cell.source).body[-1]
            bare = isinstance(last, ast.Expr) and re.search(r"\.round\(\d\)$", ast.unparse(last))
            assert not bare, f"{cell.id}: show a table with viz.table, which writes few digits"


@lesson
def test_tables_have_captions(path: Path):
    if path.parent.name not in ("Intro_to_DL", "Tropical_Cyclone"):
        return
    for tree in notebooks.trees(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "viz.table":
                assert len(node.args) >= 2, f"{ast.unparse(node)[:80]}: a caption says what to see"


@every
def test_a_repeat_that_failed_is_not_left_out_of_a_mean(path: Path):
    """pandas leaves nan out: a training that diverged would vanish, and its method look better."""
    groups = set()
    for tree in notebooks.trees(path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and re.search(r"\.groupby\([^()]*\)$", ast.unparse(node.value)):
                groups |= {ast.unparse(target) for target in node.targets}
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            over = ast.unparse(node.func.value)
            if node.func.attr in ("mean", "std", "median") and (
                over.partition("[")[0] in groups or re.search(r"\.groupby\([^()]*\)(\[.*\])?$", over)
            ):
                assert "skipna" in {keyword.arg for keyword in node.keywords}, ast.unparse(node)


@every
def test_controls_have_a_strip_of_states(path: Path):
    for cell in notebooks.code_cells(path):
        assert not re.search(r"(?<!viz\.)\binteract\(", cell.source), (
            f"{cell.id}: viz.interact shows it on pages, too"
        )


@every
def test_figures_use_safe_colour_maps(path: Path):
    for cell in notebooks.code_cells(path):
        found = re.search(r"""["'](jet|hsv|rainbow|gist_rainbow|nipy_spectral)["']""", cell.source)
        assert not found, f"{cell.id}: {found}"


@lesson
def test_begins_and_ends_like_every_other(path: Path):
    cells = notebooks.read(path).cells
    assert cells[0].source.startswith("# ")
    assert MINUTES.search(cells[0].source), "the first cell has no table with the measured minutes"
    assert "You will be able to" in cells[1].source
    verbs = re.findall(r"^- ", cells[1].source, re.MULTILINE)
    assert 3 <= len(verbs) <= 5
    begun = notebooks.calls(path, "begin")
    assert begun == [f"{path.parent.name}/{path.stem}"]
    text = "\n".join(notebooks.markdown(path))
    for heading in ("Key points", "When this fails", "Next steps", "References"):
        assert re.search(rf"^## {heading}", text, re.MULTILINE), f"no section '{heading}'"
    assert notebooks.code_cells(path)[-1].source.strip() == "course.end()"


@lesson
def test_one_cell_sets_up_and_nothing_else_imports(path: Path):
    """A cell that is lost, or not run, takes nothing with it that others need."""
    first, *others = notebooks.code_cells(path)
    assert "course.begin(" in first.source
    assert re.search(r"^from \w+\.exercises_\d+ import", first.source, re.MULTILINE)
    for cell in others:
        body = ast.parse(cell.source).body
        assert not all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body), cell.id


def test_navigation_is_a_chain():
    for lab in notebooks.LABS:
        chain = [path.name for path in ALL if path.parent.name == lab]
        for number, name in enumerate(chain):
            before = chain[number - 1] if number else "../Start_Here.ipynb"
            after = chain[number + 1] if number + 1 < len(chain) else "../Start_Here.ipynb"
            bar = f"[Previous]({before}) | [Home](../Start_Here.ipynb) | [Next]({after})"
            cells = notebooks.read(notebooks.ROOT / lab / name).cells
            assert bar in cells[0].source, f"{name} starts without {bar}"
            assert bar in cells[-1].source, f"{name} ends without {bar}"


@lesson
def test_holds_exercises_checkpoints_and_asserts(path: Path):
    assert len(notebooks.exercises(path)) >= 3
    assert len(notebooks.calls(path, "quiz")) >= 1
    assert notebooks.count_asserts(path) >= 4


@lesson
def test_every_exercise_has_hints_and_a_solution(path: Path):
    text = "\n".join(notebooks.markdown(path))
    number = len(notebooks.exercises(path))
    assert text.count("<summary>Hint 1</summary>") == number
    assert text.count("<summary>Solution</summary>") == number
    for name, _, solution in notebooks.exercises(path):
        assert solution, f"{name} has no solution block after its stub"


def test_the_lint_would_notice(tmp_path):
    """The rules above can fail: a notebook that breaks them is refused."""
    bad = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("## No title\n![](x.png)"),
            nbformat.v4.new_code_cell("!ls", outputs=[nbformat.v4.new_output("stream", text="x")]),
            nbformat.v4.new_code_cell("a = 1  # NBVAL_SKIP"),
        ]
    )
    path = tmp_path / "Bad.ipynb"
    nbformat.write(bad, path)
    for rule in (
        test_is_stored_without_outputs,
        test_nothing_can_pass_without_being_run,
        test_headings_form_an_outline,
        test_links_resolve,
        test_pictures_have_alt_text,
    ):
        with pytest.raises((AssertionError, SyntaxError)):
            rule(path)
    with pytest.raises(SyntaxError):
        test_code_is_plain_python_without_side_doors(path)


@pytest.mark.parametrize(
    "name", ["conformal_coverage", "cyclone_seeds", "flow_generative", "flow_operators", "flow_rollout"]
)
def test_a_benchmark_that_runs_a_notebook_asks_for_names_that_it_has(name):
    """Such a benchmark takes hours: a variable that was renamed in the notebook would end it."""
    source = (notebooks.ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    (file_name,) = re.findall(r'NOTEBOOK = LAB / "(.+?)"', source)
    (path,) = (path for path in ALL if path.name == file_name)
    nodes = [node for tree in notebooks.trees(path) for node in ast.walk(tree)]
    has = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    has |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.alias)}
    asked = set(re.findall(r'names\["(\w+)"\]', source))
    assert asked
    assert asked <= has, asked - has
