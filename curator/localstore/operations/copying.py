"""CopyImageSet: into a new image set or an existing one, all instances or some."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from curator.dicom import Json
from curator.localstore.arn import image_set_arn, new_id
from curator.localstore.draft import Draft, InstanceRow, SeriesRow
from curator.localstore.faults import Failed, invalid, over_quota
from curator.localstore.lifecycle import ImageSetRow
from curator.localstore.model import Output, Value
from curator.localstore.operations.accepting import below_concurrency, only_in_newer_edition, writable
from curator.localstore.operations.applying import same
from curator.localstore.states import State, Status
from curator.localstore.wire import Call


class _FrameId(msgspec.Struct, rename={"id": "ID"}):
    id: str


class _Frames(msgspec.Struct, rename={"frames": "ImageFrames"}):
    frames: list[_FrameId] = []


_read_frames = msgspec.json.Decoder(_Frames).decode  # made once: threads must not make it at the same time


@dataclass(frozen=True, slots=True)
class _Selection:
    """What is copied: the source's open rows."""

    series: Sequence[SeriesRow]
    instances: Sequence[InstanceRow]


def copy_image_set(call: Call) -> dict[str, Output]:
    """Copy; the outcome shows in the destination, the source keeps its version."""
    only_in_newer_edition(call, "promoteToPrimary")
    information = call.structure("copyImageSetInformation")
    given = cast("dict[str, Value]", information["sourceImageSet"])
    wanted = _wanted(given)
    into = cast("dict[str, str] | None", information.get("destinationImageSet"))
    if into and into["imageSetId"] == call.text("sourceImageSetId"):
        raise invalid("An ImageSet cannot be copied into itself")
    if into and call.flag("promoteToPrimary"):
        # assumption: promoting makes an image set; it cannot also fill one.
        raise invalid("promoteToPrimary takes no destinationImageSet")
    now = call.store.clock()
    storage = call.store.storage
    with storage.transaction() as connection:
        storage.lifecycle.settle(connection, now)
        source = writable(
            call, connection, call.text("sourceImageSetId"), _number(cast("str", given["latestVersionId"]))
        )
        below_concurrency(call, connection, source.datastore)
        if call.flag("promoteToPrimary") and source.is_primary:
            raise invalid("The ImageSet is primary already")
        _below_frames(call, connection, source, wanted)
        if into:
            target = writable(call, connection, into["imageSetId"], _number(into["latestVersionId"]))
        else:
            target = _new_image_set(call, connection, now, source)
        _copy(call, connection, now, source, target, wanted)
        _lock(call, connection, now, source, target)
    return {
        "datastoreId": call.text("datastoreId"),
        "sourceImageSetProperties": _properties(
            call, source, now, source.latest, Status.COPYING_WITH_READ_ONLY_ACCESS
        ),
        "destinationImageSetProperties": _properties(call, target, now, target.latest + 1, Status.COPYING),
    }


def _number(text: str) -> int:
    return int(text) if len(text) < 16 else 0


def _wanted(source: dict[str, Value]) -> dict[str, set[str]] | None:
    """Return the SOP Instance UIDs to copy, by Series; None for all. ValidationException for a malformed list."""
    copies = cast("dict[str, str] | None", source.get("DICOMCopies"))
    if copies is None:
        return None
    try:
        content: Json = msgspec.json.decode(copies["copiableAttributes"])
    except (ValueError, RecursionError):
        raise invalid("copiableAttributes is not JSON") from None
    top = _object(content, {"SchemaVersion", "Study"})
    if str(top.get("SchemaVersion")) != "1.1":
        raise invalid("copiableAttributes must have SchemaVersion 1.1")
    series = _object(_object(top.get("Study"), {"Series"}).get("Series"))
    wanted = {}
    for uid, each in series.items():
        instances = _object(_object(each, {"Instances"}).get("Instances"))
        if any(_object(one) for one in instances.values()):
            raise invalid("An instance in copiableAttributes must be an empty object")
        wanted[uid] = set(instances)
    if not wanted or not all(wanted.values()):
        raise invalid("copiableAttributes must name SOP Instances")
    return wanted


