"""Which private elements may stay: PS3.15 E.3.10-1 by creator in any block, then lists that the user gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from curator.dicom import Json
from curator.dicom.confidentiality import safe_private

Safe: TypeAlias = Callable[[Mapping[str, Json], int, str], str]
"""(the attributes around, tag, VR) → who calls it safe, "" when nobody does."""


class Refused(str):
    """Who calls the element unsafe: no list after this one is asked."""

    __slots__ = ()


def creator_of(node: Mapping[str, Json], tag: int) -> str:
    """Return the private creator that reserves the tag's block among ``node``, "" where there is none.

    PS3.5 7.8.1: element ``gggg,bbee`` belongs to the creator in ``gggg,00bb``.
    """
    value = node.get(f"{tag >> 16:04X}00{tag >> 8 & 0xFF:02X}")
    if isinstance(value, list):
        value = value[0] if value else None
    return value.strip() if isinstance(value, str) else ""


def vr_of(node: Mapping[str, Json], tag: int) -> str:
    """Return the VR that Table E.3.10-1 gives, "" where it lists no such element: items have no ``DICOMVRs``."""
    listed = safe_private(tag >> 16, creator_of(node, tag), tag)
    return listed[0] if listed is not None else ""


def is_creator(tag: int) -> bool:
    """Say whether the element reserves a block."""
    return 0x10 <= tag & 0xFFFF <= 0xFF


def safe_by_standard(node: Mapping[str, Json], tag: int, vr: str) -> str:
    """Call safe what Table E.3.10-1 lists, and creators that reserve a block in which something listed stands."""
    group = tag >> 16
    if is_creator(tag):
        block = tag & 0xFF
        creator = node.get(f"{tag:08X}")
        name = creator[0] if isinstance(creator, list) and creator else creator
        held = (
            int(key[6:], 16) for key in node if key.startswith(f"{group:04X}{block:02X}") and len(key) == 8
        )
        if isinstance(name, str) and any(safe_private(group, name, element) for element in held):
            return "private creator of safe elements"
        return ""
    return "PS3.15 E.3.10-1" if safe_private(group, creator_of(node, tag), tag) else ""
