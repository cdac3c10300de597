"""Whether an engine computes what it should: one tile, compared with float32 PyTorch on the CPU."""

from collections.abc import Callable, Sequence

import numpy as np

from septum.predict.engines.protocol import Engine
from septum.predict.probabilities import sigmoid, softmax

TOLERANCE = {"fp32": 1e-4, "bf16": 0.25, "int8": 0.5}
"""How far a single probability may be from float32 PyTorch's on the CPU, for each precision.

A trained network of width 32 on nine images of 512×512 px: 0.13 at most and 0.0016 on average in
bf16, 0.20 and 0.0031 in int8; nearly all of it where the network is undecided.
"""


def self_test(
    engine: Engine,
    reference: Callable[[np.ndarray], np.ndarray],
    sizes: Sequence[int],
    tolerance: float,
) -> str | None:
    """Compare the probabilities of two engines on one tile of noise.

    Parameters
    ----------
    engine : Engine
        To be tested.
    reference : callable
        An engine that is right.
    sizes : sequence of int
        Of the tile, in pixels; legal.
    tolerance : float
        The largest difference of a probability that is not an error.

    Returns
    -------
    str or None
        How they disagree, in words, or None if they agree. What is not a number disagrees.
    """
    noise = np.random.default_rng(0).random((1, engine.in_channels, *sizes), dtype=np.float32)
    computed, expected = engine(noise)[0], reference(noise)[0]
    if computed.shape != expected.shape:
        return f"its scores have shape {computed.shape} and not {expected.shape}"
    # Classes that overlap have a sigmoid each, and do not see what cancels in a softmax.
    worst = max(float(np.abs(of(computed) - of(expected)).max()) for of in (sigmoid, softmax))
    if worst <= tolerance:  # false for NaN
        return None
    return f"a probability differs by {worst:.2g}, more than {tolerance:g}"
