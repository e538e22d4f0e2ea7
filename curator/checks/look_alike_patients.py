"""Two PatientIDs look alike and seem to be one patient.

## What it does
Finds PatientIDs that differ only in case, spaces, punctuation, leading zeros or letters that look like digits (O and 0,
I, L and 1), and whose patients share a name or a birth date.

## Why is this bad?
One person becomes two: follow-up is lost, and a split of data by patient puts the same person on both sides.
De-identification gives the two different pseudonyms.

## Example
PatientID 98890234 in one study and 9889O234 in the next, both of the same name.

## Fix safety
Report only: harmonise the ids with a rule file and a CSV, or leave them if they are two people.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.view import PatientUse, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR109"
_LOOKS: Final = str.maketrans("oil", "011")
_NOT_WORD: Final = re.compile(r"[\W_]+")


def run(view: View) -> Iterator[Finding]:
    """Yield one finding for each group of ids that look alike."""
    groups: dict[str, list[PatientUse]] = defaultdict(list)
    for use in view.patients():
        groups[_NOT_WORD.sub("", use.patient_id.casefold()).translate(_LOOKS).lstrip("0")].append(use)
    for looks, uses in groups.items():
        ids = {use.patient_id for use in uses}
        if looks and len(ids) > 1 and _one_person(uses):
            total = sum(use.count for use in uses)
            yield Finding(
                CODE,
                Severity.WARNING,
                f"{plural(len(ids), 'PatientID')} that look alike, of one name or birth date,"
                f" in {plural(total, 'image set')}",
                tuple(dict.fromkeys(ref for use in uses for ref in use.sets)),
                evidence=tuple((plural(use.count, "image set"), use.patient_id) for use in uses),
                proposal="harmonise the PatientIDs",
            )


def _one_person(uses: Sequence[PatientUse]) -> bool:
    """Tell whether two different ids share a name (spelled in any way) or a birth date."""
    for said in (_name, lambda use: use.birth_date):
        holders: dict[object, set[str]] = defaultdict(set)
        for use in uses:
            if said(use):
                holders[said(use)].add(use.patient_id)
        if any(len(ids) > 1 for ids in holders.values()):
            return True
    return False


def _name(use: PatientUse) -> str:
    return " ".join(sorted(filter(None, _NOT_WORD.split(use.name.casefold()))))


_OTHER: Final = {"StudyInstanceUID": f"{ROOT}.2.2"}
_SERIES: Final = {"SeriesInstanceUID": f"{ROOT}.3.2"}

CHECK = StoreCheck(
    CODE,
    "look-alike-patients",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "a letter for a digit",
            document(patient={"PatientID": "100"}),
            document(instance(2), patient={"PatientID": "1OO"}, study=_OTHER, series=_SERIES),
        ),
        case(
            "leading zeros and another spelling of the name",
            document(patient={"PatientID": "0042"}),
            document(
                instance(2),
                patient={"PatientID": "42", "PatientName": "CASE ANNA"},
                study=_OTHER,
                series=_SERIES,
            ),
        ),
    ),
    good=(
        case(
            "two people",
            document(patient={"PatientID": "0042"}),
            document(
                instance(2),
                patient={"PatientID": "42", "PatientName": "Other^Otto"},
                study=_OTHER,
                series=_SERIES,
            ),
        ),
        case(
            "one id",
            document(patient={"PatientID": "42"}),
            document(instance(2), patient={"PatientID": "42"}, study=_OTHER, series=_SERIES),
        ),
    ),
)
