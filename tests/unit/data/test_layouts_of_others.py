"""nnU-Net, OME-Zarr, tables of pairs, several annotations of one image: as others lay data out."""

import json

import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from ome_zarr.format import FormatV04, FormatV05
from ome_zarr.writer import write_image, write_labels

from septum.data.labels import pieces
from septum.data.layouts import Reading, find
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError, DataError

CELLS = draw_cells(3, (48, 64), radius=6)
GREY, IDS = CELLS.image[0], CELLS.truth.astype(np.uint16)
CLASSES = np.where(IDS > 0, IDS % 2 + 1, 0).astype(np.uint8)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="minisblack")


def nnunet(root, truth=CLASSES, channels=2, **facts):
    for case in ("x_001", "x_002"):
        for channel in range(channels):
            write(root / "imagesTr" / f"{case}_{channel:04}.tif", GREY // (channel + 1))
        write(root / "labelsTr" / f"{case}.tif", truth)
    about = {
        "channel_names": {"0": "DAPI", "1": "GFP"},
        "labels": {"background": 0, "cell": 1, "nucleus": 2},
        "file_ending": ".tif",
    }
    (root / "dataset.json").write_text(json.dumps(about | facts))
    return root


def test_nnunet_stacks_the_channels_of_a_case_and_takes_components_of_classes(tmp_path):
    dataset = find(nnunet(tmp_path), Reading(binary_instances=True))
    assert dataset.layout.startswith("nnU-Net raw")
    assert "2 channels a case: DAPI, GFP" in dataset.notes
    assert "foreground is cell, nucleus" in dataset.notes
    first, second = dataset.load()
    assert (first.name, second.name, first.kind) == ("x_001", "x_002", "classes")
    np.testing.assert_array_equal(first.image, np.stack([GREY, GREY // 2]))
    assert first.channels == ("DAPI", "GFP")
    assert not first.scan
    np.testing.assert_array_equal(first.labels, pieces(CLASSES))


def test_nnunets_channels_are_named_by_number_not_by_place(tmp_path):
    names = {str(number): f"stain {number}" for number in (10, 9, 2, 1, 0, 3, 4, 5, 6, 7, 8)}
    (first, _) = find(nnunet(tmp_path, channels=11, channel_names=names)).load()
    assert first.channels == tuple(f"stain {number}" for number in range(11))


def test_one_class_of_nnunet_can_be_chosen(tmp_path):
    (sample, _) = find(nnunet(tmp_path), Reading(labels="nucleus")).load()
    np.testing.assert_array_equal(sample.labels > 0, CLASSES == 2)
    with pytest.raises(DataError, match=r"no class 'nuclei'; it names cell, nucleus"):
        find(tmp_path, Reading(labels="nuclei"))


def test_the_ignored_class_of_nnunet_is_not_annotated(tmp_path):
    labels = CLASSES.copy()
    labels[:9] = 3
    names = {"background": 0, "cell": 1, "nucleus": 2, "ignore": 3}
    (sample, _) = find(nnunet(tmp_path, labels, labels=names)).load()
    np.testing.assert_array_equal(sample.annotated, labels != 3)
    np.testing.assert_array_equal(sample.labels > 0, (labels > 0) & (labels < 3))


def test_the_first_version_of_nnunets_description_is_read(tmp_path):
    facts = {"labels": {"0": "background", "1": "cell", "2": "nucleus"}}
    dataset = find(nnunet(tmp_path, **facts, channel_names=None, modality={"0": "CT", "1": "PET"}))
    assert "2 channels a case: CT, PET" in dataset.notes
    assert len(dataset.load()) == 2


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda r: (r / "dataset.json").write_text("{"), r"dataset\.json: cannot be read as JSON"),
        (
            lambda r: nnunet(r, channel_names={"DAPI": 0, "GFP": 1}),
            r"dataset\.json: its channels are \{'DAPI': 0.*expected are numbers and names",
        ),
        (lambda r: (r / "labelsTr/x_002.tif").unlink(), r"1 of 2 cases has no labels.*x_002\.tif"),
        (lambda r: (r / "imagesTr/x_002_0001.tif").unlink(), r"x_002 has the channels 0; 0, 1 are"),
        (lambda r: write(r / "imagesTr/y.tif", GREY), r"y\.tif: no channel number.*y_0000\.tif"),
        (
            lambda r: [write(r / f"imagesTr/x_001_000{n}.tif", GREY[:9]) for n in (0, 1)],
            r"x_001.*sizes differ",
        ),
        (lambda r: write(r / "imagesTr/x_001_0001.tif", GREY[:9]), r"x_001_0001\.tif: sizes diff"),
    ],
)
def test_nnunet_data_that_is_not_whole_is_named(tmp_path, spoil, says):
    spoil(nnunet(tmp_path))
    with pytest.raises(DataError, match=says):
        find(tmp_path).load()


def test_nnunet_data_in_a_format_that_is_not_read_says_so(tmp_path):
    nnunet(tmp_path, file_ending=".mha")
    for path in tmp_path.rglob("*.tif"):
        path.rename(path.with_suffix(".mha"))
    with pytest.raises(DataError, match=r"dataset\.json says \.mha, which is not read here; un"):
        find(tmp_path)


def ome(path, names=("cells",), version="0.5", labels=IDS):
    number, ngff = {"0.4": (2, FormatV04()), "0.5": (3, FormatV05())}[version]
    group = zarr.open_group(path, mode="w", zarr_format=number)
    scale = {"y": 0.5, "x": 0.25}
    units = {"y": "micrometer", "x": "micrometer"}
    write_image(
        np.stack([GREY, GREY // 2]), group, axes="cyx", fmt=ngff, scale_factors=[2],
        scale={"c": 1.0, **scale}, axes_units=units,
    )  # fmt: skip
    for number, name in enumerate(names):
        write_labels(
            labels // (number + 1), group, name, axes="yx", fmt=ngff, scale_factors=[2],
            scale=scale, scaler=None,
        )  # fmt: skip


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_with_labels_is_a_dataset_by_itself_and_in_a_folder(tmp_path, version):
    for name in ("a.ome.zarr", "b.zarr"):
        ome(tmp_path / name, version=version)
    alone, whole = find(tmp_path / "a.ome.zarr"), find(tmp_path)
    assert [pair.name for pair in alone.pairs] == ["a"]
    assert [pair.name for pair in whole.pairs] == ["a", "b"]
    assert whole.layout == "OME-Zarr: label image cells in the labels group of each image"
    for sample in whole.load():
        np.testing.assert_array_equal(sample.image, np.stack([GREY, GREY // 2]))
        np.testing.assert_array_equal(sample.labels, IDS)
        assert sample.spacing == (0.5, 0.25)


def test_of_several_label_images_in_an_ome_zarr_one_is_chosen(tmp_path):
    ome(tmp_path / "a.zarr", ("cells", "others"))
    with pytest.raises(DataError, match=r"labels group holds cells, others; choose one with --lab"):
        find(tmp_path)
    (sample,) = find(tmp_path, Reading(labels="others")).load()
    np.testing.assert_array_equal(sample.labels > 0, IDS > 1)


def test_an_ome_zarr_without_labels_beside_others_is_named(tmp_path):
    ome(tmp_path / "a.zarr")
    ome(tmp_path / "b.zarr", ())
    with pytest.raises(DataError, match=r"1 of 2 OME-Zarr images has no label image: b\.zarr"):
        find(tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_table_names_the_pairs(tmp_path, delimiter, start):
    write(tmp_path / "day 1/a.tif", GREY)
    write(tmp_path / "day 2/a.tif", GREY)
    write(tmp_path / "truth.tif", IDS)
    write(tmp_path / "where.tif", np.uint8(IDS > 2))
    rows = [
        ["Image", "labels", "annotated", "who"],
        ["day 1/a.tif", "truth.tif", "where.tif", "me"],
        [],
        ["day 2/a.tif", "truth.tif", "", "you"],
    ]
    text = start + "\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "pairs.csv").write_text(text, "utf-8")
    for path in (tmp_path, tmp_path / "pairs.csv"):
        dataset = find(path)
        assert dataset.layout == "table pairs.csv: columns image, labels, annotated"
        assert dataset.notes == ("pairs.csv: column who is not used",)
        one, two = dataset.load()
        assert (one.name, two.name) == ("day 1_a", "day 2_a")
        np.testing.assert_array_equal(one.annotated, IDS > 2)
        assert two.annotated is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"no column image and no column labels in its first row \(empty\)"),
        ("image,truth\na.tif,b.tif", r"no column labels in its first row \(image, truth\)"),
        ("image,labels\n", "a header and no row"),
        (
            "image,labels\na.tif,a.tif\nb.tif,a.tif",
            r"row 3: image b\.tif does not exist; paths are",
        ),
        ("image,labels\na.tif,", "row 2: nothing in column labels"),
        ("image,labels\na.tif,a.tif\na.tif,a.tif", r"row 3: a\.tif again, as in row 2"),
    ],
)
def test_a_table_that_cannot_be_used_names_the_row(tmp_path, text, says):
    write(tmp_path / "a.tif", GREY)
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(DataError, match=rf"pairs\.csv.*{says}"):
        find(tmp_path / "pairs.csv")


def test_a_table_of_something_else_is_no_table_of_pairs(tmp_path):
    (tmp_path / "results.csv").write_bytes(b"label,area\n1,\xff")
    write(tmp_path / "a.tif", GREY)
    write(tmp_path / "a_masks.tif", IDS)
    assert find(tmp_path).layout.startswith("side by side")


def test_of_several_annotations_of_an_image_one_is_chosen(tmp_path):
    for name, array in (("raw", GREY), ("membranes", IDS), ("synapses", IDS // 2)):
        write(tmp_path / f"{name}.tif", array)
    for wishes in (Reading(), Reading(labels="axons")):
        with pytest.raises(DataError, match=r"2 annot.* membranes, synapses; .*--labels membranes"):
            find(tmp_path, wishes)
    dataset = find(tmp_path, Reading(labels="synapses"))
    assert dataset.choices == ("membranes", "synapses")
    assert dataset.notes == ("not used: membranes.tif; --labels NAME chooses",)
    np.testing.assert_array_equal(dataset.load()[0].labels, IDS // 2)


def test_of_several_folders_of_annotations_one_is_chosen(tmp_path):
    for name, array in (("images", GREY), ("axons", IDS), ("somata", IDS // 2)):
        write(tmp_path / name / "a.tif", array)
    with pytest.raises(DataError, match=r"images/ with 2 annotations.* axons, somata"):
        find(tmp_path)
    np.testing.assert_array_equal(
        find(tmp_path, Reading(labels="somata")).load()[0].labels, IDS // 2
    )
    # Where one of them is called labels it is taken, and that is said.
    (tmp_path / "axons").rename(tmp_path / "labels")
    dataset = find(tmp_path)
    assert dataset.notes[0].startswith("labels/ was taken for the labels and not somata/")
    np.testing.assert_array_equal(dataset.load()[0].labels, IDS)


def test_a_layout_can_be_demanded(tmp_path):
    nnunet(tmp_path)
    write(tmp_path / "images/a.tif", GREY)
    write(tmp_path / "labels/a.tif", IDS)
    assert find(tmp_path).layout.startswith("nnU-Net")
    assert find(tmp_path, Reading(layout="folders")).layout.startswith("folders")
    with pytest.raises(DataError, match="not in the layout ctc, which is the Cell Tracking"):
        find(tmp_path, Reading(layout="ctc"))
    with pytest.raises(ConfigError, match=r"no layout 'nnuet', did you mean 'nnunet'.*csv, nnunet"):
        find(tmp_path, Reading(layout="nnuet"))
    (tmp_path / "images").rename(tmp_path / "01")
    write(tmp_path / "01_GT/SEG/man_seg000.tif", IDS)
    (tmp_path / "01/a.tif").rename(tmp_path / "01/t000.tif")
    with pytest.raises(ConfigError, match=r"--labels x chooses among .*there is but one"):
        find(tmp_path, Reading(layout="ctc", labels="x"))


def test_all_shared_data_are_understood_where_they_lie(data_dir):
    """Without moving a file, and only where it is open which annotation is meant with a choice."""
    chosen = {"vnc_sstem": Reading(labels="mitochondria")}
    expected = {
        "DIC-C2DH-HeLa": (9, "instances", 1), "PhC-C2DH-U373": (15, "instances", 1),
        "dsb2018": (332, "instances", 1), "drive": (20, "mask", 3), "isbi2012": (20, "mask", 1),
        "stardist3d": (1, "instances", 1), "vnc_sstem": (20, "mask", 1),
    }  # fmt: skip
    assert {path.name for path in data_dir.iterdir() if path.is_dir()} == set(expected)
    for name, (count, kind, channels) in expected.items():
        samples = find(data_dir / name, chosen.get(name, Reading())).load()
        assert len(samples) == count, name
        assert {sample.kind for sample in samples} == {kind}, name
        assert max(len(sample.image) for sample in samples) >= channels, name
    with pytest.raises(DataError, match="labels, membranes, mitochondria, synapses"):
        find(data_dir / "vnc_sstem")


def test_an_nnunet_dataset_of_nifti_is_read_as_it_comes(tmp_path):
    volume = np.random.default_rng(0).integers(0, 99, (30, 20, 4)).astype(np.int16)
    for folder, ending, array in (
        ("imagesTr", "_0000", volume),
        ("imagesTr", "_0001", volume + 1),
        ("labelsTr", "", (volume > 50).astype(np.uint8)),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        image = nibabel.Nifti1Image(array, np.diag([0.5, 0.5, 3, 1]))
        image.header.set_xyzt_units("mm")
        nibabel.save(image, tmp_path / folder / f"case_7{ending}.nii.gz")
    facts = {"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "lesion": 1}}
    (tmp_path / "dataset.json").write_text(json.dumps(facts | {"file_ending": ".nii.gz"}))
    (sample,) = find(tmp_path).load(ndim=3)
    np.testing.assert_array_equal(sample.image, np.stack([volume.T, volume.T + 1]))
    np.testing.assert_array_equal(sample.labels > 0, volume.T > 50)
    assert sample.spacing == (3000, 500, 500)


@pytest.mark.parametrize(
    ("image", "mask", "area"),
    [
        ("images/a.ome.zarr", "masks/a.zarr", "roi/a.zarr"),
        ("a.zarr", "a_masks.zarr", "a_roi.zarr"),
    ],
)
def test_zarr_folders_are_paired_as_files_are(tmp_path, image, mask, area):
    for name, array in ((image, GREY), (mask, IDS), (area, GREY > 99)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        zarr.save_array(tmp_path / name, array)
        zarr.save_array((tmp_path / name).with_name(f".{name[-6:]}"), array)  # hidden
    (sample,) = find(tmp_path).load()
    assert sample.name == "a"
    np.testing.assert_array_equal(sample.image[0], GREY)
    np.testing.assert_array_equal(sample.labels, IDS)
    np.testing.assert_array_equal(sample.annotated, GREY > 99)


def test_folders_of_nifti_are_paired(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        image = nibabel.Nifti1Image(np.arange(60, dtype=np.uint8).reshape(5, 4, 3) // 30, None)
        nibabel.save(image, tmp_path / folder / "case_1.nii.gz")
    assert [pair.name for pair in find(tmp_path).pairs] == ["case_1"]
