"""Identifiers written so that a plain look does not see them: base64, percent signs, entities, NULs between letters."""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
import zlib
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

Names: TypeAlias = Callable[[str], bool]
"""Says whether a text names the subject."""

SHORTEST_ENCODED: Final = 6
"""Four letters, encoded, need as many characters."""

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{8,}")
_PERCENT: Final = re.compile(r"[^\s,;]*%[0-9A-Fa-f]{2}[^\s,;]*")
_ENTITY: Final = re.compile(r"(?:[\w.^'-]|&#?\w+;)*&#?\w+;(?:[\w.^'-]|&#?\w+;)*")
_WIDE: Final = re.compile("(?:[\x20-\x7e]\0){3,}|(?:\0[\x20-\x7e]){3,}")
_MOST_BYTES: Final = 1 << 20
_CHARSETS: Final = (
    *(
        "iso8859_2",
        "iso8859_3",
        "iso8859_4",
        "iso8859_5",
        "iso8859_6",
        "iso8859_7",
        "iso8859_8",
        "iso8859_9",
        "iso8859_15",
    ),
    *("tis_620", "shift_jis", "euc_jp", "iso2022_jp", "euc_kr", "gb18030"),
)


def encoded_spans(text: str, names: Names, *, foreign: bool = True) -> list[tuple[int, int]]:
    """Return where encoded text stands that names the subject once decoded.

    Unless ``foreign`` the subject's names are ASCII, which reads alike in every character set.
    """
    spans = [
        found.span()
        for found in _BASE64.finditer(text)
        if any(names(said) for said in _of_base64(found[0], foreign=foreign))
    ]
    if "%" in text:
        spans += _decoded(text, _PERCENT, urllib.parse.unquote, names)
    if "&" in text:
        spans += _decoded(text, _ENTITY, html.unescape, names)
    if "\0" in text:
        spans += _decoded(text, _WIDE, lambda wide: wide.replace("\0", ""), names)
    return sorted(spans)


def _decoded(
    text: str, pattern: re.Pattern[str], decode: Callable[[str], str], names: Names
) -> Iterator[tuple[int, int]]:
    return (found.span() for found in pattern.finditer(text) if names(decode(found[0])))


def _of_base64(run: str, *, foreign: bool) -> Iterator[str]:
    if len(run) % 2 == 0 and _HEX.fullmatch(run):
        yield bytes.fromhex(run).decode("latin-1")
    plain = run.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        return
    try:
        content = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
    if content[:2] == b"\x1f\x8b":
        try:
            content = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _MOST_BYTES)
        except zlib.error:
            return
    for charset in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        if charset.startswith("utf-16") and b"\0" not in content:
            continue
        try:
            said = content.decode(charset)
        except UnicodeDecodeError:
            continue
        if charset != "latin-1" or said.isprintable():
            yield said
        break
    if foreign and not content.isascii():
        yield from _in_words(content)


def _in_words(content: bytes) -> Iterator[str]:
    """Yield the bytes as letters of the other character sets of PS3.3 C.12.1.1.2, where all are letters of words."""
    for charset in _CHARSETS:
        try:
            said = content.decode(charset)
        except UnicodeDecodeError:
            continue
        if all(letter.isalpha() or letter in " ^=.,'-" for letter in said):
            yield said
