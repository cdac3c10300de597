"""An image streamed through the network in bands of rows, against tiles: seconds and memory.

    python benchmarks/bands.py

Each convolution keeps the last two rows of its input for the next band, each skip connection the
rows that its decoder lags behind: no feature is computed twice. A first band of 188 rows, the
smallest legal tile, brings the layers into step. Times are medians of runs in turn, of the clock
and of the processors, which tell more on a busy machine; memory is what a new process grows by.
"""

from collections.abc import Callable
from functools import cache, partial
from itertools import cycle, pairwise
from time import perf_counter, process_time

import numpy as np
import openvino
import torch
from openvino import opset13
from openvino._offline_transformations import apply_make_stateful_transformation
from torch.nn import Conv2d, functional

from septum.bench.machine import machine
from septum.bench.timing import alone
from septum.geometry import Interval, context, smallest_input
from septum.network import UNet
from septum.predict.engines import OpenVinoEngine, TorchEngine
from septum.predict.engines.openvino import model_of
from septum.predict.engines.torch import folded
from septum.predict.overlap_tile import overlap_tile, read
from septum.size import readable_bytes

SIZE, TIMES = 2048, 3
FIRST, CONTEXT = smallest_input(), context()
WIDE = SIZE + FIRST  # a legal size, 4 px more than the image with its context
BF16, END = openvino.Type.bf16, np.iinfo(np.int64).max
NETWORK = UNet(1, 3, width=32, norm="batch", dropout=0).eval()
SETTINGS = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"}


def tiled(engine: type[OpenVinoEngine | TorchEngine], *tile: int) -> Callable:
    built = engine(NETWORK, precision="bf16")
    return lambda image, scores: overlap_tile(image, built, tile, scores)


def banded(bands: Callable, rows: int, *options: object) -> Callable:
    step = bands(rows, *options)

    def predict(image: np.ndarray, scores: np.ndarray) -> None:
        for start, stop in pairwise([0, *range(FIRST, WIDE + 1, rows)]):
            seen = Interval(start - CONTEXT, stop - CONTEXT), Interval(-CONTEXT, WIDE - CONTEXT)
            done = max(0, start - 2 * CONTEXT)
            result = step(read(image, seen)[None], start == 0)[0, :, : SIZE - done, :SIZE]
            scores[:, done : done + result.shape[1]] = result

    return predict


class TorchBands:
    """In PyTorch: each ReLU writes straight into the input of the convolution that comes next."""

    def __init__(self, rows: int, dtype: torch.dtype = torch.bfloat16) -> None:
        self._net = folded(NETWORK).to(dtype=dtype).to(memory_format=torch.channels_last)
        self._flat = torch.empty(64 * max(FIRST, rows + 2) * WIDE, dtype=dtype)
        self._kept: dict[object, torch.Tensor] = {}

    @torch.inference_mode()
    def __call__(self, band: np.ndarray, first: bool) -> np.ndarray:
        """Return the scores of the rows that this band completes."""
        if first:
            self._kept.clear()
        features, skips = torch.from_numpy(band).to(self._flat.dtype), []
        for level, block in enumerate(self._net.contracting):
            skips.append(features)
            pooled = functional.max_pool2d(features, 2) if level else features
            features = self._convolutions(block, pooled)
        for below, expansion in enumerate(self._net.expansive):
            margin, skip = 2 * context(below), skips.pop()
            skip = skip[:, :, margin if first else 0 :, margin:-margin]
            features = expansion.up(features.relu_())
            features = self._convolutions(expansion.convolutions, features, skip, margin)
        return self._net.scores(features.relu_()).float().numpy()

    def _convolutions(self, block, features, skip=None, margin=0) -> torch.Tensor:
        """Return the features before the last ReLU, which is left to those who read them."""
        for layer in (layer for layer in block if isinstance(layer, Conv2d)):
            least = -torch.inf if layer is self._net.contracting[0][0] else 0
            rows, columns = features.shape[2] + 2 * (layer in self._kept), features.shape[3]
            both = self._flat[: layer.in_channels * rows * columns]
            both = both.view(1, rows, columns, -1).permute(0, 3, 1, 2)
            channels = layer.in_channels - features.shape[1]
            if skip is not None:
                self._fill(both[:, :channels], (layer, "skip"), skip, margin + 2)
            self._fill(both[:, channels:], layer, features, 2, least)
            features, skip = functional.conv2d(both, layer.weight, layer.bias), None
        return features

    def _fill(self, into, key, features, kept, least: float = 0) -> None:
        """Write the rows kept and then the new ones, as many as fit; keep the last ones."""
        before = self._kept.get(key, features[:, :, :0])
        done = before.shape[2]
        torch.clamp_min(before, least, out=into[:, :, :done])
        torch.clamp_min(features[:, :, : into.shape[2] - done], least, out=into[:, :, done:])
        self._kept[key] = features[:, :, -kept:].clone()


