"""An element that the IOD requires, if only empty, is absent.

## What it does
Looks for the Type 2 elements of the mandatory modules of each instance's IOD (PS3.3).

## Why is this bad?
Readers that rely on the standard fail on a missing key where they are ready for an empty value; and between image
sets of one series absent against empty is a disagreement.

## Example
An image without ReferringPhysicianName or AccessionNumber (both may be empty).

## Fix safety
Safe: the element is added empty, which says no more than its absence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.checks.type_1_missing import WHOLE
from curator.checks.types import addable
from curator.dicom import Json
from curator.dicom.iods import Type
from curator.findings import ABSENT, Change, Finding, Safety, Severity, Why

CODE = "CUR309"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element, with the change that adds it empty where that needs no force."""
    tally = Tally(CODE, Severity.NOTE, subject)
    for path, kind, _ in subject.missing:
        if kind is Type.MAY_BE_EMPTY:
            vr = addable(path)
            why = Why(CODE, "required by the IOD, empty where unknown", (("Type", "2"),))
            change = Change(path, ABSENT, None, vr, why, Safety.SAFE) if vr else None
            tally.add(path, "required (Type 2, may be empty) and absent", change=change)
    yield from tally.findings()


_PATIENT: Final[dict[str, Json]] = {"PatientBirthDate": None}
_STUDY: Final[dict[str, Json]] = {"StudyTime": None, "AccessionNumber": None, "ReferringPhysicianName": None}

CHECK = DocumentCheck(
    CODE,
    "type-2-absent",
    Severity.NOTE,
    __doc__,
    run,
    bad=(case("no AccessionNumber", document(instance(1, more=WHOLE), series={"Modality": "OT"})),),
    good=(
        case(
            "all there, some empty",
            document(
                instance(1, PatientOrientation=None, more=WHOLE),
                patient=_PATIENT,
                study=_STUDY,
                series={"Modality": "OT", "Laterality": None, "Manufacturer": None},
            ),
        ),
    ),
)
