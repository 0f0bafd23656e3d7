"""The course as web pages: what Sphinx is given, and the pages in a real browser."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_browser import CHROMIUM, FLAGS
from test_notebook_style import luminance

from utils import marks, viz
from utils.engine import book, diagrams, runner

ROOT = Path(__file__).resolve().parents[1]

# --- what Sphinx is given -----------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch, own_cache):
    """A course of a front door and one lab with two notebooks."""
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    lab = tmp_path / "PINN_SimNet"
    lab.mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("![Words](docs/lab4.png)", encoding="utf-8")
    (tmp_path / "docs" / "glossary.md").write_text(
        "# Glossary\n\nA number is the notebook of Lab 1; T, F or P and a number, another.\n\n| Word | Meaning |\n"
        "|---|---|\n| parameter, weight (1) | A number. |\n| residual (P1) | What is left. |\n",
        encoding="utf-8",
    )
    for path in (tmp_path / "Start_Here.ipynb", lab / "01_One.ipynb", lab / "02_Two.ipynb"):
        nbformat.write(new_notebook(cells=[new_markdown_cell(f"# {path.stem}\n\nIt promises.")]), path)
    monkeypatch.setattr(
        runner, "notebooks", lambda: [tmp_path / "Start_Here.ipynb", *sorted(lab.glob("*.ipynb"))]
    )
    return SimpleNamespace(root=tmp_path, one=lab / "01_One.ipynb", two=lab / "02_Two.ipynb")


def put(path: Path, *cells) -> None:
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title\n\nIt promises."), *cells]), path)


def keep(path: Path, outputs=(), facts=None) -> None:
    """An executed copy of a notebook whose last cell showed these outputs."""
    copy = nbformat.read(path, as_version=4)
    for count, cell in enumerate(cell for cell in copy.cells if cell.cell_type == "code"):
        cell.execution_count = count + 1
    copy.cells[-1].outputs = list(outputs)
    copy.metadata["bootcamp"] = {"made_of": runner.made_of(path)} if facts is None else facts
    target = runner.executed_path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(copy, target)


def page_of(path: Path, names=("Start_Here",), words=()) -> nbformat.NotebookNode:
    return book.notebook_page(book.Page(path, book.state_of(path)), set(names), words)


def test_a_notebook_a_lab_or_all(small, monkeypatch):
    monkeypatch.chdir(small.root)
    assert book.choose([]) == runner.notebooks()
    assert book.choose(["PINN_SimNet"]) == [small.one, small.two]
    assert book.choose(["PINN_SimNet/02_Two.ipynb", "Start_Here.ipynb"]) == [
        small.root / "Start_Here.ipynb",
        small.two,
    ]
    for wrong in (".", "docs", "PINN_SimNet/03_Three.ipynb"):
        with pytest.raises(LookupError, match=r"(?s)neither a lab nor a notebook.*PINN_SimNet/01_One.ipynb"):
            book.choose([wrong])


def test_what_is_executed_already_is_not_executed_again(small, monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(runner, "execute", lambda path: ran.append(path.name) or keep(path))
    put(small.one, new_code_cell("1"))
    pages = book.gather([small.one])
    assert (ran, pages[0].state) == (["01_One.ipynb"], "fresh")
    assert book.gather([small.one])[0].state == "fresh"
    assert ran == ["01_One.ipynb"]
    put(small.one, new_markdown_cell("Other words need no new results."), new_code_cell("1"))
    assert book.state_of(small.one) == "fresh"
    (small.root / "PINN_SimNet" / "pinn").mkdir()
    (small.root / "PINN_SimNet" / "pinn" / "solver.py").write_text("x = 1", encoding="utf-8")
    assert book.state_of(small.one) == "older"
    put(small.one, new_code_cell("2"))
    assert book.state_of(small.one) == "none"


def test_a_notebook_without_results_is_said_on_its_page(small):
    put(small.one, new_code_cell("1"))
    assert "was not run for these pages" in page_of(small.one).cells[0].source
    keep(small.one, facts={})
    assert "may differ" in page_of(small.one).cells[0].source
    keep(small.one, [new_output("error", ename="E", evalue="", traceback=[])])
    assert "stopped before its end" in page_of(small.one).cells[0].source
    keep(small.one)
    assert ":::" not in page_of(small.one).cells[0].source


def test_a_notebook_that_fails_or_is_none_does_not_stop_the_others(small, monkeypatch, capsys):
    def fails(path):
        raise runner.NotebookFailed("ValueError: so it goes")

    monkeypatch.setattr(runner, "execute", fails)
    small.one.write_text("{", encoding="utf-8")
    put(small.two, new_code_cell("1"))
    pages = book.gather([small.one, small.two])
    said = capsys.readouterr().err
    assert [page.path for page in pages] == [small.two]
    assert "01_One.ipynb is left out: The file is no notebook" in said
    assert "02_Two.ipynb: ValueError: so it goes" in said
    assert pages[0].state == "failed"


def test_progress_bars_go_and_a_control_keeps_its_strip(small):
    put(small.one, new_code_cell("1"))
    bar = new_output("display_data", {book.WIDGET: {}, "text/plain": "0 %"})
    control = new_output("display_data", {book.WIDGET: {}, "text/html": "<p>strip</p>"})
    keep(small.one, [bar, control, new_output("stream", text=" \n")])
    outputs = page_of(small.one).cells[-1].outputs
    assert [list(output.data) for output in outputs] == [["text/html"]]


def test_links_lead_to_pages_or_become_words(small):
    put(small.one, new_markdown_cell(
        "[Previous](../Start_Here.ipynb) | [Home](../Start_Here.ipynb) | [Next](02_Two.ipynb)\n\n[a](../Start_Here.ipynb) "
        "[b](02_Two.ipynb) [c](../deploy/README.md) [d](https://example.org) [e](../docs/glossary.md) ![f](../x.png)"
    ))  # fmt: skip
    text = page_of(small.one).cells[-1].source
    assert text.strip() == (
        "[a](../Start_Here.ipynb) b c [d](https://example.org) [e](../docs/glossary.md) ![f](../x.png)"
    )


def test_the_first_bold_word_of_the_glossary_leads_there(small):
    put(small.one, new_markdown_cell("`**weight**` $**weight**$ a **Weight**, a **weight**, **other**"))
    text = page_of(small.one, words=book.glossary_words()).cells[-1].source
    assert text == "`**weight**` $**weight**$ a {term}`Weight <weight>`, a **weight**, **other**"


def test_the_glossary_links_to_its_notebooks(small):
    text = book.glossary_page(
        (small.root / "docs/glossary.md").read_text(encoding="utf-8"), {"PINN_SimNet/01_One"}
    )
    assert "parameter\nweight\n  A number. (Lab 1, notebook 1)" in text
    assert "residual\n  What is left. ([Lab 4, notebook 1](../PINN_SimNet/01_One.ipynb))" in text
    assert "|" not in text


def test_every_row_of_the_real_glossary_is_a_term():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(book._glossary_rows(text)) == len(rows) - 1
    assert "parameter" in book.glossary_words()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("viz.show(fig, 'a', 'b')", True), ('quiz("q")', True), ("viz.show(1)\nviz.show(2)", True),
        ("x = 1\nviz.show(x)", False), ("viz.show(1)\nassert x", False), ("", False), ("print(1)", False),
    ],
)  # fmt: skip
def test_cells_that_only_draw_are_folded(source, expected):
    assert runner.draws_only(source) == expected


def test_a_flow_chart_is_drawn_with_its_words():
    drawing = diagrams.draw(
        "flowchart LR\n accTitle: Steps\n accDescr: One, two.\n a[One & all] --> b --> c --> a\n x --> b\n"
    )
    assert drawing.count("<rect") == 4
    assert drawing.count("marker-end") == 4
    assert "One &amp; all" in drawing
    assert 'aria-label="Steps One, two."' in drawing
    assert re.search(r'd="M\d+ \d+V\d+H\d+V\d+"', drawing), "the way back runs below"


def test_both_locks_have_the_same_versions():
    """The packages of the pages come into the environment of the notebooks, and change nothing in it."""
    versions = [
        dict(re.findall(r"^([\w.-]+)==([\w.+!-]+)", (ROOT / name).read_text(encoding="utf-8"), re.M))
        for name in ("requirements.lock", "requirements-cuda.lock", "requirements-book.lock")
    ]
    assert {"sphinx", "myst-nb", "pydata-sphinx-theme"} <= versions[2].keys()
    for other in versions[:2]:
        differing = {name for name in versions[2].keys() & other.keys() if versions[2][name] != other[name]}
        assert not differing, f"deploy/update_locks.sh brings them together: {differing}"


def test_nothing_of_the_pages_is_among_what_every_learner_installs():
    for name in ("requirements.lock", "requirements-cuda.lock"):
        assert not re.search(r"^(sphinx|myst-nb)==", (ROOT / name).read_text(encoding="utf-8"), re.M)


# --- what notebooks show ------------------------------------------------------------------


@pytest.mark.parametrize("word", marks.COLOURS)
def test_verdicts_can_be_read(word):
    """WCAG 2.1, contrast of white words on their colour."""
    assert 1.05 / (luminance(marks.COLOURS[word]) + 0.05) > 5.5


def test_a_verdict_is_a_word_outside_of_a_notebook(capsys):
    marks.say("NOT YET", "a: b")
    assert capsys.readouterr().out == "NOT YET a: b\n"


@pytest.fixture
def shell():
    """IPython as a notebook has it; gives what was displayed."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    InteractiveShell.instance()
    yield capture_output
    InteractiveShell.clear_instance()


