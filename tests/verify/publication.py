"""Make documents of files and of plain attributes, and publish them as the engine says, without a store."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from curator.deid import Engine, Profile, Subject, subject
from curator.deid.keyed import Keyed
from curator.dicom import Json
from curator.dicom.levels import Level
from curator.imageset import ImageSetMetadata
from curator.localstore.dicomfile.decode import DecodedFile, decode
from curator.verify import Claim, Held, Verification, verify

CT = "1.2.840.10008.5.1.4.1.1.2"


def keyed_with(key: bytes) -> Keyed:
    """Return the keyed digests of one key."""

    def keyed(domain: str) -> Callable[[bytes], bytes]:
        subkey = hmac.digest(key, domain.encode(), "sha256")
        return lambda data: hmac.digest(subkey, data, "sha256")

    return keyed


@cache
def decoded(path: Path) -> DecodedFile:
    """Return a file's levels; do not change them."""
    return decode(path.read_bytes())


def tree(file: DecodedFile, frame_id: str = "f" * 32) -> dict[str, Any]:
    """Return the document that a file of one instance becomes."""
    frames: list[Json] = []
    if file.pixels is not None:
        sums: list[Json] = [{"Width": 1, "Height": 1, "Checksum": 12345}]
        frames = [{"ID": frame_id, "PixelDataChecksumFromBaseToFullResolution": sums, "FrameSizeInBytes": 2}]
    series, sop = str(file.series.get("SeriesInstanceUID")), str(file.instance.get("SOPInstanceUID"))
    instance = {"DICOM": dict(file.instance), "DICOMVRs": dict(file.vrs), "ImageFrames": frames}
    return {
        "SchemaVersion": "1.1",
        "DatastoreID": "d" * 32,
        "ImageSetID": "a" * 32,
        "Patient": {"DICOM": dict(file.patient)},
        "Study": {
            "DICOM": dict(file.study),
            "Series": {series: {"DICOM": dict(file.series), "Instances": {sop: instance}}},
        },
    }


def publish(document: ImageSetMetadata, engine: Engine, about: Subject) -> ImageSetMetadata:
    """Return the published document: what the engine says, under the keys that follow from it."""
    patient: dict[str, Json] = {}
    study: dict[str, Json] = {}
    series: dict[str, Any] = {}
    for each in engine.levels(document, about):
        if each.place.level is Level.PATIENT:
            patient = each.after
        elif each.place.level is Level.STUDY:
            study = each.after
        elif each.place.level is Level.SERIES:
            series[engine.remap(each.place.series) if _remaps(engine) else each.place.series] = {
                "DICOM": each.after,
                "Instances": {},
            }
        else:
            found = document.series[each.place.series].instances[each.place.instance]
            holder = series[engine.remap(each.place.series) if _remaps(engine) else each.place.series]
            sop = engine.remap(each.place.instance) if _remaps(engine) else each.place.instance
            holder["Instances"][sop] = {
                "DICOM": each.after,
                "DICOMVRs": {key: vr for key, vr in found.vrs.items() if key in each.after},
                "ImageFrames": list(found.frames),
            }
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "d" * 32,
            "ImageSetID": "b" * 32,
            "Patient": {"DICOM": patient},
            "Study": {"DICOM": study, "Series": series},
        }
    )


def _remaps(engine: Engine) -> bool:
    return "113110" not in {str(option) for option in engine.profile.options}


def claim_of(profile: Profile, documents: Sequence[ImageSetMetadata] = (), **others: Any) -> Claim:
    """Return what a publication by this profile claims; pixels are cleared, as no test looks at them."""
    return Claim(
        options=profile.options,
        overrides={tag: override.code for tag, override in profile.overrides.items()},
        cleared=frozenset(sop for document in documents for _, sop, _ in document.instances()),
        **others,
    )


def proved(
    documents: Sequence[ImageSetMetadata],
    profile: Profile,
    keyed: Keyed,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[Verification, list[ImageSetMetadata]]:
    """Publish one subject's documents and verify; ``change`` tampers with each published tree before."""
    engine = Engine(profile, keyed)
    about = subject(documents, profile, keyed)
    published = []
    for document in documents:
        made = publish(document, engine, about)
        if change is not None:
            plain: dict[str, Any] = made.to_json()
            change(plain)
            made = ImageSetMetadata.from_json(plain)
        published.append(made)
    originals = [Held(f"set {number}", "1", each) for number, each in enumerate(documents)]
    results = [Held(f"copy {number}", "1", each) for number, each in enumerate(published)]
    return verify(originals, results, claim_of(profile, documents)), published


def document(
    instance: Mapping[str, Any] | None = None,
    *,
    patient: Mapping[str, Any] | None = None,
    study: Mapping[str, Any] | None = None,
    series: Mapping[str, Any] | None = None,
    vrs: Mapping[str, str] | None = None,
    sop: str = "1.2.3.4.5.6",
) -> ImageSetMetadata:
    """Return a document of one CT instance with a named patient."""
    dicom = {"SOPClassUID": CT, "SOPInstanceUID": sop, **(instance or {})}
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "d" * 32,
            "ImageSetID": "a" * 32,
            "Patient": {
                "DICOM": {
                    "PatientName": "Ferguson^Adelaide",
                    "PatientID": "MRN-0047119",
                    "PatientBirthDate": "19600102",
                    **(patient or {}),
                }
            },
            "Study": {
                "DICOM": {"StudyInstanceUID": "1.2.3.4.77", "StudyDate": "20200131", **(study or {})},
                "Series": {
                    "1.2.3.4.5": {
                        "DICOM": {"SeriesInstanceUID": "1.2.3.4.5", "Modality": "CT", **(series or {})},
                        "Instances": {sop: {"DICOM": dicom, "DICOMVRs": dict(vrs or {}), "ImageFrames": []}},
                    }
                },
            },
        }
    )
