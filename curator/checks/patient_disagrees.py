"""The studies of one patient disagree on who the patient is.

## What it does
Compares every Patient element between the studies of a PatientID: birth date, sex, spellings of the name, issuer, and
the rest. What the series of one study disagree about is left to study-disagrees.

## Why is this bad?
Either two people share a PatientID, or one person is written in two ways. Both spoil pseudonyms, splits of training
data and follow-up.

## Example
PatientName is "Meier^Anna" in one study and "MEIER^ANNA" in another; PatientSex is F in one and M in the next.

## Fix safety
Review: the majority's value is proposed, none at a tie, and different people must not be made one. Safe where all that
differs is absent against empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from curator.checks.cases import ROOT, case, document, instance
from curator.checks.check import StoreCheck
from curator.checks.disagreement import Disagreement, disagreements, finding
from curator.checks.view import Scope, View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR104"
_IDENTITY: Final = frozenset(
    ("PatientName", "PatientBirthDate", "PatientSex", "IssuerOfPatientID", "PatientIdentityRemoved")
)
_UNLIKE: Final = re.compile(r"[\W_]+")


def run(view: View) -> Iterator[Finding]:
    """Yield one finding an element and patient."""
    for found, members in disagreements(view, Scope.PATIENT):
        identity = found.keyword in _IDENTITY and found.filled > 1
        result = finding(
            CODE, Severity.WARNING if identity else Severity.NOTE, found, members, Scope.PATIENT, "image set"
        )
        if found.keyword == "PatientName" and _one_name(found):
            spelled = f"PatientName: one name, spelled in {plural(found.filled, 'way')}"
            result = replace(
                result, message=f"{spelled} in the {plural(len(members), 'image set')} of a patient"
            )
        yield result


def _one_name(found: Disagreement) -> bool:
    """Tell whether the names differ in case, punctuation and order only."""
    names = {
        tuple(sorted(filter(None, _UNLIKE.split(str(variant.value).casefold()))))
        for variant in found.variants
        if variant.filled
    }
    return found.filled > 1 and len(names) == 1


_OTHER_STUDY = {"StudyInstanceUID": f"{ROOT}.2.2", "StudyDate": "20200303", "StudyID": "2"}
_OTHER_SERIES = {"SeriesInstanceUID": f"{ROOT}.3.2"}

CHECK = StoreCheck(
    CODE,
    "patient-disagrees",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "two spellings",
            document(instance(1)),
            document(
                instance(2), patient={"PatientName": "CASE^ANNA"}, study=_OTHER_STUDY, series=_OTHER_SERIES
            ),
        ),
        case(
            "two sexes",
            document(instance(1)),
            document(instance(2), patient={"PatientSex": "M"}, study=_OTHER_STUDY, series=_OTHER_SERIES),
        ),
        case(
            "two issuers",
            document(instance(1), patient={"IssuerOfPatientID": "A"}),
            document(
                instance(2), patient={"IssuerOfPatientID": "B"}, study=_OTHER_STUDY, series=_OTHER_SERIES
            ),
        ),
    ),
    good=(
        case(
            "two studies",
            document(instance(1)),
            document(instance(2), study=_OTHER_STUDY, series=_OTHER_SERIES),
        ),
        case(
            "patients without an id are not one patient",
            document(instance(1), patient={"PatientID": None}),
            document(
                instance(2),
                patient={"PatientID": None, "PatientSex": "M"},
                study=_OTHER_STUDY,
                series=_OTHER_SERIES,
            ),
        ),
    ),
)
