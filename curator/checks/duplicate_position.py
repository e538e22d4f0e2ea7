"""Two images of a stack lie at the same position.

## What it does
Finds images of a series with the same position and orientation that nothing tells apart: no phase, echo, acquisition,
b-value or kernel; or that have the same pixels.

## Why is this bad?
A slice was imported twice under new UIDs, or two reconstructions were mixed: volumes come out with a doubled slice.

## Example
A CT slice at table position −412.5 twice, with the same pixels and different SOP Instance UIDs.

## Fix safety
Report only: removing an instance leaves its frames in the store, and which is spare is a person's decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.geometry import Slice, stacks
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR205"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding a stack."""
    for stack in stacks(subject):
        places: dict[tuple[float, ...], list[Slice]] = defaultdict(list)
        for each in stack:
            places[tuple(round(number, 2) + 0.0 for number in each.corner)].append(each)
        doubled = [twins for slices in places.values() if len(twins := _twins(slices)) > 1]
        if doubled:
            spare = sum(len(twins) - 1 for twins in doubled)
            yield Finding(
                CODE,
                Severity.WARNING,
                f"{plural(spare, 'image')} of a stack of {len(stack)} at a position that another has",
                (subject.facts.ref,),
                doubled[0][1].path,
            )


def _twins(slices: list[Slice]) -> list[Slice]:
    """Return the images at one position that nothing tells apart, or that have the same pixels."""
    keys: tuple[Callable[[Slice], object], ...] = (lambda each: each.apart, lambda each: each.checksum)
    for key in keys:
        alike: dict[object, list[Slice]] = defaultdict(list)
        for each in slices:
            if key(each):
                alike[key(each)].append(each)
        largest = max(alike.values(), key=len, default=[])
        if len(largest) > 1:
            return largest
    return []


def _stack(*slices: tuple[float, str]) -> dict[str, Json]:
    return document(
        *(
            instance(
                number,
                ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
                ImagePositionPatient=["0", "0", str(distance)],
                EchoTime=echo,
            )
            for number, (distance, echo) in enumerate(slices, 1)
        )
    )


CHECK = DocumentCheck(
    CODE,
    "duplicate-position",
    Severity.WARNING,
    __doc__,
    run,
    bad=(case("a slice twice", _stack((0, "10"), (1, "10"), (1, "10"), (2, "10"))),),
    good=(
        case("a stack", _stack((0, "10"), (1, "10"), (2, "10"))),
        case("two echoes", _stack((0, "10"), (0, "20"), (1, "10"), (1, "20"))),
    ),
)
