"""Numbers are missing in the sequence of a series' InstanceNumbers.

## What it does
Finds gaps between the least and the greatest InstanceNumber of a series, where fewer numbers are missing than there
are. Series torn over several sets are left out: their other half has the rest.

## Why is this bad?
Slices were lost on the way: a volume that looks whole has holes.

## Example
InstanceNumbers 1–57 and 59–120.

## Fix safety
Report only: what was lost must be sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Subject
from curator.dicom.levels import Level
from curator.findings import Finding, Severity
from curator.imageset import ElementPath
from curator.printable import plural

CODE = "CUR203"
_LEAST: Final = 4
"""Fewer numbers show no sequence."""


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding a series."""
    if subject.torn:
        return
    for uid, series in subject.doc.series.items():
        numbers = set()
        for found in series.instances.values():
            text = str(found.dicom.get("InstanceNumber") or "").strip()
            if text.isdigit():
                numbers.add(int(text))
        if len(numbers) < _LEAST or len(numbers) < len(series.instances):
            continue  # without numbers, or numbered otherwise (phases, echoes)
        absent = max(numbers) - min(numbers) + 1 - len(numbers)
        if 0 < absent < len(numbers) and not _stepped(numbers):
            yield Finding(
                CODE,
                Severity.WARNING,
                f"{plural(absent, 'InstanceNumber')} missing between {min(numbers)} and {max(numbers)}",
                (subject.facts.ref,),
                ElementPath(Level.SERIES, uid),
            )


def _stepped(numbers: set[int]) -> bool:
    """Tell whether the numbers go in even steps, by twos say: a scheme, not a loss."""
    return len({b - a for a, b in pairwise(sorted(numbers))}) == 1


CHECK = DocumentCheck(
    CODE,
    "missing-numbers",
    Severity.WARNING,
    __doc__,
    run,
    bad=(case("one of six", document(*(instance(number) for number in (1, 2, 3, 5, 6)))),),
    good=(
        case("whole", document(*(instance(number) for number in range(3, 9)))),
        case("by twos", document(*(instance(number) for number in (1, 3, 5, 7, 9)))),
        case("a selection", document(*(instance(number) for number in (1, 20, 50, 90)))),
        case(
            "the other half is in another set",
            document(*(instance(number) for number in (1, 2, 3, 5, 6))),
            document(instance(4)),
        ),
    ),
)
