"""The tile that is fastest for an image, an engine and an amount of memory.

Small tiles compute their context again and again: 444 px yield 260, three times the arithmetic.
Very large ones take memory, and in some libraries run slower than their arithmetic since they no
longer fit into the caches. Any tile gives the same result (law 1), so this is a question of time.
"""

import time
from collections.abc import Sequence
from math import prod
from weakref import WeakKeyDictionary

import numpy as np

from septum.errors import ConfigError
from septum.geometry import context, tile_sizes, tile_stride
from septum.predict.engines import Engine
from septum.size import readable_bytes

# Output sizes of the candidates, in contexts: for the paper's network 444, 700, 1036 … 2236 px.
_OUTPUTS = (0.5, 1, 1.5, 2, 2.8, 4, 5.6, 9.2, 14.7, 22.3)
# Without measuring: the most pixels that a library computes without thrashing the caches.
_MOST_PIXELS = {"torch": 1_200_000, "onnx": 1_200_000, "openvino": 5_500_000}
# A candidate with this much more arithmetic than the least will not be the fastest.
_SURPLUS = 1.6
# The rest of the memory is for results, blocks of cells, and what waits to be written.
_FOR_TILES = 2 / 3
# Measuring must not take more than this share of the arithmetic that it may save.
_SHARE = 0.05

_measured: WeakKeyDictionary[Engine, dict[tuple[int, ...], float]] = WeakKeyDictionary()


def choose_tile(engine: Engine, shape: Sequence[int], memory: int) -> tuple[tuple[int, ...], str]:
    """Return the sizes of the input tile for an image, and a sentence that says why these.

    For an image that is large enough that it pays, candidates are timed on one tile each, once for
    each engine; for others, and where a single candidate fits, the answer depends on the arguments
    alone.

    Parameters
    ----------
    engine : Engine
        What will compute the tiles.
    shape : sequence of int
        Spatial shape of the image, in pixels of the network's input.
    memory : int
        Bytes that prediction may take beside the program itself; two thirds are for tiles. On a
        GPU, its own free memory counts instead.

    Raises
    ------
    ConfigError
        If not even the smallest tile fits into `memory`; the message says what would.
    """
    own = engine.free_memory()
    budget = memory * _FOR_TILES if own is None else own
    candidates = _candidates(shape, engine.depths)
    fitting = [sizes for sizes in candidates if engine.bytes_for(sizes) <= budget]
    if not fitting:
        needed = min(engine.bytes_for(sizes) for sizes in candidates)
        given, wanted = (memory, needed / _FOR_TILES) if own is None else (own, needed)
        raise ConfigError(
            f"{readable_bytes(given)} of memory do not hold the smallest tile of this network, "
            f"{_in_words(candidates[0])} px; allow {readable_bytes(1.05 * wanted)}"
        )
    work = {sizes: _work(shape, sizes, engine.depths) for sizes in fitting}
    least = min(work.values())
    serious = [sizes for sizes in fitting if work[sizes] <= _SURPLUS * least]
    if len(serious) > 1 and 2 * sum(map(prod, serious)) <= _SHARE * least:
        best = min(serious, key=lambda sizes: _seconds(engine, sizes) * work[sizes] / prod(sizes))
        return best, f"{_in_words(best)} px, the fastest of {len(serious)} sizes of tile measured"
    calm = [sizes for sizes in fitting if prod(sizes) <= _MOST_PIXELS[engine.name]]
    best = min(calm or fitting[:1], key=lambda sizes: (work[sizes], prod(sizes)))
    return best, f"{_in_words(best)} px, {_why(shape, best, engine.depths, fitting, candidates)}"


def _candidates(shape: Sequence[int], depths: Sequence[int]) -> list[tuple[int, ...]]:
    """Return legal tiles for `shape`, the smallest first and what covers the image last."""
    contexts = [context(depth) for depth in depths]
    wished = [[round((2 + output) * margin) for margin in contexts] for output in _OUTPUTS]
    smallest, whole = [1] * len(shape), [max(shape) + 4 * margin for margin in contexts]
    return sorted({tile_sizes(shape, s, depths) for s in [smallest, *wished, whole]}, key=prod)


def _work(shape: Sequence[int], sizes: tuple[int, ...], depths: Sequence[int]) -> int:
    """Return the pixels that go through the network in all."""
    strides = tile_stride(shape, sizes, depths)
    tiles = prod(-(-size // stride) for size, stride in zip(shape, strides, strict=True))
    return tiles * prod(sizes)


def _seconds(engine: Engine, sizes: tuple[int, ...]) -> float:
    """Return how long a tile takes, measured once."""
    known = _measured.setdefault(engine, {})
    if sizes not in known:
        tile = np.random.default_rng(0).random((1, engine.in_channels, *sizes), dtype=np.float32)
        engine(tile)  # the first one compiles, and asks for memory
        begun = time.perf_counter()
        engine(tile)
        known[sizes] = time.perf_counter() - begun
    return known[sizes]


def _why(
    shape: Sequence[int],
    best: tuple[int, ...],
    depths: Sequence[int],
    fitting: list[tuple[int, ...]],
    candidates: list[tuple[int, ...]],
) -> str:
    if _work(shape, best, depths) == prod(best):
        return "the whole image at once"
    if best == fitting[-1] != candidates[-1]:
        return "the largest tile that the memory holds"
    return "a size of tile that is fast on most machines"


def _in_words(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))
