"""Instances' JSON, compressed against what it resembles most.

The first instance of a series is the dictionary of its series: the others differ from it in a few elements and
take about 150 bytes. A later version of an instance is compressed against that instance's first version and
takes about 30; there are no longer chains. Both stay within one image set, so nothing of a deleted image set can
live on in another's compression. (Addressing contents by hash was tried: the address and its index cost more
than the contents that they saved.)
"""

from __future__ import annotations

import sqlite3
import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL = 6  # takes half as long again as 3 and saves a tenth; above it only the time grows
_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: _LEVEL,
    zstd.CompressionParameter.checksum_flag: 1,
}


class Dictionaries:
    """The dictionaries of one image set, each loaded when it is first needed; lives as long as an operation."""

    def __init__(self, connection: sqlite3.Connection, image_set: int) -> None:
        self.connection = connection
        self.image_set = image_set
        self._loaded: dict[int, zstd.ZstdDict] = {}

    def _of(self, series: int) -> zstd.ZstdDict | None:
        if series not in self._loaded:
            row = self.connection.execute(
                "SELECT data FROM dictionary WHERE image_set = ? AND series = ?", (self.image_set, series)
            ).fetchone()
            if row is None:
                return None
            self._loaded[series] = zstd.ZstdDict(unpack(row[0]), is_raw=True)
        return self._loaded[series]

    def pack(self, series: int, data: bytes) -> bytes:
        """Compress an instance; the first one of a series becomes its dictionary."""
        found = self._of(series)
        if found is None:
            self.connection.execute(
                "INSERT INTO dictionary VALUES (?, ?, ?)", (self.image_set, series, pack(data))
            )
            found = self._loaded[series] = zstd.ZstdDict(data, is_raw=True)
        return zstd.compress(data, options=_OPTIONS, zstd_dict=found.as_digested_dict)

    def unpack(self, series: int, packed: bytes) -> bytes:
        """Return what `pack` was given."""
        return zstd.decompress(packed, zstd_dict=self._of(series))


def pack_on(first: bytes, data: bytes) -> bytes:
    """Compress a later version of an instance against its first one; nothing where they are equal."""
    if data == first:
        return b""
    return zstd.compress(data, options=_OPTIONS, zstd_dict=zstd.ZstdDict(first, is_raw=True))


def unpack_on(first: bytes, packed: bytes) -> bytes:
    """Return what `pack_on` was given."""
    return zstd.decompress(packed, zstd_dict=zstd.ZstdDict(first, is_raw=True)) if packed else first


def pack(data: bytes) -> bytes:
    """Compress a level's JSON, which has no neighbour to lean on."""
    return zstd.compress(data, options=_OPTIONS)


def unpack(packed: bytes) -> bytes:
    """Return what `pack` was given."""
    return zstd.decompress(packed)
