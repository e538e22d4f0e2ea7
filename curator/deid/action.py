"""Decide an action code by the attribute's Type in the instance's IOD (PS3.15 E.1, PS3.5 7.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from curator.dicom.iods import Type


class Action(StrEnum):
    """What is done to one element; the letters of PS3.15, compound codes decided."""

    KEEP = "K"
    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    CLEAN = "C"


_K, _X, _Z, _D, _U, _C = Action

# Rows: the code. Columns: Type 1, Type 2, Type 3 or not in the IOD, IOD unknown. A conditional attribute that is
# present counts as required. Where the code's letters leave no valid choice (X/Z on a Type 1), the dummy does.
_BY_TYPE: Final[dict[str, tuple[Action, Action, Action, Action]]] = {
    "K": (_K, _K, _K, _K),
    "X": (_X, _X, _X, _X),
    "Z": (_D, _Z, _Z, _Z),
    "D": (_D, _D, _D, _D),
    "U": (_U, _U, _U, _U),
    "C": (_C, _C, _C, _C),
    "Z/D": (_D, _Z, _Z, _D),
    "X/Z": (_D, _Z, _X, _D),
    "X/D": (_D, _D, _X, _D),
    "X/Z/D": (_D, _Z, _X, _D),
    "X/Z/U*": (_U, _Z, _X, _U),
}
_COLUMN: Final = {
    Type.REQUIRED: 0,
    Type.REQUIRED_IF: 0,
    Type.MAY_BE_EMPTY: 1,
    Type.MAY_BE_EMPTY_IF: 1,
    Type.OPTIONAL: 2,
    None: 2,
}


def decide(code: str, attribute_type: Type | None, *, iod_known: bool = True) -> Action:
    """Return the action for ``code``; ``attribute_type`` is None for what the IOD does not have.

    Raises KeyError for a code that Table E.1-1 does not use.
    """
    return _BY_TYPE[code][_COLUMN[attribute_type] if iod_known else 3]


def without_value(attribute_type: Type | None, *, iod_known: bool = True) -> Action:
    """Return what becomes of an element whose cleaned value is nothing: as little as its Type allows."""
    return decide("X/Z/D", attribute_type, iod_known=iod_known)
