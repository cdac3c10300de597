"""Bytes anywhere in a gzip file, without unpacking all that lies before them again and again.

A gzip stream can be unpacked from its beginning only, but the state of the one that unpacks can be
kept: as the file is read for the first time, a copy of that state is put aside every so often, and
later reads begin at the nearest one before what they want.

::

    file      |=====a=====b=====c=====d=====>        a, b, c: states that were put aside
    wanted                  [....]                   unpacked from b, not from the beginning

A copy takes some 50 kB; there are at most a few hundred, however large the file is.
"""

import copy
import zlib
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np

from septum.data.formats.stored import Recent

_STATES = 256
_RECENT_BYTES = 64 * 2**20
_READ = 2**16

BLOCK = 2**20
"""Unpacked bytes that are kept or dropped together."""

LARGEST_RATIO = 1032
"""Bytes that one byte of a deflate stream can at most unpack to."""


class Unzipped:
    """The unpacked bytes of a gzip file, which is opened for each read and closed.

    Parameters
    ----------
    path : Path
        A gzip file of one or several members.
    size : int
        How many unpacked bytes are of interest. What follows them is never looked at.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size
        blocks = -(-size // BLOCK)
        self._every = max(1, -(-blocks // _STATES))
        self._states: dict[int, _State] = {0: _State()}
        self._next, self._running = 0, _State()
        self._recent, self._lock = Recent(_RECENT_BYTES), Lock()

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the bytes `start` to `stop`, uint8.

        Raises
        ------
        EOFError, zlib.error, OSError
            When the stream ends before them, or is damaged.
        """
        parts = []
        for number in range(start // BLOCK, -(-stop // BLOCK)):
            block = self._recent.get(number, lambda number=number: self._unpacked(number))
            assert block is not None
            first = number * BLOCK
            parts.append(block[max(start - first, 0) : stop - first])
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.uint8), *parts])

    def _unpacked(self, wanted: int) -> np.ndarray:
        with self._lock, self._path.open("rb") as file:
            nearest = max(number for number in self._states if number <= wanted)
            if not nearest <= self._next <= wanted:  # where the last read ended is no nearer
                self._next, self._running = nearest, self._states[nearest].copied()
            block = b""
            while self._next <= wanted:
                number, self._next = self._next, -1  # if it fails, nothing goes on from there
                if number % self._every == 0 and number not in self._states:
                    self._states[number] = self._running.copied()
                first = number * BLOCK
                block = self._running.take(file, min(BLOCK, self._size - first), first)
                self._next = number + 1
                if self._next * BLOCK >= self._size:
                    self._running.verify(file)
            return np.frombuffer(block, np.uint8)


class _State:
    """Where in the file the unpacking is, and its memory of the last 32 kB."""

    def __init__(self) -> None:
        self._place = 0  # of the next byte of the file
        self._inflate = zlib.decompressobj(wbits=31)  # 31: a gzip header, and a checksum at the end
        self._left = b""  # read from the file and not looked at yet
        self._between = False  # one member has ended, and no byte of another was seen

    def copied(self) -> "_State":
        other = copy.copy(self)
        other._inflate = self._inflate.copy()
        return other

    def take(self, file: BinaryIO, count: int, before: int) -> bytes:
        """Return the next `count` unpacked bytes; `before` were taken, for the message."""
        parts, missing = [], count
        while missing:
            packed = self._packed(file)
            if not packed:
                raise EOFError(
                    f"the gzip stream ends after {before + count - missing} unpacked bytes"
                )
            part = self._inflate.decompress(packed, missing)
            self._left = self._inflate.unconsumed_tail
            if self._inflate.eof:
                self._left, self._between = self._inflate.unused_data, True
                self._inflate = zlib.decompressobj(wbits=31)
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def verify(self, file: BinaryIO) -> None:
        """Let the checksum be compared, which follows the last byte of a member."""
        while not self._between and (packed := self._packed(file)):
            more = self._inflate.decompress(packed, 1)
            self._left = self._inflate.unconsumed_tail
            if more or self._inflate.eof:
                return

    def _packed(self, file: BinaryIO) -> bytes:
        """Return bytes to unpack, none at the end of the file.

        Members may follow one another, and zeros, however many, may fill up the last one.
        """
        packed = self._left or self._from(file)
        while self._between and packed:
            packed = packed.lstrip(b"\0")
            self._between = not packed
            packed = packed or self._from(file)
        return packed

    def _from(self, file: BinaryIO) -> bytes:
        file.seek(self._place)
        packed = file.read(_READ)
        self._place += len(packed)
        return packed
