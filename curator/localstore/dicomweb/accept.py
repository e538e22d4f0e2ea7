"""What an ``Accept`` header of DICOMweb asks for (RFC 9110 12.5.1, PS3.18 8.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curator.localstore.faults import Fault

__all__ = ["choose"]

_PARAMETER = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,]*)')
_RANGE = re.compile(r'((?:[^,"]|"(?:[^"\\]|\\.)*")+)')


@dataclass(frozen=True, slots=True)
class _Range:
    media: str
    kind: str
    syntax: str
    quality: float


def _ranges(header: str) -> Iterator[_Range]:
    for part in _RANGE.findall(header[:4096]):
        media = part.partition(";")[0].strip().lower()
        found = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(part)}
        try:
            quality = float(found.get("q", "1"))
        except ValueError:
            quality = 0.0
        if media and quality > 0:
            yield _Range(media, found.get("type", "").lower(), found.get("transfer-syntax", ""), quality)


def choose(header: str, media: str, kinds: tuple[str, ...], offered: tuple[str, ...]) -> str:
    """Return the transfer syntax to answer in: the first of ``offered`` where none is asked for.

    ``offered`` holds Explicit VR Little Endian, then the stored one; ``*`` asks for the stored one (PS3.18 8.7.3.5.2).
    Raises Fault NotAcceptableException.
    """
    ranges = sorted(_ranges(header or "*/*"), key=lambda one: -one.quality)
    family = media.partition("/")[0] + "/*"
    for one in ranges:
        if one.media not in (media, family, "*/*") or (one.kind and one.kind not in kinds):
            continue
        if not one.syntax:
            return offered[0]
        if one.syntax == "*":
            return offered[-1]
        if one.syntax in offered:
            return one.syntax
    raise Fault("NotAcceptableException", "No representation of the instance is of a type that Accept names")
