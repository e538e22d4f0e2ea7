"""Actions on the items of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from curator.dicom import Json
from curator.findings import Absent
from curator.rulefile.actions.action import Action, Judgement, Result, Verdict
from curator.rulefile.clauses import CLAUSES, Clause, Subject
from curator.rulefile.nodes import Items, Mapping, Node
from curator.rulefile.place import Place, key_of
from curator.rulefile.problems import NotRead
from curator.rulefile.shapes import TEXT_SCHEMA, Checked, Reading, Schema, Text, told
from curator.rulefile.values import Value, element, static_vr

Item: TypeAlias = dict[str, Json]
_SEQUENCE = frozenset({"SQ"})


def _standard(text: str) -> str:
    key = key_of(text)
    if not static_vr(key) or key[:1] == "(":
        raise ValueError("an element of the standard with one VR")
    return key


_KEY = Checked(_standard, "an element of the standard", longest=100)


class ItemShape:
    """Reads an item: elements and their values, sequences as lists of items."""

    def read(self, node: Node, reading: Reading) -> Item:
        if not isinstance(node, Mapping) or not node.pairs:
            raise reading.bad(node, "an item: a mapping of elements to values")
        item: Item = {}
        failed = False
        for name, value in node.pairs:
            try:
                key = _KEY.read(name, reading)
                item[key] = self._value(key, value, reading)
            except NotRead:
                failed = True
        if failed:
            raise NotRead
        return item

    def _value(self, key: str, node: Node, reading: Reading) -> Json:
        from curator.dicom.vr import problem

        vr = static_vr(key)
        if vr == "SQ":
            if not isinstance(node, Items) or not node.items:
                raise reading.bad(node, f"a list of items for {key}")
            return [self.read(item, reading) for item in node.items]
        nodes = node.items if isinstance(node, Items) else (node,)
        texts = [Text("a value", filled=False).read(one, reading) for one in nodes]
        try:
            value = element(key, vr, texts if len(texts) != 1 else texts[0])
        except ValueError:
            raise reading.bad(node, f"a value that VR {vr} of {key} can hold") from None
        if reason := problem(vr, value):
            raise reading.bad(node, f"a value that is valid for {key}: {reason}")
        return value

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/item"}


def item_schema() -> Schema:
    """Return the schema of an item."""
    items: Schema = {"type": "array", "items": {"anyOf": [dict(TEXT_SCHEMA), {"$ref": "#/$defs/item"}]}}
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [dict(TEXT_SCHEMA), items]},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem(Action):
    """Append an item to a sequence, unless an equal one is there already; makes the sequence if it is empty.

    Example:
        select: {keyword: DeidentificationMethodCodeSequence, create: true}
        do:
          add-item: {CodeValue: '113100', CodingSchemeDesignator: DCM, CodeMeaning: Basic Application Profile}
        cases:
          - before: {PatientID: A1}
            after:
              PatientID: A1
              DeidentificationMethodCodeSequence:
                - {CodeValue: '113100', CodingSchemeDesignator: DCM, CodeMeaning: Basic Application Profile}
    """

    name: ClassVar[str] = "add-item"
    main: ClassVar[str] = "item"
    handles: ClassVar[frozenset[str] | None] = _SEQUENCE
    item: Item = told(ItemShape(), "the item's elements")

    def act(self, place: Place, value: Value) -> Result:
        if place.vr != "SQ":
            return Judgement(Verdict.FAULT, f"add-item works on sequences, not on VR {place.vr}")
        items = value if isinstance(value, list) else []
        return value if self.item in items else [*items, dict(self.item)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteItem(Action):
    """Delete the items of a sequence in which all conditions hold; a sequence without items becomes empty.

    Example:
        select: OtherPatientIDsSequence
        do: {delete-item: {element: IssuerOfPatientID, equals: OLD}}
        cases:
          - before:
              OtherPatientIDsSequence: [{PatientID: '1', IssuerOfPatientID: OLD}, {PatientID: '2'}]
            after:
              OtherPatientIDsSequence: [{PatientID: '2'}]
    """

    name: ClassVar[str] = "delete-item"
    main: ClassVar[str] = "where"
    handles: ClassVar[frozenset[str] | None] = _SEQUENCE
    where: tuple[Clause, ...] = told(CLAUSES, "what holds in the items to delete (each names its element)")

    def act(self, place: Place, value: Value) -> Result:
        if isinstance(value, Absent) or not isinstance(value, list):
            return value
        kept: list[Json] = []
        for number, item in enumerate(value):
            if isinstance(item, dict) and self._goes(place, number, item):
                continue
            kept.append(item)
        return value if len(kept) == len(value) else (kept or None)

    def _goes(self, place: Place, number: int, item: Item) -> bool:
        inside = Place(place.scope, (*place.steps, number, ""), (*place.nodes, item))
        return all(clause.holds(Subject.at(inside)) for clause in self.where)


ACTIONS: tuple[type[Action], ...] = (AddItem, DeleteItem)
