"""The filter grammar of lists: ``modality:CT study:"head" !primary PatientID=123|124 date>=2020-01-01``.

    expression = term*                       all terms must hold
    term       = ["!"] (flag | field op values | text)
    op         = ":"  contains (codes, numbers: equals; dates: begins with), case does not count
                 "="  equals exactly         "!=" differs
                 ">=" "<=" ">" "<"           dates, numbers, text
    values     = value ("|" value)*          any of them
    value      = word or "quoted text" (``\\"`` and ``\\\\`` inside); ``field=`` alone asks for empty or absent
    text       = found in any of the row's texts

A field is one of `FIELDS`, the short head of a column (`HEADS`) or the keyword of a Patient, Study or Series element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from operator import attrgetter
from typing import Final

from curator.catalogue.rows import Row
from curator.errors import UsageError


class Operator(StrEnum):
    """How a term compares; the words of the grammar."""

    HAS = ":"
    IS = "="
    IS_NOT = "!="
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"


_TEXT: Final[dict[str, Callable[[Row], str]]] = {
    "id": attrgetter("id"),
    "patient": lambda row: f"{row.patient_id} {row.patient_name}",
    "patientid": attrgetter("patient_id"),
    "name": attrgetter("patient_name"),
    "sex": attrgetter("patient_sex"),
    "birth": attrgetter("birth_date"),
    "study": attrgetter("study_description"),
    "studyuid": attrgetter("study_uid"),
    "studyid": attrgetter("study_id"),
    "accession": attrgetter("accession"),
    "date": attrgetter("study_date"),
    "series": attrgetter("series_description"),
    "seriesuid": attrgetter("series_uid"),
    "number": attrgetter("series_number"),
    "modality": attrgetter("modality"),
    "bodypart": attrgetter("body_part"),
    "manufacturer": attrgetter("manufacturer"),
    "status": attrgetter("status"),
    "state": attrgetter("state"),
    "version": lambda row: str(row.version),
    "instances": lambda row: str(row.instances),
    "frames": lambda row: str(row.frames),
    "conflicts": lambda row: str(row.conflicts),
    "size": lambda row: str(row.size),
    "tier": attrgetter("tier"),
    "updated": lambda row: row.updated_text,
    "created": lambda row: row.created_text,
}
_WHOLE: Final = frozenset(
    [
        "sex",
        "studyuid",
        "seriesuid",
        "number",
        "modality",
        "status",
        "state",
        "version",
        "instances",
        "frames",
        "conflicts",
        "size",
        "studyid",
        "tier",
    ]
)
"""Fields where ``:`` means equality: codes, numbers, UIDs."""
_DATES: Final = frozenset(("date", "birth", "updated", "created"))

FLAGS: Final[dict[str, Callable[[Row], bool]]] = {
    "primary": lambda row: row.primary is True,
    "conflict": lambda row: row.conflicts > 0,
    "deidentified": lambda row: row.deidentified,
    "locked": lambda row: row.state == "LOCKED",
    "failed": lambda row: row.status.endswith("_FAILED"),
    "deleted": lambda row: row.deleted,
    "read": lambda row: row.read,
}
"""Words that stand alone: ``primary``, ``!deidentified``."""

HEADS: Final = {"inst": "instances", "confl": "conflicts", "mod": "modality", "ver": "version"}
"""Heads of columns that are shorter than the fields' names."""

FIELDS: Final = tuple(_TEXT)
"""The fields that need no keyword; any keyword of a Patient, Study or Series element is a field too."""

Lookup = Callable[[Row, str], str]
"""(row, keyword) → the element's text, empty where it is empty or absent."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: a flag (``operator`` None), text anywhere (``field`` empty), or a comparison."""

    field: str
    operator: Operator | None
    values: tuple[str, ...]
    negated: bool = False

    def matches(self, row: Row, lookup: Lookup) -> bool:
        """Tell whether the row meets the term."""
        return self._holds(row, lookup) is not self.negated

    def among(self, rows: Sequence[Row], indices: Iterable[int], lookup: Lookup) -> list[int]:
        """Return which of ``indices`` into ``rows`` meet the term; each text is compared once, whoever says it."""
        wanted = not self.negated
        if self.operator is None:
            flag = FLAGS[self.field]
            return [index for index in indices if flag(rows[index]) is wanted]
        text_of = self._text_of(lookup)
        known: dict[str, bool] = {}
        found = []
        for index in indices:
            text = text_of(rows[index])
            holds = known.get(text)
            if holds is None:
                holds = known[text] = self._compares(text)
            if holds is wanted:
                found.append(index)
        return found

    def _holds(self, row: Row, lookup: Lookup) -> bool:
        if self.operator is None:
            return FLAGS[self.field](row)
        return self._compares(self._text_of(lookup)(row))

    def _text_of(self, lookup: Lookup) -> Callable[[Row], str]:
        if not self.field:
            return lambda row: row.haystack
        return _TEXT.get(self.field.lower()) or (lambda row: lookup(row, self.field))

    def _compares(self, text: str) -> bool:
        if not self.field:
            return any(value in text for value in self.values)
        assert self.operator is not None
        name = self.field.lower()
        date = name in _DATES or (_is_date(text) and name not in _TEXT)
        return _compare(self.operator, text, self.values, whole=name in _WHOLE, date=date)


def _is_date(text: str) -> bool:
    return len(text) == 8 and text.isdigit()


