"""What it costs to read a large image window by window, whatever holds it.

    python benchmarks/reading.py [SIDE]

Writes one image of SIDE x SIDE px (default 8192; uint16 noise, so that it neither compresses well
nor is sparse) in each format and reads windows of 512 x 512 px: along the borders of its chunks,
and anywhere. `floor` is the time to read and decode one chunk of that format without any library
around the codec; a window anywhere takes four. `all` reads the whole image once in bands, as the
statistics do. `memory` is how much the process grew above what it held before the image was opened.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import imagecodecs
import numpy as np
import psutil
import tifffile
import zarr
from zarr.codecs import ZstdCodec

from septum.data.formats import as_channels_first, open_image
from septum.data.normalise import bands

WINDOW = 512
COUNT = 40
RNG = np.random.default_rng(0)


def write_all(folder: Path, side: int) -> None:
    image = np.memmap(folder / "pixels", np.uint16, "w+", shape=(side, side))
    for row in range(0, side, WINDOW):
        image[row : row + WINDOW] = RNG.integers(0, 3000, (min(WINDOW, side - row), side))
    chunks = {"shape": image.shape, "chunks": (WINDOW, WINDOW), "dtype": image.dtype}
    for number in (2, 3):
        for name, codec in (("raw", None), ("zstd", None if number == 2 else ZstdCodec(level=1))):
            if number == 2 and name == "zstd":
                continue
            array = zarr.create_array(
                folder / f"zarr {number}, {name}.zarr",
                zarr_format=number,
                compressors=codec,
                **chunks,
            )
            for row in range(0, side, WINDOW):
                array[row : row + WINDOW] = image[row : row + WINDOW]
    np.save(folder / "array.npy", image)
    options = {"photometric": "minisblack", "metadata": None}
    tifffile.imwrite(folder / "TIFF, raw.tif", image, **options)
    for name, more in (
        ("tiles", {"tile": (WINDOW, WINDOW)}),
        ("strips of 16 rows", {"rowsperstrip": 16}),
    ):
        for codec in ("zlib", "zstd"):
            path = folder / f"TIFF, {codec} {name}.tif"
            tifffile.imwrite(path, image, compression=codec, **more, **options)
    (folder / "pixels").unlink()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def floor(path: Path) -> float | None:
    """Return the median time to read and decode a chunk, codec only."""
    if path.suffix == ".zarr":
        chunk = path / ("1.1" if "zarr 2" in path.name else "c/1/1")
        codec = imagecodecs.zstd_decode if "zstd" in path.name else bytes
        return median(seconds(lambda: codec(chunk.read_bytes())) for _ in range(COUNT))
    if "tiles" in path.name:
        with tifffile.TiffFile(path) as tiff:
            offset, count = (
                getattr(tiff.pages.first, n)[1] for n in ("dataoffsets", "databytecounts")
            )
        codec = imagecodecs.zstd_decode if "zstd" in path.name else imagecodecs.zlib_decode

        def one() -> None:
            with path.open("rb") as file:
                file.seek(offset)
                codec(file.read(count))

        return median(seconds(one) for _ in range(COUNT))
    return None


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 8192
    print(f"{side} x {side} px, uint16; microseconds for a window of {WINDOW} x {WINDOW} px")
    print(f"{'':32} {'floor':>7} {'aligned':>8} {'anywhere':>9} {'all, s':>7} {'MB/s':>6} "
          f"{'memory, MB':>11}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_all(folder, side)
        process = psutil.Process()
        for path in sorted(folder.iterdir()):
            before = process.memory_info().rss
            source = as_channels_first(open_image(path)).array
            grid = (side - WINDOW) // WINDOW

            def window(step: int, source=source, grid=grid) -> float:
                y, x = (int(at) * WINDOW // step for at in RNG.integers(0, grid * step, 2))
                part = (slice(0, 1), slice(0, 1), slice(y, y + WINDOW), slice(x, x + WINDOW))
                return seconds(lambda: source[part])

            window(1)
            aligned = median(window(1) for _ in range(COUNT))
            anywhere = median(window(WINDOW) for _ in range(COUNT))
            chunks = getattr(source, "chunks", None)
            grown, start = 0, time.perf_counter()
            for band in bands(source.shape[1:], source.dtype, chunks and chunks[1:]):
                source[(slice(0, 1), *band)]
                grown = max(grown, process.memory_info().rss - before)
            whole = time.perf_counter() - start
            least = floor(path)
            print(
                f"{path.stem:32} {'' if least is None else f'{1e6 * least:.0f}':>7} "
                f"{1e6 * aligned:8.0f} {1e6 * anywhere:9.0f} {whole:7.2f} "
                f"{2 * side**2 / 1e6 / whole:6.0f} {grown / 1e6:11.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
