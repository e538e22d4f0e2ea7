"""Selectors: which elements a rule is about.

``select`` is a keyword, tag or path; or a mapping whose entries must all fit; or a list of these, one of which
must fit. A selector looks at the top level of Patient, Study, Series and instances; ``nested: true`` (or a path
through items) leads into sequences. ``create: true`` selects an element that is not there as well, so that an
action can add it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from curator.dicom.dictionary import is_private, tag_of_key, vrs
from curator.dicom.levels import Level, level_of
from curator.errors import UsageError
from curator.imageset import ANY, ElementPath, PrivateStep, parse_path
from curator.rulefile.clauses import CLAUSE, Clause, Subject
from curator.rulefile.nodes import Mapping, Node, Scalar
from curator.rulefile.place import Place, key_of, near_keyword
from curator.rulefile.problems import NotRead, did_you_mean, shortened
from curator.rulefile.shapes import (
    TEXT_SCHEMA,
    Checked,
    Choice,
    Filled,
    Flag,
    Lazy,
    ListOf,
    Reading,
    Schema,
    Text,
    Word,
    told,
)
from curator.rulefile.values import KNOWN

EVERY_LEVEL: Final = frozenset(Level)
_LEVEL_WORDS: Final = {
    "Patient": Level.PATIENT,
    "Study": Level.STUDY,
    "Series": Level.SERIES,
    "Instance": Level.INSTANCE,
}


def home_of(key: str) -> Level:
    """Return the level on which the service keeps the element of this key."""
    tag = tag_of_key(key)
    return Level.INSTANCE if tag is None or is_private(tag) else level_of(tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector(Word):
    """Fits elements. The first three methods know only keys, so that their answers serve all alike instances."""

    def levels(self, nested: bool) -> frozenset[Level]:
        """Return the levels on which something can fit: on top, or with ``nested`` in sequences too."""
        return EVERY_LEVEL

    def admits(self, level: Level, key: str) -> bool:
        """Say whether an element of this key on top of this level can fit."""
        return True

    def admits_inside(self, level: Level, top: str, key: str) -> bool:
        """Say whether an element of this key, anywhere inside the sequence ``top``, can fit."""
        return self.admits(level, key)

    def fits(self, place: Place) -> bool:
        """Say whether the element at hand, which was admitted, fits."""
        return True

    def named(self) -> ElementPath | None:
        """Return the path of the one element that is meant, where the selector names one."""
        return None


def _standard_key(text: str) -> str:
    key = key_of(text)
    if key[:1] == "(":
        raise ValueError("a keyword or tag; creator selects private elements")
    return key


def _pattern(text: str) -> ElementPath:
    """Return the path that a text spells, keys instead of tags; ValueError with what was expected."""
    try:
        path = parse_path(text)
    except UsageError as error:
        word = text.strip().rsplit("/", 1)[-1]
        near = near_keyword(word) if word.isalnum() else ""
        raise ValueError(error.message + near) from None
    if not isinstance(path.steps[-1] if path.steps else 0, str):
        raise ValueError("a path that ends at an element")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword(Selector):
    """The element of this keyword (PS3.6), on the level where the service keeps it.

    Example:
        select: {keyword: StationName}
        do: {whitespace: trim}
        cases:
          - before: {StationName: ' CT 1 '}
            after: {StationName: CT 1}
    """

    name: ClassVar[str] = "keyword"
    main: ClassVar[str] = "is"
    is_: str = told(Checked(_standard_key, "a keyword of PS3.6", longest=200), "the keyword")

    def levels(self, nested: bool) -> frozenset[Level]:
        return EVERY_LEVEL if nested else frozenset({home_of(self.is_)})

    def admits(self, level: Level, key: str) -> bool:
        return key == self.is_

    def named(self) -> ElementPath | None:
        level = home_of(self.is_)
        series = "" if level in (Level.PATIENT, Level.STUDY) else ANY
        return ElementPath(level, series, ANY if level is Level.INSTANCE else "", (self.is_,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Keyword):
    """The element of this tag: ``(0008,1010)`` or ``00081010``.

    Example:
        select: {tag: '00081010'}
        do: remove
        cases:
          - before: {StationName: CT1}
            after: {}
    """

    name: ClassVar[str] = "tag"
    is_: str = told(Checked(_standard_key, "a tag such as (0008,1010)", longest=200), "the tag")


def _mask(text: str) -> str:
    digits = re.sub(r"[(),\s]", "", text).upper().replace("X", "x")
    if not re.fullmatch(r"[0-9A-Fx]{8}", digits):
        raise ValueError("a tag with x for any digit, such as 50xx,xxxx")
    return digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask(Selector):
    """The elements whose tag has these digits; ``x`` stands for any.

    Example:
        select: {mask: '50xx,xxxx'}
        do: remove
        cases:
          - before: {'50000005': {vr: US, value: '1'}, Rows: '4'}
            after: {Rows: '4'}
    """

    name: ClassVar[str] = "mask"
    main: ClassVar[str] = "is"
    is_: str = told(Checked(_mask, "a tag with x for any digit", longest=20), "eight hex digits or x")

    def admits(self, level: Level, key: str) -> bool:
        tag = tag_of_key(key)
        return tag is not None and all(m in ("x", d) for m, d in zip(self.is_, f"{tag:08X}", strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class VrIs(Selector):
    """The elements of these VRs.

    Example:
        select: {vr: PN, level: Study}
        do: {format: name}
        cases:
          - before: {ReferringPhysicianName: 'Roe, Jane'}
            after: {ReferringPhysicianName: Roe^Jane}
    """

    name: ClassVar[str] = "vr"
    main: ClassVar[str] = "is"
    is_: tuple[str, ...] = told(ListOf(Choice(tuple(sorted(KNOWN)))), "one VR or several")

    def admits(self, level: Level, key: str) -> bool:
        tag = tag_of_key(key)
        allowed = () if tag is None else vrs(tag)
        return not allowed or not set(allowed).isdisjoint(self.is_)

    def fits(self, place: Place) -> bool:
        return place.vr in self.is_


_HEX2 = Checked(lambda text: int(_hex(text, 2), 16), "two hex digits", longest=2)
_HEX4 = Checked(lambda text: int(_hex(text, 4), 16), "the four hex digits of an odd group", longest=4)


def _hex(text: str, digits: int) -> str:
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", text) or (digits == 4 and int(text, 16) % 2 == 0):
        raise ValueError("two hex digits" if digits == 2 else "the four hex digits of an odd group")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator(Selector):
    """The private elements of this creator, in whichever block they stand (the creator's own element too, unless
    an ``offset`` is given).

    Example:
        select: {creator: {is: GEMS_IDEN_01, group: '0009', offset: '02'}}
        do: remove
        cases:
          - before:
              '00090012': {vr: LO, value: GEMS_IDEN_01}
              '00091202': {vr: SH, value: suite}
            after:
              '00090012': {vr: LO, value: GEMS_IDEN_01}
    """

    name: ClassVar[str] = "creator"
    main: ClassVar[str] = "is"
    is_: str = told(Text("a private creator", longest=64), "the creator's text")
    group: int | None = told(_HEX4, "the group, of any if not given", None)
    offset: int | None = told(_HEX2, "the element's last two digits, any if not given", None)

    def levels(self, nested: bool) -> frozenset[Level]:
        return frozenset({Level.INSTANCE})

    def admits(self, level: Level, key: str) -> bool:
        tag = tag_of_key(key)
        if tag is None or not is_private(tag) or (self.group is not None and tag >> 16 != self.group):
            return False
        element = tag & 0xFFFF
        if 0x10 <= element <= 0xFF:
            return self.offset is None
        return element >= 0x1000 and (self.offset is None or element & 0xFF == self.offset)

    def fits(self, place: Place) -> bool:
        tag = tag_of_key(place.key) or 0
        element = tag & 0xFFFF
        block = element if element <= 0xFF else element >> 8
        found = place.nodes[-1].get(f"{tag >> 16:04X}00{block:02X}")
        if isinstance(found, list):
            found = found[0] if len(found) == 1 else None
        return isinstance(found, str) and found.strip() == self.is_


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Selector):
    """The elements at a path, ``[*]`` for every item, series or instance.

    Example:
        select: {path: 'RequestAttributesSequence[*]/RequestedProcedureDescription'}
        do: remove
        cases:
          - before: {RequestAttributesSequence: [{RequestedProcedureDescription: x, RequestedProcedureID: '1'}]}
            after: {RequestAttributesSequence: [{RequestedProcedureID: '1'}]}
    """

    name: ClassVar[str] = "path"
    main: ClassVar[str] = "is"
    is_: ElementPath = told(Checked(_pattern, "a path such as Series[*]/Modality", longest=500), "the path")

    def levels(self, nested: bool) -> frozenset[Level]:
        return frozenset({self.is_.level})

    def _key(self, step: object, key: str) -> bool:
        if not isinstance(step, str):
            return False
        private = PrivateStep.of(step) if step[:1] == "(" else None
        if private is None:
            return step == key
        return (
            len(key) == 8 and key.startswith(f"{private.group:04X}") and key.endswith(f"{private.offset:02X}")
        )

    def admits(self, level: Level, key: str) -> bool:
        return level is self.is_.level and len(self.is_.steps) == 1 and self._key(self.is_.steps[0], key)

    def admits_inside(self, level: Level, top: str, key: str) -> bool:
        steps = self.is_.steps
        return (
            level is self.is_.level
            and len(steps) > 1
            and self._key(steps[0], top)
            and self._key(steps[-1], key)
        )

    def fits(self, place: Place) -> bool:
        at, wanted = place.scope.path, self.is_
        if wanted.series not in ("", ANY, at.series) or wanted.instance not in ("", ANY, at.instance):
            return False
        if len(wanted.steps) != len(place.steps):
            return False
        for number, (step, here) in enumerate(zip(wanted.steps, place.steps, strict=True)):
            if isinstance(step, str) and step[:1] == "(":
                private = PrivateStep.of(step)
                if private is None or private.key_in(dict(place.nodes[number // 2])) != here:
                    return False
            elif step not in (ANY, here):
                return False
        return True

    def named(self) -> ElementPath | None:
        return None if any(isinstance(step, str) and step[:1] == "(" for step in self.is_.steps) else self.is_


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelIs(Selector):
    """The elements of a level: Patient, Study, Series or Instance.

    Example:
        select: {level: Patient, value: {empty: true}}
        do: remove
        cases:
          - before: {PatientID: A1, PatientComments: ''}
            after: {PatientID: A1}
    """

    name: ClassVar[str] = "level"
    main: ClassVar[str] = "is"
    is_: tuple[str, ...] = told(ListOf(Choice(tuple(_LEVEL_WORDS))), "the level or levels")

    def levels(self, nested: bool) -> frozenset[Level]:
        return frozenset(_LEVEL_WORDS[word] for word in self.is_)

    def admits(self, level: Level, key: str) -> bool:
        return level in self.levels(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueIs(Selector):
    """The elements whose value fulfils a condition.

    Example:
        select: {vr: [LO, SH], value: {in: {texts: [UNKNOWN, N/A], fold: true}}}
        do: empty
        cases:
          - before: {StationName: unknown, Modality: CT}
            after: {StationName: '', Modality: CT}
    """

    name: ClassVar[str] = "value"
    main: ClassVar[str] = "is"
    is_: Clause = told(Lazy(lambda: CLAUSE, "condition"), "the condition")

    def fits(self, place: Place) -> bool:
        return self.is_.holds(Subject.at(place))


@dataclass(frozen=True, slots=True)
class Selection:
    """One entry of ``select``: all selectors must fit, none of ``but``."""

    selectors: tuple[Selector, ...]
    but: tuple[Selection, ...] = ()
    nested: bool = False
    create: bool = False

    def levels(self) -> frozenset[Level]:
        """Return the levels on which something can fit."""
        return EVERY_LEVEL.intersection(*(selector.levels(self.nested) for selector in self.selectors))

    def deep(self) -> bool:
        """Say whether items of sequences must be looked at."""
        return self.nested or any(isinstance(one, Path) and len(one.is_.steps) > 1 for one in self.selectors)

    def admits(self, level: Level, key: str) -> bool:
        """Say whether an element on top of the level can fit."""
        return all(selector.admits(level, key) for selector in self.selectors)

    def admits_inside(self, level: Level, top: str, key: str) -> bool:
        """Say whether an element inside the sequence ``top`` can fit."""
        return self.deep() and all(selector.admits_inside(level, top, key) for selector in self.selectors)

    def fits(self, place: Place) -> bool:
        """Say whether an element that was admitted (on top, or inside) fits."""
        for selector in self.selectors:
            if not selector.fits(place):
                return False
        return not self.but or not any(selection.fits_anywhere(place) for selection in self.but)

    def fits_anywhere(self, place: Place) -> bool:
        """Say whether the element fits at any depth: what ``except`` means."""
        level, top = place.scope.path.level, str(place.steps[0])
        inside = len(place.steps) > 1
        return all(
            (one.admits(level, place.key) or (inside and one.admits_inside(level, top, place.key)))
            and one.fits(place)
            for one in self.selectors
        )

    def named(self) -> ElementPath | None:
        """Return the one path that is meant, where a selector names one."""
        return next((path for one in self.selectors if (path := one.named()) is not None), None)


SELECTORS: tuple[type[Selector], ...] = (Keyword, Tag, Mask, VrIs, Creator, Path, LevelIs, ValueIs)

_MODIFIERS: Final = {
    "nested": "true: in sequences too, at any depth",
    "create": "true: also where the element is not there yet",
    "except": "what is not meant although it fits",
}


@dataclass(frozen=True, slots=True)
class SelectionShape:
    """Reads one entry of ``select``."""

    def read(self, node: Node, reading: Reading) -> Selection:
        if isinstance(node, Scalar):
            return Selection((self._short(node, reading),))
        if not isinstance(node, Mapping) or not node.pairs:
            raise reading.bad(node, "a keyword, tag or path, or a mapping such as {vr: DA, level: Series}")
        words = reading.vocabulary.kinds("selector")
        selectors: list[Selector] = []
        but: tuple[Selection, ...] = ()
        flags = {"nested": False, "create": False}
        failed = False
        for key, value in node.pairs:
            try:
                if key.text in flags:
                    flags[key.text] = Flag().read(value, reading)
                elif key.text == "except":
                    but = SELECTIONS.read(value, reading)
                elif key.text in words:
                    made = Filled(words[key.text]).read(value, reading)
                    assert isinstance(made, Selector)
                    selectors.append(made)
                else:
                    known = (*words, *_MODIFIERS)
                    raise reading.problems.add(
                        key.line,
                        f"the unknown selector {shortened(key.text, 60)!r}",
                        f"{', '.join(known)}{did_you_mean(key.text, known)}",
                    )
            except NotRead:
                failed = True
        if failed:
            raise NotRead
        return self._whole(node, Selection(tuple(selectors), but, flags["nested"], flags["create"]), reading)

    def _short(self, node: Scalar, reading: Reading) -> Selector:
        if (
            re.fullmatch(r"[(]?[0-9A-Fa-fxX]{4},\s*[0-9A-Fa-fxX]{4}[)]?", node.text)
            and "x" in node.text.lower()
        ):
            return Mask(is_=_mask(node.text))
        expected = "a keyword, tag or path (or a mapping such as {vr: DA})"
        if "/" in node.text or "[" in node.text:
            return Path(is_=Checked(_pattern, expected, longest=500).read(node, reading))
        key = Checked(key_of, expected, longest=200).read(node, reading)
        return Path(is_=parse_path(key)) if key[:1] == "(" else Keyword(is_=key)

    def _whole(self, node: Node, selection: Selection, reading: Reading) -> Selection:
        if not selection.selectors:
            raise reading.bad(node, f"a selector besides {', '.join(_MODIFIERS)}")
        if not selection.levels():
            raise reading.bad(node, "selectors that can fit the same element (these name different levels)")
        if selection.create and selection.named() is None:
            raise reading.bad(node, "a keyword, tag or path with create: what is to be made must be named")
        return selection

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/selection"}


SELECTION = SelectionShape()
SELECTIONS: ListOf[Selection] = ListOf(Lazy(lambda: SELECTION, "selection"), most=1_000)


def selection_schema(words: dict[str, type[Word]]) -> Schema:
    """Return the schema of one entry of ``select``."""
    properties: Schema = {name: Filled(word).schema() for name, word in words.items()}
    properties["nested"] = Flag().schema() | {"description": _MODIFIERS["nested"]}
    properties["create"] = Flag().schema() | {"description": _MODIFIERS["create"]}
    properties["except"] = SELECTIONS.schema() | {"description": _MODIFIERS["except"]}
    spelled: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "anyOf": [{"required": [name]} for name in words],
    }
    return {"anyOf": [dict(TEXT_SCHEMA) | {"minLength": 1}, spelled]}
