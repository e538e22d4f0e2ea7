"""Settles the treatments of an unchanged document: what holds of a treatment, or of a group, is found once.

They can neither meet nor be stale, so nothing but the treatment itself and the kind of level has a say: the ruling on
one holds on all levels of that kind. Tests hold it to what `settle` makes of the same changes one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from curator.dicom.levels import Level
from curator.findings import Absent, Safety
from curator.imageset import ElementPath
from curator.plan.leftout import LeftOut
from curator.plan.refusals import KEYS, Refusals
from curator.plan.settled import Settled, document_order, forbidden, left_out
from curator.treatments import Group, Part, Treated, TreatedLevel, Treatment, treatment_of


class _Ruling(NamedTuple):
    """What is left of a treatment on levels of one kind."""

    kept: Treatment | None = None
    rekeyed: Part | None = None
    left: tuple[LeftOut, ...] = ()


def settle_treated(treated: Treated, allow: frozenset[Safety]) -> Settled:
    """Settle the treatments of a document that is as it was when it was treated."""
    settled = Settled()
    rulings = {level: _Rulings(allow) for level in Level}
    for level in sorted(treated.levels, key=lambda level: document_order(level.place)):
        place = level.place
        group = rulings[place.level].of_group(place, level.group, settled)
        own = rulings[place.level].of_all(place, level.own, settled)
        if own or group.treatments:
            settled.levels.append(TreatedLevel(place, level.attributes, own, group))
    return settled


class _Rulings:
    """Rules on treatments and groups on levels of one kind, on each once."""

    def __init__(self, allow: frozenset[Safety]) -> None:
        self._allow = allow
        self._refusal = Refusals()
        self._whole: dict[Treatment, Treatment] = {}
        self._known: dict[Treatment, _Ruling] = {}
        self._groups: dict[Group, tuple[Group, list[LeftOut]]] = {}

    def of_all(
        self, place: ElementPath, treatments: Iterable[Treatment], settled: Settled
    ) -> list[Treatment]:
        """Return what is left of treatments; the rest goes where it belongs."""
        kept: list[Treatment] = []
        for treatment in treatments:
            found = self._whole.get(treatment)  # of nearly all nothing is left out: that must be quick
            if found is not None:
                kept.append(found)
                continue
            ruling = self._known.get(treatment)
            if ruling is None:
                ruling = _ruling(self._refusal, place, treatment, self._allow)
                if ruling.kept is not None and not ruling.left:
                    self._whole[treatment] = ruling.kept
                else:
                    self._known[treatment] = ruling
            if ruling.kept is not None:
                kept.append(ruling.kept)
            if ruling.rekeyed is not None:
                settled.rekeyed.append(ruling.rekeyed.at(place))
            settled.left.extend(ruling.left)
        return kept

    def of_group(self, place: ElementPath, group: Group, settled: Settled) -> Group:
        """Return what is left of a group, whose treatments remove elements; the rest is noted as left out."""
        if not group.treatments:
            return group
        known = self._groups.get(group)
        if known is None:
            apart = Settled()
            kept = self.of_all(place, group.treatments, apart)
            known = self._groups[group] = Group(tuple(kept)), apart.left
        settled.left.extend(known[1])
        return known[0]


def _ruling(refusal: Refusals, place: ElementPath, treatment: Treatment, allow: frozenset[Safety]) -> _Ruling:
    """Rule on a treatment; ``place`` is any level of the kind."""
    node = {} if isinstance(treatment.before, Absent) else {treatment.key: treatment.before}
    keys = KEYS.get(place.level)
    kept: list[Part] = []
    left: list[LeftOut] = []
    for part in treatment.parts:
        reason = forbidden(part.safety, allow) or refusal.of(place.level, node, part)
        if reason is not None:
            left.append(left_out(part.at(place), reason))
        elif part.steps == keys:
            return _Ruling(rekeyed=part)
        else:
            kept.append(part)
    if not kept:
        return _Ruling(left=tuple(left))
    if len(kept[0].steps) == 1 and isinstance(treatment.after, str | None | Absent):
        return _Ruling(treatment)  # as the service writes it already
    return _Ruling(treatment_of(node, treatment.key, tuple(kept)), None, tuple(left))
