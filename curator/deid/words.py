"""The actions that need a key and a subject, and the vocabulary of rule files with them and ``profile:``.

They ask the evaluation for an `Engine` (key, options) and a `Subject` (pseudonym, offset, lexicon); what they make is
the same in every run with the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from curator.deid import dates, descriptors
from curator.deid.engine import Engine
from curator.deid.keyed import Keyed, letters, offset_days
from curator.deid.keyed import pseudonym as keyed_pseudonym
from curator.deid.private import creator_of, is_creator, safe_by_standard
from curator.deid.profile import Profile
from curator.deid.profilefile import SECTION, ProfileShape
from curator.deid.subject import Subject
from curator.deid.subject import subject as subject_of
from curator.dicom.dictionary import is_private, tag_of_key
from curator.errors import UsageError
from curator.findings import ABSENT
from curator.imageset import ImageSetMetadata
from curator.rulefile import (
    BASE,
    Action,
    Because,
    Choice,
    Flag,
    Judgement,
    ListOf,
    Number,
    Place,
    RuleFile,
    Text,
    TextAction,
    Verdict,
    Vocabulary,
    Whole,
    told,
)
from curator.rulefile.actions.action import Result
from curator.rulefile.batching import SECTION as BATCH
from curator.rulefile.batching import Batch
from curator.rulefile.rule import Rule
from curator.rulefile.shapes import Filled
from curator.rulefile.values import Value

_STRINGS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_DATES: Final = frozenset({"DA", "DT"})
_IN_YEARS: Final = {"D": Decimal(1) / 365, "W": Decimal(7) / 365, "M": Decimal(1) / 12, "Y": Decimal(1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemapUid(TextAction):
    """Replace UIDs by ones that the project's key makes of them: the same everywhere, in every run. Registered ones
    (SOP classes, transfer syntaxes …) stay.

    Example:
        select: FrameOfReferenceUID
        do: remap-uid
        cases:
          - before: {FrameOfReferenceUID: 1.2.3.4}
            after: {FrameOfReferenceUID: 2.25.56986255448028511286555228738560650176}
          - before: {FrameOfReferenceUID: 1.2.840.10008.1.4.1.1}
    """

    name: ClassVar[str] = "remap-uid"
    handles: ClassVar[frozenset[str] | None] = frozenset({"UI"})

    def change(self, text: str, place: Place) -> str | Judgement:
        return place.given(Engine).remap(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonym(TextAction):
    """Write the subject's pseudonym, or one that the key makes of this value alone (``of: value``).

    Example:
        select: PatientID
        do: {pseudonym: {of: value, prefix: S}}
        cases:
          - before: {PatientID: MRN-1}
            after: {PatientID: SJYV7MQMHT0S3G}
    """

    name: ClassVar[str] = "pseudonym"
    main: ClassVar[str] = "of"
    handles: ClassVar[frozenset[str] | None] = _STRINGS
    of: str = told(Choice(("subject", "value")), "subject, or value", "subject")
    prefix: str = told(Text("letters", filled=False, longest=8), "what a value's pseudonym begins with", "P")

    def change(self, text: str, place: Place) -> str | Judgement:
        if self.of == "subject":
            return place.given(Subject).pseudonym
        return keyed_pseudonym(place.given(Engine).keyed("value"), text, self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash(TextAction):
    """Replace the text by letters and digits that the key makes of it: equal texts stay equal, nobody without the key
    can compute them.

    Example:
        select: AccessionNumber
        do: {hash: 8}
        cases:
          - before: {AccessionNumber: A-99}
            after: {AccessionNumber: 61434GC8}
    """

    name: ClassVar[str] = "hash"
    main: ClassVar[str] = "length"
    handles: ClassVar[frozenset[str] | None] = _STRINGS
    length: int = told(Whole(4, 51), "how many characters", 16)

    def change(self, text: str, place: Place) -> str | Judgement:
        return letters(place.given(Engine).keyed("hash")(text.encode()), self.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftDate(TextAction):
    """Move a date by the subject's offset in whole days, the time of day untouched; one that is not exact goes.

    Example:
        select: StudyDate
        do: {shift-date: {keep-weekday: true}}
        cases:
          - before: {StudyDate: '20200131', PatientID: MRN-1}
            after: {StudyDate: '20160122', PatientID: MRN-1}
    """

    name: ClassVar[str] = "shift-date"
    handles: ClassVar[frozenset[str] | None] = _DATES
    keep_weekday: bool = told(Flag(), "move by whole weeks", False)

    def change(self, text: str, place: Place) -> str | Judgement:
        subject = place.given(Subject)
        days = subject.days
        if self.keep_weekday:
            days = offset_days(place.given(Engine).keyed("dates"), subject.identity, weeks=True)
        return (dates.shift_date if place.vr == "DA" else dates.shift_datetime)(text, days) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter(TextAction):
    """Move a number, an age or a date by up to so much, up or down: whole days for dates, the number's own decimals
    otherwise. The key decides how far, so that a second run does the same.

    Example:
        select: PatientWeight
        do: {jitter: '2.5'}
        cases:
          - before: {PatientWeight: '71.3'}
            after: {PatientWeight: '71.8'}
    """

    name: ClassVar[str] = "jitter"
    main: ClassVar[str] = "by"
    handles: ClassVar[frozenset[str] | None] = _DATES | {"AS", "DS", "IS"}
    by: str = told(Number(), "at most so much")

    def problem(self) -> str | None:
        return None if Decimal(self.by) > 0 else "a number above 0"

    def change(self, text: str, place: Place) -> str | Judgement:
        identity = place.given(Subject).identity
        seed = f"{identity}\0{place.path.generic()}\0{text}".encode()
        share = Decimal(int.from_bytes(place.given(Engine).keyed("jitter")(seed)[:8], "big")) / (2**64 - 1)
        move = (2 * share - 1) * Decimal(self.by)
        vr = place.vr
        if vr in _DATES:
            days = int(move.to_integral_value())
            return (dates.shift_date if vr == "DA" else dates.shift_datetime)(text, days) or ""
        unit = text[-1:] if vr == "AS" else ""
        number = re.fullmatch(r" *([+-]?[0-9]+)(\.[0-9]+)? *", text.removesuffix(unit) if unit else text)
        if number is None or (unit and unit not in _IN_YEARS):
            return Judgement(Verdict.FAULT, "jitter needs a number, and the element holds something else")
        step = Decimal(1).scaleb(1 - len(number[2])) if number[2] else Decimal(1)
        moved = (Decimal(number[1] + (number[2] or "")) + move).quantize(step)
        return f"{min(max(int(moved), 0), 999):03}{unit}" if unit else f"{moved:f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeCap(TextAction):
    """Write ages of so many years and above as that age: few people are older, and their age names them.

    Example:
        select: PatientAge
        do: {age-cap: 90}
        cases:
          - before: {PatientAge: 097Y}
            after: {PatientAge: 090Y}
          - before: {PatientAge: 089Y}
    """

    name: ClassVar[str] = "age-cap"
    main: ClassVar[str] = "at"
    handles: ClassVar[frozenset[str] | None] = frozenset({"AS"})
    at: int = told(Whole(1, 999), "the age in years; HIPAA: 90", 90)

    def change(self, text: str, place: Place) -> str | Judgement:
        found = re.fullmatch(r" *([0-9]{1,3})([DWMY]) *", text)
        if found is None:
            return Judgement(Verdict.FAULT, "age-cap needs an age such as 042Y")
        return text if Decimal(found[1]) * _IN_YEARS[found[2]] < self.at else f"{self.at:03}Y"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanText(TextAction):
    """Cut out of a text what identifies the subject (``echo``), or every word that is not known to be harmless
    (``vocabulary``), or both.

    Example:
        select: SeriesDescription
        do: clean-text
        cases:
          - before: {SeriesDescription: T2 axial brain Zaphod, PatientName: Roe^Jane}
            after: {SeriesDescription: T2 axial brain, PatientName: Roe^Jane}
          - name: the name is a harmless word, but the subject's own
            before: {SeriesDescription: chest Head, PatientName: Head^Jane}
            after: {SeriesDescription: chest, PatientName: Head^Jane}
    """

    name: ClassVar[str] = "clean-text"
    main: ClassVar[str] = "by"
    handles: ClassVar[frozenset[str] | None] = _STRINGS
    by: str = told(Choice(("echo", "vocabulary", "both")), "echo, vocabulary, or both", "both")

    def change(self, text: str, place: Place) -> str | Judgement:
        if self.by != "vocabulary":
            text = place.given(Engine).echo_free(text, place.given(Subject))
        return text if self.by == "echo" else descriptors.clean(text)


def _names(place: Place) -> str | None:
    """Return the creator of a private element (its own text if it is one); None for standard elements."""
    tag = tag_of_key(place.key)
    if tag is None or not is_private(tag):
        return None
    node = place.nodes[-1]
    return (
        creator_of(node, tag)
        if not is_creator(tag)
        else creator_of(node, (tag & 0xFFFF0000) | (tag & 0xFF) << 8)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPrivate(Action):
    """Keep private elements of these creators, or those that PS3.15 Table E.3.10-1 lists (``standard``), against rules
    of lower priority and against a profile. Other elements are left alone.

    Example:
        select: {mask: 'xxxx,xxxx'}
        do: {keep-private: {creators: [GEMS_ACQU_01]}}
        cases:
          - before: {'00190010': {vr: LO, value: GEMS_ACQU_01}, '00191002': {vr: SL, value: '3'}}
    """

    name: ClassVar[str] = "keep-private"
    creators: tuple[str, ...] = told(ListOf(Text("a private creator", longest=64)), "the creators", ())
    standard: bool = told(Flag(), "those of PS3.15 Table E.3.10-1 too", False)

    def problem(self) -> str | None:
        return None if self.creators or self.standard else "creators, or standard: true"

    def act(self, place: Place, value: Value) -> Result:
        creator = _names(place)
        if creator is None:
            return value
        tag = tag_of_key(place.key) or 0
        if creator in self.creators or (self.standard and safe_by_standard(place.nodes[-1], tag, place.vr)):
            return Judgement(Verdict.KEEP, "a private element that may stay")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPrivate(Action):
    """Remove private elements, but those of some creators. Other elements are left alone.

    Example:
        select: {mask: 'xxxx,xxxx', nested: true}
        do: {drop-private: {but: [GEMS_ACQU_01]}}
        cases:
          - before:
              '00190010': {vr: LO, value: GEMS_ACQU_01}
              '00191002': {vr: SL, value: '3'}
              '00430010': {vr: LO, value: GEMS_PARM_01}
              Rows: '4'
            after: {'00190010': {vr: LO, value: GEMS_ACQU_01}, '00191002': {vr: SL, value: '3'}, Rows: '4'}
    """

    name: ClassVar[str] = "drop-private"
    but: tuple[str, ...] = told(ListOf(Text("a private creator", longest=64)), "creators that stay", ())

    def act(self, place: Place, value: Value) -> Result:
        creator = _names(place)
        if creator is None or creator in self.but:
            return value
        return Because(ABSENT, (("private", "no creator that stays"),))


ACTIONS: Final[tuple[type[Action], ...]] = (
    RemapUid,
    Pseudonym,
    Hash,
    ShiftDate,
    Jitter,
    AgeCap,
    CleanText,
    KeepPrivate,
    DropPrivate,
)
VOCABULARY: Final[Vocabulary] = (
    BASE.with_actions(ACTIONS)
    .with_section(SECTION, ProfileShape(), "a confidentiality profile of PS3.15: edition, options, overrides")
    .with_section(BATCH, Filled(Batch), "what curator batch does around the rules: resolve, publish")
)
"""All words of rule files."""

_KEYED: Final = frozenset(action.name for action in ACTIONS) - {
    AgeCap.name,
    KeepPrivate.name,
    DropPrivate.name,
}


def refuse_profiles(files: Iterable[RuleFile]) -> None:
    """Refuse files with ``profile:`` where rules alone are carried out: the profile would be passed over."""
    for file in files:
        if SECTION in file.sections:
            raise UsageError(
                f"The rule file {file.source} is a confidentiality profile.",
                hint=f"`curator deidentify --profile {file.name}` carries it out",
            )


def keyed_rule(file: RuleFile) -> Rule | None:
    """Return the first rule of a file with an action that needs the project's key, if there is one."""
    return next((one for one in file.rules if any(action.name in _KEYED for action in one.actions)), None)


def given(file: RuleFile, keyed: Keyed | None, doc: ImageSetMetadata) -> tuple[object, ...]:
    """Return what a rule file's actions ask an evaluation for: nothing, or an engine of the key and a subject.

    The subject is told by this document alone. UsageError where there is no key and an action needs one.
    """
    rule = keyed_rule(file)
    if rule is None:
        return ()
    if keyed is None:
        raise UsageError(
            f"The rule {rule.id} ({rule.source}) needs a project's key, and there is no project here.",
            hint="plan it with `curator plan --project FOLDER`, or publish with `curator deidentify`",
        )
    engine = Engine(Profile("rules"), keyed)
    return engine, subject_of([doc], engine.profile, keyed)
