"""How image sets and data stores change state: an operation is decided when accepted, visible when due.

Nothing runs in the background: `accept` writes the outcome and, in ``pending``, when it shows; every call
first lets what is due by then show (`settle`), whichever process makes the call, also after a restart.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from curator.localstore.editions import Edition
from curator.localstore.events import datastore_event, image_set_event
from curator.localstore.states import DatastoreStatus, State, Status
from curator.localstore.summaries import summarise


class ImageSetRow(NamedTuple):
    """A row of ``image_set``."""

    pk: int
    datastore: int
    id: str
    created: float
    deleted: float | None
    accessed: float
    latest: int
    visible: int
    state: str
    status: str
    is_primary: int


class DatastoreRow(NamedTuple):
    """A row of ``datastore``, as far as operations look at it."""

    pk: int
    id: str
    name: str
    status: str
    created: float
    updated: float
    kms: str | None
    authorizer: str | None
    format: str | None


DATASTORE_COLUMNS = "pk, id, name, status, created, updated, kms, authorizer, format"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Moves resources from state to state, and records each move as an event."""

    edition: Edition
    delay: float

    def settle(self, connection: sqlite3.Connection, now: float) -> None:
        """Let everything that is due by ``now`` show, oldest first; inside the caller's transaction."""
        due = connection.execute(
            "SELECT pk, due, datastore, image_set, operation FROM pending WHERE due <= ? ORDER BY due, pk",
            (now,),
        ).fetchall()
        for pk, when, datastore, image_set, operation in due:
            connection.execute("DELETE FROM pending WHERE pk = ?", (pk,))
            if image_set is None:
                self._settle_datastore(connection, when, datastore)
            else:
                self._settle_image_set(connection, when, image_set, operation)

    def _settle_datastore(self, connection: sqlite3.Connection, now: float, datastore: int) -> None:
        (status,) = connection.execute("SELECT status FROM datastore WHERE pk = ?", (datastore,)).fetchone()
        done = DatastoreStatus.ACTIVE if status == DatastoreStatus.CREATING else DatastoreStatus.DELETED
        self.set_datastore(connection, now, datastore, done)

    def set_datastore(
        self, connection: sqlite3.Connection, now: float, datastore: int, status: DatastoreStatus
    ) -> None:
        """Give a data store its status."""
        connection.execute(
            "UPDATE datastore SET status = ?, updated = ? WHERE pk = ?", (status.value, now, datastore)
        )
        datastore_event(connection, now, datastore, status)

    def later(
        self,
        connection: sqlite3.Connection,
        now: float,
        operation: str,
        datastore: int,
        image_set: int | None = None,
    ) -> None:
        """Let what was accepted show after the store's delay; with no delay, to the next call."""
        connection.execute(
            "INSERT INTO pending (due, datastore, image_set, operation) VALUES (?, ?, ?, ?)",
            (now + self.delay, datastore, image_set, operation),
        )
        if self.delay <= 0:
            self.settle(connection, now)

    def lock(
        self, connection: sqlite3.Connection, now: float, row: ImageSetRow, status: Status, operation: str
    ) -> None:
        """Lock an image set while ``operation`` runs, showing ``status``."""
        connection.execute(
            "UPDATE image_set SET state = ?, status = ?, accessed = ? WHERE pk = ?",
            (State.LOCKED.value, status.value, now, row.pk),
        )
        self.tell(connection, now, row.pk, status)
        self.later(connection, now, operation, row.datastore, row.pk)

    def tell(self, connection: sqlite3.Connection, now: float, image_set: int, status: Status) -> None:
        """Record an image set's change of state as an event."""
        datastore, primary = connection.execute(
            "SELECT datastore, is_primary FROM image_set WHERE pk = ?", (image_set,)
        ).fetchone()
        told = bool(primary) if self.edition.primary_image_sets else None
        image_set_event(connection, now, datastore, image_set, status, is_primary=told)

    def add_version(
        self,
        connection: sqlite3.Connection,
        now: float,
        image_set: int,
        version: int,
        status: Status,
        *,
        size: int,
        message: str | None = None,
        forced: bool = False,
    ) -> None:
        """Write down a version and how the operation that makes it ends."""
        connection.execute(
            "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?)",
            (image_set, version, status.value, message, forced, now, size),
        )
        connection.execute("UPDATE image_set SET latest = ? WHERE pk = ?", (version, image_set))

    def _settle_image_set(
        self, connection: sqlite3.Connection, now: float, image_set: int, operation: str
    ) -> None:
        if operation == "DeleteImageSet":
            connection.execute(
                "UPDATE image_set SET state = ?, status = ?, deleted = ? WHERE pk = ?",
                (State.DELETED.value, Status.DELETED.value, now, image_set),
            )
            self.tell(connection, now, image_set, Status.DELETED)
            return
        (status,) = connection.execute(
            "SELECT version.status FROM image_set JOIN version ON version.image_set = pk AND version = latest"
            " WHERE pk = ?",
            (image_set,),
        ).fetchone()
        self.show(connection, now, image_set, Status(status))

    def show(self, connection: sqlite3.Connection, now: float, image_set: int, status: Status) -> None:
        """Unlock an image set and let its latest version be seen, searched and read.

        assumption: a copy's source goes back to the status that it had before.
        """
        connection.execute(
            "UPDATE image_set SET state = ?, status = ?, visible = latest WHERE pk = ?",
            (State.ACTIVE.value, status.value, image_set),
        )
        summarise(connection, image_set)
        self.tell(connection, now, image_set, status)
