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

from curator.dicom.homoglyphs import LOOKS_LATIN

_TOKEN = re.compile(r"[^\W\d_][^\W\d_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W\d_]*)*|\d+")
_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UID = re.compile(r"(?<![\w.])[0-2](?:\.(?:0|[1-9]\d*)){4,}(?![\w.]*\w)")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FOREIGN_MONTHS = (
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
)
"""Folded, as tokens are."""
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"})

STRONG = 4
"""Names of fewer letters are looked for in text elements only, and count as weakly covered."""
_ID_DIGITS = 5
"""An all-digit identifier of fewer digits must stand alone: ``b1000`` is no echo of ``1000``."""

_LOCAL = 7
"""Digits of a phone number without its area."""

Tokens = tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return ``text`` without case, accents, compatibility forms (NFKC, then NFKD without marks) and look-alikes."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return plain.translate(LOOKS_LATIN)


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
    for m in {month, month.lstrip("0")}:
        for d in {day, day.lstrip("0") or "0"}:
            yield from ((year, m, d), (d, m, year), (m, d, year))
            yield from ((d, m, year[2:]), (m, d, year[2:]), (year[2:], m, d))
    for m in _month_names(int(month)):
        for d in {day, day.lstrip("0") or "0"}:
            for suffix in ("", "st", "nd", "rd", "th"):
                written = (d, suffix) if suffix else (d,)
                yield from (
                    (*written, m, year),
                    (m, *written, year),
                    (year, m, *written),
                    (*written, m, year[2:]),
                )
    yield from ((digits,), (day + month + year,), (month + day + year,))
    yield from ((day + month, year), (month + day, year), (year, month + day))


def _month_names(number: int) -> set[str]:
    """Return a month's names and their first three letters, in five languages."""
    names = {language.split()[number - 1] for language in (" ".join(_MONTHS), *_FOREIGN_MONTHS)}
    return names | {name[:3] for name in names}


_WIDE = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}")
"""Scripts that write words without spaces: a name is looked for inside them."""
_MOST_TOKENS = 10
_NOBODY = frozenset(
    (
        *("anonymous", "anonymized", "anonymised", "anon", "unknown", "none", "removed", "na", "null", "nil"),
        *("deidentified", "patient", "name", "test", "phantom", "unspecified", "undefined", "default"),
        *("dummy", "noname", "sir", "madam", "herr", "frau", "dipl", "med", "mme", "mlle", "sra"),
        *("dr", "prof", "mr", "mrs", "ms", "miss", "md", "phd", "dds", "rn", "jr", "sr", "ii", "iii", "iv"),
    )
)
"""Words that stand in name elements and name nobody: titles, and what earlier hands left."""


