"""What a project's key turns originals into: UIDs, pseudonyms, date offsets.

Every function is a pure function of a keyed digest (`Keyed`: domain → bytes → 32 bytes of HMAC-SHA-256), so the
same original gives the same result in every run, and nobody without the key can compute it. Each kind has a
domain of its own: knowing a pseudonym tells nothing about an offset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Mac: TypeAlias = Callable[[bytes], bytes]
Keyed: TypeAlias = Callable[[str], Mac]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread
SPAN_DAYS = 3650
"""Dates move back by 1 to this many days."""


def remap_uid(mac: Mac, uid: str) -> str:
    """Return the UID that replaces ``uid``: ``2.25.`` and a version-8 UUID (RFC 9562 §5.8, PS3.5 B.2).

    Trailing pads and outer spaces do not count: they are not part of a UID (PS3.5 9.1).
    """
    digest = bytearray(mac(uid.strip(" \0").encode())[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def pseudonym(mac: Mac, identity: str, prefix: str = "P") -> str:
    """Return a pseudonym of 14 characters (65 bits): fits SH (16) and every longer VR."""
    return prefix + letters(mac(identity.encode()), 13)


def letters(digest: bytes, length: int) -> str:
    """Return ``length`` (at most 51) letters and digits, 5 bits each, from a digest of 32 bytes."""
    number = int.from_bytes(digest, "big")
    found = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        found.append(_ALPHABET[digit])
    return "".join(found)


def offset_days(mac: Mac, identity: str, *, weeks: bool = False) -> int:
    """Return a subject's offset in whole days, -1 … -`SPAN_DAYS`; whole weeks where weekdays must stay."""
    number = int.from_bytes(mac(identity.encode())[:8], "big")
    if weeks:
        return -7 * (1 + number % (SPAN_DAYS // 7))
    return -(1 + number % SPAN_DAYS)
