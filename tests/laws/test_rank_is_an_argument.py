"""Rank is an argument: ARCHITECTURE.md lists every line that tells 2D from 3D by name."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "septum"
ONE_FOR_EACH_AXIS = {"expected", "output", "shape", "size", "sizes", "spacing", "spatial", "voxel"}
ROW = re.compile(r"\| `(\S+\.py)` \| (\d+) \|")


def tells_rank(node: ast.AST) -> bool:
    """Tell whether code compares a rank with 2 or 3, maps both, or names a layer of torch by it."""
    match node:
        case ast.Compare(left=left, comparators=[right]):
            return any(
                is_rank(side) and isinstance(other, ast.Constant) and other.value in (2, 3)
                for side, other in ((left, right), (right, left))
            )
        case ast.Dict(keys=keys):
            return {key.value for key in keys if isinstance(key, ast.Constant)} == {2, 3}
        case ast.Attribute(value=ast.Name(id="nn" | "torch"), attr=name):
            return name.endswith(("2d", "3d", "channels_last"))
    return False


def is_rank(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="ndim" | "rank") | ast.Name(id="ndim" | "rank"):
            return True
        case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute(attr=name) | ast.Name(id=name)]):
            return name in ONE_FOR_EACH_AXIS
    return False


def lines_of(code: str) -> set[int]:
    return {node.lineno for node in ast.walk(ast.parse(code)) if tells_rank(node)}  # type: ignore[attr-defined]


def test_what_tells_rank() -> None:
    assert lines_of(
        "a.ndim == 3\nif 2 != ndim: pass\nx = {2: 1, 3: 4}\nnn.Conv2d\nlen(p.shape) == 2"
    )
    for code in (
        "a.ndim == 3",
        "2 != ndim",
        "{2: 1, 3: 4}",
        "nn.Conv2d",
        "len(p.shape) == 2",
        "3 == len(spacing)",
    ):
        assert lines_of(code) == {1}, code
    for code in ("a.ndim == b.ndim", "len(names) == 2", "{2: 1}", "cv2.sepFilter2D", "ndim + 2"):
        assert not lines_of(code), code


def test_architecture_lists_the_lines_that_tell_2d_from_3d() -> None:
    found = {}
    for file in SOURCES.rglob("*.py"):
        if lines := lines_of(file.read_text(encoding="utf-8")):
            found[file.relative_to(SOURCES).as_posix()] = len(lines)
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    listed = {name: int(count) for name, count in ROW.findall(architecture)}
    assert listed == found
