"""SearchImageSets: filters, order and pages over the summaries' indexes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

import msgspec

from curator.localstore.faults import invalid
from curator.localstore.model import Output, Value
from curator.localstore.operations.paging import page_size, read_token, write_token
from curator.localstore.summaries import study_moment
from curator.localstore.wire import Call

Bound: TypeAlias = str | float

COLUMNS: Mapping[str, str] = {
    "DICOMPatientId": "patient_id",
    "DICOMAccessionNumber": "accession",
    "DICOMStudyId": "study_id",
    "DICOMStudyInstanceUID": "study_uid",
    "DICOMSeriesInstanceUID": "series_uid",
    "createdAt": "s.created",
    "updatedAt": "updated",
    "DICOMStudyDateAndTime": "studied",
    "isPrimary": "s.is_primary",
}
"""The column that each search key looks in."""

_TIMES = ("createdAt", "updatedAt")
_RANGES = (*_TIMES, "DICOMStudyDateAndTime")
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Condition:
    """A filter as SQL: inclusive bounds, or one value."""

    sql: str
    bounds: tuple[Bound, ...]


class _Found(NamedTuple):
    id: str
    version: int
    created: float
    updated: float
    primary: int
    tags: bytes
    accessed: float
    position: Bound
    image_set: int


def search_image_sets(call: Call) -> dict[str, Output]:
    """Return the image sets that match all filters, newest update first unless sorted otherwise."""
    criteria = call.structure("searchCriteria")
    conditions = [
        _condition(cast("dict[str, Value]", each))
        for each in cast("list[Value]", criteria.get("filters") or [])
    ]
    sort = cast("dict[str, str] | None", criteria.get("sort"))
    column = COLUMNS[sort["sortField"]] if sort else "updated"
    descending = sort is None or sort["sortOrder"] == "DESC"
    size = page_size(call)
    after = None
    if call.maybe("nextToken") is not None:
        after = read_token(call, _purpose(criteria), tuple[str | float, int])
    rows = _rows(call, conditions, column, descending, after, size + 1)
    storage = call.store.storage
    more = len(rows) > size
    return {
        "imageSetsMetadataSummaries": [
            {
                "imageSetId": row.id,
                "version": row.version,
                "createdAt": row.created,
                "updatedAt": row.updated,
                "lastAccessedAt": row.accessed,
                "storageTier": storage.storage_tier(row.accessed),
                "DICOMTags": msgspec.Raw(row.tags),
                "isPrimary": bool(row.primary),
            }
            for row in rows[:size]
        ],
        "sort": dict(sort) if sort else None,
        "nextToken": write_token(_purpose(criteria), [rows[size - 1].position, rows[size - 1].image_set])
        if more
        else None,
    }


def _purpose(criteria: Mapping[str, Value]) -> str:
    """Return what binds a token to its search, without repeating the values searched for."""
    if not criteria:
        return "search"
    return "search-" + hashlib.sha256(msgspec.json.encode(criteria, order="deterministic")).hexdigest()[:16]


def _rows(
    call: Call,
    conditions: list[_Condition],
    column: str,
    descending: bool,
    after: tuple[str | float, int] | None,
    count: int,
) -> list[_Found]:
    order = "DESC" if descending else "ASC"
    where = "".join(f" AND {condition.sql}" for condition in conditions)
    values: list[Bound | int] = [bound for condition in conditions for bound in condition.bounds]
    if after is not None:
        where += f" AND ({column}, s.image_set) {'<' if descending else '>'} (?, ?)"
        values += after
    storage = call.store.storage
    with storage.reading() as connection:
        store = storage.active_datastore(connection, call.text("datastoreId"))
        found = connection.execute(
            "SELECT s.id, version, s.created, updated, s.is_primary, tags, accessed,"
            f" {column}, s.image_set FROM summary s CROSS JOIN image_set ON pk = s.image_set"
            f" WHERE s.datastore = ?{where} ORDER BY {column} {order}, s.image_set {order} LIMIT ?",
            (store.pk, *values, count),
        ).fetchall()
    return [_Found(*row) for row in found]


def _condition(given: Mapping[str, Value]) -> _Condition:
    """Return a filter as SQL; ValidationException for one whose values do not fit its operator."""
    values = [
        next(iter(cast("dict[str, Value]", each).items())) for each in cast("list[Value]", given["values"])
    ]
    key = values[0][0]
    if any(other != key for other, _ in values):
        raise invalid("The values of a filter must be of one attribute")
    bounds = [_bounds(key, value) for _, value in values]
    if given["operator"] == "EQUAL":
        if len(bounds) != 1:
            raise invalid("The operator EQUAL takes one value")
        low, high = bounds[0]
    else:
        if key not in _RANGES:
            raise invalid(f"The operator BETWEEN is not supported for {key}")
        if len(bounds) != 2:
            raise invalid("The operator BETWEEN takes two values")
        (low, _), (_, high) = bounds
        if low > high:  # type: ignore[operator]  # both are of one attribute
            raise invalid("The lower bound of BETWEEN is above the upper bound")
    if low == high:
        return _Condition(f"{COLUMNS[key]} = ?", (low,))
    return _Condition(f"{COLUMNS[key]} BETWEEN ? AND ?", (low, high))


def _bounds(key: str, value: Value) -> tuple[Bound, Bound]:
    """Return the smallest and the largest that a value stands for.

    assumption: a time in whole seconds, which is all that some clients can send, equals every moment of its
    second; a study date without a time is the whole day, a time without fraction its whole second.
    """
    if key in _TIMES:
        moment = float(cast("float", value))
        return (moment, moment + 0.999999) if moment == int(moment) else (moment, moment)
    if key == "DICOMStudyDateAndTime":
        parts = cast("dict[str, str]", value)
        date, time = parts["DICOMStudyDate"], parts.get("DICOMStudyTime")
        if not date.strip().isdigit() or len(date.strip()) != 8:
            raise invalid("DICOMStudyDate must be YYYYMMDD")
        low = study_moment(date, time)
        given = 8 + len((time or "").strip().replace(":", "").partition(".")[0][:6])
        return low, low if time and "." in time else low[:given] + _LAST
    if isinstance(value, bool):
        return int(value), int(value)
    return cast("str", value), cast("str", value)
