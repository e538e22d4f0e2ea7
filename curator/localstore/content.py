"""Instances' JSON, stored once for each distinct content, compressed against another instance of its series.

A dictionary is one instance as it is; the others differ from it in a few elements and take about 150 bytes
each. Sets share contents, so what a deleted image set leaves behind must not keep its values alive in a
dictionary: `purge` re-encodes the survivors.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections import OrderedDict
from collections.abc import Iterable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3  # 15 µs an instance of 3 KB; level 9 saves 8 % of the bytes and takes twice the time
_CACHED = 64


class Dictionaries:
    """The compression dictionaries in use, loaded once a process; their numbers are never given again."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[int, zstd.ZstdDict] = OrderedDict()

    def get(self, connection: sqlite3.Connection, number: int) -> zstd.ZstdDict:
        """Return a dictionary by its number."""
        found = self._loaded.get(number)
        if found is None:
            (packed,) = connection.execute("SELECT data FROM dictionary WHERE pk = ?", (number,)).fetchone()
            found = self._loaded[number] = zstd.ZstdDict(zstd.decompress(packed), is_raw=True)
            if len(self._loaded) > _CACHED:
                self._loaded.pop(next(iter(self._loaded)), None)
        return found

    def make(self, connection: sqlite3.Connection, source: bytes) -> int:
        """Store ``source`` as a dictionary and return its number."""
        cursor = connection.execute(
            "INSERT INTO dictionary (source, data) VALUES (?, ?)",
            (hashlib.sha256(source).digest(), zstd.compress(source, LEVEL)),
        )
        number = cursor.lastrowid
        if number is None:
            raise TypeError("an insert without a row")
        return number


class Contents:
    """The content table: bytes in, a number out, and back."""

    def __init__(self) -> None:
        self.dictionaries = Dictionaries()

    def put(self, connection: sqlite3.Connection, data: bytes, dictionary: int) -> int:
        """Store ``data`` unless it is there already, and return its number."""
        address = hashlib.sha256(data).digest()
        found = connection.execute("SELECT pk FROM content WHERE address = ?", (address,)).fetchone()
        if found:
            return int(found[0])
        packed = zstd.compress(
            data, LEVEL, zstd_dict=self.dictionaries.get(connection, dictionary).as_digested_dict
        )
        cursor = connection.execute(
            "INSERT INTO content (address, dictionary, data) VALUES (?, ?, ?)", (address, dictionary, packed)
        )
        if cursor.lastrowid is None:
            raise TypeError("an insert without a row")
        return cursor.lastrowid

    def dictionary_of(self, connection: sqlite3.Connection, data: bytes) -> int:
        """Return the dictionary of this content where it is stored already, else a new one made of it."""
        found = connection.execute(
            "SELECT dictionary FROM content WHERE address = ?", (hashlib.sha256(data).digest(),)
        ).fetchone()
        return int(found[0]) if found else self.dictionaries.make(connection, data)

    def unpack(self, connection: sqlite3.Connection, packed: bytes, dictionary: int) -> bytes:
        """Return what `put` was given."""
        return zstd.decompress(packed, zstd_dict=self.dictionaries.get(connection, dictionary))

    def get(self, connection: sqlite3.Connection, number: int) -> tuple[bytes, int]:
        """Return a content's bytes and the number of the dictionary it is compressed against."""
        packed, dictionary = connection.execute(
            "SELECT data, dictionary FROM content WHERE pk = ?", (number,)
        ).fetchone()
        return self.unpack(connection, packed, dictionary), dictionary

    def purge(self, connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
        """Delete those contents that no image set holds any more, and every trace of them in dictionaries."""
        touched = set()
        for number in numbers:
            if connection.execute("SELECT 1 FROM instance WHERE content = ? LIMIT 1", (number,)).fetchone():
                continue
            gone = connection.execute(
                "DELETE FROM content WHERE pk = ? RETURNING dictionary, address", (number,)
            ).fetchone()
            if gone:
                touched.add(gone[0])
                sources = connection.execute("SELECT pk FROM dictionary WHERE source = ?", (gone[1],))
                touched.update(pk for (pk,) in sources)
        for dictionary in touched:
            self._renew(connection, dictionary)

    def _renew(self, connection: sqlite3.Connection, dictionary: int) -> None:
        """Re-encode what depends on a dictionary whose own instance is gone, then delete the dictionary."""
        kept = connection.execute(
            "SELECT 1 FROM content JOIN dictionary ON address = source WHERE dictionary.pk = ?", (dictionary,)
        ).fetchone()
        if kept:
            return
        rows = connection.execute(
            "SELECT pk, data FROM content WHERE dictionary = ?", (dictionary,)
        ).fetchall()
        renewed = None
        for number, packed in rows:
            data = self.unpack(connection, packed, dictionary)
            if renewed is None:
                renewed = self.dictionaries.make(connection, data)
            coding = self.dictionaries.get(connection, renewed).as_digested_dict
            connection.execute(
                "UPDATE content SET dictionary = ?, data = ? WHERE pk = ?",
                (renewed, zstd.compress(data, LEVEL, zstd_dict=coding), number),
            )
        connection.execute("DELETE FROM dictionary WHERE pk = ?", (dictionary,))


def pack(data: bytes) -> bytes:
    """Compress a level's JSON, which has no neighbour to lean on."""
    return zstd.compress(data, LEVEL)


def unpack(packed: bytes) -> bytes:
    """Return what `pack` was given."""
    return zstd.decompress(packed)
