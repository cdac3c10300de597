"""All scores of a class: what counts as a piece, and how images pool."""

import numpy as np

from septum.metrics import class_score


def pieces(*spans):
    """A row of 60 pixels with the class where the spans say."""
    row = np.zeros((1, 60), bool)
    for start, stop in spans:
        row[0, start:stop] = True
    return row


def test_ap_counts_connected_pieces_at_an_iou_of_one_half():
    truth = pieces((0, 10), (20, 30), (40, 50))
    found = pieces((0, 9), (24, 34), (55, 58))  # IoU 0.9, 6/14, and nothing
    assert class_score(truth, found, None, 1.0).as_dict()["ap"] == 1 / (1 + 2 + 2)


def test_pieces_that_touch_at_a_corner_are_two():
    truth = np.array([[1, 0], [0, 1]], bool)
    found = np.array([[1, 0], [0, 0]], bool)
    assert class_score(truth, found, None, 1.0).as_dict()["ap"] == 1 / 2


def test_ap_pools_over_images_and_leaves_out_what_nobody_annotated():
    one = class_score(pieces((0, 10)), pieces((0, 10)), None, 1.0)
    known = ~pieces((30, 60))
    other = class_score(pieces((0, 10)), pieces((40, 50)), None, 1.0, None, known)
    assert (one + other).as_dict()["ap"] == 1 / 2  # one found, one missed, none false


def test_a_piece_that_goes_on_where_nobody_annotated_is_what_is_annotated_of_it():
    known = ~pieces((10, 60))
    found = class_score(pieces((5, 40)), pieces((5, 10), (20, 30)), None, 1.0, None, known)
    assert found.as_dict()["ap"] == 1


def test_ap_of_nothing_is_nan():
    assert np.isnan(class_score(pieces(), pieces(), None, 1.0).as_dict()["ap"])
    assert class_score(pieces(), pieces((0, 5)), None, 1.0).as_dict()["ap"] == 0
