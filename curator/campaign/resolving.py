"""Conflicts between image sets become units: torn series are merged, what disagrees is aligned.

One value is chosen for each Patient element of a patient and each Study element of a study, over all their image
sets; a torn series is merged under those values, other sets are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from curator.campaign.planning import Planning, party_of, readable
from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import Refused
from curator.findings import ABSENT, Absent, Change, Safety, Why
from curator.imageset.equality import same_value
from curator.plan.merging import Choice, Disagreement, Party, disagreements, plan_merge
from curator.plan.publishing import plan_in_place
from curator.plan.units import Tag, Unit

if TYPE_CHECKING:
    from curator.catalogue import Catalogue
    from curator.checks.view import Member

Values: TypeAlias = "dict[str, Json | Absent]"
Preferences: TypeAlias = "Mapping[str, Sequence[Json]]"
_ALIGN = Why("resolve", "image sets of one patient or study must agree")


def resolve(
    catalogue: Catalogue,
    planning: Planning,
    *,
    how: Choice = Choice.MAJORITY,
    prefer: Preferences | None = None,
    within: frozenset[str] | None = None,
) -> Iterator[Unit]:
    """Yield the units that resolve the conflicts among image sets (of those ``within``, if given).

    ``prefer`` lists right values by generic path: where sets disagree and one of them has such a value, it wins
    before ``how`` is asked. Sets of one series under different studies or patients are left to a person, unless
    ``prefer`` says which PatientID or StudyInstanceUID is right: it cannot be told from the values.
    """
    preferred = prefer or {}
    from curator.checks.view import Scope

    view = catalogue.view()
    chosen: dict[str, Values] = {}
    parties: dict[str, Party] = {}

    def members(group: Sequence[Member]) -> list[Party]:
        found = []
        for member in group:
            row = catalogue.row(member.set.id)
            if row is None or (within is not None and row.id not in within):
                continue
            if row.id not in parties:
                doc = readable(catalogue, row, planning)
                if doc is None:
                    continue
                parties[row.id] = party_of(row, doc)
            found.append(parties[row.id])
        return list({party.id: party for party in found}.values())

    for scope, level in ((Scope.PATIENT, Level.PATIENT), (Scope.STUDY, Level.STUDY)):
        for group in view.disagreeing(scope):
            if level is Level.STUDY and _misplaced(group, preferred):
                continue
            found = members(group)
            values = _agreed(found, level, how, preferred)
            for party in found:
                chosen.setdefault(party.id, {}).update(values)
    number = 0
    merged: set[str] = set()
    for group in view.torn():
        if _misplaced(group, preferred):
            planning.skipped += [
                (each.set.id, "its series lies under different studies or patients") for each in group
            ]
            continue
        found = [party for party in members(group) if party.id not in merged]
        if len(found) < 2:
            continue
        found.sort(key=lambda party: (not party.primary, -party.doc.instance_count, party.updated))
        wanted = {str(each.path.generic()): _preferred(each, preferred) for each in disagreements(found, how)}
        for party in found:
            wanted.update(chosen.get(party.id, {}))
        try:
            unit = plan_merge(found, number=number, how=how, given=wanted, payload=planning.payload)
        except Refused as error:
            planning.skipped.append((found[0].id, error.message))
            continue
        merged |= {party.id for party in found}
        if not unit.losses and all(isinstance(step, Tag) for step in unit.steps):
            sources = [party.id for party in found if party.id != unit.members[0].id]
            planning.skipped += [
                (each, "it was merged before and waits for `curator finish`") for each in sources
            ]
            continue
        yield unit
        number += 1
    for image_set, values in sorted(chosen.items()):
        if image_set in merged:
            continue
        party = parties[image_set]
        changes = list(_aligning(party, values))
        if changes:
            yield plan_in_place(party, changes, number=number, payload=planning.payload)
            number += 1


def _misplaced(group: Sequence[Member], prefer: Preferences) -> bool:
    """Say whether the members lie under different patients or studies, and nobody said which is right."""
    patients = {member.patient_id for member in group}
    studies = {member.study_uid for member in group}
    return (len(patients) > 1 and not patients & set(map(str, prefer.get("Patient/PatientID", ())))) or (
        len(studies) > 1 and not studies & set(map(str, prefer.get("Study/StudyInstanceUID", ())))
    )


def _preferred(found: Disagreement, prefer: Preferences) -> Json | Absent:
    listed = prefer.get(str(found.path.generic()), ())
    return next(
        (value for value in listed if any(_same(value, other) for other in found.values)), found.chosen
    )


def _agreed(parties: Sequence[Party], level: Level, how: Choice, prefer: Preferences) -> Values:
    """Return the value to take for each element of the level on which the parties disagree."""
    found = (each for each in disagreements(parties, how) if each.path.level is level) if parties else ()
    return {str(each.path): _preferred(each, prefer) for each in found}


def _aligning(party: Party, values: Values) -> Iterator[Change]:
    from curator.imageset import parse_path

    for text, value in values.items():
        path = parse_path(text)
        before = (party.doc.attributes(path) or {}).get(path.key, ABSENT)
        if not _same(before, value):
            yield Change(path, before, value, path.vr(party.doc), _ALIGN, Safety.REVIEW)


def _same(a: Json | Absent, b: Json | Absent) -> bool:
    if isinstance(a, Absent) or isinstance(b, Absent):
        return a is b
    return same_value(a, b)
