"""PS3.15 Annex E: what each attribute's action is under the Basic Profile and under each option.

Three tables: E.1-1 (attributes), E.3.10-1 (safe private attributes) and E.3.4-1 (content item concepts).
They are parsed on first use; other editions of E.1-1 can be read from text of the same form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from curator.dicom import _confidentiality as tables

EDITION = tables.EDITION
CID_7050: Mapping[str, str] = tables.CID_7050
PRIVATE_ROW = "PRIVATE"


class Option(StrEnum):
    """The options of PS3.15 E.3 by their code in CID 7050."""

    CLEAN_PIXEL_DATA = "113101"
    CLEAN_RECOGNIZABLE_VISUAL_FEATURES = "113102"
    CLEAN_GRAPHICS = "113103"
    CLEAN_STRUCTURED_CONTENT = "113104"
    CLEAN_DESCRIPTORS = "113105"
    RETAIN_FULL_DATES = "113106"
    RETAIN_MODIFIED_DATES = "113107"
    RETAIN_PATIENT_CHARACTERISTICS = "113108"
    RETAIN_DEVICE_IDENTITY = "113109"
    RETAIN_UIDS = "113110"
    RETAIN_SAFE_PRIVATE = "113111"
    RETAIN_INSTITUTION_IDENTITY = "113112"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of Table E.1-1: ``tag`` is 8 hex digits, ``x`` for any digit, or ``PRIVATE``."""

    tag: str
    name: str
    basic: str
    options: Mapping[Option, str]


@dataclass(frozen=True, slots=True)
class Concept:
    """One row of Table E.3.4-1: a content item's concept name and what becomes of the item."""

    scheme: str
    code: str
    value_type: str
    basic: str
    options: Mapping[Option, str]


def _actions(cell: str) -> dict[Option, str]:
    return {Option(code): action for code, action in (pair.split("=") for pair in cell.split())}


@dataclass(frozen=True, slots=True)
class Table:
    """One edition of Table E.1-1."""

    edition: str
    rows: tuple[Row, ...]
    _by_tag: Mapping[int, Row]
    _repeating: tuple[tuple[str, Row], ...]
    private: Row

    def row(self, tag: int) -> Row | None:
        """Return the row of a standard attribute; private ones share the row ``PRIVATE``.

        Repeating groups (``50xx``, ``60xx``) match by mask; ``50xxxxxx`` is every curve element.
        """
        found = self._by_tag.get(tag)
        if found is not None:
            return found
        if (tag >> 16) & 1:
            return self.private
        if (tag >> 24) in (0x50, 0x60):
            digits = f"{tag:08X}"
            for mask, row in self._repeating:
                if all(want in ("x", have) for want, have in zip(mask, digits, strict=True)):
                    return row
        return None


def parse_table(edition: str, text: str) -> Table:
    """Return a table from lines ``tag|name|action|option=action …`` (see `_confidentiality`)."""
    rows = []
    for line in text.splitlines():
        tag, name, basic, options = line.split("|")
        rows.append(Row(tag, name, basic, _actions(options)))
    plain = {int(row.tag, 16): row for row in rows if row.tag != PRIVATE_ROW and "x" not in row.tag}
    repeating = tuple((row.tag, row) for row in rows if "x" in row.tag)
    private = next(row for row in rows if row.tag == PRIVATE_ROW)
    return Table(edition, tuple(rows), plain, repeating, private)


@cache
def table() -> Table:
    """Return Table E.1-1 in the bundled edition."""
    return parse_table(EDITION, tables.E_1_1)


@cache
def _safe_private() -> dict[tuple[int, str, int], tuple[str, str]]:
    safe = {}
    for line in tables.E_3_10_1.splitlines():
        group, creator, element, vr, vm = line.split("|")
        safe[int(group, 16), creator.upper(), int(element, 16)] = (vr, vm)
    return safe


def safe_private(group: int, creator: str, element: int) -> tuple[str, str] | None:
    """Return (VR, VM) when PS3.15 Table E.3.10-1 calls the attribute safe in any block, else ``None``.

    ``element`` is the low byte of the element number. Creators compare without case and outer spaces,
    as vendors write them in several ways.
    """
    return _safe_private().get((group, creator.strip().upper(), element & 0xFF))


@cache
def _concepts() -> dict[tuple[str, str, str], Concept]:
    concepts = {}
    for line in tables.E_3_4_1.splitlines():
        scheme, code, value_type, basic, options = line.split("|")
        concepts[scheme, code, value_type] = Concept(scheme, code, value_type, basic, _actions(options))
    return concepts


def concept(scheme: str, code: str, value_type: str) -> Concept | None:
    """Return the row of Table E.3.4-1 for a concept name and value type, or ``None`` where it has none."""
    return _concepts().get((scheme, code, value_type))
