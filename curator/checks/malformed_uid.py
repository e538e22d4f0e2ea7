"""A UID is malformed.

## What it does
Checks every UID, nested ones included: digits and dots, at most 64 characters, no leading zeros (PS3.5 9.1).

## Why is this bad?
Archives refuse such objects or strip them, and references to them break.

## Example
1.2.840.010.3 (a component with a leading zero); a GUID in place of a UID.

## Fix safety
Report only: a UID is changed everywhere or nowhere (`deidentify` remaps them consistently).
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Kind, Subject
from curator.checks.value_faults import told
from curator.findings import Finding, Severity

CODE = "CUR307"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.ERROR, Kind.UID)


CHECK = DocumentCheck(
    CODE,
    "malformed-uid",
    Severity.ERROR,
    __doc__,
    run,
    bad=(
        case("a leading zero", document(series={"FrameOfReferenceUID": "1.2.03"})),
        case("a GUID", document(instance(1, ReferencedImageSequence=[{"ReferencedSOPInstanceUID": "a-b"}]))),
    ),
    good=(case("a UID", document(series={"FrameOfReferenceUID": f"{ROOT}.7"})),),
)