def _object(value: Json, allowed: set[str] | None = None) -> dict[str, Json]:
    if not isinstance(value, dict) or (allowed is not None and value.keys() - allowed):
        raise invalid("copiableAttributes must name SOP Instances below Study, Series and Instances")
    return value


def _below_frames(
    call: Call, connection: sqlite3.Connection, source: ImageSetRow, wanted: dict[str, set[str]] | None
) -> None:
    """Refuse more than 1,000 image frames (guide, "Service quotas")."""
    draft = Draft(connection, source.pk, source.latest)
    uids = None if wanted is None else {uid for uids in wanted.values() for uid in uids}
    frames = sum(row.frames for row in draft.instances() if uids is None or row.uid in uids)
    if frames > call.store.limits.copied_frames:
        raise over_quota(
            f"The request copies {frames} image frames; at most {call.store.limits.copied_frames} are allowed"
        )


def _new_image_set(
    call: Call, connection: sqlite3.Connection, now: float, source: ImageSetRow
) -> ImageSetRow:
    """Make the destination; it has no version yet.

    assumption: a new copy's first version is "1" (the guide's example of CopyImageSet shows "2", that of
    ListImageSetVersions a first version that is COPIED).
    """
    image_set_id = new_id()
    primary = call.flag("promoteToPrimary")
    storage = call.store.storage
    storage.new_row(connection, now, source.datastore, image_set_id, Status.COPYING, primary=primary)
    row = storage.image_set(connection, call.text("datastoreId"), image_set_id)
    return row._replace(latest=0)


def _copy(
    call: Call,
    connection: sqlite3.Connection,
    now: float,
    source: ImageSetRow,
    target: ImageSetRow,
    wanted: dict[str, set[str]] | None,
) -> None:
    """Write the destination's next version, or that it failed."""
    storage = call.store.storage
    version = target.latest + 1
    before = storage.size(connection, target) if target.latest else 0
    draft = Draft(connection, target.pk, version, before)
    message = None
    connection.execute("SAVEPOINT change")
    try:
        _fill(call, Draft(connection, source.pk, source.latest), draft, wanted, target)
    except Failed as failure:
        connection.execute("ROLLBACK TO change")
        message = failure.message
    connection.execute("RELEASE change")
    if message is not None and not target.latest:
        connection.execute("UPDATE image_set SET is_primary = 0 WHERE pk = ?", (target.pk,))
    storage.lifecycle.add_version(
        connection,
        now,
        target.pk,
        version,
        Status.COPIED if message is None else Status.COPY_FAILED,
        size=draft.size if message is None else before,
        message=message,
        forced=call.flag("force"),
    )


def _fill(
    call: Call, source: Draft, draft: Draft, wanted: dict[str, set[str]] | None, target: ImageSetRow
) -> None:
    selection = _select(source, wanted)
    if target.latest:
        places = _merged_series(source, draft, selection, force=call.flag("force"))
    else:
        if target.is_primary:
            _may_become_primary(call, source, selection, target)
        draft.put_levels(*source.levels())
        places = {row.number: row.number for row in selection.series}
        for row in selection.series:
            draft.put_series(row)
    _put_instances(source, draft, selection.instances, places)
    if draft.size > call.store.limits.metadata_bytes:
        raise Failed("INVALID_REQUEST: The metadata of the ImageSet exceeds the size limit.")


def _select(source: Draft, wanted: dict[str, set[str]] | None) -> _Selection:
    series, instances = source.all_series(), source.instances()
    if wanted is None:
        return _Selection(series, instances)
    numbers = {row.uid: row.number for row in series}
    keys = {(numbers.get(uid), sop) for uid, sops in wanted.items() for sop in sops}
    found = [row for row in instances if (row.series, row.uid) in keys]
    if len(found) != len(keys):
        raise Failed("INVALID_REQUEST: An instance of copiableAttributes is not in SourceImageSet.")
    return _Selection([row for row in series if row.uid in wanted], found)


