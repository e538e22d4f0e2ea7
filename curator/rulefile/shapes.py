"""Shapes: what a node must look like. One definition reads the node, types it, and publishes its JSON Schema.

A word of the vocabulary is a frozen dataclass whose fields are declared by `told`::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Truncate(Action):
        to: int = told(Whole(1, 10_240))

`Word` subclasses are then read from a mapping of their fields, from a bare value if the class names its ``main``
field, or from the bare word if nothing is needed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, cast

from curator.dicom import Json
from curator.rulefile.nodes import Items, Node, Scalar
from curator.rulefile.nodes import Mapping as MappingNode
from curator.rulefile.problems import NotRead, Problems, did_you_mean, shortened

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema = dict[str, Json]

TEXT_SCHEMA: Final[Schema] = {"type": ["string", "number", "boolean"]}
"""Editors type plain scalars as YAML does; the loader reads each of them as text."""


class Vocabulary(Protocol):
    """The words that a file may use; see `curator.rulefile.vocabulary`."""

    @property
    def sections(self) -> Mapping[str, Told]:
        """Return the parts that a file may have besides its rules."""

    def kinds(self, kind: str) -> Mapping[str, type[Word]]:
        """Return the words of a kind (``selector``, ``condition``, ``action``) by name."""


@dataclass(slots=True)
class Reading:
    """What a reader needs besides the node: where problems go, how tables are read, which words there are."""

    problems: Problems
    files: Callable[[str], str] | None
    vocabulary: Vocabulary
    tables: dict[str, object] = field(default_factory=dict)

    def bad(self, node: Node, expected: str) -> NotRead:
        """Note that ``node`` is not what was expected."""
        return self.problems.add(node.line, what(node), expected)


def what(node: Node) -> str:
    """Return how a message calls a node."""
    if isinstance(node, Scalar):
        return repr(shortened(node.text, 60)) if node.text or not node.plain else "nothing"
    if isinstance(node, Items):
        return "a list" if node.items else "an empty list"
    return "a mapping" + (f" with {shortened(node.pairs[0][0].text, 40)!r}" if node.pairs else "")


class Shape(Protocol[T_co]):
    """Reads a node into a value, and says in JSON Schema which nodes it takes."""

    def read(self, node: Node, reading: Reading) -> T_co:
        """Return the value. Problems are noted in ``reading``; raises `NotRead` after noting one."""

    def schema(self) -> Schema:
        """Return the JSON Schema of what `read` takes, as far as a schema can say it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text. ``filled`` refuses the empty one; ``longest`` bounds it."""

    expected: str = "text"
    filled: bool = True
    longest: int = 10_000

    def read(self, node: Node, reading: Reading) -> str:
        if not isinstance(node, Scalar):
            raise reading.bad(node, self.expected)
        if not node.text and node.plain:
            raise reading.bad(node, f"{self.expected} ('' for the empty text; the action empty empties)")
        if (self.filled and not node.text.strip()) or len(node.text) > self.longest:
            raise reading.bad(node, f"{self.expected}, 1 to {self.longest:,} characters")
        return node.text

    def schema(self) -> Schema:
        return dict(TEXT_SCHEMA) | ({"minLength": 1} if self.filled else {}) | {"maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, node: Node, reading: Reading) -> str:
        if isinstance(node, Scalar) and node.text in self.words:
            return node.text
        near = did_you_mean(node.text, self.words) if isinstance(node, Scalar) else ""
        raise reading.bad(node, f"one of {', '.join(self.words)}{near}")

    def schema(self) -> Schema:
        typed: list[Json] = [True for word in self.words if word == "true"]
        typed += [False for word in self.words if word == "false"]
        numbers: list[Json] = [int(word) for word in self.words if word.isdigit()]
        return {"enum": [*self.words, *typed, *numbers]}


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    def read(self, node: Node, reading: Reading) -> bool:
        return _TRUTH.read(node, reading) == "true"

    def schema(self) -> Schema:
        return _TRUTH.schema()


_TRUTH = Choice(("true", "false"))


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``least`` to ``most``."""

    least: int
    most: int

    def read(self, node: Node, reading: Reading) -> int:
        if isinstance(node, Scalar) and re.fullmatch(r"-?[0-9]{1,9}", node.text):
            number = int(node.text)
            if self.least <= number <= self.most:
                return number
        raise reading.bad(node, f"a whole number from {self.least} to {self.most:,}")

    def schema(self) -> Schema:
        return {
            "type": ["integer", "string"],
            "pattern": "^-?[0-9]{1,9}$",
            "minimum": self.least,
            "maximum": self.most,
        }


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number, kept as it is written."""

    def read(self, node: Node, reading: Reading) -> str:
        if isinstance(node, Scalar) and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", node.text):
            return node.text
        raise reading.bad(node, "a number")

    def schema(self) -> Schema:
        return {"type": ["number", "string"], "pattern": r"^[+-]?[0-9]{1,15}(\.[0-9]{1,15})?$"}


@dataclass(frozen=True, slots=True)
class ListOf(Generic[T]):
    """A list; a single value stands for a list of one."""

    item: Shape[T]
    most: int = 1_000
    alone: bool = True

    def read(self, node: Node, reading: Reading) -> tuple[T, ...]:
        nodes = node.items if isinstance(node, Items) else (node,)
        if not nodes or len(nodes) > self.most or (not self.alone and not isinstance(node, Items)):
            raise reading.bad(node, f"a list of 1 to {self.most:,}")
        return tuple(gather([partial(self.item.read, node, reading) for node in nodes]))

    def schema(self) -> Schema:
        several: Schema = {"type": "array", "items": self.item.schema(), "minItems": 1, "maxItems": self.most}
        return {"anyOf": [several, self.item.schema()]} if self.alone else several


@dataclass(frozen=True, slots=True)
class Pairs(Generic[T]):
    """A mapping of free keys to values of one shape, in the file's order."""

    key: Shape[str]
    value: Shape[T]
    most: int = 10_000

    def read(self, node: Node, reading: Reading) -> tuple[tuple[str, T], ...]:
        if not isinstance(node, MappingNode) or not 0 < len(node.pairs) <= self.most:
            raise reading.bad(node, f"a mapping of 1 to {self.most:,}")
        return tuple(gather([partial(self._pair, key, value, reading) for key, value in node.pairs]))

    def _pair(self, key: Scalar, value: Node, reading: Reading) -> tuple[str, T]:
        return self.key.read(key, reading), self.value.read(value, reading)

    def schema(self) -> Schema:
        return {
            "type": "object",
            "additionalProperties": self.value.schema(),
            "minProperties": 1,
            "maxProperties": self.most,
        }


