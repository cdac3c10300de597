"""Classes by name: as an option, and as numbers per pixel."""

import numpy as np
import pytest

from septum.classes import Classes, parse_classes
from septum.data.layouts import Reading
from septum.errors import ConfigError


def test_values_of_one_label_image_exclude_one_another():
    found = parse_classes("nucleus=1, membrane=2/3 ,background=9")
    assert found == Classes(
        ("nucleus", "membrane"), (("1",), ("2", "3")), overlap=False, background=("9",)
    )
    assert found.scores == 3


def test_colours_exclude_one_another():
    assert parse_classes("a=#FF0000,b=#00ff00").sources == (("#ff0000",), ("#00ff00",))
    assert parse_classes("a=#F3a/#102030").sources == (("#ff33aa", "#102030"),)


@pytest.mark.parametrize("text", ["cells,nuclei", "cells=cells,nuclei=nuclei"])
def test_files_of_their_own_may_overlap(text):
    found = parse_classes(text)
    assert found == Classes(("cells", "nuclei"), (("cells",), ("nuclei",)), overlap=True)
    assert found.scores == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "classes has ''"),
        ("a=1,", "classes has ''"),
        ("a=1,a=2", "classes has 'a=2'"),
        ("a=", "classes has 'a='"),
        ("a=1/", "classes has 'a=1/'"),
        ("a=1,b=cells", "'a' from values of a label image and 'b' from a file"),
        ("a=1,b=01", "two classes have the source '1'"),
        ("a-b/c=1,b=2", "a class is called 'a-b/c'"),
        ("mean=1,b=2", "a class is called 'mean'"),
        ("..,b", "a class is called '..'"),
        ("a=1,b=1", "two classes have the source '1'"),
        ("a=x,b=x", "two classes have the source 'x'"),
        ("a=x/y,b=z", "classes of files have one each"),
        ("a=1,b=#ff0000", "from the grey value 1 and from the colour #ff0000"),
        (
            "a=#ff00",
            "has the colour '#ff00'; expected # and six hexadecimal digits, as #ff0000, or",
        ),
        ("a=#red", "has the colour '#red'"),
        ("background=0", "0 classes"),
        (",".join("abcdefghi"), "9 classes; expected 1 to 8 that overlap"),
    ],
)
def test_what_cannot_be_read_is_told_with_examples(text, said):
    with pytest.raises(ConfigError, match=said) as error:
        parse_classes(text)
    assert "classes" in str(error.value)


@pytest.mark.parametrize("classes", ["vessel=1", {"vessel": 1}, ["vessel"]])
def test_classes_that_are_no_classes_are_refused_with_what_makes_them(classes):
    with pytest.raises(ConfigError, match=r"classes is .*vessel.*; expected .*parse_classes\("):
        Reading(classes=classes)


def test_masks_of_exclusive_classes_are_their_values():
    masks = Classes(("a", "b"), (("1",), ("2",))).masks(np.array([[0, 1, 2]]))
    assert masks.tolist() == [[[False, True, False]], [[False, False, True]]]


def test_masks_of_overlapping_classes_are_their_bits():
    masks = Classes(("a", "b"), (("a",), ("b",)), overlap=True).masks(np.array([0, 1, 2, 3]))
    assert masks.tolist() == [[False, True, False, True], [False, False, True, True]]


def test_a_value_may_be_of_a_whole_and_its_part_only_where_they_overlap():
    named = Classes(("cell", "nucleus"), (("1", "2"), ("2",)), overlap=True)
    assert not named.of_files
    with pytest.raises(ConfigError, match="two classes have the source '2'"):
        Classes(named.names, named.sources)


def test_where_classes_come_from():
    found = [parse_classes(text) for text in ("a=1", "a=#ff0000", "a=cells")]
    assert [(one.of_files, one.by_colour) for one in found] == [
        (False, False),
        (False, True),
        (True, False),
    ]
