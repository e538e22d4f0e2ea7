"""A stack of slices has a gap.

## What it does
Orders the images of a series by their position along the normal of the plane, and finds distances that are a multiple
of the usual one. Localizers, stacks without an even spacing and torn series are left out.

## Why is this bad?
Slices were lost: a volume that is built from them is bent or cut, and segmentations shift by a slice.

## Example
120 slices 2.5 mm apart, and 7.5 mm between the 57th and the 58th.

## Fix safety
Report only: what was lost must be sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Final

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.geometry import Slice, stacks
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR204"
_LEAST: Final = 5
_EVEN: Final = 0.05
"""Relative deviation of the usual distance that rounding and gantry tilt explain."""
_MOSTLY: Final = 0.8


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding a stack."""
    if subject.torn:
        return
    for stack in stacks(subject):
        gaps = _gaps(stack)
        if gaps:
            lost = sum(round(times) - 1 for _, times in gaps)
            yield Finding(
                CODE,
                Severity.WARNING,
                f"{plural(len(gaps), 'gap')} in a stack of {len(stack)} slices, about {plural(lost, 'slice')} missing",
                (subject.facts.ref,),
                gaps[0][0].path,
                tuple(("gap in slice spacings", f"{times:.1f}") for _, times in gaps[:5]),
            )


def _gaps(stack: list[Slice]) -> list[tuple[Slice, float]]:
    """Return the slices before gaps, with the gap as a multiple of the usual distance."""
    planes: list[Slice] = []
    for each in stack:
        if not planes or each.distance - planes[-1].distance > 0.01:
            planes.append(each)
    distances = [b.distance - a.distance for a, b in pairwise(planes)]
    if len(distances) < _LEAST:
        return []
    usual = median(distances)
    even = sum(abs(distance - usual) <= _EVEN * usual for distance in distances)
    if even < _MOSTLY * len(distances):
        return []
    found = [(plane, distance / usual) for plane, distance in zip(planes, distances, strict=False)]
    return [(p, times) for p, times in found if times > 1.5 and abs(times - round(times)) <= 0.1 * times]


def _slices(*distances: float) -> dict[str, Json]:
    return document(
        *(
            instance(
                number,
                ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
                ImagePositionPatient=["0", "0", str(distance)],
            )
            for number, distance in enumerate(distances, 1)
        )
    )


CHECK = DocumentCheck(
    CODE,
    "slice-gap",
    Severity.WARNING,
    __doc__,
    run,
    bad=(case("two slices lost", _slices(0, 2.5, 5, 7.5, 15, 17.5, 20, 22.5)),),
    good=(
        case("even", _slices(*(2.5 * number for number in range(9)))),
        case("uneven on purpose", _slices(0, 1, 3, 7, 15, 31, 63)),
        case("two phases", _slices(*(2.5 * (number % 5) for number in range(10)))),
    ),
)
