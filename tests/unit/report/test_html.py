"""A page is well-formed, loads nothing, and shows every text as it is."""

import io
import re
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from septum.report.html import (
    Html,
    Line,
    curve,
    element,
    facts,
    figure,
    grid,
    join,
    page,
    picture,
    section,
    table,
)

HOSTILE = "</title><script>alert('1')</script> & \"x\" onload=y"


class Reader(HTMLParser):
    """Reads a page; refuses tags that do not close, and collects what is on it."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return "".join(self.texts)


def pixels_of(image):
    data = image["src"].removeprefix("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(b64decode(data))).convert("RGB"))


def a_page(name):
    pixels = np.zeros((4, 6, 3), np.uint8)
    drawing = curve(name, name, [Line(np.arange(3.0), np.arange(3.0))], mark=(1, 1, name))
    return page(
        name,
        section(
            name, element("p", name, title=name), table([name], [[name]]), facts([(name, name)])
        ),
        grid([figure(picture(pixels, name), name), figure(drawing, name)], 100),
    )


def test_a_page_is_well_formed_and_shows_hostile_text_as_text():
    hostile, harmless = Reader(a_page(HOSTILE)), Reader(a_page("x"))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in harmless.tags]
    assert hostile.text.count(HOSTILE) == 12
    assert hostile.all("img")[0]["alt"] == HOSTILE
    assert hostile.all("svg")[0]["aria-label"] == HOSTILE
    assert "script" not in dict(hostile.tags)


def test_a_page_may_load_nothing():
    text = a_page("x")
    policies = [m["content"] for m in Reader(text).all("meta") if m.get("http-equiv")]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert not re.search(r"https?://|url\(|@import|<link|<script", text)


def test_a_name_that_is_no_text_can_be_written():
    Reader(page("cells\udcff.tif")).text.encode("utf-8")


def test_only_html_stays_as_it_is():
    assert element("p", "<b>", Html("<b></b>"), 3) == "<p>&lt;b&gt;<b></b>3</p>"
    assert (
        element("p", class_="a", aria_label=None, data_x='"') == '<p class="a" data-x="&quot;"></p>'
    )
    assert join([element("br"), "<"]) == "<br>&lt;"


def test_a_picture_has_the_pixels_that_it_was_given():
    rng = np.random.default_rng(0)
    pixels = np.repeat(rng.integers(0, 256, (30, 40, 1), np.uint8), 3, axis=-1)
    pixels[3:9, 5] = (255, 72, 140)
    image = Reader(picture(pixels, "some")).all("img")[0]
    assert (image["width"], image["height"], image["alt"]) == ("40", "30", "some")
    np.testing.assert_array_equal(pixels_of(image), pixels & 0xFC)


def test_a_table_sets_numbers_flush_right_and_its_sum_apart():
    written = table(
        ("Name", "Kind", "Number"), [("a", "b", 3), ("all", "", 3)], texts=2, total=True
    )
    read = Reader(written)
    assert [cell.get("class") for cell in read.all("td")] == ["text", "text", None] * 2
    assert [cell.get("class") for cell in read.all("th")] == ["text", "text", None]
    assert [row.get("class") for row in read.all("tr")] == [None, None, "total"]
    assert "total" not in table(("Name",), [("a",)])


def points_of(svg):
    return [
        [tuple(map(float, point.split(","))) for point in line["points"].split()]
        for line in Reader(svg).all("polyline")
    ]


def ticks_of(svg):
    """Return the place of each labelled value, down and across."""
    texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]+)<', svg)
    down = {float(t): float(y) - 4 for x, y, anchor, t in texts if anchor == "end" and x == "44"}
    across = {float(t): float(x) for x, _, anchor, t in texts if anchor == "middle"}
    return down, across


def test_a_curve_is_where_its_ticks_say():
    line = Line(np.array([0.0, 50, 100]), np.array([0.0, 0.3, 0.6]), "dots")
    svg = curve("c", "step", [line], mark=(50, 0.3, "here"))
    down, across = ticks_of(svg)
    assert {0, 0.2, 0.4, 0.6} <= set(down)
    assert {0, 20, 40, 60, 80, 100} <= set(across)
    first, middle, last = points_of(svg)[0]
    assert (first, last) == ((across[0], down[0]), (across[100], down[0.6]))
    assert middle == pytest.approx(((across[40] + across[60]) / 2, (down[0.2] + down[0.4]) / 2))
    dots = [(float(c["cx"]), float(c["cy"]), c["class"]) for c in Reader(svg).all("circle")]
    assert [dot[2] for dot in dots] == ["dot"] * 3 + ["ring"]
    assert dots[1][:2] == dots[3][:2] == middle


def test_what_is_above_the_highest_is_drawn_at_the_edge():
    line = Line(np.arange(4.0), np.array([1.0, 2, 900, 1]))
    svg = curve("c", "step", [line], highest=2)
    down, _ = ticks_of(svg)
    assert max(down) == 2
    assert [y for _, y in points_of(svg)[0]] == [down[1], down[2], down[2], down[1]]


numbers = st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda v: 0.0 if abs(v) < 1e-9 else v)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8))
def test_any_numbers_are_drawn_within_the_axes(pairs):
    x, y = np.array(sorted(pairs)).T
    svg = curve("c", "step", [Line(x, y)])
    for across, down in points_of(svg)[0]:
        assert 52 <= across <= 388
        assert 16 <= down <= 208
    down, _ = ticks_of(svg)
    assert 2 <= len(down) <= 12
