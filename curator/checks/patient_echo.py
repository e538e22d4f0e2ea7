"""Free text repeats the patient's name, number or birth date.

## What it does
Searches every text element outside the patient's own ones, at any depth and in private elements, for the parts of the
patient's names, the PatientID, the accession number and the birth date, on the borders of words, without regard to
case and accents.

## Why is this bad?
De-identification by a list of elements leaves it behind. It is where identifiers survive in practice.

## Example
ImageComments "Mrs. Meier, follow-up", ProtocolName "MEIER KNEE".

## Fix safety
Report only: `deidentify` cleans such text; single values are decided with `curator values`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key, vrs
from curator.findings import Finding, Severity
from curator.imageset import ElementPath

CODE = "CUR504"
_TEXT: Final = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "UN"))
_NUMBERS: Final = re.compile(
    r"ID$|IDs$|Identifier$|Number$|UID$|PatientName|PatientBirth|OtherPatient|Issuer|Trial|MethodCode|^CodeValue$|SerialNumber"
    r"|DeidentificationMethod|SoftwareVersions|StationName|Manufacturer"
)
"""Elements that hold an identifier by nature, or nothing of a person: no echo."""
_LEAST: Final = 4
_PLACEHOLDERS: Final = frozenset(
    (
        "test",
        "anon",
        "anonymous",
        "anonymized",
        "phantom",
        "patient",
        "name",
        "firstname",
        "lastname",
        "sample",
    )
)
"""Parts of names that are nobody's."""
_WORD: Final = re.compile(r"[^\W_]+")


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element and kind of identifier."""
    identifiers = _identifiers(subject)
    if not identifiers:
        return
    tally = Tally(CODE, Severity.WARNING if subject.deidentified else Severity.NOTE, subject)
    verdicts: dict[str, str] = {}
    for place in subject.doc.places():
        node = subject.doc.attributes(place) or {}
        found = subject.doc.instance(place.instance) if place.instance else None
        for path, text in _texts(place, node, found.vrs if found else {}):
            if text not in verdicts:
                verdicts[text] = _echo(text, identifiers)
            if verdicts[text]:
                tally.add(path, f"repeats the patient's {verdicts[text]}", text)
    yield from tally.findings()


def _identifiers(subject: Subject) -> dict[tuple[str, ...], str]:
    """Return what identifies the patient, as sequences of folded words → what it is."""
    patient, study = subject.doc.patient, subject.doc.study
    found: dict[tuple[str, ...], str] = {}
    names = [
        patient.get("PatientName"),
        *_list(patient.get("OtherPatientNames")),
        patient.get("PatientBirthName"),
    ]
    for name in names:
        for part in _words(str(name or "")):
            if len(part) >= _LEAST and not part.isdigit() and part not in _harmless():
                found[part,] = "name"
    for value, what in ((patient.get("PatientID"), "ID"), (study.get("AccessionNumber"), "accession number")):
        words = _words(str(value or ""))
        if words and len("".join(words)) >= _LEAST and not _harmless().issuperset(words):
            found[words] = what
    birth = str(patient.get("PatientBirthDate") or "").strip()
    if len(birth) == 8 and birth.isdigit() and birth[4:] != "0101":
        year, month, day = birth[:4], birth[4:6], birth[6:]
        for words in ((birth,), (year, month, day), (day, month, year), (month, day, year)):
            found[words] = "birth date"
    return found


def _echo(text: str, identifiers: Mapping[tuple[str, ...], str]) -> str:
    """Return which of the identifiers stands in the text, "" for none."""
    words = _words(text)
    for form, what in identifiers.items():
        size, at = len(form), -1
        while form[0] in words[at + 1 :]:
            at = words.index(form[0], at + 1)
            if words[at : at + size] == form:
                return what
    return ""


def _texts(
    place: ElementPath, node: Mapping[str, Json], private: Mapping[str, str]
) -> Iterator[tuple[ElementPath, str]]:
    for key, value in node.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _texts(place.child(key, number), item, {})
        elif value and _is_text(key, private.get(key, "")):
            for text in _list(value):
                if isinstance(text, str):
                    yield place.child(key), text


@cache
def _is_text(key: str, private_vr: str) -> bool:
    if private_vr:
        return private_vr in _TEXT or private_vr == "PN"
    tag = tag_of_key(key)
    return tag is not None and not _NUMBERS.search(key) and not _TEXT.isdisjoint(vrs(tag))


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _words(text: str) -> tuple[str, ...]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return tuple(_WORD.findall(plain))


@cache
def _harmless() -> frozenset[str]:
    """Words that descriptions hold anyway: a patient called Head is no news in a head study; and nobody's names."""
    from curator.dicom._vocabulary import WORDS

    return frozenset(WORDS.split()) | _PLACEHOLDERS


_NAMED = {"PatientName": "Mustermann^Erika", "PatientID": "MRN-4711-0815", "PatientBirthDate": "19640812"}

CHECK = DocumentCheck(
    CODE,
    "patient-echo",
    Severity.NOTE,
    __doc__,
    run,
    bad=(
        case("in comments", document(instance(1, ImageComments="Mrs. MUSTERMANN, again"), patient=_NAMED)),
        case(
            "an id in a description",
            document(patient=_NAMED, study={"StudyDescription": "CT for mrn 4711 0815"}),
        ),
        case(
            "nested",
            document(
                instance(1, RequestAttributesSequence=[{"RequestedProcedureDescription": "of Erika"}]),
                patient=_NAMED,
            ),
        ),
        case(
            "private",
            document(
                instance(
                    1,
                    {"00990010": "LO", "00991001": "LO"},
                    more={"00990010": "X", "00991001": "Mustermann^Erika"},
                ),
                patient=_NAMED,
            ),
        ),
        case("a birth date", document(instance(1, ImageComments="born 12.08.1964"), patient=_NAMED)),
    ),
    good=(
        case("other words", document(instance(1, ImageComments="Musterung of the knee"), patient=_NAMED)),
        case(
            "a name that is a body part",
            document(instance(1, ImageComments="head"), patient={"PatientName": "Head"}),
        ),
    ),
)
