"""The paper's results tables, for a new row to stand in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperTable:
    """One of the paper's tables.

    Attributes
    ----------
    title : str
        What was measured on what.
    columns : tuple of str
        Names of the scores.
    rows : tuple of (str, tuple of float)
        Method and its scores; NaN where the paper has none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


_NONE = float("nan")

EM = PaperTable(
    "Table 1: EM segmentation challenge 2012, official test slices",
    ("warping error", "Rand error", "pixel error", "V_Rand", "V_Info"),
    (
        ("human values", (0.000005, 0.0021, 0.0010, _NONE, _NONE)),
        ("U-Net (the paper)", (0.000353, 0.0382, 0.0611, _NONE, _NONE)),
        ("DIVE-SCI", (0.000355, 0.0305, 0.0584, _NONE, _NONE)),
        ("IDSIA", (0.000420, 0.0504, 0.0613, _NONE, _NONE)),
        ("DIVE", (0.000430, 0.0545, 0.0582, _NONE, _NONE)),
        ("IDSIA-SCI", (0.000653, 0.0189, 0.1027, _NONE, _NONE)),
    ),
)
U373 = PaperTable(
    "Table 2: ISBI cell tracking challenge 2015, PhC-C2DH-U373, secret test sequences",
    ("SEG",),
    (
        ("IMCB-SG (2014)", (0.2669,)),
        ("KTH-SE (2014)", (0.7953,)),
        ("HOUS-US (2014)", (0.5323,)),
        ("second best 2015", (0.83,)),
        ("U-Net (the paper)", (0.9203,)),
    ),
)
HELA = PaperTable(
    "Table 2: ISBI cell tracking challenge 2015, DIC-C2DH-HeLa, secret test sequences",
    ("SEG",),
    (
        ("IMCB-SG (2014)", (0.2935,)),
        ("KTH-SE (2014)", (0.4607,)),
        ("second best 2015", (0.46,)),
        ("U-Net (the paper)", (0.7756,)),
    ),
)
