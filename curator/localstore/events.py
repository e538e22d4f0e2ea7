"""Changes of state as EventBridge would tell them (guide, "HealthImaging event structure and examples")."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec

from curator.dicom import Json
from curator.localstore.arn import ACCOUNT, REGION, datastore_arn, image_set_arn
from curator.localstore.states import (
    DATASTORE_EVENTS,
    IMAGE_SET_EVENTS,
    IMPORT_JOB_EVENTS,
    DatastoreStatus,
    Status,
    state_of,
)

_TAGS = "TAGS"
_INSERT = "INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"


def datastore_event(
    connection: sqlite3.Connection, now: float, datastore: int, status: DatastoreStatus
) -> None:
    """Record that a data store came to ``status``."""
    connection.execute(_INSERT, (uuid4().bytes, now, status.value, datastore, None, None, None))


def image_set_event(
    connection: sqlite3.Connection,
    now: float,
    datastore: int,
    image_set: int,
    status: Status,
    *,
    is_primary: bool | None = None,
) -> None:
    """Record that an image set came to ``status``; ``is_primary`` is told by newer editions only."""
    connection.execute(_INSERT, (uuid4().bytes, now, status.value, datastore, image_set, is_primary, None))


def tags_event(connection: sqlite3.Connection, now: float, datastore: int, image_set: int) -> None:
    """Record that an image set's tags changed: for who follows the store, not among what EventBridge is told."""
    connection.execute(_INSERT, (uuid4().bytes, now, _TAGS, datastore, image_set, None, None))


def import_job_event(
    connection: sqlite3.Connection,
    now: float,
    datastore_id: str,
    *,
    job_id: str,
    job_name: str,
    status: str,
    input_uri: str,
    output_uri: str,
) -> None:
    """Record that an import job came to ``status``."""
    detail = {
        "jobId": job_id,
        "jobName": job_name,
        "jobStatus": status,
        "inputS3Uri": input_uri,
        "outputS3Uri": output_uri,
    }
    (datastore,) = connection.execute("SELECT pk FROM datastore WHERE id = ?", (datastore_id,)).fetchone()
    connection.execute(
        _INSERT, (uuid4().bytes, now, status, datastore, None, None, msgspec.json.encode(detail))
    )


def events_after(
    connection: sqlite3.Connection, after: int, limit: int
) -> Iterator[tuple[int, dict[str, Json]]]:
    """Iterate over events, each with its number, from the one after ``after``."""
    rows = connection.execute(
        "SELECT event.pk, event.id, time, event.status, datastore.id, datastore.name, image_set.id,"
        " event.is_primary, detail FROM event JOIN datastore ON datastore.pk = event.datastore"
        " LEFT JOIN image_set ON image_set.pk = event.image_set WHERE event.pk > ? AND event.status <> ?"
        " ORDER BY event.pk LIMIT ?",
        (after, _TAGS, limit),
    ).fetchall()
    for number, identity, time, status, datastore_id, name, image_set_id, is_primary, packed in rows:
        resource = datastore_arn(datastore_id)
        detail: dict[str, Json] = {"imagingVersion": "1.0", "datastoreId": datastore_id}
        if packed is not None:
            kind = IMPORT_JOB_EVENTS[status]
            detail.update(msgspec.json.decode(packed))
        elif image_set_id is None:
            kind = DATASTORE_EVENTS[DatastoreStatus(status)]
            detail.update(datastoreName=name, datastoreStatus=status)
        else:
            kind = IMAGE_SET_EVENTS[Status(status)]
            resource = image_set_arn(datastore_id, image_set_id)
            # assumption: ``imagesetId`` is spelled as the guide does (AWS's own sample reads ``imageSetId``).
            detail["imagesetId"] = image_set_id
            detail["imageSetState"] = state_of(Status(status)).value
            detail["imageSetWorkflowStatus"] = status
            if is_primary is not None:
                detail["isPrimary"] = bool(is_primary)
        yield (
            number,
            {
                "version": "0",
                "id": str(UUID(bytes=identity)),
                "detail-type": kind,
                "source": "aws.medical-imaging",
                "account": ACCOUNT,
                "time": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": REGION,
                "resources": [resource],
                "detail": detail,
            },
        )


def changed_since(
    connection: sqlite3.Connection, datastore_id: str, mark: str
) -> tuple[str, list[str] | None]:
    """Return the mark of the newest event, and the image sets of a data store that later events than ``mark`` tell of.

    A mark is an event's number and identity: a folder put back from a copy gives the same numbers to other events.
    """
    newest = connection.execute("SELECT pk, id FROM event ORDER BY pk DESC LIMIT 1").fetchone()
    now = _mark(*newest) if newest else ""
    number = mark.partition(":")[0]
    marked = connection.execute("SELECT pk, id FROM event WHERE pk = ?", (number,)).fetchone()
    if marked is None or _mark(*marked) != mark:
        return now, None
    rows = connection.execute(
        "SELECT DISTINCT image_set.id FROM event JOIN image_set ON image_set.pk = event.image_set"
        " WHERE event.pk > ? AND event.datastore = (SELECT pk FROM datastore WHERE id = ?)",
        (int(number), datastore_id),
    )
    return now, [identifier for (identifier,) in rows]


def _mark(number: int, identity: bytes) -> str:
    return f"{number}:{identity.hex()}"
