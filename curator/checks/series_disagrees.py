"""The image sets of one series disagree on an element that the series must share.

## What it does
Compares every Patient, Study and Series element between the image sets of a series, absent against empty included.
Values are weighed by instances, image sets and dates, and the heaviest is proposed.

## Why is this bad?
CopyImageSet refuses to merge sets that disagree (with `force` the destination's values silently win), and a viewer
shows whichever set it meets first.

## Example
PatientBirthDate is 19700101 in the set of 118 instances and empty in the set of 2.

## Fix safety
Review: the majority's value is proposed, none at a tie, and majorities err. Safe where all that differs is absent against
empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.disagreement import disagreements, finding
from curator.checks.view import Scope, View
from curator.findings import Finding, Severity

CODE = "CUR102"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding an element and series."""
    for found, members in disagreements(view, Scope.SERIES):
        if found.keyword == "FrameOfReferenceUID" and found.filled > 1:
            continue  # mixed-frames-of-reference says why aligning it is no cure
        severity = Severity.NOTE if found.only_emptiness else Severity.WARNING
        yield finding(CODE, severity, found, members, Scope.SERIES, "image set")


CHECK = StoreCheck(
    CODE,
    "series-disagrees",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "two birth dates",
            document(instance(1), patient={"PatientBirthDate": "19700101"}),
            document(instance(2), patient={"PatientBirthDate": "19700102"}),
        ),
        case(
            "absent against empty", document(instance(1)), document(instance(2), series={"StationName": None})
        ),
        case(
            "a station in one half",
            document(instance(1), series={"StationName": "A"}),
            document(instance(2)),
        ),
        case(
            "a sequence that differs",
            document(instance(1), study={"ProcedureCodeSequence": [{"CodeValue": "1"}]}),
            document(instance(2), study={"ProcedureCodeSequence": [{"CodeValue": "2"}]}),
        ),
    ),
    good=(
        case("halves that agree", document(instance(1)), document(instance(2))),
        case(
            "padding",
            document(instance(1), series={"StationName": "A "}),
            document(instance(2), series={"StationName": "A"}),
        ),
    ),
)
