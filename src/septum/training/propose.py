"""Choices that follow from the data: resolution, border class, smallest object, network."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, prod

import numpy as np

from septum.classes import Classes
from septum.data.doubts import thin, too_thin
from septum.data.sample import Sample, equivalent_diameters
from septum.data.summary import touching_pairs
from septum.errors import DataError
from septum.geometry import depth_per_axis
from septum.plan import Plan
from septum.predict import check_choices
from septum.rank import UNIT
from septum.resample import rescaled_shape, scale_per_axis
from septum.training import planes, volumes
from septum.training.channels import of_channels
from septum.training.specks import in_words, smallest_pieces, whole_pieces
from septum.training.variation import with_variation
from septum.voxel import SAME, in_um, proportions, unlike

# The paper's network sees 188 px around a pixel. Cells 70 and 110 px wide were learnt faster and
# better at half the resolution (docs/decisions.md).
_LARGEST = 60

# Half width of the border class, and the share of cells that must touch another for it to be worth
# a class.
_BORDER = 2.0
_TOUCHING = 0.05

# Of classes by name some are rare. Weighed as much as the others in total they would be found where
# they are not; the root of their frequency is half way (docs/decisions.md).
_BALANCE = 0.5

_CONTEXT = "the slices before and behind as channels"
_ALONE = "data.context: no image is a slice of a stack, so that each is its own neighbour"


def propose(plan: Plan, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    """Return the plan with every open choice made, and a sentence for each of them.

    Parameters
    ----------
    plan : Plan
        None stands for an open choice; what is set is kept.
    samples : sequence of Sample
        The training data, with labels.

    Returns
    -------
    plan : Plan
        Without open choices.
    reasons : list of str
        What was chosen and why.

    Raises
    ------
    DataError
        If a volume is thinner than what the network sees around a voxel, as the plan sets it.
    """
    plan, reasons = of_channels(plan, samples)
    plan, more = _context(plan, samples)
    reasons += more
    check_choices(samples[0].named, plan.instances)
    whole = [sample for sample in samples if sample.kind != "scribbles"]
    voxel, more = _voxel(samples)
    reasons += more
    diameter = 0.0
    if samples[0].named is not None:
        plan, more = _of_classes(plan, samples[0].named, samples)
    elif any(sample.known.any() for sample in whole):
        single = [_in_single_slices(sample) for sample in whole]
        areas = np.concatenate(
            [
                _of_sections(sample, voxel) if alone else _areas(sample.known)
                for sample, alone in zip(whole, single, strict=True)
            ]
        )
        if any(single):
            reasons.append(
                "single slices are annotated: their objects are taken for sections of balls"
            )
        diameter = float(np.median(equivalent_diameters(areas * prod(voxel), len(voxel))))
        plan, more = _of_objects(plan, whole, areas, diameter, voxel)
    else:
        plan, more = _of_strokes(plan)
    reasons += more
    if plan.targets.balance is None:
        balance = 1.0 if samples[0].named is None else _BALANCE
        plan = replace(plan, targets=replace(plan.targets, balance=balance))
    scale = scale_per_axis(plan.data.scale, len(voxel))
    diameter *= scale[int(np.argmin(voxel))]
    if len(voxel) == 2:
        plan, more = planes.with_network(plan, diameter)
    else:
        shapes = [rescaled_shape(sample.shape, scale) for sample in samples]
        plan, more = volumes.with_network(
            plan, shapes, proportions(voxel, len(voxel), scale), diameter
        )
    refuse_thin(samples, plan)
    reasons += more
    plan, more = with_variation(plan, samples)
    return plan, [*reasons, *more, *_thin(samples, plan)]


def _voxel(samples: Sequence[Sample]) -> tuple[tuple[float, ...], list[str]]:
    """Return how long a pixel is along each axis: the median of the images that say it."""
    ndim = samples[0].ndim
    known = [proportions(sample.spacing, ndim) for sample in samples if sample.spacing is not None]
    if not known:
        unknown = "no file states its voxel size: voxels are taken as isotropic; --spacing gives it"
        return (1.0,) * ndim, [unknown] if ndim == 3 else []
    stated = [sample.spacing for sample in samples if sample.spacing is not None]
    other = next((one for one in stated if unlike(one, stated[0]) > SAME), None)
    reasons = []
    if other is not None:
        reasons.append(
            f"the images have pixels of several sizes, {in_um(stated[0])} and {in_um(other)}: what "
            "is alike looks larger in some than in others; resample them alike"
        )
    return tuple(map(float, np.median(known, axis=0))), reasons


def refuse_thin(samples: Sequence[Sample], plan: Plan) -> None:
    """Raise DataError if one is a volume thinner than what the network sees around a voxel."""
    for sample in samples:
        depths = depth_per_axis(plan.tile_and_depth[1], sample.ndim)
        why = too_thin(rescaled_shape(sample.shape, plan.data.scale), depths)
        if why is not None:
            raise DataError(f"{sample.name}: {why}")


def _thin(samples: Sequence[Sample], plan: Plan) -> list[str]:
    """Say where the network looks further than an image is wide: once, of all images."""
    depths = depth_per_axis(plan.tile_and_depth[1], samples[0].ndim)
    shapes = sorted({rescaled_shape(sample.shape, plan.data.scale) for sample in samples})
    return [why for shape in shapes for why in thin(shape, depths)][:1]


def _context(plan: Plan, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    if plan.data.context is not None:
        if not plan.data.context:
            return plan, []
        return plan, [_CONTEXT if any(sample.slice for sample in samples) else _ALONE]
    slices = all(sample.slice for sample in samples)
    plan = replace(plan, data=replace(plan.data, context=int(slices)))
    return plan, [f"{_CONTEXT}: the images are slices of stacks"] if slices else []


def _of_objects(
    plan: Plan,
    samples: Sequence[Sample],
    areas: np.ndarray,
    diameter: float,
    voxel: Sequence[float],
) -> tuple[Plan, list[str]]:
    """Return the plan for outlined objects: how large they are, and whether they touch."""
    reasons = []
    if plan.data.scale is None:
        largest = _LARGEST if len(voxel) == 2 else volumes.largest_object(voxel)
        in_plane = 1 / max(1, ceil(diameter / largest))
        # Where voxels are long, only so much along them that they do not become flat the other way.
        factors = tuple(min(1.0, in_plane * length) for length in voxel)
        scale = in_plane if len(set(factors)) == 1 else factors
        plan = replace(plan, data=replace(plan.data, scale=scale))
        large = f"learnt best at {largest:.0f} px or less" if in_plane < 1 else "small enough"
        shown = " × ".join(f"{factor:.3g}" for factor in dict.fromkeys(factors))
        reasons.append(
            f"working resolution {shown}: the median object is {diameter:.0f} px wide, {large}"
        )
    if plan.targets.border is None:
        touching = _touching(samples, len(areas))
        border = _BORDER if touching > _TOUCHING else 0.0
        plan = replace(plan, targets=replace(plan.targets, border=border))
        classes = "a third class for the border between them" if border else "the paper's 2 classes"
        reasons.append(f"{classes}: {touching:.0%} of the objects touch another")
    if plan.instances.min_size is None:
        smallest = int(np.percentile(areas, 5) / 2)
        plan = replace(plan, instances=replace(plan.instances, min_size=smallest))
        reasons.append(
            f"objects under {smallest} {UNIT[len(voxel)]} dropped: half the 5th percentile in "
            "training"
        )
    return plan, reasons


def _of_strokes(plan: Plan) -> tuple[Plan, list[str]]:
    """Return the plan for scribbles, which tell neither how large objects are nor if they touch."""
    scale, border, smallest = plan.data.scale, plan.targets.border, plan.instances.min_size
    plan = replace(
        plan,
        data=replace(plan.data, scale=1.0 if scale is None else scale),
        targets=replace(plan.targets, border=0.0 if border is None else border),
        instances=replace(plan.instances, min_size=0 if smallest is None else smallest),
    )
    reason = (
        f"working resolution {plan.data.scale}, {3 if plan.targets.border else 2} classes, "
        f"objects under {plan.instances.min_size} px dropped: strokes do not tell how large "
        "objects are; --set data.scale=0.5, targets.border=2 or instances.min_size=50 do"
    )
    return plan, [reason]


def _of_classes(plan: Plan, named: Classes, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    """Return the plan for classes by name: areas, with neither a size nor borders of their own."""
    scale, smallest, reasons = plan.data.scale, plan.instances.min_size, []
    if smallest is None:
        sizes = whole_pieces(samples, named)
        smallest = smallest_pieces(sizes)
        reasons = [in_words(named, sizes, UNIT[samples[0].ndim])]
    plan = replace(
        plan,
        data=replace(plan.data, scale=1.0 if scale is None else scale),
        targets=replace(plan.targets, border=0.0),
        instances=replace(plan.instances, min_size=smallest),
    )
    kind = "overlap: a sigmoid each" if named.overlap else "exclude one another: a softmax"
    factors = scale_per_axis(plan.data.scale, samples[0].ndim)
    scale = " × ".join(f"{by:.3g}" for by in dict.fromkeys(factors))
    several = len(named.names) > 1
    what = (
        f"classes {', '.join(named.names)}, which {kind}" if several else f"class {named.names[0]}"
    )
    return plan, [
        f"{what}; working resolution {scale}: classes have no size of their own, and --set "
        "data.scale=0.5 shows the network more at a time",
        *reasons,
    ]


def _of_sections(sample: Sample, voxel: Sequence[float]) -> np.ndarray:
    """Return in pixels the sizes of the balls whose sections are the objects in single slices."""
    areas = np.concatenate([_areas(plane) for plane in sample.known])
    return equivalent_diameters(areas * prod(voxel[1:]), 2) ** 3 * np.pi / 6 / prod(voxel)


def _areas(labels: np.ndarray) -> np.ndarray:
    return np.unique(labels[labels > 0], return_counts=True)[1]


def _in_single_slices(sample: Sample) -> bool:
    """Tell whether of a volume no two slices side by side are annotated: none has height."""
    if sample.annotated is None or sample.annotated.ndim == 2:
        return False
    slices = np.asarray(sample.annotated.any(axis=(1, 2)))
    return not (slices[1:] & slices[:-1]).any()


def _touching(samples: Sequence[Sample], objects: int) -> float:
    """Return the share of objects that meet another with no gap."""
    return sum(len(np.unique(touching_pairs(sample.known))) for sample in samples) / objects
