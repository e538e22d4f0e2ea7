"""The version that an operation is making: rows with version ranges, so that only what changes is written.

A row holds from version ``since`` up to, not including, ``until``; the latest version's rows are open
(``until`` = NOW_AND_ON). Changing an instance closes its row and opens another: what 18 of 1,000 instances
cost does not depend on the other 982. Older versions are never touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curator.localstore.content import Contents, pack, unpack
from curator.localstore.database import NOW_AND_ON, OPEN

_PUNCTUATION = 4  # two quotes, a colon and a comma


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """An open instance row: its number is its place in the document and stays its own for good."""

    number: int
    series: int
    uid: str
    content: int
    frames: int
    size: int


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """An open series row; ``data`` is the ``DICOM`` object's JSON."""

    number: int
    uid: str
    data: bytes


class Draft:
    """Writes the rows of ``version`` of one image set, inside the caller's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, contents: Contents, image_set: int, version: int, size: int = 0
    ) -> None:
        self.connection = connection
        self.contents = contents
        self.image_set = image_set
        self.version = version
        self.size = size
        """Bytes of the document's JSON so far: the 50 MB quota must not cost reading it."""

    # ── reading what is open ──────────────────────────────────────────────────────────────────────────

    def levels(self) -> tuple[bytes, bytes]:
        """Return the JSON of the Patient's and the Study's ``DICOM`` objects."""
        patient, study = self.connection.execute(
            f"SELECT patient, study FROM level WHERE image_set = ? AND {OPEN}", (self.image_set,)
        ).fetchone()
        return unpack(patient), unpack(study)

    def all_series(self) -> list[SeriesRow]:
        """Return the open series in the document's order."""
        rows = self.connection.execute(
            f"SELECT number, uid, data FROM series WHERE image_set = ? AND {OPEN} ORDER BY number",
            (self.image_set,),
        )
        return [SeriesRow(number, uid, unpack(data)) for number, uid, data in rows]

    def find(self, uid: str) -> InstanceRow | None:
        """Return the open instance of that SOP Instance UID."""
        row = self.connection.execute(
            "SELECT number, series, uid, content, frames, size FROM instance"
            f" WHERE image_set = ? AND uid = ? AND {OPEN}",
            (self.image_set, uid),
        ).fetchone()
        return InstanceRow(*row) if row else None

    def instances(self, series: int | None = None) -> list[InstanceRow]:
        """Return the open instances, of one series or of all, in the document's order."""
        rows = self.connection.execute(
            "SELECT number, series, uid, content, frames, size FROM instance"
            f" WHERE image_set = ?1 AND {OPEN} AND (?2 IS NULL OR series = ?2) ORDER BY number",
            (self.image_set, series),
        )
        return [InstanceRow(*row) for row in rows]

    def next_number(self) -> int:
        """Return the first number that no instance of any version has had."""
        (highest,) = self.connection.execute(
            "SELECT max(number) FROM instance WHERE image_set = ?", (self.image_set,)
        ).fetchone()
        return 0 if highest is None else int(highest) + 1

    def next_series_number(self) -> int:
        """Return the first number that no series of any version has had."""
        (highest,) = self.connection.execute(
            "SELECT max(number) FROM series WHERE image_set = ?", (self.image_set,)
        ).fetchone()
        return 0 if highest is None else int(highest) + 1

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────

    def _close(self, table: str, number: int | None = None) -> None:
        """End the open row before this version; one that this version itself wrote goes."""
        which = "" if number is None else " AND number = ?"
        keys = (self.image_set,) if number is None else (self.image_set, number)
        self.connection.execute(
            f"DELETE FROM {table} WHERE image_set = ?{which} AND since = ? AND {OPEN}",
            (*keys, self.version),
        )
        self.connection.execute(
            f"UPDATE {table} SET until = ? WHERE image_set = ?{which} AND {OPEN}",
            (self.version, *keys),
        )

    def put_levels(self, patient: bytes, study: bytes, old_size: int = 0) -> None:
        """Set the Patient's and the Study's ``DICOM`` objects."""
        self._close("level")
        self.connection.execute(
            "INSERT INTO level VALUES (?, ?, ?, ?, ?)",
            (self.image_set, self.version, NOW_AND_ON, pack(patient), pack(study)),
        )
        self.size += len(patient) + len(study) - old_size

    def put_series(self, row: SeriesRow, old_size: int = 0) -> None:
        """Set a series' UID and ``DICOM`` object."""
        self._close("series", row.number)
        self.connection.execute(
            "INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)",
            (self.image_set, row.number, self.version, NOW_AND_ON, row.uid, pack(row.data)),
        )
        self.size += len(row.data) - old_size

    def remove_series(self, row: SeriesRow) -> None:
        """Remove a series and its instances; their frames stay."""
        for instance in self.instances(row.number):
            self.remove_instance(instance)
        self._close("series", row.number)
        self.size -= len(row.data)

    def put_instance(self, row: InstanceRow) -> None:
        """Add an instance; sqlite3.IntegrityError when another open instance has its UID."""
        self.connection.execute(
            "INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.image_set,
                row.number,
                self.version,
                NOW_AND_ON,
                row.series,
                row.uid,
                row.content,
                row.frames,
                row.size,
            ),
        )
        self.size += row.size

    def replace_instances(self, changes: Iterable[tuple[InstanceRow, InstanceRow]]) -> None:
        """Set instances in the place of others (old, new); all give way first, so that UIDs may change places.

        Raises sqlite3.IntegrityError when two open instances would have the same UID.
        """
        changes = list(changes)
        for old, _ in changes:
            self.remove_instance(old)
        for _, new in changes:
            self.put_instance(new)

    def remove_instance(self, row: InstanceRow) -> None:
        """Remove an instance; its frames stay, and stay billed (guide, "What is considered a touch?")."""
        self._close("instance", row.number)
        self.size -= row.size

    def go_back(self, to: int) -> None:
        """Make this version's rows equal to those of version ``to``, touching only what differs."""
        for table, columns, same in _REVERTED:
            keys: Mapping[str, int] = {
                "set": self.image_set,
                "to": to,
                "now": NOW_AND_ON,
                "new": self.version,
            }
            # What is open and was so in version `to` already, or has come back since, stays as it is.
            was = f"SELECT 1 FROM {table} AS past WHERE past.image_set = :set AND past.since <= :to AND past.until > :to"
            self.connection.execute(
                f"UPDATE {table} SET until = :new WHERE image_set = :set AND {OPEN}"
                f" AND NOT EXISTS ({was} AND {same.format(a='past', b=table)})",
                keys,
            )
            is_open = f"SELECT 1 FROM {table} AS kept WHERE kept.image_set = :set AND kept.{OPEN}"
            self.connection.execute(
                f"INSERT INTO {table} SELECT {columns} FROM {table} AS past"
                f" WHERE past.image_set = :set AND past.since <= :to AND past.until > :to"
                f" AND NOT EXISTS ({is_open} AND {same.format(a='kept', b='past')})",
                keys,
            )


_REVERTED = (
    ("level", "image_set, :new, :now, patient, study", "{a}.patient = {b}.patient AND {a}.study = {b}.study"),
    (
        "series",
        "image_set, number, :new, :now, uid, data",
        "{a}.number = {b}.number AND {a}.uid = {b}.uid AND {a}.data = {b}.data",
    ),
    (
        "instance",
        "image_set, number, :new, :now, series, uid, content, frames, size",
        "{a}.number = {b}.number AND {a}.series = {b}.series AND {a}.uid = {b}.uid AND {a}.content = {b}.content",
    ),
)


def instance_size(uid: str, data: bytes) -> int:
    """Return what an instance adds to the document's size."""
    return len(data) + len(uid) + _PUNCTUATION
