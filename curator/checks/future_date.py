"""A date lies in the future.

## What it does
Finds dates and date-times, nested ones included, after the day after today.

## Why is this bad?
A clock was wrong, or two digits changed places: ages, intervals and follow-up come out wrong.

## Example
StudyDate 20910317 in a study of 2019.

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

CODE = "CUR306"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.WARNING, Kind.FUTURE)


CHECK = DocumentCheck(
    CODE,
    "future-date",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("a study of the next century", document(study={"StudyDate": "21000101"})),
        case("in a sequence", document(instance(1, ReferencedStudySequence=[{"StudyDate": "21000101"}]))),
    ),
    good=(case("a study of the past", document(study={"StudyDate": "19991231"})),),
)
