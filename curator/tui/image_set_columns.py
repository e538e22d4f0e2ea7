"""The columns of the image-set list: what can be shown of a row, and how its cells say it. No Textual in here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from curator.catalogue.rows import Row
from curator.tui.rows import Cell, Column

if TYPE_CHECKING:
    from curator.healthimaging import ImageSetSummary

COLUMNS: Final = (
    Column("patient_id", "Patient ID", 11, grow=2),
    Column("patient_name", "Patient name", 13, grow=3),
    Column("modality", "Mod", 6),
    Column("study_date", "Study date", 10),
    Column("study_description", "Study", 8, grow=4),
    Column("series_description", "Series", 14, grow=4),
    Column("accession", "Accession", 12),
    Column("instances", "Inst", 4, right=True),
    Column("version", "Ver", 3, right=True),
    Column("status", "Status", 10),
    Column("primary", "Primary", 7),
    Column("conflicts", "Confl", 5, right=True),
    Column("birth_date", "Birth date", 10),
    Column("patient_sex", "Sex", 3),
    Column("body_part", "Body part", 10),
    Column("manufacturer", "Manufacturer", 14, grow=1),
    Column("study_id", "Study ID", 10),
    Column("frames", "Frames", 7, right=True),
    Column("created_at", "Created", 16),
    Column("updated_at", "Updated", 16),
    Column("tier", "Storage tier", 14),
    Column("id", "Set id", 8),
)
BY_KEY: Final = {column.key: column for column in COLUMNS}
SHOWN: Final = (
    "patient_id", "patient_name", "modality", "study_date", "study_description", "instances", "version", "conflicts", "id",
)  # fmt: skip
"""The columns shown until somebody chooses others."""


def row_of(summary: ImageSetSummary) -> Row:
    """Return the row of what SearchImageSets tells; what only the document says stays empty."""
    dicom = summary.dicom

    def text(key: str) -> str:
        return str(dicom.get(key, "") or "").strip()

    return Row(
        id=summary.id,
        version=int(summary.version or 0),
        read=False,
        patient_id=text("DICOMPatientId"),
        patient_name=text("DICOMPatientName"),
        patient_sex=text("DICOMPatientSex"),
        birth_date=text("DICOMPatientBirthDate"),
        study_uid=text("DICOMStudyInstanceUID"),
        study_id=text("DICOMStudyId"),
        accession=text("DICOMAccessionNumber"),
        study_date=text("DICOMStudyDate"),
        study_description=text("DICOMStudyDescription"),
        series_uid=text("DICOMSeriesInstanceUID"),
        series_number=text("DICOMSeriesNumber"),
        series_description=text("DICOMSeriesDescription"),
        modality=text("DICOMSeriesModality"),
        body_part=text("DICOMSeriesBodyPart"),
        manufacturer="",
        instances=int(dicom.get("DICOMNumberOfStudyRelatedInstances") or 0),
        frames=0,
        size=0,
        state="",
        status="",
        message="",
        primary=summary.is_primary,
        conflicts=0,
        deidentified=False,
        deleted=False,
        created_at=summary.created_at.timestamp() if summary.created_at else 0.0,
        updated_at=summary.updated_at.timestamp() if summary.updated_at else 0.0,
        tier=summary.storage_tier,
    )


def date_text(value: str) -> str:
    """Return a DA value as people read it, anything else as it is."""
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 and value.isdigit() else value


def moment_text(seconds: float) -> str:
    """Return epoch seconds as local time to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def _primary(row: Row) -> Cell:
    return {True: ("yes", "good"), False: ("no", "warn"), None: ("", "dim")}[row.primary]


def _status(row: Row) -> Cell:
    if row.status.endswith("_FAILED"):
        return row.status, "bad"
    return row.status, "accent" if row.state == "LOCKED" else "good"


_CELLS: Final[dict[str, Callable[[Row], Cell]]] = {
    "patient_name": lambda row: (row.patient_name, "title"),
    "study_date": lambda row: date_text(row.study_date),
    "birth_date": lambda row: date_text(row.birth_date),
    "modality": lambda row: (row.modality, "accent"),
    "created_at": lambda row: (moment_text(row.created_at), "dim"),
    "updated_at": lambda row: (moment_text(row.updated_at), "dim"),
    "id": lambda row: (row.id[:8], "dim"),
    "tier": lambda row: (row.tier, "dim"),
    "status": _status,
    "primary": _primary,
    "instances": lambda row: f"{row.instances:,}" if row.instances else "",
    "frames": lambda row: f"{row.frames:,}" if row.frames else "",
    "version": lambda row: (str(row.version), "accent" if row.version > 1 else "dim"),
    "conflicts": lambda row: (str(row.conflicts), "bad") if row.conflicts else "",
}


def cells_of(row: Row, columns: Sequence[Column]) -> list[Cell]:
    """Return a row's cells, one for each of ``columns``."""
    return [
        _CELLS[column.key](row) if column.key in _CELLS else str(getattr(row, column.key))
        for column in columns
    ]
