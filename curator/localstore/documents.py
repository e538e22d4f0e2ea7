"""Metadata documents, made by joining stored bytes (guide, "Understanding image set metadata")."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

from curator.localstore.content import Contents, unpack

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
    contents: Contents,
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
    rows = connection.execute(
        "SELECT series, uid, data, dictionary FROM instance JOIN content ON content.pk = content"
        " WHERE image_set = ? AND since <= ? AND until > ? ORDER BY number",
        (image_set, version, version),
    )
    for series, uid, packed, dictionary in rows:
        one = msgspec.json.encode(uid) + b":" + contents.unpack(connection, packed, dictionary)
        instances.setdefault(series, []).append(one)
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
    contents: Contents,
    image_set: int,
    version: int,
    image_set_id: str,
    sop_uid: str,
) -> InstanceDocument | None:
    """Return one instance of a version with the levels above it; None when it is not there."""
    row = connection.execute(
        "SELECT instance.series, series.uid, series.data, content.data, dictionary, patient, study"
        " FROM instance JOIN content ON content.pk = instance.content"
        " JOIN series ON series.image_set = ?1 AND series.number = instance.series"
        "  AND series.since <= ?2 AND series.until > ?2"
        " JOIN level ON level.image_set = ?1 AND level.since <= ?2 AND level.until > ?2"
        " WHERE instance.image_set = ?1 AND instance.uid = ?3 AND instance.since <= ?2 AND instance.until > ?2",
        (image_set, version, sop_uid),
    ).fetchone()
    if row is None:
        return None
    _, series_uid, series, packed, dictionary, patient, study = row
    return InstanceDocument(
        image_set_id,
        version,
        series_uid,
        unpack(patient),
        unpack(study),
        unpack(series),
        contents.unpack(connection, packed, dictionary),
    )
