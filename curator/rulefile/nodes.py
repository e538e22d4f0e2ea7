"""YAML text → nodes whose every scalar is text and knows its line.

Plain YAML reads ``NO`` as false, ``12:30:00`` as 45000 and ``00100010`` as 32776; here nothing is typed before
the element's VR is known. The nodes are made from PyYAML's *events*, so no constructor ever runs, nesting costs
no stack, and anchors, aliases, tags, directives and duplicate keys are problems with a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

import yaml

from curator.rulefile.problems import NotRead, Problems

LIMIT_CHARACTERS: Final = 1_000_000
LIMIT_NODES: Final = 100_000
LIMIT_DEPTH: Final = 24
LIMIT_LINE: Final = 10_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where the wheel has it: 15 times faster
# YAML's printable characters, without its rarer line breaks (CR, NEL, LS, PS): editors count lines by LF.
_NOT_YAML = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text; ``plain`` tells an unquoted word from a quoted one (only a quoted empty text is meant)."""

    line: int
    text: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, its keys in the file's order."""

    line: int
    pairs: tuple[tuple[Scalar, Node], ...]

    def get(self, key: str) -> Node | None:
        """Return the value of ``key``."""
        return next((value for name, value in self.pairs if name.text == key), None)


Node: TypeAlias = Scalar | Items | Mapping


def compose(text: str, problems: Problems) -> Node:
    """Return the one document of ``text``; every breach is added to ``problems``.

    Raises `NotRead` where nothing usable is left (not YAML at all, too large, too deep, several documents).
    """
    if len(text) > LIMIT_CHARACTERS:
        raise problems.add(1, f"{len(text):,} characters", f"at most {LIMIT_CHARACTERS:,}")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if found := _NOT_YAML.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise problems.add(line, f"the character U+{ord(found[0]):04X}", "printable text")
    for number, content in enumerate(text.split("\n"), 1):
        if len(content) > LIMIT_LINE:
            raise problems.add(number, f"a line of {len(content):,} characters", f"at most {LIMIT_LINE:,}")
    try:
        return _Composer(problems).run(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise problems.add(
            mark.line + 1 if mark else 1,
            f"text that is not YAML: {error.problem or error.context}",
            "YAML (indent with spaces; quote values that begin with one of * & ! % @ ` { [ or hold ': ')",
        ) from None
    except (yaml.YAMLError, ValueError):  # ValueError: PyYAML's scanner on \U beyond Unicode
        raise problems.add(1, "text that is not YAML", "YAML") from None


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read; of a mapping ``parts`` alternates keys and values."""

    line: int
    mapping: bool
    parts: list[Node]


class _Composer:
    """Builds nodes from events with a stack of its own."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.open: list[_Open] = []
        self.root: Node | None = None
        self.documents = 0
        self.count = 0

    def run(self, text: str) -> Node:
        """Consume all events."""
        for event in yaml.parse(text, Loader=_LOADER):
            self._take(event)
        if self.root is None:
            raise self.problems.add(1, "an empty file", "a rule file: version, name, why, rules")
        return self.root

    def _take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self.problems.add(
                line, f"the alias *{event.anchor}", "the value itself: aliases are not part of rule files"
            )
            self._place(Scalar(line, ""))
        elif isinstance(event, yaml.ScalarEvent):
            self._plainly(event, line)
            self._place(Scalar(line, event.value, plain=not event.style))
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self._plainly(event, line)
            if len(self.open) >= LIMIT_DEPTH:
                raise self.problems.add(
                    line, f"nesting deeper than {LIMIT_DEPTH}", f"at most {LIMIT_DEPTH} levels"
                )
            self.open.append(_Open(line, isinstance(event, yaml.MappingStartEvent), []))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            done = self.open.pop()
            self._place(self._mapping(done) if done.mapping else Items(done.line, tuple(done.parts)))

    def _document(self, event: yaml.DocumentStartEvent, line: int) -> None:
        self.documents += 1
        if event.version or event.tags:
            self.problems.add(line, "a % directive", "none: rule files have no directives")
        if self.documents > 1:
            raise self.problems.add(line, "a second document (---)", "one document a file")

    def _plainly(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self.problems.add(line, f"the anchor &{event.anchor}", "none: anchors are not part of rule files")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.problems.add(
                line, f"the tag {tag}", "none: every value is text until the element's VR types it"
            )

    def _place(self, node: Node) -> None:
        self.count += 1
        if self.count > LIMIT_NODES:
            raise self.problems.add(node.line, f"more than {LIMIT_NODES:,} values", "a smaller file")
        if self.open:
            self.open[-1].parts.append(node)
        else:
            self.root = node

    def _mapping(self, done: _Open) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        seen: dict[str, int] = {}
        for key, value in zip(done.parts[::2], done.parts[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.problems.add(key.line, "a list or mapping as a key", "a word")
            elif key.text in seen:
                self.problems.add(
                    key.line, f"the key {key.text!r} again", f"it once (first in line {seen[key.text]})"
                )
            else:
                seen[key.text] = key.line
                pairs.append((key, value))
        return Mapping(done.line, tuple(pairs))


def as_json(node: Node) -> object:
    """Return the node as lists, dicts and texts: what the published schema describes."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [as_json(item) for item in node.items]
    return {key.text: as_json(value) for key, value in node.pairs}


__all__ = ["Items", "Mapping", "Node", "NotRead", "Scalar", "as_json", "compose"]
