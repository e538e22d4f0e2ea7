"""What the service says about a resource: states, workflow statuses, and the events that tell of their changes."""

from __future__ import annotations

from enum import StrEnum


class DatastoreStatus(StrEnum):
    """``datastoreStatus`` of the service model."""

    CREATING = "CREATING"
    CREATE_FAILED = "CREATE_FAILED"
    ACTIVE = "ACTIVE"
    DELETING = "DELETING"
    DELETED = "DELETED"


class State(StrEnum):
    """``imageSetState``: no write is accepted while LOCKED."""

    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"
    DELETED = "DELETED"


class Status(StrEnum):
    """``imageSetWorkflowStatus`` of the service model."""

    CREATED = "CREATED"
    COPIED = "COPIED"
    COPYING = "COPYING"
    COPYING_WITH_READ_ONLY_ACCESS = "COPYING_WITH_READ_ONLY_ACCESS"
    COPY_FAILED = "COPY_FAILED"
    UPDATING = "UPDATING"
    UPDATING_FOR_STUDY_CONSISTENCY = "UPDATING_FOR_STUDY_CONSISTENCY"
    UPDATED = "UPDATED"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETING = "DELETING"
    DELETED = "DELETED"
    IMPORTING = "IMPORTING"
    IMPORTED = "IMPORTED"
    IMPORT_FAILED = "IMPORT_FAILED"


LOCKING = frozenset(
    {Status.COPYING, Status.COPYING_WITH_READ_ONLY_ACCESS, Status.UPDATING, Status.DELETING, Status.IMPORTING}
    | {Status.UPDATING_FOR_STUDY_CONSISTENCY}
)
"""The statuses of an image set on which an operation runs."""


def state_of(status: Status) -> State:
    """Return the state that goes with a workflow status."""
    if status is Status.DELETED:
        return State.DELETED
    return State.LOCKED if status in LOCKING else State.ACTIVE


DATASTORE_EVENTS = {
    DatastoreStatus.CREATING: "Data Store Creating",
    DatastoreStatus.CREATE_FAILED: "Data Store Creation Failed",
    DatastoreStatus.ACTIVE: "Data Store Created",
    DatastoreStatus.DELETING: "Data Store Deleting",
    DatastoreStatus.DELETED: "Data Store Deleted",
}
"""``detail-type`` of each status (guide, "HealthImaging events sent to EventBridge")."""

IMAGE_SET_EVENTS = {
    Status.CREATED: "Image Set Created",
    Status.COPYING: "Image Set Copying",
    Status.COPYING_WITH_READ_ONLY_ACCESS: "Image Set Copying With Read Only Access",
    Status.COPIED: "Image Set Copied",
    Status.COPY_FAILED: "Image Set Copy Failed",
    Status.UPDATING: "Image Set Updating",
    Status.UPDATED: "Image Set Updated",
    Status.UPDATE_FAILED: "Image Set Update Failed",
    Status.DELETING: "Image Set Deleting",
    Status.DELETED: "Image Set Deleted",
    # assumption: the guide's table is older than these statuses; their names follow its pattern.
    Status.UPDATING_FOR_STUDY_CONSISTENCY: "Image Set Updating For Study Consistency",
    Status.IMPORTING: "Image Set Importing",
    Status.IMPORTED: "Image Set Imported",
    Status.IMPORT_FAILED: "Image Set Import Failed",
}

IMPORT_JOB_EVENTS = {
    "SUBMITTED": "Import Job Submitted",
    "IN_PROGRESS": "Import Job In Progress",
    "COMPLETED": "Import Job Completed",
    "FAILED": "Import Job Failed",
}
