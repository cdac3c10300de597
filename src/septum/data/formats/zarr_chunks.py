"""Chunks that are shorter than they say, found before they are decoded.

Other codecs notice when a chunk ends too early. Blosc, the usual one in zarr 2, believes the length
in its header and decodes what happens to lie behind the chunk in memory: noise, without a word.
"""

from itertools import product
from pathlib import Path
from typing import Any

from septum.array import Window

# Of a Blosc chunk: bytes 12 to 16 are its length, header included.
_HEADER, _LENGTH = 16, slice(12, 16)


class WholeChunks:
    """A check that the chunks of a zarr array are as long as they say.

    Parameters
    ----------
    array : zarr.Array
        In a folder. Arrays without Blosc, and shards (which hold checksums), need no check.
    """

    def __init__(self, array: Any) -> None:
        self._array, self._known = array, set()
        self._needed = array.shards is None and any(
            "blosc" in type(codec).__name__.lower() for codec in array.compressors
        )

    def __call__(self, window: Window) -> None:
        """Raise ValueError if a chunk under `window` has been cut short."""
        if not self._needed:
            return
        spans = (
            range(part.start // size, -(-part.stop // size))
            for part, size in zip(window, self._array.chunks, strict=True)
        )
        for place in product(*spans):
            if place not in self._known:
                self._check(place)
                self._known.add(place)

    def _check(self, place: tuple[int, ...]) -> None:
        store = self._array.store_path
        path = Path(store.store.root) / store.path / self._array.metadata.encode_chunk_key(place)
        if not path.is_file():  # by the specification, the chunk is of the fill value
            return
        with path.open("rb") as file:
            header = file.read(_HEADER)
        length, present = int.from_bytes(header[_LENGTH], "little"), path.stat().st_size
        if len(header) < _HEADER or present < length:
            raise ValueError(f"chunk {path.name} has {present} of {length} bytes")
