"""Actions that rewrite a text: case, spaces, form, padding, length, and regular expressions."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import ClassVar, Final

from curator.dicom import Json
from curator.findings import Absent
from curator.rulefile.actions.action import Action, Judgement, Result, TextAction, Verdict
from curator.rulefile.clauses import REGEX
from curator.rulefile.nodes import Node, Scalar
from curator.rulefile.pattern import Pattern
from curator.rulefile.place import Place
from curator.rulefile.shapes import Choice, Flag, Reading, Schema, Text, Whole, told
from curator.rulefile.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(TextAction):
    """Write the text in upper or lower case, or each word with a capital.

    Example:
        select: StationName
        do: {case: upper}
        cases:
          - before: {StationName: ct-1}
            after: {StationName: CT-1}
    """

    name: ClassVar[str] = "case"
    main: ClassVar[str] = "to"
    to: str = told(Choice(("upper", "lower", "title")), "upper, lower or title")

    def change(self, text: str, place: Place) -> str | Judgement:
        if self.to == "upper":
            return text.upper()
        if self.to == "lower":
            return text.lower()
        return re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitespace(TextAction):
    """``trim`` takes blanks and NULs off both ends; ``tidy`` also makes every run of blanks one space; ``drop``
    takes them all away.

    Example:
        select: SeriesDescription
        do: {whitespace: tidy}
        cases:
          - before: {SeriesDescription: '  T2   tse  tra '}
            after: {SeriesDescription: T2 tse tra}
    """

    name: ClassVar[str] = "whitespace"
    main: ClassVar[str] = "how"
    how: str = told(Choice(("trim", "tidy", "drop")), "trim, tidy or drop")

    def change(self, text: str, place: Place) -> str | Judgement:
        text = text.strip("\0 \t\r\n\u00a0\u3000")
        if self.how == "trim":
            return text
        return re.sub(r"[ \t\r\n\u00a0\u3000]+", " " if self.how == "tidy" else "", text)


_MONTHS: Final = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_DATE: Final = re.compile(r"([0-9]{1,4}|[A-Za-z]{3,9})[-/. ,]+([0-9]{1,2}|[A-Za-z]{3,9})[-/. ,]+([0-9]{1,4})")


def date_text(text: str, order: str) -> str | None:
    """Return a date in one of the common spellings as YYYYMMDD, None if it is none of them.

    ``order`` says what the parts are (``ymd``, ``dmy``, ``mdy``); a part of four digits is the year whatever it
    says, and a name is the month.
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]{8}", text):
        parts = {"y": text[:4], "m": text[4:6], "d": text[6:]}
    elif match := _DATE.fullmatch(text):
        parts = _parts(list(match.groups()), order)
    else:
        return None
    try:
        month = _MONTHS.get(parts["m"][:3].lower()) or int(parts["m"])
        if len(parts["y"]) != 4:
            return None
        return datetime.date(int(parts["y"]), month, int(parts["d"])).strftime("%Y%m%d").zfill(8)
    except (KeyError, ValueError):
        return None


def _parts(texts: list[str], order: str) -> dict[str, str]:
    if len(texts[0]) == 4 and texts[0].isdigit():
        order = "ymd"
    elif order == "ymd" and len(texts[2]) == 4:
        order = "dmy" if texts[1].isalpha() else ("mdy" if texts[0].isalpha() else "")
    elif texts[0].isalpha():
        order = "mdy"
    return dict(zip(order, texts, strict=False))


def time_text(text: str) -> str | None:
    """Return ``12:30`` or ``12:30:05.5`` as TM (``123005.5``), None if it is no time."""
    match = re.fullmatch(r"([0-2]?[0-9]):([0-5][0-9])(?::([0-5][0-9])([.][0-9]{1,6})?)?", text.strip())
    if match is None or int(match[1]) > 23:
        return (
            text
            if re.fullmatch(r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9]([.][0-9]{1,6})?)?)?", text)
            else None
        )
    return f"{match[1]:0>2}{match[2]}{match[3] or ''}{match[4] or ''}"


