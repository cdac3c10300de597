"""``report.html``: the numbers are right, the pictures are there, a browser shows them."""

import io
import json
import re
import shutil
import subprocess
from base64 import b64decode
from dataclasses import asdict, replace
from html import unescape

import numpy as np
import pytest
from PIL import Image

from septum.classes import Classes
from septum.config import override
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.description import Description
from septum.model import Model, Prediction
from septum.plan import Plan
from septum.training.dice import mean_dice, regions_of
from septum.training.loop import Step
from septum.training.report import write_report
from septum.training.verdicts import confusion, judge, judge_pieces

SETTINGS = ["data.scale=1", "network.width=4", "network.depth=2", "training.tile=60"]
SETTINGS += ["instances.threshold=0.5", "instances.min_size=0"]
HOSTILE = "<img src=x onerror=alert(1)> \"a\" & 'b'"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Told(Model):
    """A model that finds what it is told to find."""

    def __init__(self, answers, ndim=2, channels=1, named=None, **training):
        plan = override(Plan(), SETTINGS)
        scores = 3 if named is None else named.scores
        description = Description(channels, scores, ndim, plan=plan, training=training, named=named)
        super().__init__(description.build(), description, "cpu", "torch")
        self._answers = answers

    def predict(self, image, *_args, **_kwargs):
        labels = next(found for known, found in self._answers if known is image)
        return Prediction(labels, np.zeros((3, *labels.shape), np.float32))


def shifted(sample):
    """Return what a fair model would find: the truth, a little off."""
    return np.roll(sample.truth, 2, axis=-1)


def told(samples, **training):
    answers = [(sample.image, shifted(sample)) for sample in samples]
    first = samples[0]
    return Told(answers, first.ndim, len(first.image), first.named, **training)


def write_log(path, number=40):
    lines = [
        Step(n, n / number, 1 / n, 1e-3, 0.5 * n, 0.01, n / 100 if n % 10 == 0 else None)
        for n in range(1, number + 1)
    ]
    path.write_text("".join(json.dumps(asdict(line)) + "\n" for line in lines))
    return path


def written(tmp_path, model, samples, validation=(), log=True):
    run = tmp_path / "my run"
    run.mkdir(exist_ok=True)
    log = write_log(run / "log.jsonl") if log else run / "log.jsonl"
    write_report(run / "report.html", model, samples, validation, log, seed=0)
    return (run / "report.html").read_text(encoding="utf-8")


def words(page):
    """Return the text of a page without its style."""
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def pictures(page):
    sources = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(b64decode(source))) for source in sources]


def test_the_outlines_have_the_colours_of_the_legend(tmp_path, made_by_hand):
    sample, labels = made_by_hand
    page = written(tmp_path, Told([(sample.image, labels)]), [sample])
    right, broken, wrong = [(36, 200, 184), (252, 176, 0), (252, 72, 140)]  # in steps of 4
    truth, prediction = (np.asarray(p.convert("RGB")) for p in pictures(page)[:2])

    def colour(picture, y, x):
        factor = picture.shape[0] // 40
        return tuple(picture[y * factor, x * factor].tolist())

    assert [colour(truth, 2, 2), colour(truth, 20, 2), colour(truth, 20, 40)] == [
        right,
        broken,
        wrong,
    ]
    corners = [(2, 2), (2, 20), (20, 2), (20, 13), (34, 50), (20, 40)]
    found = [colour(prediction, *corner) for corner in corners]
    assert found == [right, broken, broken, broken, wrong, (0, 0, 0)]


def test_the_page_has_its_pictures_and_says_what_was_found(tmp_path):
    samples = [draw_cells(seed, (96, 96), radius=8) for seed in range(5)]
    facts = {"steps": 40, "seconds": 20.0, "waited": 0.013, "best_step": 30, "best_score": 0.3}
    facts |= {"command": "septum train 'a & b'", "data": "ab" * 32, "begun": "2025-01-01"}
    facts |= {"continued": [{"after": 1020, "command": "septum train a --extend 5"}]}
    page = written(tmp_path, told(samples, **facts), samples[:3], samples[3:])
    # Truth and prediction of two images, ten objects, four tiles with their weights, one scale.
    assert len(pictures(page)) == 2 * 2 + 10 + 4 * 2 + 1
    assert all(alt for alt in re.findall(r'<img [^>]*alt="([^"]*)"', page))
    assert len(re.findall("<svg", page)) == 3
    assert not re.search(r"https?://|<script|<link", page)
    text = words(page)
    assert "<title>my run</title>" in page
    assert " 40 steps · 20s · validation score 0.300 · " in text
    assert "All validation images, which the network did not learn from." in text
    assert "learnt from." not in text.replace("did not learn from.", "")
    seen = [judge(sample, shifted(sample)) for sample in samples[3:]]
    for item in seen:
        count = {kind: item.count(kind) for kind in ("found", "missed", "false")}
        part = text[text.index(f"{item.sample.name} :") :][:80]
        assert all(f"{number} {kind}" in part for kind, number in count.items())
    for row in confusion(seen):
        assert " ".join(row) in text
    assert "best 0.300" in text
    assert "Command septum train 'a & b' After step 1,020 septum train a --extend 5 " in text
    for said in ("ab" * 32, "0.5 s", "1.3% of the time", "torch 2."):
        assert said in text
    assert "[network] width = 4" in text


