"""Actions on numbers, ages and dates: rounding, bins, and the interval since an event."""

from __future__ import annotations

import datetime
import itertools
import re
from bisect import bisect_right
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import ClassVar, Final

from curator.rulefile.actions.action import TEXTUAL, Action, Judgement, Result, TextAction, Verdict
from curator.rulefile.actions.write import write
from curator.rulefile.clauses import REF
from curator.rulefile.nodes import Mapping, Node, Scalar
from curator.rulefile.place import Place, Ref
from curator.rulefile.shapes import Choice, Filled, ListOf, Number, Reading, Schema, Text, Word, told
from curator.rulefile.tables import Columns, Lookups, lookups
from curator.rulefile.values import REAL, WHOLE, Value, components

_DIGITS: Final = 250  # enough for any number that `_decimal` lets in, over any step
NUMERIC: Final = WHOLE | REAL | {"DS", "IS", "AS"}
_YEARS: Final = {"D": Decimal(1) / 365, "W": Decimal(7) / 365, "M": Decimal(1) / 12, "Y": Decimal(1)}


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip(" \0"))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 100 else None


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Round(TextAction):
    """Round a number to the nearest multiple (halves to the even one); of an age its count, the unit stays.

    Example:
        select: PatientWeight
        do: {round: '5'}
        cases:
          - before: {PatientWeight: '71.3'}
            after: {PatientWeight: '70'}
    """

    name: ClassVar[str] = "round"
    main: ClassVar[str] = "to"
    handles: ClassVar[frozenset[str] | None] = NUMERIC
    to: str = told(Number(), "the multiple: 10, 0.5")

    def problem(self) -> str | None:
        return None if Decimal(self.to) > 0 else "a multiple above 0"

    def change(self, text: str, place: Place) -> str | Judgement:
        unit = text[-1:] if place.vr == "AS" else ""
        number = _decimal(text[:-1] if unit else text)
        if number is None:
            return Judgement(Verdict.FAULT, "round needs a number, and the element holds something else")
        step = Decimal(self.to)
        with localcontext(prec=_DIGITS):
            rounded = (number / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step
        return f"{min(int(rounded), 999):03}{unit}" if unit else _plain(rounded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin(TextAction):
    """Write the label of the bin a number falls into: from each edge up to the next. An age counts in years.

    Without labels, the bin's lower edge is written. A number below the first edge is left to a reviewer.

    Example:
        select: PatientAge
        do: {bin: {edges: [0, 18, 65]}}
        cases:
          - before: {PatientAge: 071Y}
            after: {PatientAge: 065Y}
          - before: {PatientAge: 006M}
            after: {PatientAge: 000Y}
    """

    name: ClassVar[str] = "bin"
    edges: tuple[str, ...] = told(ListOf(Number(), alone=False), "the lower edges, rising")
    labels: tuple[str, ...] = told(ListOf(Text()), "a label for each edge", ())

    def problem(self) -> str | None:
        numbers = [Decimal(edge) for edge in self.edges]
        if any(left >= right for left, right in itertools.pairwise(numbers)):
            return "edges that rise"
        if self.labels and len(self.labels) != len(self.edges):
            return f"{len(self.edges)} labels, one for each edge"
        return None

    def change(self, text: str, place: Place) -> str | Judgement:
        age = place.vr == "AS"
        number = _decimal(text[:-1] if age else text)
        if number is None or (age and text[-1] not in _YEARS):
            return Judgement(Verdict.FAULT, "bin needs a number, and the element holds something else")
        if age:
            number *= _YEARS[text[-1]]
        at = bisect_right([Decimal(edge) for edge in self.edges], number) - 1
        if at < 0:
            return Judgement(Verdict.REVIEW, "the number lies below the first bin")
        if self.labels:
            return self.labels[at]
        return f"{int(Decimal(self.edges[at])):03}Y" if age else self.edges[at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Word):
    """The date of an event from a CSV table."""

    name: ClassVar[str] = "since"
    table: Lookups = told(lookups(), "the CSV file, beside the rule file")
    by: Columns = told(Columns.shape(), "a mapping of columns to elements")
    take: str = told(Text("a column"), "the column that holds the date (YYYYMMDD)")

    def problem(self) -> str | None:
        if any(ref is None for _, ref in self.by.pairs):
            return "by: a mapping of columns to elements"
        return self.table.problem(self.by.names, self.take, False)


class _EventShape:
    """Reads the event an interval is counted from: a date, an element, or a table."""

    def read(self, node: Node, reading: Reading) -> datetime.date | Ref | Event:
        if isinstance(node, Mapping):
            return Filled(Event).read(node, reading)
        if isinstance(node, Scalar) and (day := day_of(node.text)) is not None:
            return day
        return REF.read(node, reading)

    def schema(self) -> Schema:
        return {"anyOf": [REF.schema(), Filled(Event).schema()]}


def day_of(text: str) -> datetime.date | None:
    """Return the day of a DA, or of a DT with at least a day; None otherwise."""
    match = re.match(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![^0-9.+-])", text.strip(" \0"))
    if match is None:
        return None
    try:
        return datetime.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Action):
    """Write how long after an event a date lies: in days, in whole weeks or in whole years (negative before it).

    The event is an element, a date, or a date from a CSV table. ``of`` is the date (without it: the selected
    element's own, whose VR can hold a number only where it is text). Without both dates nothing is written.

    Example:
        select: {keyword: LongitudinalTemporalOffsetFromEvent, create: true}
        do: {interval: {of: StudyDate, since: PatientBirthDate, unit: days}}
        cases:
          - before: {StudyDate: '20200131', PatientBirthDate: '20200101'}
            after: {StudyDate: '20200131', PatientBirthDate: '20200101', LongitudinalTemporalOffsetFromEvent: '30'}
          - before: {StudyDate: '2020'}
    """

    name: ClassVar[str] = "interval"
    handles: ClassVar[frozenset[str] | None] = TEXTUAL - {"DA", "DT", "TM", "UI", "AS"}
    since: datetime.date | Ref | Event = told(
        _EventShape(), "an element, a date (YYYYMMDD), or {table, by, take}"
    )
    of: Ref | None = told(REF, "the element that holds the date", None)
    unit: str = told(Choice(("days", "weeks", "years")), "days, weeks or years", "days")

    def act(self, place: Place, value: Value) -> Result:
        try:
            end = self._day(value if self.of is None else self.of.one(place))
            begin = self._begin(place)
        except ValueError as error:
            return Judgement(Verdict.FAULT, str(error))
        if begin is None or end is None:
            return Judgement(Verdict.NOTHING, "one of the two dates is missing or not whole")
        return write(place, [str(self._count(begin, end))], self.name)

    @staticmethod
    def _day(value: Value) -> datetime.date | None:
        texts = components(value)
        return day_of(texts[0]) if len(texts) == 1 else None

    def _begin(self, place: Place) -> datetime.date | None:
        if isinstance(self.since, datetime.date):
            return self.since
        if isinstance(self.since, Ref):
            return self._day(self.since.one(place))
        found = self.since.table.find(self.since.by, self.since.take, False, place)
        return day_of(found) if found else None

    def _count(self, begin: datetime.date, end: datetime.date) -> int:
        days = (end - begin).days
        if self.unit == "days":
            return days
        if self.unit == "weeks":
            return int(days / 7)
        first, last = sorted((begin, end))
        years = last.year - first.year - ((last.month, last.day) < (first.month, first.day))
        return years if days >= 0 else -years


ACTIONS: tuple[type[Action], ...] = (Round, Bin, Interval)