def name_text(text: str) -> str:
    """Return a person's name in PN form: ``Roe, Jane`` → ``Roe^Jane``, without padding and trailing ``^``."""
    groups = []
    for group in text.split("="):
        if "^" not in group and group.count(",") == 1:
            group = "^".join(part.strip() for part in group.split(","))
        parts = [" ".join(part.split()) for part in group.split("^")]
        groups.append("^".join(parts).rstrip("^"))
    return "=".join(groups).rstrip("=")


def code_text(text: str) -> str:
    """Return text as a code string: upper case, other characters than A-Z, 0-9 and _ as one ``_`` or space."""
    text = re.sub(r"[^A-Z0-9_ ]+", "_", text.strip().upper())
    return re.sub(r"_+", "_", text).strip("_ ")


def number_text(text: str) -> str | None:
    """Return ``1,5`` or `` +1.50 `` as a decimal string, None if it is no number."""
    text = text.strip().replace(",", ".", 1)
    match = re.fullmatch(r"\+?(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)", text)
    return match[1] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(TextAction):
    """Rewrite a common spelling as DICOM writes it: a date (YYYYMMDD), a time (HHMMSS), a name (Family^Given), a
    code (upper case, ``_``), a number (decimal point). What cannot be read is left as it is.

    A date whose first part is not the year needs ``order``, because 01/02/2020 is two dates.

    Example:
        select: StudyDate
        do: {format: {as: date, order: dmy}}
        cases:
          - before: {StudyDate: 31.01.2020}
            after: {StudyDate: '20200131'}
          - before: {StudyDate: 2020-01-31}
            after: {StudyDate: '20200131'}
          - before: {StudyDate: yesterday}
    """

    name: ClassVar[str] = "format"
    main: ClassVar[str] = "as"
    as_: str = told(Choice(("date", "time", "name", "code", "number")), "date, time, name, code or number")
    order: str = told(Choice(("ymd", "dmy", "mdy")), "the order of a date's parts", "ymd")

    def change(self, text: str, place: Place) -> str | Judgement:
        if self.as_ == "date":
            return date_text(text, self.order) or text
        if self.as_ == "time":
            return time_text(text) or text
        if self.as_ == "name":
            return name_text(text)
        if self.as_ == "code":
            return code_text(text)
        return number_text(text) or text


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad(TextAction):
    """Bring the text to a length by a character on its left; a longer one stays.

    Example:
        select: PatientID
        do: {pad: 6}
        cases:
          - before: {PatientID: '42'}
            after: {PatientID: '000042'}
    """

    name: ClassVar[str] = "pad"
    main: ClassVar[str] = "to"
    to: int = told(Whole(1, 64), "the length")
    with_: str = told(Text("one character", longest=1), "the character", "0")

    def change(self, text: str, place: Place) -> str | Judgement:
        return text.rjust(self.to, self.with_)


