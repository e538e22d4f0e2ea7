"""The series of one study disagree on a Patient or Study element.

## What it does
Compares every Patient and Study element between the image sets of a study. What only the sets of one series disagree
about is left to series-disagrees.

## Why is this bad?
A study has one date, one description, one accession number. Searching, billing and de-identification by study go
wrong where its series say different things.

## Example
StudyDescription is "CT HEAD" in four series and "CT HEAD^ROUTINE" in the dose report.

## Fix safety
Review: the majority's value is proposed, none at a tie. Safe where all that differs is absent against empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.disagreement import disagreements, finding
from curator.checks.view import Scope, View
from curator.findings import Finding, Severity

CODE = "CUR103"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding an element and study."""
    for found, members in disagreements(view, Scope.STUDY):
        severity = Severity.NOTE if found.only_emptiness else Severity.WARNING
        yield finding(CODE, severity, found, members, Scope.STUDY, "image set")


_SECOND = {"SeriesInstanceUID": f"{ROOT}.3.2", "SeriesNumber": "2"}

CHECK = StoreCheck(
    CODE,
    "study-disagrees",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "two descriptions",
            document(instance(1), study={"StudyDescription": "HEAD"}),
            document(instance(2), study={"StudyDescription": "HEAD^1"}, series=_SECOND),
        ),
        case(
            "a name in one series only",
            document(instance(1)),
            document(instance(2), patient={"PatientName": None}, series=_SECOND),
        ),
        case(
            "a torn series whose greater half says otherwise than the study",
            document(instance(1), study={"StudyDescription": "HEAD"}),
            document(instance(2), instance(3), study={"StudyDescription": "HEAD^1"}),
            document(*map(instance, range(4, 9)), study={"StudyDescription": "HEAD"}, series=_SECOND),
        ),
    ),
    good=(
        case("two series", document(instance(1)), document(instance(2), series=_SECOND)),
        case(
            "only the sets of one series disagree",
            document(instance(1), instance(4), study={"StudyDescription": "HEAD"}),
            document(instance(2), study={"StudyDescription": "HEAD^1"}),
            document(instance(3), study={"StudyDescription": "HEAD"}, series=_SECOND),
        ),
    ),
)
