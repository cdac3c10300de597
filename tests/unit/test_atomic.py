"""A file is there under its name when it is complete, and not before."""

import errno
import os
from pathlib import Path

import pytest

from septum.atomic import replacing, replacing_folder
from septum.errors import SeptumError


def fail_halfway(path, error, size=None):
    with replacing(path, size) as temporary:
        temporary.write_bytes(b"half of the n")
        raise error


def test_the_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "new" / "folder" / "a.bin"
    with replacing(path) as temporary:
        temporary.write_bytes(b"whole")
        assert temporary.parent == path.parent
        assert temporary.suffix == ".bin"
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        fail_halfway(path, ZeroDivisionError())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_error(tmp_path):
    path = tmp_path / "a.bin"
    message = r"disk full writing .*a\.bin: needs about 5\.0 MB, .* free"
    with pytest.raises(SeptumError, match=message):
        fail_halfway(path, OSError(errno.ENOSPC, "No space left on device"), size=5_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "run").write_text("I am a file")
    message = r"cannot write .*a\.bin: .*run is not a folder"
    with pytest.raises(SeptumError, match=message), replacing(tmp_path / "run" / "a.bin"):
        pass


def test_whoever_has_the_old_file_open_keeps_reading_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        with replacing(path) as temporary:
            temporary.write_bytes(b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


def fill(path, text, error=None):
    with replacing_folder(path) as temporary:
        (temporary / "a").mkdir()
        (temporary / "a" / "chunk").write_text(text)
        assert temporary.name.startswith(".")
        if error is not None:
            raise error


def test_a_folder_appears_whole_and_takes_the_place_of_the_earlier_one(tmp_path):
    path = tmp_path / "new" / "image.zarr"
    fill(path, "one")
    (path / "only in the first").touch()
    fill(path, "two")
    assert (path / "a" / "chunk").read_text() == "two"
    assert [child.name for child in path.iterdir()] == ["a"]
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_keeps_the_old_folder_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "image.zarr"
    fill(path, "old")
    with pytest.raises(ZeroDivisionError):
        fill(path, "new", ZeroDivisionError())
    with pytest.raises(SeptumError, match=r"disk full writing .*image\.zarr"):
        fill(path, "new", OSError(errno.ENOSPC, "No space left on device"))
    assert (path / "a" / "chunk").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    path = tmp_path / "image.zarr"
    fill(path, "old")
    rename = os.replace

    def refuse(source, target):
        if source.name.endswith(".part"):
            raise OSError(errno.EACCES, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(SeptumError, match="Permission denied"):
        fill(path, "new")
    assert (path / "a" / "chunk").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_between_two_renames_keeps_the_earlier_folder(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_text("mine")
    real = os.replace

    def interrupted(source, target):
        if ".part" in Path(source).name:
            raise KeyboardInterrupt
        real(source, target)

    def write():
        with replacing_folder(tmp_path / "a") as folder:
            (folder / "new").write_text("x")

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a" / "old").read_text() == "mine"