class _LengthShape:
    """Reads a number of characters, or what of a date remains."""

    def read(self, node: Node, reading: Reading) -> str:
        if isinstance(node, Scalar) and (
            node.text in ("year", "month") or re.fullmatch(r"[1-9][0-9]{0,4}", node.text)
        ):
            return node.text
        raise reading.bad(node, "a number of characters, or year or month")

    def schema(self) -> Schema:
        return {
            "anyOf": [
                {"type": "string", "pattern": "^(year|month|[1-9][0-9]{0,4})$"},
                {"type": "integer", "minimum": 1, "maximum": 99_999},
            ]
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(TextAction):
    """Cut the text to a number of characters; or a date to its ``year`` or ``month`` (the rest becomes 01).

    Example:
        select: PatientBirthDate
        do: {truncate: year}
        cases:
          - before: {PatientBirthDate: '19700623'}
            after: {PatientBirthDate: '19700101'}
    """

    name: ClassVar[str] = "truncate"
    main: ClassVar[str] = "to"
    to: str = told(_LengthShape(), "a number of characters, or year or month")

    def change(self, text: str, place: Place) -> str | Judgement:
        if self.to.isdigit():
            return text[: int(self.to)].rstrip()
        vr = place.vr
        if vr not in ("DA", "DT") or not re.match(r"[0-9]{8}", text):
            return Judgement(Verdict.FAULT, f"there is no whole date to truncate to its {self.to}")
        kept = text[:4] + "0101" if self.to == "year" else text[:6] + "01"
        return kept if vr == "DA" else text[: 4 if self.to == "year" else 6]

    def objection(self, key: str, vr: str) -> str | None:
        if not self.to.isdigit() and vr not in ("DA", "DT"):
            return f"a date (DA, DT) for truncate: {self.to} ({key} is {vr})"
        return Action.objection(self, key, vr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace(TextAction):
    r"""Replace every occurrence of a regular expression (RE2); ``\1`` to ``\9`` stand for its groups.

    Example:
        select: SeriesDescription
        do: {replace: {pattern: '(?i)\bw/o?\b', with: without}}
        cases:
          - before: {SeriesDescription: T1 w/o contrast}
            after: {SeriesDescription: T1 without contrast}
    """

    name: ClassVar[str] = "replace"
    pattern: Pattern = told(REGEX, "the regular expression")
    with_: str = told(Text("the replacement", filled=False, longest=1_000), "what takes its place")

    def problem(self) -> str | None:
        for escape in re.finditer(r"\\(.?)", self.with_, re.DOTALL):
            if escape[1] == "\\":
                continue
            if not escape[1].isdigit() or not escape[1].isascii() or int(escape[1]) > self.pattern.groups:
                return f"\\1 to \\{self.pattern.groups} for the pattern's groups, and \\\\ for a backslash"
        return None

    def change(self, text: str, place: Place) -> str | Judgement:
        done = self.pattern.replaced(text, self.with_)
        if len(done) > 1_000_000:
            return Judgement(Verdict.FAULT, "replace gives more than 1,000,000 characters")
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract(TextAction):
    """Keep what a regular expression (RE2) finds first, or one of its groups. ``otherwise`` says what happens to a
    text in which it finds nothing: ``keep`` it (the default), ``empty`` it, or ``review``.

    Example:
        select: AccessionNumber
        do: {extract: {pattern: '^RIS-(\\d+)$', group: 1}}
        cases:
          - before: {AccessionNumber: RIS-00815}
            after: {AccessionNumber: '00815'}
          - before: {AccessionNumber: '77'}
    """

    name: ClassVar[str] = "extract"
    main: ClassVar[str] = "pattern"
    pattern: Pattern = told(REGEX, "the regular expression")
    group: int = told(Whole(0, 99), "which group, 0 for all of it", 0)
    otherwise: str = told(Choice(("keep", "empty", "review")), "what happens where nothing is found", "keep")

    def problem(self) -> str | None:
        if self.group > self.pattern.groups:
            return f"a group of the pattern, 0 to {self.pattern.groups}"
        return None

    def change(self, text: str, place: Place) -> str | Judgement:
        found = self.pattern.group(text, self.group)
        if found is not None:
            return found
        if self.otherwise == "review":
            return Judgement(Verdict.REVIEW, "the pattern is not found")
        return text if self.otherwise == "keep" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEmpty(Action):
    r"""Drop the empty components of a multi-valued element; an element of nothing else becomes empty.

    Example:
        select: OtherPatientNames
        do: drop-empty
        cases:
          - before: {OtherPatientNames: ['', Roe^J, '']}
            after: {OtherPatientNames: [Roe^J]}
    """

    name: ClassVar[str] = "drop-empty"
    trailing: bool = told(Flag(), "true to drop only those at the end", False)

    def act(self, place: Place, value: Value) -> Result:
        if isinstance(value, Absent) or not isinstance(value, list):
            return value
        kept: list[Json] = [part for part in value if part not in ("", None)]
        if self.trailing:
            kept = list(value)
            while kept and kept[-1] in ("", None):
                kept.pop()
        return kept or None


ACTIONS: tuple[type[Action], ...] = (Case, Whitespace, Format, Pad, Truncate, Replace, Extract, DropEmpty)
