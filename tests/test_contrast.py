"""What the course colours can be read in both themes of JupyterLab: contrast of each text with what lies behind it.

The colours come from our own HTML and from the themes' style sheets; browsers look at whole pages in test_browser and
test_book.
"""

import ast
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.colors import to_hex, to_rgb
from test_notebook_style import luminance

import notebooks
from utils import exercises, marks, viz
from utils.engine import board, progress

THEMES = {"light": "theme-light-extension", "dark": "theme-dark-extension"}
ENOUGH = 4.5  # WCAG 2.1, for text of ordinary size
VOID = {"img", "br", "hr", "meta", "link", "input"}


def variables_of(theme: str) -> dict[str, str]:
    """The variables of a theme of JupyterLab, each with those in it replaced."""
    sheet = Path(sys.prefix, "share/jupyter/lab/themes/@jupyterlab", THEMES[theme], "index.css")
    found = dict(re.findall(r"(--jp-[\w-]+):([^;}]+)", sheet.read_text(encoding="utf-8")))
    for _ in range(3):
        found = {
            name: re.sub(
                r"var\((--[\w-]+)(?:, *([^()]+))?\)",
                lambda m, known=found: known.get(m[1], m[2] or ""),
                value,
            )
            for name, value in found.items()
        }
    return found


def colour(text: str, behind: tuple = (1, 1, 1)) -> tuple:
    """Red, green and blue between 0 and 1; what shines through an ``rgba`` is ``behind``."""
    if text.startswith("rgba"):
        *parts, share = map(float, re.findall(r"[\d.]+", text))
        return tuple(
            share * part / 255 + (1 - share) * back for part, back in zip(parts, behind, strict=True)
        )
    return to_rgb(text)


def contrast(one: tuple, other: tuple) -> float:
    high, low = sorted((luminance(to_hex(one)), luminance(to_hex(other))), reverse=True)
    return (high + 0.05) / (low + 0.05)


class Reader(HTMLParser):
    """Collects (contrast, text) of a piece of HTML in a cell: our inline styles, then the theme's rules for a tag."""

    def __init__(self, theme: dict[str, str]):
        super().__init__()
        self.theme, self.texts = theme, []
        behind = colour(theme["--jp-layout-color0"])
        self.stack = [("", colour(theme["--jp-content-font-color1"], behind), behind)]

    def handle_starttag(self, tag, attributes):
        _, front, behind = self.stack[-1]
        rules = {  # of JupyterLab for what is rendered from HTML and markdown
            "a": ("--jp-content-link-color", None),
            "code": ("--jp-content-font-color1", "--jp-layout-color2"),
            "pre": ("--jp-content-font-color1", "--jp-layout-color0"),
            "table": ("--jp-ui-font-color1", None),
        }.get(tag, (None, None))
        given = [self.theme[name] if name else None for name in rules]
        style = dict(attributes).get("style") or ""
        own = [re.search(rf"(?:^|;)\s*{name}:([^;]+)", style) for name in ("color", "background(?:-color)?")]
        front_text, behind_text = [
            mine[1] if mine else theirs for mine, theirs in zip(own, given, strict=True)
        ]
        behind = colour(behind_text, behind) if behind_text else behind
        front = colour(front_text, behind) if front_text else front
        if tag not in VOID:
            self.stack.append((tag, front, behind))

    def handle_endtag(self, tag):
        while len(self.stack) > 1 and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, front, behind = self.stack[-1]
        if tag != "style" and data.strip():
            self.texts.append((contrast(front, behind), data.strip()))


