"""Find and take out what identifies a subject in free text.

**Patient echo**: what the subject's identifying elements say is searched in every other string, by tokens
rather than by letters, so that order, case, accents, punctuation and spacing do not hide it: ``MUELLER^ANNA``,
``Anna Müller`` and ``mueller_anna`` are the same tokens. **Clean descriptors** goes the other way and keeps only
tokens that are known to be harmless.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(r"[^\W\d_][^\W\d_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W\d_]*)*|\d+")
_UID = re.compile(r"(?<![\w.])[0-2](?:\.(?:0|[1-9]\d*)){4,}(?![\w.]*\w)")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"})

STRONG = 4
"""Names of fewer letters are looked for in text elements only, and count as weakly covered."""
_ID_DIGITS = 5
"""An all-digit identifier of fewer digits must stand alone: ``b1000`` is no echo of ``1000``."""

Tokens = tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return ``text`` without case, accents and compatibility forms (NFKC, then NFKD without marks)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))


def tokens(text: str) -> Tokens:
    """Return the folded words and numbers of ``text``, in order."""
    return tuple(fold(found[0]) for found in _TOKEN.finditer(text))


def _mojibake(text: str) -> Iterator[str]:
    """Yield how ``text`` looks after UTF-8 was read as Latin-1 or Windows-1252, and the reverse."""
    for wrong in ("latin-1", "cp1252"):
        for there, back in (("utf-8", wrong), (wrong, "utf-8")):
            try:
                yield text.encode(there).decode(back)
            except UnicodeError:
                continue


def _spellings(text: str) -> set[Tokens]:
    """Return the token forms of one word or phrase: as it is, transliterated, mojibake."""
    forms = {text, text.casefold().translate(_GERMAN), *_mojibake(text)}
    return {found for form in forms if (found := tokens(form))}


def date_forms(value: str) -> Iterator[Tokens]:
    """Yield the token forms of a DA or DT value: numeric in each order, with month names, run together."""
    digits = value.replace(".", "")[:8]
    if len(digits) != 8 or not digits.isdigit() or not 1 <= int(digits[4:6]) <= 12:
        return
    year, month, day = digits[:4], digits[4:6], digits[6:]
    name = _MONTHS[int(month) - 1]
    for m in {month, month.lstrip("0")}:
        for d in {day, day.lstrip("0") or "0"}:
            yield from ((year, m, d), (d, m, year), (m, d, year))
            yield from ((d, m, year[2:]), (m, d, year[2:]))
    for m in {name, name[:3]}:
        for d in {day, day.lstrip("0") or "0"}:
            for suffix in ("", "st", "nd", "rd", "th"):
                written = (d, suffix) if suffix else (d,)
                yield from ((*written, m, year), (m, *written, year), (year, m, *written))
    yield from ((digits,), (day + month + year,), (month + day + year,))


@dataclass(slots=True)
class Lexicon:
    """What identifies one subject, as token forms; built once over all of the subject's image sets."""

    strong: set[Tokens] = field(default_factory=set)
    weak: set[Tokens] = field(default_factory=set)
    """Too short to be looked for outside text elements."""
    _first: dict[str, list[Tokens]] = field(default_factory=dict)

    def add_name(self, value: str) -> None:
        """Add a person's name (PN, all component groups): each part, and the ways to write it in full."""
        for group in value.split("="):
            parts = [part for part in re.split(r"[\^\s,]+", group) if part.strip(".-'")]
            whole = [part for part in group.replace("^", " ").split() if part]
            for part in parts:
                for form in _spellings(part):
                    self._add(form, sum(map(len, form)) >= STRONG and not all(len(t) < 2 for t in form))
            if len(whole) > 1:
                for order in (whole, whole[::-1], whole[:2], whole[1::-1]):
                    for form in _spellings(" ".join(order)):
                        self._add(form, True)
                    for form in _spellings("".join(order)):
                        self._add(form, True)
                family, given = whole[0], whole[1]
                for form in (*_spellings(f"{given[0]} {family}"), *_spellings(f"{family} {given[0]}")):
                    self._add(form, len(family) >= STRONG)

    def add_identifier(self, value: str) -> None:
        """Add an id, number, address or name of a place: as it is written, and with its tokens run together."""
        found = tokens(value)
        for form in _spellings(value):
            self._add(form, sum(map(len, form)) >= STRONG)
        if len(found) > 1:
            self._add(("".join(found),), sum(map(len, found)) >= STRONG)
        if len(found) == 1 and found[0].isdigit() and found[0].startswith("0"):
            self._add((found[0].lstrip("0"),), len(found[0].lstrip("0")) >= STRONG)

    def add_date(self, value: str) -> None:
        """Add a date (DA, or the date of a DT) in all its usual spellings."""
        for form in date_forms(value):
            self._add(form, True)

    def _add(self, form: Tokens, strong: bool) -> None:
        if not form or form == ("",) or (len(form) == 1 and len(form[0]) < 2):
            return
        known = self.strong if strong else self.weak
        if form in self.strong or form in known:
            return
        known.add(form)
        forms = self._first.setdefault(form[0], [])
        forms.append(form)
        forms.sort(key=len, reverse=True)

    def spans(self, text: str, *, weak: bool) -> list[tuple[int, int]]:
        """Return where identifiers stand in ``text``; ``weak`` looks for short ones too."""
        if not self._first:
            return []
        places = [(found.start(), found.end(), fold(found[0])) for found in _TOKEN.finditer(text)]
        spans: list[tuple[int, int]] = []
        at = 0
        while at < len(places):
            length = self._match(text, places, at, weak)
            if length:
                spans.append((places[at][0], places[at + length - 1][1]))
            at += length or 1
        return spans

    def _match(self, text: str, places: list[tuple[int, int, str]], at: int, weak: bool) -> int:
        for form in self._first.get(places[at][2], ()):
            size = len(form)
            if (
                tuple(place[2] for place in places[at : at + size]) == form
                and (weak or form in self.strong)
                and _stands_alone(text, places, at, size, form)
            ):
                return size
        return 0


