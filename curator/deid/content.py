"""Clean Structured Content (113104): what becomes of each item of a content tree, by its concept name.

PS3.15 E.3.4: Table E.3.4-1 names concepts and their actions; an item whose concept it does not name acts by
its value type. Items stay where nothing identifies: numbers, codes, coordinates, containers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curator.deid.profile import Profile
from curator.dicom import Json
from curator.dicom.confidentiality import concept

CONTENT_SEQUENCE: Final = 0x0040A730
VALUE_KEYS: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "DATETIME": "DateTime",
    "DATE": "Date",
    "TIME": "Time",
    "UIDREF": "UID",
}
_WITHOUT_ROW: Final = {"TEXT": "C", "PNAME": "D"}
"""Free text is cleaned by vocabulary, names are replaced; all else is left to the rows of its elements."""


def content_code(item: Mapping[str, Json], profile: Profile) -> str:
    """Return the action code of a content item: X, D, K, C, or "" to leave it to its elements' rows.

    ``X/D`` becomes D: whether a template needs the item cannot be told from the document, and a dummy keeps it
    valid in either case.
    """
    value_type = item.get("ValueType")
    if not isinstance(value_type, str):
        return ""
    row = concept(*_name(item), value_type)
    if row is None:
        return _WITHOUT_ROW.get(value_type, "")
    chosen = [row.options[option] for option in sorted(profile.options) if option in row.options]
    code = "C" if "C" in chosen else chosen[0] if chosen else row.basic
    return "D" if code == "X/D" else code


def _name(item: Mapping[str, Json]) -> tuple[str, str]:
    names = item.get("ConceptNameCodeSequence")
    name = names[0] if isinstance(names, list) and names else None
    if not isinstance(name, dict):
        return "", ""
    return str(name.get("CodingSchemeDesignator") or ""), str(name.get("CodeValue") or "")
