"""CreateDatastore, GetDatastore, ListDatastores, DeleteDatastore."""

from __future__ import annotations

import hashlib

import msgspec

from curator.localstore.arn import datastore_arn, new_id
from curator.localstore.events import datastore_event
from curator.localstore.faults import conflict, over_quota
from curator.localstore.lifecycle import DATASTORE_COLUMNS, DatastoreRow
from curator.localstore.model import Output
from curator.localstore.operations.paging import page_size, read_token, write_token
from curator.localstore.operations.tags import put_tags
from curator.localstore.states import DatastoreStatus, State
from curator.localstore.wire import Call


def create_datastore(call: Call) -> dict[str, Output]:
    """Make a data store; the same client token answers with the same one."""
    now = call.store.clock()
    storage = call.store.storage
    asked = hashlib.sha256(msgspec.json.encode(call.parameters, order="deterministic")).digest()
    with storage.transaction() as connection:
        storage.lifecycle.settle(connection, now)
        known = connection.execute(
            "SELECT id, status, asked FROM datastore WHERE token = ?", (call.text("clientToken"),)
        ).fetchone()
        if known:
            if known[2] != asked:
                raise conflict("The client token was used with other parameters")
            return {"datastoreId": known[0], "datastoreStatus": known[1]}
        (living,) = connection.execute("SELECT count(*) FROM datastore WHERE status != 'DELETED'").fetchone()
        quota = call.store.limits.datastores
        if quota is not None and living >= quota:
            raise over_quota(f"The account has {quota} data stores, and may have no more")
        datastore_id = new_id()
        # assumption: a data store that was given no name answers with its id; the model wants one.
        name = call.maybe("datastoreName") or datastore_id
        status = DatastoreStatus.CREATING
        row = connection.execute(
            "INSERT INTO datastore VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING pk",
            (
                datastore_id,
                name,
                status.value,
                now,
                now,
                call.text("clientToken"),
                asked,
                call.maybe("kmsKeyArn"),
                call.maybe("lambdaAuthorizerArn"),
                call.maybe("losslessStorageFormat"),
            ),
        ).fetchone()
        put_tags(call, connection, datastore_arn(datastore_id), call.structure("tags"))
        datastore_event(connection, now, row[0], status)
        storage.lifecycle.later(connection, now, call.operation, row[0])
    return {"datastoreId": datastore_id, "datastoreStatus": status.value}


def get_datastore(call: Call) -> dict[str, Output]:
    """Tell a data store's properties, also of one that was deleted."""
    with call.store.storage.reading() as connection:
        row = call.store.storage.datastore(connection, call.text("datastoreId"))
    return {
        "datastoreProperties": _present(
            {
                **_summary(row),
                "kmsKeyArn": row.kms,
                "lambdaAuthorizerArn": row.authorizer,
                "losslessStorageFormat": row.format,
            }
        )
    }


def list_datastores(call: Call) -> dict[str, Output]:
    """List data stores in the order of their making."""
    size = page_size(call)
    after = read_token(call, "list-datastores", int) or 0
    with call.store.storage.reading() as connection:
        rows = [
            DatastoreRow(*row)
            for row in connection.execute(
                f"SELECT {DATASTORE_COLUMNS} FROM datastore WHERE pk > ?1 AND (?2 IS NULL OR status = ?2)"
                " ORDER BY pk LIMIT ?3",
                (after, call.maybe("datastoreStatus"), size + 1),
            )
        ]
    return {
        "datastoreSummaries": [_summary(row) for row in rows[:size]],
        "nextToken": write_token("list-datastores", rows[size - 1].pk) if len(rows) > size else None,
    }


def delete_datastore(call: Call) -> dict[str, Output]:
    """Delete a data store that holds no image sets any more."""
    now = call.store.clock()
    storage = call.store.storage
    with storage.transaction() as connection:
        storage.lifecycle.settle(connection, now)
        row = storage.active_datastore(connection, call.text("datastoreId"))
        held = connection.execute(
            "SELECT 1 FROM image_set WHERE datastore = ? AND state != ? LIMIT 1",
            (row.pk, State.DELETED.value),
        ).fetchone()
        if held:
            raise conflict("The data store holds image sets; delete them first")
        running = connection.execute(
            "SELECT 1 FROM import_job WHERE datastore = ? AND status IN ('SUBMITTED', 'IN_PROGRESS') LIMIT 1",
            (row.pk,),
        ).fetchone()
        if running:
            raise conflict("The data store has an import job running")
        storage.lifecycle.set_datastore(connection, now, row.pk, DatastoreStatus.DELETING)
        connection.execute("DELETE FROM tag WHERE arn = ?", (datastore_arn(row.id),))
        storage.lifecycle.later(connection, now, call.operation, row.pk)
    storage.sweep()
    return {"datastoreId": row.id, "datastoreStatus": DatastoreStatus.DELETING.value}


def _summary(row: DatastoreRow) -> dict[str, Output]:
    return {
        "datastoreId": row.id,
        "datastoreName": row.name,
        "datastoreStatus": row.status,
        "datastoreArn": datastore_arn(row.id),
        "createdAt": row.created,
        "updatedAt": row.updated,
    }


def _present(structure: dict[str, Output]) -> dict[str, Output]:
    return {name: value for name, value in structure.items() if value is not None}
