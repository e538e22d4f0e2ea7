"""Plans: what a profile does with one set of keys, compiled once; the decisions with their reasons are in the plan.

What is done with an element depends on the keys around it, not on its value: SOP class, the sequences it stands
in, its tag. An archive has few distinct sets of keys, so `Plans` compiles one plan for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from curator.deid.action import Action, decide
from curator.deid.companions import described_by
from curator.deid.content import CONTENT_SEQUENCE
from curator.deid.decisions import Decision, Decisions, as_text
from curator.deid.dummies import dummy, dummy_item
from curator.deid.handlers import Handler, Handlers, Value, vr_of_tag
from curator.deid.private import Refused, Safe, is_creator, vr_of
from curator.deid.profile import Profile, describe
from curator.deid.reason import Reason
from curator.deid.subject import Subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.dictionary import is_private, key_of_tag, tag_of_key
from curator.dicom.iods import iod_of, is_indispensable, type_of
from curator.dicom.uids import DUMMY_UID
from curator.findings import ABSENT, Absent, Why

NO_VRS: Final[Mapping[str, str]] = {}
_NUMBERS: Final = frozenset({"DS", "IS", "UL", "UV"})
_PATIENT_NAME, _PATIENT_ID = 0x00100010, 0x00100020
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Always:
    """The handler of an element that is treated alike whatever its value is."""

    result: Value

    def __call__(self, value: Json, subject: Subject) -> Value:
        """Return the same for every value."""
        return self.result


@dataclass(frozen=True, slots=True)
class Number:
    """The handler of a number, which stays unless it is just the number by which the subject is known."""

    fallback: Value

    def __call__(self, value: Json, subject: Subject) -> Value:
        """Return the number, or what stands in its place."""
        return self.fallback if is_among(value, subject.lexicon.numbers) else value


@dataclass(slots=True, eq=False)
class Plan:
    """What to do with one set of keys."""

    handlers: tuple[tuple[str, Handler], ...] = ()
    """Of every element that may change, by key, but for ``numbers``."""
    removed: tuple[str, ...] = ()
    constants: dict[str, Json] = field(default_factory=dict)
    handled: tuple[tuple[str, Handler], ...] = ()
    """Those of ``handlers`` that have to see the value: neither ``removed`` nor ``constants``."""
    numbers: tuple[tuple[str, Number], ...] = ()
    """Apart: what comes of a number is found quicker than remembered, and hardly two instances have the same ones."""
    decided: dict[str, dict[str, tuple[Decision, Handler]]] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    whys: dict[str, tuple[str, Why]] = field(default_factory=dict)
    """VR and reason of the elements that change, as changes carry them."""


class Around(NamedTuple):
    """Where attributes stand: what decides their Types, the sequences around them, and the VRs told beside them."""

    sop_class: str
    """Several above instances, joined as `curator.dicom.iods` takes them."""
    above: tuple[int, ...] = ()
    private_vrs: Mapping[str, str] = NO_VRS

    def vr_told(self, key: str) -> str:
        """Return the VR that is told of an element, "" if none is; of a private sequence those of its items are told."""
        said: object = self.private_vrs.get(key, "")
        return said if isinstance(said, str) else "SQ"


@dataclass(slots=True)
class _Shape:
    """The plans of one tuple of keys: they differ by what private creators and ``DICOMVRs`` say."""

    creators: tuple[str, ...]
    plans: dict[object, Plan] = field(default_factory=dict)


class Plans(Handlers):
    """Compiles the plans of one profile."""

    def __init__(self, profile: Profile, private: tuple[Safe, ...], decisions: Decisions) -> None:
        self.profile = profile
        self._decisions = decisions
        self._lists = private
        self._private = private if Option.RETAIN_SAFE_PRIVATE in profile.options else ()
        self._shapes: dict[tuple[str, tuple[int, ...], tuple[str, ...]], _Shape] = {}

    def plan(self, node: Mapping[str, Json], around: Around) -> Plan:
        """Return what to do with the attributes of a level or of an item."""
        sop_class, above, private_vrs = around
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
            plan = shape.plans[told] = self._compile(node, around)
        return plan

    def _compile(self, node: Mapping[str, Json], around: Around) -> Plan:
        sop_class, above, _ = around
        plan = Plan()
        handlers: list[tuple[str, Handler]] = []
        for key in node:
            tag = tag_of_key(key)
            private = tag is not None and is_private(tag)
            known = vr_of(node, tag or 0) if private else vr_of_tag(tag or 0)
            vr = around.vr_told(key) or known if private else known or around.vr_told(key)
            reason = self._decide(node, tag if tag is not None else 0, vr, sop_class, above)
            plan.reasons[key] = reason
            handler = self._handler(key, vr, reason, sop_class, above)
            if self._decisions and vr != "SQ":
                said = self._decisions.at((*above, reason.tag), (vr,) if vr else ())
                if said:
                    plan.decided[key] = {
                        text: (one, self._decided(one, reason, key, vr)) for text, one in said.items()
                    }
                    handler = _decided_first(plan.decided[key], handler)
            if handler is not None:
                handlers.append((key, handler))
        plan.numbers = tuple((key, each) for key, each in handlers if isinstance(each, Number))
        plan.handlers = tuple(
            sorted((each for each in handlers if not isinstance(each[1], Number)), key=_first)
        )
        fixed = {key: each.result for key, each in plan.handlers if isinstance(each, Always)}
        plan.removed = tuple(key for key, value in fixed.items() if isinstance(value, Absent))
        plan.constants = {key: value for key, value in fixed.items() if not isinstance(value, Absent)}
        plan.handled = tuple(each for each in plan.handlers if each[0] not in fixed)
        return plan

    def _decide(
        self, node: Mapping[str, Json], tag: int, vr: str, sop_class: str, above: tuple[int, ...]
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
        if (data := described_by(tag)) and key_of_tag(data) in node:
            gone = self._decide(node, data, "OB", sop_class, above).action is Action.REMOVE
            if gone and not verdict.override:
                return Reason(tag, verdict, kind, Action.REMOVE, goes_with=describe(data))
        if verdict.code == "X" and not verdict.override and is_indispensable(sop_class, (*above, tag)):
            return Reason(tag, verdict, kind, Action.DUMMY)
        return Reason(tag, verdict, kind, decide(verdict.code, kind, iod_known=iod_known))

    def _handler(
        self, key: str, vr: str, reason: Reason, sop_class: str, above: tuple[int, ...]
    ) -> Handler | None:
        """Return what makes an element's new value; None for one that stays."""
        action, tag = reason.action, reason.tag
        sequence = vr == "SQ"
        if tag in (_PATIENT_ID, _PATIENT_NAME) and action is not Action.KEEP:
            return _pseudonym_even_if_empty if key == "PatientID" else _unless_empty(_pseudonym_even_if_empty)
        if action is Action.REMOVE:
            return Always(ABSENT)
        if action is Action.EMPTY:
            return Always(None)
        if sequence and action is Action.DUMMY:
            item = dummy_item(sop_class, (*above, tag), DUMMY_UID)
            return Always([item] if item else None)
        if action is Action.DUMMY and not sequence and (vr != "UI" or tag >> 16 == 0x0002):
            return Always(dummy(tag, vr or "UN"))
        looking = self._looking_handler(vr, reason, sop_class, above)
        return looking if looking is None or isinstance(looking, Number) else _unless_empty(looking)

    def _looking_handler(
        self, vr: str, reason: Reason, sop_class: str, above: tuple[int, ...]
    ) -> Handler | None:
        """Return the handler of an element whose value decides what becomes of it."""
        action, tag = reason.action, reason.tag
        if tag == CONTENT_SEQUENCE and action is Action.CLEAN:
            return self._content_handler(sop_class, above)
        if vr == "SQ":
            return self._items_handler(tag, sop_class, above)
        if (action in (Action.UID, Action.DUMMY)) or (vr == "UI" and action is Action.CLEAN):
            return self._uid_handler()
        if action is Action.KEEP and vr in _NUMBERS:
            return Number(self._fallback(reason, vr))
        return self._value_handler(reason, vr)


def _pseudonym_even_if_empty(value: Json, subject: Subject) -> Value:
    return subject.pseudonym


def _unless_empty(handler: Handler) -> Handler:
    """Return the handler of an element that stays empty where it is."""
    return lambda value, subject: None if value is None else handler(value, subject)


def _decided_first(said: Mapping[str, tuple[Decision, Handler]], otherwise: Handler | None) -> Handler:
    """Return the handler of an element that people decided some values of."""

    def decided(value: Json, subject: Subject) -> Value:
        found = said.get(as_text(value))
        if found is not None:
            return found[1](value, subject)
        return value if otherwise is None else otherwise(value, subject)

    return decided


def _first(pair: tuple[str, Handler]) -> str:
    return pair[0]


def is_among(value: Json, known: set[str]) -> bool:
    """Say whether a value, or one of several, is just one of these texts."""
    if type(value) is str:
        return value in known
    return not known.isdisjoint(map(str, value if isinstance(value, list) else (value,)))
