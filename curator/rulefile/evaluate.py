"""Rules on a document: which elements they select, and what becomes of each.

What a selector can tell from keys alone is decided once for each distinct set of keys, because the instances of a
series have nearly all the same: an instance then costs one dictionary look-up, and work only where a rule fits.
Instances are not even parsed when no rule is about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key
from curator.dicom.levels import Level
from curator.dicom.vr import element_problem, problem
from curator.findings import ABSENT, Absent, Change, Finding, Safety, Severity, Why
from curator.imageset import ANY, ElementPath, ImageSetMetadata
from curator.imageset.equality import same_value
from curator.rulefile.actions.action import Because, Judgement, Verdict
from curator.rulefile.place import Place, Scope
from curator.rulefile.rule import Rule, Step
from curator.rulefile.selectors import Selection
from curator.rulefile.values import Value, joined

CONFLICT: Final = "rule-conflict"
"""The code of findings about rules that write the same element; other findings carry their rule's id."""

_SEVERITY: Final = {
    Verdict.QUARANTINE: Severity.ERROR,
    Verdict.REQUIRE: Severity.ERROR,
    Verdict.ASSERT: Severity.ERROR,
    Verdict.FAULT: Severity.ERROR,
    Verdict.REVIEW: Severity.WARNING,
    Verdict.NOTHING: Severity.NOTE,
}
_NO_VRS: Final[Mapping[str, str]] = {}


@dataclass(slots=True)
class Part:
    """What the rules say of one level's elements."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    quarantined: set[ElementPath] = field(default_factory=set)
    held: set[ElementPath] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)


Candidates: TypeAlias = "tuple[tuple[Rule, tuple[Selection, ...]], ...]"
"""Rules, each with those of its selections that admit an element's key: what is left to ask is the element itself."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """What keys alone tell about a level: what to try on which keys, which sequences to walk, what to make."""

    direct: tuple[tuple[str, Candidates], ...]
    deep: tuple[str, ...]
    make: tuple[tuple[ElementPath, Rule], ...]


@dataclass(frozen=True, slots=True)
class _Write:
    """A rule's wish for an element: a change, or (``change`` is None) that it stay."""

    rule: Rule
    place: Place
    change: Change | None


class _Fits:
    """The rules of a file, compiled for each distinct set of keys."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.by_level = {
            level: tuple(rule for rule in rules if any(level in one.levels() for one in rule.select))
            for level in Level
        }
        self.known: dict[tuple[Level, tuple[str, ...]], _Fit] = {}
        self.nested: dict[tuple[Level, str, str], Candidates] = {}

    def of(self, level: Level, elements: Mapping[str, Json]) -> _Fit:
        keys = (level, tuple(elements))
        found = self.known.get(keys)
        if found is None:
            if len(self.known) > 10_000:  # a document of instances that are all different
                self.known.clear()
            found = self.known[keys] = self._compiled(level, elements)
        return found

    def _compiled(self, level: Level, elements: Mapping[str, Json]) -> _Fit:
        rules = self.by_level[level]
        direct = []
        deep = []
        for key in elements:
            fitting = tuple(
                (rule, admitting)
                for rule in rules
                if (admitting := tuple(one for one in rule.select if one.admits(level, key)))
            )
            if fitting:
                direct.append((key, fitting))
            if any(one.deep() and self._leads(one.named(), key) for rule in rules for one in rule.select):
                deep.append(key)
        make = tuple(
            (path, rule)
            for rule in rules
            for one in rule.select
            if one.create
            and (path := one.named()) is not None
            and path.level is level
            and (len(path.steps) > 1 or path.steps[0] not in elements)
        )
        return _Fit(tuple(direct), tuple(deep), make)

    def inside(self, level: Level, top: str, key: str) -> Candidates:
        """Return what to try on an element of this key anywhere inside the sequence ``top``."""
        found = self.nested.get((level, top, key))
        if found is None:
            found = self.nested[level, top, key] = tuple(
                (rule, admitting)
                for rule in self.by_level[level]
                if (admitting := tuple(one for one in rule.select if one.admits_inside(level, top, key)))
            )
        return found

    @staticmethod
    def _leads(named: ElementPath | None, key: str) -> bool:
        """Say whether the way to what is selected can go through the sequence ``key``."""
        return named is None or len(named.steps) == 1 or named.steps[0] == key


def scopes_of(
    rules: tuple[Rule, ...],
    doc: ImageSetMetadata,
    given: tuple[object, ...],
    *,
    version: str = "",
    trace: bool = False,
) -> Iterator[Part]:
    """Yield what the rules say, level by level in the document's order."""
    fits = _Fits(rules)
    handed = {kind: thing for thing in given for kind in type(thing).__mro__}
    for scope in _scopes(doc, handed, instances=bool(fits.by_level[Level.INSTANCE])):
        if fits.by_level[scope.path.level]:
            yield _Evaluation(fits, scope, version, trace).part()


