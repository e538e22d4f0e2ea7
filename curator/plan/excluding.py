"""What a reviewer takes out of a plan before it is applied: a change, an element, a rule, an image set.

A plan is never changed: without what is excluded it is another plan, planned anew from the same documents, with a
digest of its own, whose head says what was excluded and by whom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from curator.errors import Refused, UsageError
from curator.findings import Change
from curator.imageset import ImageSetMetadata
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.merging import Party
from curator.plan.packing import Payload
from curator.plan.publishing import plan_in_place, plan_publication
from curator.plan.studies import plan_study
from curator.plan.units import Copy, Import, Kind, Member, Unit

_PARTS = ("set", "rule", "element", "change")


class Exclusion(msgspec.Struct, frozen=True):
    """What is not to be done: all parts that are given must fit. ``change`` is a concrete path, ``element`` a generic one."""

    set: str = ""
    rule: str = ""
    element: str = ""
    change: str = ""

    @classmethod
    def parse(cls, text: str) -> Exclusion:
        """Read ``rule=ID``, ``element=PATH``, ``set=ID``, ``change=PATH``, or several joined by commas; UsageError else."""
        parts: dict[str, str] = {}
        for part in re.split(rf",(?=(?:{'|'.join(_PARTS)})=)", text):
            name, mark, value = part.partition("=")
            if name not in _PARTS or not mark or not value or name in parts:
                raise UsageError(
                    f"{text!r} does not say what to exclude.",
                    hint="rule=ID, element=PATH, set=IMAGE-SET-ID or change=PATH; several are joined by commas",
                )
            parts[name] = value
        return cls(**parts)

    @property
    def whole_set(self) -> bool:
        """Tell whether it is about an image set and everything in it."""
        return bool(self.set) and not (self.rule or self.element or self.change)

    def fits(self, image_set: str, change: Change) -> bool:
        """Tell whether a change of an image set is what is not to be done."""
        return (
            self.set in ("", image_set)
            and self.rule in ("", change.why.rule)
            and self.change in ("", str(change.path))
            and self.element in ("", str(change.path.generic()))
        )

    def __str__(self) -> str:
        """Return it in words, without UIDs."""
        said = [("rule", self.rule), ("element", self.element), ("image set", self.set)]
        words = [f"{name} {value}" for name, value in said if value]
        return ", ".join([*(["one change"] if self.change else []), *words]) or "nothing"


class Excluded(msgspec.Struct, frozen=True):
    """An exclusion as a plan's head keeps it: by whom, when (ISO 8601), and how many changes and units it took out."""

    what: Exclusion
    by: str = ""
    at: str = ""
    changes: int = 0
    units: int = 0


Document = Callable[[str, str], ImageSetMetadata]
"""Returns an image set's document at a version."""


def counted(units: Iterable[Unit], exclusions: Sequence[Excluded]) -> tuple[Excluded, ...]:
    """Return the exclusions with what each fits in ``units``; `Refused` for one that fits nothing."""
    changes = [0] * len(exclusions)
    whole = [0] * len(exclusions)
    for unit in units:
        for index, each in enumerate(exclusions):
            if each.what.whole_set:
                whole[index] += any(member.id == each.what.set for member in unit.members)
            for patch in unit.patches:
                if each.what.set in ("", patch.set):
                    changes[index] += sum(each.what.fits(patch.set, change) for change in patch.changes())
    for index, each in enumerate(exclusions):
        if each.what == Exclusion() or not (changes[index] or whole[index]):
            raise Refused(f"Nothing in the plan is {each.what}: it cannot be excluded.")
    return tuple(
        msgspec.structs.replace(each, changes=changes[index], units=whole[index])
        for index, each in enumerate(exclusions)
    )


def without(
    unit: Unit,
    exclusions: Sequence[Exclusion],
    document: Document,
    *,
    payload: Payload | None = None,
    whole: bool = False,
) -> Unit | None:
    """Return the unit without what is excluded, planned anew where something is; None when nothing of it is left.

    ``whole`` says that its changes belong together, as those of a confidentiality profile do. `Refused` where only a
    part is excluded of what belongs together.
    """
    sets = {each.set for each in exclusions if each.whole_set}
    parted = (
        unit.kind is Kind.UPDATE and len(unit.members) > 1
    )  # a study's sets, which are changed beside each other
    if not parted and any(member.id in sets for member in unit.members):
        return None
    kept: dict[str, list[Change]] = {member.id: [] for member in unit.members}
    gone: list[LeftOut] = []
    for patch in unit.patches:
        for change in patch.changes():
            if any(each.fits(patch.set, change) for each in exclusions):
                gone.append(LeftOut(Reason.NOT_APPROVED, change.why.rule, str(change.path.generic())))
            else:
                kept[patch.set].append(change)
    if not gone:
        return unit
    if not any(kept.values()):
        return None
    if whole or _together(unit):
        raise Refused(
            f"Only a part of “{unit.title}” would be excluded, and its changes belong together.",
            hint="leave the whole image set out, or decide its values otherwise and plan again",
        )
    planned = _planned(unit, kept, document, payload or Payload())
    return msgspec.structs.replace(
        planned, title=unit.title, left_out=tally([*unit.left_out, *planned.left_out, *gone])
    )


def _together(unit: Unit) -> bool:
    """Tell whether a unit's changes cannot be parted: those that let sets be merged, and those of files."""
    if unit.kind is Kind.UPDATE:
        return any(isinstance(step, Copy | Import) for step in unit.steps)
    imported = any(isinstance(step, Import) for step in unit.steps)
    return unit.kind is not Kind.PUBLISH or imported or len(unit.members) != 1


def _planned(unit: Unit, kept: Mapping[str, Sequence[Change]], document: Document, payload: Payload) -> Unit:
    parties = [_party(member, document) for member in unit.members]
    first = parties[0]
    if len(parties) > 1:
        return plan_study(parties, kept, number=unit.number, payload=payload)
    if unit.kind is Kind.UPDATE:
        return plan_in_place(first, kept[first.id], number=unit.number, payload=payload)
    return plan_publication(
        first,
        kept[first.id],
        number=unit.number,
        payload=payload,
        promote=unit.promotes,
        replaces=bool(unit.emptied),
    )


def _party(member: Member, document: Document) -> Party:
    return Party(member.id, member.version, document(member.id, member.version), member.primary)
