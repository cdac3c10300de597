"""What must be known to build a network and to trust it: ``model.json``."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from septum.config import from_dict
from septum.errors import ConfigError, DataError
from septum.geometry import depth_per_axis
from septum.network import UNet
from septum.plan import Plan
from septum.version import __version__

FORMAT = 2


@dataclass(frozen=True)
class Description:
    """What must be known to build the network and to trust it: ``model.json``.

    Attributes
    ----------
    in_channels, classes, ndim : int
        Of the network.
    grey_too : bool
        Whether it learnt from grey images among the colour ones, each channel being the same.
    plan : Plan
        Every choice of the training, resolved.
    spacing : tuple of float or None
        Pixel size of the training images, where the files said.
    channels : tuple of str or None
        Names of the channels of an image, where the files or the user said.
    training : dict
        Where the weights come from: images, steps, seed, seconds, final loss.
    """

    in_channels: int = 1
    classes: int = 2
    ndim: int = 2
    grey_too: bool = False
    plan: Plan = field(default_factory=Plan)
    spacing: tuple[float, ...] | None = None
    channels: tuple[str, ...] | None = None
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def image_channels(self) -> int:
        """The channels of an image; the network also sees those of its neighbouring slices."""
        return self.in_channels // (2 * self.reach + 1)

    @property
    def reach(self) -> int:
        """Neighbouring slices on each side that the network sees as channels."""
        return self.plan.data.context or 0

    @property
    def depths(self) -> tuple[int, ...]:
        """Poolings along each axis."""
        _, depth = self.plan.tile_and_depth
        return depth_per_axis(depth, self.ndim)

    def build(self) -> UNet:
        """Return the network with fresh weights.

        Raises
        ------
        ConfigError
            If there is no such network.
        """
        try:
            return UNet(self.in_channels, self.classes, ndim=self.ndim, **asdict(self.plan.network))
        except ValueError as error:
            raise ConfigError(f"network: {error}") from None


def describe(folder: str | Path) -> Description:
    """Return the description of the model in `folder` without its weights.

    Raises
    ------
    DataError
        If the folder is no model, or one that this version cannot read.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DataError(f"{folder}: no such folder")
    path = (folder / "model" if (folder / "model").is_dir() else folder) / "model.json"
    if not path.is_file() and (folder / "state").is_dir():
        raise DataError(
            f"{folder} holds a training that was not finished; septum train DATA -o {folder} "
            "--resume goes on with it"
        )
    if not path.is_file():
        raise DataError(
            f"{folder} is not a trained model: it holds no model.json. Give the folder that "
            "`septum train -o` wrote"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        newer = content.pop("format") > FORMAT
        version = content.pop("septum")
        content.pop("weights", None)
        if newer:
            raise DataError(
                f"{path} was written by septum {version}, in a newer format than septum "
                f"{__version__} reads; upgrade septum"
            )
        plan = from_dict(Plan, content.pop("plan"))
        for key in ("spacing", "channels"):
            if content.get(key) is not None:
                content[key] = tuple(content[key])  # JSON has lists only
        return Description(plan=plan, **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no description of a model: {error}") from None


def digest_in(folder: Path) -> str | None:
    """Return the SHA-256 of the weights that a description states; None for an early one."""
    return json.loads((folder / "model.json").read_text(encoding="utf-8")).get("weights")
