"""How an element is removed: by repeating its value, or by overwriting it with something short first.

The service removes an element only if the call repeats its value exactly. For long values it is cheaper to
overwrite them with a short value that is valid for the VR, and to remove that in a later call; for values that
cannot be repeated reliably (empty ones, fractions) it is the only way.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import attribute, multi_valued, tag_of_key
from curator.imageset.equality import equal

_MOST_VALUES: Final = 33
_OTHER: Final[dict[str, Json]] = {
    "AE": "Y", "CS": "Y", "DS": "1", "IS": "1", "LO": "Y", "LT": "Y", "PN": "Y", "SH": "Y", "ST": "Y", "UC": "Y",
    "UT": "Y", "US": 1, "UL": 1, "SS": 1, "SL": 1, "UV": 1, "SV": 1, "FD": 1, "FL": 1, "TM": "01", "AS": "001D",
    "DA": "19000102", "DT": "1901", "UI": "0.1", "UN": "AQE=", "OB": "AQE=", "OW": "AQE=",
}  # fmt: skip
"""A second short value for each VR, for elements that hold the first already."""

_OVERHEAD: Final = 4  # the quotes and colon of the key, and a comma


class Removal(msgspec.Struct, frozen=True, gc=False):
    """One element to be removed: its value as it is, and what may stand in for it (None: nothing can)."""

    key: str
    vr: str
    exact: bytes
    short: bytes | None
    must_shorten: bool

    @property
    def gain(self) -> int:
        """How many bytes the stand-in saves over both its calls; negative where it costs."""
        if self.short is None:
            return -1
        return len(self.exact) - 2 * len(self.short) - len(self.key) - _OVERHEAD


def removal(key: str, vr: str, value: Json) -> Removal:
    """Return the ways in which an element of this value can be removed."""
    short = short_value(key, vr, value)
    encoded = None if short is None else msgspec.json.encode(short)
    creator = _is_creator(key)
    must = unmatchable(value)
    # A private creator is never overwritten where it can be matched: its block's elements would lose their meaning.
    return Removal(key, vr, msgspec.json.encode(value), None if creator and not must else encoded, must)


def unmatchable(value: Json) -> bool:
    """Say whether "repeat the existing value exactly" is fragile for ``value``: empty, or with a fraction.

    assumption: the service compares an empty or fractional value in ways that nobody has documented
    (absent against empty, 1 against 1.0), so neither is ever repeated.
    """
    if isinstance(value, list):
        return (
            not value
            or any(unmatchable(item) for item in value if not isinstance(item, dict))
            or any(_holds_fraction(item) for item in value)
        )
    return value is None or value == "" or isinstance(value, float)


def _holds_fraction(value: Json) -> bool:
    if isinstance(value, dict):
        return any(_holds_fraction(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_holds_fraction(inner) for inner in value)
    return isinstance(value, float)


def short_value(key: str, vr: str, value: Json) -> Json:
    """Return a short, valid, non-empty value to overwrite ``value`` with; None when there is none."""
    if vr == "SQ" or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
        return _short_sequence(value)
    tag = tag_of_key(key)
    known = attribute(tag) if tag is not None else None
    vm = known.vm if known is not None and known.vm else "1-n"
    listed = isinstance(value, list) or (tag is not None and multi_valued(tag))
    return next((each for each in _stand_ins(vr, vm, listed) if not equal(each, value)), None)


@cache
def _stand_ins(vr: str, vm: str, listed: bool) -> tuple[Json, ...]:
    """Return the short values that are valid for VR and VM: two, so that one differs from any value."""
    from curator.dicom.vr import problem, sentinel

    found = sentinel(vr)
    if found is None:
        return ()
    other = _OTHER.get(vr)
    alike = [found] if other is None else [found, other]
    if not listed:
        return tuple(alike)
    counted: list[Json] = []
    for each in alike:
        for count in range(1, _MOST_VALUES):
            repeated: Json = [each] * count
            if problem(vr, repeated, vm=vm) is None:
                counted.append(repeated)
                break
    return tuple(counted)


def _short_sequence(value: Json) -> Json:
    """Return one item with the shortest matchable element that the sequence's own items hold."""
    shortest: tuple[int, str, Json] | None = None
    for item in value if isinstance(value, list) else ():
        for key, inner in item.items() if isinstance(item, dict) else ():
            if isinstance(inner, list | dict) or unmatchable(inner) or tag_of_key(key) is None:
                continue
            size = len(key) + len(msgspec.json.encode(inner))
            if shortest is None or size < shortest[0]:
                shortest = size, key, inner
    if shortest is None:
        return None
    found: Json = [{shortest[1]: shortest[2]}]
    return None if equal(found, value) else found


def _is_creator(key: str) -> bool:
    tag = tag_of_key(key)
    return tag is not None and bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF
