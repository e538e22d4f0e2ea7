"""An element has a number of values that its VM does not allow.

## What it does
Compares the number of values with the value multiplicity of PS3.6.

## Why is this bad?
Code that unpacks three numbers of a position fails on two, and takes the first of four in silence.

## Example
ImagePositionPatient with two values; PixelSpacing with one.

## Fix safety
Report only.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck
from curator.checks.subject import Kind, Subject
from curator.checks.value_faults import told
from curator.findings import Finding, Severity

CODE = "CUR303"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.WARNING, Kind.VM)


CHECK = DocumentCheck(
    CODE,
    "wrong-vm",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("a position of two values", document(instance(1, ImagePositionPatient=["1", "2"]))),
        case("a list where one value is allowed", document(study={"StudyDescription": ["a", "b"]})),
    ),
    good=(
        case("three values", document(instance(1, ImagePositionPatient=["1", "2", "3"]))),
        case("one value of a list", document(series={"SoftwareVersions": ["1.06"]})),
    ),
)
