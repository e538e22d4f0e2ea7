"""Colours as a screen shows them: RGB of 8 bits from YBR, palettes and wider samples (PS3.3 C.7.6.3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from curator.dicom import Json
from curator.pictures.values import bytes_of, decimals, looked_up, table_of, whole

if TYPE_CHECKING:
    from curator.pictures.values import Array


def eight_bits(samples: Array, attributes: Mapping[str, Json]) -> Array:
    """Return colour samples in 8 bits: the highest of those that are stored."""
    import numpy as np

    if samples.dtype == np.uint8:
        return np.ascontiguousarray(samples[..., :3])
    wide = 8 * samples.dtype.itemsize
    stored = min(whole(attributes, "BitsStored", wide), wide)
    return np.ascontiguousarray(np.clip(samples[..., :3] >> max(stored - 8, 0), 0, 255).astype(np.uint8))


def rgb_of_ybr(ybr: Array) -> Array:
    """Return RGB of YBR_FULL, 8 bits each (PS3.3 C.7.6.3.1.2)."""
    import numpy as np

    y, b, r = (ybr[..., index].astype(np.float32) for index in range(3))
    b, r = b - 128, r - 128
    rgb = np.stack([y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b], axis=-1)
    return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)


def coloured(samples: Array, attributes: Mapping[str, Json]) -> Array | None:
    """Return the colours of indexed samples (PS3.3 C.7.6.3.1.5); None when the tables are not there."""
    import numpy as np

    planes = []
    signed = whole(attributes, "PixelRepresentation", 0) == 1
    for colour in ("Red", "Green", "Blue"):
        descriptor = attributes.get(f"{colour}PaletteColorLookupTableDescriptor")
        table = table_of(descriptor, attributes.get(f"{colour}PaletteColorLookupTableData"), signed=signed)
        if table is None:
            table = _segmented(
                descriptor, attributes.get(f"Segmented{colour}PaletteColorLookupTableData"), signed=signed
            )
        if table is None:
            return None
        first, bits, entries = table
        # PS3.3 C.7.6.3.1.5: entries of 16 bits may hold 8, as their descriptor says.
        found = looked_up(samples, first, entries)
        planes.append((found >> 8 if bits > 8 else found).astype(np.uint8))
    return np.stack(planes, axis=-1)


def _segmented(descriptor: Json, data: Json, *, signed: bool) -> tuple[int, int, Array] | None:
    """Return a table that is told in segments: discrete, linear, or one of those again (PS3.3 C.7.9.2)."""
    import numpy as np

    told = decimals(descriptor)
    if len(told) != 3:
        return None
    raw = bytes_of(data)
    words = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2").tolist() if told[2] > 8 else list(raw)
    count = int(told[0]) or 1 << 16
    entries = _unrolled(words, count)
    if not entries:
        return None
    # Told in full, the table is one like others; written out it goes the same way.
    return table_of(descriptor, list(entries), signed=signed)


def _unrolled(words: list[int], count: int) -> list[int]:
    entries: list[int] = []
    begins: list[int] = []
    place = 0
    while place + 1 < len(words) and len(entries) < count:
        place, entries = _segment(words, place, entries, begins)
        if place < 0:
            return []
    return entries[:count]


def _segment(
    words: list[int], place: int, entries: list[int], begins: list[int], *, again: bool = False
) -> tuple[int, list[int]]:
    """Unroll one segment; the place after it, negative where there is no such segment."""
    kind, length = words[place], words[place + 1]
    if not again:
        begins.append(place)
    if kind == 0:
        return place + 2 + length, entries + words[place + 2 : place + 2 + length]
    if kind == 1 and entries and length and place + 2 < len(words):
        start, end = entries[-1], words[place + 2]
        return place + 3, entries + [
            round(start + (end - start) * step / length) for step in range(1, length + 1)
        ]
    if kind == 2 and not again and place + 3 < len(words):
        # the offset is in bytes from the beginning of the data, low word first
        offset = words[place + 2] | words[place + 3] << 16
        for each in _from_offset(begins, offset, length):
            after, entries = _segment(words, each, entries, begins, again=True)
            if after < 0:
                return -1, entries
        return place + 4, entries
    return -1, entries


def _from_offset(begins: list[int], offset: int, count: int) -> list[int]:
    place = offset // 2
    return begins[begins.index(place) :][:count] if place in begins else []
