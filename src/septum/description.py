"""What must be known to build a network and to trust it: ``model.json``."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from septum.classes import Classes
from septum.config import from_dict
from septum.counted import counted
from septum.errors import ConfigError, DataError
from septum.geometry import depth_per_axis
from septum.instances import smallest_of_each
from septum.network import UNet
from septum.plan import Plan
from septum.predict.classify import check_choices
from septum.rank import ELEMENT, UNIT
from septum.version import __version__

FORMAT = 2


@dataclass(frozen=True)
class Description:
    """What must be known to build the network and to trust it: ``model.json``.

    Attributes
    ----------
    in_channels, classes, ndim : int
        Of the network.
    named : Classes or None
        The classes by name that it tells apart. None: it finds cells.
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
    named: Classes | None = None
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choices(self.named, self.plan.instances)

    @property
    def measure(self) -> str:
        """What thresholds and the best step are chosen by, and what scores in `training` are."""
        if self.named is None:
            return "panoptic quality at IoU 0.5"
        return "mean Dice" if len(self.named.names) > 1 else "Dice"

    @property
    def interrupted(self) -> bool:
        """Whether it is of a training that was ended early: its thresholds are the default ones."""
        return bool(self.training.get("interrupted"))

    @property
    def rule(self) -> str:
        """How probabilities become cells, or classes, in words."""
        if self.named is None:
            threshold, certain, _, neck = self.plan.instances.values
            seeds = f", grown from seeds above {certain:g}" if self.bordered else ""
            if self.bordered and neck:
                seeds += f" that are parted at necks {neck:g} {UNIT[self.ndim]} less deep"
            return f"cells are where their probability is above {threshold:g}{seeds}"
        limits = self.plan.instances.thresholds
        if not self.named.overlap:
            return (
                "a pixel is of its most probable class where the probability of not being "
                f"background is above {limits[0]:g}"
            )
        limits = limits * (len(self.named.names) if len(limits) == 1 else 1)
        each = zip(self.named.names, limits, strict=True)
        return "classes are where their probability is above " + ", ".join(
            f"{limit:g} ({name})" for name, limit in each
        )

    @property
    def specks(self) -> str:
        """Which pieces of named classes are too small to be any, in words; empty where none is."""
        if self.named is None or max(self.plan.instances.smallest) <= 1:
            return ""
        sizes = smallest_of_each(self.named, self.plan.instances.smallest)
        named = zip(self.named.names, sizes, strict=True)
        each = ", ".join(
            f"{size} {ELEMENT[self.ndim]}s ({name})" for name, size in named if size > 1
        )
        return f"pieces under {each} are dropped"

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """What was typed or called to train it, each after its place: the first, what went on."""
        if "command" not in self.training:
            return ()
        continued = self.training.get("continued", ())
        later = ((f"After step {each['after']:,}", each["command"]) for each in continued)
        return (("Command", self.training["command"]), *later)

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the channels of the scores are."""
        if self.named is None:
            inner = ("interior", "border between touching cells") if self.bordered else ("cell",)
            return ("background", *inner)
        return self.named.score_names

    @property
    def bordered(self) -> bool:
        """Whether cells that touch are told apart by a class for the border between them."""
        return self.named is None and self.classes == 3

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


def score_channels(plan: Plan, named: Classes | None) -> int:
    """Return how many channels the scores of a network have that learns cells, or named classes."""
    return (3 if plan.targets.border else 2) if named is None else named.scores


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
    seeds = sorted(folder.glob("seed-*"))
    if not path.is_file() and seeds:
        raise DataError(
            f"{folder} holds a run for each of {counted(len(seeds), 'seed')}; give one of them, as "
            f"{seeds[0]}"
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
        if content.get("named") is not None:
            content["named"] = Classes.from_json(content["named"])
        return Description(plan=plan, **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no description of a model: {error}") from None


def digest_in(folder: Path) -> str | None:
    """Return the SHA-256 of the weights that a description states; None for an early one."""
    return json.loads((folder / "model.json").read_text(encoding="utf-8")).get("weights")
