"""DICOM: a file of one or several frames, or a folder with the slices of one series."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from septum.array import Source, Window
from septum.counted import counted
from septum.data.formats.dicom_frames import Frame, frames_of
from septum.data.formats.dicom_series import Series, arranged
from septum.data.formats.image_file import ImageFile, Storage, known_steps
from septum.data.formats.nifti_header import placed
from septum.data.formats.stored import Recent, Stored
from septum.errors import DataError

SUFFIXES = (".dcm",)

_OTHERS = ("", ".ima", ".dicom")  # what scanners call their files too
_MARK, _BEFORE = b"DICM", 128
_RECENT_BYTES = 64 * 2**20


def is_dicom(folder: Path) -> bool:
    """Whether a folder holds DICOM slices, by its first files that could be some."""
    try:
        return folder.is_dir() and next(_slices(folder), None) is not None
    except PermissionError:
        return False


def open_dicom(path: Path) -> ImageFile[Source]:
    """Open a file, or the one series whose slices lie in a folder.

    Slices are in the order of their positions along their normal, and Z grows along it. Pixels are
    as stored, after the linear scale that the file states (Hounsfield units of a CT), as integers
    where that makes integers, else as float32; as float64 where they are stored so. Files whose
    small numbers are bright (MONOCHROME1) are not inverted, and a note says so. Spacing along Z is
    the distance of the positions.

    Parameters
    ----------
    path : Path
        The file or the folder. Files in it that are no DICOM images are left out, and a note says
        so.

    Raises
    ------
    DataError
        See :func:`septum.data.formats.dicom_frames.frames_of` and
        :func:`septum.data.formats.dicom_series.arranged`.
    """
    files = sorted(_slices(path)) if path.is_dir() else [path]
    found = [frames_of(file) for file in files]
    frames = [frame for of_file in found for frame in of_file]
    if not frames:
        raise DataError(f"{path}: DICOM without an image in it, such as a report or a plan")
    series = arranged(frames, path)
    single = len(frames) == 1
    axes = "YX" if single else "ZYX" if series.placed else "QYX"
    steps = series.steps[1:] if axes != "ZYX" else series.steps
    stored = _stored(series.frames, str(path))
    if single:
        stored = _plane(stored)
    return ImageFile(
        stored,
        axes,
        known_steps([None if step is None else step * 1e3 for step in steps]),
        str(path),
        (*_left_out(path, len(files) - sum(map(bool, found))), *series.notes, *_inverted(frames)),
        assumed="Q" in axes,
        storage=Storage("DICOM", frames[0].codec),
        placement=_placement(series),
        scan=True,
    )


def _slices(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that are DICOM, by their names and their first bytes."""
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        likely = suffix in SUFFIXES or suffix in _OTHERS or suffix[1:].isdigit()
        if likely and path.name[0] != "." and path.name != "DICOMDIR" and path.is_file():
            with path.open("rb") as file:
                marked = file.read(_BEFORE + len(_MARK))[_BEFORE:] == _MARK
            if marked or suffix in SUFFIXES:
                yield path


def _left_out(path: Path, without: int) -> tuple[str, ...]:
    """Say which files of a folder are no part of the volume."""
    if not path.is_dir():
        return ()
    slices = set(_slices(path))
    others = sum(p.is_file() and p.name[0] != "." and p not in slices for p in path.iterdir())
    notes = []
    if without:
        notes.append(f"{without} DICOM files without an image were left out")
    if others:
        notes.append(f"{counted(others, 'other file')} in the folder left out")
    return tuple(notes)


def _inverted(frames: Sequence[Frame]) -> tuple[str, ...]:
    """Say whether small numbers are bright, as a model that was trained on others does not know."""
    count = sum(frame.inverted for frame in frames)
    of = "" if count == len(frames) else f" in {counted(count, 'frame', of=len(frames))}"
    note = f"small numbers are bright{of} (MONOCHROME1); they were taken as stored, not inverted"
    return (note,) if count else ()


def _placement(series: Series) -> bytes | None:
    return None if series.affine is None else placed(series.affine)


def _stored(frames: Sequence[Frame], source: str) -> Stored:
    """Return the frames as one array (Z, Y, X); each is decoded as a whole when it is needed."""
    dtype = _value_type(frames)
    recent = Recent(_RECENT_BYTES)
    shape = frames[0].shape

    def read(window: Window) -> np.ndarray:
        result = np.empty([part.stop - part.start for part in window], dtype)
        for number in range(window[0].start, window[0].stop):
            plane = recent.get(number, lambda number=number: _values(frames[number], dtype))
            assert plane is not None
            result[number - window[0].start] = plane[window[1:]]
        return result

    return Stored((len(frames), *shape), dtype, read, source, (1, *shape))


def _values(frame: Frame, dtype: np.dtype) -> np.ndarray:
    from pydicom.pixels.utils import pixel_array

    stored = pixel_array(frame.path, index=frame.number)
    if stored.shape != frame.shape:
        raise ValueError(f"{frame.path.name} has {stored.shape} pixels, not {frame.shape}")
    if not np.can_cast(stored.dtype, frame.dtype):  # a decoder may use a type with fewer bytes
        raise ValueError(f"{frame.path.name} has pixels of {stored.dtype}, not {frame.dtype}")
    if (frame.slope, frame.intercept) == (1, 0):
        return stored.astype(dtype, copy=False)
    return (stored * frame.slope + frame.intercept).astype(dtype)


def _value_type(frames: Sequence[Frame]) -> np.dtype:
    """Return the smallest type that holds the scaled values of every frame."""
    if all((frame.slope, frame.intercept) == (1, 0) for frame in frames):
        return np.result_type(*(frame.dtype for frame in frames))
    if any(frame.dtype.kind == "f" for frame in frames):
        return np.result_type(np.float32, *(frame.dtype for frame in frames))
    if not all(frame.slope.is_integer() and frame.intercept.is_integer() for frame in frames):
        return np.dtype(np.float32)
    values = [stored * frame.slope + frame.intercept for frame in frames for stored in frame.limits]
    for dtype in (np.int16, np.int32):
        if np.iinfo(dtype).min <= min(values) and max(values) <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    return np.dtype(np.float32)


def _plane(stack: Stored) -> Stored:
    """Return the one plane of a stack."""

    def read(window: Window) -> np.ndarray:
        return stack.read((slice(0, 1), *window))[0]

    chunks = stack.chunks
    return Stored(stack.shape[1:], stack.dtype, read, stack.source, chunks and chunks[1:])
