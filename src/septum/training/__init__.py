"""From annotated samples to a trained model."""

from septum.training.calibrate import calibrated
from septum.training.loop import Step, Watch
from septum.training.machine import Machine
from septum.training.presets import PRESETS, preset
from septum.training.propose import propose
from septum.training.run import check, train_model
from septum.training.schedule import Length
from septum.training.seeds import train_seeds
from septum.training.session import planned, resume, train

__all__ = [
    "PRESETS",
    "Length",
    "Machine",
    "Step",
    "Watch",
    "calibrated",
    "check",
    "planned",
    "preset",
    "propose",
    "resume",
    "train",
    "train_model",
    "train_seeds",
]
