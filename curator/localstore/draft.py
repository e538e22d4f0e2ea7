"""The version that an operation is making: rows with version ranges, so that only what changes is written.

A row holds from version ``since`` up to, not including, ``until``; the latest version's rows are open
(``until`` = NOW_AND_ON). Changing an instance closes its row and opens another: what 18 of 1,000 instances
cost does not depend on the other 982. Older versions are never touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curator.localstore.content import Dictionaries, pack, pack_on, unpack, unpack_on
from curator.localstore.database import NOW_AND_ON, OPEN
from curator.localstore.faults import Failed

_PUNCTUATION = 4  # two quotes, a colon and a comma


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """An open instance row: its number is its place in the document and stays its own for good."""

    number: int
    since: int
    series: int
    base: int
    uid: str
    base_uid: str
    frames: int
    size: int
    data: bytes


_INSTANCE = (
    "SELECT i.number, i.since, i.series, i.base, coalesce(i.uid, b.uid), b.uid, i.frames, i.size, i.data"
    " FROM instance i JOIN instance b ON b.image_set = i.image_set AND b.number = i.number AND b.since = i.base"
    f" WHERE i.image_set = ? AND i.{OPEN}"
)


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """An open series row; ``data`` is the ``DICOM`` object's JSON."""

    number: int
    uid: str
    data: bytes


class Draft:
    """Writes the rows of ``version`` of one image set, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, image_set: int, version: int, size: int = 0) -> None:
        self.connection = connection
        self.dictionaries = Dictionaries(connection, image_set)
        self.image_set = image_set
        self.version = version
        self._first = -1, b""  # the number and first content of the instance read last
        self.size = size
        """Bytes of the document's JSON so far: the 50 MB quota must not cost reading it."""

    # ── reading what is open ──────────────────────────────────────────────────────────────────────────

    def levels(self) -> tuple[bytes, bytes]:
        """Return the JSON of the Patient's and the Study's ``DICOM`` objects.

        Raises Failed where there are none: a copy that failed leaves an image set that never held anything.
        """
        found = self.connection.execute(
            f"SELECT patient, study FROM level WHERE image_set = ? AND {OPEN}", (self.image_set,)
        ).fetchone()
        if found is None:
            raise Failed("INVALID_REQUEST: The ImageSet version has no metadata.")
        return unpack(found[0]), unpack(found[1])

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
            f"{_INSTANCE} AND i.number = (SELECT number FROM present WHERE image_set = ? AND uid = ?)",
            (self.image_set, self.image_set, uid),
        ).fetchone()
        return InstanceRow(*row) if row else None

    def instances(self, series: int | None = None) -> list[InstanceRow]:
        """Return the open instances, of one series or of all, in the document's order."""
        rows = self.connection.execute(
            f"{_INSTANCE} AND (?2 IS NULL OR i.series = ?2) ORDER BY i.number", (self.image_set, series)
        )
        return [InstanceRow(*row) for row in rows]

    def content(self, row: InstanceRow) -> bytes:
        """Return an instance's JSON."""
        first = self.first_content(row)
        return first if row.base == row.since else unpack_on(first, row.data)

    def first_content(self, row: InstanceRow) -> bytes:
        """Return the JSON of an instance's first version, which the later ones are compressed against."""
        if self._first[0] != row.number:
            data = row.data
            if row.base != row.since:
                (data,) = self.connection.execute(
                    "SELECT data FROM instance WHERE image_set = ? AND number = ? AND since = ?",
                    (self.image_set, row.number, row.base),
                ).fetchone()
            self._first = row.number, self.dictionaries.unpack(row.series, data)
        return self._first[1]

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

    def add_instance(self, number: int, series: int, uid: str, data: bytes, frames: int) -> None:
        """Add an instance under a number of its own.

        Raises sqlite3.IntegrityError when another open instance has its UID.
        """
        packed = self.dictionaries.pack(series, data)
        size = instance_size(uid, data)
        self._put(InstanceRow(number, self.version, series, self.version, uid, uid, frames, size, packed))

    def changed(self, row: InstanceRow, uid: str, data: bytes) -> InstanceRow:
        """Return what takes the place of a row when its JSON becomes ``data``."""
        packed = pack_on(self.first_content(row), data)
        size = instance_size(uid, data)
        return InstanceRow(
            row.number, self.version, row.series, row.base, uid, row.base_uid, row.frames, size, packed
        )

    def _put(self, row: InstanceRow) -> None:
        uid = None if row.base != row.since and row.uid == row.base_uid else row.uid
        self.connection.execute("INSERT INTO present VALUES (?, ?, ?)", (self.image_set, row.uid, row.number))
        self.connection.execute(
            "INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.image_set,
                row.number,
                row.since,
                NOW_AND_ON,
                row.series,
                row.base,
                uid,
                row.frames,
                row.size,
                row.data,
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
            self._put(new)

    def remove_instance(self, row: InstanceRow) -> None:
        """Remove an instance; its frames stay, and stay billed (guide, "What is considered a touch?")."""
        self._close("instance", row.number)
        self.connection.execute(
            "DELETE FROM present WHERE image_set = ? AND uid = ?", (self.image_set, row.uid)
        )
        self.size -= row.size

    def go_back(self, to: int) -> None:
        """Make this version's rows equal to those of version ``to``, touching only what differs.

        Raises Failed where that version never held anything.
        """
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

        self.levels()
        self._list_present()

    def _list_present(self) -> None:
        self.connection.execute("DELETE FROM present WHERE image_set = ?", (self.image_set,))
        self.connection.executemany(
            "INSERT INTO present VALUES (?, ?, ?)",
            [(self.image_set, row.uid, row.number) for row in self.instances()],
        )


_REVERTED = (
    ("level", "image_set, :new, :now, patient, study", "{a}.patient = {b}.patient AND {a}.study = {b}.study"),
    (
        "series",
        "image_set, number, :new, :now, uid, data",
        "{a}.number = {b}.number AND {a}.uid = {b}.uid AND {a}.data = {b}.data",
    ),
    (
        # What was compressed against nothing comes back as equal to itself as it was.
        "instance",
        "image_set, number, :new, :now, series, base, CASE WHEN base = since THEN NULL ELSE uid END, frames, size,"
        " CASE WHEN base = since THEN x'' ELSE data END",
        "{a}.number = {b}.number AND {a}.since = {b}.since",
    ),
)
"""What `go_back` compares and copies of each table: for an instance it is the same row or another one."""


def instance_size(uid: str, data: bytes) -> int:
    """Return what an instance adds to the document's size."""
    return len(data) + len(uid) + _PUNCTUATION
