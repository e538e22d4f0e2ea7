"""An instance's attributes as the DICOM JSON model (PS3.18 annex F)."""

from __future__ import annotations

from collections.abc import Mapping

from curator.dicom import Json, dictionary
from curator.localstore.dicomfile.values import BINARY
from curator.localstore.dicomfile.writer import vr_to_write

__all__ = ["dicom_json"]

_ABSENT = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


def dicom_json(values: Mapping[str, Json], vrs: Mapping[str, Json]) -> dict[str, Json]:
    """Return the data set: tag → ``vr`` and ``Value`` or ``InlineBinary``, ordered; pixel data left out."""
    found: dict[int, Json] = {}
    for key, value in values.items():
        tag = dictionary.tag_of_key(key)
        if tag is not None and tag not in _ABSENT:
            found[tag] = _attribute(tag, value, values, vrs)
    return {f"{tag:08X}": found[tag] for tag in sorted(found)}


def _attribute(tag: int, value: Json, values: Mapping[str, Json], vrs: Mapping[str, Json]) -> dict[str, Json]:
    vr = vr_to_write(tag, value, values, vrs)
    made: dict[str, Json] = {"vr": vr}
    if value is None or value in ("", []):
        return made
    if vr in BINARY and isinstance(value, str):
        made["InlineBinary"] = value
    else:
        listed = value if isinstance(value, list) else [value]
        made["Value"] = [_value(vr, one) for one in listed]
    return made


def _value(vr: str, value: Json) -> Json:
    if vr == "SQ":
        return dicom_json(value, {}) if isinstance(value, dict) else {}
    if value == "":
        return None
    if vr == "PN" and isinstance(value, str):
        groups = zip(("Alphabetic", "Ideographic", "Phonetic"), value.split("="), strict=False)
        return {name: part for name, part in groups if part}
    if vr in ("DS", "IS") and isinstance(value, str):
        return _number(vr, value)
    return value


def _number(vr: str, value: str) -> Json:
    """Return the number that a decimal or integer string is; text that is none stays text (PS3.18 F.2.3)."""
    try:
        number = int(value) if vr == "IS" else float(value)
    except ValueError:
        return value
    return number if abs(number) < 2**63 else value
