"""Rules as data, and what is said of a document by them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from curator.dicom import Json
from curator.findings import Change, Finding, Safety, Why
from curator.imageset import ElementPath
from curator.rulefile.actions.action import Action, Verdict
from curator.rulefile.clauses import Clause, Subject
from curator.rulefile.place import Place
from curator.rulefile.selectors import Selection


@dataclass(frozen=True, slots=True)
class CaseElement:
    """An element in a case: its value, and its VR where the dictionary does not know it."""

    key: str
    value: Json
    vr: str


@dataclass(frozen=True, slots=True)
class Case:
    """What the rule makes of a document: elements before, elements after, and the verdict expected of it."""

    line: int
    name: str
    before: tuple[CaseElement, ...] = field(repr=False)
    after: tuple[CaseElement, ...] | None = field(repr=False)  # None: as before
    finds: Verdict | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do with which elements under which conditions, and why."""

    id: str
    line: int
    why: str
    select: tuple[Selection, ...]
    when: tuple[Clause, ...]
    actions: tuple[Action, ...]
    priority: int
    safety: Safety
    cases: tuple[Case, ...]
    because: Why
    source: str  # the rule's own "file:line", as reasons and findings name it

    def unmet(self, place: Place) -> int | None:
        """Return the number (from 1) of the first condition that does not hold here, None if all hold."""
        if not self.when:
            return None
        subject = Subject.at(place)
        return next((number for number, clause in enumerate(self.when, 1) if not clause.holds(subject)), None)


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule made of one element: the trace that `RuleFile.explain` shows. Holds no values."""

    rule: str
    line: int
    path: ElementPath
    outcome: str  # changed, unchanged, condition, overruled, conflict, or a Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a rule file says of one document, in the document's order."""

    changes: Collection[Change]
    findings: tuple[Finding, ...]
    quarantined: frozenset[ElementPath]
    """Levels (paths without steps) that are to be left out: instances; Patient, Study, Series mean all below."""
    held: frozenset[ElementPath] = frozenset()
    """Elements that a rule says to keep as they are: no other hand is to change them either."""
