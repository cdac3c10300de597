"""What is held out: whole files, never near copies of what is trained on, never half a crop."""

from dataclasses import replace

import numpy as np
import pytest

from septum.data.sample import Sample
from septum.data.split import digest, digest_of_all, digests, hold_out, refuse_shared
from septum.errors import ConfigError, DataError


def sample(number, group="", shape=(8, 12), objects=1):
    rng = np.random.default_rng(number)
    labels = np.full(shape, objects, np.int32)
    image = rng.integers(0, 255, (1, *shape), np.uint8)
    index = number if group else None
    return Sample(image, labels, name=f"{group}{number}", group=group, index=index)


def names(samples):
    return [sample.name for sample in samples]


def test_single_files_are_held_out_evenly():
    training, validation, how = hold_out([sample(n) for n in range(10)], 0.2)
    assert names(validation) == ["3", "6"]
    assert len(training) == 8
    assert how == "2 of 10 images: 3, 6"


def test_of_a_sequence_the_last_frames_and_no_near_copies_of_them():
    training, validation, _ = hold_out([sample(n, "seq") for n in range(10)], 0.2)
    assert names(validation) == ["seq8", "seq9"]
    assert names(training) == [f"seq{n}" for n in range(6)]


def test_of_few_images_a_part_of_each_along_its_longest_axis():
    samples = [sample(n) for n in range(2)]
    training, validation, how = hold_out(samples, 0.25)
    assert how == "the last 25% of each of 2 images"
    for whole, first, last in zip(samples, training, validation, strict=True):
        np.testing.assert_array_equal(first.image, whole.image[:, :, :9])
        assert last.image is whole.image  # what lies beside the part is there to be seen
        np.testing.assert_array_equal(last.known > 0, np.arange(12) >= 9 * np.ones((8, 1)))


def test_of_a_part_only_what_was_annotated_counts():
    annotated = np.zeros((8, 12), bool)
    annotated[:4] = True
    whole = replace(sample(0), annotated=annotated)
    (first,), (last,), _ = hold_out([whole], 0.25)
    np.testing.assert_array_equal(first.annotated, annotated[:, :9])
    expected = annotated & (np.arange(12) >= 9)
    np.testing.assert_array_equal(last.annotated, expected)


@pytest.mark.parametrize(
    ("images", "share", "held"), [(6, 0.2, 1), (4, 0.1, 1), (8, 0.2, 2), (10, 0.05, 1), (7, 0.5, 4)]
)
@pytest.mark.parametrize("group", ["", "seq"])
def test_the_nearest_number_of_images_is_held_out_and_one_at_least(images, share, held, group):
    _, validation, how = hold_out([sample(n, group) for n in range(images)], share)
    assert len(validation) == held
    assert how.startswith(f"{held} of {images} images: ")


@pytest.mark.parametrize(("share", "meant"), [(20, "0.2"), (5, "0.05"), (1, None), (80, None)])
def test_percent_are_told_from_a_share(share, meant):
    with pytest.raises(ConfigError) as caught:
        hold_out([sample(n) for n in range(5)], share)
    assert (f"% is {meant}" in str(caught.value)) == (meant is not None)


@pytest.mark.parametrize("share", [0.0, 0.6, -1.0, float("nan")])
def test_a_share_that_cannot_be_is_refused(share):
    with pytest.raises(ConfigError, match=r"expected a share above 0 and up to 0\.5"):
        hold_out([sample(n) for n in range(5)], share)


def test_a_side_without_objects_is_refused():
    samples = [sample(n, objects=int(n == 3)) for n in range(5)]
    with pytest.raises(DataError, match="no object left to validate with"):
        hold_out(samples, 0.2)


def test_the_same_image_on_both_sides_is_refused_whatever_its_name_and_labels():
    one = sample(1)
    twin = Sample(one.image.copy(), np.zeros((8, 12), np.int32), name="copy")
    with pytest.raises(DataError, match="copy of the validation images has the same pixels as 1"):
        refuse_shared([sample(0), one], [sample(5), twin])
    refuse_shared([sample(0)], [one])


def test_a_hash_depends_on_all_that_is_learnt_from():
    one = sample(1)
    changed = one.truth.copy()
    changed[0, 0] = 0
    known = np.ones((8, 12), bool)
    others = [
        Sample(one.image, changed),
        Sample(one.image, one.labels, annotated=known),
        Sample(one.image.astype(np.uint16), one.labels),
    ]
    hashes = {digest(item) for item in [one, *others]}
    assert len(hashes) == 4
    assert digest(sample(1)) == digest(one)
    both, turned = digests([one, sample(2)]), digests([sample(2), one])
    assert digest_of_all(both) != digest_of_all(turned)
