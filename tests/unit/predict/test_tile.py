"""The tile is legal, fits the memory, and is the fastest of those that do."""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septum.errors import ConfigError
from septum.geometry import is_legal, tile_sizes
from septum.predict.tile import choose_tile
from septum.size import parse_bytes

GIB = 2**30


class Clock:
    now = 0.0


class Fake:
    """An engine whose time and memory are what a test says they are."""

    precision, device, in_channels, classes = "bf16", "cpu", 1, 2

    def __init__(
        self, seconds=lambda sizes: prod(sizes), name="openvino", depths=(4, 4), free=None
    ):
        self.seconds, self.name, self.free, self.seen = seconds, name, free, []
        self.depths = depths

    def __call__(self, tiles):
        self.seen.append(tiles.shape[2:])
        Clock.now += self.seconds(tiles.shape[2:])

    def bytes_for(self, sizes):
        return 256 * prod(sizes)

    def free_memory(self):
        return self.free


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("septum.predict.tile.time.perf_counter", lambda: Clock.now)


@settings(max_examples=60)
@given(
    shape=st.lists(st.integers(1, 5000), min_size=2, max_size=2)
    | st.lists(st.integers(1, 300), min_size=3, max_size=3),
    depth=st.integers(1, 4),
    flat=st.integers(0, 2),
    memory=st.integers(2**22, 2**34),
    name=st.sampled_from(["torch", "openvino", "onnx"]),
)
def test_the_tile_is_legal_fits_and_is_what_the_grid_will_use(shape, depth, flat, memory, name):
    depths = (*(max(0, depth - flat),) * (len(shape) - 2), depth, depth)
    engine = Fake(name=name, depths=depths)
    try:
        sizes, reason = choose_tile(engine, shape, memory)
    except ConfigError:
        assert engine.bytes_for(tile_sizes(shape, 1, depths)) > memory * 2 / 3
        return
    assert all(map(is_legal, sizes, depths))
    assert engine.bytes_for(sizes) <= memory * 2 / 3
    assert tile_sizes(shape, sizes, depths) == sizes
    assert reason.startswith("×".join(map(str, sizes)) + " px")


@pytest.mark.parametrize(
    ("shape", "memory", "expected", "why"),
    [
        ((512, 512), GIB, (700, 700), "the whole image at once"),
        ((2048, 2048), 4 * GIB, (2236, 2236), "the whole image at once"),
        ((2048, 2048), 1.5 * 256 * 1100**2, (876, 876), "the largest tile that the memory holds"),
        ((4096, 300), 2 * GIB, (4284, 492), "the whole image at once"),
    ],
)
def test_a_small_image_takes_the_least_arithmetic_and_measures_nothing(
    shape, memory, expected, why
):
    engine = Fake()
    assert choose_tile(engine, shape, memory) == (
        expected,
        f"{'×'.join(map(str, expected))} px, {why}",
    )
    assert engine.seen == []


def test_a_library_that_thrashes_gets_smaller_tiles():
    sizes, _ = choose_tile(Fake(name="torch"), (2048, 2048), 8 * GIB)
    assert prod(sizes) <= 1_200_000


@pytest.mark.usefixtures("clock")
def test_a_large_image_takes_what_is_measured_to_be_fastest():
    engine = Fake(lambda sizes: prod(sizes) * (1 if prod(sizes) < 2e6 else 4))
    sizes, reason = choose_tile(engine, (50_000, 50_000), 8 * GIB)
    assert 1_000_000 < prod(sizes) < 2_000_000
    assert "the fastest of" in reason
    assert len(engine.seen) > 2
    assert prod(max(engine.seen, key=prod)) > 2_000_000, "the slower ones have been tried"


@pytest.mark.usefixtures("clock")
def test_an_engine_is_measured_once():
    engine = Fake()
    first, _ = choose_tile(engine, (50_000, 50_000), 8 * GIB)
    tried = len(engine.seen)
    assert choose_tile(engine, (50_000, 50_000), 8 * GIB)[0] == first
    assert len(engine.seen) == tried
    choose_tile(Fake(), (50_000, 50_000), 8 * GIB)


def test_memory_that_holds_no_tile_is_an_error_that_says_what_would_do():
    engine = Fake()
    with pytest.raises(ConfigError, match=r"do not hold the smallest tile .* 204×204 px") as error:
        choose_tile(engine, (1000, 1000), 2**20)
    enough = parse_bytes(str(error.value).rpartition("allow ")[2])
    assert choose_tile(engine, (1000, 1000), enough)[0] == (204, 204)


def test_on_a_gpu_its_own_memory_counts():
    assert choose_tile(Fake(free=8 * GIB), (2048, 2048), 2**20)[0] == (2236, 2236)
    with pytest.raises(ConfigError, match="1 MiB"):
        choose_tile(Fake(free=2**20), (2048, 2048), 8 * GIB)