def test_a_figure_has_two_pixels_for_each_point(shell):
    viz.use_style()
    with shell() as shown:
        viz.show(viz.history({"net": {"loss": [2.0, 1.0]}}, "loss"), "Falls & falls.", "A line.")
    page = shown.outputs[0].data["text/html"]
    width = int(re.search(r'width="(\d+)"', page)[1])
    assert 600 < width < 900
    assert "Falls &amp; falls." in page
    assert viz.plt.rcParams["savefig.dpi"] == 2 * viz.plt.rcParams["figure.dpi"]


def test_a_table_has_a_caption_few_digits_and_a_bold_winner(shell):
    import pandas as pd

    frame = pd.DataFrame({"RMSE (kt)": [12.34567, 9.87654]}, index=["eye", "network"])
    with shell() as shown:
        viz.table(frame, "Lower is better.", "{:.1f}", {"RMSE (kt)": "min"})
    page = shown.outputs[0].data["text/html"]
    assert "Lower is better." in page
    assert "9.9" in page
    assert "9.87" not in page
    assert re.search(r"row1_col0[^}]*\{\s*font-weight: bold", page)
    assert "network" in shown.outputs[0].data["text/plain"]


def test_a_table_has_no_minus_before_a_zero(shell):
    import pandas as pd

    frame = pd.DataFrame({"bias (kt)": [-0.01, -0.06, -np.inf]})
    with shell() as shown:
        viz.table(frame, "Rounded.", "{:.1f}", index=False)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", shown.outputs[0].data["text/html"])
    assert cells == ["0.0", "-0.1", "-inf"]


