"""What identifies a subject, gathered from all its originals and folded, so that spelling does not hide it.

A string is cut into words and numbers, at changes of letters to digits and of case too; neighbours are then
joined again and looked up. So ``MUELLER^Anna``, ``AnnaMüller``, ``anna_mueller`` and ``2020-01-31``,
``31 JAN 2020``, ``20200131`` need one entry each, and what stands inside a longer word is no hit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Final
from urllib.parse import unquote

from curator.dicom.homoglyphs import LOOKS_LATIN

SHORTEST: Final = 4
"""Characters from which a term is looked for everywhere; shorter ones in text elements only."""
_SHORTEST_NUMBER: Final = 6
"""Digits from which a number is looked for across separators: ``10.00`` is no echo of ``1000``."""
_MOST_PIECES: Final = 10

_PIECE: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\dA-Za-z_]+|\d+")
_WIDE: Final = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}")
_UID: Final = re.compile(r"(?<![\d.])[0-2](?:\.\d+){3,}")
_SHORT_DATE: Final = re.compile(r"(?<![\d.])(\d{1,2})[./-](\d{1,2})[./-](\d{1,2})(?!\d)")
_OTHER_MONTHS: Final = [
    [
        "januar",
        "februar",
        "marz",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "dezember",
    ],
    [
        "janvier",
        "fevrier",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "aout",
        "septembre",
        "octobre",
        "novembre",
        "decembre",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
]
_DIGITS: Final = re.compile(r"\d+")
_UMLAUTS: Final = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ø": "oe",
        "å": "aa",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
    }
)
_TITLES: Final = frozenset(
    [
        "dr",
        "prof",
        "mr",
        "mrs",
        "ms",
        "miss",
        "md",
        "phd",
        "dds",
        "do",
        "rn",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "sir",
        "madam",
        "herr",
        "frau",
        "dipl",
        "med",
        "mme",
        "mlle",
        "sra",
    ]
)
NOBODY: Final = frozenset(
    [
        "anonymous",
        "anonymized",
        "anonymised",
        "anon",
        "unknown",
        "none",
        "removed",
        "test",
        "na",
        "null",
        "nil",
        "deidentified",
        "patient",
        "name",
        "phantom",
        "unspecified",
        "undefined",
        "noname",
        "dummy",
        "default",
    ]
)
"""Words that stand where a name should be and name nobody."""
_MONTHS: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


@lru_cache(maxsize=1 << 16)
def folded(text: str) -> str:
    """Return ``text`` in one form for all spellings: NFKC, case, accents and letters that look alike folded."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return bare if bare.isascii() else bare.translate(LOOKS_LATIN)


def _squashed(text: str) -> str:
    return "".join(each for each in folded(text) if each.isalnum())


def readings(text: str) -> Iterator[str]:
    """Yield ``text`` and what it says once percent signs, entities, NULs and a wrong character set are undone."""
    yield text
    if "\0" in text:
        yield text.replace("\0", "")
    if "%" in text and (plain := unquote(text)) != text:
        yield plain
    if "&" in text and (plain := unescape(text)) != text:
        yield plain
    if not text.isascii():
        for wrong in ("latin-1", "cp1252"):
            try:
                yield text.encode(wrong).decode("utf-8")
            except UnicodeError:
                continue


def pieces(text: str) -> list[str]:
    """Return the folded words and numbers of ``text``, cut also where case changes and digits begin."""
    if text.isascii():
        return [found.lower() for found in _PIECE.findall(text)]
    composed = unicodedata.normalize("NFKC", text)
    if not composed.isascii():  # accents go before words are cut, so that none is cut at one
        composed = "".join(
            each for each in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(each)
        ).translate(LOOKS_LATIN)
    return [part for found in _PIECE.findall(composed) if (part := _squashed(found))]


