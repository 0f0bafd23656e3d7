"""Measured tables in benchmarks/README.md, each between the two marks of its name."""

import re
from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"


def put(name: str, text: str) -> None:
    """Put ``text``, whole lines, between ``<!-- name -->`` and ``<!-- /name -->``."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    README.write_text(
        marked.sub(lambda match: match[1] + text + match[2], README.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