@pytest.mark.parametrize(
    ("control", "labels"),
    [
        ((1.0, 8.0, 0.25), ["t: 1", "t: 2.75", "t: 4.5", "t: 6.25", "t: 8"]),
        ((-8, 8), ["t: -8", "t: -4", "t: 0", "t: 4", "t: 8"]),
        (["round", "long"], ["t: round", "t: long"]),
    ],
)
def test_a_control_has_a_strip_of_states_for_pages(shell, control, labels):
    with shell() as shown:
        viz.interact(lambda t, other: print(f"<{t}> {other}"), t=control, other=(0, 10))
    bundle = shown.outputs[-1].data
    assert book.WIDGET in bundle
    assert re.findall(r"<b>(.*?)</b>", bundle["text/html"]) == labels
    assert bundle["text/html"].count(" 5\n</pre>") == len(labels), "others stay as they begin"
    assert "&lt;" in bundle["text/html"]


def test_the_axes_of_a_control_stay_where_its_first_picture_has_them(shell, monkeypatch):
    """Nothing jumps while a slider moves, and a move takes no time to find the layout again; strips keep their own."""
    import ipywidgets
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    viz.use_style()
    made, solved, figures = [], [], []
    interactive, execute = ipywidgets.interactive, ConstrainedLayoutEngine.execute
    monkeypatch.setattr(
        ipywidgets, "interactive", lambda *a, **k: made.append(interactive(*a, **k)) or made[0]
    )
    monkeypatch.setattr(
        ConstrainedLayoutEngine, "execute", lambda engine, fig: (solved.append(fig), execute(engine, fig))
    )

    def draw(order):
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot([0, 10**order])
        figures.append(fig)
        viz.show(fig, f"Order {order}.", "A line.")

    with shell() as shown:
        viz.interact(draw, order=(0, 8))
        made[0].f(order=4)
        solved.clear(), figures.clear()
        for order in (1, 8, 0):
            made[0].f(order=order)
    assert not solved
    places = [fig.axes[0].get_position(original=True).bounds for fig in figures]
    assert places[0] == places[1] == places[2]
    pages = [output.data["text/html"] for output in shown.outputs[-3:]]
    assert ['width="330"' in page for page in pages] == [True] * 3
    with shell():
        viz.show(plt.subplots()[0], "Elsewhere.", "Empty axes.")
    assert solved, "other figures find their own layout"


