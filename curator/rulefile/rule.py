"""Rules and rule files as data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from curator.dicom import Json
from curator.errors import RuleFileError
from curator.findings import Change, Finding, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.rulefile.actions.action import Action, Verdict
from curator.rulefile.conditions import Clause, Subject
from curator.rulefile.place import Place
from curator.rulefile.selectors import Selection

if TYPE_CHECKING:
    from curator.rulefile.cases import CaseResult


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


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A loaded rule file. ``source`` is the name its problems and reasons give for it."""

    name: str
    why: str
    where: str
    rules: tuple[Rule, ...]
    source: str
    where_line: int = 0
    sections: Mapping[str, object] = field(default_factory=dict)
    """What the file has besides rules, by key (`Vocabulary.with_section`)."""

    def evaluate(self, doc: ImageSetMetadata, *given: object) -> Iterator[Change]:
        """Yield every change the rules make to ``doc``, in its order; never two for one element.

        ``given`` is what added actions ask for, by type. Elements for which rules of one priority contradict
        each other yield no change, but a finding (`outcome`).
        """
        from curator.rulefile.evaluate import scopes_of

        for part in scopes_of(self, doc, given):
            yield from part.changes

    def outcome(self, doc: ImageSetMetadata, *given: object, version: str = "") -> Outcome:
        """Return changes, findings (conflicts, faults, reviews …) and quarantined places together."""
        from curator.rulefile.evaluate import scopes_of

        changes: list[Change] = []
        findings: list[Finding] = []
        quarantined: set[ElementPath] = set()
        held: set[ElementPath] = set()
        for part in scopes_of(self, doc, given, version=version):
            changes += part.changes
            findings += part.findings
            quarantined |= part.quarantined
            held |= part.held
        return Outcome(tuple(changes), tuple(findings), frozenset(quarantined), frozenset(held))

    def explain(self, doc: ImageSetMetadata, *given: object, rule: str = "") -> Iterator[Step]:
        """Yield what each rule (or the one named) made of each element it selects, unmet conditions included."""
        from curator.rulefile.evaluate import scopes_of

        for part in scopes_of(self, doc, given, trace=True):
            yield from (step for step in part.steps if rule in ("", step.rule))

    def only(self, rule: Rule) -> RuleFile:
        """Return the file with this rule alone."""
        return replace(self, rules=(rule,))

    def test(
        self, given: Callable[[ImageSetMetadata], tuple[object, ...]] = lambda doc: ()
    ) -> Iterator[CaseResult]:
        """Run the rules' cases, each rule alone, and yield how each came out.

        ``given`` makes what added actions ask for (`evaluate`) from a case's document.
        """
        from curator.rulefile.cases import run

        for rule in self.rules:
            for case in rule.cases:
                yield run(self.only(rule), rule, case, given)

    def rule(self, rule_id: str) -> Rule | None:
        """Return the rule of this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def together(files: Sequence[RuleFile]) -> RuleFile:
    """Return one file of the rules of several, so that priority decides between files as it does within one.

    The files' ``where`` are the caller's to heed. RuleFileError where two files have a rule of the same id:
    plans, ledgers and undo name rules by it.
    """
    first: dict[str, Rule] = {}
    problems = []
    for rule in (rule for file in files for rule in file.rules):
        other = first.setdefault(rule.id, rule)
        if other is not rule:
            problems.append(
                f"{rule.source}: rule {rule.id}: found its id in {other.source} too; expected one of its own"
            )
    if problems:
        raise RuleFileError("these rule files cannot be used together", tuple(problems))
    names = " + ".join(file.name for file in files)
    whys = " ".join(file.why for file in files)
    return RuleFile(names, whys, "", tuple(rule for file in files for rule in file.rules), names)
