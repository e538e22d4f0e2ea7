"""Dummy values: constants of non-zero length, valid for their VR, that say nothing (PS3.15 E.1, action D)."""

from __future__ import annotations

from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import attribute, key_of_tag, multi_valued, vrs
from curator.dicom.iods import Type, required_in_items
from curator.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_TEXT: Final = "ANONYMIZED"
_DEEPEST: Final = 4
"""Macros that contain themselves stop here."""

_DUMMIES: Final[dict[str, Json]] = {
    "AE": _TEXT,
    "AS": "000D",
    "AT": "00000000",
    "CS": _TEXT,
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "FD": 0,
    "FL": 0,
    "IS": "0",
    "LO": _TEXT,
    "LT": _TEXT,
    "OB": "AAA=",
    "OD": "AAAAAAAAAAA=",
    "OF": "AAAAAA==",
    "OL": "AAAAAA==",
    "OV": "AAAAAAAAAAA=",
    "OW": "AAA=",
    "PN": _TEXT,
    "SH": _TEXT,
    "SL": 0,
    "SS": 0,
    "ST": _TEXT,
    "SV": 0,
    "TM": "000000",
    "UC": _TEXT,
    "UL": 0,
    "UN": "AAA=",
    "UR": "urn:anonymized",
    "US": 0,
    "UT": _TEXT,
    "UV": 0,
}

_CONTENT_SEQUENCE: Final = 0x0040A730
_WAVEFORM_ANNOTATION: Final = 0x0040B020
_FIXED: Final[dict[int, Json]] = {
    0x00020012: IMPLEMENTATION_CLASS_UID,  # E.1.1: the de-identifier's own
    0x00020013: IMPLEMENTATION_VERSION_NAME,
    0x00080201: "+0000",
    0x00100040: "O",  # PatientSex's defined terms leave no other word (PS3.3 C.7.1.1)
}


def dummy(tag: int, vr: str) -> Json:
    """Return the dummy of an attribute in the document's encoding: a list where the VM can exceed 1.

    Sequences have `dummy_item`; UIDs none (they are remapped), but for curator's own in the file meta.
    """
    if tag in _FIXED:
        return _FIXED[tag]
    value = _DUMMIES.get(vr, _TEXT)
    return [value] * _least(tag) if multi_valued(tag) else value


def _least(tag: int) -> int:
    """Return how many values the attribute has at least: 2 of ``2-n``, 3 of ``3``."""
    known = attribute(tag)
    least = known.vm.split("-")[0] if known is not None else "1"
    return int(least) if least.isdigit() else 1


def _comment() -> dict[str, Json]:
    """Return a comment without content: what is Type 1C of a content item hangs on its ValueType (PS3.3 C.17.3)."""
    concept: Json = [{"CodeValue": "121106", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Comment"}]
    return {
        "RelationshipType": "CONTAINS",
        "TextValue": _TEXT,
        "ValueType": "TEXT",
        "ConceptNameCodeSequence": concept,
    }


def dummy_item(sop_class: str, path: tuple[int, ...], uid: str, depth: int = 0) -> dict[str, Json]:
    """Return the one item of a dummy sequence: its macro's Type 1 attributes as dummies, Type 2 empty.

    ``path`` are the tags down to the sequence; ``uid`` fills UIDs that the macro requires.
    """
    if path[-1] == _CONTENT_SEQUENCE:
        return _comment()
    item: dict[str, Json] = {}
    for tag, kind in required_in_items(sop_class, path).items():
        vr = (vrs(tag) or ("UN",))[0]
        key = key_of_tag(tag)
        if kind is not Type.REQUIRED:
            item[key] = None
        elif vr == "SQ":
            item[key] = [dummy_item(sop_class, (*path, tag), uid, depth + 1)] if depth < _DEEPEST else None
        else:
            item[key] = uid if vr == "UI" else dummy(tag, vr)
    if path[-1] == _WAVEFORM_ANNOTATION:
        item["UnformattedTextValue"] = (
            _TEXT  # an annotation is a text or a concept (PS3.3 C.10.10): Type 1C, both
        )
    return item
