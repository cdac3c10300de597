"""How the user wants a dataset to be read, where files leave it open or say it wrongly."""

from dataclasses import dataclass
from math import inf

from septum.classes import Classes
from septum.errors import ConfigError


@dataclass(frozen=True)
class Reading:
    """Options of reading a dataset; each default is "find out, and say what was found".

    Attributes
    ----------
    layout : str, optional
        The name of a layout, one of :data:`septum.data.layouts.LAYOUTS`, in place of the one that
        would be detected.
    labels : str, optional
        Which annotation to take where there are several: the name of a folder or file (without its
        suffix), of a label image in an OME-Zarr, or of a class in nnU-Net's ``dataset.json``.
    ignore : int, optional
        The label value that means "nobody annotated this". Given, it is the only one. By default,
        −1 where most of the image is 0 or annotated, and 255 in 8-bit label images whose other
        values are 1, 2, … n without a gap and with room above: there it cannot be the next id.
    binary_instances : bool, optional
        True: the connected components of each value are the instances. False: each value is one
        instance, in however many pieces. By default components where a file holds one value only,
        and values as ids elsewhere.
    axes : str, optional
        Axes of the images, as ``CYX``, where the files say none or others; of the label images too,
        without C or S where they have an axis less.
    spacing : tuple of float, optional
        Distance between pixels in µm for each spatial axis, where the files say none or another.
    ndim : {2, 3}, optional
        2: stacks are slices, each an image. 3: they are volumes. By default found from the labels:
        volumes where objects go on from slice to slice under the same id, or where a mask belongs
        to a stack whose voxels are known to be at most 4 times as long as wide.
    channels : tuple of str, optional
        Names of the channels of all images, in order, in place of those that the files state.
    classes : Classes, optional
        The classes by name that the labels are of, in place of instances; see
        :mod:`septum.data.class_labels`.
    """

    layout: str | None = None
    labels: str | None = None
    ignore: int | None = None
    binary_instances: bool | None = None
    axes: str | None = None
    spacing: tuple[float, ...] | None = None
    ndim: int | None = None
    channels: tuple[str, ...] | None = None
    classes: Classes | None = None

    @property
    def wanted_labels(self) -> tuple[str, ...]:
        """The annotations that are to be taken, by name: one, or one for each class."""
        if self.classes is not None and self.classes.of_files:
            return tuple(source for several in self.classes.sources for source in several)
        return () if self.labels is None else (self.labels,)

    def spacing_of(self, ndim: int) -> tuple[float, ...] | None:
        """Return the wished spacing for so many spatial axes: one size is that of all.

        Raises
        ------
        ConfigError
            If there are fewer sizes than axes.
        """
        if self.spacing is None:
            return None
        sizes = self.spacing * ndim if len(self.spacing) == 1 else self.spacing
        if len(sizes) < ndim:
            raise ConfigError(
                f"the spacing is {self.spacing} for {ndim} spatial axes; give one size in µm, or "
                f"one for each of {', '.join('ZYX'[-ndim:])}"
            )
        return sizes[-ndim:]

    def __post_init__(self) -> None:
        if self.classes is not None and not isinstance(self.classes, Classes):
            raise ConfigError(
                f"classes is {self.classes!r}; expected septum.classes.Classes, as "
                "septum.classes.parse_classes('nucleus=1,membrane=2') returns them"
            )
        if self.classes is not None and self.binary_instances is not None:
            raise ConfigError(
                "--classes tells pixels apart, and --binary-instances objects; give one of them"
            )
        if self.ndim not in (None, 2, 3):
            raise ConfigError(f"ndim is {self.ndim}; expected 2 (slices) or 3 (volumes)")
        if self.spacing is not None and not all(0 < size < inf for size in self.spacing):
            raise ConfigError(f"spacing is {self.spacing}; expected sizes in µm above 0")


AS_FOUND = Reading()
"""No wishes."""
