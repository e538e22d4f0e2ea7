"""Metadata documents of any size, grown from the headers of pydicom's bundled files.

Each series repeats one real header: per instance the UIDs, InstanceNumber, positions, times and frame ids
differ, all else is real, private elements and sequences included.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import is_private, key_of_tag, multi_valued
from curator.dicom.levels import Level, level_of

HEADERS = ("CT_small.dcm", "MR_small.dcm", "liver_1frame.dcm", "examples_ybr_color.dcm", "693_J2KI.dcm")

_NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"})
_BULK = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})


@cache
def header(name: str) -> bytes:
    """Return the levels of a bundled file as JSON: ``{Patient, Study, Series, Instances, VRs}``."""
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    path = get_testdata_file(name)
    assert isinstance(path, str)
    dataset = dcmread(path, stop_before_pixels=True)
    levels: dict[str, dict[str, Json]] = {level: {} for level in (*Level, "VRs")}
    model: dict[str, Any] = dataset.to_json_dict(suppress_invalid_tags=True)
    for text, element in model.items():
        tag = int(text, 16)
        levels[level_of(tag)][key_of_tag(tag)] = _value(tag, element)
        if is_private(tag):
            levels["VRs"][key_of_tag(tag)] = element["vr"]
    return msgspec.json.encode(levels)


def _value(tag: int, element: dict[str, Any]) -> Json:
    vr = element["vr"]
    if vr in _BULK:
        found: Json = element.get("InlineBinary")
        return found
    values = element.get("Value") or []
    if vr == "SQ":
        return [{key_of_tag(int(key, 16)): _value(int(key, 16), inner) for key, inner in item.items()}
                for item in values]  # fmt: skip
    plain: list[Json] = [_scalar(vr, value) for value in values]
    if multi_valued(tag) or len(plain) > 1:
        return plain or None
    return plain[0] if plain else None


def _scalar(vr: str, value: Any) -> Json:
    if vr == "PN" and isinstance(value, dict):
        return str(value.get("Alphabetic", ""))
    if vr in _NUMBERS:
        return int(value) if float(value).is_integer() else float(value)
    return "" if value is None else str(value)


def uid(*parts: object) -> str:
    """Return a UID of full length that stands for ``parts``."""
    return "2.25." + str(int(sha256(repr(parts).encode()).hexdigest(), 16))[:38]


def _instance(template: dict[str, Any], series: int, number: int) -> dict[str, Any]:
    sop = uid("sop", series, number)
    dicom = {
        **template["Instances"],
        "SOPInstanceUID": sop,
        "MediaStorageSOPInstanceUID": sop,
        "FrameOfReferenceUID": uid("frame of reference", series),
        "InstanceNumber": str(number + 1),
        "ImagePositionPatient": ["-158.135803", "-179.035797", f"{number * 1.25:.6f}"],
        "SliceLocation": f"{number * 1.25:.6f}",
        "ContentTime": f"{number // 3600 % 24:02}{number // 60 % 60:02}{number % 60:02}.5",
    }
    frame = {
        "ID": sha256(sop.encode()).hexdigest()[:32],
        "PixelDataChecksumFromBaseToFullResolution": [
            {"Width": 512 >> level, "Height": 512 >> level, "Checksum": (number * 2654435761 + level) % 2**32}
            for level in (3, 2, 1, 0)
        ],
        "MinPixelValue": 0,
        "MaxPixelValue": 4000 + number % 96,
        "FrameSizeInBytes": 524288,
    }
    return {
        "DICOM": dicom,
        "DICOMVRs": template["VRs"],
        "StoredTransferSyntaxUID": "1.2.840.10008.1.2.4.202",
        "ImageFrames": [frame],
    }


def big_document(instances: int = 1000, megabytes: float | None = None) -> bytes:
    """Return a document as JSON bytes with ``instances`` instances in five series.

    With ``megabytes`` there are as many instances as fill that, whatever ``instances`` says.
    """
    templates: list[dict[str, Any]] = [msgspec.json.decode(header(name)) for name in HEADERS]
    wanted = None if megabytes is None else int(megabytes * 1_000_000)
    groups: list[dict[str, Any]] = [{} for _ in templates]
    made = size = 0
    while made < instances if wanted is None else size < wanted:
        series = made % len(templates)
        instance = _instance(templates[series], series, made // len(templates))
        groups[series][instance["DICOM"]["SOPInstanceUID"]] = msgspec.Raw(
            raw := msgspec.json.encode(instance)
        )
        made, size = made + 1, size + len(raw) + 64
    return msgspec.json.encode(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "d" * 32,
            "ImageSetID": "a" * 32,
            "Patient": {"DICOM": templates[0]["Patient"]},
            "Study": {
                "DICOM": {**templates[0]["Study"], "StudyInstanceUID": uid("study")},
                "Series": {
                    uid("series", number): {
                        "DICOM": {**template["Series"], "SeriesInstanceUID": uid("series", number)},
                        "Instances": group,
                    }
                    for number, (template, group) in enumerate(zip(templates, groups, strict=True))
                    if group
                },
            },
        }
    )