def _stands_alone(text: str, places: list[tuple[int, int, str]], at: int, size: int, form: Tokens) -> bool:
    """Say whether a short form has token borders on both sides that are not a change of letters to digits."""
    if len(form) > 1 or (len(form[0]) >= _ID_DIGITS):
        return True
    begin, end = places[at][0], places[at + size - 1][1]
    return not (begin and text[begin - 1].isalnum()) and not (end < len(text) and text[end].isalnum())


_EMPTY_BRACKETS = re.compile(r"\s*(?:\(\s*\)|\[\s*\]|\{\s*\})")
_SEPARATORS = " \t\r\n^,;:_/\\|=-."


def cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return ``text`` without the spans, tidied where they stood: one separator stays, empty brackets go."""
    kept, at = "", 0
    for begin, end in spans:
        kept = _join(kept, text[at:begin]) if at else text[:begin]
        at = end
    if not at:
        return text
    return _EMPTY_BRACKETS.sub("", _join(kept, text[at:])).strip(_SEPARATORS)


def _join(left: str, right: str) -> str:
    before, after = left.rstrip(_SEPARATORS), right.lstrip(_SEPARATORS)
    if not before or not after:
        return before + after
    between = left[len(before) :] + right[: len(right) - len(after)]
    bracketed = before[-1] in "([{" or after[0] in ")]}"
    return before + ("" if bracketed else " " if " " in between else between[:1]) + after


def replace(text: str, spans: Iterable[tuple[int, int]], by: Callable[[str], str]) -> str:
    """Return ``text`` with each span replaced by what ``by`` makes of it."""
    out, at = [], 0
    for begin, end in spans:
        out += [text[at:begin], by(text[begin:end])]
        at = end
    return "".join([*out, text[at:]])


def uids_in(text: str) -> list[tuple[int, int]]:
    """Return where UIDs stand inside ``text``."""
    return [found.span() for found in _UID.finditer(text)] if "." in text else []
