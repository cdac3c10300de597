"""On what a training runs: devices, processes, threads."""

import atexit
import logging
import os
from dataclasses import dataclass
from typing import Literal

import torch
from lightning_fabric import Fabric

from septum.errors import ConfigError
from septum.predict.precision import choose_device, resolve
from septum.training.launched import shares

_PRECISION: dict[str, Literal["32-true", "bf16-mixed"]] = {
    "fp32": "32-true",
    "bf16": "bf16-mixed",
}
_MOST_WORKERS = 4


@dataclass(frozen=True)
class Machine:
    """What a training may use. The weights that it learns do not depend on `workers`.

    Attributes
    ----------
    device : {"cpu", "cuda"} or None
        None: the fastest at hand.
    devices : int or None
        Processes on this computer, each with a device of its own and its share of the batch.
        None: as many as ``torchrun`` or SLURM started, or else one.
    nodes : int or None
        Computers that take part, likewise; start the same command on each.
    strategy : str
        Of Fabric, for several processes; not one that forks or spawns them.
    deterministic : bool
        Refuse what a GPU computes differently from run to run; slower. A CPU needs it not.
    workers : int or None
        Threads that draw the tiles of the next steps; 0: none, they are drawn between the steps.
        None: by the number of processors.
    """

    device: str | None = None
    devices: int | None = None
    nodes: int | None = None
    strategy: str = "auto"
    deterministic: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("devices", 1), ("nodes", 1), ("workers", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} is {value}; expected {least} or more")

    @property
    def threads(self) -> int:
        """The number of `workers`, with the default filled in."""
        if self.workers is not None:
            return self.workers
        return max(1, min(_MOST_WORKERS, (os.cpu_count() or 1) // 2))

    @property
    def shares(self) -> tuple[int, int]:
        """The numbers of `devices` and `nodes`, with what was started filled in.

        Raises
        ------
        ConfigError
            If another number of processes was started; see `septum.training.launched`.
        """
        return shares(self.devices, self.nodes)

    def launch(self, precision: str) -> Fabric:
        """Return Fabric, with all processes of the training started.

        Each of them then goes on from here; with several devices the others are started by running
        the command of this process again.

        Parameters
        ----------
        precision : {"32", "bf16", "auto"}
            See `septum.plan.TrainingPlan`.

        Raises
        ------
        ConfigError
            If Fabric cannot have it so, or another number of processes was started.
        """
        place = choose_device(self.device)
        devices, nodes = self.shares
        asked = f"{devices} × {place.type} on {nodes} node(s), {self.strategy}"
        if self.deterministic:
            # cuBLAS looks at it when it starts; without it the call below makes every product fail.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(self.deterministic)
        torch.backends.cudnn.benchmark = not self.deterministic
        # Fabric announces the precision on the terminal, where the progress bar is.
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        linked = _linked()  # by who calls, and then for them to end
        try:
            fabric = Fabric(
                accelerator=place.type,
                devices=devices,
                num_nodes=nodes,
                strategy=self.strategy,
                precision=_PRECISION[resolve(precision, torch.device(place))],
            )
            fabric.launch()
        except (ValueError, RuntimeError, ImportError) as error:
            raise ConfigError(f"no training on {asked}: {error}") from None
        except TypeError:
            # Fabric wants a function to call in them. In a notebook it chooses such a one itself.
            raise ConfigError(
                f"no training on {asked}: processes that are forked or spawned cannot go on with a "
                "training; leave --strategy away or give ddp, which starts the command again (in a "
                "script or a terminal, not in a notebook)"
            ) from None
        if _linked() and not linked and torch.distributed.get_backend() == "gloo":
            # Fabric ends the links of NCCL alone, and threads of gloo that the end of the program
            # cuts off abort it.
            atexit.register(_leave_the_others)
        return fabric


def _linked() -> bool:
    """Tell whether this process is one of several that were linked."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _leave_the_others() -> None:
    """End the links between processes while their threads can still be waited for."""
    if _linked():
        torch.distributed.destroy_process_group()
