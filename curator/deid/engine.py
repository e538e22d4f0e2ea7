"""De-identify metadata documents: the profile applied at every level, at every depth, explained.

`curator.deid.plans` compiles what is done with each distinct set of keys, with the reasons, which `Engine.reason` reads
there; `Engine.apply` runs the plan of one level or item, and `Engine.changes` yields what is done to a whole document.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from curator.deid.companions import REFERENCE_LISTS, dangling
from curator.deid.decisions import Decisions
from curator.deid.handlers import Handler, Value, vr_of_tag
from curator.deid.keyed import Keyed, remap_uid
from curator.deid.markers import instance_markers, patient_markers
from curator.deid.plans import NO_VRS, Around, Plan, Plans, is_among
from curator.deid.private import Safe, safe_by_standard
from curator.deid.profile import Profile, describe
from curator.deid.reason import Reason
from curator.deid.subject import Subject
from curator.deid.treating import LONGEST_REMEMBERED, Mark, Treating, creators_kept
from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key
from curator.dicom.levels import Level
from curator.dicom.uids import is_registered
from curator.findings import ABSENT, Absent, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.imageset.instance import Instance, collector_off
from curator.treatments import Group, Part, Treated, TreatedLevel, Treatment, key_of

_PATIENT_ID = 0x00100020
_REFERENCES: Final = frozenset(REFERENCE_LISTS)
_encode: Final = msgspec.json.Encoder().encode


class _Note(Enum):
    UNSEEN = 0
    SAME = 1


_UNSEEN: Final = _Note.UNSEEN
_SAME: Final = _Note.SAME
_Made: TypeAlias = "list[tuple[str, Handler, dict[Mark, Value | _Note]]]"
"""The handlers of a plan, each with what it made of a subject's values."""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """One level of a document, before and after; ``place`` is the original's."""

    place: ElementPath
    before: Mapping[str, Json] = field(repr=False)
    after: dict[str, Json] = field(repr=False)
    sop_class: str
    private_vrs: Mapping[str, str]


class Engine(Plans):
    """A profile with a key: pure, and the same output for the same input in every run and process."""

    def __init__(
        self,
        profile: Profile,
        keyed: Keyed,
        *,
        private: tuple[Safe, ...] = (safe_by_standard,),
        decisions: Decisions | None = None,
    ) -> None:
        super().__init__(profile, private, decisions or Decisions())
        self.keyed = keyed
        self._uid_mac = keyed("uid")
        self._uids: dict[str, str] = {}
        # Of the last subject only: documents come one subject after the other.
        self._made: tuple[Subject | None, dict[Plan, _Made]] = (None, {})
        self._treating: Treating | None = None
        self._instance_marks = instance_markers({}, profile)
        self._additions: dict[str, Treatment] = {}

    def with_profile(self, profile: Profile) -> Engine:
        """Return the engine of another profile with the same key, lists and decisions."""
        return Engine(profile, self.keyed, private=self._lists, decisions=self._decisions)

    @property
    def decisions(self) -> Decisions:
        """The value decisions that have the last word."""
        return self._decisions

    # ── one level or item ────────────────────────────────────────────────────────────────────────────

    def apply(
        self,
        node: Mapping[str, Json],
        subject: Subject,
        *,
        sop_class: str = "",
        above: tuple[int, ...] = (),
        private_vrs: Mapping[str, str] | None = None,
    ) -> dict[str, Json]:
        """Return the de-identified copy of a level's attributes or of a sequence's item.

        ``above`` are the tags of the sequences it stands in, outermost first. Values that stay are the same
        objects as before: compare by identity to see what changed.
        """
        plan = self.plan(node, Around(sop_class, above, private_vrs or NO_VRS))
        out = dict(node)
        for key in plan.removed:
            del out[key]
        if plan.constants:
            out.update(plan.constants)
        for key, handler, made in self._made_by(plan, subject):
            value = out[key]
            mark = value if type(value) is str or type(value) is int else _encode(value)
            new = made.get(mark, _UNSEEN)
            if new is _SAME:
                continue
            if new is _UNSEEN:
                new = handler(value, subject)
                if isinstance(mark, int) or len(mark) <= LONGEST_REMEMBERED:
                    made[mark] = _SAME if new is value else new
            _put(out, key, new)
        known = subject.lexicon.numbers
        for key, number in plan.numbers if known else ():
            value = out[key]
            if value in known if type(value) is str else is_among(value, known):
                _put(out, key, number.fallback)
        if plan.decided:
            gone = node.keys() - out.keys()
            out |= {key: node[key] for key in creators_kept(node, plan, gone) if key in gone}
        return out

    def _made_by(self, plan: Plan, subject: Subject) -> _Made:
        about, all_made = self._made
        if about is not subject:
            all_made = {}
            self._made = subject, all_made
        made = all_made.get(plan)
        if made is None:
            made = all_made[plan] = [(key, handler, {}) for key, handler in plan.handled]
        return made

    def remap(self, uid: str) -> str:
        """Return the UID that takes ``uid``'s place; registered ones (SOP classes …) stay."""
        known = self._uids.get(uid)
        if known is None:
            known = uid if not uid.strip(" \0") or is_registered(uid) else remap_uid(self._uid_mac, uid)
            self._uids[uid] = known
        return known

    @property
    def remapped(self) -> Mapping[str, str]:
        """Every UID met so far and what takes its place; registered ones stand for themselves."""
        return self._uids

    def reason(
        self,
        node: Mapping[str, Json],
        key: str,
        *,
        sop_class: str = "",
        above: tuple[int, ...] = (),
        private_vrs: Mapping[str, str] | None = None,
    ) -> Reason:
        """Return why the element ``key`` of ``node`` is treated as it is."""
        return self.plan(node, Around(sop_class, above, private_vrs or NO_VRS)).reasons[key]

    def reason_at(self, document: ImageSetMetadata, path: ElementPath) -> Reason | None:
        """Return the table's word on the element at a concrete path; None where there is no such element."""
        node: Mapping[str, Json] = document.attributes(path.at_level()) or {}
        sop_class, vrs = _context(document, path.at_level())
        above: tuple[int, ...] = ()
        for key, index in zip(path.steps[:-1:2], path.steps[1::2], strict=True):
            items = node.get(str(key))
            if not isinstance(items, list) or not isinstance(index, int) or not 0 <= index < len(items):
                return None
            item = items[index]
            if not isinstance(item, dict):
                return None
            above = (*above, tag_of_key(str(key)) or 0)
            node, vrs = item, {}
        key = str(path.steps[-1]) if path.steps else ""
        if key not in node:
            return None
        return self.reason(node, key, sop_class=sop_class, above=above, private_vrs=vrs)

    # ── a whole document ─────────────────────────────────────────────────────────────────────────────

    def levels(self, document: ImageSetMetadata, subject: Subject) -> Iterator[Deidentified]:
        """Yield each level of the document before and after, markers included."""
        for place, node, around in _levels_of(document):
            new = self.apply(node, subject, sop_class=around.sop_class, private_vrs=around.private_vrs)
            new |= self._marks(place, node, new, subject)
            for key in _cut_off(node, new):
                del new[key]
            yield Deidentified(place, node, new, around.sop_class, around.private_vrs)

    def changes(self, document: ImageSetMetadata, subject: Subject) -> Treated:
        """Return what the profile changes in the document, element by element at its own depth, with reasons."""
        treating = self._treating
        if treating is None or treating.subject is not subject or treating.is_full:
            treating = self._treating = Treating(self, subject)
        with collector_off():
            return Treated(tuple(self._treated(document, treating)))

    def _treated(self, document: ImageSetMetadata, treating: Treating) -> Iterator[TreatedLevel]:
        for place, node, around in _levels_of(document):
            own, group = treating.level(node, around)
            said: dict[str, Value] = {}
            if place.level is Level.INSTANCE:
                if not _REFERENCES.isdisjoint(node):
                    after = TreatedLevel(place, node, own, group).after()
                    said = dict.fromkeys(_cut_off(node, after), ABSENT)
                said |= self._marks(place, node, node, treating.subject)
            elif place.level is Level.PATIENT:
                after = self.apply(node, treating.subject, sop_class=around.sop_class)
                said |= self._marks(place, node, after, treating.subject)
            for key, value in said.items():
                if key in node:  # in the place of what would else be done to it
                    own, group = [each for each in own if each.key != key], _without(group, key)
                    treatment = treating.again(node, around, key, value)
                else:
                    treatment = self._added(key, value)
                if treatment is not None:
                    insort(own, treatment, key=key_of)
            if own or group.treatments:
                yield TreatedLevel(place, node, own, group)

    # ── what a de-identified document says of itself ─────────────────────────────────────────────────

    def _marks(
        self, place: ElementPath, before: Mapping[str, Json], after: Mapping[str, Json], subject: Subject
    ) -> dict[str, Json]:
        """Return what is put on a level beside what the table says of its elements; ``after`` is for the Patient's."""
        if place.level is Level.INSTANCE:
            known = self._instance_marks
            return known if known.keys().isdisjoint(before) else instance_markers(before, self.profile)
        if place.level is not Level.PATIENT:
            return {}
        named: dict[str, Json] = {}
        if "PatientID" not in after and self.profile.verdict(_PATIENT_ID, "LO").code != "K":
            named["PatientID"] = subject.pseudonym  # Type 2, and what a search finds the subject by
        return named | patient_markers({**after, **named}, self.profile)

    def _added(self, key: str, value: Value) -> Treatment:
        """Return the treatment that adds a mark: the same for all instances."""
        known = self._additions.get(key)
        if known is None or known.after != value:
            tag = tag_of_key(key) or 0
            why = Why(self.profile.name, f"{describe(tag)}: says what was done", (("row", "PS3.15 E.1.1"),))
            known = Treatment(key, ABSENT, value, (Part((key,), ABSENT, value, vr_of_tag(tag), why),))
            self._additions[key] = known
        return known


