"""What a compressed frame says in its header beside the image: colour transforms, and text that nobody sees.

Sources: ITU-T T.81 B.1 and B.2 (JPEG), T.87 C (JPEG-LS has the same markers), T.800 A (JPEG 2000; T.814 keeps it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_SOC: Final = b"\xff\x4f\xff\x51"
_COD, _COM2000, _SOT = 0xFF52, 0xFF64, 0xFF90
_COM, _SOS, _APP0, _APP14 = 0xFFFE, 0xFFDA, 0xFFE0, 0xFFEE
_FRAMES: Final = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC} | {0xFFF7}
_ENCODERS: Final = re.compile(
    r"(Created by )?(GDCM/)?(OpenJPH|OpenJPEG|Kakadu|LEAD Technologies|Lavc|JasPer|Grok|Intel\(R\)|CREATOR: gd-jpeg)"
    r"(?>[] ,.:()[/=-]|v?\d[\w.]*+|version|ver|inc|library|codec|core|jpeg(?:2000)?|using|ijg|quality|copyright|software)*+",
    re.IGNORECASE,
)
"""What encoders sign with: their names, versions and settings, and not a word more."""
_TEXT: Final = re.compile(rb"[\x20-\x7e\x80-\xfe]{4,}")


@dataclass(frozen=True, slots=True)
class Beside:
    """Text in a header's segment of a frame: where it stands, and what it says (it may be a patient's)."""

    segment: str
    text: str = field(repr=False)


def segments(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the header's marker segments up to the image's data; what is no codestream has none."""
    start = raw.find(_SOC, 0, 4096) if raw[:4] == _SOC or raw[4:8] == b"jP  " else -1
    if start >= 0:
        yield from _walked(raw, start + 2, _SOT)
    elif raw[:2] == b"\xff\xd8":
        yield from _walked(raw, 2, _SOS)


def _walked(raw: bytes, place: int, last: int) -> Iterator[tuple[int, bytes]]:
    while place + 4 <= len(raw):
        if raw[place] == 0xFF and raw[place + 1] == 0xFF:  # fill bytes
            place += 1
            continue
        marker = raw[place] << 8 | raw[place + 1]
        size = raw[place + 2] << 8 | raw[place + 3]
        if marker < 0xFF00 or marker == last or size < 2:
            return
        yield marker, raw[place + 4 : place + 2 + size]
        place += 2 + size


def jpeg_is_rgb(raw: bytes, photometric: str) -> bool:
    """Say whether a JPEG's three components are RGB as they stand, rather than YCbCr.

    An Adobe marker says so itself, a JFIF one means YCbCr, and without either the attribute is all there is.
    """
    jfif = False
    for marker, body in segments(raw):
        if marker == _APP14 and body[:5] == b"Adobe" and len(body) > 11:
            return body[11] == 0
        jfif = jfif or (marker == _APP0 and body[:4] == b"JFIF")
    return photometric == "RGB" and not jfif


def components(raw: bytes) -> int:
    """Return how many components a JPEG's or JPEG-LS's frame header tells; 0 where there is none."""
    return next((body[5] for marker, body in segments(raw) if marker in _FRAMES and len(body) > 5), 0)


def untransformed(raw: bytes) -> bool:
    """Say whether a JPEG 2000 codestream's components are coded apart, so that no decoder makes RGB of them."""
    return next((body[4] == 0 for marker, body in segments(raw) if marker == _COD and len(body) > 4), False)


def texts_beside(raw: bytes) -> tuple[Beside, ...]:
    """Return the text in comments and application segments, which travels with a frame kept as received."""
    found: list[Beside] = []
    for marker, body in segments(raw):
        if marker == _COM2000 and body[:2] == b"\0\1":
            name, body = "COM", body[2:]
        elif marker == _COM:
            name = "COM"
        elif _APP0 <= marker <= 0xFFEF:
            name, body = f"APP{marker - _APP0}", _behind_signature(body)
        else:
            continue
        text = " ".join(part.decode("latin-1").strip() for part in _TEXT.findall(body)).strip()
        if text and not _ENCODERS.fullmatch(text):
            found.append(Beside(name, text))
    return tuple(found)


def _behind_signature(body: bytes) -> bytes:
    """Return what an application segment holds behind the fields that every JFIF or Adobe marker has."""
    if body[:5] == b"JFIF\0" and len(body) >= 14:
        return body[
            14 + 3 * body[12] * body[13] :
        ]  # an RGB thumbnail of so many columns and rows (JFIF 1.02)
    return body[12:] if body[:5] == b"Adobe" else body
