"""Image sets in the database: what imports put in, and what operations and DICOMweb look up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curator.dicom import Json
from curator.localstore.arn import new_id
from curator.localstore.database import OPEN, Database
from curator.localstore.documents import InstanceDocument, document, instance_document
from curator.localstore.draft import Draft, SeriesRow
from curator.localstore.editions import Edition
from curator.localstore.faults import Failed, conflict, not_found
from curator.localstore.framefiles import FrameFiles
from curator.localstore.lifecycle import DATASTORE_COLUMNS, DatastoreRow, ImageSetRow, Lifecycle
from curator.localstore.limits import TOUCH_DAYS, Limits
from curator.localstore.parsed import ParsedFrame, ParsedInstance, StagedFrame, StoredImageSet
from curator.localstore.states import DatastoreStatus, State, Status

_TOUCH_SECONDS = 1.0
"""Touches nearer together than this are one: reading a thousand frames need not write a thousand times."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it is kept."""

    payload: bytes
    content_type: str


def readable_version(row: ImageSetRow, version: int | None) -> int:
    """Return the version to read: the one asked for, else the newest that is finished.

    assumption: while an operation makes version N+1, readers that name no version see N, and one that
    names N+1 gets a ConflictException.
    """
    if row.status == Status.DELETING:
        raise conflict("ImageSet is being deleted")
    wanted = row.visible if version is None else version
    if not 1 <= wanted <= row.latest:
        if version is None:
            raise conflict("ImageSet is not available yet")
        raise not_found("ImageSet version does not exist")
    if wanted > row.visible:
        raise conflict("ImageSet version is not available yet")
    return wanted


