"""Building blocks of a page that is one file: no network, no scripts, every text escaped."""

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

import numpy as np
from PIL import Image

_VOID = {"br", "img", "meta"}

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2327; --quiet: #66707a; --line: #dfe3e6;
  --accent: #0b7a75; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181b; --ink: #e3e7ea; --quiet: #97a1aa;
  --line: #2e353b; --accent: #4fc4bc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1128px; padding: 40px 24px 96px; background: var(--paper);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 4px; font-size: 32px; line-height: 1.2; font-weight: 650;
  letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 56px 0 8px; padding-top: 20px; border-top: 1px solid var(--line); font-size: 21px;
  line-height: 1.3; font-weight: 620; }
h3 { margin: 28px 0 0; font-size: 16px; font-weight: 620; overflow-wrap: anywhere; }
p { margin: 0 0 12px; max-width: 46em; }
.facts { max-width: none; color: var(--quiet); }
.facts strong { color: var(--accent); font-weight: 620; }
.notice { margin: 12px 0 16px; padding: 10px 16px; border-left: 3px solid var(--accent);
  background: color-mix(in srgb, var(--accent) 8%, transparent); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; max-width: none; color: var(--quiet);
  font-size: 14px; }
.swatch { display: inline-block; width: 18px; height: 4px; margin-right: 8px; border-radius: 2px;
  vertical-align: middle; }
figure { margin: 0; min-width: 0; }
figcaption { margin-top: 8px; color: var(--quiet); font-size: 14px; line-height: 1.45;
  overflow-wrap: anywhere; }
