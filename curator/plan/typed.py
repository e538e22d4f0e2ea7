"""Values as people type them, under a VR, as the JSON that HealthImaging holds, and back.

The backslash parts values, a sequence is JSON, bytes are base64 (healthimaging.md §2).
"""

from __future__ import annotations

import base64
import json
import math

from curator.dicom import Json
from curator.dicom.dictionary import multi_valued
from curator.errors import UsageError
from curator.imageset import ElementPath

NUMBERS_AS_INT = frozenset({"US", "UL", "SS", "SL", "UV", "SV"})
NUMBERS_AS_FLOAT = frozenset({"FD", "FL"})
BYTES = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})
SINGLE_TEXT = frozenset({"ST", "LT", "UT", "UR"})
"""VRs whose text may hold a backslash: they have one value always (PS3.5 6.2)."""
VRS = (
    NUMBERS_AS_INT
    | NUMBERS_AS_FLOAT
    | BYTES
    | SINGLE_TEXT
    | frozenset(["AE", "AS", "AT", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "SQ", "TM", "UC", "UI"])
)


def typed(text: str, vr: str, path: ElementPath) -> Json:
    """Return the value that ``text`` means under ``vr``, as healthimaging.md §2 encodes it; raises `UsageError`.

    The backslash parts values; an empty text is the empty value (null); SQ takes JSON.
    """
    if vr == "SQ":
        return _items(text, path)
    if text == "":
        return None
    tag = path.tag
    many = tag is None or path.is_private or multi_valued(tag) or vr == "AT"
    if vr in BYTES:
        return _base64(text, path)
    if vr in SINGLE_TEXT:
        return text
    parts = text.split("\\") if many else [text]
    values: list[Json] = [_one(part, vr, path) for part in parts]
    # A private element has no VM in the dictionary; HealthImaging's examples write one value bare.
    if tag is not None and multi_valued(tag):
        return values
    return values[0] if len(values) == 1 else values


def _one(part: str, vr: str, path: ElementPath) -> Json:
    try:
        if vr in NUMBERS_AS_INT:
            return int(part)
        if vr in NUMBERS_AS_FLOAT:
            number = float(part)
            if not math.isfinite(number):
                raise ValueError(part)  # JSON has no word for it
            return int(number) if number.is_integer() else number
    except (ValueError, OverflowError):
        raise UsageError(f"{path.generic()}: its VR {vr} takes a number") from None
    return part


def _base64(text: str, path: ElementPath) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        raise UsageError(f"{path.generic()}: its bytes are written in base64") from None
    return text


def _items(text: str, path: ElementPath) -> Json:
    try:
        items: Json = json.loads(text) if text else []
    except ValueError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UsageError(f"{path.generic()}: a sequence takes JSON, a list of items") from None
    return items


def as_typed(value: Json) -> str:
    """Return what `typed` reads as ``value``: the empty text for null, JSON for a sequence's items."""
    if value is None:
        return ""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, list):
        return "\\".join(map(as_typed, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
