"""Whether a value of the metadata document is valid for its VR and VM (PS3.5 Table 6.2-1).

The document's encodings (healthimaging.md §2): strings for text, dates, UIDs and also for DS and IS; integers for US,
UL, SS, SL, UV, SV; numbers for FL and FD; ``["00181065"]`` for AT; ``A^B`` for PN; base64 for OB, OW and the
like and UN; a list of objects for SQ; ``null`` for empty; ``""`` for an empty component of a list. An element
whose VM can exceed 1 is a list, though a single value is taken alone too: other clients write it so.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from calendar import monthrange
from collections.abc import Callable
from functools import cache
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import attribute, key_of_tag, tag_of_key, vrs

__all__ = ["BINARY", "INTEGERS", "SINGLE", "TEXT", "VRS", "element_problem", "problem", "sentinel"]

SINGLE: Final = frozenset({"ST", "LT", "UT", "UR", "OB", "OD", "OF", "OL", "OV", "OW", "UN"})
"""VRs that hold one value by definition: a backslash is text in them, or data."""

BINARY: Final[dict[str, int]] = {"OB": 1, "UN": 1, "OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
"""VRs whose value is base64 text, with the size of what they repeat, in bytes."""

INTEGERS: Final[dict[str, tuple[int, int]]] = {
    "SS": (-(2**15), 2**15 - 1),
    "US": (0, 2**16 - 1),
    "SL": (-(2**31), 2**31 - 1),
    "UL": (0, 2**32 - 1),
    "SV": (-(2**63), 2**63 - 1),
    "UV": (0, 2**64 - 1),
}
"""VRs whose value is a JSON integer, with their range."""

TEXT: Final[dict[str, int]] = {
    "AE": 16, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024,
    "UC": 2**32 - 2, "UI": 64, "UR": 2**32 - 2, "UT": 2**32 - 2,
}  # fmt: skip
"""VRs of text with the most characters a value may have; PN counts by component group, the dates by format."""

_FLOATS: Final[dict[str, float]] = {"FL": 3.4028235677973366e38, "FD": float("inf")}

# Which control characters a text may hold (PS3.5 6.2): ESC switches character sets, paragraphs break lines.
_CONTROL_IN_LINE: Final = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f\\]")
_CONTROL_IN_PARAGRAPH: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_PARAGRAPHS: Final = frozenset({"LT", "ST", "UT"})
_LINES: Final = frozenset({"LO", "SH", "UC"})

_AE: Final = re.compile(r"[ -\[\]-~]*[!-\[\]-~][ -\[\]-~]*")
_AS: Final = re.compile(r"\d{3}[DWMY]", re.ASCII)
_AT: Final = re.compile(r"[0-9A-F]{8}")
_CS: Final = re.compile(r"[A-Z0-9 _]*")
_DA: Final = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_DS: Final = re.compile(r" *[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)? *", re.ASCII)
_DT: Final = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)?)?)?)?([+-]\d{4})? ?", re.ASCII
)
_IS: Final = re.compile(r" *[+-]?\d+ *", re.ASCII)
_TM: Final = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)? *", re.ASCII)
_UI: Final = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+", re.ASCII)
_UR: Final = re.compile(r"[!-\[\]_a-z~%]+")  # RFC 3986's repertoire within PS3.5's

_SENTINELS: Final[dict[str, Json]] = {
    "AE": "X", "AS": "000D", "AT": "00000000", "CS": "X", "DA": "19000101", "DS": "0", "DT": "1900", "FD": 0,
    "FL": 0, "IS": "0", "LO": "X", "LT": "X", "OB": "AAA=", "OD": "AAAAAAAAAAA=", "OF": "AAAAAA==",
    "OL": "AAAAAA==", "OV": "AAAAAAAAAAA=", "OW": "AAA=", "PN": "X", "SH": "X", "SL": 0, "SS": 0, "ST": "X",
    "SV": 0, "TM": "00", "UC": "X", "UI": "0.0", "UL": 0, "UN": "AAA=", "UR": "x", "US": 0, "UT": "X", "UV": 0,
}  # fmt: skip

VRS: Final = frozenset(_SENTINELS) | {"SQ"}
"""The 34 value representations of PS3.5 6.2."""


def sentinel(vr: str) -> Json:
    """Return the shortest value that is valid for ``vr`` and says nothing; None for SQ and unknown VRs.

    It stands for one value: put it in a list where the attribute's VM can exceed 1.
    """
    return _SENTINELS.get(vr)


def problem(vr: str, value: Json, *, vm: str = "1-n") -> str | None:
    """Return why ``value`` is not valid for ``vr`` and ``vm``, without repeating it; None when it is.

    Empty (``null``) is always valid: whether an element may be empty is its Type's affair. Items of a
    sequence are not looked into: see `element_problem`.
    """
    if value is None:
        return None
    if vr == "SQ":
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return None
        return "a sequence is a list of objects"
    if vr not in VRS:
        return "unknown VR"
    if isinstance(value, dict):
        return f"a {vr} value is not an object"
    if not isinstance(value, list):
        return _single(vr, value)
    if vr in SINGLE or vm == "1":
        return f"one {vr} value is expected, not a list"
    if value and not _count_fits(len(value), vm):
        return f"{len(value)} values where the VM is {vm}"
    for number, part in enumerate(value, 1):
        found = None if part == "" else _single(vr, part)
        if found is not None:
            return found if len(value) == 1 else f"value {number}: {found}"
    return None


def element_problem(tag: int, value: Json, *, vr: str | None = None) -> str | None:
    """Return why ``value`` is not valid for the attribute ``tag``, looking into sequences; None when it is.

    ``vr`` is needed for private elements (``DICOMVRs``); without it an unknown element passes.
    """
    found = attribute(tag)
    allowed = (vr,) if vr else vrs(tag)
    if not allowed:
        return None
    reasons = [problem(each, value, vm=found.vm if found else "1-n") for each in allowed]
    if all(reasons):
        return reasons[0]
    if allowed == ("SQ",) and isinstance(value, list):
        for number, item in enumerate(value):
            for key, inner in item.items() if isinstance(item, dict) else ():
                below = tag_of_key(key)
                reason = (
                    "the key is no keyword and no tag" if below is None else element_problem(below, inner)
                )
                if reason is not None:
                    named = f" of {key_of_tag(below)}" if below is not None else ""
                    return f"item {number}{named}: {reason}"
    return None


@cache
def _range(vm: str) -> tuple[int, int | None, int]:
    """Return (least, most, step) of a VM as PS3.6 writes it: ``1-n``, ``2-2n``, ``3``, ``1-8``."""
    low, _, high = vm.split(" or ")[0].partition("-")
    least = int(low) if low.isdigit() else 1
    if not high:
        return least, least, 1
    if high.endswith("n"):
        return least, None, int(high[:-1] or 1)
    return least, int(high), 1


def _count_fits(count: int, vm: str) -> bool:
    least, most, step = _range(vm)
    return count >= least and (most is None or count <= most) and (step == 1 or count % step == 0)


def _single(vr: str, value: Json) -> str | None:
    """Return why one value is not valid for ``vr``."""
    if vr in INTEGERS:
        return _integer(vr, value)
    if vr in _FLOATS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"a {vr} value is a number"
        return None if abs(value) <= _FLOATS[vr] else f"a {vr} value beyond its range"
    if not isinstance(value, str):
        return f"a {vr} value is a string"
    if vr in BINARY:
        return _binary(vr, value)
    if vr in TEXT and len(value) > TEXT[vr]:
        return f"more than {TEXT[vr]} characters, the most a {vr} value has"
    check = _CHECKS.get(vr)
    if check is not None:
        return check(value) if value else None
    forbidden = _CONTROL_IN_PARAGRAPH if vr in _PARAGRAPHS else _CONTROL_IN_LINE
    return f"a character that {vr} does not allow" if forbidden.search(value) else None


def _integer(vr: str, value: Json) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"a {vr} value is an integer"
    low, high = INTEGERS[vr]
    return None if low <= value <= high else f"a {vr} value is from {low} to {high}"


def _binary(vr: str, value: str) -> str | None:
    try:
        size = len(b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return f"a {vr} value is base64 text"
    unit = BINARY[vr]
    return f"{vr} data comes in units of {unit} bytes" if size % unit else None


def _matching(pattern: re.Pattern[str], reason: str) -> Callable[[str], str | None]:
    return lambda value: None if pattern.fullmatch(value) else reason


def _date(value: str) -> str | None:
    match = _DA.fullmatch(value)
    if match is None:
        return "a DA value is YYYYMMDD"
    return None if _is_day(*map(int, match.groups())) else "a DA value that is no day of the calendar"


def _is_day(year: int, month: int, day: int) -> bool:
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _time(value: str) -> str | None:
    match = _TM.fullmatch(value)
    if match is None or len(value) > 16:
        return "a TM value is HH, HHMM, HHMMSS or HHMMSS.FFFFFF"
    return None if _is_time(*match.groups()) else "a TM value that is no time of day"


def _is_time(hour: str | None, minute: str | None, second: str | None) -> bool:
    # 60 is the leap second's (PS3.5 6.2)
    return int(hour or 0) <= 23 and int(minute or 0) <= 59 and int(second or 0) <= 60


def _date_time(value: str) -> str | None:
    match = _DT.fullmatch(value)
    if match is None or len(value) > 26:
        return "a DT value is YYYYMMDDHHMMSS.FFFFFF&ZZXX, cut at any component"
    year, month, day, hour, minute, second, offset = match.groups()
    in_range = _is_day(int(year), int(month or 1), int(day or 1)) and _is_time(hour, minute, second)
    if offset:
        hours, minutes = int(offset[1:3]), int(offset[3:])
        in_range = in_range and minutes <= 59 and offset != "-0000"
        in_range = in_range and hours * 60 + minutes <= (14 * 60 if offset[0] == "+" else 12 * 60)
    return None if in_range else "a DT value that is no date and time"


def _integer_string(value: str) -> str | None:
    if _IS.fullmatch(value) is None:
        return "an IS value is a decimal integer, as a string"
    return None if -(2**31) <= int(value) < 2**31 else "an IS value beyond 32 bits"


def _person_name(value: str) -> str | None:
    groups = value.split("=")
    if len(groups) > 3:
        return "a PN value has at most 3 component groups"
    if any(len(group) > 64 for group in groups):
        return "a PN component group has at most 64 characters"
    if any(group.count("^") > 4 for group in groups):
        return "a PN component group has at most 5 components"
    return "a character that PN does not allow" if _CONTROL_IN_LINE.search(value) else None


_CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "AE": _matching(_AE, "an AE value has printable characters other than backslash, not only spaces"),
    "AS": _matching(_AS, "an AS value is nnnD, nnnW, nnnM or nnnY"),
    "AT": _matching(_AT, "an AT value is 8 upper-case hex digits"),
    "CS": _matching(_CS, "a CS value has upper-case letters, digits, space and underscore"),
    "DA": _date,
    "DS": _matching(_DS, "a DS value is a decimal number, as a string"),
    "DT": _date_time,
    "IS": _integer_string,
    "PN": _person_name,
    "TM": _time,
    "UI": _matching(_UI, "a UI value has numeric components without leading zeros, joined by dots"),
    "UR": _matching(_UR, "a UR value is a URI without spaces"),
}
