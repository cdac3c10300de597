"""Image files of any size in, the files of their results out, each only when it is complete."""

from septum.segment.compute import Progress
from septum.segment.file import segment_file
from septum.segment.options import (
    Options,
    is_done,
    refuse_annotation_folder,
    refuse_same_folder,
    refuse_unwritable,
)
from septum.segment.outcome import Outcome, nothing_found

__all__ = [
    "Options",
    "Outcome",
    "Progress",
    "is_done",
    "nothing_found",
    "refuse_annotation_folder",
    "refuse_same_folder",
    "refuse_unwritable",
    "segment_file",
]
