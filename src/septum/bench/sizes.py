"""How large everything is that the benchmark measures."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Sizes:
    """Sizes in pixels, and how often each time is taken.

    Attributes
    ----------
    times : int
        Runs of which the median is taken, after one that warms up.
    image, width : int
        Image and network of the comparison of whole images.
    window : int
        Of the peers that slide one.
    volume : tuple of int
        Z, Y, X of the comparison of whole volumes, which runs once.
    volume_width, volume_window : int
        Network for it, and window of the peers.
    paper_image, paper_width : int
        Of the paper's own claim.
    patches : int
        How many pixels the patch classifier computes.
    growth : tuple of int
        Images of growing size.
    growth_width, growth_steps : int
        Network for them, and the steps of its training.
    matrix : int
        Rows and columns of the matrix product that is the limit.
    cells : tuple of int
        Images whose instances are found.
    peers : bool
        Whether others are measured too.
    """

    times: int = 3
    image: int = 2048
    width: int = 32
    window: int = 512
    volume: tuple[int, int, int] = (128, 256, 256)
    volume_width: int = 16
    volume_window: int = 96
    paper_image: int = 512
    paper_width: int = 64
    patches: int = 64
    growth: tuple[int, ...] = (1024, 2048, 4096, 8192)
    growth_width: int = 8
    growth_steps: int = 100
    matrix: int = 3072
    cells: tuple[int, ...] = (2048, 4096)
    peers: bool = True


FULL = Sizes()
LONG = replace(FULL, growth=(*FULL.growth, 16384))
QUICK = replace(
    FULL, image=1024, volume=(64, 128, 128), patches=16, growth=(512, 1024, 2048), growth_steps=30,
    matrix=2048, cells=(1024,), peers=False,
)  # fmt: skip
