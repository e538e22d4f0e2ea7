"""Metadata documents, made by joining stored bytes (guide, "Understanding image set metadata")."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

from curator.localstore.content import Dictionaries, unpack, unpack_on

SCHEMA_VERSION = "1.1"


@dataclass(frozen=True, slots=True)
class InstanceDocument:
    """One instance and the levels above it, each as JSON (``DICOM`` objects; the instance whole)."""

    image_set_id: str
    version: int
    series_uid: str
    patient: bytes
    study: bytes
    series: bytes
    instance: bytes


def document(
    connection: sqlite3.Connection,
    image_set: int,
    version: int,
    datastore_id: str,
    image_set_id: str,
) -> bytes | None:
    """Return the document of a version as JSON; None when the version never came to hold anything."""
    level = connection.execute(
        "SELECT patient, study FROM level WHERE image_set = ? AND since <= ? AND until > ?",
        (image_set, version, version),
    ).fetchone()
    if level is None:
        return None
    instances: dict[int, list[bytes]] = {}
    dictionaries = Dictionaries(connection, image_set)
    rows = connection.execute(
        "SELECT i.series, coalesce(i.uid, b.uid), b.data, i.base = i.since, i.data FROM instance i"
        " JOIN instance b ON b.image_set = i.image_set AND b.number = i.number AND b.since = i.base"
        " WHERE i.image_set = ? AND i.since <= ? AND i.until > ? ORDER BY i.number",
        (image_set, version, version),
    )
    for series, uid, first, is_first, packed in rows:
        data = dictionaries.unpack(series, first)
        if not is_first:
            data = unpack_on(data, packed)
        instances.setdefault(series, []).append(msgspec.json.encode(uid) + b":" + data)
    rows = connection.execute(
        "SELECT number, uid, data FROM series WHERE image_set = ? AND since <= ? AND until > ? ORDER BY number",
        (image_set, version, version),
    )
    series_parts = [
        b'%b:{"DICOM":%b,"Instances":{%b}}'
        % (msgspec.json.encode(uid), unpack(data), b",".join(instances.get(number, [])))
        for number, uid, data in rows
    ]
    return (
        b'{"SchemaVersion":"%b","DatastoreID":"%b","ImageSetID":"%b","Patient":{"DICOM":%b},"Study":{"DICOM":%b,"Series":{%b}}}'
        % (
            SCHEMA_VERSION.encode(),
            datastore_id.encode(),
            image_set_id.encode(),
            unpack(level[0]),
            unpack(level[1]),
            b",".join(series_parts),
        )
    )


def instance_document(
    connection: sqlite3.Connection,
    image_set: int,
    version: int,
    image_set_id: str,
    sop_uid: str,
) -> InstanceDocument | None:
    """Return one instance of a version with the levels above it; None when it is not there."""
    row = connection.execute(
        "SELECT i.series, b.data, i.base = i.since, i.data, series.uid, series.data, patient, study"
        " FROM instance i"
        " JOIN instance b ON b.image_set = i.image_set AND b.number = i.number AND b.since = i.base"
        " JOIN series ON series.image_set = ?1 AND series.number = i.series"
        "  AND series.since <= ?2 AND series.until > ?2"
        " JOIN level ON level.image_set = ?1 AND level.since <= ?2 AND level.until > ?2"
        " WHERE i.image_set = ?1 AND coalesce(i.uid, b.uid) = ?3 AND i.since <= ?2 AND i.until > ?2",
        (image_set, version, sop_uid),
    ).fetchone()
    if row is None:
        return None
    number, first, is_first, packed, series_uid, series, patient, study = row
    data = Dictionaries(connection, image_set).unpack(number, first)
    return InstanceDocument(
        image_set_id,
        version,
        series_uid,
        unpack(patient),
        unpack(study),
        unpack(series),
        data if is_first else unpack_on(data, packed),
    )