# --- in a browser -------------------------------------------------------------------------

EXAMPLE = [
    new_markdown_cell("# An example\n\nIt promises a $\\sqrt{2}$.\n\n| Run time | Needs |\n|---|---|\n| short | nothing |"),
    new_markdown_cell("## You will be able to\n\n- see a **residual** and a **loss**.\n\n$$u(x) = \\int_0^x f(s)\\,ds$$"),
    new_code_cell(
        "import matplotlib.pyplot as plt\nimport pandas as pd\n\nfrom utils import course, viz\n"
        "from utils.exercises import Book, Exercise, Question\n\ncourse.begin('PINN_SimNet/01_Example')\n"
        "demo = Book({'x-a': Exercise('Give four.', 4.0)}, {'x-q': Question('Which?', {'A': 'One', 'B': 'Two'}, 'B', "
        "{'A': 'No.', 'B': 'Yes.'})})\nquiz = demo.quiz"
    ),
    new_code_cell("fig, ax = plt.subplots()\nax.plot([1, 2, 3])\nlong_name = 'a line of code that is much wider than a phone' * 3"),
    new_code_cell("viz.show(fig, 'A line rises.', 'A rising line.')"),
    new_code_cell("viz.table(pd.DataFrame({f'column {n} (kt)': [1.234, 2.345] for n in range(12)}), 'Wide.', '{:.1f}')"),
    new_code_cell("print(' '.join(str(n) for n in range(200)))\ndemo.check('x-a', 4)\ndemo.check('x-a', None)\ndemo.check('x-a', 5);"),
    new_code_cell("quiz('x-q')"),
    new_code_cell("viz.interact(lambda order: viz.show(plt.subplots()[0], f'Order {order}.', f'Order {order}.'), order=(0, 8))"),
    new_code_cell(
        "frames = [plt.subplots(figsize=(3, 2))[0] for _ in range(3)]\nfor number, frame in enumerate(frames):\n"
        "    frame.axes[0].plot([0, number])\nviz.animate(frames, 'It turns.', 'A line that turns.')"
    ),
    new_markdown_cell(
        "<details><summary>Hint 1</summary>\n\nThe secret is $\\pi r^2$, never sesquipedalian.\n\n</details>\n\n"
        '<div class="alert alert-warning"><b>Careful.</b> A box.</div>\n\n'
        "```mermaid\nflowchart LR\n  Data --> Task --> Data\n```"
    ),
]  # fmt: skip
BUILD = """
import sys
from pathlib import Path
from utils.engine import book, runner
root = runner.ROOT = Path(sys.argv[1])
runner.notebooks = lambda: [root / "Start_Here.ipynb", *sorted((root / "PINN_SimNet").glob("*.ipynb"))]
runner.record_seconds = lambda *measured, **used: None
runner.execute(root / "PINN_SimNet" / "01_Example.ipynb")
sys.exit(book.make([], as_is=True))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages of a made-up notebook with one of everything, of a real one that was not run, and of the front door."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("needs Chromium: apt-get install chromium")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    if importlib.util.find_spec("myst_nb") is None:
        if not os.environ.get("CI"):
            pytest.skip("needs the packages of the pages: ./bootcamp book installs them")
        command = [sys.executable, ROOT / "bootcamp", "book", "--help"]
        subprocess.run(command, env=environment | {"BOOTCAMP_VENV": sys.prefix}, check=True)
    home = tmp_path_factory.mktemp("site")
    root = home / "course"
    (root / "PINN_SimNet").mkdir(parents=True)
    for name in ("README.md", "Start_Here.ipynb", "PINN_SimNet/01_From_Data_to_Physics.ipynb"):
        (root / name.replace("/01_", "/02_")).write_bytes((ROOT / name).read_bytes())
    (root / "docs").symlink_to(ROOT / "docs")
    nbformat.write(new_notebook(cells=EXAMPLE), root / "PINN_SimNet" / "01_Example.ipynb")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, root], cwd=ROOT, env=environment | {"BOOTCAMP_CACHE": str(home / "cache")},
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "02_From_Data_to_Physics.ipynb: not run; its page says so." in done.stdout
    return home / "cache" / "book" / "html", done.stderr


@pytest.fixture(scope="module")
def chromium(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(site, chromium):
    """Open a page of the site as a file; no page may ask another machine for anything."""
    opened = []

    def visit(name: str, width: int = 1280, scheme: str = "light"):
        page = chromium.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        page.foreign, page.broken = [], []
        page.on(
            "request", lambda request: page.foreign.append(request.url) if request.url[:4] == "http" else None
        )
        page.on("requestfailed", lambda request: page.broken.append(request.url))
        page.goto(f"{(site[0] / name).as_uri()}", wait_until="load")
        assert not page.broken
        opened.append(page)
        return page

    yield visit
    for page in opened:
        assert not page.foreign, "it asks other hosts"
        page.close()


EXAMPLE_PAGE, REAL_PAGE = "PINN_SimNet/01_Example.html", "PINN_SimNet/02_From_Data_to_Physics.html"


@pytest.mark.browser
def test_sphinx_has_nothing_to_complain_about(site):
    assert "WARNING" not in site[1]
    assert "ERROR" not in site[1]


@pytest.mark.browser
def test_a_fold_opens_with_its_math_drawn_inside(visit):
    page = visit(EXAMPLE_PAGE)
    fold = page.locator("details", has_text="Hint 1")
    page.wait_for_selector("mjx-container[display=true] mjx-math", state="attached")
    assert "sesquipedalian" in fold.text_content()
    assert not fold.get_by_text("sesquipedalian").is_visible()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.get_by_text("sesquipedalian").is_visible()
    assert fold.locator("mjx-math").is_visible()
    assert "$" not in page.locator("article").inner_text()


@pytest.mark.browser
def test_search_finds_a_word(visit):
    page = visit(EXAMPLE_PAGE)
    page.keyboard.press("Control+k")
    page.keyboard.type("sesquipedalian")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="An example").first.click()
    page.wait_for_url("**/01_Example.html*")


@pytest.mark.browser
def test_pages_lead_to_each_other(visit):
    page = visit(EXAMPLE_PAGE)
    assert page.locator("nav[aria-label=Contents] .caption").all_inner_texts() == [
        "The course", "Lab 4: Physics-informed networks", "For reference",
    ]  # fmt: skip
    page.locator("a.term, a.reference", has_text="residual").click()
    assert "glossary.html#term-residual" in page.url
    page.go_back()
    page.locator(".prev-next-area a.right-next").click()
    assert page.url.endswith(REAL_PAGE)
    crumbs = page.locator("nav[aria-label=Breadcrumb] li").all_inner_texts()
    assert [crumb.strip() for crumb in crumbs][1] == "Lab 4: Physics-informed networks"
    assert "was not run for these pages" in page.locator("article").inner_text()


@pytest.mark.browser
def test_drawing_cells_are_folded_and_a_control_is_a_strip(visit):
    page = visit(EXAMPLE_PAGE)
    assert page.locator("details.hide code, details.hide pre").first.is_visible() is False
    strip = page.get_by_role("region", name="Five states of the control order")
    assert strip.locator("img").count() == 5
    assert {image.get_attribute("alt") for image in strip.locator("img").all()} == {
        f"Order {n}." for n in (0, 2, 4, 6, 8)
    }
    assert page.get_by_text("PASS", exact=False).first.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_an_animation_moves_when_it_is_asked_to(visit, width):
    """By the keyboard, also for who wants less motion: nothing moves before, and closing the fold ends it."""
    page = visit(EXAMPLE_PAGE, width)
    figure = page.locator("figure", has_text="It turns.")
    still, moving = figure.get_by_alt_text("A line that turns."), figure.get_by_alt_text("The same, moving.")
    assert still.is_visible()
    assert not moving.is_visible()
    assert moving.get_attribute("src").startswith("data:image/webp;base64,")
    figure.locator("summary").focus()
    page.keyboard.press("Enter")
    assert moving.bounding_box() == still.bounding_box(), "it covers the still"
    page.keyboard.press("Enter")
    assert not moving.is_visible()


@pytest.mark.browser
def test_a_strip_of_states_scrolls_by_the_keyboard(visit):
    page = visit(EXAMPLE_PAGE, width=400)
    strip = page.get_by_role("region", name="Five states of the control order")
    strip.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")


@pytest.mark.browser
@pytest.mark.parametrize(
    "name", ["index.html", EXAMPLE_PAGE, REAL_PAGE, "docs/glossary.html", "Start_Here.html"]
)
def test_a_phone_needs_no_scrolling_sideways(visit, name):
    page = visit(name, width=400)
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    if name in (EXAMPLE_PAGE, REAL_PAGE):
        page.wait_for_selector("mjx-container[display=true] mjx-math", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.browser
@pytest.mark.parametrize("sheet", sorted((ROOT / "docs").glob("cheatsheet_*.md")), ids=lambda path: path.stem)
def test_a_lab_s_sheet_prints_on_one_page(visit, sheet):
    page = visit(f"docs/{sheet.stem}.html")
    page.wait_for_selector("td mjx-container mjx-math", state="attached")
    for paper in ("A4", "Letter"):
        printed = page.pdf(format=paper, margin=dict.fromkeys(("top", "right", "bottom", "left"), "1cm"))
        assert len(re.findall(rb"/Type /Page\b", printed)) == 1, paper


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", EXAMPLE_PAGE, "docs/glossary.html"])
def test_axe_finds_nothing(visit, name, scheme):
    """Rules of WCAG 2.1, A and AA, with all folds open."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(name, scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    report = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    problems = [
        f"{item['id']}: {item['help']} ({item['nodes'][0]['html'][:200]})"
        for item in report.response["violations"]
    ]
    assert not problems, "\n".join(problems)
