"""Dates of one image set contradict each other.

## What it does
Compares birth, study, series, acquisition and content dates, and PatientAge with the years between birth and study.

## Why is this bad?
One of the two is wrong, and ages, intervals and the order of studies are computed from both.

## Example
PatientBirthDate after StudyDate; PatientAge 045Y in a study made 61 years after the birth date.

## Fix safety
Report only: which date is right cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.dicom.levels import Level
from curator.findings import Finding, Severity
from curator.imageset import ElementPath

CODE = "CUR305"

_MIDNIGHT: Final = 1
"""Days by which a part may precede its study: studies run over midnight, clocks differ."""
_YEARS_OFF: Final = 1
_OLDEST: Final = 125
"""Years: a birth date before that is a dummy."""


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for each pair of elements that cannot both be right."""
    tally = Tally(CODE, Severity.WARNING, subject)
    doc = subject.doc
    birth, study = _day(doc.patient.get("PatientBirthDate")), _day(doc.study.get("StudyDate"))
    if birth and study and birth > study:
        tally.add(ElementPath(Level.PATIENT, steps=("PatientBirthDate",)), "after StudyDate")
    age = _years(doc.study.get("PatientAge"))
    if birth and study and age is not None and birth <= study:
        lived = study.year - birth.year - ((study.month, study.day) < (birth.month, birth.day))
        if abs(lived - age) > _YEARS_OFF and lived <= _OLDEST:
            tally.add(
                ElementPath(Level.STUDY, steps=("PatientAge",)), "not the years between birth and study dates"
            )
    if study:
        for path, value in _parts(subject):
            day = _day(value)
            if day and (study - day).days > _MIDNIGHT:
                tally.add(path, "before StudyDate")
    yield from tally.findings()


def _parts(subject: Subject) -> Iterator[tuple[ElementPath, Json]]:
    """Yield the dates that cannot lie before the study's.

    AcquisitionDate and ContentDate of derived objects, whose sources may be older, are left out.
    """
    for uid, series in subject.doc.series.items():
        yield ElementPath(Level.SERIES, uid, steps=("SeriesDate",)), series.dicom.get("SeriesDate")
    for place, found in subject.images():
        kind = found.dicom.get("ImageType")
        if isinstance(kind, list) and kind[:1] == ["ORIGINAL"]:
            for keyword in ("AcquisitionDate", "ContentDate"):
                yield place.child(keyword), found.dicom.get(keyword)


def _day(value: Json) -> date | None:
    if not isinstance(value, str) or len(value.strip()) != 8 or not value.strip().isdigit():
        return None
    text = value.strip()
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _years(value: Json) -> int | None:
    text = value.strip() if isinstance(value, str) else ""
    # 000Y is a dummy, and infants' ages are in days, weeks and months
    return (
        int(text[:3]) if len(text) == 4 and text[:3].isdigit() and text[3] == "Y" and text != "000Y" else None
    )


CHECK = DocumentCheck(
    CODE,
    "contradicting-dates",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("born after the study", document(patient={"PatientBirthDate": "20200103"})),
        case(
            "twenty years too old",
            document(patient={"PatientBirthDate": "19900101"}, study={"PatientAge": "050Y"}),
        ),
        case("a series before its study", document(series={"SeriesDate": "20190102"})),
        case(
            "acquired before the study",
            document(instance(1, ImageType=["ORIGINAL", "PRIMARY"], AcquisitionDate="20190102")),
        ),
    ),
    good=(
        case("over midnight", document(series={"SeriesDate": "20200101"})),
        case(
            "an age that fits",
            document(patient={"PatientBirthDate": "19900101"}, study={"PatientAge": "030Y"}),
        ),
        case(
            "a derived object of older images",
            document(instance(1, ImageType=["DERIVED", "PRIMARY"], AcquisitionDate="20190102")),
        ),
    ),
)
