"""One SOP Instance UID stands for different instances.

## What it does
Finds SOP Instance UIDs that several image sets hold with different elements or different pixels.

## Why is this bad?
A UID names one object for good. References to it are ambiguous, sets that share it cannot be merged, and an export
overwrites one with the other.

## Example
A workstation changed window settings or burned in a note, and saved under the same UID.

## Fix safety
Report only: which is the right one cannot be told. Where only elements differ, aligning them makes duplicates of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from curator.checks.cases import ROOT, Sample, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.tags import is_ours
from curator.checks.view import SetFacts, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR202"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding for each group of sets and kind of difference."""
    clashes: dict[tuple[bool, tuple[tuple[str, str], ...]], int] = defaultdict(int)
    for repeated in view.repeated():
        holders = [holder for holder in repeated.holders if not is_ours(holder[0])]
        pixels = len({pixels for _, _, pixels in holders}) > 1
        if len(holders) > 1 and (pixels or len({content for _, content, _ in holders}) > 1):
            clashes[pixels, _refs([facts for facts, _, _ in holders])] += 1
    for (pixels, refs), number in clashes.items():
        yield Finding(
            CODE,
            Severity.ERROR if pixels else Severity.WARNING,
            f"{plural(number, 'SOP Instance UID')} in {len(refs)} image sets with different "
            + ("pixels" if pixels else "elements and equal pixels"),
            refs,
        )


def _refs(sets: list[SetFacts]) -> tuple[tuple[str, str], ...]:
    return tuple(facts.ref for facts in sets)


_OTHER_PIXELS = instance(2, SOPInstanceUID=f"{ROOT}.9.1")

CHECK = StoreCheck(
    CODE,
    "sop-uid-clash",
    Severity.ERROR,
    __doc__,
    run,
    bad=(
        case("other pixels", document(instance(1)), document(_OTHER_PIXELS)),
        case("other elements", document(instance(1)), document(instance(1, WindowCenter=["40"]))),
        case(
            "other pixels that a merge left out",
            document(instance(1)),
            Sample(document(_OTHER_PIXELS), tags={"curator:merged-into": f"{1:032d}"}),
        ),
    ),
    good=(
        case("a true duplicate", document(instance(1)), document(instance(1))),
        case(
            "an edited working copy",
            document(instance(1)),
            Sample(document(instance(1, WindowCenter=["40"])), tags={"curator:working-copy": "campaign"}),
        ),
    ),
)