@dataclass(frozen=True, slots=True)
class Checked(Generic[T]):
    """Text that ``make`` turns into a value; `ValueError`'s message says what was expected."""

    make: Callable[[str], T]
    expected: str
    longest: int = 10_000

    def read(self, node: Node, reading: Reading) -> T:
        text = Text(self.expected, longest=self.longest).read(node, reading)
        try:
            return self.make(text)
        except ValueError as error:
            raise reading.bad(node, str(error)) from None

    def schema(self) -> Schema:
        return Text(longest=self.longest).schema()


@dataclass(frozen=True, slots=True)
class Lazy(Generic[T]):
    """A shape that is defined further down; its schema is a reference to ``$defs``."""

    shape: Callable[[], Shape[T]]
    definition: str

    def read(self, node: Node, reading: Reading) -> T:
        return self.shape().read(node, reading)

    def schema(self) -> Schema:
        return {"$ref": f"#/$defs/{self.definition}"}


def gather(readers: list[Callable[[], T]]) -> list[T]:
    """Call every reader, so that each notes its problems, and raise `NotRead` if any could not read."""
    done: list[T] = []
    failed = False
    for reader in readers:
        try:
            done.append(reader())
        except NotRead:
            failed = True
    if failed:
        raise NotRead
    return done


class _Required:
    """The default of a field that must be given."""


_REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Told:
    """How a field is read, and the sentence that documents it."""

    shape: Shape[object]
    doc: str


