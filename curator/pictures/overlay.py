"""Overlay planes: drawings and writing beside the pixels, or in their unused bits (PS3.3 C.9.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from curator.dicom import Json
from curator.pictures.values import bytes_of, decimals, whole

if TYPE_CHECKING:
    from curator.pictures.values import Array

GROUPS: Final = tuple(f"60{number:02X}" for number in range(0, 0x20, 2))


def overlay_of(raw: Array, attributes: Mapping[str, Json], index: int = 0) -> Array | None:
    """Return where any overlay draws, rows × columns of truth; None where there is none.

    ``raw`` are the samples with their unused bits, ``index`` the frame's in its instance.
    """
    import numpy as np

    drawn: Array | None = None
    for group in GROUPS:
        plane = _in_bits(raw, attributes, group)
        if plane is None:
            plane = _beside(raw.shape, attributes, group, index)
        if plane is not None and plane.any():
            drawn = plane if drawn is None else np.logical_or(drawn, plane)
    return drawn


def _in_bits(raw: Array, attributes: Mapping[str, Json], group: str) -> Array | None:
    bit = whole(attributes, f"{group}0102", 0)
    if not 0 < bit < 8 * raw.dtype.itemsize or raw.ndim != 2 or raw.dtype.kind not in "iu":
        return None
    plane: Array = (raw >> bit) & 1 == 1
    return plane


def _beside(shape: tuple[int, ...], attributes: Mapping[str, Json], group: str, index: int) -> Array | None:
    import numpy as np

    rows, columns = whole(attributes, f"{group}0010", 0), whole(attributes, f"{group}0011", 0)
    data = bytes_of(attributes.get(f"{group}3000"))
    frames, first = whole(attributes, f"{group}0015", 1), whole(attributes, f"{group}0051", 1)
    size = rows * columns
    number = index + 1 - first if frames > 1 else 0
    if rows <= 0 or columns <= 0 or not 0 <= number < max(frames, 1) or len(data) * 8 < size * (number + 1):
        return None
    bits = np.unpackbits(np.frombuffer(data, "u1"), bitorder="little")[size * number : size * (number + 1)]
    origin = [*decimals(attributes.get(f"{group}0050")), 1.0, 1.0]
    plane = np.zeros(shape[:2], dtype=bool)
    _draw(plane, bits.reshape(rows, columns) == 1, int(origin[0]) - 1, int(origin[1]) - 1)
    return plane


def _draw(onto: Array, drawing: Array, top: int, left: int) -> None:
    """Put a drawing where it begins; it may begin outside, and reach beyond."""
    rows, columns = onto.shape[:2]
    part = drawing[max(-top, 0) : max(rows - top, 0), max(-left, 0) : max(columns - left, 0)]
    onto[max(top, 0) : max(top, 0) + part.shape[0], max(left, 0) : max(left, 0) + part.shape[1]] = part
