import numpy as np
import pytest

from septum.data.sample import Sample
from septum.errors import ConfigError
from septum.experiments.folds import blocks, interleaved


def frames(*indices, group="01"):
    image = np.ones((1, 4, 4), np.uint8)
    return [Sample(image=image, name=f"{group}_{i}", group=group, index=i) for i in indices]


GOLD = frames(2, 5, 21, 31, 33, 34, 39, 54, 67)


@pytest.mark.parametrize("split", [blocks, interleaved])
@pytest.mark.parametrize("count", [2, 3, 9])
def test_every_image_is_tested_once_by_a_model_that_has_not_seen_it(split, count):
    folds = split(GOLD, count)
    tested = [sample.index for fold in folds for sample in fold.test]
    assert sorted(tested) == [2, 5, 21, 31, 33, 34, 39, 54, 67]
    for fold in folds:
        assert not {s.index for s in fold.train} & {s.index for s in fold.test}
        assert fold.train


def test_blocks_are_contiguous_in_time_whatever_the_order_of_the_files():
    folds = blocks(GOLD[::-1], 3)
    assert [[s.index for s in fold.test] for fold in folds] == [
        [2, 5, 21],
        [31, 33, 34],
        [39, 54, 67],
    ]


def test_near_copies_of_a_tested_frame_are_in_neither():
    folds = blocks(GOLD, 5)
    for fold in folds:
        for trained in fold.train:
            assert all(abs(trained.index - tested.index) >= 3 for tested in fold.test)
    assert any(len(fold.train) + len(fold.test) < len(GOLD) for fold in folds)


def test_frames_of_another_sequence_are_no_copies():
    samples = frames(1, 2, group="01") + frames(1, 2, group="02")
    first, _ = blocks(samples, 2)
    assert [s.name for s in first.test] == ["01_1", "01_2"]
    assert [s.name for s in first.train] == ["02_1", "02_2"]


def test_interleaved_folds_take_every_nth_slice():
    folds = interleaved(frames(*range(7)), 3)
    assert [[s.index for s in fold.test] for fold in folds] == [[0, 3, 6], [1, 4], [2, 5]]


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_number_of_folds_that_cannot_be_is_refused(count):
    with pytest.raises(ConfigError, match=f"{count} folds? of 9 images; expected 2 to 9"):
        blocks(GOLD, count)
