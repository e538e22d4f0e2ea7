"""What may be gone although its row keeps it: it described what is gone by right, and PS3.3 forbids it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import key_of_tag

_LISTS: Final = {
    0x00081115: "ReferencedSeriesSequence",
    0x00081200: "StudiesContainingOtherReferencedInstancesSequence",
}
"""C.12.2: what lists the instances that others are referred to, "required if this Instance references Instances"."""
_PLANE: Final = 0x60000000


def is_pointless(tag: int, before: Mapping[str, Json], after: Mapping[str, Json]) -> bool:
    """Say whether an attribute of ``before`` has nothing left to describe in ``after``."""
    if tag & 0xFF000000 == _PLANE:
        data = key_of_tag(tag & 0xFFFF0000 | 0x3000)
        return data in before and data not in after
    return tag in _LISTS and _refer(before) and not _refer(after)


def _refer(node: Mapping[str, Json]) -> bool:
    """Say whether anything but the lists themselves refers to an instance."""
    pending: list[Json] = [value for key, value in node.items() if key not in _LISTS.values()]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "ReferencedSOPInstanceUID" in value:
                return True
            pending += value.values()
        elif isinstance(value, list):
            pending += [each for each in value if isinstance(each, dict)]
    return False
