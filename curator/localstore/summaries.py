"""What SearchImageSets answers of an image set, written when a version comes to be seen."""

from __future__ import annotations

import re
import sqlite3

import msgspec

from curator.dicom import Json
from curator.localstore.content import unpack
from curator.localstore.database import OPEN

SEARCHED = {
    "DICOMPatientId": "PatientID",
    "DICOMPatientName": "PatientName",
    "DICOMPatientBirthDate": "PatientBirthDate",
    "DICOMPatientSex": "PatientSex",
    "DICOMStudyInstanceUID": "StudyInstanceUID",
    "DICOMStudyId": "StudyID",
    "DICOMStudyDescription": "StudyDescription",
    "DICOMAccessionNumber": "AccessionNumber",
    "DICOMStudyDate": "StudyDate",
    "DICOMStudyTime": "StudyTime",
    "DICOMSeriesInstanceUID": "SeriesInstanceUID",
    "DICOMSeriesModality": "Modality",
    "DICOMSeriesBodyPart": "BodyPartExamined",
}
"""``DICOMTags`` of a search's answer, and the attribute that each one shows."""


def study_moment(date: str | None, time: str | None) -> str:
    """Return a study's date and time as text that sorts: ``20120418152643.000000``; empty without a date."""
    if not date or not date.strip():
        return ""
    whole, _, fraction = (time or "").strip().replace(":", "").partition(".")
    return f"{date.strip()[:8]:<8}{whole[:6]:0<6}.{fraction[:6]:0<6}"


def summarise(connection: sqlite3.Connection, image_set: int) -> None:
    """Write what a search finds and answers of an image set, from its open rows; nothing for an empty one."""
    level = connection.execute(
        f"SELECT patient, study FROM level WHERE image_set = ? AND {OPEN}", (image_set,)
    ).fetchone()
    if level is None:
        return
    series = connection.execute(
        f"SELECT data FROM series WHERE image_set = ? AND {OPEN} ORDER BY number", (image_set,)
    ).fetchall()
    values: dict[str, Json] = {}
    for packed in (*level, *(data for (data,) in series[:1])):
        values.update(msgspec.json.decode(unpack(packed)))
    (instances,) = connection.execute(
        "SELECT count(*) FROM present WHERE image_set = ?", (image_set,)
    ).fetchone()
    tags: dict[str, Json] = {name: _text(values.get(keyword)) for name, keyword in SEARCHED.items()}
    number = _text(values.get("SeriesNumber"))
    tags["DICOMSeriesNumber"] = (
        int(number) if number and re.fullmatch(r"\s*[+-]?[0-9]{1,9}\s*", number) else None
    )
    tags["DICOMNumberOfStudyRelatedSeries"] = len(series)
    tags["DICOMNumberOfStudyRelatedInstances"] = instances
    _write_summary(connection, image_set, tags)


def _text(value: Json) -> str | None:
    """Return an attribute's value as a search answers it: text, of several values the first."""
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None or isinstance(value, dict | list) else str(value)


def _write_summary(connection: sqlite3.Connection, image_set: int, tags: dict[str, Json]) -> None:
    def text(name: str) -> str | None:
        value = tags[name]
        return value if isinstance(value, str) else None

    connection.execute(
        "INSERT OR REPLACE INTO summary SELECT image_set.pk, datastore, id, latest, created, version.updated,"
        " is_primary, ?, ?, ?, ?, ?, ?, ? FROM image_set"
        " JOIN version ON version.image_set = image_set.pk AND version = latest WHERE image_set.pk = ?",
        (
            text("DICOMPatientId"),
            text("DICOMAccessionNumber"),
            text("DICOMStudyId"),
            text("DICOMStudyInstanceUID"),
            text("DICOMSeriesInstanceUID"),
            study_moment(text("DICOMStudyDate"), text("DICOMStudyTime")),
            msgspec.json.encode({name: value for name, value in tags.items() if value is not None}),
            image_set,
        ),
    )
