"""A metadata document taken apart for the catalogue: its parts with their hashes, and what is asked of it later.

Pure: bytes in, rows out. Runs in the threads that fetch. The document's shape is the guide's "Metadata normalization".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from curator.dicom import Json
from curator.errors import StoreError

_SPINE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SORTED: Final = msgspec.json.Encoder(order="sorted")
_REFERENCE_KEY: Final = b"ReferencedSOPInstanceUID"


@dataclass(frozen=True, slots=True)
class ReadInstance:
    """One instance: 64-bit hashes of its SOP Instance UID, of its elements, and of its pixels' checksums."""

    sop: int
    content: int
    pixels: int


@dataclass(frozen=True, slots=True)
class ReadSeries:
    """One series: the hashes of its parts, and what is counted of it."""

    uid: str
    series: bytes
    instances: bytes
    frames: int
    rows: tuple[ReadInstance, ...]


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A whole document: ``parts`` by hash (JSON text), ``head`` is what stands beside them."""

    patient: bytes
    study: bytes
    head: bytes
    series: tuple[ReadSeries, ...]
    parts: Mapping[bytes, bytes]
    columns: Mapping[str, str | int]
    references: frozenset[tuple[int, str, int]]
    size: int


def hash64(text: str | bytes) -> int:
    """Return a signed 64-bit hash, SQLite's integer: the short name of a UID or of a content in an index."""
    data = text.encode() if isinstance(text, str) else text
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def canonical_hash(value: object) -> bytes:
    """Return the hash of a JSON value in which the order of keys does not count."""
    return hashlib.blake2b(_SORTED.encode(value), digest_size=16).digest()


def plain(blob: bytes) -> bytes:
    """Return the JSON text of ``imageSetMetadataBlob``, which is gzip."""
    if blob[:2] != b"\x1f\x8b":
        return blob
    from isal import igzip

    return bytes(igzip.decompress(blob))  # type: ignore[no-untyped-call]


def read_document(blob: bytes) -> ReadDocument:
    """Take a metadata document apart. Raises `StoreError` if it has not the service's shape."""
    text = plain(blob)
    try:
        return _read(text)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError) as error:
        raise StoreError(
            f"a metadata document has not the shape of the service: {type(error).__name__}"
        ) from error


def _read(text: bytes) -> ReadDocument:
    top = _SPINE.decode(text)
    patient_node = _SPINE.decode(top.pop("Patient"))
    study_node = _SPINE.decode(top.pop("Study"))
    series_nodes = _SPINE.decode(study_node.pop("Series", msgspec.Raw(b"{}")))
    parts: dict[bytes, bytes] = {}
    patient_hash, patient = _keep(parts, patient_node)
    study_hash, study = _keep(parts, study_node)
    series_list: list[ReadSeries] = []
    references: set[tuple[int, str, int]] = set()
    first: dict[str, Json] = {}
    for uid, node_raw in series_nodes.items():
        node = _SPINE.decode(node_raw)
        instances_raw = bytes(node.pop("Instances", msgspec.Raw(b"{}")))
        series_hash, elements = _keep(parts, node)
        first = first or elements
        instances_hash = hashlib.blake2b(instances_raw, digest_size=16).digest()
        parts[instances_hash] = instances_raw
        rows, frames = _instances(instances_raw, references)
        series_list.append(ReadSeries(uid, series_hash, instances_hash, frames, rows))
    own = {row.sop for series in series_list for row in series.rows}
    columns = _columns(patient, study, first)
    columns["series_uid"] = next(iter(series_nodes), "")
    columns["instances"] = len(own)
    columns["frames"] = sum(series.frames for series in series_list)
    head = msgspec.json.encode(top)
    return ReadDocument(
        patient_hash,
        study_hash,
        head,
        tuple(series_list),
        parts,
        columns,
        frozenset(reference for reference in references if reference[0] not in own),
        len(text),
    )


