"""A value is longer than its VR allows.

## What it does
Checks the length of every text value and of each component group of a name (PS3.5 6.2).

## Why is this bad?
Databases cut such values off, in the middle of an accession number or a name; the service's own import has limits too
(guide, "DICOM element constraints").

## Example
A StudyID (SH) of 20 characters.

## Fix safety
Report only: what to cut is a person's decision.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Kind, Subject
from curator.checks.value_faults import told
from curator.findings import Finding, Severity

CODE = "CUR302"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.WARNING, Kind.LENGTH)


CHECK = DocumentCheck(
    CODE,
    "too-long",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("an SH of 17 characters", document(instance(1, StationName="x" * 17))),
        case("a name group of 65", document(patient={"PatientName": "x" * 65})),
    ),
    good=(case("an SH of 16 characters", document(instance(1, StationName="x" * 16))),),
)
