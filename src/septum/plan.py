"""The plan of a training: every choice as a frozen value, and the two presets.

What is None is decided from the data before training starts (see `septum.training.propose`), and
the resolved plan is stored with the model.
"""

from dataclasses import dataclass, field
from math import inf

from septum.augment import Augmentation
from septum.errors import ConfigError


@dataclass(frozen=True)
class DataPlan:
    """How an image becomes the network's input.

    Attributes
    ----------
    scale : float, tuple of float or None
        Working resolution: pixels of the network's input per pixel of the image, of all axes or of
        each. None: proposed from the size of the objects.
    normalise : {"percentile", "range", "zscore", "window", "none", "auto"}
        ``percentile``: the 1st and 99.8th percentile of each channel of the image become 0 and 1.
        ``range``: the range of the image's integer type becomes 0 to 1, as in the authors' release.
        ``zscore``: each channel of the image gets mean 0 and standard deviation 1. ``window``: the
        grey values of `window` become 0 and 1. ``none``: values are taken as they are. ``auto``:
        proposed from the type of the data.
    window : (float, float) or None
        The grey values that ``window`` takes, such as Hounsfield units. None: proposed.
    context : int or None
        Neighbouring slices on each side that the network sees as channels (2.5D). None: 1 where all
        images are slices of stacks, else 0.
    """

    scale: float | tuple[float, ...] | None = None
    normalise: str = "percentile"
    window: tuple[float, float] | None = None
    context: int | None = None

    def __post_init__(self) -> None:
        _at_least("data.context", self.context, 0)
        for factor in self.scale if isinstance(self.scale, tuple) else (self.scale,):
            _above("data.scale", factor, 0)
        if self.window is not None and not -inf < self.window[0] < self.window[1] < inf:
            raise ConfigError(
                f"data.window is {list(self.window)}; expected two grey values, the lower one "
                "first, as [-160,240]"
            )


@dataclass(frozen=True)
class TargetPlan:
    """What the network learns from a label image.

    Attributes
    ----------
    border : float or None
        Half width, in pixels of the working resolution, of a third class along the border between
        touching cells; 0 for the paper's two classes. None: proposed from the data.
    w0, sigma : float
        Weight and width (px) of the border term of equation 2.
    balance : float or None
        How far rare classes are lifted by w_c of equation 2: weights go with the frequency of a
        class to the power of minus this. 1 is the paper's: all classes weigh the same in total; 0:
        all pixels do. None: 1 for cells, 0.5 for classes by name, of which some may be very rare.
    """

    border: float | None = None
    w0: float = 10.0
    sigma: float = 5.0
    balance: float | None = None

    def __post_init__(self) -> None:
        _at_least("targets.balance", self.balance, 0)
        _at_least("targets.border", self.border, 0)
        _at_least("targets.w0", self.w0, 0)
        _above("targets.sigma", self.sigma, 0)


@dataclass(frozen=True)
class NetworkPlan:
    """Arguments of `septum.network.UNet` that are a choice; the rest follows from the data.

    Attributes
    ----------
    width : int or None
        Feature channels of the first level. None: 32 for images, 16 for volumes.
    depth : int, tuple of int or None
        Poolings, of all axes or of each: fewer along the long axis of flat voxels. None: 4 for
        images of objects that are large or not known, else 3; of volumes it follows from their
        voxels, too.
    dropout : float
        Share of the features dropped at the end of the contracting path.
    norm : {None, "batch", "renorm"}
        Normalisation after each convolution: ``batch`` norm, or batch renormalisation, which trains
        with the statistics that it predicts with.
    """

    width: int | None = 32
    depth: int | tuple[int, ...] | None = 4
    dropout: float = 0.0
    norm: str | None = None


@dataclass(frozen=True)
class TrainingPlan:
    """The optimiser and its schedule.

    Attributes
    ----------
    optimiser : {"sgd", "adamw"}
        ``sgd`` is the paper's, with `momentum`.
    learning_rate : float
        Highest learning rate.
    schedule : {"constant", "cosine"}
        ``cosine``: linear warm-up over the first 5 %, then half a cosine down to zero.
    momentum : float
        0.99 in the paper; for ``adamw``, beta 1.
    weight_decay : float
        Decoupled for ``adamw``.
    steps : int or None
        Optimiser steps. None: until the time given for training is up.
    tile : int, tuple of int or None
        Input tile in pixels of the working resolution, along all axes or each, raised to the
        nearest legal size. None: for images what yields 132 px, for volumes what fits into
        `memory`.
    memory : float
        GiB that a training step may take where the tile is proposed. More is also slower: half a
        GiB is a step of about two seconds on two CPU cores.
    batch : int or None
        Tiles per step on each device. None: 1 for volumes, or where `tile` is set; for images as
        many as have about the pixels of one of 444 px.
    average : float
        Decay of the moving average of the weights that becomes the model; 0 for none.
    precision : {"fp32", "bf16", "auto"}
        ``auto``: bfloat16 autocast where the processor or GPU has it, float32 elsewhere. ``32`` is
        another name of ``fp32``.
    patience : int or None
        End after this many validations without a better score; there are 20 in a run.
    save_every : float
        Seconds after which the state is saved again, from which a killed training goes on.
    """

    optimiser: str = "adamw"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    momentum: float = 0.9
    weight_decay: float = 1e-2
    steps: int | None = 2000
    tile: int | tuple[int, ...] | None = 444
    memory: float = 0.5
    batch: int | None = 1
    average: float = 0.99
    precision: str = "auto"
    patience: int | None = None
    save_every: float = 60.0

    def __post_init__(self) -> None:
        _at_least("training.patience", self.patience, 1)
        _at_least("training.save_every", self.save_every, 0)
        _above("training.learning_rate", self.learning_rate, 0)
        _at_least("training.weight_decay", self.weight_decay, 0)
        _at_least("training.steps", self.steps, 1)
        for size in self.tile if isinstance(self.tile, tuple) else (self.tile,):
            _at_least("training.tile", size, 1)
        _above("training.memory", self.memory, 0)
        _at_least("training.batch", self.batch, 1)
        _share("training.momentum", self.momentum)
        _share("training.average", self.average)


