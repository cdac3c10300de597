"""Numbers go with their nouns and verbs."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

import septum
from septum.counted import counted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1, "image"), "1 image"),
        ((0, "image"), "0 images"),
        ((2, "class"), "2 classes"),
        ((2000, "step"), "2,000 steps"),
        ((1500, "image", "have", 20000), "1,500 of 20,000 images have"),
        ((1, "image", "have"), "1 image has"),
        ((3, "image", "have"), "3 images have"),
        ((1, "image", "hold", 6), "1 of 6 images holds"),
        ((1, "image", "are", 1), "1 of 1 image is"),
        ((5, "image", "are", 6), "5 of 6 images are"),
    ],
)
def test_a_number_with_its_noun_and_its_verb(given, said):
    assert counted(*given) == said


def test_no_count_stands_before_a_plural_by_hand():
    """Of what `len` counts there may be one."""
    plural = re.compile(r"^ (?:\w+ )?(?:images|volumes|files|steps|masks|frames|objects|pixels)\b")
    files = sorted(Path(septum.__file__).parent.rglob("*.py"))
    assert len(files) > 100
    by_hand = []
    for path in files:
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = text.values if isinstance(text, ast.JoinedStr) else []
            for number, words in pairwise(parts):
                if (
                    isinstance(number, ast.FormattedValue)
                    and ast.unparse(number.value).startswith("len(")
                    and isinstance(words, ast.Constant)
                    and plural.match(str(words.value))
                ):
                    by_hand.append((path.name, words.value))
    assert by_hand == []
