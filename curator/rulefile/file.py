"""Rule files as data: what they change, find and say of a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from curator.errors import RuleFileError
from curator.findings import Change, Finding
from curator.imageset import ElementPath, ImageSetMetadata
from curator.rulefile.cases import CaseResult, run
from curator.rulefile.evaluate import scopes_of
from curator.rulefile.rule import Outcome, Rule, Step


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
        for part in scopes_of(self.rules, doc, given):
            yield from part.changes

    def outcome(self, doc: ImageSetMetadata, *given: object, version: str = "") -> Outcome:
        """Return changes, findings (conflicts, faults, reviews …) and quarantined places together."""
        changes: list[Change] = []
        findings: list[Finding] = []
        quarantined: set[ElementPath] = set()
        held: set[ElementPath] = set()
        for part in scopes_of(self.rules, doc, given, version=version):
            changes += part.changes
            findings += part.findings
            quarantined |= part.quarantined
            held |= part.held
        return Outcome(tuple(changes), tuple(findings), frozenset(quarantined), frozenset(held))

    def explain(self, doc: ImageSetMetadata, *given: object, rule: str = "") -> Iterator[Step]:
        """Yield what each rule (or the one named) made of each element it selects, unmet conditions included."""
        for part in scopes_of(self.rules, doc, given, trace=True):
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
        for rule in self.rules:
            alone = partial(_outcome, self.only(rule), given)
            for case in rule.cases:
                yield run(rule, case, alone)

    def rule(self, rule_id: str) -> Rule | None:
        """Return the rule of this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def _outcome(
    file: RuleFile, given: Callable[[ImageSetMetadata], tuple[object, ...]], doc: ImageSetMetadata
) -> Outcome:
    return file.outcome(doc, *given(doc))


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
