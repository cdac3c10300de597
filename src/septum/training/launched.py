"""How many processes were started beside this one, by torchrun, SLURM or another launcher."""

import os
from dataclasses import dataclass

from lightning_fabric.plugins.environments.lsf import LSFEnvironment
from lightning_fabric.plugins.environments.mpi import MPIEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from septum.counted import counted
from septum.errors import ConfigError


@dataclass(frozen=True)
class Launch:
    """What a launcher started.

    Attributes
    ----------
    by : str
        Its name.
    processes : int
        On all computers together.
    devices : int or None
        Processes on each computer; None where the launcher does not say.
    """

    by: str
    processes: int
    devices: int | None = None

    @property
    def nodes(self) -> int:
        """Computers; one where the launcher does not say."""
        return self.processes // self.devices if self.devices else 1


def shares(devices: int | None, nodes: int | None) -> tuple[int, int]:
    """Return how many devices a training has on each computer, and how many computers.

    Parameters
    ----------
    devices, nodes : int or None
        What the user says. None: as many as a launcher started processes for, or else one.

    Raises
    ------
    ConfigError
        If a launcher started other processes than the user says, or does not tell how many run
        where: each would train on its own then, and all in one folder.
    """
    launch = launched()
    if launch is None:
        return devices or 1, nodes or 1
    each, computers = devices or launch.devices, nodes or launch.nodes
    if each and each * computers == launch.processes and launch.devices in (None, each):
        return each, computers
    given = (("--devices", devices), ("--nodes", nodes))
    said = " ".join(f"{name} {value}" for name, value in given if value is not None)
    started = f"{launch.by} started {counted(launch.processes, 'process')}"
    way_out = "say with --devices how many run on each computer, and with --nodes on how many"
    if launch.devices is not None:
        started += f", {launch.devices} on each of {counted(launch.nodes, 'computer')}"
        way_out = "leave both away, or have as many started"
    raise ConfigError(f"{started}, and --devices and --nodes are {said or 'not given'}; {way_out}")


def launched() -> Launch | None:
    """Return what a launcher started, in the order in which Lightning Fabric asks; None: nothing.

    Raises
    ------
    ConfigError
        If SLURM has several tasks for a job and did not start them, or not as many on each node.
    """
    if TorchElasticEnvironment.detect():
        devices = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        return _even("torchrun", int(os.environ["WORLD_SIZE"]), devices)
    if SLURMEnvironment.detect():
        return _by_slurm(int(os.environ["SLURM_NTASKS"]))
    if LSFEnvironment.detect():
        return Launch("LSF", int(os.environ["JSM_NAMESPACE_SIZE"]))
    if MPIEnvironment.detect():
        return Launch("MPI", MPIEnvironment().world_size())
    # Fabric sets both for the processes that it starts itself, and so do other launchers.
    count = os.environ.get("WORLD_SIZE", "1")
    if "LOCAL_RANK" in os.environ and count.isdecimal() and int(count) > 1:
        return Launch("what set WORLD_SIZE", int(count))
    return None


def _by_slurm(count: int) -> Launch:
    if count == 1:
        return Launch("SLURM", 1, 1)
    if "SLURM_STEP_NUM_TASKS" not in os.environ:
        # A batch script runs once, whatever it asked for, and Fabric would wait for the others.
        raise ConfigError(
            f"this SLURM job has {count} tasks, and septum was not started by srun, which starts "
            "as many: write `srun septum train ...`, or ask for one task (--ntasks=1, with "
            "--cpus-per-task for more processors)"
        )
    each = os.environ.get("SLURM_NTASKS_PER_NODE", "")
    if not each.isdecimal():
        raise ConfigError(
            f"SLURM started {count} processes and does not say how many on each node; ask for them "
            "with --ntasks-per-node in place of --ntasks"
        )
    return _even("SLURM", count, int(each))


def _even(by: str, processes: int, devices: int) -> Launch:
    if devices < 1 or processes % devices:
        raise ConfigError(
            f"{by} started {processes} processes and says that {devices} of them run on a "
            "computer; the same number on each is expected"
        )
    return Launch(by, processes, devices)
