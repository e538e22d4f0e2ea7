"""Clauses: what must hold of an element, or of others, before a rule acts.

A condition in a rule is a mapping; all of its entries must hold. ``element`` says which element it is about;
without it, it is the selected one. Of a multi-valued element, each value and the whole (joined by ``\\``) are
tried: one that holds is enough. A name from a lower level (Modality, asked of the study) stands for all
elements of that name below, and one that holds is enough, so ``not`` says that none does.
"""

from __future__ import annotations

from dataclasses import dataclass

from curator.dicom import Json
from curator.rulefile.nodes import Mapping, Node
from curator.rulefile.pattern import Pattern
from curator.rulefile.place import Place, Ref
from curator.rulefile.problems import NotRead, did_you_mean, shortened
from curator.rulefile.shapes import TEXT_SCHEMA, Checked, Filled, Lazy, ListOf, Reading, Schema, Word
from curator.rulefile.values import components, joined

REF = Checked(Ref.of, 'an element: a keyword, a tag, or (gggg,"creator",xxee)', longest=200)
REGEX = Checked(Pattern.of, "a regular expression", longest=1_000)


@dataclass(frozen=True, slots=True)
class Subject:
    """The element a condition speaks of: its values (several when it names elements of a lower level)."""

    place: Place
    key: str
    values: tuple[Json, ...]  # none at all: there is no such element

    @classmethod
    def at(cls, place: Place) -> Subject:
        """Return the place's own element."""
        node = place.nodes[-1]
        return cls(place, place.key, (node[place.key],) if place.key in node else ())

    def of(self, ref: Ref) -> Subject:
        """Return another element, named from the same place."""
        return Subject(self.place, ref.name, tuple(ref.values(self.place)))

    def texts(self) -> list[str]:
        """Return each component's text and each whole value's."""
        found: list[str] = []
        for value in self.values:
            parts = components(value)
            found += parts
            if len(parts) != 1:
                found.append(joined(value))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Word):
    """Something that holds of a subject, or does not."""

    def holds(self, subject: Subject) -> bool:
        """Say whether it holds."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Clause:
    """One mapping of conditions: all must hold, of the element it names or else of the subject it is given."""

    about: Ref | None
    conditions: tuple[Condition, ...]

    def holds(self, subject: Subject) -> bool:
        """Say whether all hold."""
        if self.about is not None:
            subject = subject.of(self.about)
        return all(condition.holds(subject) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class ClauseShape:
    """Reads a mapping of conditions."""

    def read(self, node: Node, reading: Reading) -> Clause:
        if not isinstance(node, Mapping) or not node.pairs:
            raise reading.bad(node, "a condition: a mapping such as {element: Modality, equals: CT}")
        words = reading.vocabulary.kinds("condition")
        about: Ref | None = None
        found: list[Condition] = []
        failed = False
        for key, value in node.pairs:
            try:
                if key.text == "element":
                    about = REF.read(value, reading)
                elif key.text in words:
                    made = Filled(words[key.text]).read(value, reading)
                    assert isinstance(made, Condition)
                    found.append(made)
                else:
                    near = did_you_mean(key.text, (*words, "element"))
                    raise reading.problems.add(
                        key.line,
                        f"the unknown condition {shortened(key.text, 60)!r}",
                        f"element, {', '.join(words)}{near}",
                    )
            except NotRead:
                failed = True
        if not failed and not found:
            raise reading.bad(node, f"what must hold of the element: {', '.join(words)}")
        if failed:
            raise NotRead
        return Clause(about, tuple(found))

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/condition"}


CLAUSE = ClauseShape()
CLAUSES: ListOf[Clause] = ListOf(Lazy(lambda: CLAUSE, "condition"), most=100)


def condition_schema(words: dict[str, type[Word]]) -> Schema:
    """Return the schema of one condition."""
    properties: Schema = {name: Filled(word).schema() for name, word in words.items()}
    properties["element"] = dict(TEXT_SCHEMA) | {"description": "which element; without it, the selected one"}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
