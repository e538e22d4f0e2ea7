"""Actions that keep, remove, empty or write a whole element."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from curator.dicom import Json
from curator.dicom.dictionary import attribute, tag_of_key
from curator.findings import ABSENT, Absent
from curator.rulefile.actions.action import TEXTUAL, Action, Judgement, Result, TextAction, Verdict
from curator.rulefile.clauses import REF
from curator.rulefile.place import Place, Ref
from curator.rulefile.shapes import Checked, Choice, Flag, ListOf, Pairs, Text, told
from curator.rulefile.table import normal
from curator.rulefile.tables import Columns, Lookups, lookups
from curator.rulefile.template import Missing, Template
from curator.rulefile.values import Value, components, element

WRITABLE: Final = TEXTUAL | {"AT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep(Action):
    """Leave the element as it is, and let no rule of lower priority write it.

    Example:
        select: {vr: LO, level: Series}
        do: keep
        cases:
          - before: {SeriesDescription: x}
    """

    name: ClassVar[str] = "keep"

    def act(self, place: Place, value: Value) -> Result:
        return Judgement(Verdict.KEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(Action):
    """Remove the element.

    Example:
        select: PatientComments
        do: remove
        cases:
          - before: {PatientComments: x}
            after: {}
    """

    name: ClassVar[str] = "remove"

    def act(self, place: Place, value: Value) -> Result:
        return ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(Action):
    """Keep the element without a value (``null`` in the document, zero length in DICOM).

    Example:
        select: PatientComments
        do: empty
        cases:
          - before: {PatientComments: x}
            after: {PatientComments: ''}
    """

    name: ClassVar[str] = "empty"

    def act(self, place: Place, value: Value) -> Result:
        return None


DUMMIES: Final[dict[str, Json]] = {
    "AE": "DUMMY",
    "AS": "001Y",
    "AT": "00000000",
    "CS": "DUMMY",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "FD": 0,
    "FL": 0,
    "IS": "0",
    "LO": "DUMMY",
    "LT": "DUMMY",
    "OB": "AAA=",
    "OD": "AAAAAAAAAAA=",
    "OF": "AAAAAA==",
    "OL": "AAAAAA==",
    "OV": "AAAAAAAAAAA=",
    "OW": "AAA=",
    "PN": "DUMMY",
    "SH": "DUMMY",
    "SL": 0,
    "SS": 0,
    "ST": "DUMMY",
    "SV": 0,
    "TM": "000000",
    "UC": "DUMMY",
    "UI": "2.25.0",
    "UL": 0,
    "UN": "AAA=",
    "UR": "urn:dummy",
    "US": 0,
    "UT": "DUMMY",
    "UV": 0,
}
"""A constant of non-zero length for each VR: valid, and saying nothing (PS3.15 E.1.1, action D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dummy(Action):
    """Write a constant that is valid for the VR and says nothing; as many values as the VM asks for.

    Example:
        select: ReferringPhysicianName
        do: dummy
        cases:
          - before: {ReferringPhysicianName: Roe^Jane}
            after: {ReferringPhysicianName: DUMMY}
    """

    name: ClassVar[str] = "dummy"
    handles: ClassVar[frozenset[str] | None] = frozenset(DUMMIES)

    def act(self, place: Place, value: Value) -> Result:
        vr = place.vr
        if vr not in DUMMIES:
            return Judgement(Verdict.FAULT, f"there is no dummy for VR {vr}")
        tag = tag_of_key(place.key)
        known = attribute(tag) if tag is not None else None
        least = known.vm.split("-")[0] if known else "1"
        count = int(least) if least.isdigit() else 1
        several = isinstance(value, list) or (known is not None and known.vm != "1" and vr != "UN")
        return [DUMMIES[vr]] * max(count, 1) if several else DUMMIES[vr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Action):
    r"""Write this value. Several values are a list, or joined by ``\``.

    Example:
        select: ImageType
        do: {literal: [DERIVED, SECONDARY]}
        cases:
          - before: {ImageType: [ORIGINAL, PRIMARY]}
            after: {ImageType: [DERIVED, SECONDARY]}
    """

    name: ClassVar[str] = "literal"
    main: ClassVar[str] = "value"
    handles: ClassVar[frozenset[str] | None] = WRITABLE
    value: tuple[str, ...] = told(ListOf(Text("a value")), "the value or values")

    def _texts(self) -> list[str] | str:
        return self.value[0] if len(self.value) == 1 else list(self.value)

    def act(self, place: Place, value: Value) -> Result:
        return write(place, self._texts(), self.name)

    def objection(self, key: str, vr: str) -> str | None:
        from curator.dicom.vr import problem

        if (wrong := Action.objection(self, key, vr)) is not None:
            return wrong
        try:
            made = element(key, vr, self._texts())
        except ValueError:
            return f"a value that VR {vr} of {key} can hold"
        reason = problem(vr, made, vm=vm_of(key))
        return f"a value that is valid for {key}: {reason}" if reason else None


def vm_of(key: str) -> str:
    """Return the VM of the element of this key, ``1-n`` where nothing is known."""
    tag = tag_of_key(key)
    known = attribute(tag) if tag is not None else None
    return known.vm if known is not None and known.vm else "1-n"


def write(place: Place, texts: list[str] | str, name: str) -> Result:
    """Return the texts as the place's element; a fault where its VR cannot hold them."""
    vr = place.vr
    if vr not in WRITABLE:
        return Judgement(Verdict.FAULT, f"{name} writes text and numbers, not VR {vr}")
    try:
        return element(place.key, vr, texts)
    except ValueError:
        return Judgement(Verdict.FAULT, f"{name} gives a value that VR {vr} cannot hold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Literal):
    """Add the element with this value where it is not there; one that is there stays. Selects as ``create`` does.

    Example:
        select: PatientIdentityRemoved
        do: {add: 'NO'}
        cases:
          - before: {PatientID: A1}
            after: {PatientID: A1, PatientIdentityRemoved: 'NO'}
          - before: {PatientIdentityRemoved: 'YES'}
    """

    name: ClassVar[str] = "add"
    creates: ClassVar[bool] = True

    def act(self, place: Place, value: Value) -> Result:
        return write(place, self._texts(), self.name) if isinstance(value, Absent) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class FromTemplate(Action):
    """Write a text made from other elements: ``{Keyword}``, or ``{Keyword|otherwise}`` where it may be missing.

    Where an element is missing and nothing is said for that case, nothing is written.

    Example:
        select: {keyword: SeriesDescription, create: true}
        do: {template: '{Modality} {BodyPartExamined|WHOLE BODY}'}
        cases:
          - before: {Modality: CT}
            after: {Modality: CT, SeriesDescription: CT WHOLE BODY}
          - before: {BodyPartExamined: CHEST}
    """

    name: ClassVar[str] = "template"
    main: ClassVar[str] = "text"
    handles: ClassVar[frozenset[str] | None] = WRITABLE
    text: Template = told(Checked(Template.of, "text with {Keyword} in it"), "the text")

    def act(self, place: Place, value: Value) -> Result:
        try:
            return write(place, self.text.filled(place), self.name)
        except Missing as missing:
            return Judgement(Verdict.NOTHING, f"{missing} is missing here")
        except ValueError as error:
            return Judgement(Verdict.FAULT, str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Action):
    """Write another element's value. Where that is absent, nothing is written.

    Example:
        select: {keyword: SeriesDescription, value: {empty: true}}
        do: {copy: ProtocolName}
        cases:
          - before: {SeriesDescription: '', ProtocolName: T2 tra}
            after: {SeriesDescription: T2 tra, ProtocolName: T2 tra}
    """

    name: ClassVar[str] = "copy"
    main: ClassVar[str] = "other"
    other: Ref = told(REF, "the other element")

    def act(self, place: Place, value: Value) -> Result:
        try:
            found = self.other.one(place)
        except ValueError as error:
            return Judgement(Verdict.FAULT, str(error))
        if isinstance(found, Absent):
            return Judgement(Verdict.NOTHING, f"{self.other.name} is missing here")
        if place.vr in WRITABLE and found is not None:
            return write(place, components(found), self.name)
        return found


_ELSE = Choice(("keep", "empty", "remove", "review", "quarantine"))


def otherwise(word: str, value: Value, what: str) -> Result:
    """Return what happens to a value that is not in a table."""
    if word in ("review", "quarantine"):
        return Judgement(Verdict(word), f"the value is not in {what}")
    return {"keep": value, "empty": None, "remove": ABSENT}[word]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(TextAction):
    """Replace a value by its counterpart in a list. ``fold`` (the default) passes over case, blanks and ``_-./,``.

    Example:
        select: Laterality
        do: {map: {left: L, right: R, bilateral: B}}
        cases:
          - before: {Laterality: LEFT}
            after: {Laterality: L}
          - before: {Laterality: X}
    """

    name: ClassVar[str] = "map"
    main: ClassVar[str] = "values"
    values: tuple[tuple[str, str], ...] = told(
        Pairs(Text(), Text("the value to write", filled=False)), "old value: new value"
    )
    fold: bool = told(Flag(), "false to tell case, blanks and _-./, apart", True)
    otherwise: str = told(_ELSE, "what happens to a value that is not listed", "keep")
    index: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.index.update((normal(old, self.fold), new) for old, new in self.values)

    def problem(self) -> str | None:
        for old, new in self.values:
            if self.index[normal(old, self.fold)] != new:
                return f"one value for {old!r}: another key is the same when case, blanks and _-./, are passed over"
        return None

    def act(self, place: Place, value: Value) -> Result:
        texts = components(value)
        if self.otherwise != "keep" and any(
            normal(text, self.fold) not in self.index for text in texts if text
        ):
            return otherwise(self.otherwise, value, "the map")
        return TextAction.act(self, place, value)

    def change(self, text: str, place: Place) -> str | Judgement:
        return self.index.get(normal(text, self.fold), text)

    def objection(self, key: str, vr: str) -> str | None:
        from curator.dicom.vr import problem

        if (wrong := Action.objection(self, key, vr)) is not None:
            return wrong
        for _, new in self.values:
            try:
                made = element(key, vr, [new])
            except ValueError:
                return f"values that VR {vr} of {key} can hold"
            if reason := problem(vr, made):
                return f"values that are valid for {key} ({reason} in {new[:40]!r})"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Action):
    """Write what a CSV table beside the rule file holds, by this element's value or by several elements.

    ``by`` names the column that holds the present value, or each column and the element it is compared with.

    Example:
        select: PatientID
        do:
          lookup: {table: examples.csv, by: {old_id: PatientID}, take: new_id, otherwise: review}
        cases:
          - before: {PatientID: A-1}
            after: {PatientID: SUBJ001}
          - before: {PatientID: unknown}
            finds: review
    """

    name: ClassVar[str] = "lookup"
    handles: ClassVar[frozenset[str] | None] = WRITABLE
    table: Lookups = told(lookups(), "the CSV file, beside the rule file")
    by: Columns = told(Columns.shape(), "a column, or a mapping of columns to elements")
    take: str = told(Text("a column"), "the column that holds the new value")
    fold: bool = told(Flag(), "true to pass over case, blanks and _-./,", False)
    otherwise: str = told(_ELSE, "what happens to a value that is not in the table", "keep")

    def problem(self) -> str | None:
        return self.table.problem(self.by.names, self.take, self.fold)

    def act(self, place: Place, value: Value) -> Result:
        try:
            found = self.table.find(self.by, self.take, self.fold, place)
        except ValueError as error:
            return Judgement(Verdict.FAULT, str(error))
        if found is None:
            return otherwise(self.otherwise, value, self.table.name)
        return write(place, found, self.name) if found else None


ACTIONS: tuple[type[Action], ...] = (
    Keep,
    Remove,
    Empty,
    Dummy,
    Literal,
    Add,
    FromTemplate,
    Copy,
    Map,
    Lookup,
)
