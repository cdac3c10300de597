"""Classes in each layout: values and colours of one file, and files of their own."""

import json

import numpy as np
import pytest
import tifffile
import zarr
from ome_zarr.writer import write_image, write_labels
from PIL import Image

from septum.classes import Classes, parse_classes
from septum.data.colour import in_colour
from septum.data.context import with_context
from septum.data.gather import read_samples
from septum.data.layouts import Reading, find
from septum.data.layouts.joined import find_classes
from septum.data.layouts.rank import rank_of
from septum.data.reference import read_references, references, truths_in
from septum.data.split import hold_out
from septum.data.summary import summarise
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError, DataError

CELLS = draw_cells(3, (48, 64), radius=6)
GREY = CELLS.image[0]
CELL = CELLS.truth > 0
NUCLEUS = CELL & (np.indices(CELL.shape)[1] > 30)
BITS = CELL + 2 * NUCLEUS
NUMBERS = np.where(CELL, np.where(NUCLEUS, 2, 1), 0).astype(np.uint8)
VALUES, FILES = parse_classes("cell=1,nucleus=2"), parse_classes("cell=cells,nucleus=nuclei")


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="rgb" if array.shape[-1] == 3 else "minisblack")


def folders(root, **annotations):
    for number in range(2):
        write(root / f"images/{number}.tif", GREY // (number + 1))
        for name, array in annotations.items():
            write(root / f"{name}/{number}.tif", np.asarray(array).astype(np.uint8))
    return root


def classes(root, named, **wishes):
    return Reading(classes=named, **wishes), find(root, Reading(classes=named, **wishes)).load()


def in_folders(root):
    return folders(root, cells=CELLS.truth, nuclei=NUCLEUS)


def beside(root):
    for name, array in (("", GREY), ("_cells", CELL), ("_nuclei", NUCLEUS)):
        write(root / f"x{name}.tif", array.astype(np.uint8) * (1 if name == "" else 255))
    return root


def generic_beside(root):
    for path in beside(root).iterdir():
        path.rename(path.with_name(path.name.replace("x", "raw", 1)))
    return root


def several(root):
    for name, array in (("raw", GREY), ("cells", CELL), ("nuclei", NUCLEUS), ("others", CELL)):
        write(root / f"{name}.tif", array.astype(np.uint8))
    return root


def ngff(root):
    group = zarr.open_group(root / "x.zarr", mode="w")
    write_image(GREY, group, axes="yx")
    for name, array in (("cells", CELL), ("nuclei", NUCLEUS)):
        write_labels(array.astype(np.uint8), group, name, axes="yx")
    return root


@pytest.mark.parametrize("make", [in_folders, beside, generic_beside, several, ngff])
def test_classes_that_overlap_are_files_of_their_own_in_every_layout(tmp_path, make):
    _, samples = classes(make(tmp_path), FILES)
    for sample in samples:
        np.testing.assert_array_equal(sample.labels, BITS)
        assert (sample.named, sample.kind, sample.annotated) == (FILES, "classes", None)


def test_the_files_that_are_no_class_are_named(tmp_path):
    dataset = find(several(tmp_path), Reading(classes=FILES))
    assert dataset.notes == ("not used: others.tif; --classes chooses",)
    assert dataset.layout.endswith("a mask of each class in cells.tif, nuclei.tif")
    (sample,) = dataset.load()
    assert sample.source.endswith("raw.tif and cells.tif, nuclei.tif")


def test_a_suffix_chooses_labels_without_classes_too(tmp_path):
    write(beside(tmp_path) / "x_annotated.tif", NUCLEUS.astype(np.uint8))
    dataset = find(tmp_path, Reading(labels="nuclei"))
    assert dataset.choices == ("cells", "nuclei")
    assert dataset.notes[0] == "not used: x_cells"
    (sample,) = dataset.load()
    np.testing.assert_array_equal(sample.truth > 0, NUCLEUS)
    np.testing.assert_array_equal(sample.annotated, NUCLEUS)


def test_what_one_class_leaves_open_is_not_annotated(tmp_path):
    for name, mask, hole in (("cells", CELL, 5), ("nuclei", NUCLEUS, 9)):
        array = mask.astype(np.int16)
        array[hole] = -1
        write(tmp_path / f"{name}/a.tif", array)
    write(tmp_path / "images/a.tif", GREY)
    _, (sample,) = classes(tmp_path, FILES)
    assert np.flatnonzero(~sample.annotated.all(axis=1)).tolist() == [5, 9]
    assert "-1 is taken as not annotated, 2.1% of the pixels" in sample.notes


def drop(root, name):
    (root / name).unlink()
    return root


@pytest.mark.parametrize(
    ("make", "wishes", "error", "says"),
    [
        (
            lambda r: folders(r, cells=CELL),
            {},
            DataError,
            r"class 'nucleus', with masks called 'nuclei': .*with 1 annotation that .*: cells; "
            r"nuclei is none of them: name what holds it, as --classes nucleus=cells\. Of one "
            "label image, a grey value is written as nucleus=1, a colour as nucleus=#rrggbb$",
        ),
        (
            lambda r: drop(in_folders(r), "nuclei/1.tif"),
            {},
            DataError,
            r"class 'nucleus', .*1 of 2 images has no mask: 1\.tif.*take these images out$",
        ),
        (
            lambda r: drop(beside(r), "x_nuclei.tif"),
            {},
            DataError,
            r"class 'nucleus', .*no image has a file as x_nuclei\.tif beside it; there are x_cells",
        ),
        (
            lambda r: write(beside(r) / "y.tif", GREY) or r,
            {},
            DataError,
            r"class 'cell', .*1 of 2 images has no annotation: y\.tif\. y_cells\.tif was looked",
        ),
        (
            lambda r: write(in_folders(r) / "nuclei/1.tif", NUCLEUS[1:].astype(np.uint8)) or r,
            {},
            DataError,
            r"cells/1\.tif and .*nuclei/1\.tif: sizes differ: 48 x 64 and 47 x 64 pixels",
        ),
        (in_folders, {"labels": "cells"}, ConfigError, "--labels cells chooses one annotation"),
        (
            lambda r: (r / "t.csv").write_text("image,labels\na.tif,b.tif") and several(r),
            {},
            DataError,
            "class 'cell', .*row 2",
        ),
    ],
)
def test_files_of_classes_that_are_not_there_or_do_not_fit(tmp_path, make, wishes, error, says):
    with pytest.raises(error, match=says):
        classes(make(tmp_path), FILES, **wishes)


def test_classes_that_are_of_other_images_do_not_join(tmp_path):
    one, two = in_folders(tmp_path / "one"), in_folders(tmp_path / "two")

    def find_one(_root, reading):
        return find(one if reading.labels == "cells" else two, Reading(labels=reading.labels))

    with pytest.raises(DataError, match=r"'cell' and 'nucleus' are not of the same images: 2 and"):
        find_classes(tmp_path, Reading(classes=FILES), FILES, find_one)


def test_classes_are_no_objects(tmp_path):
    with pytest.raises(ConfigError, match="--classes tells pixels apart"):
        Reading(classes=VALUES, binary_instances=True)


def test_grey_values_are_classes_whatever_their_pieces(tmp_path):
    _, (sample, _) = classes(folders(tmp_path, masks=NUMBERS), VALUES)
    np.testing.assert_array_equal(sample.labels, NUMBERS)
    assert (sample.labels.dtype, sample.named) == (np.int32, VALUES)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_colours_are_classes(tmp_path, suffix, alpha):
    named = parse_classes("cell=#ff8000,nucleus=#0000ff,background=#ffffff")
    colours = np.array([[255] * 3, [255, 128, 0], [0, 0, 255]], np.uint8)[NUMBERS]
    colours[0] = 0  # black is background, too
    if alpha:
        colours = np.dstack([colours, np.full(CELL.shape, 255, np.uint8)])
    Image.fromarray(GREY).save(path := tmp_path / f"x{suffix}")
    Image.fromarray(colours).save(path.with_stem("x_labels"))
    _, (sample,) = classes(tmp_path, named)
    np.testing.assert_array_equal(sample.labels[1:], NUMBERS[1:])
    assert not sample.labels[0].any()


def test_a_palette_gives_its_colours(tmp_path):
    picture = Image.fromarray(NUMBERS)
    picture.putpalette([0, 0, 0, 255, 128, 0, 0, 0, 255])
    Image.fromarray(GREY).save(tmp_path / "x.png")
    picture.save(tmp_path / "x_labels.png")
    _, (sample,) = classes(tmp_path, parse_classes("cell=#ff8000,nucleus=#0000ff"))
    np.testing.assert_array_equal(sample.labels, NUMBERS)
    _, (sample,) = classes(tmp_path, VALUES)  # or its indices
    np.testing.assert_array_equal(sample.labels, NUMBERS)


def test_colours_in_place_of_grey_values_and_the_reverse(tmp_path):
    write(tmp_path / "x.tif", GREY)
    write(tmp_path / "x_labels.tif", np.array([[0] * 3, [255, 0, 0], [9] * 3], np.uint8)[NUMBERS])
    with pytest.raises(DataError, match=r"x_labels\.tif: a colour image with 3 colours"):
        classes(tmp_path, VALUES)
    with pytest.raises(
        DataError, match=r"x_labels\.tif: \d+ of 3,072 pixels have the colour #090909"
    ):
        classes(tmp_path, parse_classes("cell=#ff0000"))
    write(tmp_path / "x_labels.tif", NUMBERS)
    with pytest.raises(DataError, match=r"x_labels\.tif: a grey label image \(values 0, 1, 2\)"):
        classes(tmp_path, parse_classes("cell=#ff0000"))


def nnunet(root, values, **labels):
    write(root / "imagesTr/a_0000.tif", GREY)
    write(root / "labelsTr/a.tif", np.asarray(values).astype(np.uint8))
    about = {"channel_names": {"0": "DAPI"}, "labels": labels, "file_ending": ".tif"}
    (root / "dataset.json").write_text(json.dumps(about))
    return root


def test_the_classes_of_nnunet_are_learnt_by_their_names(tmp_path):
    values = np.where(np.arange(64) < 4, 3, NUMBERS)
    dataset = find(nnunet(tmp_path, values, background=0, cell=1, nucleus=2, ignore=3))
    assert dataset.notes[1].startswith("classes: cell = 1, nucleus = 2; for objects instead, --bin")
    (sample,) = dataset.load()
    assert sample.named == VALUES
    np.testing.assert_array_equal(sample.annotated, np.tile(np.arange(64) >= 4, (48, 1)))
    np.testing.assert_array_equal(sample.known, np.where(sample.annotated, NUMBERS, 0))
    (chosen,) = find(tmp_path, Reading(labels="nucleus")).load()
    assert chosen.named is None
    (users,) = find(tmp_path, Reading(classes=parse_classes("any=1/2"))).load()
    assert users.named == parse_classes("any=1/2")
    (apart,) = find(tmp_path, Reading(classes=parse_classes("nucleus,cell"))).load()
    np.testing.assert_array_equal(apart.labels, np.array([0, 2, 1])[sample.known])


def test_the_regions_of_nnunet_overlap(tmp_path):
    dataset = find(nnunet(tmp_path, NUMBERS, background=0, cell=[1, 2], nucleus=[2]))
    assert dataset.notes[1].startswith("classes that overlap: cell = 1/2, nucleus = 2")
    (sample,) = dataset.load()
    assert sample.named == Classes(("cell", "nucleus"), (("1", "2"), ("2",)), overlap=True)
    np.testing.assert_array_equal(sample.labels, BITS)
    np.testing.assert_array_equal(sample.named.masks(sample.labels), [CELL, NUCLEUS])


def test_more_regions_than_bits_and_values_of_no_class_are_refused(tmp_path):
    names = {f"r{number}": [number, 20] for number in range(1, 10)}
    with pytest.raises(DataError, match=r"dataset\.json: 9 classes; expected 1 to 8 that overlap"):
        find(nnunet(tmp_path / "a", NUMBERS, **names))
    with pytest.raises(DataError, match=r"a\.tif: \d+ of 3,072 pixels have the value 4"):
        find(nnunet(tmp_path / "b", NUMBERS * 2, background=0, cell=2, nucleus=3)).load()


def test_stacks_of_classes_are_volumes_where_their_voxels_say_so(tmp_path):
    for name, array in (("images", GREY), ("masks", NUMBERS)):
        write(tmp_path / name / "a.tif", np.stack([array] * 3))
    named = parse_classes("cell=1,nucleus=2")
    for wishes, rank in (({}, 2), ({"spacing": (1.0,)}, 3), ({"ndim": 3}, 3)):
        reading = Reading(classes=named, **wishes)
        dataset = find(tmp_path, reading)
        assert rank_of(dataset.pairs, reading) == rank
        assert {sample.ndim for sample in dataset.load()} == {rank}


def test_an_annotation_without_a_class_is_empty(tmp_path):
    with pytest.raises(DataError, match="empty labels: not one pixel of cell, nucleus in 2 label"):
        classes(folders(tmp_path, masks=NUMBERS * 0), VALUES)


def test_the_truth_is_read_as_for_a_training(tmp_path):
    reading, (sample, _) = classes(in_folders(tmp_path / "files"), FILES)
    said = []
    truths = read_references(*unpack(tmp_path / "files", reading), said.append)
    np.testing.assert_array_equal(truths["0"][0].labels, sample.labels)
    assert truths["0"][0].named == FILES
    assert said == ["the truth is of classes: cell, nucleus"]
    folders(tmp_path / "values", masks=NUMBERS)
    masks = tmp_path / "values/masks"
    truths = read_references(*unpack(masks, Reading(classes=VALUES)))
    np.testing.assert_array_equal(truths["1"][0].labels, NUMBERS)
    with pytest.raises(DataError, match=r"no class in nucleus=2"):
        read_references(*unpack(masks, Reading(classes=parse_classes("nucleus=2"))))


def unpack(path, reading):
    pairs, reading = references(path, reading)
    return pairs.values(), reading


def test_a_stack_of_classes_in_memory_is_planes_unless_it_is_said_to_be_a_volume():
    stack = np.stack([NUMBERS] * 3)
    planes = truths_in(stack, "x", Reading(classes=VALUES))
    assert [plane.labels.shape for plane in planes] == [NUMBERS.shape] * 3
    (volume,) = truths_in(stack, "x", Reading(classes=VALUES, ndim=3))
    np.testing.assert_array_equal(volume.labels, stack)
    assert volume.named == VALUES


def test_whatever_is_made_of_samples_keeps_the_classes(tmp_path):
    samples = read_samples(([GREY, GREY], [NUMBERS, NUMBERS]), reading=Reading(classes=VALUES))
    training, validation, _ = hold_out(samples, 0.25)
    slices = find(slices_in(tmp_path), Reading(classes=VALUES, channels=("EM",))).load()
    colour = [samples[0], read_samples(([np.stack([GREY] * 3)], [NUMBERS]))[0]]
    made = [*training, *validation, *with_context(slices, 1), in_colour(colour)[0]]
    assert [sample.named for sample in made] == [VALUES] * len(made)


def slices_in(root):
    for name, array in (("images", GREY), ("masks", NUMBERS)):
        write(root / name / "a.tif", np.stack([array] * 3))
    return root


def test_the_summary_has_shares_of_classes_in_place_of_objects(tmp_path):
    named = parse_classes("cell=1,nucleus=2,virus=3")
    root = folders(tmp_path, masks=NUMBERS, annotated=np.arange(64) * np.ones((48, 1)) > 20)
    dataset = find(root, Reading(classes=named))
    facts = summarise(dataset, dataset.load())
    known = NUMBERS[:, 21:]
    shares = [(known == number).mean() for number in (1, 2, 3)]
    assert facts["classes"] == [
        {"name": name, "sources": [source], "share": pytest.approx(share), "images": images}
        for name, source, share, images in zip(
            ("cell", "nucleus", "virus"), "123", shares, (2, 2, 0), strict=True
        )
    ]
    assert facts["samples"][0]["classes"] == pytest.approx(
        dict(zip(named.names, shares, strict=True))
    )
    assert (facts["objects"], facts["touching_pairs"], facts["diameters"]) == (0, 0, None)
    assert not facts["overlap"]
    assert any(
        note.startswith("no annotated pixel is of the class 'virus' (3)") for note in facts["notes"]
    )


def test_real_masks_of_classes(data_dir):
    root = data_dir / "vnc_sstem"
    named = parse_classes("membranes,mitochondria,synapses")
    dataset = find(root, Reading(classes=named))
    samples = dataset.load()
    assert (len(samples), samples[2].slice) == (20, True)
    assert 1 + 4 in samples[2].labels  # a synapse on a membrane
    for name, mask in zip(named.names, named.masks(samples[2].labels), strict=True):
        np.testing.assert_array_equal(mask, tifffile.imread(root / f"{name}.tif")[2] > 0)


def test_real_grey_values_of_classes(data_dir):
    root = data_dir / "vnc_sstem"
    named = parse_classes(
        "membrane=0/32/64/96,junction=128,glia=159,mitochondrion=191,synapse=223,background=255"
    )
    (volume,) = find(root, Reading(labels="labels", classes=named, ndim=3)).load()
    values = tifffile.imread(root / "labels.tif")
    expected = np.array([1, 2, 3, 4, 5, 0])[np.searchsorted([96, 128, 159, 191, 223, 255], values)]
    np.testing.assert_array_equal(volume.labels, expected)
