"""GetImageSet, GetImageSetMetadata, GetImageFrame, ListImageSetVersions."""

from __future__ import annotations

from typing import cast

from isal import igzip

from curator.localstore.arn import image_set_arn
from curator.localstore.faults import not_found
from curator.localstore.lifecycle import ImageSetRow
from curator.localstore.model import Output
from curator.localstore.operations.paging import page_size, read_token, write_token
from curator.localstore.states import State
from curator.localstore.wire import Call

GZIP_LEVEL = 1

_VersionRow = tuple[int, str, str | None, int, float]
_VERSION_COLUMNS = "version, status, message, forced, updated"


def get_image_set(call: Call) -> dict[str, Output]:
    """Tell the properties of a version; the newest one where none is named, also of a deleted image set.

    assumption: a deleted image set answers DELETED with ``deletedAt``, and nothing of what it held.
    """
    storage = call.store.storage
    datastore_id = call.text("datastoreId")
    with storage.reading() as connection:
        row = storage.image_set(connection, datastore_id, call.text("imageSetId"))
        wanted = call.version("versionId")
        version = connection.execute(
            f"SELECT {_VERSION_COLUMNS} FROM version WHERE image_set = ? AND version = ?",
            (row.pk, row.latest if wanted is None else wanted),
        ).fetchone()
    if version is None or (row.state == State.DELETED and wanted is not None):
        raise not_found("ImageSet version does not exist")
    properties = _properties(row, version, "imageSetWorkflowStatus")
    properties["datastoreId"] = datastore_id
    properties["imageSetArn"] = image_set_arn(datastore_id, row.id)
    if row.state != State.DELETED:
        properties["lastAccessedAt"] = row.accessed
        properties["storageTier"] = storage.storage_tier(row.accessed)
    return properties


def list_image_set_versions(call: Call) -> dict[str, Output]:
    """List an image set's versions, the newest first."""
    storage = call.store.storage
    size = page_size(call)
    before = read_token(call, f"versions-{call.text('imageSetId')}", int)
    with storage.reading() as connection:
        row = storage.living_image_set(connection, call.text("datastoreId"), call.text("imageSetId"))
        versions = connection.execute(
            f"SELECT {_VERSION_COLUMNS} FROM version WHERE image_set = ? AND version < ?"
            " ORDER BY version DESC LIMIT ?",
            (row.pk, row.latest + 1 if before is None else before, size + 1),
        ).fetchall()
    return {
        "imageSetPropertiesList": [
            _properties(row, version, "ImageSetWorkflowStatus") for version in versions[:size]
        ],
        "nextToken": write_token(f"versions-{row.id}", versions[size - 1][0])
        if len(versions) > size
        else None,
    }


def _properties(row: ImageSetRow, version: _VersionRow, status_name: str) -> dict[str, Output]:
    """Return what both reads say of a version; an operation's outcome only once it shows.

    assumption: older versions are always ACTIVE, as in the guide's example of ListImageSetVersions.
    """
    number, status, message, forced, updated = version
    newest = number == row.latest
    hidden = number > row.visible
    properties: dict[str, Output] = {
        "imageSetId": row.id,
        "versionId": str(number),
        "imageSetState": row.state if newest else State.ACTIVE.value,
        status_name: row.status if newest else status,
        "createdAt": row.created,
        "updatedAt": updated,
        "isPrimary": bool(row.is_primary),
    }
    if message is not None and not hidden:
        properties["message"] = message
    if forced:
        properties["overrides"] = {"forced": True}
    if row.deleted is not None and newest:
        properties["deletedAt"] = row.deleted
    return properties


def get_image_set_metadata(call: Call) -> dict[str, Output]:
    """Return a version's document, gzipped."""
    made = call.store.storage.document(
        call.text("datastoreId"), call.text("imageSetId"), call.version("versionId")
    )
    return {
        "imageSetMetadataBlob": igzip.compress(made, GZIP_LEVEL, mtime=0),
        "contentType": "application/json",
        "contentEncoding": "gzip",
    }


def get_image_frame(call: Call) -> dict[str, Output]:
    """Return a frame as it is kept."""
    information = call.structure("imageFrameInformation")
    frame = call.store.storage.frame(
        call.text("datastoreId"), call.text("imageSetId"), cast("str", information["imageFrameId"])
    )
    return {"imageFrameBlob": frame.payload, "contentType": frame.content_type}
