"""Verdicts that an eye finds at once: a word on a colour of its own, in either theme of JupyterLab."""

import html
import sys

# White words on these have a contrast of 5.5 and more.
COLOURS = {"PASS": "#006B4F", "NOT YET": "#A33F00", "TO DO": "#00558A"}
SIGNS = {
    "PASS": "\N{HEAVY CHECK MARK}",
    "NOT YET": "\N{CLOCKWISE OPEN CIRCLE ARROW}",
    "TO DO": "\N{LOWER RIGHT PENCIL}",
}


def say(word: str, text: str) -> None:
    """Show a verdict and its sentence; in a notebook the word has its colour, elsewhere it is printed.

    Args:
        word: ``PASS``, ``NOT YET`` or ``TO DO``.
        text: what follows; each line is one of the page.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        print(f"{word} {text}")
        return
    from IPython.display import display

    lines = "<br>".join(html.escape(line) for line in text.splitlines())
    mark = (
        f'<b style="background:{COLOURS[word]};border-radius:4px;color:#fff;padding:0.15em 0.6em">'
        f"{SIGNS[word]} {word}</b>"
    )
    display({"text/html": f"<p>{mark} {lines}</p>", "text/plain": f"{word} {text}"}, raw=True)
