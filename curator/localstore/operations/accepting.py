"""What every write on an image set checks before it is accepted."""

from __future__ import annotations

import sqlite3

from curator.localstore.faults import conflict, invalid, not_found, over_quota
from curator.localstore.lifecycle import ImageSetRow
from curator.localstore.states import State
from curator.localstore.wire import Call


def writable(
    call: Call, connection: sqlite3.Connection, image_set_id: str, latest: int | None = None
) -> ImageSetRow:
    """Return an image set that may be written to; ``latest`` is the version that the caller thinks newest.

    assumption: a locked set answers ConflictException, a version that is not the newest
    ResourceNotFoundException (as seen in practice), and the lock is looked at first.
    """
    storage = call.store.storage
    row = storage.living_image_set(connection, call.text("datastoreId"), image_set_id)
    if row.state != State.ACTIVE:
        raise conflict("ImageSet is LOCKED: another operation is running on it")
    if latest is not None and latest != row.latest:
        raise not_found("Requested version(s) of ImageSet(s) is not the latest.")
    return row


def below_concurrency(call: Call, connection: sqlite3.Connection, datastore: int) -> None:
    """Refuse one operation too many in flight (guide, "Service quotas")."""
    quota = call.store.limits.concurrent
    if quota is None:
        return
    (running,) = connection.execute(
        "SELECT count(*) FROM pending WHERE datastore = ? AND operation = ?", (datastore, call.operation)
    ).fetchone()
    if running >= quota:
        raise over_quota(f"The data store has {quota} concurrent {call.operation} requests already")


def only_in_newer_edition(call: Call, *parameters: str) -> None:
    """Refuse parameters that the store's edition of the service does not know.

    assumption: an older service would have ignored them, which would do something else than asked.
    """
    for name in parameters:
        if call.flag(name) and not call.store.edition.primary_image_sets:
            raise invalid(f"{name} is not supported by edition {call.store.edition.name} of the service")
