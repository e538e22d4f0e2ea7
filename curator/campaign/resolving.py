"""Conflicts between image sets become units: torn series are merged, what disagrees is aligned.

One value is chosen for each Patient element of a patient and each Study element of a study, over all their image
sets; a torn series is merged under those values, other sets are changed in place. People's decisions come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from curator.campaign.conflicts import PATIENT_ID, STUDY_UID, Conflict, Group, gather
from curator.campaign.editing import edit_units
from curator.campaign.planning import Planning, party_of, readable
from curator.campaign.resolutions import Resolutions, Settled, reason
from curator.checks.view import Scope
from curator.dicom.levels import Level
from curator.errors import Refused
from curator.findings import ABSENT, Change, Safety
from curator.imageset import ElementPath
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.merging import Choice, Party, plan_merge, winning
from curator.plan.units import Tag, Unit
from curator.plan.values import same_value

if TYPE_CHECKING:
    from curator.catalogue import Catalogue

Values = dict[ElementPath, Settled]
_MISPLACED = "its series lies under different studies or patients"


def resolve(
    catalogue: Catalogue,
    planning: Planning,
    *,
    how: Choice | None = Choice.MAJORITY,
    decided: Resolutions | None = None,
    within: frozenset[str] | None = None,
    groups: Sequence[Group] | None = None,
) -> Iterator[Unit]:
    """Yield the units that resolve the conflicts among image sets (of those ``within``, if given).

    ``decided`` wins before ``how``; ``how`` None resolves only what was decided. Sets of one series under different
    studies or patients wait until it is decided which PatientID or StudyInstanceUID is right: values cannot tell. So do
    those whose values weigh the same: a tie is left as it is, with that reason.
    ``groups`` are what `gather` found, where that is known.
    """
    decided = decided or Resolutions()
    groups = gather(catalogue, within, planning.skipped) if groups is None else groups
    ties = _Ties(groups, decided, how)
    chosen = _chosen(groups, decided, how, ties)
    parties = _Parties(catalogue, planning)
    number = 0
    merged: set[str] = set()
    merging = _Merging(chosen, decided, how, [each for group in groups for each in group.conflicts], ties)
    for group in groups:
        if group.scope is not Scope.SERIES or not decided.merges(group.conflicts[0], how):
            continue
        unit = merging.unit(group, parties, merged, planning, number)
        if unit is None:
            continue
        merged |= {member.id for member in unit.members}
        if not unit.losses and all(isinstance(step, Tag) for step in unit.steps):
            planning.skipped += [
                (each.id, "it was merged before and waits for `curator finish` (F in its plan)")
                for each in unit.members[1:]
            ]
            continue
        yield ties.told(unit)
        number += 1
    wanted: dict[str, list[Change]] = {}
    for image_set, values in sorted(chosen.items()):
        party = parties.get(image_set) if image_set not in merged and values else None
        changes = list(_aligning(party, values)) if party is not None else []
        if changes:
            wanted[image_set] = changes

    def primaries(image_set: str) -> list[str]:
        rows = map(catalogue.row, catalogue.sharing(image_set, Level.STUDY))
        return [
            row.id for row in rows if row and row.primary and row.id not in merged and parties.get(row.id)
        ]

    for unit in edit_units(wanted.items(), parties.known, primaries, first=number, payload=planning.payload):
        yield ties.told(unit)
    planning.skipped += ties.rest({name for name, _ in planning.skipped})


class _Ties:
    """What stays because values weigh the same, by image set; said in its unit, or else with what is left alone."""

    def __init__(self, groups: Sequence[Group], decided: Resolutions, how: Choice | None) -> None:
        self._of: dict[str, dict[str, str]] = {}  # image set → element → why
        self.conflicts: list[tuple[Conflict, str]] = []
        for group in groups:
            # A series' own elements wait for its merge.
            policy = None if group.misplaced or group.scope is Scope.SERIES else how
            for conflict in group.conflicts:
                if why := decided.tie(conflict, policy):
                    self.add(conflict, why)

    def add(self, conflict: Conflict, why: str) -> None:
        """Note that a conflict stays."""
        self.conflicts.append((conflict, f"{conflict.element}: {why}"))
        for holder in conflict.holders:
            self._of.setdefault(holder.id, {})[conflict.element] = why

    def told(self, unit: Unit) -> Unit:
        """Return a unit that says what ties leave of its image sets."""
        found = {element for each in unit.members for element in self._of.pop(each.id, ())}
        if not found:
            return unit
        left = (LeftOut(Reason.TIE, "resolve", element) for element in found)
        return msgspec.structs.replace(unit, left_out=tally((*unit.left_out, *left)))

    def rest(self, told: set[str]) -> Iterator[tuple[str, str]]:
        """Yield the image sets that no unit has and nothing was ``told`` of, and what ties leave of them."""
        for name, elements in self._of.items():
            if name not in told:
                yield name, "; ".join(f"{element}: {why}" for element, why in elements.items())


class _Parties:
    """Image sets as plans take them, each read once."""

    def __init__(self, catalogue: Catalogue, planning: Planning) -> None:
        self._catalogue = catalogue
        self._planning = planning
        self._found: dict[str, Party | None] = {}

    def get(self, image_set: str) -> Party | None:
        """Return an image set; None, noted as skipped, where it cannot be planned for."""
        if image_set not in self._found:
            row = self._catalogue.row(image_set)
            doc = readable(self._catalogue, row, self._planning) if row is not None else None
            self._found[image_set] = party_of(row, doc) if row is not None and doc is not None else None
        return self._found[image_set]

    def known(self, image_set: str) -> Party:
        """Return an image set that can be planned for."""
        party = self.get(image_set)
        assert party is not None
        return party


# ── which values ─────────────────────────────────────────────────────────────────────────────────────────


def _chosen(
    groups: Sequence[Group], decided: Resolutions, how: Choice | None, ties: _Ties
) -> dict[str, Values]:
    """Return for each image set the values it is to have, the larger scope's over the smaller's."""
    # A series' own elements need not agree before it is merged: without a merge only decided ones are changed.
    settled = {
        (group.scope, group.id): _settled(group, decided, None if group.scope is Scope.SERIES else how, ties)
        for group in groups
    }
    chosen: dict[str, Values] = {}
    for scope in (Scope.SERIES, Scope.STUDY, Scope.PATIENT):
        for group in groups:
            if group.scope is scope:
                for holder in group.holders:
                    chosen.setdefault(holder.id, {}).update(settled[scope, group.id])
    # A set that moves to another patient takes what was chosen there, not where it was.
    for group in groups:
        moved = settled[group.scope, group.id].get(_PATIENT_ID)
        if moved is not None:
            there = settled.get((Scope.PATIENT, str(moved.value)), {})
            for holder in group.holders:
                chosen[holder.id].update({**settled[group.scope, group.id], **there})
    return chosen


_PATIENT_ID = ElementPath(Level.PATIENT, steps=("PatientID",))


def _settled(group: Group, decided: Resolutions, how: Choice | None, ties: _Ties) -> Values:
    """Return the values that a group's sets are to have. Misplaced sets follow the identity that was decided."""
    identities: Values = {}
    undecided = False
    for conflict in group.conflicts:
        if conflict.identity and conflict.path is not None:
            value = decided.settle(conflict, None)
            if value is None:
                undecided = True
            else:
                identities[conflict.path] = value
    found = dict(identities)
    for conflict in group.conflicts:
        if conflict.path is None or conflict.identity:
            continue
        value = decided.settle(conflict, None if group.misplaced else how)
        stays = decided.left(conflict) or decided.tie(conflict)
        if value is None and identities and not undecided and not stays:
            value = _following(conflict, group, identities)
            if value is None:
                ties.add(conflict, "no majority where it belongs")
        if value is not None:
            found[conflict.path] = value
    return found


