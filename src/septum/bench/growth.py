"""Cost as the image grows: time per megapixel and peak memory, from file to files."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import zarr

from septum import api, segment
from septum.bench.section import Section, in_seconds
from septum.bench.sizes import Sizes
from septum.bench.timing import Alone, alone
from septum.data.synthetic import draw_cells
from septum.size import readable_bytes

CHUNK = 512
SAVED = ("labels", "probabilities8", "table")
_ONCE_FROM = 8192  # px; so long a run needs no median, and would take the time of all others


def section(sizes: Sizes, folder: Path) -> Section:
    """Segment images of growing size, each in a process of its own, in turn.

    Parameters
    ----------
    sizes : Sizes
        How large.
    folder : Path
        For the images and their results; up to 20 bytes a pixel.
    """
    drawn = draw_cells(0, (CHUNK, CHUNK))
    network = f"network.width={sizes.growth_width}"
    settings = (network, "data.scale=1", "training.tile=284")
    api.train([drawn], folder / "run", steps=sizes.growth_steps, settings=settings)
    for size in sizes.growth:
        mirrored(drawn.image[0], folder / f"{size}.zarr", size)
    taken: dict[int, list[Alone]] = {size: [] for size in sizes.growth}
    for number in range(sizes.times):
        for size, runs in taken.items():
            if number == 0 or size < _ONCE_FROM:
                runs.append(alone(segmenting, folder, size, min(sizes.growth)))
    return Section(
        title="Cost as the image grows",
        text=(
            f"A network of width {sizes.growth_width}, trained for a moment; from zarr to "
            f"{', '.join(SAVED)}, through the disk where it is more than the memory allowed "
            f"({readable_bytes(segment.Options().memory)}). Each in a process of its own, after an "
            f"image of {min(sizes.growth)}² px; the peak is of the whole process. Medians of "
            f"{sizes.times} runs, one from {_ONCE_FROM}² px."
        ),
        columns=("image", "time", "time per megapixel", "peak memory"),
        rows=tuple(_row(size, runs) for size, runs in taken.items()),
        notes=_flatness(taken),
    )


def _row(size: int, runs: Iterable[Alone]) -> tuple[str, ...]:
    seconds = median(run.seconds for run in runs)
    return (
        f"{size}×{size}",
        in_seconds(seconds),
        in_seconds(seconds / size**2 * 1e6),
        readable_bytes(_peak(runs)),
    )


def _peak(runs: Iterable[Alone]) -> int:
    return int(median(run.peak for run in runs))


def _flatness(taken: dict[int, list[Alone]]) -> tuple[str, ...]:
    least, most = min(taken), max(taken)
    times = [median(run.seconds for run in taken[size]) / size**2 for size in (least, most)]
    peaks = [_peak(taken[size]) for size in (least, most)]
    return (
        f"From {least}² to {most}² px, {(most / least) ** 2:.0f} times the pixels: time per "
        f"megapixel {times[1] / times[0]:.2f} times, peak memory {peaks[1] / peaks[0]:.2f} times.",
    )


def mirrored(tile: np.ndarray, path: Path, size: int) -> None:
    """Write a plane of `size` px to a zarr array: `tile`, mirrored at its edges until it is full.

    No chunk is empty.
    """
    array = zarr.create_array(
        store=path, shape=(size, size), dtype=tile.dtype, chunks=(min(CHUNK, size),) * 2
    )
    period = np.concatenate([np.arange(len(tile)), np.arange(len(tile))[::-1]])
    columns = period[np.arange(size) % len(period)]
    for top in range(0, size, CHUNK):
        rows = period[np.arange(top, min(top + CHUNK, size)) % len(period)]
        array[top : top + CHUNK, :] = tile[rows][:, columns]


def segmenting(folder: Path, size: int, warm_up: int) -> Callable[[], object]:
    """Return what segments the image of `size` px in `folder`, after one of `warm_up` px."""
    model = api.load(folder / "run")
    options = segment.Options(save=SAVED, axes="YX")

    def segmented(size: int) -> int:
        return segment.segment_file(model, folder / f"{size}.zarr", folder / "out", options).objects

    segmented(warm_up)
    return partial(segmented, size)
