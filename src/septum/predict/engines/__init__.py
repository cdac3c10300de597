"""What computes a batch of tiles: the network in PyTorch, OpenVINO or ONNX Runtime.

Every engine gives the same scores within a stated tolerance; they differ in speed. `choose` picks
the fastest that is exact enough on this machine and says why.
"""

from septum.predict.engines.check import TOLERANCE, self_test
from septum.predict.engines.onnx import OnnxEngine
from septum.predict.engines.openvino import OpenVinoEngine
from septum.predict.engines.protocol import Engine
from septum.predict.engines.selection import BACKENDS, Availability, available, choose
from septum.predict.engines.torch import TorchEngine

__all__ = [
    "BACKENDS",
    "TOLERANCE",
    "Availability",
    "Engine",
    "OnnxEngine",
    "OpenVinoEngine",
    "TorchEngine",
    "available",
    "choose",
    "self_test",
]
