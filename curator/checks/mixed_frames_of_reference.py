"""The image sets of one series lie in different frames of reference.

## What it does
Finds series whose image sets name different FrameOfReferenceUIDs. (Inside one set the service keeps it once.)

## Why is this bad?
Positions compare only within one frame of reference: the halves of such a series do not stack, and registrations and
segmentations fit one of them.

## Example
The patient was repositioned, and the console went on with the same series.

## Fix safety
Report only: aligning the UIDs would claim a common space that there is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.disagreement import disagreements
from curator.checks.view import Scope, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR207"
KEYWORD = "FrameOfReferenceUID"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a series."""
    for found, members in disagreements(view, Scope.SERIES):
        if found.keyword == KEYWORD and found.filled > 1:
            yield Finding(
                CODE,
                Severity.WARNING,
                f"{plural(found.filled, 'frame')} of reference in the {plural(len(members), 'image set')} of a series",
                tuple(member.set.ref for variant in found.variants for member in variant.members),
                evidence=tuple(variant.evidence() for variant in found.variants),
            )


CHECK = StoreCheck(
    CODE,
    "mixed-frames-of-reference",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "two frames",
            document(instance(1), series={KEYWORD: f"{ROOT}.7"}),
            document(instance(2), series={KEYWORD: f"{ROOT}.8"}),
        ),
    ),
    good=(
        case(
            "one frame",
            document(instance(1), series={KEYWORD: f"{ROOT}.7"}),
            document(instance(2), series={KEYWORD: f"{ROOT}.7"}),
        ),
    ),
)