@dataclass(slots=True)
class Terms:
    """One subject's identifiers: ``strong`` and ``weak`` by folded, run-together form, each with its kind."""

    strong: dict[str, str] = field(default_factory=dict, repr=False)
    weak: dict[str, str] = field(default_factory=dict, repr=False)
    uids: set[str] = field(default_factory=set, repr=False)
    wide: set[str] = field(default_factory=set, repr=False)
    """Names in scripts without spaces between words: looked for inside words too."""
    short_dates: set[str] = field(default_factory=set, repr=False)
    """Days with two digits of the year: looked for with separators only."""
    _heads: set[str] = field(default_factory=set, repr=False)
    _longest: int = 0

    # ── gathering ────────────────────────────────────────────────────────────────────────────────────

    def name(self, value: str) -> None:
        """Take a PN in all its component groups: each part, and the parts together in the usual orders."""
        for group in value.split("="):
            components = [part.strip() for part in group.split("^")]
            words = [
                word
                for component in components
                for word in re.split(r"[\s,]+", component)
                if len(pure := _squashed(word)) > 1 and pure not in _TITLES and pure not in NOBODY
            ]
            for word in words:
                self._word(word)
                for half in re.split(r"[-‐']", word):
                    if len(half) >= SHORTEST and half != word:
                        self._word(half)
            initials = [part for part in re.split(r"[\s,^]+", group) if part]
            if len(initials) > 1 and words:
                self._together(initials[0], initials[1])
            if len(components) > 1 and components[0] and components[1]:
                self._together(components[0], components[1])
                self._together(components[0].split()[-1], components[1].split()[0])
                if " " in components[0]:
                    self._word(components[0])

    def _word(self, word: str) -> None:
        for wide in _WIDE.findall(unicodedata.normalize("NFKC", word)):
            self.wide.add(wide)
        for form in _spellings(word):
            self._add(form, "name", strong=len(form) >= SHORTEST or not form.isascii())
            if len(form) > SHORTEST:
                self._add(f"{form}s", "name", strong=True)

    def _together(self, family: str, given: str) -> None:
        if _squashed(given) in _TITLES or _squashed(family) in _TITLES | NOBODY:
            return
        for one in _spellings(family):
            for other in _spellings(given):
                for form in (one + other, other + one):
                    self._add(form, "name", strong=len(form) >= SHORTEST + 1)
                if len(one) >= SHORTEST and other:
                    self._add(one + other[0], "name", strong=True)
                    self._add(other[0] + one, "name", strong=True)

    def identifier(self, value: str) -> None:
        """Take an id, a number, an address line or a place's name: whole, without zeros in front, its number."""
        for line in re.split(r"[\r\n^\\]+|, ", value):
            for form in _spellings(line):
                if form not in NOBODY:
                    self._add(form, "identifier", strong=len(form) >= SHORTEST)
                    if form.isdigit() and len(form.lstrip("0")) >= SHORTEST:
                        self._add(form.lstrip("0"), "identifier", strong=True)
        digits = "".join(_DIGITS.findall(value))
        if len(digits) >= _SHORTEST_NUMBER:
            self._add(digits, "identifier", strong=True)
            if len(bare := digits.lstrip("0")) > SHORTEST:
                self._add(bare, "identifier", strong=True)
            if value.strip().startswith("+"):
                for country in (1, 2, 3, len(digits) - 7):
                    if len(digits) - country >= 7:
                        self._add(digits[country:], "identifier", strong=True)
        for wide in _WIDE.findall(unicodedata.normalize("NFKC", value)):
            self.wide.add(wide)

    def date(self, value: str) -> None:
        """Take the day of a DA or DT in the usual spellings, run together."""
        digits = value.replace(".", "").replace("-", "")[:8]
        if not re.fullmatch(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", digits) or digits < "18500101":
            return
        year, month, day = digits[:4], digits[4:6], digits[6:]
        name = _MONTHS[int(month) - 1]
        forms = {year + month + day, day + month + year, month + day + year}
        foreign = {each[int(month) - 1] for each in _OTHER_MONTHS}
        for written in {name, name[:3], *foreign, *(each[:3] for each in foreign)}:
            for number in (day, day.lstrip("0")):
                for ending in ("", "st", "nd", "rd", "th"):
                    forms |= {f"{number}{ending}{written}{year}", f"{written}{number}{ending}{year}"}
                forms |= {f"{year}{written}{number}", f"{number}{written}{year[2:]}"}
        for form in forms:
            self._add(form, "date", strong=True)
        self.short_dates |= {day + month + year[2:], month + day + year[2:], year[2:] + month + day}

    def uid(self, value: str) -> None:
        """Take a UID; short ones look like version numbers, and are compared whole in UI elements only."""
        if value.count(".") >= 3 and len(value) >= 10:
            self.uids.add(value)

    def _add(self, form: str, kind: str, *, strong: bool) -> None:
        if len(form) < 2 or form in NOBODY:
            return
        (self.strong if strong else self.weak).setdefault(form, kind)
        self._longest = max(self._longest, len(form))
        self._heads |= {form[:1], form[:2]}

    # ── searching ────────────────────────────────────────────────────────────────────────────────────

    def found(self, text: str, *, weak: bool, across: bool = True) -> str:
        """Return the kind of identifier that stands in ``text``, "" when there is none.

        ``weak`` looks for short ones too, ``across`` over separators.
        """
        for reading in readings(text):
            kind = self._in_words(reading, weak=weak, across=across) or self._beside_words(reading)
            if kind:
                return kind
        return ""

    def _beside_words(self, text: str) -> str:
        if self.short_dates and any(
            "".join(part.zfill(2) for part in found) in self.short_dates
            for found in _SHORT_DATE.findall(text)
        ):
            return "date"
        if "." in text and self.uids and any(uid in self.uids for uid in _UID.findall(text)):
            return "UID"
        if self.wide and not text.isascii():
            composed = unicodedata.normalize("NFKC", text)
            if any(name in composed for name in self.wide):
                return "name"
        return ""

    def _in_words(self, text: str, *, weak: bool, across: bool) -> str:
        words = pieces(text)
        strong, longest = self.strong, self._longest
        for begin, word in enumerate(words):
            if word[0] == "0":
                if word not in strong and _without_zeros(word) in strong and _alone(text, word):
                    return strong[_without_zeros(word)]
            elif word[:2] not in self._heads:
                continue
            if word in strong and (len(word) > 5 or not word.isdigit() or _alone(text, word)):
                return strong[word]
            if weak and word in self.weak and not word.isdigit() and _alone(text, word):
                return f"short {self.weak[word]}"
            joined = word
            for other in words[begin + 1 : begin + _MOST_PIECES] if across else ():
                joined += other
                if len(joined) > longest:
                    break
                if (joined in strong or _without_zeros(joined) in strong) and (
                    len(joined) >= _SHORTEST_NUMBER or not joined.isdigit()
                ):
                    return strong.get(joined) or strong[_without_zeros(joined)]
        return ""


def _without_zeros(text: str) -> str:
    return text.lstrip("0") if text.isdigit() else text


def _alone(text: str, word: str) -> bool:
    """Say whether a short word or number stands between separators somewhere: ``b1000`` does not hold 1000."""
    return re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", folded(text)) is not None


def _spellings(text: str) -> Iterable[str]:
    """Return the run-together forms of a word or phrase: folded, transliterated, in a wrong character set."""
    forms = {_squashed(text)}
    if not text.isascii():
        forms.add(_squashed(unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)))
        for wrong in ("latin-1", "cp1252"):
            try:
                forms.add(_squashed(text.encode("utf-8").decode(wrong)))
            except UnicodeError:
                continue
    return {form for form in forms if form}
