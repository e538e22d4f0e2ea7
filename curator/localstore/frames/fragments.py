"""Which fragments make up which frame (PS3.5 A.4)."""

from __future__ import annotations

import struct
from binascii import a2b_base64
from collections.abc import Mapping, Sequence

from curator.dicom import Json
from curator.localstore.dicomfile.elements import Data, PixelValue
from curator.localstore.dicomfile.refusal import RefusedFile

__all__ = ["frames_of"]

Stretch = tuple[int, int]
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")


def frames_of(
    pixels: PixelValue, data: Data, count: int, instance: Mapping[str, Json]
) -> list[list[Stretch]]:
    """Return for each of ``count`` frames its fragments as (offset, length) in ``data``.

    One fragment a frame needs no table; else the extended offset table, the basic one, and where both are missing
    the fragments that begin a codestream.
    """
    fragments = list(pixels.fragments or ())
    if count == 1:
        return [fragments]
    if len(fragments) == count:
        return [[fragment] for fragment in fragments]
    starts = _extended(instance) or pixels.offsets
    if len(starts) == count:
        groups = _by_offset(fragments, starts)
    else:
        groups = _by_start(fragments, data)
    if len(groups) != count or not all(groups):
        raise RefusedFile("the fragments of the pixel data do not make up NumberOfFrames frames")
    return groups


def _extended(instance: Mapping[str, Json]) -> tuple[int, ...]:
    table = instance.get("ExtendedOffsetTable")
    if not isinstance(table, str):
        return ()
    raw = a2b_base64(table)
    return struct.unpack(f"<{len(raw) // 8}Q", raw[: len(raw) // 8 * 8])


def _by_offset(fragments: Sequence[Stretch], starts: Sequence[int]) -> list[list[Stretch]]:
    # Offsets count from the first byte of the first fragment's item, eight bytes before its value.
    origin = fragments[0][0] - 8 if fragments else 0
    known = {start: index for index, start in enumerate(starts)}
    groups: list[list[Stretch]] = [[] for _ in starts]
    current = 0
    for fragment in fragments:
        current = known.get(fragment[0] - 8 - origin, current)
        groups[current].append(fragment)
    return groups


def _by_start(fragments: Sequence[Stretch], data: Data) -> list[list[Stretch]]:
    groups: list[list[Stretch]] = []
    for start, size in fragments:
        begins = data[start : start + 8].startswith(_STARTS)
        if begins or not groups:
            groups.append([])
        groups[-1].append((start, size))
    return groups