@dataclass(slots=True)
class Lexicon:
    """What identifies one subject, folded and run together; built once over all of the subject's image sets.

    A text's tokens are joined again and looked up, so a name is found however it is cut or joined.
    """

    strong: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    """Too short to be looked for outside text elements."""
    numbers: set[str] = field(default_factory=set)
    """Identifiers that are numbers long enough to be nobody's measurement."""
    foreign: bool = False
    """Some of it is not ASCII."""
    _dates: dict[str, list[Tokens]] = field(default_factory=dict)
    """Spellings of dates, by first token: their separators count, ``31.1.20`` is one and ``31120`` is not."""
    _wide: set[str] = field(default_factory=set)
    _heads: set[str] = field(default_factory=set)
    """How forms begin, by one and by two letters: most tokens are told by that."""
    _longest: int = 0

    def __bool__(self) -> bool:
        return bool(self.strong or self.weak or self._dates or self._wide)

    def add_name(self, value: str) -> None:
        """Add a person's name (PN, all component groups): each part, and the ways to write it in full."""
        self.foreign = self.foreign or not value.isascii()
        for group in value.split("="):
            parts = [part for part in re.split(r"[\^\s,]+", group) if part.strip(".-'")]
            named = [part for part in parts if "".join(tokens(part)) not in _NOBODY]
            for part in named:
                for piece in {part, *(half for half in re.split(r"[-‐]", part) if len(half) >= STRONG)}:
                    for form in _joined(piece):
                        self._add(form, len(form) >= STRONG)
                self._wide.update(_WIDE.findall(part))
            for part in named:
                if len(part) > STRONG:
                    for form in _joined(part + "s"):  # of the Smiths
                        self._add(form, True)
            if len(named) > 1:
                self._add_together(named)
            families, givens = ([*component.split()] for component in (*group.split("^"), "")[:2])
            if len(families) > 1 and "^" in group:
                for form in _joined(" ".join(families)):
                    self._add(form, len(form) > STRONG)
            for family in families[-1:] if givens else ():
                self._add_together([family, *givens])

    def _add_together(self, parts: list[str]) -> None:
        for order in (parts, parts[::-1], parts[:2], parts[1::-1]):
            for form in _joined(" ".join(order)):
                self._add(form, len(form) > STRONG)
        family, given = parts[0], parts[1]
        for form in (*_joined(given[0] + family), *_joined(family + given[0])):
            self._add(form, len(family) >= STRONG)

    def add_identifier(self, value: str) -> None:
        """Add an id, number, address or name of a place: as it is written, its lines, and its number alone."""
        self.foreign = self.foreign or not value.isascii()
        for line in {value, *re.split(r"[\r\n^\\]+|, ", value)}:
            for form in _joined(line):
                if form in _NOBODY:
                    continue
                self._add(form, len(form) >= STRONG)
                if form.isdigit() and len(form.lstrip("0")) >= STRONG:
                    self._add(form.lstrip("0"), True)
        digits = "".join(letter for letter in value if letter.isdecimal())
        if len(digits) > _ID_DIGITS:
            self._add(digits, True)
            self.numbers.add(digits)
            if len(bare := digits.lstrip("0")) >= _ID_DIGITS:
                self._add(bare, True)
            if value.lstrip().startswith("+"):  # a phone number without its country, or its area
                for national in {digits[1:], digits[2:], digits[3:], digits[-_LOCAL:]}:
                    if len(national) >= _LOCAL:
                        self._add(national, True)
        self._wide.update(_WIDE.findall(value))

    def add_date(self, value: str) -> None:
        """Add a date (DA, or the date of a DT) in all its usual spellings."""
        for form in date_forms(value):
            forms = self._dates.setdefault(form[0], [])
            if form not in forms:
                forms.append(form)
                forms.sort(key=len, reverse=True)

    def _add(self, form: str, strong: bool) -> None:
        if len(form) < 2 or form in self.strong:
            return
        (self.strong if strong else self.weak).add(form)
        self._longest = max(self._longest, len(form))
        self._heads.update((form[:1], form[:2]))

    def spans(self, text: str, *, weak: bool) -> list[tuple[int, int]]:
        """Return where identifiers stand in ``text``; ``weak`` looks for short ones too."""
        spans: list[tuple[int, int]] = []
        if self.strong or self.weak or self._dates:
            places = _places(text)
            at = 0
            while at < len(places):
                token, length = places[at][2], 0
                if token in self._dates:
                    length = self._date(places, at)
                if not length and (token[:2] in self._heads or token[0] == "0"):
                    length = self._match(text, places, at, weak)
                if length:
                    spans.append((places[at][0], places[at + length - 1][1]))
                at += length or 1
        if self._wide and not text.isascii():
            spans += [found.span() for name in self._wide for found in re.finditer(re.escape(name), text)]
            spans = merged(spans)
        return spans

    def _match(self, text: str, places: list[_Place], at: int, weak: bool) -> int:
        """Return how many tokens from ``at`` on make the longest identifier, 0 when none does."""
        joined, best = "", 0
        for size, (_, _, token) in enumerate(places[at : at + _MOST_TOKENS], 1):
            joined += token
            if len(joined) > self._longest:
                break
            if joined in self.strong or (
                joined[0] == "0" and joined.isdigit() and joined.lstrip("0") in self.strong
            ):
                found = size == 1 or len(joined) > _ID_DIGITS or not joined.isdigit()
            else:
                found = weak and size == 1 and joined in self.weak and not joined.isdigit()
            if found and (size > 1 or _stands_alone(text, places[at], joined)):
                best = size
        return best

    def _date(self, places: list[_Place], at: int) -> int:
        for form in self._dates.get(places[at][2], ()):
            size = len(form)
            if tuple(place[2] for place in places[at : at + size]) == form:
                return size
        return 0


_Place = tuple[int, int, str]


def _places(text: str) -> list[_Place]:
    """Return (begin, end, folded) of each token of ``text``, cut where case changes too."""
    places: list[_Place] = []
    for found in _TOKEN.finditer(text):
        begin = found.start()
        for part in _CASE.split(found[0]) if not (found[0].islower() or found[0].isupper()) else (found[0],):
            places.append((begin, begin + len(part), fold(part)))
            begin += len(part)
    return places


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _joined(text: str) -> set[str]:
    return {joined for form in _spellings(text) if (joined := "".join(form))}


def _stands_alone(text: str, place: _Place, form: str) -> bool:
    """Say whether a short form has token borders on both sides that are not a change of letters to digits."""
    if len(form) > _ID_DIGITS or (len(form) >= STRONG and not form.isdigit()):
        return True
    begin, end = place[0], place[1]
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
