"""What calls say of one element: the member that writes it, or those that remove it, and why that takes ``force``.

It follows from the treatment, not from the level, nearly always: so it is found once for each treatment, and for
equal values of one key where treatments are not shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import attribute, is_private, multi_valued, tag_of_key
from curator.findings import Absent
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.leftout import Reason
from curator.plan.packing import Member, Payload, Said, fits, fits_anywhere, member
from curator.plan.removing import removal, short_value
from curator.treatments import Group, Treatment

FORCED_UIDS: Final = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "StudyID"})
"""Attributes the service changes only with force (guide, "DICOM metadata constraints")."""

_SHORT: Final = 200
"""Bytes of values that may come again and again."""


class Write(msgspec.Struct, frozen=True, gc=False):
    """An element that is written; ``private`` if its VR may have to be said, too; ``creator`` if it claims a block."""

    said: Member
    private: bool
    creator: bool


class Remove(msgspec.Struct, frozen=True, gc=False):
    """An element that is removed: by its value (``exact``), or by a stand-in that is written first (``short``).

    ``gain`` is how many bytes the stand-in saves; ``must`` says that there is no other way. Of the two members the
    one that can never be chosen stands for the other, too.
    """

    key: str
    exact: Member
    short: Member
    must: bool
    gain: int
    creator: bool


Way: TypeAlias = Write | Remove


class Removals:
    """All that is removed from a level, private creators last; the same object for all levels that lose the same."""

    def __init__(self, removals: Iterable[Remove]) -> None:
        self._all = sorted(removals, key=_creators_last)
        self._said: dict[bool, tuple[Said, Sequence[Member]]] = {}
        special = [each for each in self._all if each.must or each.gain > 0]
        self.must = any(each.must for each in special)
        """Whether some cannot go without a stand-in."""
        self.gain = sum(each.gain for each in special if not each.must)
        """How many bytes are saved by stand-ins that are not needed."""

    def __bool__(self) -> bool:
        return bool(self._all)

    def and_also(self, others: Sequence[Remove]) -> Removals:
        """Return these and others."""
        return Removals((*self._all, *others)) if others else self

    def said(self, *, shortened: bool) -> tuple[Said, Sequence[Member]]:
        """Return what removes them, and the stand-ins to be written first: those needed, or all that save bytes."""
        found = self._said.get(shortened)
        if found is None:
            short = [each.must or (shortened and each.gain > 0) for each in self._all]
            both = list(zip(self._all, short, strict=True))
            said = Said.of([each.short if stands_in else each.exact for each, stands_in in both])
            found = self._said[shortened] = said, [each.short for each, stands_in in both if stands_in]
        return found


def _creators_last(removal: Remove) -> tuple[bool, str]:
    return removal.creator, removal.key


NO_REMOVALS: Final = Removals(())


class Ways:
    """Finds in which way treatments are carried out, of each once."""

    def __init__(self, doc: ImageSetMetadata, payload: Payload) -> None:
        self._doc = doc
        self._payload = payload
        self._known: dict[Treatment, Way] = {}
        self._groups: dict[Group, Removals | None] = {}
        self._removals: dict[tuple[str, str, str | bytes], Remove] = {}

    def of_group(self, place: ElementPath, group: Group) -> Removals | None:
        """Return how a group's elements are removed; None where that is not the same on all levels."""
        if not group.treatments:
            return NO_REMOVALS
        if group not in self._groups:
            found = [self.of(place, treatment) for treatment in group.treatments]
            alike = all(treatment in self._known for treatment in group.treatments)
            self._groups[group] = (
                Removals(each for each in found if isinstance(each, Remove)) if alike else None
            )
        return self._groups[group]

    def of(self, place: ElementPath, treatment: Treatment) -> Way | Reason:
        """Return how a treatment is carried out on a level, or why it cannot be."""
        after = treatment.after
        if isinstance(after, Absent):
            found = self._remove(place, treatment)
            if isinstance(found, Remove) and fits_anywhere(found.exact, self._payload):
                self._known[treatment] = found
            return found
        said = member(treatment.key, msgspec.json.encode(after), force=_force(treatment))
        made = Write(said, is_private_key(treatment.key), is_creator_key(treatment.key))
        if fits_anywhere(said, self._payload):
            self._known[treatment] = made
            return made
        whole = self.declared(place, treatment, made) if made.private else said
        return made if fits(place, whole, self._payload) else Reason.TOO_LARGE

    def declared(self, place: ElementPath, treatment: Treatment, way: Write) -> Member:
        """Return the member that writes a private element of an instance, with its VR where that is not known there."""
        part = treatment.parts[0]
        vr = "SQ" if treatment.nested else part.vr
        known = self._doc.series[place.series].instances[place.instance].node.get("DICOMVRs")
        present = known.get(treatment.key) if isinstance(known, dict) else None
        # A private sequence's entry is an object, the VRs of its items: it stays as it is.
        other = isinstance(present, str) and present != vr
        if not (isinstance(treatment.before, Absent) or other):
            return way.said
        return member(treatment.key, msgspec.json.encode(treatment.after), vr=vr, force=way.said.force)

    def _remove(self, place: ElementPath, treatment: Treatment) -> Remove | Reason:
        value, vr = treatment.before, treatment.parts[0].vr
        assert not isinstance(value, Absent)
        if isinstance(value, str) and len(value) > self._payload.limit:
            return self._too_long(treatment, vr, value)
        known = treatment.key, vr, value if isinstance(value, str) else msgspec.json.encode(value)
        found = self._removals.get(known)
        if found is not None:
            return found
        made = self._removal(place, treatment, vr, value)
        if (
            isinstance(made, Remove)
            and len(made.exact.text) < _SHORT
            and fits_anywhere(made.exact, self._payload)
        ):
            self._removals[known] = made
        return made

    def _removal(self, place: ElementPath, treatment: Treatment, vr: str, value: Json) -> Remove | Reason:
        key, force = treatment.key, _force(treatment)
        way = removal(key, vr, value)
        exact = member(key, way.exact, force=force)
        possible = fits(place, exact, self._payload)
        must = way.must_shorten or not possible
        if way.short is None:
            if must:
                return Reason.UNREMOVABLE if possible else Reason.TOO_LARGE
            return Remove(key, exact, exact, False, way.gain, is_creator_key(key))
        return Remove(key, exact, member(key, way.short, force=force), must, way.gain, is_creator_key(key))

    def _too_long(self, treatment: Treatment, vr: str, value: str) -> Remove | Reason:
        """Return how a text is removed that no call can repeat: it is not even encoded."""
        key = treatment.key
        short = short_value(key, vr, value)
        if short is None or is_creator_key(key):
            return Reason.TOO_LARGE
        said = member(key, msgspec.json.encode(short), force=_force(treatment))
        return Remove(key, said, said, True, 0, False)


