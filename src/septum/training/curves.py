"""How a training went, as curves: the loss, the validation score and the learning rate."""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from septum.description import Description
from septum.report.html import Html, Line, curve, element, figure, grid, section
from septum.training.loop import Step


def curves_of(run: Sequence[Step], description: Description) -> Html:
    """Return the section of a page with the curves of a run; the score where there is one.

    Parameters
    ----------
    run : sequence of Step
        As logged; those of which the loss is no number are left out.
    description : Description
        Of the model: its ``best_step`` and ``best_score`` mark it in the curve.
    """
    known = description.training
    heading = "How it was learnt"
    run = [step for step in run if isfinite(step.loss)]
    if not run:
        return section(heading, element("p", "There is no log of the steps."))
    number = np.array([step.number for step in run], float)
    loss = np.array([step.loss for step in run])
    smooth = _smoothed(loss)
    top = max(float(np.quantile(loss, 0.98)), float(smooth.max()))
    drawn = [
        figure(
            curve(
                "Loss of each step",
                "step",
                [Line(*_extremes(number, loss), "pale"), Line(*_thinned(number, smooth))],
                top,
            ),
            element("strong", "Loss. "),
            "Pale: each step. Strong: smoothed.",
        )
    ]
    scores = [(s.number, s.validation) for s in run if s.validation is not None]
    scores = [(at, score) for at, score in scores if isfinite(score)]
    if scores:
        at, score = np.array(scores, float).T
        best, highest = known.get("best_step"), known.get("best_score")
        mark, said = None, ""
        if best is not None and highest is not None:
            mark = float(best), float(highest), f"best {highest:.3f}"
            said = f" The model is that of step {best}."
        drawn.append(
            figure(
                curve("Validation score", "step", [Line(at, score, "dots")], mark=mark),
                element("strong", "Validation score. "),
                f"It is the {description.measure}; 1 is perfect.{said}",
            )
        )
    rate = np.array([step.learning_rate for step in run])
    drawn.append(
        figure(
            curve("Learning rate", "step", [Line(*_thinned(number, rate))]),
            element("strong", "Learning rate."),
        )
    )
    return section(heading, grid(drawn, 320))


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return a moving average over the last thirtieth of the values or so."""
    keep = 1 - 1 / max(len(values) / 30, 1)
    result, mean, weight = np.empty(len(values)), 0.0, 0.0
    for place, value in enumerate(values):
        mean, weight = keep * mean + (1 - keep) * value, keep * weight + 1 - keep
        result[place] = mean / weight
    return result


def _extremes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most a thousand points that reach as high and as low as all of them."""
    if len(x) <= 1000:
        return x, y
    parts = np.array_split(np.arange(len(x)), 500)
    chosen = [
        place
        for part in parts
        for place in sorted((part[y[part].argmin()], part[y[part].argmax()]))
    ]
    return x[chosen], y[chosen]


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), 500)).round().astype(int))
    return x[chosen], y[chosen]
