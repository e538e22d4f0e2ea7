"""Groups of a job into the storage, as the edition says; inside one transaction, so that a job is there or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import msgspec

from curator.dicom import Json
from curator.localstore.dicomfile.refusal import ImportException
from curator.localstore.draft import Draft
from curator.localstore.faults import Failed, Fault
from curator.localstore.imports.grouping import Group, agree_with, grouping_values
from curator.localstore.imports.packing import Unpacking
from curator.localstore.imports.reading import FileFailure
from curator.localstore.lifecycle import ImageSetRow
from curator.localstore.parsed import StoredImageSet
from curator.localstore.states import State
from curator.localstore.storage import Storage

__all__ = ["Published", "publish"]

Published = tuple[list[tuple[StoredImageSet, Group]], list[FileFailure]]


def publish(
    storage: Storage, connection: sqlite3.Connection, datastore_id: str, groups: Sequence[Group]
) -> Published:
    """Store each group; one that the store refuses fails its files and leaves nothing behind."""
    stored: list[tuple[StoredImageSet, Group]] = []
    failures: list[FileFailure] = []
    for group in groups:
        connection.execute("SAVEPOINT import_group")
        try:
            stored.append(_publish(storage, connection, datastore_id, group))
        except (Failed, Fault) as refused:
            connection.execute("ROLLBACK TO import_group")
            quota = ImportException.QUOTA if isinstance(refused, Failed) else ImportException.VALIDATION
            failures += [FileFailure(one.source, quota, refused.message) for one in group.instances]
        connection.execute("RELEASE import_group")
    return stored, failures


def _publish(
    storage: Storage, connection: sqlite3.Connection, datastore_id: str, group: Group
) -> tuple[StoredImageSet, Group]:
    first = group.instances[0]
    primary = None
    if storage.edition.primary_image_sets:
        primary = storage.primary_image_set(datastore_id, first.study_instance_uid, first.series_instance_uid)
    if primary is None:
        return storage.add_image_set(datastore_id, Unpacking(group.instances)), group
    agreed = _agreed(connection, primary, group)
    # assumption: a primary set that another operation holds locked is not waited for; the import makes a further set.
    if agreed is None or primary.state != State.ACTIVE:
        return storage.add_image_set(datastore_id, Unpacking(group.instances), primary=False), group
    return storage.extend_image_set(datastore_id, primary.id, Unpacking(agreed.instances)), agreed


def _agreed(connection: sqlite3.Connection, row: ImageSetRow, group: Group) -> Group | None:
    """Return the group with the levels of the series' primary image set; None where the seven elements conflict."""
    draft = Draft(connection, row.pk, row.latest)
    patient, study = (_level(data) for data in draft.levels())
    first = group.instances[0]
    for kept in draft.all_series():
        if kept.uid == first.series_instance_uid:
            stated = replace(first, patient=patient, study=study, series=_level(kept.data))
            if grouping_values(stated) != grouping_values(first):
                return None
            agreed = agree_with(stated, group)
            known = tuple(one for one in group.instances if draft.find(one.sop_instance_uid) is not None)
            return replace(agreed, replaced=agreed.replaced + known)
    return None


def _level(data: bytes) -> dict[str, Json]:
    return cast("dict[str, Json]", msgspec.json.decode(data))
