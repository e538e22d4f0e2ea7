"""The conditions that clauses are made of: each says of an element whether something holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from curator.rulefile.clauses import CLAUSES, REF, REGEX, Clause, Condition, Subject
from curator.rulefile.comparison import Comparison
from curator.rulefile.pattern import Pattern
from curator.rulefile.place import Ref
from curator.rulefile.shapes import Checked, Choice, Flag, ListOf, Text, told
from curator.rulefile.table import normal
from curator.rulefile.values import KNOWN, components, is_empty, joined, static_vr


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists(Condition):
    """The element is there, empty or not (``false``: it is not there).

    Example:
        select: StationName
        when: {element: InstitutionName, exists: true}
        do: {case: upper}
        cases:
          - before: {StationName: ct1, InstitutionName: ''}
            after: {StationName: CT1, InstitutionName: ''}
          - before: {StationName: ct1}
    """

    name: ClassVar[str] = "exists"
    main: ClassVar[str] = "is"
    is_: bool = told(Flag(), "true, or false for an element that is not there", True)

    def holds(self, subject: Subject) -> bool:
        return bool(subject.values) is self.is_


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(Condition):
    """The element is there and has no value (``false``: it has one).

    Example:
        select: PatientComments
        when: {empty: true}
        do: remove
        cases:
          - before: {PatientComments: ''}
            after: {}
          - before: {PatientComments: seen twice}
    """

    name: ClassVar[str] = "empty"
    main: ClassVar[str] = "is"
    is_: bool = told(Flag(), "true, or false for an element with a value", True)

    def holds(self, subject: Subject) -> bool:
        if self.is_:
            return any(is_empty(value) for value in subject.values)
        return any(not is_empty(value) for value in subject.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid(Condition):
    """The element's value is valid for its VR (``false``: it is there and is not).

    Example:
        select: PatientBirthDate
        when: {valid: false}
        do: {format: date}
        cases:
          - before: {PatientBirthDate: 1970-02-01}
            after: {PatientBirthDate: '19700201'}
    """

    name: ClassVar[str] = "valid"
    main: ClassVar[str] = "is"
    is_: bool = told(Flag(), "true, or false for an element whose value breaks its VR", True)

    def holds(self, subject: Subject) -> bool:
        from curator.dicom.vr import problem

        vr = static_vr(subject.key) or (subject.place.vr if subject.key == subject.place.key else "UN")
        return any((problem(vr, value) is None) is self.is_ for value in subject.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals(Condition):
    """A value is exactly this text (padding aside); ``fold`` passes over case, blanks and ``_-./,``.
    ``whole`` compares the whole of a multi-valued element only, and not each value.

    Example:
        select: SeriesDescription
        when: {element: Modality, equals: CT}
        do: {case: upper}
        cases:
          - before: {SeriesDescription: thorax, Modality: CT}
            after: {SeriesDescription: THORAX, Modality: CT}
          - before: {SeriesDescription: thorax, Modality: MR}
    """

    name: ClassVar[str] = "equals"
    main: ClassVar[str] = "text"
    text: str = told(Text(filled=False), "the text")
    fold: bool = told(Flag(), "true to pass over case, blanks and _-./,", False)

    whole: bool = told(Flag(), "true to compare the whole value only", False)

    def holds(self, subject: Subject) -> bool:
        wanted = normal(self.text, self.fold)
        texts = [joined(value) for value in subject.values] if self.whole else subject.texts()
        return any(normal(text, self.fold) == wanted for text in texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class In(Condition):
    """A value is one of these texts; ``fold`` as with equals.

    Example:
        select: Laterality
        when: {in: [Left, Links, Gauche]}
        do: {literal: L}
        cases:
          - before: {Laterality: Links}
            after: {Laterality: L}
          - before: {Laterality: R}
    """

    name: ClassVar[str] = "in"
    main: ClassVar[str] = "texts"
    texts: tuple[str, ...] = told(ListOf(Text(filled=False), most=10_000), "the texts")
    fold: bool = told(Flag(), "true to pass over case, blanks and _-./,", False)
    wanted: set[str] = field(default_factory=set, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.wanted.update(normal(text, self.fold) for text in self.texts)

    def holds(self, subject: Subject) -> bool:
        return any(normal(text, self.fold) in self.wanted for text in subject.texts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches(Condition):
    r"""A regular expression (RE2) is found in a value; ``^`` and ``$`` bind it to the ends.

    Example:
        select: SeriesDescription
        when: {matches: '(?i)\blocali[sz]er\b'}
        do: {literal: Localizer}
        cases:
          - before: {SeriesDescription: 3-plane LOCALISER}
            after: {SeriesDescription: Localizer}
          - before: {SeriesDescription: T2 tse}
    """

    name: ClassVar[str] = "matches"
    main: ClassVar[str] = "pattern"
    pattern: Pattern = told(REGEX, "the regular expression")

    def holds(self, subject: Subject) -> bool:
        return any(self.pattern.found(text) for text in subject.texts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Condition):
    """A number, date, time or age compares so with a fixed one or with another element. Several must all hold.

    Dates and times of different precision are compared as far as both go. What cannot be compared does not hold.

    Example:
        select: SliceThickness
        when: {compare: ['> 0', '< 0.5']}
        do: {review: thinner than any scanner of ours}
        cases:
          - before: {SliceThickness: '0.1'}
            finds: review
          - before: {SliceThickness: '5'}
    """

    name: ClassVar[str] = "compare"
    main: ClassVar[str] = "to"
    to: tuple[Comparison, ...] = told(
        ListOf(Checked(Comparison.of, "a comparison such as '>= 20200101'"), most=10),
        "comparisons, such as '< 5.5'",
    )

    def holds(self, subject: Subject) -> bool:
        return any(self._all(subject, text) for text in subject.texts())

    def _all(self, subject: Subject, text: str) -> bool:
        for comparison in self.to:
            others = [comparison.operand]
            if comparison.ref is not None:
                others = [
                    part for value in comparison.ref.values(subject.place) for part in components(value)
                ]
            if not any(comparison.holds(subject.key, text, other) for other in others):
                return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAs(Condition):
    """The value is the same as another element's (``not: {same-as: …}``: it differs, or one is missing).

    Example:
        select: SeriesDescription
        when: {same-as: ProtocolName}
        do: remove
        cases:
          - before: {SeriesDescription: T2, ProtocolName: T2}
            after: {ProtocolName: T2}
          - before: {SeriesDescription: T2 tra, ProtocolName: T2}
    """

    name: ClassVar[str] = "same-as"
    main: ClassVar[str] = "other"
    other: Ref = told(REF, "the other element")

    def holds(self, subject: Subject) -> bool:
        others = {joined(value) for value in self.other.values(subject.place) if not is_empty(value)}
        return any(joined(value) in others for value in subject.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vr(Condition):
    """The selected element has one of these VRs.

    Example:
        select: {level: Series}
        when: {vr: [DA, TM]}
        do: empty
        cases:
          - before: {SeriesDate: '20200101', Modality: CT}
            after: {SeriesDate: '', Modality: CT}
    """

    name: ClassVar[str] = "vr"
    main: ClassVar[str] = "vrs"
    vrs: tuple[str, ...] = told(ListOf(Choice(tuple(sorted(KNOWN)))), "the VRs")

    def holds(self, subject: Subject) -> bool:
        own = subject.key == subject.place.key
        return (subject.place.vr if own else static_vr(subject.key)) in self.vrs


@dataclass(frozen=True, slots=True, kw_only=True)
class Modality(Condition):
    """The series (of a study or patient element: any series) has one of these modalities.

    Example:
        select: BodyPartExamined
        when: {modality: MG}
        do: {literal: BREAST}
        cases:
          - before: {BodyPartExamined: CHEST, Modality: MG}
            after: {BodyPartExamined: BREAST, Modality: MG}
          - before: {BodyPartExamined: CHEST, Modality: CT}
    """

    name: ClassVar[str] = "modality"
    main: ClassVar[str] = "modalities"
    modalities: tuple[str, ...] = told(ListOf(Text(longest=16)), "codes as in Modality (CT, MR, …)")

    def holds(self, subject: Subject) -> bool:
        return any(text in self.modalities for text in subject.of(Ref("Modality")).texts())


def _sop_class(text: str) -> str:
    if not re.fullmatch(r"[0-9.]{1,64}|[A-Za-z][A-Za-z0-9 ,/&-]{1,63}", text):
        raise ValueError("the UID of a SOP class, or its name as in PS3.6 (CT Image Storage)")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class SopClass(Condition):
    """The instance (of an element further up: any instance) is of one of these SOP classes, by UID or name.

    Example:
        select: ImageComments
        when: {sop-class: [CT Image Storage, 1.2.840.10008.5.1.4.1.1.4]}
        do: remove
        cases:
          - before: {ImageComments: x, SOPClassUID: 1.2.840.10008.5.1.4.1.1.2}
            after: {SOPClassUID: 1.2.840.10008.5.1.4.1.1.2}
          - before: {ImageComments: x, SOPClassUID: 1.2.840.10008.5.1.4.1.1.7}
    """

    name: ClassVar[str] = "sop-class"
    main: ClassVar[str] = "classes"
    classes: tuple[str, ...] = told(ListOf(Checked(_sop_class, "a SOP class", longest=64)), "UIDs or names")

    def holds(self, subject: Subject) -> bool:
        from curator.dicom.uids import sop_class_name

        return any(
            text in self.classes or sop_class_name(text) in self.classes
            for text in subject.of(Ref("SOPClassUID")).texts()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class All(Condition):
    """Every one of the conditions holds.

    Example:
        select: StudyDescription
        when: {all: [{matches: ^CT}, {not: {modality: CT}}]}
        do: {review: says CT and has none}
        cases:
          - before: {StudyDescription: CT thorax, Modality: MR}
            finds: review
          - before: {StudyDescription: CT thorax, Modality: CT}
    """

    name: ClassVar[str] = "all"
    main: ClassVar[str] = "of"
    of: tuple[Clause, ...] = told(CLAUSES, "the conditions")

    def holds(self, subject: Subject) -> bool:
        return all(clause.holds(subject) for clause in self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf(Condition):
    """At least one of the conditions holds.

    Example:
        select: PatientComments
        when: {any: [{empty: true}, {equals: none}]}
        do: remove
        cases:
          - before: {PatientComments: none}
            after: {}
          - before: {PatientComments: Allergic}
    """

    name: ClassVar[str] = "any"
    main: ClassVar[str] = "of"
    of: tuple[Clause, ...] = told(CLAUSES, "the conditions")

    def holds(self, subject: Subject) -> bool:
        return any(clause.holds(subject) for clause in self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Condition):
    """None of the conditions holds.

    Example:
        select: PatientSex
        when: {not: {in: [M, F, O]}}
        do: empty
        cases:
          - before: {PatientSex: U}
            after: {PatientSex: ''}
          - before: {PatientSex: F}
    """

    name: ClassVar[str] = "not"
    main: ClassVar[str] = "of"
    of: tuple[Clause, ...] = told(CLAUSES, "the conditions")

    def holds(self, subject: Subject) -> bool:
        return not any(clause.holds(subject) for clause in self.of)


CONDITIONS: tuple[type[Condition], ...] = (
    Exists,
    Empty,
    Valid,
    Equals,
    In,
    Matches,
    Compare,
    SameAs,
    Vr,
    Modality,
    SopClass,
    All,
    AnyOf,
    Not,
)
