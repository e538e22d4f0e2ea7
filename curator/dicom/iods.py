"""Types of attributes in IODs (PS3.3): may an element be missing, may it be empty?

Where several modules of an IOD name an attribute, the strictest Type counts, optional modules included: their
attributes are there only if the module is. Types are known at every depth; inside recursive structures (the
content tree of structured reports) an item's table is that of the item above it.

What several instances share is asked for with all their SOP classes, joined by a backslash as DICOM joins values: the
strictest Type counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, TypeAlias

__all__ = [
    "Type",
    "Usage",
    "iod_of",
    "is_indispensable",
    "modules_of",
    "required",
    "required_in_items",
    "type_of",
]

_ROOT: Final = "1.2.840.10008"


class Type(StrEnum):
    """Data element Type (PS3.5 7.4)."""

    REQUIRED = "1"
    REQUIRED_IF = "1C"
    MAY_BE_EMPTY = "2"
    MAY_BE_EMPTY_IF = "2C"
    OPTIONAL = "3"


class Usage(StrEnum):
    """Usage of a module in an IOD (PS3.3 A.1.3)."""

    MANDATORY = "M"
    CONDITIONAL = "C"
    USER_OPTION = "U"


_STRICTEST: Final = {kind: rank for rank, kind in enumerate(Type)}

_Table: TypeAlias = "dict[int, tuple[Type | None, int | None]]"  # tag → (Type, table of its items)


class _Iods:
    def __init__(self) -> None:
        from curator.dicom import _iods

        self.lines = _iods.TABLES.splitlines()
        self.modules = {name: int(number) for name, number in _pairs(_iods.MODULES)}
        self.iods = dict(_pairs(_iods.IODS))
        self.classes = {_ROOT + uid if uid[:1] == "." else uid: iod for uid, iod in _pairs(_iods.SOP_CLASSES)}


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(first, rest) for first, _, rest in (line.partition(" ") for line in text.splitlines())]


@cache
def _iods() -> _Iods:
    return _Iods()


@cache
def _table(number: int) -> _Table:
    table: _Table = {}
    for cell in _iods().lines[number].split():
        kind, _, below = cell[9:].partition(">")
        table[int(cell[:8], 16)] = (Type(kind) if kind else None, int(below) if below else None)
    return table


def iod_of(sop_class_uid: str) -> str | None:
    """Return the name of the SOP class's IOD (``ct-image``), None for retired, private and unknown ones.

    Of several classes: their names, joined; None where one is unknown.
    """
    classes = _iods().classes
    if "\\" not in sop_class_uid:
        return classes.get(sop_class_uid)
    names = [classes.get(each, "") for each in sop_class_uid.split("\\")]
    return "\\".join(names) if all(names) else None


@cache
def modules_of(sop_class_uid: str) -> tuple[tuple[str, Usage], ...]:
    """Return the modules of the SOP class's IOD with their usage; empty when the IOD is not known."""
    iod = iod_of(sop_class_uid)
    found: dict[tuple[str, Usage], None] = {}
    for each in iod.split("\\") if iod is not None else ():
        for cell in _iods().iods[each].split():
            name, _, usage = cell.partition(":")
            found[name, Usage(usage)] = None
    return tuple(found)


@lru_cache(maxsize=65536)
def type_of(sop_class_uid: str, path_of_tags: tuple[int, ...]) -> Type | None:
    """Return the Type of the attribute at ``path_of_tags`` (sequences first) in the SOP class's IOD.

    None when the IOD is not known or names no such attribute there (a Standard Extended SOP Class's).
    """
    kinds = (_at(_table(_iods().modules[name]), path_of_tags)[0] for name, _ in modules_of(sop_class_uid))
    return min((kind for kind in kinds if kind is not None), key=_STRICTEST.__getitem__, default=None)


def _at(table: _Table | None, path: tuple[int, ...]) -> tuple[Type | None, int | None]:
    """Return the Type at ``path`` below ``table`` and the table of its items.

    A recursive macro is cut off where it recurs: what stands above stands in for it.
    """
    above: _Table = {}
    found: tuple[Type | None, int | None] = (None, None)
    for tag in path:
        if table is None:
            return None, None
        found = above[tag] = table.get(tag) or above.get(tag, (None, None))
        table = None if found[1] is None else _table(found[1])
    return found


@cache
def required(sop_class_uid: str) -> Mapping[int, Type]:
    """Return the top-level attributes that every instance of the SOP class has: Type 1 and 2, mandatory modules."""
    found: dict[int, Type] = {}
    for name, usage in modules_of(sop_class_uid):
        if usage is Usage.MANDATORY:
            _add_required(found, _table(_iods().modules[name]))
    return found


def _add_required(found: dict[int, Type], table: _Table) -> None:
    for tag, (kind, _) in table.items():
        if kind in (Type.REQUIRED, Type.MAY_BE_EMPTY):
            found[tag] = min(kind, found.get(tag, kind), key=_STRICTEST.__getitem__)


@lru_cache(maxsize=65536)
def required_in_items(sop_class_uid: str, path_of_tags: tuple[int, ...]) -> Mapping[int, Type]:
    """Return the attributes that every item of the sequence at ``path_of_tags`` has: Type 1 and 2.

    Empty when the IOD is not known, or the path leads to no sequence of it.
    """
    found: dict[int, Type] = {}
    for name, _ in modules_of(sop_class_uid):
        below = _at(_table(_iods().modules[name]), path_of_tags)[1]
        if below is not None:
            _add_required(found, _table(below))
    return found


@lru_cache(maxsize=65536)
def is_indispensable(sop_class_uid: str, path_of_tags: tuple[int, ...]) -> bool:
    """Say whether the attribute is Type 1 in every instance of the SOP class, or in every item it stands in.

    Unlike what is Type 1 in a module that the instance may go without, such as an overlay plane's data.
    """
    *above, tag = path_of_tags
    held = required_in_items(sop_class_uid, tuple(above)) if above else required(sop_class_uid)
    return held.get(tag) is Type.REQUIRED
