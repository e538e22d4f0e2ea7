"""TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import cast

from curator.localstore.arn import resource_of
from curator.localstore.events import tags_event
from curator.localstore.faults import invalid, not_found
from curator.localstore.model import Output, Value
from curator.localstore.wire import Call


def tag_resource(call: Call) -> dict[str, Output]:
    """Add tags to a data store or an image set."""
    with call.store.storage.transaction() as connection:
        arn = _known(call, connection)
        put_tags(call, connection, arn, call.structure("tags"))
        _tell(call, connection, arn)
    return {}


def untag_resource(call: Call) -> dict[str, Output]:
    """Remove tags; keys that are not there are no error."""
    keys = cast("list[str]", call.parameters["tagKeys"])
    with call.store.storage.transaction() as connection:
        arn = _known(call, connection)
        connection.executemany("DELETE FROM tag WHERE arn = ? AND key = ?", [(arn, key) for key in keys])
        _tell(call, connection, arn)
    return {}


def list_tags_for_resource(call: Call) -> dict[str, Output]:
    """List a resource's tags."""
    with call.store.storage.reading() as connection:
        rows = connection.execute(
            "SELECT key, value FROM tag WHERE arn = ? ORDER BY key", (_known(call, connection),)
        ).fetchall()
    tags: dict[str, Output] = dict(rows)
    return {"tags": tags}


def put_tags(call: Call, connection: sqlite3.Connection, arn: str, tags: Mapping[str, Value]) -> None:
    """Set tags, at most 50 a resource (guide, "Tagging resources").

    assumption: no quota error is declared for tags, so one too many is a ValidationException.
    """
    connection.executemany(
        "INSERT INTO tag VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        [(arn, key, value) for key, value in tags.items()],
    )
    (count,) = connection.execute("SELECT count(*) FROM tag WHERE arn = ?", (arn,)).fetchone()
    if count > call.store.limits.tags:
        raise invalid(f"A resource may have at most {call.store.limits.tags} tags")


def _tell(call: Call, connection: sqlite3.Connection, arn: str) -> None:
    """Let who follows the store know of it."""
    datastore_id, image_set_id = resource_of(arn) or ("", None)
    if image_set_id is not None:
        row = call.store.storage.image_set(connection, datastore_id, image_set_id)
        tags_event(connection, call.store.clock(), row.datastore, row.pk)


def _known(call: Call, connection: sqlite3.Connection) -> str:
    """Return the ARN; ResourceNotFoundException when nothing living has it."""
    arn = call.text("resourceArn")
    resource = resource_of(arn)
    if resource is None:
        raise not_found("Resource does not exist")
    datastore_id, image_set_id = resource
    if image_set_id is None:
        call.store.storage.active_datastore(connection, datastore_id)
    else:
        call.store.storage.living_image_set(connection, datastore_id, image_set_id)
    return arn
