"""On what a benchmark ran: without it a time means nothing."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = ("torch", "openvino", "nncf", "numpy", "monai", "scikit-image")


def machine() -> str:
    """Return the processor, the cores, the threads, the versions and the commit, in sentences."""
    cores = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads of PyTorch"
    place = f"{processor()}, {cores}"
    if torch.cuda.is_available():
        place += f", {torch.cuda.get_device_name()}"
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    return f"{place}. Python {platform.python_version()}, {versions}. {commit()}."


def processor() -> str:
    """Return the name of the processor and, where they are, its units for short numbers."""
    info = Path("/proc/cpuinfo")
    rows = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    units = torch.cpu.get_capabilities()
    short = [name for name in ("avx512_bf16", "avx512_vnni", "amx_bf16") if units.get(name)]
    return " ".join([named[0] if named else platform.processor() or platform.machine(), *short])


def commit() -> str:
    """Return which version of septum this is: the commit, if it runs from a checkout."""
    release = f"septum {version('septum')}"
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", here, *arguments], capture_output=True, encoding="utf-8"
        )
        return done.stdout.strip()

    try:
        inside = git("ls-files", str(Path(__file__).name))
        if not inside:
            return release
        changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
        return f"{release}, commit {git('rev-parse', '--short', 'HEAD')}{changed}"
    except OSError:  # no git here
        return release


def _version(package: str) -> str | None:
    try:
        return version(package).partition("-")[0]
    except PackageNotFoundError:
        return None
