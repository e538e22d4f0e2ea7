"""Small data stores that travel with the checks: what each must catch, and what it must leave alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from curator.dicom import Json

ROOT: Final = "1.2.826.0.1.3680043.10.1"
"""Prefix of the UIDs in cases."""
CT: Final = "1.2.840.10008.5.1.4.1.1.2"
SC: Final = "1.2.840.10008.5.1.4.1.1.7"
NOW: Final = 1_750_000_000.0
"""The moment at which cases are checked (2025-06-15)."""

Elements = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image set of a case: its document, and what the service says of it."""

    document: Mapping[str, Json]
    state: str = "ACTIVE"
    status: str = "CREATED"
    primary: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    updated_at: float = NOW - 86_400


@dataclass(frozen=True, slots=True)
class Case:
    """A store of few image sets, and in words what is the matter (or is not)."""

    name: str
    samples: tuple[Sample, ...]


def case(name: str, *samples: Sample | Mapping[str, Json]) -> Case:
    """Return a case; a plain document is a sample in the usual state."""
    return Case(name, tuple(each if isinstance(each, Sample) else Sample(each) for each in samples))


def instance(
    number: int = 1,
    private: Mapping[str, str] | None = None,
    *,
    frames: int = 1,
    more: Elements | None = None,
    **elements: Json,
) -> dict[str, Json]:
    """Return one instance; ``elements`` and ``more`` replace or add attributes; ``private``: VRs by key."""
    dicom: dict[str, Json] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": f"{ROOT}.9.{number}",
        "InstanceNumber": str(number),
        **(more or {}),
        **elements,
    }
    pictures: list[Json] = [
        {
            "ID": f"{number:016d}{at:016d}",
            "PixelDataChecksumFromBaseToFullResolution": [
                {"Width": 2, "Height": 2, "Checksum": number * 1000 + at}
            ],
            "MinPixelValue": 0,
            "MaxPixelValue": 1,
            "FrameSizeInBytes": 8,
        }
        for at in range(frames)
    ]
    return {"DICOM": dicom, "DICOMVRs": dict(private or {}), "ImageFrames": pictures}


def document(
    *instances: dict[str, Json],
    patient: Elements | None = None,
    study: Elements | None = None,
    series: Elements | None = None,
) -> dict[str, Json]:
    """Return a metadata document with one series; level elements replace or add to the usual ones."""
    series_elements: dict[str, Json] = {
        "Modality": "CT",
        "SeriesInstanceUID": f"{ROOT}.3.1",
        "SeriesNumber": "1",
        **(series or {}),
    }
    study_elements: dict[str, Json] = {
        "StudyInstanceUID": f"{ROOT}.2.1",
        "StudyDate": "20200102",
        "StudyID": "1",
        **(study or {}),
    }
    patient_elements: dict[str, Json] = {
        "PatientID": "P1",
        "PatientName": "Case^Anna",
        "PatientSex": "F",
        **(patient or {}),
    }
    given: Sequence[dict[str, Json]] = instances or (instance(),)
    nodes: dict[str, Json] = {_sop(each): each for each in given}
    return {
        "SchemaVersion": "1.1",
        "DatastoreID": "0" * 32,
        "ImageSetID": "0" * 32,
        "Patient": {"DICOM": patient_elements},
        "Study": {
            "DICOM": study_elements,
            "Series": {
                str(series_elements["SeriesInstanceUID"]): {"DICOM": series_elements, "Instances": nodes}
            },
        },
    }


def _sop(node: dict[str, Json]) -> str:
    dicom = node["DICOM"]
    return str(dicom["SOPInstanceUID"]) if isinstance(dicom, dict) else ""
