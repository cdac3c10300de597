"""A file is there under its name when it is complete, and not before."""

import errno

import pytest

from septum.atomic import replacing
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