def _scopes(doc: ImageSetMetadata, given: Mapping[type, object], *, instances: bool) -> Iterator[Scope]:
    patient = Scope(doc, ElementPath(Level.PATIENT), doc.patient, _NO_VRS, {}, given)
    yield patient
    study = Scope(doc, ElementPath(Level.STUDY), doc.study, _NO_VRS, {Level.PATIENT: patient}, given)
    yield study
    for uid, node in doc.series.items():
        above = {Level.PATIENT: patient, Level.STUDY: study}
        series = Scope(doc, ElementPath(Level.SERIES, uid), node.dicom, _NO_VRS, above, given)
        yield series
        if instances:
            above = {**above, Level.SERIES: series}
            for sop, one in node.instances.items():
                yield Scope(doc, ElementPath(Level.INSTANCE, uid, sop), one.dicom, one.vrs, above, given)


class _Evaluation:
    """One level's evaluation."""

    def __init__(self, fits: _Fits, scope: Scope, version: str, trace: bool) -> None:
        self.fits = fits
        self.fit = fits.of(scope.path.level, scope.elements)
        self.scope = scope
        self.version = version
        self.trace = trace
        self.result = Part()
        self.writes: dict[tuple[str | int, ...], list[_Write]] = {}

    def part(self) -> Part:
        """Try every rule, then let priority decide, and return what is left."""
        top = (self.scope.elements,)
        for key, candidates in self.fit.direct:
            self._offer(Place(self.scope, (key,), top), candidates)
        for key in self.fit.deep:
            self._walk((key,), top, self.scope.elements[key])
        self._make(top)
        self._settle()
        return self.result

    # --------------------------------------------------------------------------------------- which elements

    def _offer(self, place: Place, candidates: Candidates) -> None:
        for rule, selections in candidates:
            for selection in selections:
                if selection.fits(place):
                    self._try(rule, place)
                    break

    def _walk(self, steps: tuple[str | int, ...], nodes: tuple[Mapping[str, Json], ...], value: Json) -> None:
        """Offer every element inside a sequence, at any depth."""
        if not isinstance(value, list):
            return
        level, top = self.scope.path.level, str(steps[0])
        for number, item in enumerate(value):
            if not isinstance(item, dict):
                return
            inner_nodes = (*nodes, item)
            for key, inner in item.items():
                here = (*steps, number, key)
                if candidates := self.fits.inside(level, top, key):
                    self._offer(Place(self.scope, here, inner_nodes), candidates)
                if isinstance(inner, list):
                    self._walk(here, inner_nodes, inner)

    def _make(self, top: tuple[Mapping[str, Json], ...]) -> None:
        """Offer the elements that are named and not there to the rules that create them."""
        offered: set[tuple[tuple[str | int, ...], str]] = set()
        for path, rule in self.fit.make:
            if path.series not in ("", ANY, self.scope.path.series):
                continue
            if path.instance not in ("", ANY, self.scope.path.instance):
                continue
            for place in self._missing(path, (), top, 0):
                if (place.steps, rule.id) in offered:
                    continue
                offered.add((place.steps, rule.id))
                if any(one.named() == path and one.create and one.fits(place) for one in rule.select):
                    self._try(rule, place)

    def _missing(
        self, path: ElementPath, steps: tuple[str | int, ...], nodes: tuple[Mapping[str, Json], ...], at: int
    ) -> Iterator[Place]:
        """Yield the places that a path to be created means, where there is nothing yet."""
        key = str(path.steps[at])
        if at == len(path.steps) - 1:
            if key not in nodes[-1]:
                yield Place(self.scope, (*steps, key), nodes)
            return
        items = nodes[-1].get(key)
        if not isinstance(items, list):
            return
        for number, item in enumerate(items):
            if isinstance(item, dict) and path.steps[at + 1] in (ANY, number):
                yield from self._missing(path, (*steps, key, number), (*nodes, item), at + 2)

    # --------------------------------------------------------------------------------------- what becomes of one

    def _try(self, rule: Rule, place: Place) -> None:
        unmet = rule.unmet(place)
        if unmet is not None:
            if self.trace:
                self._note(rule, place, "condition", f"condition {unmet} of {len(rule.when)} does not hold")
            return
        before = place.value
        value: Value = before
        detail: tuple[tuple[str, str], ...] = ()
        for action in rule.actions:
            result = action.act(place, value)
            if isinstance(result, Judgement):
                self._judge(rule, place, result)
                return
            if isinstance(result, Because):
                detail += result.detail
                result = result.value
            value = result
        if _same(before, value):
            if self.trace:
                self._note(rule, place, "unchanged")
            return
        self._write(rule, place, before, value, detail)

    def _write(
        self, rule: Rule, place: Place, before: Value, value: Value, detail: tuple[tuple[str, str], ...]
    ) -> None:
        vr = place.vr
        reason = None if isinstance(value, Absent) else _invalid(place, vr, value)
        if reason:
            self._judge(rule, place, Judgement(Verdict.FAULT, f"the result is not valid: {reason}"))
            return
        why = rule.because if not detail else Why(rule.id, rule.why, (*rule.because.detail, *detail))
        change = Change(place.path, before, value, vr, why, rule.safety)
        self.writes.setdefault(place.steps, []).append(_Write(rule, place, change))

    def _judge(self, rule: Rule, place: Place, judgement: Judgement) -> None:
        verdict = judgement.verdict
        if verdict is Verdict.KEEP:
            self.writes.setdefault(place.steps, []).append(_Write(rule, place, None))
        if self.trace:
            self._note(rule, place, verdict, judgement.text)
        if verdict not in _SEVERITY:
            return
        if verdict is Verdict.QUARANTINE:
            self.result.quarantined.add(self.scope.path)
        where = self.scope.document.anonymous(place.path)
        said = f"{where}: {judgement.text} ({rule.source})"
        safety = Safety.REVIEW if verdict is Verdict.REVIEW else Safety.REPORT_ONLY
        self._find(rule.id, _SEVERITY[verdict], said, place, safety, (("verdict", verdict.value),))

    def _find(
        self,
        code: str,
        severity: Severity,
        said: str,
        place: Place,
        safety: Safety,
        detail: tuple[tuple[str, str], ...],
    ) -> None:
        value = place.value
        evidence = detail if isinstance(value, Absent) else (*detail, ("value", joined(value)[:200]))
        sets = ((self.scope.document.image_set_id, self.version),)
        self.result.findings.append(Finding(code, severity, said, sets, place.path, evidence, safety))

    def _note(self, rule: Rule, place: Place, outcome: str, detail: str = "") -> None:
        self.result.steps.append(Step(rule.id, rule.line, place.path, outcome, detail))

    # --------------------------------------------------------------------------------------- priority

    def _settle(self) -> None:
        """Let the highest priority win each element, and what holds it; equals that contradict are a conflict."""
        if not self.writes:
            return
        winners = {steps: winner for steps, writes in self.writes.items() if (winner := self._winner(writes))}
        for steps, inner in list(winners.items()):
            for end in range(1, len(steps), 2):
                outer = winners.get(steps[:end])
                if outer is not None and steps in winners:
                    for loser in self._nested(outer, inner):
                        winners.pop(loser, None)
        self.result.changes += [won.change for won in winners.values() if won.change is not None]
        self.result.held |= {won.place.path for won in winners.values() if won.change is None}
        if self.trace:
            for won in winners.values():
                if won.change is not None:
                    self._note(won.rule, won.place, "changed")

    def _winner(self, writes: list[_Write]) -> _Write | None:
        if len(writes) == 1:
            return writes[0]
        top = max(write.rule.priority for write in writes)
        first = [write for write in writes if write.rule.priority == top]
        if len(first) > 1:
            self._conflict(first)
            return None
        if self.trace:
            for write in writes:
                if write is not first[0]:
                    self._note(
                        write.rule,
                        write.place,
                        "overruled",
                        f"by {first[0].rule.id}, whose priority is higher",
                    )
        return first[0]

    def _nested(self, outer: _Write, inner: _Write) -> list[tuple[str | int, ...]]:
        """Return the places that lose where a sequence is written, and something in it too."""
        if outer.rule is inner.rule:
            return [inner.place.steps]
        if outer.rule.priority == inner.rule.priority:
            if outer.change is None or inner.change is None:
                return []
            self._conflict([outer, inner])
            return [outer.place.steps, inner.place.steps]
        loser = outer if outer.rule.priority < inner.rule.priority else inner
        if self.trace:
            self._note(loser.rule, loser.place, "overruled", "by a rule about the sequence or its items")
        return [loser.place.steps]

    def _conflict(self, writes: list[_Write]) -> None:
        place = writes[0].place
        where = self.scope.document.anonymous(place.path)
        rules = " and ".join(f"{write.rule.id} ({write.rule.source})" for write in writes)
        said = f"{where}: the rules {rules} write the same element; give one of them a higher priority"
        self._find(CONFLICT, Severity.ERROR, said, place, Safety.REPORT_ONLY, (("verdict", "conflict"),))
        if self.trace:
            for write in writes:
                self._note(write.rule, write.place, "conflict", f"with {len(writes) - 1} other")


def _same(before: Value, after: Value) -> bool:
    """Tell equal values apart where JSON does: 1, 1.0 and true, in lists and items too."""
    if isinstance(before, Absent) or isinstance(after, Absent):
        return before is after
    return same_value(before, after)


def _invalid(place: Place, vr: str, value: Json) -> str | None:
    tag = tag_of_key(place.key)
    if tag is None:
        return problem(vr, value)
    return element_problem(tag, value, vr=vr if vr != "UN" else None)


__all__ = ["ABSENT", "CONFLICT", "Part", "scopes_of"]
