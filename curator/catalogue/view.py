"""The catalogue as the checks see it: groups whose hashes differ, found by GROUP BY over indexed columns."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import msgspec

from curator.catalogue.store import Shelf
from curator.checks.view import (
    Flattened,
    ImportFailure,
    Member,
    PatientUse,
    Repeated,
    Scope,
    SetFacts,
    Unresolved,
)
from curator.dicom import Json
from curator.dicom.levels import Level
from curator.imageset import ImageSetMetadata

_FACTS: Final = (
    "i.id, i.version, i.state, i.status, i.message, i.is_primary, i.created_at, i.updated_at, i.instances, i.frames,"
    " i.modality, i.tags, i.problem, i.n IN (SELECT n FROM merged_away), i.read_version"
)
_FACTS_COUNT: Final = 15
_LEFT: Final = "n NOT IN (SELECT n FROM merged_away)"
_MEMBERS: Final = f"(SELECT * FROM series WHERE {_LEFT})"
"""The series of the image sets that were not merged away: those are members of no group any more."""
_MEMBER: Final = (
    f"SELECT {_FACTS}, s.uid, s.study_uid, s.patient_id, s.patient, s.study, s.series, s.instances"
)
_TORN: Final = f"SELECT in_series FROM {_MEMBERS} GROUP BY in_series HAVING count(*)>1"
# min<>max and not count(DISTINCT): over a covering index it needs no temporary tree.
_GROUPS: Final = {
    Scope.SERIES: (
        "uid",
        "in_series",
        f"SELECT in_series FROM {_MEMBERS} GROUP BY in_series HAVING min(series_says)<>max(series_says)",
    ),
    Scope.STUDY: (
        "study_uid",
        "in_study",
        f"SELECT in_study FROM {_MEMBERS} WHERE in_study<>0 GROUP BY in_study HAVING min(study_says)<>max(study_says)",
    ),
    Scope.PATIENT: (
        "patient_id",
        "in_patient",
        f"SELECT in_patient FROM {_MEMBERS} WHERE in_patient<>0 GROUP BY in_patient"
        " HAVING min(patient_says)<>max(patient_says)",
    ),
}
_MISPLACED: Final = {
    Scope.SERIES: (
        "uid",
        "in_series",
        f"SELECT in_series FROM {_MEMBERS} GROUP BY in_series HAVING min(series_stands)<>max(series_stands)",
    ),
    Scope.STUDY: (
        "study_uid",
        "in_study",
        f"SELECT in_study FROM {_MEMBERS} WHERE in_study<>0 GROUP BY in_study HAVING min(study_stands)<>max(study_stands)",
    ),
}
_REPEATED: Final = f"SELECT sop FROM instance WHERE {_LEFT} GROUP BY sop HAVING count(*)>1"
_UNRESOLVED: Final = f"""
SELECT {_FACTS}, r.via, count(*) AS of, sum(NOT EXISTS (SELECT 1 FROM instance x WHERE x.sop=r.sop)) AS missing,
  sum(NOT EXISTS (SELECT 1 FROM instance x WHERE x.sop=r.sop)
      AND r.series IN (SELECT in_series FROM series)) AS present
