"""The paper's three experiments, as a user with the data would run them."""

from septum.experiments.reproduce import EXPERIMENTS, Experiment, FoldResult, predicted, reproduce

__all__ = ["EXPERIMENTS", "Experiment", "FoldResult", "predicted", "reproduce"]
