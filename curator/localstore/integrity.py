"""What ``stores check`` proves: the file is sound, every reference leads somewhere, every byte is what it was."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from curator.errors import StoreError
from curator.localstore.content import Dictionaries, unpack_on
from curator.localstore.database import OPEN
from curator.localstore.storage import Storage

_RULES = {
    "rows of a version range that ends before it begins": (
        "SELECT count(*) FROM instance WHERE until <= since"
    ),
    "instances whose first version is missing": (
        "SELECT count(*) FROM instance i WHERE base != since AND NOT EXISTS (SELECT 1 FROM instance b"
        " WHERE b.image_set = i.image_set AND b.number = i.number AND b.since = i.base AND b.base = b.since)"
    ),
    "instances that their image set's list of UIDs does not know": (
        f"SELECT count(*) FROM instance i WHERE i.{OPEN} AND NOT EXISTS (SELECT 1 FROM present p"
        " WHERE p.image_set = i.image_set AND p.number = i.number)"
    ),
    "UIDs listed without their instance": (
        "SELECT count(*) FROM present p WHERE NOT EXISTS (SELECT 1 FROM instance i"
        f" WHERE i.image_set = p.image_set AND i.number = p.number AND i.{OPEN})"
    ),
    "instances whose series is not in their version": (
        f"SELECT count(*) FROM instance i WHERE i.{OPEN} AND NOT EXISTS (SELECT 1 FROM series s"
        f" WHERE s.image_set = i.image_set AND s.number = i.series AND s.{OPEN})"
    ),
    "image sets whose versions are not numbered from 1 to the latest": (
        "SELECT count(*) FROM image_set WHERE (SELECT count(*) || '-' || min(version) || '-' || max(version)"
        " FROM version WHERE image_set = pk) IS NOT latest || '-1-' || latest"
    ),
    "locked image sets that wait for nothing": (
        "SELECT count(*) FROM image_set WHERE state = 'LOCKED'"
        " AND NOT EXISTS (SELECT 1 FROM pending WHERE image_set = image_set.pk)"
    ),
    "deleted image sets that still hold content": (
        "SELECT count(*) FROM image_set WHERE state = 'DELETED'"
        " AND EXISTS (SELECT 1 FROM level WHERE image_set = image_set.pk)"
    ),
    "series that two image sets are primary for": (
        "SELECT count(*) FROM (SELECT 1 FROM summary WHERE is_primary"
        " GROUP BY datastore, study_uid, series_uid HAVING count(*) > 1)"
    ),
}


def problems(storage: Storage) -> Iterator[str]:
    """Yield what is damaged, in words and counts; nothing when all is well."""
    try:
        with storage.reading() as connection:
            yield from _found(storage, connection)
    except (sqlite3.DatabaseError, StoreError):
        # What comes after the pages that stop SQLite is not looked at.
        yield "the database file: reading it stopped at damaged pages"


def _found(storage: Storage, connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check(20)").fetchall():
        if line != "ok":
            yield f"the database file: {line}"
    for _ in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield "a row refers to one that is not there"
    for name, rule in _RULES.items():
        (count,) = connection.execute(rule).fetchone()
        if count:
            yield f"{count} {name}"
    yield from _contents(connection)
    yield from _frames(storage, connection)


def _contents(connection: sqlite3.Connection) -> Iterator[str]:
    """Unpack every version of every instance; each carries a checksum."""
    damaged = 0
    rows = connection.execute(
        "SELECT image_set, series, base = since, data FROM instance ORDER BY image_set, number, since"
    )
    dictionaries, first = Dictionaries(connection, -1), b""
    for image_set, series, is_first, packed in rows:
        if dictionaries.image_set != image_set:
            dictionaries = Dictionaries(connection, image_set)
        try:
            if is_first:
                first = b""
                first = dictionaries.unpack(series, packed)
            else:
                unpack_on(first, packed)
        except Exception:  # whatever damaged bytes make of the decompressor
            damaged += 1
    if damaged:
        yield f"{damaged} instances' contents are not what was stored"


def _frames(storage: Storage, connection: sqlite3.Connection) -> Iterator[str]:
    missing = damaged = 0
    for (key,) in connection.execute("SELECT DISTINCT key FROM frame").fetchall():
        path = storage.frames.path(key.hex())
        if not path.exists():
            missing += 1
        elif hashlib.sha256(path.read_bytes()).digest() != key:
            damaged += 1
    if missing:
        yield f"{missing} image frames are missing"
    if damaged:
        yield f"{damaged} image frames are not what was stored"
    orphaned = len(storage.orphaned_frames(connection))
    if orphaned:
        yield f"{orphaned} image frames belong to no image set"
