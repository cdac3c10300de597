"""From annotated samples to a trained model."""

from septum.training.calibrate import calibrated
from septum.training.loop import Step
from septum.training.presets import PRESETS, preset
from septum.training.propose import propose
from septum.training.run import check, train_model

__all__ = ["PRESETS", "Step", "calibrated", "check", "preset", "propose", "train_model"]