def _force(treatment: Treatment) -> str:
    """Say why the service takes this only with ``force``; "" when it takes it without."""
    # assumption: removing needs force where updating does; the guide's list does not tell them apart.
    reason = _force_of(treatment.key, treatment.nested or treatment.parts[0].vr == "SQ")
    if not reason and (isinstance(treatment.after, list) or isinstance(treatment.before, list)):
        return "multi-valued attributes"
    return reason


@lru_cache(maxsize=4096)
def _force_of(key: str, sequence: bool) -> str:
    tag = tag_of_key(key)
    if key in FORCED_UIDS:
        return key
    if tag is None:
        return "an attribute that the service does not know"
    if is_private(tag):
        return "private elements"
    known = attribute(tag)
    if known is None or not known.serviceable:
        return "an attribute that the service does not know"
    if known.vr == "SQ" or sequence:
        return "sequences"
    return "multi-valued attributes" if multi_valued(tag) else ""


@lru_cache(maxsize=4096)
def is_private_key(key: str) -> bool:
    """Say whether the element's group is odd."""
    tag = tag_of_key(key)
    return tag is not None and is_private(tag)


@lru_cache(maxsize=4096)
def is_creator_key(key: str) -> bool:
    """Say whether it claims a block of private elements (PS3.5 7.8.1)."""
    tag = tag_of_key(key)
    return tag is not None and is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF
