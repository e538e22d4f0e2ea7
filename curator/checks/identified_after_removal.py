"""Identifying elements are filled although PatientIdentityRemoved says YES.

## What it does
In image sets that say their patient's identity was removed, finds filled elements that no option of PS3.15 retains:
addresses, phone numbers, other ids and names, physicians, operators, accession numbers. Dummies (ANON, REMOVED, 0 …)
are left out.

## Why is this bad?
The mark is read as "safe to share". What it promises does not hold.

## Example
PatientIdentityRemoved YES and ReferringPhysicianName "Kurz^Otto".

## Fix safety
Report only: `deidentify` cleans the set and proves it; older versions keep what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.disagreement import shown
from curator.checks.subject import Subject
from curator.dicom.confidentiality import Option, table
from curator.dicom.dictionary import tag_of_key, vrs
from curator.findings import Finding, Severity

CODE = "CUR501"
_TEXTUAL: Final = frozenset(("PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "UR"))
_PSEUDONYMS: Final = frozenset(("PatientName", "PatientID", "StudyID", "ClinicalTrialSubjectID"))
"""Elements that a de-identified object fills with a pseudonym: what stands there cannot be judged."""
_DUMMY: Final = re.compile(
    r"\s*(.*anon.*|.*remov.*|.*redact.*|.*de-?ident.*|.*dummy.*|.*pseudo.*|unknown|none|null|n/?a|no name|[x0?*^ .-]*|curator.*)\s*",
    re.IGNORECASE,
)
_LEAST: Final = 4
"""Shorter values ("1", "A") stand everywhere and identify nobody (deidentification: "Verification")."""
_DESCRIBING: Final = re.compile(
    r"^ClinicalTrial|Description|Comments|Protocol|Reason|Contrast|Occupation|Language|Status|History"
)
"""What the Clean Descriptors option may keep cleaned: patient-echo looks into those."""


@cache
def _identifying(key: str) -> bool:
    """Tell whether the basic profile removes or empties the element and no option keeps it."""
    tag = tag_of_key(key)
    row = None if tag is None or key in _PSEUDONYMS else table().row(tag)
    if row is None or tag is None or tag >> 16 & 1 or not _TEXTUAL.intersection(vrs(tag)):
        return False
    kept = {option for option, action in row.options.items() if option is not Option.RETAIN_SAFE_PRIVATE}
    return row.basic[:1] in ("X", "Z") and not kept and not _DESCRIBING.search(key)


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element."""
    if not subject.deidentified:
        return
    tally = Tally(CODE, Severity.WARNING, subject)
    for path, value in subject.doc.elements():
        if value and not isinstance(value, dict) and _identifying(path.key):
            texts = value if isinstance(value, list) else [value]
            if any(
                isinstance(text, str) and len(text) >= _LEAST and not _DUMMY.fullmatch(text) for text in texts
            ):
                tally.add(path, "filled although PatientIdentityRemoved is YES", shown(value))
    yield from tally.findings()


_MARKED = {"PatientIdentityRemoved": "YES"}

CHECK = DocumentCheck(
    CODE,
    "identified-after-removal",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("a physician", document(patient=_MARKED, study={"ReferringPhysicianName": "Kurz^Otto"})),
        case(
            "nested",
            document(
                instance(1, RequestAttributesSequence=[{"RequestingPhysician": "Kurz^O"}]), patient=_MARKED
            ),
        ),
        case("an accession number", document(patient=_MARKED, study={"AccessionNumber": "A2020123"})),
    ),
    good=(
        case("identified, and says so", document(study={"ReferringPhysicianName": "Kurz^Otto"})),
        case(
            "dummies",
            document(patient=_MARKED, study={"ReferringPhysicianName": "ANON", "AccessionNumber": "0"}),
        ),
    ),
)
