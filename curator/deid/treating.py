"""What plans make of a subject's values, as treatments: for the same value the same object, compared only once.

Treatments of a level come in two lots: those that remove an element as it has been removed before go into a group,
which is the same object for all levels that lose the same; the others are the level's own.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Container, Mapping
from dataclasses import replace
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from curator.deid.action import Action
from curator.deid.companions import REFERENCE, REFERENCE_LISTS
from curator.deid.decisions import as_text
from curator.deid.handlers import Handler, Value, vr_of_tag
from curator.deid.plans import Around, Plan, Plans, is_among
from curator.deid.subject import Subject
from curator.dicom import Json
from curator.findings import ABSENT
from curator.imageset import Step
from curator.treatments import Group, Part, Treatment, key_of

_MOST_REMEMBERED: Final = 200_000
"""Treatments of one subject that are remembered, some 130 MB; a document may go over it, the next one starts anew."""
LONGEST_REMEMBERED: Final = 4096
"""Values longer than this (bytes of JSON) hardly come twice; but for the last one, which all instances may have."""
_encode: Final = msgspec.json.Encoder().encode


class _Unseen(Enum):
    UNSEEN = 0


_UNSEEN: Final = _Unseen.UNSEEN
Mark: TypeAlias = str | int | bytes
"""What stands for a value: texts and integers for themselves, of all else the JSON, in which 1.0 is neither 1 nor true."""


def creators_kept(node: Mapping[str, Json], plan: Plan, gone: Container[str]) -> set[str]:
    """Return the private creators that stay whatever the lists say: an element of theirs stays because a person said so."""
    found = {
        f"{key[:4]}00{key[4:6]}"
        for key, said in plan.decided.items()
        if key not in gone and as_text(node[key]) in said
    }
    return found & node.keys()


class _Memory:
    """What became of values under one plan."""

    def __init__(self, plan: Plan) -> None:
        self.made: list[tuple[str, Handler, dict[Mark, Treatment | _Unseen | None]]] = [
            (key, handler, {}) for key, handler in plan.handlers
        ]
        self._long: dict[str, tuple[Mark, Treatment | None]] = {}
        """The last long value of each key."""
        self.groups: dict[tuple[Treatment, ...], Group] = {}
        self.again: dict[tuple[str, bytes, bytes | None], Treatment | None] = {}
        """What was done whatever the plan says, by key and by the values before and after."""

    def last_long(self, key: str, mark: Mark) -> Treatment | _Unseen | None:
        """Return what became of a long value if it is the last one of its key."""
        last = self._long.get(key)
        return last[1] if last is not None and last[0] == mark else _UNSEEN

    def remember(
        self,
        key: str,
        mark: Mark,
        made: dict[Mark, Treatment | _Unseen | None],
        treatment: Treatment | None,
    ) -> int:
        """Remember what became of a value; return how much more is remembered than before."""
        if not isinstance(mark, int) and len(mark) > LONGEST_REMEMBERED:
            self._long[key] = mark, treatment
            return 0
        made[mark] = treatment
        return 1


class Treating:
    """Treats levels of documents about one subject."""

    def __init__(self, plans: Plans, subject: Subject) -> None:
        self._plans = plans
        self._memories: dict[Plan, _Memory] = {}
        self._remembered = 0
        self.subject = subject

    @property
    def is_full(self) -> bool:
        """Whether it remembers so much that the next document is better treated by another."""
        return self._remembered > _MOST_REMEMBERED

    def level(self, node: Mapping[str, Json], around: Around) -> tuple[list[Treatment], Group]:
        """Return what is done to a level's elements: its own treatments, by key, and those it has in common."""
        plan = self._plans.plan(node, around)
        memory = self._memories.get(plan)
        if memory is None:
            memory = self._memories[plan] = _Memory(plan)
        own: list[Treatment] = []
        again: list[Treatment] = []
        for key, handler, made in memory.made:
            value = node[key]
            mark = value if type(value) is str or type(value) is int else _encode(value)
            treatment = made.get(mark, _UNSEEN)
            met = True
            if treatment is _UNSEEN:
                treatment = memory.last_long(key, mark)
                met = treatment is not _UNSEEN
            if treatment is _UNSEEN:
                treatment = self.treatment(plan, around, key, value, handler(value, self.subject))
                self._remembered += memory.remember(key, mark, made, treatment)
            if treatment is not None:
                (again if met and treatment.after is ABSENT else own).append(treatment)
        self._treat_numbers(own, node, plan, around)
        if plan.decided:
            gone = {each.key for each in (*own, *again) if each.after is ABSENT}
            stay = gone & creators_kept(node, plan, gone)
            own = [each for each in own if each.key not in stay]
            again = [each for each in again if each.key not in stay]
        same = tuple(again)
        group = memory.groups.get(same)
        if group is None:
            group = memory.groups[same] = Group(same)
            self._remembered += 1 + len(same) // 8  # a reference weighs so much less
        return own, group

    def _treat_numbers(
        self, own: list[Treatment], node: Mapping[str, Json], plan: Plan, around: Around
    ) -> None:
        known = self.subject.lexicon.numbers
        for key, number in plan.numbers if known else ():
            value = node[key]
            if value in known if type(value) is str else is_among(value, known):
                treatment = self.treatment(plan, around, key, value, number.fallback)
                if treatment is not None:
                    insort(own, treatment, key=key_of)

    def again(self, node: Mapping[str, Json], around: Around, key: str, after: Value) -> Treatment | None:
        """Return what makes ``after`` of an element, whatever the plan says of it: the same for the same value."""
        plan = self._plans.plan(node, around)
        known = self._memories[plan].again
        mark = key, _encode(node[key]), None if after is ABSENT else _encode(after)
        if mark in known:
            return known[mark]
        made = self.treatment(plan, around, key, node[key], after)
        if len(mark[1]) <= LONGEST_REMEMBERED:
            known[mark] = made
        return made

    def treatment(self, plan: Plan, around: Around, key: str, before: Json, after: Value) -> Treatment | None:
        """Return the treatment that makes ``after`` of ``before``; None where both are the same."""
        if after is before:
            return None
        parts: list[Part] = []
        self._compare(parts, plan, around, (key,), before, after)
        if len(parts) > 1:
            parts.sort(key=_steps)
        return Treatment(key, before, after, tuple(parts)) if parts else None

    def _compare(
        self,
        parts: list[Part],
        plan: Plan,
        around: Around,
        steps: tuple[Step, ...],
        before: Json,
        after: Value,
    ) -> None:
        """Add the changes of one element: its own, or those inside its items where they pair."""
        if after is before or (type(after) is type(before) and after == before):
            return
        key = str(steps[-1])
        reason = plan.reasons[key]
        if type(before) is list and (pairs := _paired_items(before, after)) is not None:
            below = Around(around.sop_class, (*around.above, reason.tag))
            for number, (b, a) in enumerate(pairs):
                inner = self._plans.plan(b, below)
                for name, value in b.items():
                    self._compare(parts, inner, below, (*steps, number, name), value, a.get(name, ABSENT))
            return
        profile = self._plans.profile
        known = plan.whys.get(key)
        if known is None:
            if key in REFERENCE_LISTS and reason.action is not Action.REMOVE:
                reason = replace(reason, action=Action.REMOVE, goes_with=REFERENCE)
            known = around.vr_told(key) or vr_of_tag(reason.tag), reason.why(profile)
            plan.whys[key] = known
        vr, why = known
        if key in plan.decided and (said := plan.decided[key].get(as_text(before))) is not None:
            why = reason.why(profile, said[0])
        parts.append(Part(steps, before, after, vr, why))


def _steps(part: Part) -> tuple[Step, ...]:
    return part.steps


def _paired_items(before: Value, after: Value) -> list[tuple[dict[str, Json], dict[str, Json]]] | None:
    """Return the items of a sequence before and after, one beside the other; None where they do not pair."""
    if not isinstance(before, list) or not isinstance(after, list) or len(before) != len(after) or not before:
        return None
    pairs = [
        (b, a) for b, a in zip(before, after, strict=True) if isinstance(b, dict) and isinstance(a, dict)
    ]
    return pairs if len(pairs) == len(before) else None
