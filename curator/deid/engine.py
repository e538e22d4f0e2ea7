"""De-identify metadata documents: the profile applied at every level, at every depth, explained.

What is done with an element depends on the keys around it, not on its value: SOP class, the sequences it stands
in, its tag. So the engine compiles one plan for each distinct set of keys (an archive has few) and then runs plans;
the decisions, with their reasons, are in the plan, and `Engine.explain` reads them there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from curator.deid.action import Action, decide
from curator.deid.companions import REFERENCE, REFERENCE_LISTS, dangling, described_by
from curator.deid.content import CONTENT_SEQUENCE
from curator.deid.decisions import Decision, Decisions, as_text
from curator.deid.dummies import dummy, dummy_item
from curator.deid.handlers import Handler, Handlers, Value, vr_of_tag
from curator.deid.keyed import Keyed, remap_uid
from curator.deid.markers import instance_markers, patient_markers
from curator.deid.private import Refused, Safe, is_creator, safe_by_standard, vr_of
from curator.deid.profile import Profile, describe
from curator.deid.reason import Reason
from curator.deid.subject import Subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.dictionary import is_private, key_of_tag, tag_of_key
from curator.dicom.iods import iod_of, is_indispensable, type_of
from curator.dicom.levels import Level
from curator.dicom.uids import DUMMY_UID, is_registered
from curator.findings import ABSENT, Absent, Change, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.imageset.instance import Instance, collector_off

_TEXT: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_NUMBERS: Final = frozenset({"DS", "IS", "UL", "UV"})
_NO_VRS: Final[Mapping[str, str]] = {}
_PATIENT_NAME, _PATIENT_ID = 0x00100010, 0x00100020
_LONGEST_REMEMBERED: Final = 4096
"""Values longer than this (bytes of JSON) hardly come twice."""
_encode: Final = msgspec.json.Encoder().encode


class _Note(Enum):
    UNSEEN = 0
    SAME = 1


_UNSEEN: Final = _Note.UNSEEN
_SAME: Final = _Note.SAME
_Seen: TypeAlias = "tuple[tuple[str, Handler, dict[str | bytes, Value | _Note]], ...]"
"""The handlers of a plan, each with what it made of a subject's values: by text, or by JSON where it is none."""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """One level of a document, before and after; ``place`` is the original's."""

    place: ElementPath
    before: Mapping[str, Json] = field(repr=False)
    after: dict[str, Json] = field(repr=False)
    sop_class: str
    private_vrs: Mapping[str, str]


@dataclass(slots=True, eq=False)
class _Plan:
    """What to do with one set of keys."""

    removed: tuple[str, ...] = ()
    constants: dict[str, Json] = field(default_factory=dict)
    calls: tuple[tuple[str, Handler], ...] = ()
    numbers: tuple[tuple[str, Value], ...] = ()
    """Numbers that stay unless one is just the number by which the subject is known; what then stands there."""
    pseudonyms: tuple[str, ...] = ()
    decided: tuple[tuple[str, dict[str, tuple[Decision, Handler]]], ...] = ()
    reasons: dict[str, Reason] = field(default_factory=dict)
    whys: dict[str, tuple[str, Why]] = field(default_factory=dict)
    """VR and reason of the elements that change, as changes carry them."""


@dataclass(slots=True)
class _Shape:
    """The plans of one tuple of keys: they differ by what private creators and ``DICOMVRs`` say."""

    creators: tuple[str, ...]
    plans: dict[object, _Plan] = field(default_factory=dict)


class Engine(Handlers):
    """A profile with a key: pure, and the same output for the same input in every run and process."""

    def __init__(
        self,
        profile: Profile,
        keyed: Keyed,
        *,
        private: tuple[Safe, ...] = (safe_by_standard,),
        decisions: Decisions | None = None,
    ) -> None:
        self.profile = profile
        self.keyed = keyed
        self._lists = private
        self._decisions = decisions or Decisions()
        self._private = private if Option.RETAIN_SAFE_PRIVATE in profile.options else ()
        self._uid_mac = keyed("uid")
        self._uids: dict[str, str] = {}
        # Of the last subject only: documents come one subject after the other.
        self._seen: tuple[Subject | None, dict[_Plan, _Seen]] = (None, {})
        self._markers: dict[str, tuple[str, Why]] = {}
        self._shapes: dict[tuple[str, tuple[int, ...], tuple[str, ...]], _Shape] = {}

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
        plan = self._plan(node, sop_class, above, private_vrs or _NO_VRS)
        out = dict(node)
        for key in plan.removed:
            del out[key]
        if plan.constants:
            out.update(plan.constants)
        for key in plan.pseudonyms:
            if out[key] is not None or key == "PatientID":
                out[key] = subject.pseudonym
        for key, handler, made in self._seen_of(plan, subject):
            value = out[key]
            if value is None:
                continue
            mark = value if type(value) is str else _encode(value)
            new = made.get(mark, _UNSEEN)
            if new is _SAME:
                continue
            if new is _UNSEEN:
                new = handler(value, subject)
                if len(mark) <= _LONGEST_REMEMBERED:
                    made[mark] = _SAME if new is value else new
            if isinstance(new, Absent):
                del out[key]
            else:
                out[key] = new
        if known := subject.lexicon.numbers:
            for key, fallback in plan.numbers:
                value = out[key]
                if value in known if type(value) is str else _is_among(value, known):
                    _put(out, key, fallback)
        for key, decided in plan.decided:
            found = decided.get(as_text(node[key]))
            if found is not None:
                _put(out, key, found[1](node[key], subject))
                if key in out and (creator := f"{key[:4]}00{key[4:6]}") in node:
                    out.setdefault(creator, node[creator])  # of a private element
        return out

    def _seen_of(self, plan: _Plan, subject: Subject) -> _Seen:
        about, all_seen = self._seen
        if about is not subject:
            all_seen = {}
            self._seen = subject, all_seen
        seen = all_seen.get(plan)
        if seen is None:
            seen = all_seen[plan] = tuple((key, handler, {}) for key, handler in plan.calls)
        return seen

    def remap(self, uid: str) -> str:
        """Return the UID that takes ``uid``'s place; registered ones (SOP classes …) stay."""
        known = self._uids.get(uid)
        if known is None:
            known = uid if not uid.strip(" \0") or is_registered(uid) else remap_uid(self._uid_mac, uid)
            self._uids[uid] = known
        return known

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
        return self._plan(node, sop_class, above, private_vrs or _NO_VRS).reasons[key]

    # ── a whole document ─────────────────────────────────────────────────────────────────────────────

    def levels(self, document: ImageSetMetadata, subject: Subject) -> Iterator[Deidentified]:
        """Yield each level of the document before and after, markers included."""
        sop_class = classes_of(document)
        for place in document.places():
            node = document.attributes(place) or {}
            own_class, private_vrs = context(document, place, sop_class)
            new = self.apply(node, subject, sop_class=own_class, private_vrs=private_vrs)
            if place.level is Level.PATIENT:
                if "PatientID" not in new and self.profile.verdict(_PATIENT_ID, "LO").code != "K":
                    new["PatientID"] = subject.pseudonym  # Type 2, and what a search finds the subject by
                new |= patient_markers(new, self.profile)
            elif place.level is Level.INSTANCE:
                new |= instance_markers(node, self.profile)
                if (lists := dangling(new)) and not dangling(node):
                    for key in lists:
                        del new[key]
            yield Deidentified(place, node, new, own_class, private_vrs)

    def changes(self, document: ImageSetMetadata, subject: Subject) -> Iterator[Change]:
        """Yield what the profile changes in the document, element by element at its own depth, with reasons."""
        found: list[Change] = []
        with collector_off():
            for each in self.levels(document, subject):
                self._compare(
                    found, each.place, each.before, each.after, each.sop_class, (), each.private_vrs
                )
                for key in each.after.keys() - each.before.keys():
                    vr, why = self._marker(key)
                    found.append(
                        Change(each.place.child(key), ABSENT, each.after[key], vr, why, Safety.REVIEW)
                    )
        return iter(found)

    def _marker(self, key: str) -> tuple[str, Why]:
        """Return the VR of what is added to say what was done, and the reason."""
        known = self._markers.get(key)
        if known is None:
            tag = tag_of_key(key) or 0
            text = f"{describe(tag)}: says what was done"
            known = vr_of_tag(tag), Why(self.profile.name, text, (("row", "PS3.15 E.1.1"),))
            self._markers[key] = known
        return known

    @property
    def remapped(self) -> Mapping[str, str]:
        """Every UID met so far and what takes its place; registered ones stand for themselves."""
        return self._uids

    def _compare(
        self,
        found: list[Change],
        place: ElementPath,
        old: Mapping[str, Json],
        new: Mapping[str, Json],
        sop_class: str,
        above: tuple[int, ...],
        private_vrs: Mapping[str, str],
    ) -> None:
        plan = self._plan(old, sop_class, above, private_vrs)
        level, series, instance, steps = place.level, place.series, place.instance, place.steps
        decided = dict(plan.decided) if plan.decided else {}
        whys = plan.whys
        for key, before in old.items():
            after: Value = new.get(key, ABSENT)
            if after is before or (type(after) is type(before) and after == before):
                continue
            path = ElementPath(level, series, instance, (*steps, key))
            if type(before) is list and (pairs := _paired_items(before, after)) is not None:
                below = (*above, plan.reasons[key].tag)
                for number, (b, a) in enumerate(pairs):
                    self._compare(found, path.child(number), b, a, sop_class, below, _NO_VRS)
                continue
            known = whys.get(key)
            if known is None:
                reason = plan.reasons[key]
                if key in REFERENCE_LISTS and reason.action is not Action.REMOVE:
                    reason = replace(reason, action=Action.REMOVE, goes_with=REFERENCE)
                known = private_vrs.get(key) or vr_of_tag(reason.tag), reason.why(self.profile)
                whys[key] = known
            vr, why = known
            if key in decided and (said := decided[key].get(as_text(before))) is not None:
                why = plan.reasons[key].why(self.profile, said[0])
            found.append(Change(path, before, after, vr, why, Safety.REVIEW))

    # ── compiling ────────────────────────────────────────────────────────────────────────────────────

    def _plan(
        self,
        node: Mapping[str, Json],
        sop_class: str,
        above: tuple[int, ...],
        private_vrs: Mapping[str, str],
    ) -> _Plan:
        keys = tuple(node)
        shape = self._shapes.get((sop_class, above, keys))
        if shape is None:
            creators = (
                tuple(key for key in keys if len(key) == 8 and key[4:6] == "00") if self._private else ()
            )
            shape = self._shapes[sop_class, above, keys] = _Shape(creators)
        told: object = _encode(private_vrs) if private_vrs else None
        if shape.creators:
            told = (told, *[str(node[key]) for key in shape.creators])
        plan = shape.plans.get(told)
        if plan is None:
            plan = shape.plans[told] = self._compile(node, sop_class, above, private_vrs)
        return plan

    def _compile(
        self,
        node: Mapping[str, Json],
        sop_class: str,
        above: tuple[int, ...],
        private_vrs: Mapping[str, str],
    ) -> _Plan:
        plan = _Plan()
        removed: list[str] = []
        calls: list[tuple[str, Handler]] = []
        for key in node:
            tag = tag_of_key(key)
            private = tag is not None and is_private(tag)
            known = vr_of(node, tag or 0) if private else vr_of_tag(tag or 0)
            vr = private_vrs.get(key) or known if private else known or private_vrs.get(key, "")
            reason = self._decide(node, key, tag if tag is not None else 0, vr, sop_class, above)
            plan.reasons[key] = reason
            self._place(plan, removed, calls, key, vr, reason, sop_class, above)
            if self._decisions and vr != "SQ":
                said = self._decisions.at((*above, reason.tag), (vr,) if vr else ())
                handlers = {text: (one, self._decided(one, reason, key, vr)) for text, one in said.items()}
                plan.decided += ((key, handlers),) if handlers else ()
        plan.removed, plan.calls = tuple(removed), tuple(calls)
        return plan

    def _decide(
        self, node: Mapping[str, Json], key: str, tag: int, vr: str, sop_class: str, above: tuple[int, ...]
    ) -> Reason:
        verdict = self.profile.verdict(tag, vr)
        if is_private(tag):
            said = next((text for text in (safe(node, tag, vr) for safe in self._private) if text), "")
            action = Action.KEEP if said and not isinstance(said, Refused) else Action.REMOVE
            by_vr = self.profile.kind(vr) if action is Action.KEEP and not is_creator(tag) else None
            if by_vr is not None:  # dates, names and UIDs identify in private elements too
                verdict, action = by_vr, decide(by_vr.code, None)
            return Reason(tag, verdict, None, action, said or "no list calls it safe")
        iod_known = iod_of(sop_class) is not None
        kind = type_of(sop_class, (*above, tag)) if iod_known else None
        if (data := described_by(tag)) and (held := key_of_tag(data)) in node:
            gone = self._decide(node, held, data, "OB", sop_class, above).action is Action.REMOVE
            if gone and not verdict.override:
                return Reason(tag, verdict, kind, Action.REMOVE, goes_with=describe(data))
        if verdict.code == "X" and not verdict.override and is_indispensable(sop_class, (*above, tag)):
            return Reason(tag, verdict, kind, Action.DUMMY)
        return Reason(tag, verdict, kind, decide(verdict.code, kind, iod_known=iod_known))

    def _place(
        self,
        plan: _Plan,
        removed: list[str],
        calls: list[tuple[str, Handler]],
        key: str,
        vr: str,
        reason: Reason,
        sop_class: str,
        above: tuple[int, ...],
    ) -> None:
        action, tag = reason.action, reason.tag
        sequence = vr == "SQ"
        if tag in (_PATIENT_ID, _PATIENT_NAME) and action is not Action.KEEP:
            plan.pseudonyms += (key,)
        elif action is Action.REMOVE:
            removed.append(key)
        elif action is Action.EMPTY:
            plan.constants[key] = None
        elif sequence and action is Action.DUMMY:
            item = dummy_item(sop_class, (*above, tag), DUMMY_UID)
            plan.constants[key] = [item] if item else None
        elif tag == CONTENT_SEQUENCE and action is Action.CLEAN:
            calls.append((key, self._content_handler(sop_class, above)))
        elif sequence:
            calls.append((key, self._items_handler(tag, sop_class, above)))
        elif action is Action.DUMMY and (vr != "UI" or tag >> 16 == 0x0002):
            plan.constants[key] = dummy(tag, vr or "UN")
        elif (action in (Action.UID, Action.DUMMY)) or (vr == "UI" and action is Action.CLEAN):
            calls.append((key, self._uid_handler()))
        elif action is Action.KEEP and vr in _NUMBERS:
            plan.numbers += ((key, self._fallback(reason, vr)),)
        elif (handler := self._value_handler(reason, vr)) is not None:
            calls.append((key, handler))


