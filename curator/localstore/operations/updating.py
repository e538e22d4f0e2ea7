"""UpdateImageSetMetadata: accepted, decided at once, shown when due."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import cast

from curator.localstore.draft import Draft
from curator.localstore.faults import Failed, invalid, not_found, over_quota
from curator.localstore.lifecycle import ImageSetRow
from curator.localstore.model import Output
from curator.localstore.operations.accepting import below_concurrency, only_in_newer_edition, writable
from curator.localstore.operations.amendments import IDENTIFIERS, Amendments, read_amendments
from curator.localstore.operations.applying import apply
from curator.localstore.states import State, Status
from curator.localstore.wire import Call

_Change = Callable[[Draft], None]


def update_image_set_metadata(call: Call) -> dict[str, Output]:
    """Make the next version by changing, removing, or going back; a failure uses up the version, too."""
    only_in_newer_edition(call, "includeStudyImageSets")
    now = call.store.clock()
    storage = call.store.storage
    amendments = _amendments(call)
    with storage.transaction() as connection:
        storage.lifecycle.settle(connection, now)
        latest = call.version("latestVersionId")
        row = writable(call, connection, call.text("imageSetId"), latest)
        below_concurrency(call, connection, row.datastore)
        if amendments is None:
            change = _going_back(call, connection, row)
            others: list[ImageSetRow] = []
        else:
            _allowed_on_primary(row, amendments)
            change = _applying(call, amendments)
            others = _study_image_sets(call, connection, row, amendments)
        _make_versions(call, connection, now, [row, *others], change)
    return {
        "datastoreId": call.text("datastoreId"),
        "imageSetId": row.id,
        "latestVersionId": str(row.latest + 1),
        "imageSetState": State.LOCKED.value,
        "imageSetWorkflowStatus": Status.UPDATING.value,
        "createdAt": row.created,
        "updatedAt": now,
    }


def _amendments(call: Call) -> Amendments | None:
    """Return what DICOMUpdates asks for, or None for a revert."""
    updates = call.structure("updateImageSetMetadataUpdates")
    given = cast("dict[str, bytes] | None", updates.get("DICOMUpdates"))
    if given is None:
        if call.flag("includeStudyImageSets"):
            raise invalid("includeStudyImageSets is not supported with revertToVersionId")
        return None
    if not given:
        raise invalid("DICOMUpdates must hold updatableAttributes or removableAttributes")
    # assumption: a payload over its quota is refused at once, and as a quota.
    if sum(map(len, given.values())) > call.store.limits.payload_bytes:
        raise over_quota(f"The payload exceeds {call.store.limits.payload_bytes} bytes")
    return read_amendments(
        given.get("updatableAttributes"), given.get("removableAttributes"), force=call.flag("force")
    )


def _applying(call: Call, amendments: Amendments) -> _Change:
    def change(draft: Draft) -> None:
        apply(draft, amendments, call.store.limits.metadata_bytes)

    return change


def _going_back(call: Call, connection: sqlite3.Connection, row: ImageSetRow) -> _Change:
    text = cast("str", call.structure("updateImageSetMetadataUpdates")["revertToVersionId"])
    to = int(text) if len(text) < 16 else 0
    found = connection.execute(
        "SELECT size FROM version WHERE image_set = ? AND version = ?", (row.pk, to)
    ).fetchone()
    if found is None:
        raise not_found("The version to revert to does not exist")
    if to == row.latest:
        # assumption: "a previous image set version" to revert to is not the latest one.
        raise invalid("revertToVersionId must name a previous version")

    def change(draft: Draft) -> None:
        draft.go_back(to)
        draft.size = found[0]

    return change


def _make_versions(
    call: Call, connection: sqlite3.Connection, now: float, rows: list[ImageSetRow], change: _Change
) -> None:
    """Write the next version of all sets, or let it fail for all."""
    lifecycle = call.store.storage.lifecycle
    message = None
    sizes = [call.store.storage.size(connection, row) for row in rows]
    drafts = [Draft(connection, row.pk, row.latest + 1, size) for row, size in zip(rows, sizes, strict=True)]
    connection.execute("SAVEPOINT change")
    try:
        for draft in drafts:
            change(draft)
        sizes = [draft.size for draft in drafts]
    except Failed as failure:
        connection.execute("ROLLBACK TO change")
        message = failure.message
    connection.execute("RELEASE change")
    outcome = Status.UPDATED if message is None else Status.UPDATE_FAILED
    for number, (row, size) in enumerate(zip(rows, sizes, strict=True)):
        version, forced = row.latest + 1, call.flag("force")
        lifecycle.add_version(
            connection, now, row.pk, version, outcome, size=size, message=message, forced=forced
        )
        status = Status.UPDATING_FOR_STUDY_CONSISTENCY if number else Status.UPDATING
        lifecycle.lock(connection, now, row, status, call.operation)


def _allowed_on_primary(row: ImageSetRow, amendments: Amendments) -> None:
    """Refuse what would make a primary image set disagree with its study (later guide, "Updating …")."""
    if not row.is_primary:
        return
    if any(amendments.patient.keys()) or any(any(each.keys()) for each in amendments.series.values()):
        raise invalid("Patient and Series level attributes of a primary ImageSet cannot be updated")
    for _, amendment in amendments.each():
        for key in IDENTIFIERS:
            if key in amendment.update:
                raise invalid(f"{key} of a primary ImageSet cannot be updated")


def _study_image_sets(
    call: Call, connection: sqlite3.Connection, row: ImageSetRow, amendments: Amendments
) -> list[ImageSetRow]:
    """Return the study's other primary sets, where they are to change together with this one."""
    if not call.flag("includeStudyImageSets"):
        return []
    # assumption: only what all sets of a study share can be changed in all of them.
    if not row.is_primary or amendments.series or amendments.instances:
        raise invalid("includeStudyImageSets takes Study level attributes of a primary ImageSet")
    rows = connection.execute(
        "SELECT other.id FROM summary this JOIN summary other USING (datastore, study_uid)"
        " WHERE this.image_set = ?1 AND other.image_set != ?1 AND other.is_primary ORDER BY other.image_set",
        (row.pk,),
    ).fetchall()
    return [writable(call, connection, image_set_id) for (image_set_id,) in rows]