def _following(conflict: Conflict, group: Group, identities: Values) -> Settled | None:
    """Return the value of those sets that stand where all are to stand; the majority's where none does. None: a tie."""
    right = [
        (value, holder)
        for index, (value, holder) in enumerate(zip(conflict.values, conflict.holders, strict=True))
        if all(_holds(group, path, index, wanted) for path, wanted in identities.items())
    ]
    pairs = right or list(zip(conflict.values, conflict.holders, strict=True))
    winner = winning([each for each, _ in pairs], [each for _, each in pairs], Choice.MAJORITY)
    if winner is None:
        return None
    return Settled(pairs[winner][0], reason(conflict, "it follows the patient or study that was decided"))


def _holds(group: Group, path: ElementPath, index: int, wanted: Settled) -> bool:
    conflict = next(each for each in group.conflicts if each.path == path)
    return same_value(conflict.values[index], wanted.value)


# ── units ────────────────────────────────────────────────────────────────────────────────────────────────


class _Merging:
    """How torn series are merged under the values that were chosen."""

    def __init__(
        self,
        chosen: Mapping[str, Values],
        decided: Resolutions,
        how: Choice | None,
        conflicts: Sequence[Conflict],
        ties: _Ties,
    ) -> None:
        self._chosen = chosen
        self._decided = decided
        self._how = how or Choice.MAJORITY
        self._left = [
            (each, f"{each.element} is to stay as it is, and merged sets must agree")
            for each in conflicts
            if not each.torn and decided.left(each)
        ]
        self._left += ties.conflicts

    def unit(
        self, group: Group, parties: _Parties, merged: set[str], planning: Planning, number: int
    ) -> Unit | None:
        """Plan the merge of a torn series; None, with the reason noted, where it has to wait."""
        values = self._values(group)
        names = [holder.id for holder in group.holders if holder.id not in merged]
        why = _apart(group, values) or self._stays(set(names))
        if why:
            planning.skipped += [(name, why) for name in names]
            return None
        found = [party for name in names if (party := parties.get(name)) is not None]
        if len(found) < 2:
            return None
        given = {str(path.generic()): each.value for path, each in values.items()}
        whys = {str(path.generic()): each.why for path, each in values.items()}
        try:
            return plan_merge(
                found, number=number, how=self._how, given=given, whys=whys, payload=planning.payload
            )
        except Refused as error:
            planning.skipped += [(each.id, error.message) for each in found]
            return None

    def _values(self, group: Group) -> Values:
        """Return the values of the merged series: what the larger scopes say, and its own."""
        values: Values = {}
        for holder in reversed(group.holders):  # the destination's at last
            values.update(self._chosen.get(holder.id, {}))
        for conflict in group.conflicts:
            if conflict.path is not None and conflict.path not in values:
                settled = self._decided.settle(conflict, self._how)
                if settled is not None:
                    values[conflict.path] = settled
        return values

    def _stays(self, names: set[str]) -> str:
        """Return why sets cannot be merged: somebody decided that they go on disagreeing, or nobody at a tie."""
        for conflict, why in self._left:
            pairs = zip(conflict.values, conflict.holders, strict=True)
            mine = [value for value, holder in pairs if holder.id in names]
            if any(not same_value(mine[0], other) for other in mine[1:]):
                return why
        return ""


def _apart(group: Group, values: Values) -> str:
    """Return why sets are not merged: they lie under several patients or studies, and nobody said which is right."""
    wanted = {str(path) for path in values}
    patients = len(group.patients) > 1 and PATIENT_ID not in wanted
    studies = len(group.studies) > 1 and STUDY_UID not in wanted
    return _MISPLACED if patients or studies else ""


def _aligning(party: Party, values: Values) -> Iterator[Change]:
    for path, settled in values.items():
        before = (party.doc.attributes(path) or {}).get(path.key, ABSENT)
        if not same_value(before, settled.value):
            yield Change(path, before, settled.value, party.doc.vr_of(path), settled.why, Safety.REVIEW)
