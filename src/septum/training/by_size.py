"""What became of true objects and pieces of classes, counted by their size, for the report."""

from collections.abc import Sequence

from septum.counted import counted
from septum.rank import UNIT
from septum.report.html import Html, element, section, table
from septum.training.verdicts import Seen, confusion

_HEADING = "Right and wrong, by size"


def by_size(seen: Sequence[Seen]) -> Html:
    """Return the section with a table of the true objects by size, or one for each class."""
    classes = list(dict.fromkeys(item.of for item in seen))
    of_class = {name: [item for item in seen if item.of == name] for name in classes}
    rows = {name: confusion(items) for name, items in of_class.items()}
    things = "objects" if classes == [""] else "pieces"
    if not any(rows.values()):
        return section(_HEADING, element("p", _none(things.removesuffix("s"), seen)))
    said = element(
        "p",
        "What is connected and of one class is a piece. " if things == "pieces" else "",
        f"The true {things} in four groups of about the same number, from small to large. Each is "
        "found (a prediction overlaps it with an IoU above 0.5), merged (a prediction covers most "
        "of it and of another), split (several predictions lie in it), or else missed. False "
        f"{things}, which are none in truth, are in the row of their own size.",
    )
    unit = UNIT[seen[0].sample.ndim]
    head = (f"Size in {unit}", things.capitalize())
    head += ("Found", "Merged", "Split", "Missed", "Mean IoU", "False")
    parts = []
    for name in classes:
        parts += [element("h3", name)] if name else []
        if rows[name]:
            parts.append(table(head, rows[name], total=True))
        else:
            parts.append(element("p", _none("piece of it", of_class[name])))
    images = len({id(item.sample) for item in seen})
    note = element("p", f"Counted in {counted(images, 'image')}.", class_="over")
    return section(_HEADING, said, *parts, note)


def _none(thing: str, seen: Sequence[Seen]) -> str:
    """Say that there is nothing true to count, and how much was predicted all the same."""
    false = sum(int(item.false.sum()) for item in seen)
    predicted = f"; {counted(false, 'false one')} predicted" if false else ""
    return f"There is no {thing} in these images{predicted}."
