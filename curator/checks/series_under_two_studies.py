"""One SeriesInstanceUID stands under two studies or two patients.

## What it does
Finds every SeriesInstanceUID whose image sets name different StudyInstanceUIDs or PatientIDs.

## Why is this bad?
UIDs are unique: one of the two is a wrong merge, a copied file whose UIDs were not renewed, or a PatientID corrected
in one half only. Images of one person may be shown under another's name.

## Example
A series of patient P1 was sent again after the PatientID had been corrected to P2: it now stands under both.

## Fix safety
Report only: which side is right cannot be told from the images' headers.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.view import Member, Scope, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR105"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a series."""
    for members in view.misplaced(Scope.SERIES):
        studies = len({member.study_uid for member in members})
        patients = len({member.patient_id for member in members})
        places = [
            plural(*counted)
            for counted in ((studies, "study", "studies"), (patients, "patient", "patients"))
            if counted[0] > 1
        ]
        if places:
            yield Finding(
                CODE,
                Severity.ERROR,
                f"one SeriesInstanceUID stands under {' and '.join(places)}",
                tuple(member.set.ref for member in members),
                evidence=tuple(dict.fromkeys(_place(member) for member in members)),
                proposal="find out which is right; then update or delete the other",
            )


def _place(member: Member) -> tuple[str, str]:
    where = f"patient {member.patient_id or '(empty)'}, study {member.study_uid}"
    return f"{plural(member.instances, 'instance')} in {member.set.id}", where


CHECK = StoreCheck(
    CODE,
    "series-under-two-studies",
    Severity.ERROR,
    __doc__,
    run,
    bad=(
        case("two patients", document(instance(1)), document(instance(2), patient={"PatientID": "P2"})),
        case(
            "two studies",
            document(instance(1)),
            document(instance(2), study={"StudyInstanceUID": f"{ROOT}.2.2"}),
        ),
    ),
    good=(case("a torn series of one study", document(instance(1)), document(instance(2))),),
)
