"""The data dictionary: what an element is, by tag, keyword or document key.

The service keys standard attributes by the keywords of PS3.6 **2022b**; anything newer has no keyword there
and, as private elements, stands under eight upper-case hex digits. `Attribute.serviceable` says which side an
attribute is on.

assumption: a standard attribute that is newer than PS3.6 2022b is keyed as a private element is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

__all__ = [
    "Attribute",
    "attribute",
    "attributes",
    "by_keyword",
    "is_private",
    "key_of_tag",
    "multi_valued",
    "tag_of_key",
    "vrs",
]

_CACHED: Final = 16384  # three times the dictionary: private tags are the data's to choose

_HEX: Final = frozenset("0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row of PS3.6. ``vr`` is as the standard writes it (``US or SS``), ``vm`` too (``1-n``)."""

    tag: int
    keyword: str
    name: str
    vr: str
    vm: str
    retired: bool
    serviceable: bool


class _Tables:
    """The parsed text of `_dictionary`: lines stay text until somebody asks for one."""

    def __init__(self) -> None:
        from curator.dicom._dictionary import ATTRIBUTES

        self.lines: dict[int, str] = {}
        self.masks: dict[str, str] = {}  # "60xx3000" → line
        self.keywords: dict[str, int] = {}
        self.serviceable: dict[int, str] = {}  # tag → the key that the service writes
        for line in ATTRIBUTES.splitlines():
            shown, keyword, rest = line.split("|", 2)
            if "x" in shown:
                self.masks[shown] = line
                self.keywords.setdefault(keyword, int(shown.replace("x", "0"), 16))
                continue
            tag = int(shown, 16)
            self.lines[tag] = line
            if keyword:
                self.keywords.setdefault(keyword, tag)
                if rest.endswith("S"):
                    self.serviceable[tag] = keyword

    def repeating(self, tag: int) -> str | None:
        """Return the line of the repeating group that ``tag`` belongs to (PS3.5 7.6; ``50xx``, ``60xx`` …)."""
        shown = f"{tag:08X}"
        if shown[:2] in ("50", "60") and int(shown[2:4], 16) % 2 == 0:
            return self.masks.get(shown[:2] + "xx" + shown[4:])
        for mask, line in self.masks.items():
            if all(m in ("x", s) for m, s in zip(mask, shown, strict=True)):
                return None if mask.startswith(("50xx", "60xx")) else line
        return None


@cache
def _tables() -> _Tables:
    return _Tables()


def _parse(tag: int, line: str, serviceable: bool) -> Attribute:
    _, keyword, name, vr, vm, flags = line.split("|")
    return Attribute(tag, keyword, name, vr.replace("/", " or "), vm, "R" in flags, serviceable)


@lru_cache(_CACHED)
def attribute(tag: int) -> Attribute | None:
    """Return the attribute that ``tag`` (``0x00100010``) stands for; repeating groups included, else None."""
    tables = _tables()
    line = tables.lines.get(tag)
    if line is not None:
        return _parse(tag, line, tag in tables.serviceable)
    line = None if is_private(tag) else tables.repeating(tag)
    # assumption: a keyword cannot name a repeating group (6000 and 6002 would collide), so its key is hex.
    return None if line is None else _parse(tag, line, False)


def attributes() -> tuple[int, ...]:
    """Return every tag of the dictionary, in order, without repeating groups."""
    return tuple(_tables().lines)


def by_keyword(keyword: str) -> Attribute | None:
    """Return the attribute of this keyword; for a repeating group that of its first group."""
    tag = _tables().keywords.get(keyword)
    return None if tag is None else attribute(tag)


@lru_cache(maxsize=65536)
def tag_of_key(key: str) -> int | None:
    """Return the tag of a document's key: a keyword, or eight hex digits. None if it is neither."""
    tag = _tables().keywords.get(key)
    if tag is None and len(key) == 8 and _HEX.issuperset(key):
        return int(key, 16)
    return tag


def key_of_tag(tag: int) -> str:
    """Return the key under which the service writes ``tag``: a keyword of PS3.6 2022b, else upper-case hex."""
    return _tables().serviceable.get(tag) or f"{tag:08X}"


def is_private(tag: int) -> bool:
    """Say whether the group is odd (PS3.5 7.8)."""
    return bool(tag >> 16 & 1)


@lru_cache(_CACHED)
def multi_valued(tag: int) -> bool:
    """Say whether the VM can exceed 1: the service then always writes a list, even of one value."""
    found = attribute(tag)
    return found is not None and found.vr != "SQ" and found.vm not in ("1", "0", "0-1", "")


@lru_cache(_CACHED)
def vrs(tag: int) -> tuple[str, ...]:
    """Return the VRs the dictionary allows: one, several (``("US", "SS")``), or none when unknown.

    A private creator (``gggg,0010-00FF`` of an odd group) is LO by PS3.5 7.8.1, and a group length UL.
    """
    if is_private(tag):
        return ("LO",) if 0x10 <= tag & 0xFFFF <= 0xFF else ()
    found = attribute(tag)
    if found is None:
        return ("UL",) if tag & 0xFFFF == 0 else ()
    return tuple(found.vr.split(" or ")) if found.vr not in ("", "NONE") else ()