def openvino_bands(rows: int, stateful: bool = False) -> Callable:
    """In OpenVINO: what is kept goes from one request to the other, or stays in a stateful one."""
    core, beginning = openvino.Core(), band_model(FIRST, None)
    shapes = [output.get_shape() for output in beginning.outputs[1:]]
    model = band_model(rows, shapes)
    if stateful:
        names = {f"in{number}": f"out{number}" for number in range(len(shapes))}
        apply_make_stateful_transformation(model, names)
    begin = core.compile_model(beginning, "CPU", SETTINGS).create_infer_request()
    compiled = core.compile_model(model, "CPU", SETTINGS)
    requests = [compiled.create_infer_request() for _ in range(1 if stateful else 2)]
    for number, shape in enumerate([] if stateful else shapes, start=1):
        kept = [openvino.Tensor(BF16, shape) for _ in requests]
        begin.set_output_tensor(number, kept[0])
        for request, old, new in zip(requests, kept, reversed(kept), strict=True):
            request.set_input_tensor(number, old)
            request.set_output_tensor(number, new)

    turns = iter(())

    def step(band: np.ndarray, first: bool) -> np.ndarray:
        nonlocal turns
        turns = cycle(requests) if first else turns
        request = begin if first else next(turns)
        request.set_input_tensor(0, openvino.Tensor(band, shared_memory=True))
        request.infer()
        for state in requests[0].query_state() if first else ():
            state.state = begin.get_output_tensor(int(state.name.partition("out")[2]) + 1)
        return request.get_output_tensor(0).data

    return step


def band_model(rows: int, shapes: list[openvino.Shape] | None) -> openvino.Model:
    """Return the network for a band; without the `shapes` of what was kept, for the first band."""
    model = model_of(NETWORK)
    model.reshape([1, 1, FIRST, WIDE])
    inputs, outputs = [], []

    def joined(features, kept: int, lag: int = 0):
        """Return the rows kept and the new ones without the last `lag`; keep the last ones."""
        # Rows, columns, channels in bfloat16, as the library computes: nothing is rearranged.
        last = opset13.transpose(cut(features, -kept, END), np.array([0, 2, 3, 1]))
        outputs.append(opset13.result(opset13.convert(last, BF16)))
        outputs[-1].output(0).get_tensor().set_names({f"out{len(outputs) - 1}"})
        if shapes is None:
            return cut(features, lag, -lag or END)
        inputs.append(opset13.parameter(shapes[len(inputs)], BF16))
        inputs[-1].output(0).get_tensor().set_names({f"in{len(inputs) - 1}"})
        floats = opset13.convert(inputs[-1], np.float32)
        before = opset13.transpose(floats, np.array([0, 3, 1, 2]))
        return opset13.concat([before, cut(features, 0, -lag or END)], 2).output(0)

    for node in model.get_ordered_ops():
        if node.get_type_name() == "Slice":  # the crop of a skip connection
            margin = int(node.input_value(1).get_node().get_data()[0])
            columns = cut(node.input_value(0), margin, -margin, axis=3)
            (reader,) = node.output(0).get_target_inputs()
            # Two rows more than the decoder lags behind, for the convolution that comes next.
            reader.replace_source_output(joined(columns, margin + 2, margin))
        elif node.get_type_name() == "Convolution" and node.input_value(1).get_shape()[2] == 3:
            source = node.input_value(0).get_node()
            reader = source.input(1) if source.get_type_name() == "Concat" else node.input(0)
            reader.replace_source_output(joined(reader.get_source_output(), 2))
    (image,) = model.get_parameters()
    image.set_partial_shape(openvino.PartialShape([1, 1, rows, WIDE]))
    bands = openvino.Model([*model.get_results(), *outputs], [image, *inputs], "bands")
    bands.validate_nodes_and_infer_types()
    return bands


def cut(features, start: int, stop: int, axis: int = 2):
    numbers = (np.array([number]) for number in (start, stop, 1, axis))
    return opset13.slice(features, *numbers).output(0)


TASKS = {
    "OpenVINO, tiles of 876²": partial(tiled, OpenVinoEngine, 876, 876),
    "OpenVINO, one tile": partial(tiled, OpenVinoEngine, WIDE, WIDE),
    "OpenVINO, tiles of 700 whole rows": partial(tiled, OpenVinoEngine, 700, WIDE),
    "OpenVINO, bands of 128": partial(banded, openvino_bands, 128),
    "OpenVINO, bands of 256": partial(banded, openvino_bands, 256),
    "OpenVINO, bands of 256, stateful": partial(banded, openvino_bands, 256, True),
    "PyTorch, tiles of 876²": partial(tiled, TorchEngine, 876, 876),
    "PyTorch, bands of 128": partial(banded, TorchBands, 128),
    "PyTorch, bands of 256": partial(banded, TorchBands, 256),
}


def task(name: str) -> Callable[[], np.ndarray]:
    image = np.random.default_rng(0).normal(size=(1, SIZE, SIZE)).astype(np.float32)
    scores, built = np.empty((3, SIZE, SIZE), np.float32), cache(TASKS[name])
    return lambda: built()(image, scores) or scores


def measured(run: Callable[[], object]) -> np.ndarray:
    begun, computed = perf_counter(), process_time()
    run()
    return np.array([perf_counter() - begun, process_time() - computed])


def main() -> None:
    tasks = {name: task(name) for name in TASKS}
    results = {name: run() for name, run in tasks.items()}
    # Tiles equal one pass (a law that is tested), so the first row of each library stands for it.
    truth = {name.split(",")[0]: results[name] for name in reversed(results)}
    runs = [[measured(run) for run in tasks.values()] for _ in range(TIMES)]
    medians = np.median(runs, axis=0)
    print(f"{machine()}\n\n| | time | ratio | of processors | ratio | memory | difference |")
    print("|---|---|---|---|---|---|---|")
    for name, (time, work), ratios in zip(tasks, medians, medians / medians[0], strict=True):
        row = f"| {name} | {time:.2f} s | {ratios[0]:.2f} | {work:.2f} s | {ratios[1]:.2f} |"
        found, apart = alone(task, name), np.abs(results[name] - truth[name.split(",")[0]]).max()
        print(f"{row} {readable_bytes(found.peak - found.before)} | {apart:.1e} |", flush=True)


if __name__ == "__main__":
    main()
