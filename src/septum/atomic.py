"""Files and folders that appear under their final name only when they are complete.

A run that is killed, or a disk that fills up, in the middle of writing leaves the earlier file (or
none) behind, never half of a new one.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from septum.errors import SeptumError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def replacing(path: str | Path, size: int | None = None) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` when the block succeeds.

    The temporary file lies in the folder of `path` (made where missing), so that the final step is
    one rename within a file system; its name starts with a dot and keeps the suffix of `path`.

    Parameters
    ----------
    path : str or Path
        The file to write or to replace.
    size : int, optional
        The size to expect in bytes, for the message when the disk is full.

    Yields
    ------
    Path
        Where to write. The caller has closed it when the block ends.

    Raises
    ------
    SeptumError
        When the file system refuses: full, read-only, no permission. Whatever is raised inside
        the block, the temporary file is removed and an earlier file at `path` is as it was.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SeptumError(_explain(error, path, size)) from error
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        if os.name == "posix":
            _flush(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)  # first, so that the space it took counts as free
        raise SeptumError(_explain(error, path, size)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | Path, size: int | None = None) -> Iterator[Path]:
    """Yield a temporary folder that takes the place of `path` when the block succeeds.

    As `replacing`, for formats that are folders. What was at `path` before is moved aside, then
    the new folder is renamed, then the earlier one is removed: at any moment one of them is whole.

    Parameters
    ----------
    path : str or Path
        The folder to write or to replace. Whether an earlier one may go is for the caller to say.
    size : int, optional
        The size to expect in bytes, for the message when the disk is full.

    Yields
    ------
    Path
        Where to write: a folder that is there and empty.

    Raises
    ------
    SeptumError
        When the file system refuses. Whatever is raised inside the block, the temporary folder is
        removed and what was at `path` is as it was.
    """
    path = Path(path)
    token = secrets.token_hex(4)
    temporary, earlier = (path.with_name(f".{path.name}.{token}.{end}") for end in ("part", "old"))
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _flush_tree(temporary)
        try:
            if path.exists():
                os.replace(path, earlier)
            os.replace(temporary, path)
        except BaseException:  # Ctrl-C between the two renames must not cost the earlier one
            if earlier.exists() and not path.exists():
                os.replace(earlier, path)
            raise
        shutil.rmtree(earlier, ignore_errors=True)
        if os.name == "posix":
            _flush(path.parent)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise SeptumError(_explain(error, path, size)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, UTF-8, that appears only when it is complete; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _flush(path: Path) -> None:
    # Without it the rename may reach the disk before the bytes do, and a power cut in between
    # leaves an empty file under the final name.
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_tree(folder: Path) -> None:
    if os.name == "posix":
        os.sync()  # thousands of small files: one by one takes longer than all at once
        return
    for file in folder.rglob("*"):
        if file.is_file():
            _flush(file)


def _explain(error: OSError, path: Path, size: int | None) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"cannot write {path}: {path.parent} is not a folder"
    if error.errno not in _FULL:
        return f"cannot write {path}: {error.strerror or error}"
    needs = "" if size is None else f" needs about {_megabytes(size)},"
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    return (
        f"disk full writing {path}:{needs} {_megabytes(free)} are free; "
        "nothing was written and an earlier file is untouched. "
        "Free some space or choose another output folder"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
