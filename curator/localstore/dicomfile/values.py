"""The bytes of one element's value as the JSON that the service keeps, by VR (PS3.5 6.2; healthimaging.md §2).

A decoder takes the non-empty bytes and the text decoder in force. Padding is stripped, DS and IS stay strings, a
multi-valued attribute is always a list, numbers of FD and FL are integers where they are integral, AT is eight hex
digits, and whatever is bytes is base64.
"""

from __future__ import annotations

import math
import struct
from binascii import b2a_base64
from collections.abc import Callable
from functools import cache
from typing import Final

from curator.dicom import Json
from curator.localstore.dicomfile.charsets import Decode
from curator.localstore.dicomfile.refusal import RefusedFile

__all__ = ["BINARY", "INTEGERS", "LONG_FORM", "REALS", "TEXT", "UNSPLIT", "VRS", "DecodeValue", "decoder_of"]

DecodeValue = Callable[[bytes, Decode], Json]

TEXT: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""VRs under SpecificCharacterSet."""
UNSPLIT: Final = frozenset({"LT", "ST", "UR", "UT"})
"""VRs in which a backslash is text."""
INTEGERS: Final[dict[str, str]] = {"SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
REALS: Final[dict[str, str]] = {"FD": "d", "FL": "f"}
BINARY: Final[dict[str, int]] = {"OB": 1, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2, "UN": 1}
"""VRs of bytes → the size of the words that big endian swaps."""
LONG_FORM: Final = frozenset({*BINARY, "SQ", "SV", "UC", "UR", "UT", "UV"})
"""VRs whose explicit form has a 32-bit length (PS3.5 7.1.2)."""
VRS: Final = frozenset(
    {*LONG_FORM, *INTEGERS, *REALS, *TEXT, "AE", "AS", "AT", "CS", "DA", "DS", "DT", "IS", "TM", "UI"}
)

_PAD: Final = " \0"
_EXACT: Final = 2.0**53


def _line(raw: bytes, text: Decode) -> Json:
    return text(raw).rstrip(_PAD) or None


def _lines(raw: bytes, text: Decode) -> Json:
    shown = text(raw).rstrip(_PAD)
    return [part.rstrip(_PAD) for part in shown.split("\\")] if shown else None


def _lines_if_many(raw: bytes, text: Decode) -> Json:
    shown = text(raw).rstrip(_PAD)
    return [part.rstrip(_PAD) for part in shown.split("\\")] if "\\" in shown else (shown or None)


def _code(raw: bytes, text: Decode) -> Json:
    return str(raw, "latin-1").rstrip(_PAD) or None


def _codes(raw: bytes, text: Decode) -> Json:
    shown = str(raw, "latin-1").rstrip(_PAD)
    if "\\" not in shown:
        return [shown] if shown else None
    return [part.rstrip(_PAD) for part in shown.split("\\")]


def _codes_if_many(raw: bytes, text: Decode) -> Json:
    shown = str(raw, "latin-1").rstrip(_PAD)
    return [part.rstrip(_PAD) for part in shown.split("\\")] if "\\" in shown else (shown or None)


def _trimmed(raw: bytes, text: Decode) -> Json:
    return str(raw, "latin-1").strip(_PAD) or None


def _trimmed_parts(raw: bytes, text: Decode) -> Json:
    shown = str(raw, "latin-1").strip(_PAD)
    return [part.strip(_PAD) for part in shown.split("\\")] if shown else None


def _trimmed_if_many(raw: bytes, text: Decode) -> Json:
    shown = str(raw, "latin-1").strip(_PAD)
    return [part.strip(_PAD) for part in shown.split("\\")] if "\\" in shown else (shown or None)


def _words(little: bool, letter: str) -> Callable[[bytes], tuple[int, ...] | tuple[float, ...]]:
    order = "<" if little else ">"
    size = struct.calcsize(order + letter)
    single = struct.Struct(order + letter)

    def unpack(raw: bytes) -> tuple[int, ...]:
        if len(raw) == size:
            return single.unpack(raw)
        if len(raw) % size:
            raise RefusedFile("a DICOM attribute has a length that its VR does not allow")
        return struct.unpack(f"{order}{len(raw) // size}{letter}", raw)

    return unpack


def number(value: float) -> Json:
    """Return an integer where the number is one. NaN and infinities are the strings of PS3.18 F.2.3 (assumption)."""
    if value.is_integer():
        return int(value) if -_EXACT < value < _EXACT else value
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _numbers(little: bool, vr: str, many: bool) -> DecodeValue:
    unpack = _words(little, INTEGERS.get(vr) or REALS[vr])
    real = vr in REALS

    def decode(raw: bytes, text: Decode) -> Json:
        values: list[Json] = [number(v) for v in unpack(raw)] if real else list(unpack(raw))
        return values if many or len(values) > 1 else values[0]

    return decode


def _tags(little: bool, many: bool) -> DecodeValue:
    unpack = _words(little, "H")

    def decode(raw: bytes, text: Decode) -> Json:
        halves = unpack(raw)
        if len(halves) % 2:
            raise RefusedFile("a DICOM attribute has a length that its VR does not allow")
        values: list[Json] = [
            f"{group:04X}{element:04X}" for group, element in zip(halves[::2], halves[1::2], strict=True)
        ]
        return values if many or len(values) > 1 else values[0]

    return decode


def _bytes(little: bool, word: int) -> DecodeValue:
    def decode(raw: bytes, text: Decode) -> Json:
        return str(b2a_base64(raw, newline=False), "ascii")

    def swapped(raw: bytes, text: Decode) -> Json:
        import numpy as np

        whole = len(raw) - len(raw) % word
        return decode(
            np.frombuffer(raw[:whole], f"V{word}").view(f"u{word}").byteswap().tobytes() + raw[whole:], text
        )

    return decode if little or word == 1 else swapped


@cache
def decoder_of(vr: str, many: bool | None, little: bool) -> DecodeValue:
    """Return the decoder of a VR; ``many``: the VM exceeds 1, does not, or (None: a private element) is unknown.

    assumption: a private element is a list exactly where it holds several values.
    """
    if vr in BINARY:
        return _bytes(little, BINARY[vr])
    if vr in INTEGERS or vr in REALS:
        return _numbers(little, vr, bool(many))
    if vr == "AT":
        return _tags(little, bool(many))
    if vr in ("AE", "DS", "IS"):  # leading spaces are padding too (PS3.5 6.2)
        return _trimmed_if_many if many is None else (_trimmed_parts if many else _trimmed)
    if vr in UNSPLIT:
        return _line
    if vr in TEXT:
        return _lines_if_many if many is None else (_lines if many else _line)
    return _codes_if_many if many is None else (_codes if many else _code)
