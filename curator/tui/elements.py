"""How elements read to people: their names, tags, VRs and values as one line of text. No Textual in here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import attribute, is_private, tag_of_key
from curator.imageset import ElementPath, ImageSetMetadata, PrivateStep
from curator.printable import plural

BINARY: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_LONGEST = 2000  # characters of a value that one line could ever show


def tag_text(key: str) -> str:
    """Return ``(0010,0010)`` for a document key; ``""`` for what has no tag."""
    tag = tag_of_key(key)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})" if tag is not None else ""


def creator_of(key: str, beside: Mapping[str, Json]) -> str:
    """Return the private creator that an element's block belongs to, among the elements ``beside`` it."""
    tag = tag_of_key(key)
    if tag is None or not is_private(tag):
        return ""
    value = beside.get(f"{tag >> 16:04X}00{(tag >> 8) & 0xFF:02X}")
    if isinstance(value, list):
        value = value[0] if value else None
    return value.strip() if isinstance(value, str) else ""


def name_of(key: str, beside: Mapping[str, Json]) -> str:
    """Return what an element is called: its keyword; for a private one its creator and offset."""
    tag = tag_of_key(key)
    if tag is None:
        return key
    if is_private(tag):
        if tag & 0xFF00 == 0:
            return "Private Creator"
        creator = creator_of(key, beside)
        return f"[{creator or 'unknown creator'}] xx{tag & 0xFF:02X}"
    found = attribute(tag)
    return (found.keyword or key) if found else key


def people_path(path: ElementPath, document: ImageSetMetadata) -> str:
    """Return the path as people write it, private elements by their creator."""
    beside = document.attributes(path)
    if len(path.steps) == 1 and beside is not None:
        tag, creator = path.tag, creator_of(path.key, beside)
        if tag is not None and creator:
            step = PrivateStep(tag >> 16, creator, tag & 0xFF)
            return str(path.at_level().child(str(step)))
    return str(path)


def items_of(value: Json) -> list[dict[str, Json]] | None:
    """Return a sequence's items; None when the value is none."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [item for item in value if isinstance(item, dict)]
    return None


def multiplicity(value: Json) -> str:
    """Return how many values there are."""
    if value is None:
        return "0"
    return str(len(value)) if isinstance(value, list) else "1"


def scalar_text(value: Json) -> str:
    """Return one JSON scalar as text: what people would type for it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def typed_text(value: Json) -> str:
    """Return a value without items as people type it: values of a list separated by backslashes."""
    return "\\".join(map(scalar_text, value)) if isinstance(value, list) else scalar_text(value)


def _size(node: Mapping[str, Json]) -> str:
    """Return how much there is in an item, or in a whole series or instance as documents hold them."""
    own, instances = node.get("DICOM"), node.get("Instances")
    if not isinstance(own, dict):
        return plural(len(node), "element")
    told = plural(len(own), "element")
    return f"{told}, {plural(len(instances), 'instance')}" if isinstance(instances, dict) else told


def value_text(value: Json, vr: str = "") -> str:
    """Return a value as one line; binary ones by their size, sequences by their items."""
    if value is None:
        return "(pixel data)" if vr == "OW or OB" else "(empty)"
    items = items_of(value)
    if items is not None:
        return plural(len(items), "item")
    if isinstance(value, dict):
        return _size(value)
    if vr in BINARY and isinstance(value, str):
        size = len(value) * 3 // 4 - value[-2:].count("=")
        return plural(size, "byte")
    if isinstance(value, list):
        return " \\ ".join(
            value_text(one) if isinstance(one, dict) else scalar_text(one) for one in value[:200]
        )
    text = scalar_text(value)
    return text[:_LONGEST] if text else "(empty)"


def role_of(value: Json, vr: str = "") -> str:
    """Return the role a value is drawn in: what is no text of the element's own is dimmed."""
    empty = value is None or value == "" or value == []
    return "dim" if empty or vr in BINARY or isinstance(value, dict) or items_of(value) is not None else ""