@dataclass(frozen=True)
class InstancePlan:
    """How probabilities become instances.

    Attributes
    ----------
    threshold : float, tuple of float or None
        A pixel belongs to a cell where the probability of not being background is above this, or to
        its most probable class. Of classes that overlap, to each whose probability is above this,
        or above its own of several. None: chosen on the training images, see
        `septum.training.calibrate`.
    seed : float or None
        With a border class, a seed is a connected region whose interior probability is above this.
        None: chosen as the threshold is.
    neck : float or None
        With a border class, seeds are parted at their necks: where what joins two parts is so many
        pixels less deep than either (see `septum.instances.necks`); 0 for nowhere. None: chosen
        together with the seed.
    min_size : int, tuple of int or None
        Objects of fewer pixels, at the resolution of the image, are dropped. Of classes by name,
        pieces of fewer are, of all classes or of each.
        None: half the 5th percentile of their sizes in training.
    """

    threshold: float | tuple[float, ...] | None = None
    seed: float | None = None
    neck: float | None = None
    min_size: int | tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("threshold", "min_size"):
            if getattr(self, name) == ():
                raise ConfigError(f"instances.{name} is empty; expected one number, or several")
        for value in self.thresholds:
            _share("instances.threshold", value)
        _share("instances.seed", self.seed)
        _at_least("instances.neck", self.neck, 0)
        for size in self.smallest:
            _at_least("instances.min_size", size, 0)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """One threshold, or that of each class, with the default for what has not been chosen."""
        if isinstance(self.threshold, tuple):
            return self.threshold
        return (0.5 if self.threshold is None else self.threshold,)

    @property
    def smallest(self) -> tuple[int, ...]:
        """One smallest size, or that of each class; 0 where it has not been chosen."""
        return self.min_size if isinstance(self.min_size, tuple) else (self.min_size or 0,)

    @property
    def values(self) -> tuple[float, float, int, float]:
        """Threshold, seed, smallest size and neck, with the defaults for what has not been chosen.

        Raises
        ------
        ConfigError
            If there is not one threshold, and one size: cells have one.
        """
        if len(self.thresholds) != 1:
            raise ConfigError(
                f"instances.threshold is {list(self.thresholds)}; expected one share, as 0.5: only "
                "classes that overlap have one each"
            )
        if len(self.smallest) != 1:
            raise ConfigError(
                f"instances.min_size is {list(self.smallest)}; expected one number of pixels, as "
                "50: only classes have one each"
            )
        seed = 0.8 if self.seed is None else self.seed
        return self.thresholds[0], seed, self.smallest[0], self.neck or 0.0


@dataclass(frozen=True)
class Plan:
    """Every choice of a training; ``plan.toml`` in the run folder."""

    data: DataPlan = field(default_factory=DataPlan)
    targets: TargetPlan = field(default_factory=TargetPlan)
    network: NetworkPlan = field(default_factory=NetworkPlan)
    augment: Augmentation = field(default_factory=Augmentation)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    instances: InstancePlan = field(default_factory=InstancePlan)

    @property
    def tile_and_depth(self) -> tuple[int | tuple[int, ...], int | tuple[int, ...]]:
        """The tile and the poolings of a resolved plan.

        Raises
        ------
        ConfigError
            If they are still open; see `septum.training.propose`.
        """
        if self.training.tile is None or self.network.depth is None:
            raise ConfigError("the plan leaves training.tile or network.depth open; propose them")
        return self.training.tile, self.network.depth


def _above(name: str, value: float | None, bound: float) -> None:
    if value is not None and not bound < value < inf:
        raise ConfigError(f"{name} is {value:g}; expected a number above {bound:g}")


def _at_least(name: str, value: float | None, bound: float) -> None:
    if value is not None and not bound <= value < inf:
        raise ConfigError(f"{name} is {value:g}; expected {bound:g} or more")


def _share(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value < 1:
        raise ConfigError(f"{name} is {value:g}; expected a share, 0 or more and less than 1")