def test_without_validation_it_says_that_the_images_were_learnt_from(tmp_path):
    samples = [draw_cells(seed, (64, 64), radius=8) for seed in range(9)]
    page = written(tmp_path, told(samples), samples, log=False)
    text = words(page)
    assert "These images were learnt from. There were no validation images" in text
    assert "9 images to learn from, none to validate with" in text
    assert "There is no log of the steps." in text
    assert len(pictures(page)) == 2 * 6 + 10 + 4 * 2 + 1  # of nine images six are shown


def test_a_hostile_name_is_shown_and_does_nothing(tmp_path):
    sample = replace(draw_cells(0, (64, 64), radius=8), name=HOSTILE)
    page = written(tmp_path, told([sample]), [sample])
    assert HOSTILE not in page
    assert "<img src=x" not in page
    assert words(page).count(HOSTILE) >= 5  # picture, worst objects, tiles, data


CLASSES = [
    Classes(("large", "small"), (("1",), ("2",))),
    Classes(("cell", "core"), (("cells",), ("cores",)), overlap=True),
]


def of_classes(seed, named, shape=(96, 96), **known):
    """Return cells of which every third is of the other class, or has a core of it."""
    cells = draw_cells(seed, shape, radius=8)
    third = (cells.truth > 0) & (cells.truth % 3 == 0)
    labels = np.where(third, 3 if named.overlap else 2, cells.truth > 0).astype(np.int32)
    return replace(cells, labels=labels, named=named, kind=known.pop("kind", "classes"), **known)


@pytest.mark.parametrize("named", CLASSES, ids=["exclusive", "overlap"])
def test_of_classes_pieces_are_shown_and_counted(tmp_path, named):
    samples = [of_classes(seed, named) for seed in range(3)]
    page = written(tmp_path, told(samples), samples[:1], samples[1:])
    text = words(page)
    assert len(pictures(page)) == 2 * 2 + 10 + 4 * 2 + 1
    assert all(alt for alt in re.findall(r'<img [^>]*alt="([^"]*)"', page))
    seen = [one for s in samples[1:] for one in judge_pieces(s, shifted(s), named)]
    for name in named.names:
        of_class = [item for item in seen if item.of == name]
        rows = text[text.index("Right and wrong, by size") :]
        rows = rows[rows.index(f" {name} Size in px") :]
        expected = [" ".join(row) for row in confusion(of_class)]
        assert len(expected) == 5
        assert [rows.find(row) for row in expected] == sorted(rows.find(row) for row in expected)
        assert all(row in rows for row in expected)
        # The worst of each class are there, called as in the table of a prediction.
        iou, item, place = min(
            ((iou, item, n) for item in of_class for n, iou in enumerate(item.iou)),
            key=lambda one: (one[0], -one[1].table.truth_sizes[one[2]]),
        )
        said = f"IoU {iou:.2f}, {item.verdicts[place]} {item.sample.name}, {name}-{place + 1} y "
        assert said in text
        assert text.count(f", {name}-") == 5  # half of the ten
    assert "Counted in 2 images." in text


def test_of_strokes_the_worst_images_are_shown(tmp_path):
    named, annotated = CLASSES[0], np.zeros((64, 64), bool)
    annotated[::4] = True
    samples = [
        of_classes(n, named, (64, 64), kind="scribbles", annotated=annotated, name=f"strokes {n}")
        for n in range(12)
    ]
    answers = [
        (s.image, np.where(np.arange(64) < 5 * n, s.truth, 0)) for n, s in enumerate(samples)
    ]
    page = written(tmp_path, Told(answers, named=named), samples[:1], samples)
    text = words(page)
    assert "pieces" not in text
    dice = [mean_dice(regions_of(s, a, named)) for s, (_, a) in zip(samples, answers, strict=True)]
    expected = [str(n) for n in sorted(range(12), key=dice.__getitem__)]
    part = text[text.index("The worst images") : text.index("What the network was shown")]
    assert re.findall(r"strokes (\d+) : Dice of", part) == expected[:10]


