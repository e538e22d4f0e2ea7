"""A code string is none of the attribute's terms.

## What it does
Compares code strings with the enumerated values and defined terms of PS3.3 (sex, laterality, modality, body part,
patient position, photometric interpretation and others).

## Why is this bad?
Searching by body part or laterality misses what is spelled otherwise; an enumerated value may not be extended at all.

## Example
BodyPartExamined "C-SPINE" or "Thorax^Lunge"; Laterality "LEFT".

## Fix safety
Safe where the value spells exactly one term in another case, with spaces or hyphens; otherwise report only. The
bundled rules of body part terms and laterality map the usual synonyms.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document
from curator.checks.check import DocumentCheck
from curator.checks.subject import Kind, Subject
from curator.checks.value_faults import told
from curator.findings import Finding, Severity

CODE = "CUR304"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and reason."""
    yield from told(subject, CODE, Severity.WARNING, Kind.TERM, Kind.ENUMERATED)


CHECK = DocumentCheck(
    CODE,
    "unknown-term",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("a sex that is none", document(patient={"PatientSex": "X"})),
        case("a body part with a space", document(series={"BodyPartExamined": "L SPINE"})),
    ),
    good=(
        case("terms", document(series={"BodyPartExamined": "LSPINE", "Laterality": "L"})),
        case("empty", document(patient={"PatientSex": None})),
    ),
)
