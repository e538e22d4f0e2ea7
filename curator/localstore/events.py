"""Changes of state as EventBridge would tell them (guide, "HealthImaging event structure and examples")."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from curator.dicom import Json
from curator.localstore.arn import ACCOUNT, REGION, datastore_arn, image_set_arn
from curator.localstore.states import (
    DATASTORE_EVENTS,
    IMAGE_SET_EVENTS,
    IMPORT_JOB_EVENTS,
    DatastoreStatus,
    State,
    Status,
)


def _record(
    connection: sqlite3.Connection, now: float, kind: str, resource: str, detail: dict[str, Json]
) -> None:
    event: dict[str, Json] = {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": kind,
        "source": "aws.medical-imaging",
        "account": ACCOUNT,
        "time": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [resource],
        "detail": {"imagingVersion": "1.0", **detail},
    }
    connection.execute("INSERT INTO event (body) VALUES (?)", (msgspec.json.encode(event),))


def datastore_event(
    connection: sqlite3.Connection, now: float, datastore_id: str, name: str, status: DatastoreStatus
) -> None:
    """Record that a data store came to ``status``."""
    detail: dict[str, Json] = {
        "datastoreId": datastore_id,
        "datastoreName": name,
        "datastoreStatus": status.value,
    }
    _record(connection, now, DATASTORE_EVENTS[status], datastore_arn(datastore_id), detail)


def image_set_event(
    connection: sqlite3.Connection,
    now: float,
    datastore_id: str,
    image_set_id: str,
    state: State,
    status: Status,
    *,
    is_primary: bool | None = None,
) -> None:
    """Record that an image set came to ``state`` and ``status``; ``is_primary`` is told by newer editions only.

    assumption: the guide spells the key ``imagesetId`` (AWS's own sample reads ``imageSetId``).
    """
    detail: dict[str, Json] = {
        "datastoreId": datastore_id,
        "imagesetId": image_set_id,
        "imageSetState": state.value,
        "imageSetWorkflowStatus": status.value,
    }
    if is_primary is not None:
        detail["isPrimary"] = is_primary
    _record(connection, now, IMAGE_SET_EVENTS[status], image_set_arn(datastore_id, image_set_id), detail)


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
    detail: dict[str, Json] = {
        "datastoreId": datastore_id,
        "jobId": job_id,
        "jobName": job_name,
        "jobStatus": status,
        "inputS3Uri": input_uri,
        "outputS3Uri": output_uri,
    }
    _record(connection, now, IMPORT_JOB_EVENTS[status], datastore_arn(datastore_id), detail)
