"""A value is not valid for its VR.

## What it does
Checks every value, nested ones included, against its value representation (PS3.5 6.2): dates, times, numbers, ages,
code strings, names, forbidden characters.

## Why is this bad?
The service refuses to write such a value back without `force`, and readers reject it or read something else.

## Example
PatientAge "45" (045Y was meant); StudyDate "2020.01.31"; PatientSex "Female".

## Fix safety
Safe for a date in the old form YYYY.MM.DD and for a code string that spells a term of the standard in another case;
review for other lower-case code strings; otherwise report only.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Kind, Subject
from curator.checks.value_faults import told
from curator.findings import Finding, Severity

CODE = "CUR301"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.WARNING, Kind.VR)


CHECK = DocumentCheck(
    CODE,
    "invalid-value",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("a date in the old form", document(study={"StudyDate": "2020.01.31"})),
        case("an age without a unit", document(study={"PatientAge": "45"})),
        case("no day of the calendar", document(study={"StudyDate": "20200230"})),
        case(
            "in a sequence",
            document(instance(1, RequestAttributesSequence=[{"ScheduledProcedureStepStartDate": "x"}])),
        ),
        case(
            "a private element",
            document(
                instance(1, {"00190010": "LO", "00191001": "DS"}, more={"00190010": "ACME", "00191001": "x"})
            ),
        ),
    ),
    good=(
        case("padding and empty values", document(instance(1, SliceThickness="1.0 ", PatientAge=None))),
        case("a number of many values", document(instance(1, ImagePositionPatient=["1", "-2.5", "3e2"]))),
    ),
)
