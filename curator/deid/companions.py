"""Elements that mean nothing without others: where those go, these go too, so that the instance stays valid (PS3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from curator.dicom import Json

_OVERLAYS: Final = range(0x6000, 0x6020)
_OVERLAY_DATA: Final = 0x3000
REFERENCE_LISTS: Final = ("ReferencedSeriesSequence", "StudiesContainingOtherReferencedInstancesSequence")
"""The Common Instance Reference module (C.12.2): there only where the instance refers to others."""
REFERENCE: Final = "ReferencedSOPInstanceUID"
_KEY: Final = f'"{REFERENCE}":'.encode()
_encode: Final = msgspec.json.Encoder().encode


def described_by(tag: int) -> int | None:
    """Return the tag of the data that an element of an overlay plane describes (C.9.2); None of all others."""
    group = tag >> 16
    if group not in _OVERLAYS or group % 2 or tag & 0xFFFF == _OVERLAY_DATA:
        return None
    return group << 16 | _OVERLAY_DATA


def dangling(node: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the lists of references that an instance has though nothing else in it refers to an instance."""
    lists = tuple(key for key in REFERENCE_LISTS if key in node)
    if not lists or any(_refers(value) for key, value in node.items() if key not in lists):
        return ()
    return lists


def _refers(value: Json) -> bool:
    # Most sequences hold no such key at all, which their text tells in a tenth of the time of a walk.
    return type(value) is list and _KEY in _encode(value) and _leads_to_reference(value)


def _leads_to_reference(value: Json) -> bool:
    if type(value) is not list:
        return False
    return any(
        type(item) is dict and (REFERENCE in item or any(_leads_to_reference(each) for each in item.values()))
        for item in value
    )
