"""Text of every DICOM character set to Unicode, and back (PS3.3 C.12.1.1.2, PS3.5 6.1).

Without code extensions one codec does. With them (several values, or a value ``ISO 2022 …``) escape sequences
switch sets inside a value, and the delimiters of the value (``\\``; ``^`` and ``=`` in names; line ends) switch back
to the first set. Bytes that a set does not have become U+FFFD: a wrong character must not keep a file out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

__all__ = ["DEFAULT", "Decode", "decoder", "encoder"]

Decode = Callable[[bytes], str]
"""Turns the whole bytes of an element, delimiters included, into text."""

_CODECS: Final[dict[str, str]] = {
    "": "latin-1",  # the default repertoire is ASCII; what lies beyond it is read as Latin-1, as others do
    "6": "latin-1",
    "13": "shift_jis",
    "58": "gb2312",
    "87": "iso2022_jp",
    "100": "latin-1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "149": "euc_kr",
    "159": "iso2022_jp_2",
    "166": "tis_620",
    "192": "utf-8",
    "203": "iso8859_15",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
"""Registration number of the defined term (``ISO_IR 100``, ``ISO 2022 IR 100``: ``100``) → Python's codec."""

_ESCAPES: Final[dict[bytes, tuple[str, bool]]] = {
    b"(B": ("ascii", False),
    b"(J": ("shift_jis", False),
    b")I": ("shift_jis", False),
    b"$B": ("iso2022_jp", True),
    b"$@": ("iso2022_jp", True),
    b"$(D": ("iso2022_jp_2", True),
    b"$)C": ("euc_kr", False),
    b"$)A": ("gb2312", False),
    b"-A": ("latin-1", False),
    b"-B": ("iso8859_2", False),
    b"-C": ("iso8859_3", False),
    b"-D": ("iso8859_4", False),
    b"-F": ("iso8859_7", False),
    b"-G": ("iso8859_6", False),
    b"-H": ("iso8859_8", False),
    b"-L": ("iso8859_5", False),
    b"-M": ("iso8859_9", False),
    b"-T": ("tis_620", False),
    b"-b": ("iso8859_15", False),
}
"""Escape sequence without its ESC → codec, and whether that codec wants to see the sequence (PS3.3 C.12-3, C.12-4)."""

_TERM = re.compile(r"^ISO(?:[_ -]IR|[ _-]2022[ _-]IR)[ _-]?(\d+)$")
_DELIMITER = re.compile(rb"[\\^=\r\n\f\t]")


def _codec(term: str) -> str | None:
    """Return the codec of a defined term; misspelt separators (``ISO-IR 100``) are common and understood."""
    term = term.strip(" \0").upper()
    match = _TERM.match(term)
    return _CODECS.get(match[1] if match else term)


def _plain(codec: str) -> Decode:
    def decode(raw: bytes) -> str:
        return str(raw, codec, "replace")

    return decode


def _extended(first: str) -> Decode:
    def tail(raw: bytes, codec: str) -> str:
        # After a delimiter the value is back in the first set (PS3.5 6.1.2.5.3).
        cut = _DELIMITER.search(raw)
        if cut is None or codec == first:
            return str(raw, codec, "replace")
        return str(raw[: cut.start()], codec, "replace") + str(raw[cut.start() :], first, "replace")

    def decode(raw: bytes) -> str:
        if b"\x1b" not in raw:
            return str(raw, first, "replace")
        head, *rest = raw.split(b"\x1b")
        parts = [str(head, first, "replace")]
        for piece in rest:
            size = 3 if piece[:3] in _ESCAPES else 2
            codec, whole = _ESCAPES.get(piece[:size], (first, False))
            if whole:  # two-byte sets in G0: 0x5C and 0x5E are halves of characters, not delimiters
                parts.append(str(b"\x1b" + piece, codec, "replace"))
            else:
                parts.append(tail(piece[size:], first if codec == "ascii" else codec))
        return "".join(parts)

    return decode


DEFAULT: Final[Decode] = _plain("latin-1")


@lru_cache(maxsize=256)
def decoder(terms: tuple[str, ...]) -> Decode:
    """Return what decodes text under the values of SpecificCharacterSet; an unknown term reads as Latin-1."""
    if not terms:
        return DEFAULT
    first = _codec(terms[0]) or "latin-1"
    if len(terms) == 1 and "2022" not in terms[0]:
        return _plain(first)
    if first in ("iso2022_jp", "iso2022_jp_2"):
        first = "shift_jis" if first == "iso2022_jp" else "latin-1"
    return _extended(first)


def encoder(terms: tuple[str, ...]) -> Callable[[str], bytes] | None:
    """Return what encodes text under ``terms``, raising UnicodeEncodeError; None for code extensions.

    Text under code extensions is written as UTF-8 instead: reading them is needed, writing them is not.
    """
    if len(terms) > 1 or (terms and "2022" in terms[0]):
        return None
    codec = (_codec(terms[0]) or "ascii") if terms and terms[0] else "ascii"

    def encode(text: str) -> bytes:
        return text.encode(codec)

    return encode
