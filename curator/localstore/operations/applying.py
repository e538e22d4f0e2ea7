"""Applies an UpdateImageSetMetadata request to a draft: only the instances that it names are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from curator.dicom import Json, dictionary
from curator.localstore.draft import Draft, InstanceRow, SeriesRow
from curator.localstore.faults import Failed, shown
from curator.localstore.operations.amendments import Amendment, Amendments

_Attributes: TypeAlias = dict[str, msgspec.Raw]
_Change: TypeAlias = tuple[InstanceRow, InstanceRow]


def apply(draft: Draft, amendments: Amendments, limit: int) -> None:
    """Write the amended rows; Failed when the document does not allow it.

    All addresses in a request mean the document as it is, so UIDs that change do so last.
    """
    _levels(draft, amendments)
    known = {row.uid: row for row in draft.all_series()}
    changes: list[_Change] = []
    for uid, instances in amendments.instances.items():
        if uid not in known:
            raise Failed("INVALID_REQUEST: A Series of the request is not in the ImageSet.")
        changes += _instances(draft, known[uid], instances)
    try:
        draft.replace_instances(changes)
    except sqlite3.IntegrityError:
        raise Failed("INVALID_REQUEST: SOPInstanceUID is not unique within the ImageSet.") from None
    _series(draft, known, amendments.series)
    if draft.size > limit:
        raise Failed("INVALID_REQUEST: The metadata of the ImageSet exceeds the size limit.")


def _levels(draft: Draft, amendments: Amendments) -> None:
    if not any((*amendments.patient.keys(), *amendments.study.keys())):
        return
    patient, study = draft.levels()
    draft.put_levels(
        _amended(patient, amendments.patient),
        _amended(study, amendments.study),
        old_size=len(patient) + len(study),
    )


def _amended(data: bytes, amendment: Amendment) -> bytes:
    attributes = msgspec.json.decode(data, type=_Attributes)
    _amend(attributes, amendment)
    return msgspec.json.encode(attributes)


def _amend(attributes: _Attributes, amendment: Amendment) -> None:
    for key, value in amendment.remove.items():
        if key not in attributes:
            raise Failed(f"INVALID_REQUEST: {shown(key)} to remove does not exist.")
        if not same(msgspec.json.decode(attributes[key]), value):
            raise Failed(f"INVALID_REQUEST: The value of {shown(key)} to remove does not match.")
        del attributes[key]
    for key, value in amendment.update.items():
        attributes[key] = msgspec.Raw(msgspec.json.encode(value))


def same(a: Json, b: Json) -> bool:
    """Tell whether two JSON values are equal: 1 and 1.0 are, true and 1 are not.

    assumption: "the existing value" compares as JSON, so numbers by value; text to the last blank.
    """
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def _instances(draft: Draft, series: SeriesRow, amendments: Mapping[str, Amendment]) -> list[_Change]:
    """Remove the instances that go, and return the others' old and new rows."""
    changes = []
    for uid, amendment in amendments.items():
        row = draft.find(uid)
        if row is None or row.series != series.number:
            raise Failed("INVALID_REQUEST: An instance of the request is not in its Series.")
        if amendment.gone:
            draft.remove_instance(row)
        else:
            changes.append((row, _instance(draft, row, amendment)))
    return changes


def _instance(draft: Draft, row: InstanceRow, amendment: Amendment) -> InstanceRow:
    parts = msgspec.json.decode(draft.content(row), type=_Attributes)
    attributes = msgspec.json.decode(parts["DICOM"], type=_Attributes)
    _amend(attributes, amendment)
    parts["DICOM"] = msgspec.Raw(msgspec.json.encode(attributes))
    if amendment.vrs or any(len(key) == 8 for key in (*amendment.remove, *amendment.update)):
        parts["DICOMVRs"] = msgspec.Raw(_amended_vrs(parts["DICOMVRs"], attributes, amendment))
    new_uid = amendment.update.get("SOPInstanceUID")
    uid = new_uid if isinstance(new_uid, str) else row.uid
    return draft.changed(row, uid, msgspec.json.encode(parts))


def _amended_vrs(data: msgspec.Raw, attributes: _Attributes, amendment: Amendment) -> bytes:
    """Take over the VRs that the request brings, and drop those of what is gone; every private element has one."""
    vrs: dict[str, Json] = msgspec.json.decode(data)
    for key in amendment.remove:
        if key not in attributes:
            vrs.pop(key, None)
    for key, value in amendment.vrs.items():
        if key not in attributes or dictionary.tag_of_key(key) is None:
            raise Failed(f"INVALID_REQUEST: DICOMVRs names {shown(key)}, which the instance does not have.")
        vrs[key] = value
    for key in amendment.update:
        tag = dictionary.tag_of_key(key)
        if tag is not None and dictionary.is_private(tag) and key not in vrs:
            raise Failed(f"INVALID_REQUEST: {key} is private and DICOMVRs does not give its VR.")
    return msgspec.json.encode(vrs)


def _series(draft: Draft, known: Mapping[str, SeriesRow], amendments: Mapping[str, Amendment]) -> None:
    final = {row.number: row.uid for row in known.values()}
    for uid, amendment in amendments.items():
        row = known.get(uid)
        if row is None:
            raise Failed("INVALID_REQUEST: A Series of the request is not in the ImageSet.")
        if amendment.gone:
            draft.remove_series(row)
            del final[row.number]
        elif any(amendment.keys()):
            new_uid = amendment.update.get("SeriesInstanceUID", uid)
            final[row.number] = str(new_uid)
            changed = SeriesRow(row.number, str(new_uid), _amended(row.data, amendment))
            draft.put_series(changed, old_size=len(row.data))
    if len(set(final.values())) != len(final):
        raise Failed("INVALID_REQUEST: SeriesInstanceUID is not unique within the ImageSet.")
