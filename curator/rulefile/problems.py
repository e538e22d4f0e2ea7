"""What is wrong with a rule file: all of it at once, each with its line, what was found and what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class NotRead(Exception):
    """Inside the reader: this part is unusable and its problem is noted; go on with its neighbours."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong: ``found`` where ``expected`` was due. ``rule`` is the rule's id, empty outside of rules."""

    line: int
    rule: str
    found: str
    expected: str

    def text(self, name: str) -> str:
        """Return the problem as one line, ``file:line: [rule] found …; expected …``."""
        rule = f"rule {self.rule}: " if self.rule else ""
        return f"{name}:{self.line}: {rule}found {self.found}; expected {self.expected}"


class Problems:
    """Collects problems while a file is read; ``inside`` names the rule they belong to."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.rule = ""

    def add(self, line: int, found: str, expected: str) -> NotRead:
        """Note a problem, and return what to raise if nothing can be read here."""
        problem = Problem(line, self.rule, shortened(found), expected)
        if problem not in self.found:
            self.found.append(problem)
        return NotRead()

    @contextmanager
    def inside(self, rule: str) -> Iterator[None]:
        """Ascribe the problems noted meanwhile to ``rule``."""
        before, self.rule = self.rule, rule
        try:
            yield
        finally:
            self.rule = before


def shortened(text: str, limit: int = 120) -> str:
    """Return ``text`` short enough for a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return ``"; did you mean X?"`` where a known word is near, else ``""``."""
    if len(word) > 100:
        return ""
    by_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_case, n=1, cutoff=0.7)
    return f"; did you mean {by_case[near[0]]}?" if near else ""
