"""Kernels are kept between processes where they can be, and work where they cannot."""

import pytest
from numba import njit

from septum.compile import kernel
from septum.targets import distances


def test_a_function_that_cannot_be_kept_is_compiled_all_the_same():
    # numba finds no place for what has no source file, as it finds none in a read-only folder.
    scope = {}
    exec("def double(x):\n    return 2 * x", scope)
    with pytest.raises(RuntimeError, match="no locator available"):
        njit(cache=True)(scope["double"])
    double = kernel(scope["double"])
    assert double(21) == 42
    assert double.nopython_signatures


def test_the_kernels_here_are_kept():
    assert distances._search.stats.cache_path
