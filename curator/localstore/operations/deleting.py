"""DeleteImageSet: all versions, the tags and the id for good."""

from __future__ import annotations

from curator.localstore.arn import image_set_arn
from curator.localstore.model import Output
from curator.localstore.operations.accepting import below_concurrency, writable
from curator.localstore.states import State, Status
from curator.localstore.wire import Call


def delete_image_set(call: Call) -> dict[str, Output]:
    """Delete an image set. What it held is gone from the disk when this returns; only the state waits."""
    now = call.store.clock()
    storage = call.store.storage
    datastore_id, image_set_id = call.text("datastoreId"), call.text("imageSetId")
    with storage.transaction() as connection:
        storage.lifecycle.settle(connection, now)
        row = writable(call, connection, image_set_id)
        below_concurrency(call, connection, row.datastore)
        storage.purge(connection, row.pk)
        connection.execute("DELETE FROM tag WHERE arn = ?", (image_set_arn(datastore_id, image_set_id),))
        storage.lifecycle.lock(connection, now, row, Status.DELETING, call.operation)
    storage.drop_frames()
    return {
        "datastoreId": datastore_id,
        "imageSetId": image_set_id,
        "imageSetState": State.LOCKED.value,
        "imageSetWorkflowStatus": Status.DELETING.value,
    }