FROM reference r JOIN image_set i USING (n) WHERE i.{_LEFT} GROUP BY r.n, r.via HAVING missing>0
"""


def conflicting(shelf: Shelf, scope: Scope) -> list[int]:
    """Return the series, studies or patients (by `hash64` of their ids) that disagree: the scan that must be fast."""
    return [key for (key,) in shelf.all(_GROUPS[scope][2])]


class CatalogueView:
    """Implements `curator.checks.view.View` over a catalogue file."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        failures: Sequence[ImportFailure] = (),
        flattened: Sequence[Flattened] = (),
        now: float | None = None,
    ) -> None:
        self._shelf = shelf
        self.failures = failures
        self.flattened = flattened
        self.now = time.time() if now is None else now
        self.elements = lru_cache(maxsize=4096)(self._elements)

    def image_sets(self) -> Iterator[SetFacts]:
        """Yield every image set that is not deleted, in the order of ids."""
        for record in self._shelf.all(f"SELECT {_FACTS} FROM image_set i WHERE NOT deleted ORDER BY id"):
            yield _facts(record)

    def image_set(self, image_set_id: str) -> SetFacts | None:
        """Return one image set, None where it is not known."""
        records = self._shelf.all(f"SELECT {_FACTS} FROM image_set i WHERE id=?", (image_set_id,))
        return _facts(records[0]) if records else None

    def series(self, image_set_id: str) -> list[tuple[Mapping[str, Json], int, int]]:
        """Return the elements of each series of an image set, with its instances and frames."""
        sql = (
            "SELECT s.series, s.instances, s.frames FROM series s JOIN image_set i USING (n) WHERE i.id=?"
            " ORDER BY s.uid"
        )
        found = self._shelf.all(sql, (image_set_id,))
        return [(self.elements(digest), instances, frames) for digest, instances, frames in found]

    def is_torn(self, image_set_id: str) -> bool:
        """Tell whether another image set holds instances of a series of this one."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM image_set i JOIN series s USING (n)"
            f" JOIN {_MEMBERS} o ON o.in_series=s.in_series AND o.n<>s.n WHERE i.id=? AND i.{_LEFT})"
        )
        return bool(self._shelf.one(sql, (image_set_id,)))

    def document(self, facts: SetFacts) -> ImageSetMetadata | None:
        """Return the newest document read of a set."""
        version = self._shelf.one("SELECT read_version FROM image_set WHERE id=?", (facts.id,))
        text = None if version is None else self._shelf.document(facts.id, version)
        return None if text is None else ImageSetMetadata.parse(text)

    def _elements(self, digest: bytes) -> Mapping[str, Json]:
        node = msgspec.json.decode(self._shelf.part(digest), type=dict[str, Any])
        elements = node.get("DICOM")
        return elements if isinstance(elements, dict) else {}

    def torn(self) -> Iterator[tuple[Member, ...]]:
        """Yield the series that lie in several image sets."""
        yield from self._members("uid", "in_series", _TORN)

    def disagreeing(self, scope: Scope) -> Iterator[tuple[Member, ...]]:
        """Yield the groups of a scope in which hashes differ."""
        yield from self._members(*_GROUPS[scope])

    def misplaced(self, scope: Scope) -> Iterator[tuple[Member, ...]]:
        """Yield series under several studies or patients, or studies under several patients."""
        yield from self._members(*_MISPLACED[scope])

    def _members(self, name: str, key: str, groups: str) -> Iterator[tuple[Member, ...]]:
        sql = (
            f"{_MEMBER}, s.{name} FROM {_MEMBERS} s JOIN image_set i USING (n) WHERE s.{key} IN ({groups})"
            f" AND NOT i.deleted ORDER BY s.{name}, i.id"
        )
        for _, members in groupby(self._shelf.all(sql), key=lambda record: record[-1]):
            yield tuple(_member(record) for record in members)

    def patients(self) -> Iterator[PatientUse]:
        """Yield every combination of PatientID, name and birth date, each with at most two of its sets."""
        sql = (
            "SELECT patient_id, patient_name, birth_date, count(*), min(id || '/' || version),"
            f" max(id || '/' || version) FROM image_set WHERE NOT deleted AND patient_id<>'' AND {_LEFT}"
            " AND read_version IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        for patient_id, name, birth_date, count, *examples in self._shelf.all(sql):
            refs = [example.split("/") for example in dict.fromkeys(examples)]
            yield PatientUse(patient_id, name, birth_date, tuple((i, version) for i, version in refs), count)

    def repeated(self) -> Iterator[Repeated]:
        """Yield SOP Instance UIDs that several image sets hold."""
        sql = (
            f"SELECT {_FACTS}, x.sop, x.content, x.pixels FROM instance x JOIN image_set i USING (n)"
            f" WHERE x.sop IN ({_REPEATED}) AND NOT i.deleted AND i.{_LEFT} ORDER BY x.sop, i.id"
        )
        facts = lru_cache(maxsize=None)(_facts)
        for sop, holders in groupby(self._shelf.all(sql), key=lambda record: record[_FACTS_COUNT]):
            yield Repeated(
                sop, tuple((facts(record[:_FACTS_COUNT]), record[-2], record[-1]) for record in holders)
            )

    def unresolved(self) -> Iterator[Unresolved]:
        """Yield the references whose targets are not in the data store, by image set and way."""
        for record in self._shelf.all(_UNRESOLVED):
            via, of, missing, present = record[_FACTS_COUNT:]
            yield Unresolved(_facts(record[:_FACTS_COUNT]), via, missing, of, present)

    def facts(self, image_set_id: str) -> SetFacts | None:
        """Return the facts of one set, None where it is unknown or deleted."""
        records = self._shelf.all(
            f"SELECT {_FACTS} FROM image_set i WHERE id=? AND NOT deleted", (image_set_id,)
        )
        return _facts(records[0]) if records else None


def _facts(record: tuple[Any, ...]) -> SetFacts:
    (
        identifier,
        version,
        state,
        status,
        message,
        primary,
        created,
        updated,
        instances,
        frames,
        modality,
        tags,
    ) = record[:12]
    return SetFacts(
        identifier,
        str(version),
        state or "ACTIVE",
        status,
        message,
        None if primary is None else bool(primary),
        created,
        updated,
        instances,
        frames,
        modality,
        None if tags is None else msgspec.json.decode(tags, type=dict[str, str]),
        record[12],
        bool(record[13]),
    )


def _member(record: tuple[Any, ...]) -> Member:
    uid, study_uid, patient_id, patient, study, series, instances = record[_FACTS_COUNT : _FACTS_COUNT + 7]
    hashes = {Level.PATIENT: patient, Level.STUDY: study, Level.SERIES: series}
    return Member(_facts(record[:_FACTS_COUNT]), uid, study_uid, patient_id, hashes, instances)
