"""Room for intermediate results: in memory or on disk, the same to those who use it, then gone."""

import numpy as np
import pytest

from septum.errors import SeptumError
from septum.workspace import workspace


def test_arrays_are_in_memory_until_the_budget_is_spent(tmp_path):
    with workspace(tmp_path / "out" / "a", memory=1000) as space:
        small, large = space.array((100,), "f4", (10,)), space.array((101, 2), "f4", (64, 2))
        last = space.array((150,), "f4", (10,))
        assert isinstance(small, np.ndarray)
        assert isinstance(last, np.ndarray)
        assert not isinstance(large, np.ndarray)
        assert len(list((tmp_path / "out").iterdir())) == 1
        values = np.arange(202, dtype=np.float32).reshape(101, 2)
        assert not large[(slice(0, 101), slice(0, 2))].any()
        large[(slice(0, 101), slice(0, 2))] = values
        np.testing.assert_array_equal(large[(slice(60, 70), slice(1, 2))], values[60:70, 1:2])
        assert large.chunks == (64, 2)
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_is_left_behind_by_an_error(tmp_path):
    def fail_half_way():
        with workspace(tmp_path / "a", memory=0) as space:
            space.array((5,), "u4", (5,))[(slice(0, 5),)] = np.ones(5, np.uint32)
            assert [path.name[:3] for path in tmp_path.iterdir()] == [".a."]
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("x")

    def use():
        with workspace(tmp_path / "file" / "a", memory=0) as space:
            space.array((5,), "u4", (5,))

    with pytest.raises(SeptumError, match=r"cannot write intermediate results in .*file"):
        use()


def test_no_folder_is_made_for_what_fits_into_memory(tmp_path):
    with workspace(tmp_path / "out" / "a", memory=1000) as space:
        space.array((5,), "u4", (5,))
        assert not (tmp_path / "out").exists()