@pytest.fixture(scope="module")
def pieces() -> dict[str, str]:
    """HTML of one of everything that the course shows."""
    InteractiveShell.instance()
    viz.use_style()
    frame = pd.DataFrame({"error (kt)": [12.3, 9.9]}, index=["eye", "network"])
    shows = {
        **{word: lambda word=word: marks.say(word, "A sentence.") for word in marks.COLOURS},
        "figure": lambda: viz.show(plt.figure(figsize=(1, 1)), "A caption.", "Nothing."),
        "table": lambda: viz.table(frame, "A caption.", "{:.1f}", {"error (kt)": "min"}),
        "animation": lambda: viz.animate([plt.figure(figsize=(1, 1))] * 2, "A caption.", "Nothing."),
        "control": lambda: viz.interact(lambda order: print(order), order=(0, 4)),
        "quiz": lambda: exercises.DEMO.quiz("start-q"),
    }
    found = {}
    for name, show in shows.items():
        with capture_output() as shown:
            show()
        found[name] = "".join(output.data.get("text/html", "") for output in shown.outputs)
    InteractiveShell.clear_instance()
    for path in notebooks.paths():
        text = "\n".join(notebooks.markdown(path))
        for number, box in enumerate(re.findall(r"<div class=\"alert.*?</div>", text, re.DOTALL)):
            found[f"box {number} of {path.stem}"] = box
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_what_the_course_shows_can_be_read(pieces, theme):
    variables = variables_of(theme)
    for name, page in pieces.items():
        reader = Reader(variables)
        reader.feed(page)
        assert reader.texts, name
        worst = min(reader.texts)
        assert worst[0] >= ENOUGH, f"{name}: contrast {worst[0]:.1f} of {worst[1]!r} in the {theme} theme"
        for rules in re.findall(r"<style.*?</style>", page, re.DOTALL):
            assert not re.search(r"color:(?! *currentColor)", rules), f"{name}: the reader sees no sheets"


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("<a>link</a>", 1.5), ('<p style="background:#E3F2F8;color:#0F2A33">a <a>link</a></p>', 1.5),
        ('<p style="color:#777">grey</p>', 3.5), ('<p style="background:#fff">white</p>', 0.9),
    ],
)  # fmt: skip
def test_the_reader_finds_what_cannot_be_read(page, least):
    """Each of these is hard to read in the dark theme, but the first."""
    reader = Reader(variables_of("dark"))
    reader.feed(page)
    worst = min(reader.texts)[0]
    assert worst > least
    assert (worst < ENOUGH) == (page != "<a>link</a>")


@pytest.mark.parametrize("sheet", ["progress", "board", "board in the dark"])
def test_pages_of_their_own_can_be_read(sheet, own_cache):
    page = progress.as_html() if sheet == "progress" else board.STYLE
    bodies = re.findall(r"body ?\{[^}]*[ ;]color: ?(#\w+); ?background: ?(#\w+)", page)
    bodies += re.findall(r"body \{ color: (#\w+); background: (#\w+) \} \}", page)
    front, behind = bodies[-1 if sheet.endswith("dark") else 0]
    assert contrast(colour(front), colour(behind)) >= ENOUGH
    assert (contrast(colour(behind), (0, 0, 0)) < 2) == sheet.endswith("dark")


def test_figures_bring_a_ground_of_their_own():
    """In the dark theme a figure is a white sheet: its letters are dark on it, not dark on the page."""
    viz.use_style()
    style = plt.rcParams
    kept = style["figure.facecolor"] if style["savefig.facecolor"] == "auto" else style["savefig.facecolor"]
    assert not style["savefig.transparent"]
    for name in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.titlecolor"):
        letters = style["text.color"] if style[name] == "auto" else style[name]
        for ground in (kept, style["axes.facecolor"]):
            assert contrast(to_rgb(letters), to_rgb(ground)) >= ENOUGH, name


LIGHT = {"ORANGE", "GREEN", "PINK", "YELLOW", "SKY"}  # on white below what letters need


def lettering(path: Path) -> list[str]:
    """Lines of a module that write text into a figure in one of the light colours."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        named = isinstance(node, ast.Call) and getattr(node.func, "attr", "")
        if named in {"text", "set_title", "suptitle", "set_xlabel", "set_ylabel"}:
            for option in node.keywords:
                used = getattr(option.value, "attr", getattr(option.value, "id", ""))
                if option.arg == "color" and used in LIGHT:
                    found.append(f"{path.name}, line {node.lineno}: {used}")
    return found


def test_letters_in_figures_are_dark_enough():
    white = (1, 1, 1)
    assert all(contrast(to_rgb(getattr(viz, name)), white) < ENOUGH for name in LIGHT)
    for name in ("BLUE", "BLACK", "DARK_ORANGE", "DARK_GREEN"):
        assert contrast(to_rgb(getattr(viz, name)), white) >= ENOUGH, name
    modules = [*notebooks.ROOT.glob("*/*/figures*.py"), notebooks.ROOT / "utils" / "viz.py"]
    assert len(modules) > 15
    assert not [line for path in modules for line in lettering(path)]
