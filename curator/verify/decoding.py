"""Read what binary values and encoded text say: base64, character sets, UTF-16, gzip, zlib, zip, in each other."""

from __future__ import annotations

import binascii
import io
import re
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

OPAQUE: Final = 64
"""Bytes above which binary data that says nothing readable is named."""
_DEEPEST: Final = 3
_MOST_BYTES: Final = 1 << 24
_MOST_MEMBERS: Final = 1000
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{8,}")
_LEGIBLE: Final = re.compile(rb"[\x20-\x7e\x80-\xff\x1b\t\r\n]{4,}")
_WIDE_LEGIBLE: Final = (
    re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00){3,}"),
    re.compile(rb"(?:\x00[\x20-\x7e\xa0-\xff]){3,}"),
)

CHARSETS: Final = (
    "utf-8",
    "latin-1",
    "cp1252",
    "shift_jis",
    "euc_jp",
    "iso2022_jp",
    "euc_kr",
    "gb18030",
    "iso8859_2",
    "iso8859_3",
    "iso8859_4",
    "iso8859_5",
    "iso8859_6",
    "iso8859_7",
    "iso8859_8",
    "iso8859_9",
    "iso8859_15",
    "tis_620",
)
"""The character sets that DICOM's (PS3.3 C.12.1.1.2) are decoded with; an ASCII name reads alike in all."""
_OF_NAMES: Final = " ^=.,'-·・"


def decoded_base64(text: str) -> bytes | None:
    """Return the bytes of base64 text, standard or URL-safe; None when it is none."""
    try:
        return b64decode(
            text.replace("-", "+").replace("_", "/")
            + "=" * (-len(text.rstrip("=")) % 4 if "=" not in text else 0),
            validate=True,
        )
    except (binascii.Error, ValueError):
        return None


def hidden_in(text: str) -> Iterator[str]:
    """Yield what runs of base64 inside a text say, where they say something legible."""
    for run in _RUN.findall(text):
        if len(run) % 2 == 0 and _HEX.fullmatch(run):
            yield bytes.fromhex(run).decode("latin-1")
        data = decoded_base64(run) if len(run) % 4 == 0 or "=" not in run else None
        if data and len(data) >= 3 and _mostly_legible(data):
            yield from said(data)
        elif data:
            yield from _names_in(data)


def _names_in(data: bytes) -> Iterator[str]:
    """Yield what few bytes say in a character set in which all of them are letters of names: noise is so in none."""
    seen = set()
    for charset in CHARSETS:
        try:
            text = data.decode(charset)
        except UnicodeDecodeError:
            continue
        if text not in seen and all(letter.isalpha() or letter in _OF_NAMES for letter in text):
            seen.add(text)
            yield text


def _mostly_legible(data: bytes) -> bool:
    plain = data.replace(b"\0", b"")
    return bool(plain) and (
        sum(32 <= byte < 127 for byte in plain) >= 0.8 * len(plain)
        or _is_utf8(plain)
        or data[:2] in (b"\x1f\x8b", b"PK")
    )


def _is_utf8(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.isprintable()


def said(data: bytes, depth: int = 0) -> Iterator[str]:
    """Yield every reading of ``data``: in each character set, as UTF-16, unpacked."""
    if data.isascii():
        yield data.decode("ascii")
    elif len(data) > OPAQUE and not _mostly_legible(data):
        yield "\n".join(run.decode("latin-1") for run in _LEGIBLE.findall(data))
        yield "\n".join(run.decode("utf-8", "ignore") for run in _LEGIBLE.findall(data))
        for pattern in _WIDE_LEGIBLE:
            yield "\n".join(run.replace(b"\0", b"").decode("latin-1") for run in pattern.findall(data))
    else:
        seen = set()
        for charset in CHARSETS:
            text = data.decode(charset, "ignore")
            if text not in seen:
                seen.add(text)
                yield text
    if (b"\0" in data and _mostly_legible(data)) or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield data.decode("utf-16-le", "ignore")
        yield data[1:].decode("utf-16-le", "ignore")
        yield data.decode("utf-16-be", "ignore")
    if depth < _DEEPEST:
        for inner in unpacked(data):
            yield from said(inner, depth + 1)


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what gzip, zlib or zip data holds, up to 16 MB each; nothing for any other data."""
    if data[:2] == b"\x1f\x8b" or (
        data[:1] == b"\x78" and len(data) > 2 and not (data[0] * 256 + data[1]) % 31
    ):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, _MOST_BYTES)
        except zlib.error:
            pass
    if data[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.infolist()[:_MOST_MEMBERS]:
                    yield member.filename.encode()
                    with archive.open(member) as opened:
                        yield opened.read(_MOST_BYTES)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError):
            return


def is_opaque(data: bytes) -> bool:
    """Say whether data of more than 64 bytes is neither text nor unpacked: nobody can tell what it says."""
    if len(data) <= OPAQUE:
        return False
    if any(unpacked(data)):
        return False
    plain = data.rstrip(b"\0 ")
    if not plain:
        return False
    legible = sum(
        len(found)
        for found in _LEGIBLE.findall(plain)
        if sum(byte < 128 for byte in found) >= 0.7 * len(found)
    )
    wide = max(sum(len(found) for found in pattern.findall(plain)) for pattern in _WIDE_LEGIBLE)
    return max(legible, wide) < 0.9 * len(plain)
