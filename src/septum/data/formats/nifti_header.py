"""The header of a NIfTI file: what it says of type, axes, scale and place, and how to make one.

A header is handed on as its 348 (NIfTI-1) or 540 (NIfTI-2) bytes, in which the file states where
its voxels lie in the scanner (qform and sform). Labels that are written with the same bytes lie
over the image in every viewer, bit for bit.

See https://nifti.nimh.nih.gov/nifti-1 for the fields.
"""

import struct
from collections.abc import Sequence
from itertools import product
from math import isfinite, prod
from pathlib import Path
from typing import Any

import numpy as np

from septum.data.formats.medical import medical
from septum.errors import DataError

BYTES = 540
"""The length of the longer of the two headers."""

_LENGTHS = {348: "Nifti1Header", 540: "Nifti2Header"}
_LONGEST_1 = 2**15 - 1  # an axis of NIfTI-1 has 16 bits
_UM = {1: 1e6, 2: 1e3, 3: 1.0}  # of the codes of metre, mm and µm
_UNIT = 0b111  # the bits of xyzt_units that are of space; the others are of time
_LABEL = 1002  # the intent code of label images
_MAGIC = 4  # bytes after the header that say whether extensions follow
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def parse(start: bytes, path: Path) -> Any:
    """Return the nibabel header at the beginning of a file.

    Parameters
    ----------
    start : bytes
        The first 540 bytes of the (unpacked) file, or all where it is shorter.
    path : Path
        For messages.

    Raises
    ------
    DataError
        Where they are no NIfTI header, or one that makes no sense.
    """
    nibabel = medical("nibabel", str(path))
    # The length of the header, in one order of bytes or the other, is how NIfTI begins.
    found = {
        struct.pack(f"{order}i", length): (length, order)
        for length, order in product(_LENGTHS, "<>")
    }
    length, order = found.get(start[:4], (348, ""))
    if not order or len(start) < length:
        raise DataError(
            f"{path}: not a NIfTI file, as it does not begin with a NIfTI header but with "
            f"{start[:8]!r} ({len(start)} of at least 348 bytes read); is the suffix right?"
        )
    header = getattr(nibabel, _LENGTHS[length])(start[:length], order, check=False)
    magic = bytes(header["magic"]).rstrip(b"\0")[:3]
    if magic in (b"ni1", b"ni2"):
        raise DataError(
            f"{path}: the header of a NIfTI pair (.hdr and .img); save it as one file, .nii"
        )
    if magic not in (b"n+1", b"n+2"):
        raise DataError(
            f"{path}: magic {magic!r} instead of 'n+1' or 'n+2': an Analyze file, which does not "
            "say where its voxels lie, or a damaged one; convert it to NIfTI"
        )
    dims = [int(size) for size in header["dim"]]
    if not 2 <= dims[0] <= 7 or min(dims[1 : dims[0] + 1]) < 1:
        raise DataError(
            f"{path}: its NIfTI header states the axes {dims}; expected are their number, 2 to 7, "
            "and that many lengths above 0; the header is damaged"
        )
    return header


def shape_and_axes(header: Any, path: Path) -> tuple[tuple[int, ...], str]:
    """Return the shape in the order of the bytes, the fastest axis last, and its letters.

    NIfTI counts x, y, z, t, then an axis of vectors, here C. Of these, t and C are left out where
    they have length 1.

    Raises
    ------
    DataError
        For a sixth or a seventh axis.
    """
    dims = [int(size) for size in header["dim"]]
    sizes = dims[1 : dims[0] + 1]
    if prod(sizes[5:]) > 1:
        raise DataError(
            f"{path}: {len(sizes)} axes of lengths {sizes}; understood are x, y, z, time and "
            "channels: save a file for each index along the others"
        )
    named = [
        (size, letter)
        for size, letter in zip(sizes, "XYZTC", strict=False)
        if letter in "XYZ" or size > 1
    ]
    return tuple(size for size, _ in reversed(named)), "".join(name for _, name in reversed(named))


def pixel_type(header: Any, path: Path) -> np.dtype:
    """Return the type of a voxel as stored; three bytes of colour are a type with three fields.

    Raises
    ------
    DataError
        For a code that no type has.
    """
    try:
        dtype = header.get_data_dtype()
    except Exception as error:  # nibabel has an error class of its own for it
        code = int(header["datatype"])
        raise DataError(
            f"{path}: its NIfTI header states the data type {code}, which does not exist; the "
            "header is damaged"
        ) from error
    return np.dtype(dtype)


def scale(header: Any, path: Path) -> tuple[float, float] | None:
    """Return slope and intercept of the stored numbers, or None where they are the values.

    Raises
    ------
    DataError
        For an infinite slope or intercept.
    """
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or np.isnan(slope):  # the standard's way to say that there is none
        return None
    if not (isfinite(slope) and isfinite(inter)):
        raise DataError(
            f"{path}: its NIfTI header scales by slope {slope} and intercept {inter}, where "
            "finite numbers are expected; the header is damaged"
        )
    return None if (slope, inter) == (1, 0) else (slope, inter)


def voxel_offset(header: Any, path: Path) -> int:
    """Return at which byte of the (unpacked) file the voxels begin.

    Raises
    ------
    DataError
        For one that is not finite.
    """
    offset = float(header["vox_offset"])
    if not isfinite(offset):
        raise DataError(
            f"{path}: its NIfTI header states that the voxels begin at byte {offset}; expected is "
            f"{header.single_vox_offset} or more; the header is damaged"
        )
    return int(max(offset, header.single_vox_offset))


