"""Room for intermediate results: in memory while they are small, on disk when they are large."""

import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec

from septum.errors import SeptumError

_PATIENCE = 2.0
"""Seconds to wait for threads that still write, when everything is to be removed."""


class Workspace:
    """Arrays to write and read, each in memory if it fits into what is left of the budget.

    Parameters
    ----------
    beside : Path
        Arrays on disk lie in a hidden folder beside this path, which is made for the first of them.
        Not in the system's folder for temporary files, which is often small, or itself in memory.
    memory : int
        Bytes that all arrays in memory may take together.
    """

    def __init__(self, beside: Path, memory: int) -> None:
        self._beside, self._left = beside, memory
        self._folder: Path | None = None
        self._number = 0

    def array(self, shape: Sequence[int], dtype: Any, chunk: Sequence[int]) -> Any:
        """Return an array of zeros that can be written and read by windows.

        Parameters
        ----------
        shape : sequence of int
            Of the array.
        dtype : numpy dtype
            Of the array.
        chunk : sequence of int
            How it is cut on disk; windows that are whole chunks are written fastest.
        """
        size = prod(shape) * np.dtype(dtype).itemsize
        if size <= self._left:
            self._left -= size
            return np.zeros(shape, dtype)
        self._number += 1
        return zarr.create_array(
            store=self._on_disk() / f"{self._number}.zarr",
            shape=tuple(shape),
            dtype=dtype,
            chunks=tuple(min(*pair) for pair in zip(chunk, shape, strict=True)),
            compressors=BloscCodec(cname="lz4"),
        )

    def _on_disk(self) -> Path:
        if self._folder is None:
            parent, stem = self._beside.parent, self._beside.stem
            parent.mkdir(parents=True, exist_ok=True)
            # Known before it is made: Ctrl-C in between must not leave it behind.
            self._folder = parent / f".{stem}.{secrets.token_hex(4)}.part"
            self._folder.mkdir()
        return self._folder

    def clear(self) -> None:
        """Remove what lies on disk."""
        deadline = time.monotonic() + _PATIENCE
        while self._folder is not None and self._folder.exists():
            shutil.rmtree(self._folder, ignore_errors=True)
            # After Ctrl-C, a thread of zarr may still be writing the chunk at hand into it.
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)


@contextmanager
def workspace(beside: Path, memory: int) -> Iterator[Workspace]:
    """Yield a workspace whose files are gone in the end; see `Workspace`.

    Raises
    ------
    SeptumError
        When the folder cannot be written to, or the disk is full.
    """
    space = Workspace(beside, memory)
    try:
        yield space
    except OSError as error:
        raise SeptumError(
            f"cannot write intermediate results in {beside.parent}: {error.strerror or error}"
        ) from error
    finally:
        space.clear()