def _put(out: dict[str, Json], key: str, value: Value) -> None:
    if isinstance(value, Absent):
        out.pop(key, None)
    else:
        out[key] = value


def _is_among(value: Json, known: set[str]) -> bool:
    return not known.isdisjoint(map(str, value if isinstance(value, list) else (value,)))


def _paired_items(before: Value, after: Value) -> list[tuple[dict[str, Json], dict[str, Json]]] | None:
    """Return the items of a sequence before and after, one beside the other; None where they do not pair."""
    if not isinstance(before, list) or not isinstance(after, list) or len(before) != len(after) or not before:
        return None
    pairs = [
        (b, a) for b, a in zip(before, after, strict=True) if isinstance(b, dict) and isinstance(a, dict)
    ]
    return pairs if len(pairs) == len(before) else None


def context(document: ImageSetMetadata, place: ElementPath, otherwise: str) -> tuple[str, Mapping[str, str]]:
    """Return the SOP classes that decide Types at ``place``, ``otherwise`` above series, and the VRs it tells."""
    if place.level is Level.SERIES:
        return _classes(document.series[place.series].instances.values()) or otherwise, _NO_VRS
    if place.level is not Level.INSTANCE:
        return otherwise, _NO_VRS
    instance = document.series[place.series].instances[place.instance]
    return _own_class(instance.dicom) or otherwise, instance.vrs


def classes_of(document: ImageSetMetadata) -> str:
    """Return the SOP classes that decide Types above the series: of all instances, joined as `curator.dicom.iods` takes them."""
    return _classes(instance for _, _, instance in document.instances())


def _classes(instances: Iterable[Instance]) -> str:
    found = dict.fromkeys(_own_class(instance.dicom) for instance in instances)
    return "\\".join(each for each in found if each)


def _own_class(dicom: Mapping[str, Json]) -> str:
    found = dicom.get("SOPClassUID")
    return found if isinstance(found, str) else ""