def _merged_series(source: Draft, draft: Draft, selection: _Selection, *, force: bool) -> dict[int, int]:
    """Return in which of the destination's series each of the source's goes; Failed where they disagree.

    assumption: "consistent" means every Patient, Study and Series attribute. With force the destination's
    stay as they are, and a series that it does not have is taken into its only one.
    """
    pairs = zip(source.levels(), draft.levels(), ("Patient", "Study"), strict=True)
    for theirs, ours, level in pairs:
        if not force:
            _must_match(theirs, ours, level)
    there = draft.all_series()
    by_uid = {row.uid: row for row in there}
    places = {}
    for row in selection.series:
        place = by_uid.get(row.uid)
        if place is not None and not force:
            _must_match(row.data, place.data, "Series")
        if place is None and force and len(there) == 1:
            place = there[0]
        if place is None:
            raise Failed(_MISMATCH.format("Series"))
        places[row.number] = place.number
    return places


_MISMATCH = "INVALID_REQUEST: {} of SourceImageSet and DestinationImageSet don't match."


def _must_match(theirs: bytes, ours: bytes, level: str) -> None:
    if theirs != ours and not same(msgspec.json.decode(theirs), msgspec.json.decode(ours)):
        raise Failed(_MISMATCH.format(level))


def _may_become_primary(call: Call, source: Draft, selection: _Selection, target: ImageSetRow) -> None:
    """Refuse a second primary image set of a series, and one that disagrees with its study's others.

    assumption: only these two stand in a promotion's way; the later guide says no more than that conflicts must be
    resolved first.
    """
    storage = call.store.storage
    for row in selection.series:
        if storage.primary_of_series(draft_connection := source.connection, target.datastore, row.uid):
            raise Failed("INVALID_REQUEST: The Series has a primary ImageSet already.")
    study: dict[str, Json] = msgspec.json.decode(source.levels()[1])
    others = draft_connection.execute(
        "SELECT image_set FROM summary WHERE datastore = ? AND study_uid = ? AND is_primary",
        (target.datastore, study.get("StudyInstanceUID")),
    ).fetchall()
    for (other,) in others:
        levels = Draft(draft_connection, other, 0).levels()
        for theirs, ours, level in zip(source.levels(), levels, ("Patient", "Study"), strict=True):
            _must_match(theirs, ours, level)


def _put_instances(
    source: Draft, draft: Draft, instances: Iterable[InstanceRow], places: dict[int, int]
) -> None:
    """Add the instances after the destination's own. Frames are shared; JSON is compressed anew, against its kin."""
    number = draft.next_number()
    try:
        for row in instances:
            data = source.content(row)
            draft.add_instance(number, places[row.series], row.uid, data, row.frames)
            if row.frames:
                _share_frames(source, draft, data)
            number += 1
    except sqlite3.IntegrityError:
        raise Failed("INVALID_REQUEST: SOPInstanceUID is not unique within DestinationImageSet.") from None


def _share_frames(source: Draft, draft: Draft, data: bytes) -> None:
    """Let the destination refer to an instance's frames. assumption: copied frames keep their ids."""
    draft.connection.executemany(
        "INSERT OR IGNORE INTO frame SELECT ?, id, key, content_type FROM frame WHERE image_set = ? AND id = ?",
        [(draft.image_set, source.image_set, frame.id) for frame in _read_frames(data).frames],
    )


def _lock(
    call: Call, connection: sqlite3.Connection, now: float, source: ImageSetRow, target: ImageSetRow
) -> None:
    # The guide's example moves the source's updatedAt.
    connection.execute(
        "UPDATE version SET updated = ? WHERE image_set = ? AND version = ?", (now, source.pk, source.latest)
    )
    lifecycle = call.store.storage.lifecycle
    lifecycle.lock(connection, now, source, Status.COPYING_WITH_READ_ONLY_ACCESS, call.operation)
    lifecycle.lock(connection, now, target, Status.COPYING, call.operation)


def _properties(call: Call, row: ImageSetRow, now: float, version: int, status: Status) -> dict[str, Output]:
    return {
        "imageSetId": row.id,
        "latestVersionId": str(version),
        "imageSetState": State.LOCKED.value,
        "imageSetWorkflowStatus": status.value,
        "createdAt": row.created,
        "updatedAt": now,
        "imageSetArn": image_set_arn(call.text("datastoreId"), row.id),
    }