def _without(group: Group, key: str) -> Group:
    kept = tuple(each for each in group.treatments if each.key != key)
    return group if len(kept) == len(group.treatments) else Group(kept)


def _put(out: dict[str, Json], key: str, value: Value) -> None:
    if isinstance(value, Absent):
        del out[key]
    else:
        out[key] = value


def _levels_of(
    document: ImageSetMetadata,
) -> Iterator[tuple[ElementPath, Mapping[str, Json], Around]]:
    """Yield each level with its attributes and what stands around them: what `context` says of each."""
    first = _classes_of(document)
    yield ElementPath(Level.PATIENT), document.patient, Around(first)
    yield ElementPath(Level.STUDY), document.study, Around(first)
    for uid, series in document.series.items():
        place = ElementPath(Level.SERIES, uid)
        yield place, series.dicom, Around(_classes(series.instances.values()) or first)
        for sop, instance in series.instances.items():
            dicom = instance.dicom
            yield (
                ElementPath(Level.INSTANCE, uid, sop),
                dicom,
                Around(_own_class(dicom) or first, (), instance.vrs),
            )


def _cut_off(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the lists of references that mean nothing now that nothing else refers."""
    lists = dangling(after)
    return () if not lists or dangling(before) else lists


def _context(document: ImageSetMetadata, place: ElementPath) -> tuple[str, Mapping[str, str]]:
    """Return the SOP classes that decide Types at ``place``, and the VRs it tells; not all instances are looked at in vain."""
    if place.level is Level.SERIES:
        own = _classes(document.series[place.series].instances.values())
        return own or _classes_of(document), NO_VRS
    if place.level is not Level.INSTANCE:
        return _classes_of(document), NO_VRS
    instance = document.series[place.series].instances[place.instance]
    return _own_class(instance.dicom) or _classes_of(document), instance.vrs


def _classes_of(document: ImageSetMetadata) -> str:
    """Return the SOP classes that decide Types above the series: of all instances, joined as `curator.dicom.iods` takes them."""
    return _classes(instance for _, _, instance in document.instances())


def _classes(instances: Iterable[Instance]) -> str:
    found = dict.fromkeys(_own_class(instance.dicom) for instance in instances)
    return "\\".join(each for each in found if each)


def _own_class(dicom: Mapping[str, Json]) -> str:
    found = dicom.get("SOPClassUID")
    return found if isinstance(found, str) else ""