def _keep(parts: dict[bytes, bytes], node: dict[str, msgspec.Raw]) -> tuple[bytes, dict[str, Json]]:
    """Keep a level's node as a part; return its hash and its elements."""
    raw = msgspec.json.encode(node)
    value = msgspec.json.decode(raw, type=dict[str, Any])
    digest = canonical_hash(value)
    parts[digest] = raw
    elements = value.get("DICOM")
    return digest, elements if isinstance(elements, dict) else {}


def _instances(raw: bytes, references: set[tuple[int, str, int]]) -> tuple[tuple[ReadInstance, ...], int]:
    rows: list[ReadInstance] = []
    frames = 0
    refers = _REFERENCE_KEY in raw
    for sop, node in msgspec.json.decode(raw, type=dict[str, dict[str, Any]]).items():
        pictures = node.pop("ImageFrames", None)
        checksums: list[Json] = []
        if isinstance(pictures, list):
            frames += len(pictures)
            checksums = [
                frame.get("PixelDataChecksumFromBaseToFullResolution") if isinstance(frame, dict) else None
                for frame in pictures
            ]
        content = hash64(_SORTED.encode(_content(node)))
        rows.append(ReadInstance(hash64(sop), content, hash64(_SORTED.encode(checksums))))
        dicom = node.get("DICOM")
        if refers and isinstance(dicom, dict):
            references.update(_references(dicom))
    return tuple(rows), frames


_OF_THE_FILE: Final = frozenset(
    (
        "FileMetaInformationGroupLength",
        "FileMetaInformationVersion",
        "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID",
        "TransferSyntaxUID",
        "ImplementationClassUID",
        "ImplementationVersionName",
        "SourceApplicationEntityTitle",
        "SendingApplicationEntityTitle",
        "ReceivingApplicationEntityTitle",
    )
)
"""Group 0002: how the file was written and sent, not what the instance says."""


def _content(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes an instance the same one: its attributes and private VRs, without its file's."""
    dicom = node.get("DICOM")
    elements = dicom if isinstance(dicom, dict) else {}
    return {
        "DICOM": {key: value for key, value in elements.items() if key not in _OF_THE_FILE},
        "DICOMVRs": node.get("DICOMVRs"),
    }


def _references(dicom: Mapping[str, Json]) -> Iterator[tuple[int, str, int]]:
    """Yield (hash of the SOP Instance UID referred to, sequence keywords on the way, hash of its series or 0)."""
    for key, value in dicom.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _item_references(item, key, 0)


def _item_references(item: Mapping[str, Json], via: str, series: int) -> Iterator[tuple[int, str, int]]:
    series_uid = item.get("SeriesInstanceUID")
    if isinstance(series_uid, str) and series_uid:
        series = hash64(series_uid)
    target = item.get("ReferencedSOPInstanceUID")
    if isinstance(target, str) and target:
        yield hash64(target), via, series
    for key, value in item.items():
        if isinstance(value, list):
            for below in value:
                if isinstance(below, dict):
                    yield from _item_references(below, f"{via}/{key}", series)


_COLUMNS: Final = (
    ("patient_id", 0, "PatientID"),
    ("patient_name", 0, "PatientName"),
    ("patient_sex", 0, "PatientSex"),
    ("birth_date", 0, "PatientBirthDate"),
    ("study_uid", 1, "StudyInstanceUID"),
    ("study_id", 1, "StudyID"),
    ("accession", 1, "AccessionNumber"),
    ("study_date", 1, "StudyDate"),
    ("study_description", 1, "StudyDescription"),
    ("series_number", 2, "SeriesNumber"),
    ("series_description", 2, "SeriesDescription"),
    ("modality", 2, "Modality"),
    ("body_part", 2, "BodyPartExamined"),
    ("manufacturer", 2, "Manufacturer"),
)


def _columns(
    patient: dict[str, Json], study: dict[str, Json], series: dict[str, Json]
) -> dict[str, str | int]:
    """Return the columns that lists show: text, empty where the element is absent or empty."""
    levels = (patient, study, series)
    columns: dict[str, str | int] = {name: _text(levels[level].get(key)) for name, level, key in _COLUMNS}
    columns["deidentified"] = int(_text(patient.get("PatientIdentityRemoved")).upper() == "YES")
    return columns


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, (list, dict)):
        return ""
    return str(value)