def test_of_classes_without_a_piece_it_says_so(tmp_path):
    full = of_classes(0, CLASSES[0])
    one = replace(full, labels=np.where(full.truth == 1, 1, 0).astype(np.int32))
    text = words(written(tmp_path, told([one]), [full], [one]))
    assert "small There is no piece of it in these images." in text
    text = words(written(tmp_path, told([full]), [full], [one]))  # the images are the same
    assert re.search(r"small There is no piece of it in these images; \d+ false ones", text)
    none = replace(full, image=full.image.copy(), labels=np.zeros_like(full.truth))
    text = words(written(tmp_path, told([full, none]), [full], [none]))
    assert "The worst pieces There is no piece in these images." in text
    assert "by size There is no piece in these images." in text
    answers = Told([(none.image, full.truth)], named=CLASSES[0])
    text = words(written(tmp_path, answers, [full], [none]))
    assert re.search(r"by size There is no piece in these images; \d+ false ones predicted", text)


def test_the_pieces_of_a_volume_go_through_its_planes(tmp_path):
    samples = [of_classes(seed, CLASSES[1], (20, 64, 64)) for seed in range(2)]
    page = written(tmp_path, told(samples), samples[:1], samples[1:])
    assert re.search(r"core-\d+ z \d+, y \d+, x \d+; [\d,]+ voxels", words(page))


def test_many_large_images_stay_bounded(tmp_path):
    sample = draw_cells(0, (900, 1400), radius=12)
    named = [replace(sample, name=f"image {number}") for number in range(70)]
    page = written(tmp_path, told(named[:1]), named[:50], named[50:])
    assert len(page) < 3e6
    assert max(max(picture.size) for picture in pictures(page)) <= 700
    assert "and 20 more" in words(page)
    assert "Counted in 20 images" in words(page)
    assert "6 of 20 validation images" in words(page)


def test_of_a_volume_planes_are_shown(tmp_path):
    samples = [draw_cells(seed, (20, 64, 64), radius=7) for seed in range(2)]
    page = written(tmp_path, told(samples), samples[:1], samples[1:])
    assert len(pictures(page)) == 2 + 10 + 4 * 2 + 1
    assert "Plane 11 of 20; all are counted." in words(page)
    assert "Of each its middle plane is shown." in words(page)
    assert re.search(r"z \d+, y \d+, x \d+; [\d,]+ voxels", words(page))


def test_colour_partial_annotation_and_emptiness_are_no_trouble(tmp_path):
    grey = draw_cells(0, (64, 64), radius=8)
    annotated = np.ones((64, 64), bool)
    annotated[:, 40:] = False
    colour = Sample(np.repeat(grey.image, 3, axis=0), grey.labels, annotated, name="colour")
    empty = Sample(colour.image.copy(), np.zeros_like(grey.truth), name="empty")
    page = written(tmp_path, told([colour, empty]), [colour], [empty])
    assert "There is no object in these images." in words(page)
    page = written(tmp_path, told([colour, empty]), [empty], [colour])
    assert "Dark: not annotated, and not counted." in words(page)
    shown = np.asarray(pictures(page)[0].convert("RGB")).astype(float)
    middle = shown.shape[1] * 40 // 64
    assert shown[:, middle:].mean() < 0.5 * shown[:, :middle].mean()


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or pytest.skip(f"no browser is at hand; one of {', '.join(BROWSERS)} is needed")


def browse(browser, path, *arguments):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={path.parent / 'profile'}", "--enable-logging=stderr"]
    command += [*arguments, path.as_uri()]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True)


def test_a_browser_shows_the_pictures(browser, tmp_path):
    samples = [draw_cells(seed, (96, 96), radius=8) for seed in range(3)]
    page = written(tmp_path, told(samples), samples[:2], samples[2:])
    path = tmp_path / "my run" / "report.html"
    shot = tmp_path / "shot.png"
    done = browse(browser, path, "--window-size=1200,900", f"--screenshot={shot}")
    assert "Content Security Policy" not in done.stderr  # nothing that it would have had to refuse
    seen = np.asarray(Image.open(shot).convert("RGB")).astype(int)
    found = np.abs(seen - (38, 200, 186)).sum(axis=-1) < 30  # the outlines of what was found
    assert found[:, :600].sum() > 200
    assert found[:, 600:].sum() > 200
    # A page may run no script, so that a copy asks each picture whether it is one.
    asking = (
        "<script>onload = () => document.body.setAttribute('data-widths', "
        "[...document.images].map(image => image.naturalWidth))</script>"
    )
    copy = tmp_path / "copy.html"
    copy.write_text(re.sub(r"<meta http-equiv[^>]*>", asking, page), encoding="utf-8")
    widths = re.search(r'data-widths="([\d,]+)"', browse(browser, copy, "--dump-dom").stdout)
    assert widths is not None
    assert [int(width) for width in widths[1].split(",")] == [p.width for p in pictures(page)]
