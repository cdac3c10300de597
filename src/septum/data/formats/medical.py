"""The libraries of the extra `septum[medical]`, or what to type where they are missing."""

from importlib import import_module
from types import ModuleType

from septum.errors import DataError


def medical(library: str, source: str) -> ModuleType:
    """Import a library that medical formats need.

    Parameters
    ----------
    library : {"nibabel", "pydicom"}
        What to import.
    source : str
        The file that needs it, for the message.

    Raises
    ------
    DataError
        Where it is not installed; says what to type.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise DataError(
            f"{source}: NIfTI and DICOM need {library}, which is not installed; install it with "
            '`pip install "septum[medical]"`'
        ) from error
