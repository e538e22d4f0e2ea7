"""One StudyInstanceUID stands under two patients.

## What it does
Finds every StudyInstanceUID whose series name different PatientIDs, where no single series does so itself.

## Why is this bad?
A study is of one patient. Either a PatientID was corrected in some series only, or images of two people were merged.

## Example
Three series of a study say PatientID P1, the fourth, sent from a workstation, says P1-OLD.

## Fix safety
Report only: which PatientID is right cannot be told from the headers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.view import Scope, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR106"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding a study."""
    for members in view.misplaced(Scope.STUDY):
        patients: dict[str, set[str]] = defaultdict(set)
        for member in members:
            patients[member.series_uid].add(member.patient_id)
        whole = {next(iter(ids)) for ids in patients.values() if len(ids) == 1}
        if len(patients) > 1 and len(whole) > 1:
            yield Finding(
                CODE,
                Severity.ERROR,
                f"one StudyInstanceUID stands under {plural(len(whole), 'patient')}",
                tuple(dict.fromkeys(member.set.ref for member in members)),
                evidence=tuple(
                    (member.set.id, f"patient {member.patient_id or '(empty)'}") for member in members
                ),
                proposal="find out whose study it is; then align PatientID",
            )


_SECOND = {"SeriesInstanceUID": f"{ROOT}.3.2"}

CHECK = StoreCheck(
    CODE,
    "study-under-two-patients",
    Severity.ERROR,
    __doc__,
    run,
    bad=(
        case(
            "a series of another patient",
            document(instance(1)),
            document(instance(2), patient={"PatientID": "P2"}, series=_SECOND),
        ),
    ),
    good=(
        case("two series of one patient", document(instance(1)), document(instance(2), series=_SECOND)),
        case(
            "two patients",
            document(),
            document(
                instance(2),
                patient={"PatientID": "P2"},
                study={"StudyInstanceUID": f"{ROOT}.2.2"},
                series=_SECOND,
            ),
        ),
    ),
)
