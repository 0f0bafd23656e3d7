#!/usr/bin/env bash
# nbconvert 7.17.2, Python 3.11 to 3.13
#
# HTMLExporter(embed_images=True) hands each block of a Markdown cell to an HTML parser by itself, which closes what is open
# at the end of the block. A <details> whose content stands in Markdown, with empty lines around it, is closed after its
# summary: the fold is empty and what it should hide lies open below it. Without embed_images the fold stays whole.
# Seen:
#   the answer is inside of the fold: embed_images=False True, embed_images=True False
# Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q nbconvert==7.17.2 nbformat==5.11.1
cat > "$folder/fold.py" <<'PY'
import sys

import nbformat
from nbconvert import HTMLExporter

cell = nbformat.v4.new_markdown_cell("<details><summary>Hint</summary>\n\nthe answer\n\n</details>")
book = nbformat.v4.new_notebook(cells=[cell])
found = {}
for embed in (False, True):
    page, _ = HTMLExporter(embed_images=embed).from_notebook_node(book)
    found[embed] = page.index("the answer") < page.index("</details>")
print("the answer is inside of the fold:", ", ".join(f"embed_images={key} {value}" for key, value in found.items()))
sys.exit(found != {False: True, True: False})
PY
"$folder/venv/bin/python" "$folder/fold.py"
