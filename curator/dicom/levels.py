"""At which level of the metadata document an attribute stands, and which attributes group image sets."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from curator.dicom import _levels

__all__ = ["GROUPING", "LEVEL_TAGS", "Level", "level_of"]


class Level(StrEnum):
    """A level of the metadata document; the value is the document's own word for it."""

    PATIENT = "Patient"
    STUDY = "Study"
    SERIES = "Series"
    INSTANCE = "Instances"


LEVEL_TAGS: Final[dict[Level, frozenset[int]]] = {
    Level.PATIENT: _levels.PATIENT,
    Level.STUDY: _levels.STUDY,
    Level.SERIES: _levels.SERIES,
}

_LEVELS: Final[dict[int, Level]] = {tag: level for level, tags in LEVEL_TAGS.items() for tag in tags}

GROUPING: Final[dict[int, Level]] = {
    0x00080020: Level.STUDY,  # StudyDate
    0x00080050: Level.STUDY,  # AccessionNumber
    0x00100020: Level.PATIENT,  # PatientID
    0x0020000D: Level.STUDY,  # StudyInstanceUID
    0x0020000E: Level.SERIES,  # SeriesInstanceUID
    0x00200010: Level.STUDY,  # StudyID
    0x00200011: Level.SERIES,  # SeriesNumber
}
"""The seven elements that split an import into image sets (guide, "Understanding import jobs")."""


def level_of(tag: int) -> Level:
    """Return the level on which the service keeps ``tag``; whatever no list names is the instance's."""
    return _LEVELS.get(tag, Level.INSTANCE)
