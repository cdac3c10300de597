"""Classes by name: exclusive ones, of which a pixel has one at most, or ones that overlap."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from septum.errors import ConfigError

BACKGROUND = "background"

_MOST, _MOST_OVERLAPPING = 254, 8
"""Classes that an 8-bit number per pixel can tell apart: as values, or as bits."""

_TAKEN = (BACKGROUND, "mean", ".", "..")
"""Names that mean something else where results are written."""

_VALUE = re.compile(r"-?\d+|#[0-9a-f]{6}", re.IGNORECASE)


@dataclass(frozen=True)
class Classes:
    """What the pixels of an image are told apart as, beside the background.

    An array of classes holds a number per pixel. Of exclusive classes it is 0 for background and k
    for the k-th name. Of classes that overlap, the k-th bit (of value 2^(k-1)) is set where the
    pixel is of the k-th class, so that 0 is background here, too.

    Attributes
    ----------
    names : tuple of str
        In the order of the network's scores, without the background.
    sources : tuple of tuple of str
        What in the annotation is of each class: grey values as ``"2"``, or colours as
        ``"#ff0000"``; or the folder or file that holds the mask of a class that may overlap. A
        value may be of several classes if they overlap: a whole and its part.
    overlap : bool
        Whether a pixel may be of several classes.
    background : tuple of str
        Grey values or colours that are background, beside 0 and black where these are no class.

    Raises
    ------
    ConfigError
        For no class, too many, or two of one name or from one source; for a name that cannot be
        that of a result; for grey values among colours.
    """

    names: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]
    overlap: bool = False
    background: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        most = _MOST_OVERLAPPING if self.overlap else _MOST
        if not 1 <= len(self.names) <= most:
            kind = "that overlap" if self.overlap else "that exclude one another"
            raise ConfigError(f"{len(self.names)} classes; expected 1 to {most} {kind}")
        for name in self.names:
            if name in _TAKEN or set(name) & set("/\\"):
                raise ConfigError(
                    f"a class is called {name!r}; folders and rows of tables are called as classes "
                    f"are, so that a name is not one of {', '.join(_TAKEN)} and holds no slash"
                )
        stated = [*(source for several in self.sources for source in several), *self.background]
        shared = self.overlap and not self.of_files
        for what, given in (("name", [*self.names]), ("source", [] if shared else stated)):
            twice = next((item for item in given if given.count(item) > 1), None)
            if twice is not None:
                raise ConfigError(f"two classes have the {what} {twice!r}; each needs its own")
        colours = [source for source in stated if source.startswith("#")]
        if not self.of_files and 0 < len(colours) < len(stated):
            grey = next(source for source in stated if source not in colours)
            raise ConfigError(
                f"classes are taken from the grey value {grey} and from the colour {colours[0]}; "
                "a label image has either: name all of one kind"
            )

    @property
    def of_files(self) -> bool:
        """Whether each class has a mask in a file of its own, rather than values in one image."""
        return not all(_VALUE.fullmatch(source) for several in self.sources for source in several)

    @property
    def by_colour(self) -> bool:
        """Whether the values of the label image are colours."""
        return not self.of_files and self.sources[0][0].startswith("#")

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Classes":
        """Return classes from what a JSON file holds of them: lists in place of tuples."""
        return cls(
            tuple(content["names"]),
            tuple(map(tuple, content["sources"])),
            content.get("overlap", False),
            tuple(content.get("background", ())),
        )

    @property
    def score_names(self) -> tuple[str, ...]:
        """What each channel of the network's output is of."""
        return self.names if self.overlap else (BACKGROUND, *self.names)

    @property
    def scores(self) -> int:
        """The channels of the network's output: with one for the background where they exclude."""
        return len(self.score_names)

    def masks(self, classes: np.ndarray) -> np.ndarray:
        """Return where each class is: bool, shape ``(len(names), *classes.shape)``."""
        if self.overlap:
            return np.stack([classes & (1 << number) != 0 for number in range(len(self.names))])
        return np.stack([classes == number for number in range(1, len(self.names) + 1)])


def parse_classes(text: str) -> Classes:
    """Return the classes in an option.

    Parameters
    ----------
    text : str
        ``"nucleus=1,membrane=2/3"`` for grey values of one label image, ``"nucleus=#ff0000"`` for
        its colours, also in short ``"#f00"``; ``background=4`` for further values that are
        background. Or ``"cell=cells,nucleus=nuclei"`` for folders or files that hold a mask each,
        in short ``"cells,nuclei"``: such classes may overlap.

    Raises
    ------
    ConfigError
        If it can be read as neither, with an example of both.
    """
    stated: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        name, given, source = (piece.strip() for piece in part.partition("="))
        sources = tuple(map(_plain, source.split("/"))) if given else (name,)
        if not name or not all(sources) or name in stated:
            raise ConfigError(f"classes has {part.strip()!r}{_EXAMPLES}")
        stated[name] = sources
    as_values = {name: all(map(_VALUE.fullmatch, sources)) for name, sources in stated.items()}
    if len(set(as_values.values())) > 1:
        values, files = (next(n for n, is_ in as_values.items() if is_ == v) for v in (True, False))
        raise ConfigError(
            f"classes takes {values!r} from values of a label image and {files!r} from a file of "
            f"its own{_EXAMPLES}"
        )
    background = stated.pop(BACKGROUND, ())
    overlap = not any(as_values.values())
    if overlap and (background or any(len(sources) > 1 for sources in stated.values())):
        raise ConfigError(f"classes is {text!r}; classes of files have one each{_EXAMPLES}")
    return Classes(tuple(stated), tuple(stated.values()), overlap, background)


_EXAMPLES = (
    "; expected are grey values or colours of one label image, as nucleus=1,membrane=2/3 or "
    "nucleus=#ff0000, or else a folder or file for each class, as cell=cells,nucleus=nuclei"
)


def _plain(source: str) -> str:
    source = source.strip()
    if re.fullmatch(r"#[0-9a-f]{3}", source, re.IGNORECASE):  # as CSS has it
        source = "#" + "".join(2 * digit for digit in source[1:])
    if source.startswith("#"):
        if not _VALUE.fullmatch(source):
            raise ConfigError(
                f"classes has the colour {source!r}; expected # and six hexadecimal digits, as "
                "#ff0000, or three, as #f00"
            )
        return source.lower()
    return str(int(source)) if _VALUE.fullmatch(source) else source
