"""What is to become of the items of structured content (PS3.15 E.3.4-1), whose concept decides over their value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from curator.dicom import Json
from curator.dicom.confidentiality import Option, concept

VALUE_KEYS: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "DATETIME": "DateTime",
    "DATE": "Date",
    "TIME": "Time",
    "UIDREF": "UID",
}
"""The element that holds an item's value, by its ValueType (PS3.3 C.17.3)."""


def code_of(item: Mapping[str, Json], options: Collection[Option]) -> str:
    """Return what becomes of a content item with these options: X, D, C, K; "" where E.3.4-1 says nothing of it."""
    names = item.get("ConceptNameCodeSequence")
    name = names[0] if isinstance(names, list) and names else None
    value_type = item.get("ValueType")
    if not isinstance(value_type, str):
        return ""
    where = name if isinstance(name, dict) else {}
    row = concept(
        str(where.get("CodingSchemeDesignator") or ""), str(where.get("CodeValue") or ""), value_type
    )
    if row is None:
        return {"TEXT": "C", "PNAME": "D"}.get(value_type, "")
    said = {row.options[option] for option in options if option in row.options}
    code = "C" if "C" in said else "K" if "K" in said else min(said, default=row.basic)
    return "D" if code == "X/D" else code
