"""How close to the limit: operations a second of the convolutions and of a matrix product."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from septum.bench.flops import flops
from septum.bench.section import Section, skipped
from septum.bench.sizes import Sizes
from septum.bench.timing import interleaved
from septum.bench.variants import description, engine_of, variants
from septum.bench.whole import CLASSES
from septum.geometry import input_size, tile_sizes, tile_stride
from septum.model import DEFAULT_MEMORY, Model
from septum.predict.engines.openvino import core, imported
from septum.training import presets

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_GPU_TIMES_LARGER = 4  # a matrix that keeps two cores busy is nothing for a GPU


def section(sizes: Sizes, device: str, folder: Path) -> Section:
    """Measure tiles and matrix products of the same precision in turn."""
    models, missing = variants(description(presets.DEFAULT, sizes.width, CLASSES), device, folder)
    tiles = {name: _tiles(model, sizes.image) for name, model in models.items()}
    rows = sizes.matrix if device == "cpu" else sizes.matrix * _GPU_TIMES_LARGER
    precisions = {model.engine.precision for model in models.values()}
    tasks: dict[str, Callable[[], object]] = {
        name: partial(model.engine, tiles[name]) for name, model in models.items()
    }
    tasks |= {precision: product(rows, precision, device) for precision in precisions}
    times = interleaved(tasks, sizes.times)
    table = []
    for name, model in models.items():
        count, _, *spatial = tiles[name].shape
        each = flops(spatial, classes=CLASSES, width=sizes.width, depth=model.network.depths)
        rate = count * each / times[name]
        most = 2 * rows**3 / times[model.engine.precision]
        table.append(
            (
                name,
                engine_of(model),
                f"{spatial[0]} px",
                f"{count / times[name]:.3g}",
                f"{rate / 1e9:,.0f}",
                f"{most / 1e9:,.0f}",
                f"{rate / most:.0%}",
            )
        )
    return Section(
        title="How close to the limit" + ("" if device == "cpu" else ", on the GPU"),
        text=(
            "Operations a second of the convolutions (two for each multiplication and addition, "
            f"width {sizes.width}), and of the product of two matrices of {rows:,} rows and "
            "columns in the same precision, in the same run (PyTorch; OpenVINO for int8). The "
            "product is a yardstick, not a bound."
        ),
        columns=("", "engine", "tile", "tiles/s", "GFLOP/s", "matrix GFLOP/s", "share"),
        rows=tuple(table),
        notes=(_context(next(iter(models.values())), sizes), *skipped(missing)),
    )


def _tiles(model: Model, size: int) -> np.ndarray:
    shape = (size,) * model.description.ndim
    spatial = tile_sizes(shape, model.tile(shape), model.network.depths)
    count = model.engine.batch_size(spatial, DEFAULT_MEMORY)
    return np.random.default_rng(0).random((count, 1, *spatial), dtype=np.float32)


def product(rows: int, precision: str, device: str) -> Callable[[], object]:
    """Return what multiplies two square matrices in a precision.

    Parameters
    ----------
    rows : int
        And columns.
    precision : {"fp32", "bf16", "int8"}
        Of the factors.
    device : {"cpu", "cuda"}
        Where to compute.
    """
    if precision == "int8":
        return _product_of_bytes(rows)
    generator = torch.Generator().manual_seed(0)
    factor = torch.rand(rows, rows, generator=generator).to(device, _TYPES[precision])

    def compute() -> None:
        torch.mm(factor, factor)
        if device == "cuda":
            torch.cuda.synchronize()

    return compute


def _product_of_bytes(rows: int) -> Callable[[], object]:
    """Return the product as in a quantised network of OpenVINO: from float32 to float32."""
    openvino = imported()
    from openvino import opset13

    random = np.random.default_rng(0)
    left = opset13.parameter([rows, rows], np.float32)
    low, high = np.float32(-1), np.float32(1)
    quantised = opset13.fake_quantize(left, low, high, low, high, 256)
    right = opset13.convert(random.integers(-127, 128, (rows, rows), dtype=np.int8), "f32")
    scaled = opset13.multiply(right, np.float32(1 / 127))
    graph = openvino.Model([opset13.matmul(quantised, scaled, False, False)], [left], "product")
    compiled = core().compile_model(graph, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    values = random.random((rows, rows), dtype=np.float32)
    request.set_input_tensor(openvino.Tensor(values, shared_memory=True))
    return request.infer


def _context(model: Model, sizes: Sizes) -> str:
    """Say how much of the arithmetic of tiles is their context."""
    shape, depths = (sizes.image,) * 2, model.network.depths
    tile = tile_sizes(shape, model.tile(shape), depths)
    strides = tile_stride(shape, tile, depths)
    count = int(np.prod([-(-size // stride) for size, stride in zip(shape, strides, strict=True)]))

    def giga(spatial: tuple[int, ...]) -> float:
        return flops(spatial, classes=CLASSES, width=sizes.width, depth=depths) / 1e9

    tiled, once = count * giga(tile), giga(tuple(map(input_size, shape, depths)))
    return (
        f"An image of {sizes.image}×{sizes.image} px takes {tiled:,.0f} GFLOP in tiles of "
        f"{tile[0]} px ({count} of them), {tiled / once:.2f} times as many as in one piece."
    )
