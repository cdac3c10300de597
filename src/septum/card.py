"""The page that lies beside a model, for people: ``model/README.md``."""

from collections.abc import Iterator

from septum.counted import counted
from septum.data.unseen import in_words
from septum.description import Description
from septum.rank import ELEMENT, IMAGES
from septum.resample import scale_per_axis

_MANY = 12


def card(description: Description) -> str:
    """Return what a person should know of a model before using it, as Markdown."""
    return "\n".join(_lines(description)) + "\n"


def _lines(known: Description) -> Iterator[str]:
    plan = known.plan
    yield "# A U-Net trained with septum"
    yield ""
    yield "```sh"
    yield "septum predict RUN IMAGE -o RESULTS"
    yield "```"
    yield ""
    yield "(`RUN` is the folder that holds this one; `model.json` says the same for machines.)"
    yield ""
    yield "## What it takes"
    yield ""
    yield f"- {_images(known)}, {_sizes(known)}."
    factors = set(scale_per_axis(plan.data.scale, known.ndim))
    by = " × ".join(f"{by:.3g}" for by in scale_per_axis(plan.data.scale, known.ndim))
    least = f"{min(factors):.3g}" if len(factors) == 1 else f"{by} ({'ZYX'[-known.ndim :]})"
    window = f" from {plan.data.window[0]:g} to {plan.data.window[1]:g}" if plan.data.window else ""
    seen = "as they are" if factors == {1.0} else f"at {least} of their resolution"
    yield f"- The network sees them {seen}; grey values by `{plan.data.normalise}`{window}."
    if plan.augment.drop_channel:
        yield (
            "- It learnt to do without one of its channels: `--channels` with `none` in its place."
        )
    yield ""
    yield "## What it gives"
    yield ""
    yield from _results(known)
    yield ""
    yield "## Where it comes from"
    yield ""
    yield from _origin(known)
    yield (
        f"- U-Net of depth {plan.network.depth}, width {plan.network.width}, {known.ndim}D, "
        f"normalisation {plan.network.norm or 'none'}."
    )


def _results(known: Description) -> Iterator[str]:
    yield f"- Probabilities of {', '.join(known.class_names)}."
    rule = known.rule[0].upper() + known.rule[1:]
    if known.named is not None:
        yield f"- {rule}{known.specks and '; ' + known.specks}."
        for number, (name, sources) in enumerate(
            zip(known.named.names, known.named.sources, strict=True), start=1
        ):
            several = known.named.overlap and len(known.named.names) > 1
            value = f"channel {number}" if several else f"value {number}"
            yield f"    - {value}: {name}, annotated as {', '.join(sources)}"
        return
    unit = f"{ELEMENT[known.ndim]}s"
    smallest = known.plan.instances.smallest[0]
    yield f"- {rule}; objects under {smallest} {unit} are dropped."


def _images(known: Description) -> str:
    kind = IMAGES[known.ndim]
    names = "" if known.channels is None else f" ({', '.join(known.channels)})"
    around = f", slices of stacks with {known.reach} before and behind" if known.reach else ""
    if known.image_channels == 1:
        return f"Grey {kind}{names}{around}"
    also = ", or grey ones" if known.grey_too else ""
    return f"{kind.capitalize()} of {known.image_channels} channels{names}{also}{around}"


def _sizes(known: Description) -> str:
    what = f"{ELEMENT[known.ndim]}s"
    if known.spacing is None and known.named is not None:
        return "of any size, at about the magnification of those it was trained on"
    if known.spacing is None:
        return f"of any size, with objects about as large in {what} as those it was trained on"
    sizes = " × ".join(f"{size:.4g}" for size in known.spacing)
    return f"of any size, with {what} of about {sizes} µm"


def _origin(known: Description) -> Iterator[str]:
    facts = known.training
    if not facts:
        yield "- Not trained."
        return
    names = facts.get("images", [])
    shown = ", ".join(names[:_MANY]) + (", …" if len(names) > _MANY else "")
    yield (
        f"- {facts.get('steps', '?')} steps on {counted(len(names), 'image')} ({shown}), seed "
        f"{facts.get('seed', '?')}, begun {facts.get('begun', 'at an unknown time')}."
    )
    if facts.get("best_score") is not None:
        seen = counted(len(facts["validation_images"]), "image")
        yield (
            f"- {known.measure[0].upper()}{known.measure[1:]}: {facts['best_score']:.3f} on "
            f"{seen} that it has not learnt from; its step "
            f"({facts['best_step']}) and its thresholds were chosen on them."
        )
    else:
        yield "- It was not validated: how good it is on images that it has not seen is not known."
    if facts.get("never_annotated"):
        yield f"- {in_words(facts['never_annotated'])}."
    for name, command in known.commands:
        yield f"- {name}: `{command}`"
    if "data" in facts:
        yield f"- SHA-256 of the images and annotations: `{facts['data']}`"