class Storage:
    """The rooms' common ground: one open folder."""

    def __init__(
        self,
        folder: Path,
        *,
        edition: Edition,
        limits: Limits,
        delay: float,
        clock: Callable[[], float],
    ) -> None:
        self.database = Database(folder)
        self.frames = FrameFiles(folder)
        self.edition = edition
        self.limits = limits
        self.clock = clock
        self.lifecycle = Lifecycle(edition, delay)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the write lock; all or nothing. See `Database.transaction`."""
        return self.database.transaction()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give one consistent state for several reads."""
        return self.database.reading()

    def settle(self) -> None:
        """Let what is due by now show; costs one index lookup when nothing is."""
        now = self.clock()
        due = self.database.connection().execute("SELECT 1 FROM pending WHERE due <= ?", (now,)).fetchone()
        if due:
            with self.transaction() as connection:
                self.lifecycle.settle(connection, now)

    def has_abandoned_imports(self) -> bool:
        """Say whether an import job was left behind by a process that no longer says it lives."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM import_job WHERE status IN ('SUBMITTED', 'IN_PROGRESS') AND coalesce(lease, 0) < ?",
                (self.clock(),),
            ).fetchone()
        return row is not None

    # ── data stores and image sets by id ──────────────────────────────────────────────────────────────

    def datastore(self, connection: sqlite3.Connection, datastore_id: str) -> DatastoreRow:
        """Return a data store in any state; ResourceNotFoundException when there is none."""
        row = connection.execute(
            f"SELECT {DATASTORE_COLUMNS} FROM datastore WHERE id = ?", (datastore_id,)
        ).fetchone()
        if row is None:
            raise not_found("Datastore does not exist")
        return DatastoreRow(*row)

    def active_datastore(self, connection: sqlite3.Connection, datastore_id: str) -> DatastoreRow:
        """Return a data store that is ACTIVE; ConflictException while it is made or deleted, 404 afterwards."""
        row = self.datastore(connection, datastore_id)
        if row.status == DatastoreStatus.DELETED:
            raise not_found("Datastore does not exist")
        if row.status != DatastoreStatus.ACTIVE:
            raise conflict(f"Datastore is {row.status}")
        return row

    def image_set(self, connection: sqlite3.Connection, datastore_id: str, image_set_id: str) -> ImageSetRow:
        """Return an image set in any state; ResourceNotFoundException when it is not in that data store."""
        store = self.active_datastore(connection, datastore_id)
        row = connection.execute("SELECT * FROM image_set WHERE id = ?", (image_set_id,)).fetchone()
        if row is None or row[1] != store.pk:
            raise not_found("ImageSet does not exist")
        return ImageSetRow(*row)

    def living_image_set(
        self, connection: sqlite3.Connection, datastore_id: str, image_set_id: str
    ) -> ImageSetRow:
        """Return an image set that is not deleted; ResourceNotFoundException otherwise."""
        row = self.image_set(connection, datastore_id, image_set_id)
        if row.state == State.DELETED:
            raise not_found("ImageSet does not exist")
        return row

    def storage_tier(self, accessed: float) -> str:
        """Return the tier of an image set last touched at ``accessed`` (guide, "How does tier movement work?")."""
        idle = self.clock() - accessed
        return "ARCHIVE_INSTANT_ACCESS" if idle >= TOUCH_DAYS * 86_400 else "FREQUENT_ACCESS"

    def touch(self, row: ImageSetRow) -> None:
        """Note that content was read, which brings a set back to the Frequent Access tier."""
        now = self.clock()
        if now - row.accessed >= _TOUCH_SECONDS:
            with self.transaction() as connection:
                connection.execute("UPDATE image_set SET accessed = ? WHERE pk = ?", (now, row.pk))

    # ── reading content ───────────────────────────────────────────────────────────────────────────────

    def document(self, datastore_id: str, image_set_id: str, version: int | None = None) -> bytes:
        """Return a version's metadata document as JSON, and touch the image set."""
        with self.reading() as connection:
            row = self.living_image_set(connection, datastore_id, image_set_id)
            wanted = readable_version(row, version)
            made = document(connection, row.pk, wanted, datastore_id, image_set_id)
        if made is None:
            raise not_found("ImageSet version has no metadata")
        self.touch(row)
        return made

    def instance(
        self, datastore_id: str, image_set_id: str, sop_uid: str, version: int | None = None
    ) -> InstanceDocument:
        """Return one instance with the levels above it, and touch the image set."""
        with self.reading() as connection:
            row = self.living_image_set(connection, datastore_id, image_set_id)
            wanted = readable_version(row, version)
            found = instance_document(connection, row.pk, wanted, image_set_id, sop_uid)
        if found is None:
            raise not_found("Instance does not exist in the ImageSet")
        self.touch(row)
        return found

    def frame(self, datastore_id: str, image_set_id: str, frame_id: str) -> Frame:
        """Return a frame of any version (removed instances keep theirs), and touch the image set."""
        with self.reading() as connection:
            row = self.living_image_set(connection, datastore_id, image_set_id)
            if row.status == Status.DELETING:
                raise conflict("ImageSet is being deleted")
            found = connection.execute(
                "SELECT key, content_type FROM frame WHERE image_set = ? AND id = ?", (row.pk, frame_id)
            ).fetchone()
        if found is None:
            raise not_found("ImageFrame does not exist")
        self.touch(row)
        return Frame(self.frames.get(found[0].hex()), found[1] or _OCTETS)

    def image_sets_with_instance(
        self, datastore_id: str, study_uid: str, series_uid: str, sop_uid: str
    ) -> list[ImageSetRow]:
        """Return the image sets whose visible version holds the instance, the primary one first."""
        with self.reading() as connection:
            store = self.active_datastore(connection, datastore_id)
            rows = connection.execute(
                "SELECT image_set.* FROM summary JOIN image_set ON image_set.pk = summary.image_set"
                " JOIN present ON present.image_set = image_set.pk AND present.uid = ?1"
                " JOIN instance ON instance.image_set = image_set.pk AND instance.number = present.number"
                f" AND instance.{OPEN}"
                " JOIN series ON series.image_set = image_set.pk AND series.number = instance.series"
                f" AND series.{OPEN}"
                " WHERE summary.datastore = ?2 AND study_uid = ?3 AND series.uid = ?4"
                " ORDER BY image_set.is_primary DESC, image_set.pk",
                (sop_uid, store.pk, study_uid, series_uid),
            ).fetchall()
        return [ImageSetRow(*row) for row in rows]

    def primary_image_set(self, datastore_id: str, study_uid: str, series_uid: str) -> ImageSetRow | None:
        """Return the series' primary image set, if it has one in that study."""
        with self.reading() as connection:
            store = self.active_datastore(connection, datastore_id)
            row = self.primary_of_series(connection, store.pk, series_uid)
            same_study = (
                row
                and connection.execute(
                    "SELECT 1 FROM summary WHERE image_set = ? AND study_uid = ?", (row.pk, study_uid)
                ).fetchone()
            )
        return row if same_study else None

    def primary_of_series(
        self, connection: sqlite3.Connection, datastore: int, series_uid: str
    ) -> ImageSetRow | None:
        """Return the series' primary image set, also one that a copy is still making."""
        row = connection.execute(
            f"SELECT image_set.* FROM series JOIN image_set ON image_set.pk = image_set WHERE uid = ? AND {OPEN}"
            " AND datastore = ? AND is_primary",
            (series_uid, datastore),
        ).fetchone()
        return ImageSetRow(*row) if row else None

    # ── putting content in ────────────────────────────────────────────────────────────────────────────

    def add_image_set(
        self, datastore_id: str, instances: Sequence[ParsedInstance], *, primary: bool | None = None
    ) -> StoredImageSet:
        """Store instances as a new image set, version 1, CREATED; visible when this returns.

        ``primary`` False marks a set that conflicts with its series' primary one; None lets the edition
        decide. Of two instances with one SOP Instance UID the last stays. Raises Fault when the data store
        takes none, Failed when the document would exceed 50 MB.
        """
        now = self.clock()
        first = instances[0]
        with self.transaction() as connection:
            self.lifecycle.settle(connection, now)
            store = self.active_datastore(connection, datastore_id)
            if primary is None or not self.edition.primary_image_sets:
                primary = self.edition.primary_image_sets and not self.primary_of_series(
                    connection, store.pk, first.series_instance_uid
                )
            image_set_id = new_id()
            pk = self.new_row(connection, now, store.pk, image_set_id, Status.CREATED, primary=primary)
            draft = Draft(connection, pk, 1)
            draft.put_levels(msgspec.json.encode(first.patient), msgspec.json.encode(first.study))
            self._fill(draft, instances)
            self.lifecycle.add_version(connection, now, pk, 1, Status.CREATED, size=draft.size)
            self.lifecycle.show(connection, now, pk, Status.CREATED)
        return StoredImageSet(image_set_id, 1, primary)

    def new_row(
        self,
        connection: sqlite3.Connection,
        now: float,
        datastore: int,
        image_set_id: str,
        status: Status,
        *,
        primary: bool,
    ) -> int:
        """Make an image set that has no version yet, and return its key."""
        (pk,) = connection.execute(
            "INSERT INTO image_set VALUES (NULL, ?, ?, ?, NULL, ?, 1, 0, ?, ?, ?) RETURNING pk",
            (datastore, image_set_id, now, now, State.ACTIVE.value, status.value, primary),
        ).fetchone()
        return int(pk)

    def extend_image_set(
        self, datastore_id: str, image_set_id: str, instances: Sequence[ParsedInstance]
    ) -> StoredImageSet:
        """Add instances to an image set as its next version; one that is there already is overwritten.

        Raises Fault when the set is locked or gone, Failed as `add_image_set`.
        """
        now = self.clock()
        with self.transaction() as connection:
            self.lifecycle.settle(connection, now)
            row = self.living_image_set(connection, datastore_id, image_set_id)
            if row.state != State.ACTIVE:
                raise conflict("ImageSet is LOCKED")
            version = row.latest + 1
            draft = Draft(connection, row.pk, version, self.size(connection, row))
            self._fill(draft, instances)
            # assumption: the service shows IMPORTING meanwhile; a job's sets are there when it is done.
            self.lifecycle.add_version(connection, now, row.pk, version, Status.IMPORTED, size=draft.size)
            connection.execute("UPDATE image_set SET accessed = ? WHERE pk = ?", (now, row.pk))
            self.lifecycle.show(connection, now, row.pk, Status.IMPORTED)
        return StoredImageSet(image_set_id, version, bool(row.is_primary))

    def size(self, connection: sqlite3.Connection, row: ImageSetRow) -> int:
        """Return the bytes of the latest version's document."""
        (size,) = connection.execute(
            "SELECT size FROM version WHERE image_set = ? AND version = ?", (row.pk, row.latest)
        ).fetchone()
        return int(size)

    def _fill(self, draft: Draft, instances: Sequence[ParsedInstance]) -> None:
        """Write instances, their series where new, and their frames."""
        series = {row.uid: row.number for row in draft.all_series()}
        number = draft.next_number()
        for instance in instances:
            if instance.series_instance_uid not in series:
                place = series[instance.series_instance_uid] = draft.next_series_number()
                draft.put_series(
                    SeriesRow(place, instance.series_instance_uid, msgspec.json.encode(instance.series))
                )
            place = series[instance.series_instance_uid]
            data = _instance_json(instance)
            old = draft.find(instance.sop_instance_uid)
            if old is not None:
                draft.remove_instance(old)
            draft.add_instance(number, place, instance.sop_instance_uid, data, len(instance.frames))
            self._put_frames(draft, instance.frames)
            number += 1
        if draft.size > self.limits.metadata_bytes:
            raise Failed("INVALID_REQUEST: The metadata of the ImageSet exceeds the size limit.")

    def _put_frames(self, draft: Draft, frames: Sequence[ParsedFrame]) -> None:
        for frame in frames:
            payload = frame.payload
            if isinstance(payload, StagedFrame):
                if not self.frames.path(payload.key).exists():
                    raise Failed("INTERNAL: a staged frame was swept away before its image set was stored")
                key = payload.key
            else:
                key = self.frames.put(payload)
            draft.connection.execute(
                "INSERT INTO frame VALUES (?, ?, ?, ?)",
                (draft.image_set, frame.entry["ID"], bytes.fromhex(key), _kept_type(frame.content_type)),
            )

    # ── taking content out ────────────────────────────────────────────────────────────────────────────

    def purge(self, connection: sqlite3.Connection, image_set: int) -> None:
        """Delete all that an image set holds; `drop_frames` follows once this is committed."""
        connection.execute(
            "INSERT OR IGNORE INTO doomed SELECT DISTINCT key FROM frame WHERE image_set = ?", (image_set,)
        )
        for table in ("summary", "level", "series", "instance", "present", "dictionary", "frame"):
            connection.execute(f"DELETE FROM {table} WHERE image_set = ?", (image_set,))

    def finish_purge(self) -> None:
        """Go on with a purge whose process was killed between the database and the files."""
        with self.reading() as connection:
            left = connection.execute("SELECT 1 FROM doomed LIMIT 1").fetchone()
        if left:
            self.drop_frames()

    def drop_frames(self) -> None:
        """Delete the files of purged frames that no image set refers to any more."""
        with self.transaction() as connection:
            for (key,) in connection.execute("SELECT key FROM doomed").fetchall():
                if not self._is_referred(connection, key):
                    self.frames.delete(key.hex())
            connection.execute("DELETE FROM doomed")
        self.database.forget_deleted()

    def _is_referred(self, connection: sqlite3.Connection, key: bytes) -> bool:
        return connection.execute("SELECT 1 FROM frame WHERE key = ? LIMIT 1", (key,)).fetchone() is not None

    def orphaned_frames(self, connection: sqlite3.Connection) -> list[str]:
        """Return the frames that no image set refers to, left by imports that were killed; none while one runs."""
        running = connection.execute(
            "SELECT 1 FROM import_job WHERE status IN ('SUBMITTED', 'IN_PROGRESS') LIMIT 1"
        ).fetchone()
        if running:
            return []
        return [
            key for key in self.frames.all_keys() if not self._is_referred(connection, bytes.fromhex(key))
        ]

    def sweep(self) -> None:
        """Delete orphaned frames."""
        with self.transaction() as connection:
            for key in self.orphaned_frames(connection):
                self.frames.delete(key)


_OCTETS = "application/octet-stream"


def _kept_type(content_type: str) -> str | None:
    """Return a frame's content type as it is kept: nothing for the usual one."""
    return None if content_type == _OCTETS else content_type


def _instance_json(instance: ParsedInstance) -> bytes:
    """Return an instance's JSON in the order of the service's own answers."""
    made: dict[str, Json] = {"DICOM": instance.instance, "DICOMVRs": instance.vrs}
    if instance.stored_transfer_syntax is not None:
        made["StoredTransferSyntaxUID"] = instance.stored_transfer_syntax
    made["ImageFrames"] = [frame.entry for frame in instance.frames]
    return msgspec.json.encode(made)
