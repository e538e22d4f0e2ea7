"""Numbers as HealthImaging's documents hold them: JSON numbers, text (DS, IS), lists, or bytes in base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from curator.dicom import Json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

LONGEST_TABLE = 1 << 16
"""Entries of a look-up table: its descriptor counts them in 16 bits (PS3.3 C.11.1.1.1)."""


class NoPicture(Exception):
    """The frame cannot be shown; the text says why, without values."""


def whole(attributes: Mapping[str, Json], name: str, default: int) -> int:
    """Return a whole number; ``default`` where there is none."""
    value = attributes.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        return int(float(value)) if isinstance(value, str | int | float) else default
    except (ValueError, OverflowError):
        return default


def decimal(attributes: Mapping[str, Json], name: str, default: float) -> float:
    """Return the first decimal number of an attribute; ``default`` where there is none."""
    return next(iter(decimals(attributes.get(name))), default)


def decimals(value: Json) -> list[float]:
    """Return the finite numbers of a value, up to the first that is none."""
    found: list[float] = []
    for each in value if isinstance(value, list) else [value]:
        try:
            number = float(str(each).strip())
        except ValueError:
            break
        if number != number or number in (float("inf"), float("-inf")):
            break
        found.append(number)
    return found


def words_of(value: Json) -> list[str]:
    """Return the texts of a value, one or many."""
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]


def items(value: Json) -> list[Mapping[str, Json]]:
    """Return the items of a sequence."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def table_of(descriptor: Json, data: Json, *, signed: bool = False) -> tuple[int, int, Array] | None:
    """Return a look-up table: the first value it maps, the bits of its entries, and the entries.

    None where the two do not make one. ``signed``: the first value mapped is of a signed pixel (PS3.3 C.11.1.1.1).
    """
    import numpy as np

    told = decimals(descriptor)
    if len(told) != 3:
        return None
    count, first, bits = (int(number) for number in told)
    if signed and first > 0x7FFF:
        first -= 0x10000
    if not 0 < bits <= 16:
        return None
    if isinstance(data, str):
        raw = bytes_of(data)
        # PS3.3 C.7.6.3.1.6: entries of 8 bits may stand one in each byte, or one in each word.
        wide = bits > 8 or len(raw) >= 2 * (count or LONGEST_TABLE)
        entries = np.frombuffer(raw[: len(raw) // 2 * 2] if wide else raw, "<u2" if wide else "u1")
    else:
        entries = np.array([int(number) & 0xFFFF for number in decimals(data)], dtype=np.uint16)
    entries = entries[: count or LONGEST_TABLE]
    return (first, bits, entries) if len(entries) else None


def looked_up(values: Array, first: int, entries: Array) -> Array:
    """Return the table's entries for values; those beyond its ends get the end's entry."""
    import numpy as np

    return entries[np.clip(values.astype(np.int64) - first, 0, len(entries) - 1)]


def bytes_of(value: Json) -> bytes:
    """Return the bytes of a value in base64; none where it is not."""
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""
