"""The words that rule files may use, by kind.

A room above adds actions of its own with `Vocabulary.with_actions`, and parts of a file besides its rules with
`Vocabulary.with_section`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from curator.rulefile.actions import ACTIONS, Action
from curator.rulefile.clauses import Condition
from curator.rulefile.conditions import CONDITIONS
from curator.rulefile.selectors import SELECTORS, Selector
from curator.rulefile.shapes import Shape, Told, Word


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Selectors, conditions and actions by name."""

    selectors: Mapping[str, type[Selector]]
    conditions: Mapping[str, type[Condition]]
    actions: Mapping[str, type[Action]]
    sections: Mapping[str, Told] = field(default_factory=dict)
    """Parts that a file may have besides its rules, by their key; what they hold is in `RuleFile.sections`."""

    def kinds(self, kind: str) -> Mapping[str, type[Word]]:
        """Return the words of a kind: ``selector``, ``condition`` or ``action``."""
        return {"selector": self.selectors, "condition": self.conditions, "action": self.actions}[kind]

    def with_actions(self, actions: Iterable[type[Action]]) -> Vocabulary:
        """Return the vocabulary with more actions; ValueError if a name is taken."""
        added = dict(self.actions)
        for action in actions:
            if not action.name or action.name in added:
                raise ValueError(f"the action name {action.name!r} is empty or taken")
            added[action.name] = action
        return replace(self, actions=MappingProxyType(added))

    def with_section(self, key: str, shape: Shape[object], doc: str) -> Vocabulary:
        """Return the vocabulary with one more part of a file; a file that has it needs no rules."""
        if key in self.sections:
            raise ValueError(f"the section {key!r} is taken")
        return replace(self, sections=MappingProxyType({**self.sections, key: Told(shape, doc)}))

    def words(self) -> dict[str, tuple[str, type[Word]]]:
        """Return kind and class of every word by ``kind name`` (``action remove``)."""
        return {
            f"{kind} {name}": (kind, word)
            for kind in ("selector", "condition", "action")
            for name, word in self.kinds(kind).items()
        }


BASE = Vocabulary(
    MappingProxyType({word.name: word for word in SELECTORS}),
    MappingProxyType({word.name: word for word in CONDITIONS}),
    MappingProxyType({word.name: word for word in ACTIONS}),
)
"""The words that need nothing but the document."""
