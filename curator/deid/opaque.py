"""Text in bytes: private elements of VR UN (or OB) often hold strings, and names in them are names.

Values are base64 in the metadata document (healthimaging.md §2). Bytes that read as text are cleaned as
text and written back in the same encoding, padded to even length; bytes that do not, but hold an identifier, go.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final

_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
_RUN: Final = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")
_WIDE: Final = (
    re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\0){4,}"),
    re.compile(rb"(?:\0[\x20-\x7e\xa0-\xff]){4,}"),
)
_MOST_BYTES: Final = 1 << 22
_MOST_MEMBERS: Final = 1000
_DEEPEST: Final = 3  # packings in packings that are looked into
_LETTERS: Final = re.compile(rb"[0-9A-Za-z]{3}")
_PADS: Final = "\0 "


def decoded(value: str) -> bytes | None:
    """Return the bytes of a base64 value, None if it is none."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def readings(content: bytes) -> list[tuple[str, str]]:
    """Return (encoding, text) of every way in which all of the bytes read as printable text."""
    found = []
    for encoding in _ENCODINGS:
        if encoding.startswith("utf-16") and (len(content) % 2 or b"\0" not in content):
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(letter.isprintable() or letter in "\t\r\n\f\x1b" for letter in text.rstrip(_PADS)):
            found.append((encoding, text))
    return found


def clean(value: str, cleaned: Callable[[str], str], named: Callable[[str], bool]) -> str | None:
    """Return the base64 value with its text ``cleaned``; None where it holds what cannot be cut out.

    ``cleaned`` returns its argument where nothing is wrong with it; ``named`` says whether a string found among
    other bytes identifies the subject.
    """
    content = decoded(value)
    if content is None:
        new = cleaned(value)
        return value if new == value else new
    texts = readings(content)
    for encoding, text in texts:
        body = text.rstrip(_PADS)
        new = cleaned(body)
        if new != body:
            made = new.encode(encoding, errors="replace")
            pad = b"\0" if encoding.startswith("utf-8") or encoding == "latin-1" else " ".encode(encoding)
            made += pad if len(made) % 2 else b""
            return base64.b64encode(made).decode("ascii") if new else None
    try:
        return None if any(named(text) for text in _legible(content)) else value
    except _Unread:
        return None


class _Unread(Exception):
    """The bytes hold more than anybody looks through: packed again and again, or far larger than they are."""


def _legible(content: bytes, depth: int = 0) -> Iterator[str]:
    """Yield the strings inside bytes: unpacked, and runs of letters and digits, also of two bytes each."""
    if content[:2] == b"\x1f\x8b" or content[:1] == b"\x78":
        yield from _packed(content, depth)
    elif content[:4] == b"PK\x03\x04":
        yield from _archived(content, depth)
    runs = b"\n".join(run for run in _RUN.findall(content) if _LETTERS.search(run))
    yield runs.decode("latin-1")
    if not runs.isascii():
        yield runs.decode("utf-8", "ignore")
    for pattern in _WIDE:
        wide = (run.replace(b"\0", b"") for run in pattern.findall(content))
        yield "\n".join(run.decode("latin-1") for run in wide if _LETTERS.search(run))


def _packed(content: bytes, depth: int) -> Iterator[str]:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        inner = stream.decompress(content, _MOST_BYTES)
    except zlib.error:
        return
    if stream.unconsumed_tail or depth == _DEEPEST:
        raise _Unread
    yield from _legible(inner, depth + 1)


def _archived(content: bytes, depth: int) -> Iterator[str]:
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if (
                depth == _DEEPEST
                or len(members) > _MOST_MEMBERS
                or sum(each.file_size for each in members) > _MOST_BYTES
            ):
                raise _Unread
            yield "\n".join(each.filename for each in members)
            for each in members:
                yield from _legible(archive.read(each), depth + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError):
        raise _Unread from None