def told(shape: Shape[T], doc: str, default: T | _Required = _REQUIRED) -> T:
    """Declare a dataclass field that rule files fill: required unless a default is given."""
    metadata = {"told": Told(shape, doc)}
    if isinstance(default, _Required):
        return cast(T, field(metadata=metadata))
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of the vocabulary. Its docstring says what it does, and shows a tested example."""

    name: ClassVar[str] = ""
    main: ClassVar[str] = ""

    def problem(self) -> str | None:
        """Return what was expected of the fields together, if they do not hold; else None."""
        return None


def fields_of(word: type[Word]) -> dict[str, tuple[Told, bool]]:
    """Return the fields that files fill, by name (``_`` written ``-``), and whether each is required."""
    return {
        item.name.rstrip("_").replace("_", "-"): (item.metadata["told"], item.default is dataclasses.MISSING)
        for item in dataclasses.fields(word)
        if "told" in item.metadata
    }


W = TypeVar("W", bound=Word)


@dataclass(frozen=True, slots=True)
class Filled(Generic[W]):
    """A word with its fields: a mapping of them, or the value of its main field alone."""

    word: type[W]

    def read(self, node: Node, reading: Reading) -> W:
        known = fields_of(self.word)
        if isinstance(node, MappingNode) and (not self.word.main or self._spelled(node, known)):
            values = read_fields(node, known, reading, f"of {self.word.name}")
        elif self.word.main:
            missing = [name for name, (_, required) in known.items() if required and name != self.word.main]
            if missing:
                raise reading.bad(node, f"a mapping with {', '.join([self.word.main, *missing])}")
            values = {self.word.main: known[self.word.main][0].shape.read(node, reading)}
        else:
            raise reading.bad(
                node, f"a mapping with {', '.join(known)}" if known else f"the word {self.word.name} alone"
            )
        return self._make(node, values, reading)

    def _spelled(self, node: MappingNode, known: Mapping[str, tuple[Told, bool]]) -> bool:
        """A mapping may itself be the main field's value (``map``); it spells the fields out if it names that field."""
        main = known[self.word.main][0].shape
        takes_mapping = not isinstance(main, Text | Choice | Whole | Number | Checked | Flag)
        return not takes_mapping or any(key.text in known for key, _ in node.pairs)

    def _make(self, node: Node, values: Mapping[str, object], reading: Reading) -> W:
        names = {item.name.rstrip("_").replace("_", "-"): item.name for item in dataclasses.fields(self.word)}
        made = self.word(**{names[name]: cast(Any, value) for name, value in values.items()})
        if expected := made.problem():
            raise reading.bad(node, expected)
        return made

    def schema(self) -> Schema:
        known = fields_of(self.word)
        spelled: Schema = record_schema(known)
        if not self.word.main:
            return spelled
        if any(required for name, (_, required) in known.items() if name != self.word.main):
            return spelled
        return {"anyOf": [known[self.word.main][0].shape.schema(), spelled]}


def read_fields(
    node: MappingNode, known: Mapping[str, tuple[Told, bool]], reading: Reading, whose: str
) -> dict[str, object]:
    """Return the values of a mapping's fields. Unknown and missing ones are problems."""
    failed = False
    values: dict[str, object] = {}
    for key, value in node.pairs:
        if key.text not in known:
            allowed = f"one of {', '.join(known)} {whose}{did_you_mean(key.text, known)}"
            reading.problems.add(key.line, f"the unknown key {shortened(key.text, 60)!r}", allowed)
            failed = True
            continue
        try:
            values[key.text] = known[key.text][0].shape.read(value, reading)
        except NotRead:
            failed = True
    given = {key.text for key, _ in node.pairs}
    for name, (_, required) in known.items():
        if required and name not in given:
            reading.problems.add(node.line, f"no {name}", f"{name}: {known[name][0].doc}")
            failed = True
    if failed:
        raise NotRead
    return values


def record_schema(known: Mapping[str, tuple[Told, bool]]) -> Schema:
    """Return the schema of a mapping of these fields."""
    properties: Schema = {
        name: said.shape.schema() | {"description": said.doc} for name, (said, _) in known.items()
    }
    needed: list[Json] = [name for name, (_, required) in known.items() if required]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if needed:
        schema["required"] = needed
    return schema
