"""Small documents for tests: one study, one series, one instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curator.dicom import Json
from curator.imageset import ImageSetMetadata

CT = "1.2.840.10008.5.1.4.1.1.2"


def document(
    instance: Mapping[str, Any] | None = None,
    *,
    patient: Mapping[str, Any] | None = None,
    study: Mapping[str, Any] | None = None,
    series: Mapping[str, Any] | None = None,
    vrs: Mapping[str, str] | None = None,
) -> ImageSetMetadata:
    """Return the document; what is given comes over a patient Doe^Jane, MRN-4711, and a CT instance."""
    dicom: dict[str, Json] = {"SOPClassUID": CT, "SOPInstanceUID": "1.2.3.4", **(instance or {})}
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "d" * 32,
            "ImageSetID": "i" * 32,
            "Patient": {"DICOM": {"PatientName": "Doe^Jane", "PatientID": "MRN-4711", **(patient or {})}},
            "Study": {
                "DICOM": {"StudyInstanceUID": "1.2.3", "StudyDate": "20200131", **(study or {})},
                "Series": {
                    "1.2.3.9": {
                        "DICOM": {"SeriesInstanceUID": "1.2.3.9", "Modality": "CT", **(series or {})},
                        "Instances": {
                            "1.2.3.4": {"DICOM": dicom, "DICOMVRs": dict(vrs or {}), "ImageFrames": []}
                        },
                    }
                },
            },
        }
    )
