"""The course as a site of web pages that reads without a network, behind ``./bootcamp book``.

Sphinx builds it from the notebooks and from ``docs/``. The results on its pages come from the executed copies that the
cache keeps; a page whose notebook was not executed says so.
"""

import argparse
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from utils.engine import claims, diagrams, glossary, runner
from utils.engine.paths import cache_dir, write_whole
from utils.engine.runner import LABS, NotebookFailed

TITLES = {
    "Intro_to_DL": "Lab 1: Introduction to deep learning",
    "Tropical_Cyclone": "Lab 2: Tropical cyclones",
    "CFD_Steady_Flow": "Lab 3: Steady flow",
    "PINN_SimNet": "Lab 4: Physics-informed networks",
}
WIDGET = "application/vnd.jupyter.widget-view+json"
NAVIGATION = re.compile(r"^\[Previous\]\(.*$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
CODE = re.compile(r"(```.*?```|``[^`]+``|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$|<[^>]+>)", re.DOTALL)
BOX = re.compile(
    r'(<div class="alert [^"]*") style="[^"]*"'
)  # the site has colours of its own for either theme
GLOSSARY = re.compile(rf"\[([^\]]+)\]\({re.escape(glossary.TARGET)}\)")
DIAGRAM = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
NOTES = {
    "none": "This notebook was not run for these pages: they show its text and its code, without results.",
    "failed": "This notebook stopped before its end when it was run for these pages: later results are missing.",
    "older": "The course's own code has changed since this notebook was run for these pages: its results may differ.",
}
SETTINGS = """project = "AI for Science Bootcamp"
copyright = "the authors of the AI for Science Bootcamp"
html_title = project
language = "en"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "misc.highlighting_failure"]
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}}
html_theme = "pydata_sphinx_theme"
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
templates_path = ["templates"]
html_sidebars = {"**": ["contents.html"], "index": []}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": project},
    "navbar_center": [],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": [],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def say_the_lab(app, page, template, context, tree):
    # Above the title of a notebook stands its lab, which has no page of its own.
    lab = LABS.get(page.partition("/")[0])
    if lab:
        context["parents"] = [{"title": lab}]


def setup(app):
    app.connect("html-page-context", say_the_lab)
"""
CONTENTS = """<nav class="bd-docs-nav bd-links" aria-label="Contents">
  <div class="bd-toc-item navbar-nav">
    {{- generate_toctree_html("sidebar", startdepth=0, show_nav_level=1, maxdepth=1, collapse=False,
                              includehidden=True, titles_only=True) -}}
  </div>
</nav>
"""


@dataclass(frozen=True)
class Page:
    """A notebook and what is known of its results: ``fresh``, ``older``, ``failed`` or ``none``."""

    path: Path
    state: str

    @property
    def name(self) -> str:
        """Of the page, relative to the site: ``Lab/Notebook``."""
        return self.path.relative_to(runner.ROOT).with_suffix("").as_posix()


# --- which notebooks, and their results ---------------------------------------------------


def choose(names: Sequence[str]) -> list[Path]:
    """The notebooks of files and of folders of labs, in reading order; all of them without a name.

    Raises:
        LookupError: a name is neither; the message lists what there is.
    """
    known = runner.notebooks()
    wanted = set()
    for name in names:
        path = Path(name).resolve()
        inside = [book for book in known if path in (book, book.parent) and path != runner.ROOT]
        if not inside:
            listed = "\n".join(f"  {item}" for item in (*LABS, *(p.relative_to(runner.ROOT) for p in known)))
            raise LookupError(
                f"{name} is neither a lab nor a notebook of the course. Choose among:\n{listed}"
            )
        wanted.update(inside)
    return [path for path in known if path in wanted or not names]


def state_of(path: Path) -> str:
    """What the kept results of a notebook are worth: ``fresh``, ``older``, ``failed`` or ``none``."""
    copy = _copy_of(path)
    if copy is None or _code(copy) != _code(nbformat.read(path, as_version=4)):
        return "none"
    cells = [cell for cell in copy.cells if cell.cell_type == "code" and cell.source.strip()]
    errors = [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    if errors or not all(cell.execution_count for cell in cells):
        return "failed"
    return "fresh" if copy.metadata.get("bootcamp", {}).get("made_of") == runner.made_of(path) else "older"


def _copy_of(path: Path) -> nbformat.NotebookNode | None:
    """The executed copy, if there is one that can be read."""
    try:
        return nbformat.read(runner.executed_path(path), as_version=4)
    except (OSError, ValueError, AttributeError):
        return None


def _code(book: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def gather(paths: Sequence[Path], as_is: bool = False) -> list[Page]:
    """Execute what has no fresh results, and say so; a notebook that cannot be read is said and left out.

    Args:
        paths: of the notebooks.
        as_is: take what there is, and execute nothing.
    """
    pages = []
    for path in paths:
        name = path.relative_to(runner.ROOT)
        try:
            nbformat.validate(nbformat.read(path, as_version=4))
        except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
            reason = str(error).strip().splitlines()[0][:200]
            print(f"{name} is left out: The file is no notebook ({reason}).", file=sys.stderr)
            continue
        state = state_of(path)
        if state != "fresh" and not as_is:
            print(f"{name} is run ...", flush=True)
            try:
                runner.execute(path)
                state = state_of(path)
            except NotebookFailed as failure:
                print(f"{name}: {failure}", file=sys.stderr)
                state = "failed"
        pages.append(Page(path, state))
    return pages


# --- sources for Sphinx -------------------------------------------------------------------


def write_sources(folder: Path, pages: Sequence[Page]) -> None:
    """Write everything that Sphinx reads: pages, the index, ``docs/``, settings, styles and MathJax.

    Args:
        folder: where to; what was there is removed.
        pages: of the notebooks.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("static/mathjax", "templates", "docs"):
        (folder / part).mkdir(parents=True)
    names = {page.name for page in pages}
    words = glossary_words()
    for page in pages:
        target = folder / f"{page.name}.ipynb"
        target.parent.mkdir(exist_ok=True)
        nbformat.write(notebook_page(page, names, words), target)
    documents = {path.stem for path in (runner.ROOT / "docs").glob("*.md")}
    for path in sorted((runner.ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        text = glossary_page(text, names) if path.stem == "glossary" else text
        write_whole(folder / "docs" / path.name, _links(text, path.parent, names))
    for path in (runner.ROOT / "docs").glob("*.png"):
        shutil.copy2(path, folder / "docs")
    write_whole(folder / "index.md", index_page(pages, documents))
    write_whole(folder / "conf.py", f"LABS = {TITLES!r}\n{SETTINGS}")
    write_whole(folder / "templates" / "contents.html", CONTENTS)
    for kind in ("css", "js"):
        shutil.copy2(Path(__file__).with_name(f"book.{kind}"), folder / "static" / f"course.{kind}")
    found = importlib.util.find_spec("sphinx-mathjax-offline")
    if found and found.origin:
        mathjax = Path(found.origin).parent / "static" / "mathjax"
        shutil.copy2(mathjax / "tex-chtml.js", folder / "static" / "mathjax")
        shutil.copytree(mathjax / "output" / "chtml" / "fonts", folder / "static/mathjax/output/chtml/fonts")


def notebook_page(page: Page, names: set[str], words: Iterable[str] = ()) -> nbformat.NotebookNode:
    """A notebook as it stands, with the results of its executed copy, ready for Sphinx.

    Args:
        page: the notebook.
        names: of all pages of the site; links to others become words.
        words: of the glossary; where one first stands in bold it leads there.
    """
    book = nbformat.read(page.path, as_version=4)
    copy = _copy_of(page.path) if page.state in ("fresh", "older", "failed") else None
    results = [cell.outputs for cell in copy.cells if cell.cell_type == "code"] if copy else []
    book.metadata = {
        "language_info": {"name": "python"},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    first, unmet = True, {word.lower(): word for word in words}
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                shown for output in (results.pop(0) if results else []) if (shown := _output(output))
            ]
            if runner.draws_only(cell.source):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
        elif cell.cell_type == "markdown":
            text = BOX.sub(r"\1", NAVIGATION.sub("", cell.source))
            text = DIAGRAM.sub(lambda match: diagrams.draw(match[1]), text)
            cell.source = _terms(_links(text, page.path.parent, names), unmet)
            if first and page.state in NOTES:
                cell.source += f"\n\n:::{{warning}}\n{NOTES[page.state]}\n:::\n"
            first = False
    return book


def _output(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """An output without what needs a kernel; None if nothing is left, as of a progress bar."""
    data = output.get("data", {})
    if WIDGET in data:
        if "text/html" not in data:
            return None
        del data[WIDGET]
    if output.output_type == "stream" and not output.text.strip():
        return None
    return output


def _links(text: str, folder: Path, names: set[str]) -> str:
    """Links to pages of the site stay, links to other files of the course become words."""

    def mended(match: re.Match) -> str:
        words, target, _ = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        path = (folder / target).resolve()
        name = (
            path.relative_to(runner.ROOT).with_suffix("").as_posix()
            if path.is_relative_to(runner.ROOT)
            else ""
        )
        is_page = name in names or (path.suffix == ".md" and path.parent == runner.ROOT / "docs")
        return match[0] if is_page or path.suffix == ".png" else words

    return LINK.sub(mended, text)


def _terms(text: str, unmet: dict[str, str]) -> str:
    """Links to the glossary, and the first bold appearance of each word, lead to the word there.

    Words that were met leave ``unmet``.
    """

    def linked(match: re.Match) -> str:
        word = unmet.pop(match[1].lower(), None)
        return f"{{term}}`{match[1]} <{word}>`" if word else match[0]

    def named(match: re.Match) -> str:
        here = match[1].lower()
        word = unmet.pop(here, None) or unmet.pop(here.removesuffix("s"), None)
        return f"{{term}}`{match[1]} <{word}>`" if word else match[0]

    parts = CODE.split(GLOSSARY.sub(named, text))
    return "".join(
        part if place % 2 else re.sub(r"\*\*([^*\n]+)\*\*", linked, part) for place, part in enumerate(parts)
    )


def _glossary_rows(text: str) -> list[dict[str, Any]]:
    return [row.groupdict() for row in glossary.ROW.finditer(text) if row["words"] not in ("Word", "---")]


def glossary_words() -> list[str]:
    """Every word that the glossary explains."""
    path = runner.ROOT / "docs" / "glossary.md"
    rows = _glossary_rows(path.read_text(encoding="utf-8")) if path.exists() else []
    return [word for row in rows for word in row["words"].split(", ")]


def glossary_page(text: str, names: set[str]) -> str:
    """The glossary's table as a list of terms that pages can link to, each with links to its notebooks."""
    entries = []
    for row in _glossary_rows(text):
        where = [
            _place(number.strip(), names) for number in (row["where"] or "").split(",") if number.strip()
        ]
        entry = "\n".join(row["words"].split(", ")) + f"\n  {row['meaning']}"
        entries.append(entry + (f" ({'; '.join(where)})" if where else ""))
    head = text[: text.index("\n| Word |")] if "\n| Word |" in text else text
    head = re.sub(
        r"A number is the notebook.*$", "After each stands the notebook that introduces it.", head, flags=re.M
    )
    return head.rstrip() + "\n\n:::{glossary}\n" + "\n\n".join(entries) + "\n:::\n"


def _place(number: str, names: set[str]) -> str:
    """Words for a number of the glossary such as ``T2``, with a link where the notebook is a page."""
    letter = number[0] if number[0].isalpha() else ""
    lab, place = glossary.LETTERS[letter], int(number.removeprefix(letter))
    words = f"Lab {LABS.index(lab) + 1}, notebook {place}"
    found = [name for name in names if re.match(rf"{lab}/0*{place}_", name)]
    return f"[{words}](../{found[0]}.ipynb)" if found else words


def index_page(pages: Sequence[Page], documents: Iterable[str] = ()) -> str:
    """The front page: each lab with its picture, its notebooks and what they promise, and the table of contents."""
    lines = ["# AI for Science Bootcamp", ""]
    start = [page.name for page in pages if page.path.parent == runner.ROOT]
    if start:
        lines += [_promise(page)[1] for page in pages if page.name == start[0]]
        lines += ["", f"Begin with [Start here]({start[0]}.ipynb).", ""]
    trees = [_toctree("The course", [f"Start here <{start[0]}>"])] if start else []
    for lab in LABS:
        own = [page for page in pages if page.path.parent.name == lab]
        if not own:
            continue
        lines += [f"## {TITLES[lab]}", ""]
        picture = next((name for name, (book, _) in runner.PICTURES.items() if book.startswith(lab)), "")
        if (runner.ROOT / picture).is_file():
            lines += [f"```{{image}} {picture}", f":alt: {_alt(picture)}", ":class: lab", "```", ""]
        lines += [f"{place}. [{title}]({page.name}.ipynb). {promise}" for place, page, (title, promise) in
                  ((int(page.path.stem.split("_")[0]), page, _promise(page)) for page in own)]  # fmt: skip
        lines += [""]
        trees.append(_toctree(TITLES[lab], [page.name for page in own]))
    trees.append(_toctree("For reference", [f"docs/{name}" for name in sorted(documents)]))
    return "\n".join(lines + trees)


def _toctree(caption: str, names: Iterable[str]) -> str:
    return f":::{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n:::\n"


def _promise(page: Page) -> tuple[str, str]:
    """Title and first sentence of a notebook."""
    cells = nbformat.read(page.path, as_version=4).cells
    lines = [line for line in cells[0].source.splitlines() if line.strip()] if cells else []
    lines += [page.path.stem, ""][len(lines[:2]) :]
    return lines[0].lstrip("# "), lines[1]


def _alt(picture: str) -> str:
    """The alternative text that the README gives a picture."""
    readme = runner.ROOT / "README.md"
    found = re.search(rf"!\[([^\]]+)\]\({re.escape(picture)}\)", readme.read_text(encoding="utf-8"))
    return " ".join(found[1].split()) if found else "A figure of this lab."


# --- the site -----------------------------------------------------------------------------


def build(sources: Path, target: Path) -> int:
    """Let Sphinx write the site; it is there whole or as it was before.

    Returns:
        Exit status of Sphinx.
    """
    from sphinx.cmd.build import build_main

    fresh = target.with_name(f"tmp-{target.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    status = build_main(
        ["-q", "-b", "html", "-d", str(sources.with_name("doctrees")), str(sources), str(fresh)]
    )
    if status == 0:
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    return status


def make(names: Sequence[str], as_is: bool = False) -> int:
    """Build the site of the chosen notebooks; 1 if one of them has no full results, 2 for a wrong name."""
    if importlib.util.find_spec("myst_nb") is None:
        print(
            "The packages that write the pages are missing. ./bootcamp book installs them.", file=sys.stderr
        )
        return 2
    try:
        paths = choose(names)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    pages = gather(paths, as_is)
    folder = cache_dir("book")
    write_sources(folder / "sources", pages)
    status = build(folder / "sources", folder / "html")
    if status:
        return status
    for state, words in (
        ("none", "not run"),
        ("failed", "did not run to its end"),
        ("older", "results of older code"),
    ):
        for page in pages:
            if page.state == state:
                print(f"{page.name}.ipynb: {words}; its page says so.")
    print(f"The course as web pages: {folder / 'html' / 'index.html'}")
    return int(len(pages) < len(paths) or any(page.state == "failed" for page in pages))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bootcamp book", description=__doc__)
    parser.add_argument(
        "notebooks", nargs="*", help="notebooks or folders of labs; all of them without a name"
    )
    parser.add_argument(
        "--as-is", action="store_true", help="run nothing: pages of notebooks without results say so"
    )
    given = parser.parse_args(arguments)
    claims.of_the_course()
    return make(given.notebooks, given.as_is)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