def _compare(operator: Operator, text: str, values: tuple[str, ...], *, whole: bool, date: bool) -> bool:
    match operator:
        case Operator.IS:
            return any(_same(text, value, date) for value in values)
        case Operator.IS_NOT:
            return not any(_same(text, value, date) for value in values)
        case Operator.HAS:
            return any(_has(text, value, whole=whole, date=date) for value in values)
        case _:
            return text != "" and any(_ordered(operator, text, value, date) for value in values)


def _has(text: str, value: str, *, whole: bool, date: bool) -> bool:
    folded, wanted = text.casefold(), value.casefold()
    if whole or not value:
        return folded == wanted
    if date and _digits(value) and _digits(text):
        return _digits(text).startswith(_digits(value))
    return wanted in folded


def _same(text: str, value: str, date: bool) -> bool:
    return text == value or (date and bool(value) and _digits(text) == _digits(value))


def _digits(value: str) -> str:
    """Return a date's digits: ``2020-01-31`` → ``20200131``; empty if there is more in it than a date."""
    return re.sub(r"[-:.TZ ]", "", value) if re.fullmatch(r"[-0-9:.TZ ]*", value) else ""


def _ordered(operator: Operator, text: str, value: str, date: bool) -> bool:
    left: str | float = text.casefold()
    right: str | float = value.casefold()
    if date:
        right = _digits(value)
        left = _digits(text)[: len(right)]  # ``date>=2020`` compares years
    else:
        try:
            left, right = float(text), float(value)
        except ValueError:
            left, right = text.casefold(), value.casefold()
    order = (left > right) - (left < right)  # type: ignore[operator]
    return {
        Operator.AT_LEAST: order >= 0,
        Operator.AT_MOST: order <= 0,
        Operator.ABOVE: order > 0,
        Operator.BELOW: order < 0,
    }[operator]


_TERM: Final = re.compile(r"(!?)([A-Za-z][A-Za-z0-9]*)(>=|<=|!=|[:=<>])")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_BARE: Final = re.compile(r'[^\s"|]+')


@dataclass(frozen=True, slots=True)
class Where:
    """A parsed filter: all ``terms`` must hold. ``str()`` gives its text back, ``spans`` says where each term stands in it."""

    terms: tuple[Term, ...] = ()
    text: str = ""
    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Where:
        """Parse the grammar above; `UsageError` names the column of what is wrong."""
        parser = _Parser(text)
        return cls(tuple(parser.terms()), text, tuple(parser.spans))

    def matches(self, row: Row, lookup: Lookup = lambda row, keyword: "") -> bool:
        """Tell whether the row meets every term."""
        return all(term.matches(row, lookup) for term in self.terms)

    def __str__(self) -> str:
        return self.text

    @property
    def keywords(self) -> tuple[str, ...]:
        """The element keywords that terms ask for beyond `FIELDS`."""
        return tuple(
            term.field
            for term in self.terms
            if term.operator and term.field.lower() not in _TEXT and term.field
        )


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spans: list[tuple[int, int]] = []

    def terms(self) -> list[Term]:
        found: list[Term] = []
        while True:
            while self.at < len(self.text) and self.text[self.at].isspace():
                self.at += 1
            if self.at >= len(self.text):
                return found
            begin = self.at
            found.append(self._term())
            self.spans.append((begin, self.at))

    def _term(self) -> Term:
        if match := _TERM.match(self.text, self.at):
            return self._comparison(match)
        negated = self.text.startswith("!", self.at)
        self.at += negated
        quoted = self.text.startswith('"', self.at)
        start = self.at
        values = self._values()
        if not values:
            raise self._wrong(start, "a word was expected")
        if not quoted and len(values) == 1 and values[0].lower() in FLAGS:
            return Term(values[0].lower(), None, (), negated)
        if negated and not quoted:
            raise self._wrong(start, f"no such flag; there are {', '.join(FLAGS)}")
        return Term("", Operator.HAS, tuple(value.casefold() for value in values), negated)

    def _comparison(self, match: re.Match[str]) -> Term:
        field, operator = HEADS.get(match[2].lower(), match[2]), Operator(match[3])
        if field.lower() not in _TEXT and not _is_keyword(field):
            near = get_close_matches(field.lower(), FIELDS, 1)
            meant = f" ({near[0]}?)" if near else ""
            raise self._wrong(
                match.start(2),
                f"no field {field}{meant}; there are {', '.join(FIELDS)}, and element keywords",
            )
        self.at = match.end()
        values = self._values()
        if not values and operator not in (Operator.IS, Operator.IS_NOT):
            raise self._wrong(self.at, f"a value was expected after {operator}")
        return Term(field, operator, tuple(values or [""]), bool(match[1]))

    def _values(self) -> list[str]:
        values: list[str] = []
        while True:
            value = self._value()
            if value is None:
                if values:
                    raise self._wrong(self.at, "a value was expected after |")
                return values
            values.append(value)
            if not self.text.startswith("|", self.at):
                return values
            self.at += 1

    def _value(self) -> str | None:
        if self.text.startswith('"', self.at):
            match = _QUOTED.match(self.text, self.at)
            if match is None:
                raise self._wrong(self.at, "the quotation mark is not closed")
            self.at = match.end()
            return re.sub(r"\\(.)", r"\1", match[1])
        match = _BARE.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _wrong(self, at: int, reason: str) -> UsageError:
        return UsageError(
            f"The filter is wrong at column {at + 1}: {reason}.",
            hint='for example: modality:CT study:"head" !primary date>=2020-01-01',
        )


def quoted(value: str) -> str:
    """Return a value as the grammar reads it back."""
    if _BARE.fullmatch(value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _is_keyword(field: str) -> bool:
    from curator.dicom.dictionary import by_keyword

    return by_keyword(field) is not None