def steps(header: Any, path: Path) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the voxel size in µm along X, Y and Z, and notes on a unit that was assumed.

    Without a unit, the sizes are in mm; sizes of 1 without a unit and a place state nothing.

    Raises
    ------
    DataError
        Where the place that they are taken from makes no sense; see `affine`.
    """
    unit = int(header["xyzt_units"]) & _UNIT
    sizes = np.linalg.norm(affine(header, path)[:3, :3], axis=0)
    if unit == 0 and not is_placed(header) and (sizes == 1).all():
        return {}, ()
    # Stored with seven digits: 0.7, where its double would be 0.699999988.
    numbers = [float(str(size)) * _UM.get(unit, 1e3) for size in sizes.astype(np.float32)]
    has = f"has the unit {unit}, which does not exist," if unit else "has no unit"
    notes = () if unit in _UM else (f"its voxel size {has} and was taken as mm",)
    return dict(zip("XYZ", numbers, strict=True)), notes


def affine(header: Any, path: Path) -> np.ndarray:
    """Return the way from voxel (X, Y, Z) to the scanner, shape (4, 4): the sform, or the qform.

    Raises
    ------
    DataError
        For a qform whose numbers are no rotation, and for numbers that are not finite.
    """
    known = header.copy()
    if known["pixdim"][0] == 0:  # which stands for 1, as the standard says
        known["pixdim"][0] = 1
    try:
        found = known.get_best_affine()
    except Exception as error:  # of nibabel's own class, or of its arithmetic
        rotation = ", ".join(f"{float(header[f'quatern_{part}']):g}" for part in "bcd")
        sizes = ", ".join(f"{size:g}" for size in header["pixdim"][:4])
        raise DataError(
            f"{path}: the qform of its NIfTI header makes no sense ({error}): pixdim {sizes}, "
            f"where 1 or -1 and three positive sizes are expected, and quatern {rotation}, of "
            "length 1 at most; the header is damaged"
        ) from error
    if is_placed(header) and not np.isfinite(found).all():
        raise DataError(
            f"{path}: its NIfTI header places the voxels by {found[:3].tolist()}, where finite "
            "numbers are expected; the header is damaged"
        )
    return found


def is_placed(header: Any) -> bool:
    """Whether a header says where the voxels lie in the scanner."""
    return int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0


def orientation(placement: bytes) -> str | None:
    """Return towards which side of the patient X, Y and Z grow, such as "RAS" or "LPS".

    None where the header does not say where the voxels lie.
    """
    header = _header(placement)
    if not is_placed(header):
        return None
    nibabel = medical("nibabel", "orientation")
    codes = nibabel.aff2axcodes(affine(header, Path("placement")))
    return None if None in codes else "".join(codes)


def placed(affine_lps: np.ndarray) -> bytes:
    """Return a header for voxels that lie in the scanner as DICOM states it.

    Parameters
    ----------
    affine_lps : numpy.ndarray, shape (4, 4)
        From voxel (X, Y, Z) to mm, in DICOM's axes: to the left, to the back, to the head.
    """
    header = medical("nibabel", "placed").Nifti1Header()
    header.set_data_shape((1, 1, 1))  # until it is known what takes this place
    affine = _LPS_TO_RAS @ affine_lps
    # To a qform belong axes at right angles; where a gantry is tilted, the sform alone is right.
    header.set_qform(affine, code="scanner", strip_shears=True)
    header.set_sform(affine, code="scanner")
    header.set_xyzt_units("mm")
    return header.binaryblock


def for_labels(
    shape: Sequence[int],
    dtype: np.dtype,
    placement: bytes | None,
    spacing: Sequence[float] | None,
    writer: str,
) -> bytes:
    """Return the first bytes of a .nii file of labels, up to its voxels.

    Parameters
    ----------
    shape : sequence of int
        In the order of the bytes, the fastest axis last: ([[T,] Z,] Y, X).
    dtype : numpy.dtype
        Of the labels.
    placement : bytes or None
        The header of the image, of which the place in the scanner is taken over.
    spacing : sequence of float or None
        In µm, for as many of Z, Y, X as there are; used where there is no placement.
    writer : str
        Who wrote the file.
    """
    nibabel = medical("nibabel", "labels as NIfTI")
    header = _spaced(spacing) if placement is None else _header(placement).as_byteswapped("<")
    if max(shape) > _LONGEST_1:
        header = nibabel.Nifti2Header.from_header(header, check=False)
    header["sizeof_hdr"] = header.sizeof_hdr
    # Not set_data_shape, which would write lengths of 1 mm for what it knows nothing of.
    header["dim"] = [len(shape), *reversed(shape), *[1] * (7 - len(shape))]
    header.set_data_dtype(dtype)
    header["intent_code"], header["intent_name"] = _LABEL, b""
    header["cal_min"], header["cal_max"] = 0, 0
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["descrip"], header["aux_file"] = writer.encode(), b""
    header["magic"] = header.single_magic
    header["vox_offset"] = header.single_vox_offset
    return header.binaryblock + b"\0" * _MAGIC


def _spaced(spacing: Sequence[float] | None) -> Any:
    """Return a header that knows the size of a voxel, but no place: the first lies at 0, 0, 0."""
    header = medical("nibabel", "labels as NIfTI").Nifti1Header(endianness="<")
    sizes = [size / 1e3 for size in reversed(spacing or ())]
    affine = np.diag([*sizes, *[1.0] * (4 - len(sizes))])
    header.set_qform(affine, code="scanner" if spacing else "unknown")
    header.set_sform(affine, code="scanner" if spacing else "unknown")
    header.set_xyzt_units("mm" if spacing else "unknown")
    return header


def _header(placement: bytes) -> Any:
    return parse(placement, Path("placement"))
