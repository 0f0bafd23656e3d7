"""Words of the glossary are links at their first use."""

import re

import pytest

import notebooks
from utils.engine import glossary

LESSONS = [pytest.param(path, id=path.stem) for path in notebooks.paths() if path.parent != notebooks.ROOT]


def test_a_word_is_a_link_once_and_never_in_code_math_headings_boxes_or_links():
    cells = [
        "# Epochs\n\nAn epoch.",
        "## Loss\n\n`loss` and $loss$, [a loss](x.md).\n\n| loss |\n|---|\n\n**Losses** of an epoch-wise kind",
        '<div class="alert"><b>Careful.</b> A loss.</div>',
        "The loss falls. The loss, again, in **two epochs**: the validation set, the U-net.",
    ]
    after = glossary.linked(cells, ["validation set", "epoch", "U-net", "loss"])
    assert after[:3] == cells[:3]
    link = "](../docs/glossary.md)"
    assert after[3] == (
        f"The [loss{link} falls. The loss, again, in **two [epochs{link}**: the [validation set{link}, the [U-net{link}."
    )
    assert glossary.linked(after, ["validation set", "epoch", "U-net", "loss"]) == after


def test_words_of_a_notebook_are_those_of_its_lab_and_of_lab_1():
    flow = glossary.words_of(notebooks.ROOT / "CFD_Steady_Flow" / "02_Data_and_Task.ipynb")
    assert {"Reynolds number", "learning rate"} <= set(flow)
    assert not {"channel", "best track", "stream function"} & set(flow)


@pytest.mark.parametrize("path", LESSONS)
def test_every_word_that_a_notebook_uses_is_linked_at_its_first_use(path):
    texts = notebooks.markdown(path)
    assert glossary.linked(texts, glossary.words_of(path)) == texts, "python -m utils.engine.glossary"


def test_a_word_has_one_meaning():
    text = (notebooks.ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| (.+?) \([\dTFP, ]+\) \|", text, re.MULTILINE)
    assert len(words) > 50
    assert len(words) == len(set(words)), [word for word in words if words.count(word) > 1]