figcaption strong { color: var(--ink); font-weight: 600; }
img { display: block; width: 100%; height: auto; border-radius: 3px; }
.grid { display: grid; gap: 28px 20px; margin-top: 20px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
.stack { display: grid; gap: 8px; }
.over { margin-bottom: 6px; color: var(--quiet); font-size: 14px; }
.scale { display: flex; align-items: center; gap: 12px; max-width: 420px; margin-top: 20px;
  color: var(--quiet); font-size: 14px; }
.scale img { height: 10px; min-width: 0; flex: 1; }
.wide { overflow-x: auto; margin-top: 16px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 28px 6px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; vertical-align: bottom; }
th.text, td.text { text-align: left; }
td.text { min-width: 9em; white-space: normal; overflow-wrap: anywhere; }
tr.total td { font-weight: 620; border-bottom: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 12px; }
svg .axis { stroke: var(--line); }
svg .pale { fill: none; stroke: var(--accent); stroke-opacity: 0.28; stroke-width: 1; }
svg .line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
svg .dot { fill: var(--accent); }
svg .mark { stroke: var(--ink); stroke-dasharray: 3 3; }
svg .ring { fill: var(--paper); stroke: var(--ink); stroke-width: 2; }
svg .said { fill: var(--ink); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 28px;
  margin: 16px 0; font-size: 14px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; }
pre { margin: 12px 0; padding: 14px 16px; overflow-x: auto; border: 1px solid var(--line);
  border-radius: 4px; }
summary { cursor: pointer; color: var(--accent); }
@media (max-width: 620px) { body { padding: 24px 16px 64px; } h1 { font-size: 26px; }
  h2 { margin-top: 44px; } .pair { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr;
  gap: 2px; } dd { margin-bottom: 10px; } th, td { padding-right: 18px; } }
@media print { body { max-width: none; } figure, tr { break-inside: avoid; } }
"""


class Html(str):
    """Text that is HTML already. All other text is escaped where it is put on a page."""


def html(content: object) -> Html:
    """Return what may stand between tags: `Html` as it is, anything else as escaped text."""
    if isinstance(content, Html):
        return content
    # A file name may hold bytes that are no text at all.
    return Html(escape(str(content).encode("utf-8", "replace").decode("utf-8")))


def element(tag: str, *content: object, **attributes: object) -> Html:
    """Return an element; its content and attributes are escaped.

    Parameters
    ----------
    tag : str
        Such as ``"p"``.
    *content : object
        `Html` as it is, anything else as text.
    **attributes : object
        ``class_`` for ``class``, ``aria_label`` for ``aria-label``; None leaves one out.
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    end = "" if tag in _VOID else f"{join(content)}</{tag}>"
    return Html(f"<{tag}{given}>{end}")


def join(parts: Iterable[object]) -> Html:
    """Return parts one after the other."""
    return Html("".join(map(html, parts)))


def page(title: str, *content: object) -> str:
    """Return a whole page, light or dark as the reader's screen is, that may load nothing."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(_STYLE)),
    )
    body = element("body", element("main", element("h1", title), *content))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def section(title: str, *content: object) -> Html:
    """Return a part of the page under a heading."""
    return element("section", element("h2", title), *content)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], texts: int = 1, total: bool = False
) -> Html:
    """Return a table that scrolls sideways where the screen is narrow.

    Parameters
    ----------
    columns : sequence of str
        Heads.
    rows : iterable of sequence
        As many cells each.
    texts : int, default 1
        The first columns that are text; the others are numbers, and flush right.
    total : bool, default False
        Whether the last row is the sum of the others.
    """

    def line(tag: str, cells: Sequence[object], name: str | None = None) -> Html:
        kinds = ["text" if place < texts else None for place in range(len(cells))]
        cells = [element(tag, cell, class_=k) for cell, k in zip(cells, kinds, strict=True)]
        return element("tr", *cells, class_=name)

    lines = list(rows)
    last = len(lines) - 1 if total else None
    body = [line("td", row, "total" if n == last else None) for n, row in enumerate(lines)]
    written = element("table", element("thead", line("th", columns)), element("tbody", *body))
    return element("div", written, class_="wide")


def facts(rows: Iterable[tuple[str, object]]) -> Html:
    """Return names with what they are, one below the other."""
    pairs = ((element("dt", name), element("dd", fact)) for name, fact in rows)
    return element("dl", *map(join, pairs))


def picture(pixels: np.ndarray, alt: str) -> Html:
    """Return an RGB image ``(Y, X, 3)`` uint8 as a PNG within the page.

    To keep the page small, levels are stored in steps of 4, and at most 256 colours.
    """
    image = Image.fromarray(pixels & 0xFC).quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    source = f"data:image/png;base64,{b64encode(file.getvalue()).decode('ascii')}"
    height, width = pixels.shape[:2]
    return element("img", src=source, alt=alt, width=width, height=height)


def figure(content: Html, *caption: object) -> Html:
    """Return pictures or a drawing with a caption."""
    return element("figure", content, element("figcaption", *caption))


def grid(figures: Iterable[Html], width: int, least: int = 1) -> Html:
    """Return figures side by side: as many as fit with `width` px each, but at least `least`."""
    narrow = f"calc({100 / least:g}% - {20 * (least - 1)}px)"
    columns = f"grid-template-columns: repeat(auto-fill, minmax(min({width}px, {narrow}), 1fr))"
    return element("div", *figures, class_="grid", style=columns)


@dataclass(frozen=True, eq=False)
class Line:
    """Points to join in a diagram.

    Attributes
    ----------
    x, y : numpy.ndarray
        Finite, of the same length, at least one.
    style : {"line", "pale", "dots"}
        How to draw them; ``dots``: a line with its points.
    """

    x: np.ndarray
    y: np.ndarray
    style: str = "line"


_WIDTH, _HEIGHT = 400, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 388, 16, 208


def curve(
    title: str,
    x_name: str,
    lines: Sequence[Line],
    highest: float | None = None,
    mark: tuple[float, float, str] | None = None,
) -> Html:
    """Return a diagram as SVG, with axes, ticks and their values; upwards it begins at 0.

    Parameters
    ----------
    title : str
        What is drawn, for who cannot see it.
    x_name : str
        Below the axis.
    lines : sequence of Line
        In the order in which they are drawn.
    highest : float, optional
        Values above are drawn at the upper edge; by default all are seen.
    mark : (float, float, str), optional
        A point to mark, and what to say there.
    """
    xs, ys = (np.concatenate([getattr(line, axis) for line in lines]) for axis in "xy")
    x_low, x_high, x_ticks = _range(xs.min(), xs.max(), 5)
    top = float(ys.max()) if highest is None else highest
    low, high, ticks = _range(min(0.0, float(ys.min())), top, 4)
    if len(np.unique(xs)) > 1:
        x_low, x_high = float(xs.min()), float(xs.max())

    def place(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        across = _LEFT + (x - x_low) / (x_high - x_low) * (_RIGHT - _LEFT)
        down = _BOTTOM - (np.minimum(y, high) - low) / (high - low) * (_BOTTOM - _TOP)
        return across, down

    drawn = [_y_tick(value, place(xs[:1], np.array([value]))[1].item()) for value in ticks]
    drawn += [
        _x_tick(value, place(np.array([value]), ys[:1])[0].item())
        for value in x_ticks
        if x_low <= value <= x_high
    ]
    drawn.append(element("text", x_name, x=_RIGHT, y=_HEIGHT - 6, text_anchor="end"))
    for line in lines:
        drawn.append(_path(*place(line.x, line.y), line.style))
    if mark is not None:
        across, down = place(np.array(mark[0]), np.array(mark[1]))
        drawn += _mark(across.item(), down.item(), mark[2])
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return element("svg", *drawn, viewBox=box, role="img", aria_label=title)


def _range(low: float, high: float, wanted: int) -> tuple[float, float, list[float]]:
    """Return a range of round numbers around two values, and its ticks, about `wanted` steps."""
    low, high = float(low), float(high)
    if high <= low:
        low, high = low - abs(low) / 2, low + (abs(low) / 2 or 1.0)
    rough = (high - low) / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if rough <= power * factor * 1.5)
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    ticks = [number * step for number in range(first, last + 1)]
    return ticks[0], ticks[-1], ticks


def _y_tick(value: float, y: float) -> Html:
    line = element("line", x1=_LEFT, x2=_RIGHT, y1=_px(y), y2=_px(y), class_="axis")
    said = element("text", f"{value:.6g}", x=_LEFT - 8, y=_px(y + 4), text_anchor="end")
    return join([line, said])


def _x_tick(value: float, x: float) -> Html:
    line = element("line", x1=_px(x), x2=_px(x), y1=_BOTTOM, y2=_BOTTOM + 5, class_="axis")
    said = element("text", f"{value:.6g}", x=_px(x), y=_BOTTOM + 19, text_anchor="middle")
    return join([line, said])


def _path(x: np.ndarray, y: np.ndarray, style: str) -> Html:
    points = [(_px(a), _px(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    joined = " ".join(f"{a},{b}" for a, b in points)
    path = element("polyline", points=joined, class_="pale" if style == "pale" else "line")
    alone = style == "dots" or len(points) == 1
    dots = [element("circle", cx=a, cy=b, r=2.5, class_="dot") for a, b in points if alone]
    return join([path, *dots])


def _mark(x: float, y: float, said: str) -> list[Html]:
    right = x > (_LEFT + _RIGHT) / 2
    side, anchor = (x - 8, "end") if right else (x + 8, "start")
    return [
        element("line", x1=_px(x), x2=_px(x), y1=_px(y), y2=_BOTTOM, class_="mark"),
        element("circle", cx=_px(x), cy=_px(y), r=4, class_="ring"),
        element("text", said, x=_px(side), y=_BOTTOM - 10, text_anchor=anchor, class_="said"),
    ]


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
