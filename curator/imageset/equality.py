"""When two JSON values are the same: exactly, and as RFC 6902's ``test`` sees it.

Python says ``True == 1 == 1.0``; JSON text does not, and what is sent to the service is text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from curator.dicom import Json

__all__ = ["canonical", "equal", "same_value"]

_SORTED = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """Return the value's JSON text with sorted keys: equal texts, same values."""
    return _SORTED.encode(value)


def same_value(a: Json, b: Json) -> bool:
    """Say whether both are the same JSON, telling ``true``, ``1`` and ``1.0`` apart; key order is free."""
    if a is b:
        return True
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return a == b and _SORTED.encode(a) == _SORTED.encode(b)


def equal(a: Json, b: Json) -> bool:
    """Say whether both are equal as RFC 6902 4.6 has it: ``1`` equals ``1.0``, ``true`` equals neither."""
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return a == b
