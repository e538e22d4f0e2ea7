"""Actions that write nothing: they say what a person, or the plan, must heed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from curator.findings import Absent
from curator.rulefile.actions.action import Action, Judgement, Result, Verdict
from curator.rulefile.clauses import CLAUSES, Clause, Subject
from curator.rulefile.place import Place
from curator.rulefile.shapes import Choice, Text, told
from curator.rulefile.values import Value, is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine(Action):
    """Leave the instance out of what goes on (for an element further up: the whole image set), with this reason.

    Example:
        select: BurnedInAnnotation
        when: {equals: 'YES'}
        do: {quarantine: identity may be burned into the pixels}
        cases:
          - before: {BurnedInAnnotation: 'YES'}
            finds: quarantine
          - before: {BurnedInAnnotation: 'NO'}
    """

    name: ClassVar[str] = "quarantine"
    main: ClassVar[str] = "reason"
    reason: str = told(Text("the reason", longest=500), "the reason")

    def act(self, place: Place, value: Value) -> Result:
        return Judgement(Verdict.QUARANTINE, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Require(Action):
    """Report where the element is absent or empty.

    Example:
        select: PatientID
        do: {require: every subject has an id}
        cases:
          - before: {PatientID: ''}
            finds: require
          - before: {Modality: CT}
            finds: require
          - before: {PatientID: A1}
    """

    name: ClassVar[str] = "require"
    main: ClassVar[str] = "reason"
    creates: ClassVar[bool] = True
    reason: str = told(Text("the reason", longest=500), "why it must be there")

    def act(self, place: Place, value: Value) -> Result:
        return Judgement(Verdict.REQUIRE, self.reason) if is_empty(value) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Assert(Action):
    """Report where a condition does not hold of the value that the steps before gave; ``as`` says how grave it is.

    Example:
        select: SeriesDate
        do: {assert: {that: {compare: '>= StudyDate'}, else: a series before its study, as: review}}
        cases:
          - before: {SeriesDate: '20200101', StudyDate: '20200102'}
            finds: review
          - before: {SeriesDate: '20200103', StudyDate: '20200102'}
    """

    name: ClassVar[str] = "assert"
    that: tuple[Clause, ...] = told(CLAUSES, "what must hold")
    else_: str = told(Text("the reason", longest=500), "what it means if it does not")
    as_: str = told(
        Choice(("assert", "review", "quarantine")),
        "what a breach is: a finding, a question, a stop",
        "assert",
    )

    def act(self, place: Place, value: Value) -> Result:
        subject = Subject(place, place.key, () if isinstance(value, Absent) else (value,))
        if all(clause.holds(subject) for clause in self.that):
            return value
        return Judgement(Verdict(self.as_), self.else_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Action):
    """Leave the value to a reviewer, with this question.

    Example:
        select: StudyDescription
        when: {matches: '[0-9]{6,}'}
        do: {review: 'is this number an identifier?'}
        cases:
          - before: {StudyDescription: MRI 00481215}
            finds: review
          - before: {StudyDescription: MRI knee}
    """

    name: ClassVar[str] = "review"
    main: ClassVar[str] = "question"
    question: str = told(Text("the question", longest=500), "what the reviewer is asked")

    def act(self, place: Place, value: Value) -> Result:
        return Judgement(Verdict.REVIEW, self.question)


ACTIONS: tuple[type[Action], ...] = (Quarantine, Require, Assert, Review)
