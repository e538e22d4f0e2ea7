"""What lists can be narrowed by with counts: a few fields with few values, and the filter terms that choose among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from curator.catalogue.rows import Row
from curator.catalogue.where import FLAGS, Operator, Term, Where, quoted

YES: Final = "yes"
NO: Final = "no"


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing that rows say: ``text`` of a row, asked for by terms of ``name`` (a field of the filter, or a flag)."""

    name: str
    title: str
    text: Callable[[Row], str]
    operator: Operator | None = Operator.HAS  # None: a flag

    def chosen(self, term: Term) -> bool:
        """Tell whether a term is one that this facet writes."""
        return term.field.lower() == self.name and term.operator is self.operator

    def term(self, values: frozenset[str], *, negated: bool = False) -> str:
        """Return the term that asks for any of ``values`` (``negated``: for none of them), ``""`` for no values."""
        if not values:
            return ""
        sign = "!" if negated else ""
        if self.operator is not None:
            return f"{sign}{self.name}{self.operator}{'|'.join(quoted(value) for value in sorted(values))}"
        if len(values) > 1:
            return ""
        return f"{'!' if (NO in values) is not negated else ''}{self.name}"


def _flag(name: str) -> Callable[[Row], str]:
    flag = FLAGS[name]
    return lambda row: YES if flag(row) else NO


FACETS: Final = (
    Facet("modality", "Modality", attrgetter("modality")),
    Facet("status", "Status", attrgetter("status")),
    Facet("state", "State", attrgetter("state")),
    Facet("primary", "Primary", _flag("primary"), None),
    Facet("conflict", "In conflict", _flag("conflict"), None),
    Facet("deidentified", "De-identified", _flag("deidentified"), None),
    Facet("read", "Document read", _flag("read"), None),
    Facet("date", "Year", lambda row: row.study_date[:4]),
    Facet("bodypart", "Body part", attrgetter("body_part"), Operator.IS),
    Facet("manufacturer", "Manufacturer", attrgetter("manufacturer"), Operator.IS),
    Facet("sex", "Sex", attrgetter("patient_sex")),
    Facet("tier", "Storage tier", attrgetter("tier")),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter asks of one facet: any of ``wanted``, none of ``unwanted``."""

    wanted: frozenset[str] = field(default_factory=frozenset)
    unwanted: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, facet: Facet, where: Where, known: Iterable[str] = ()) -> Choice:
        """Return what ``where`` asks of ``facet``, a value in the case in which it is ``known`` where none counts."""
        spelled = {value.casefold(): value for value in known} if facet.operator is Operator.HAS else {}
        wanted: set[str] = set()
        unwanted: set[str] = set()
        for term in where.terms:
            if facet.chosen(term):
                values = term.values if term.operator is not None else (YES,)
                values = tuple(spelled.get(value.casefold(), value) for value in values)
                (unwanted if term.negated else wanted).update(values)
        if facet.operator is None:
            return cls(frozenset(wanted | ({NO} if unwanted else set())))
        return cls(frozenset(wanted), frozenset(unwanted))

    def toggled(self, value: str, *, leave_out: bool = False) -> Choice:
        """Return the choice with ``value`` asked for (or left out) if it was not, and not if it was."""
        wanted, unwanted = self.wanted - {value}, self.unwanted - {value}
        if leave_out and value not in self.unwanted:
            unwanted |= {value}
        elif not leave_out and value not in self.wanted:
            wanted |= {value}
        return Choice(wanted, unwanted)


def without(where: Where, facet: Facet) -> Where:
    """Return the filter without what it asks of a facet: what the facet's other values are counted in."""
    kept = [
        where.text[begin:end]
        for term, (begin, end) in zip(where.terms, where.spans, strict=True)
        if not facet.chosen(term)
    ]
    return Where.parse(" ".join(kept))


def choosing(where: Where, facet: Facet, choice: Choice) -> str:
    """Return the filter's text with ``choice`` in place of what it asked of a facet."""
    terms = [
        without(where, facet).text,
        facet.term(choice.wanted),
        facet.term(choice.unwanted, negated=True),
    ]
    return " ".join(filter(None, terms))
