"""Words that say nothing of a person: what a cleaned description may keep without anybody's decision (PS3.15 E.3.5)."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from curator.verify.terms import folded

_WORD: Final = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_PART: Final = re.compile(r"\d+(?:\.\d+)?|[^\W\d]+")
_DIGITS: Final = 3
"""Longer numbers are years, times and record numbers."""


@cache
def words() -> frozenset[str]:
    """Return the folded words of DICOM's own code meanings and attribute names."""
    from curator.dicom._vocabulary import WORDS

    return frozenset(WORDS.split())


@cache
def terms() -> frozenset[str]:
    """Return the defined terms and enumerated values of code strings."""
    from curator.dicom.terms import DEFINED, ENUMERATED

    return frozenset[str]().union(*DEFINED.values(), *ENUMERATED.values())


def is_term(text: str) -> bool:
    """Say whether a code string is one of the standard's, or made of its words."""
    return text.strip() in terms() or all(word in words() for word in folded(text).replace("_", " ").split())


@lru_cache(maxsize=1 << 16)
def has_unknown(text: str) -> bool:
    """Say whether a word of ``text`` is neither the standard's nor a small number, with or without a unit."""
    return text not in terms() and not all(map(_is_known, _WORD.findall(text)))


def _is_known(word: str) -> bool:
    plain = folded(word)
    if plain in words():
        return True
    parts = _PART.findall(plain)
    return len(parts) <= 3 and all(
        (part[0].isdigit() and all(len(run) <= _DIGITS for run in part.split(".")))
        or part in words()
        or (len(part) == 1 and len(parts) > 1)
        for part in parts
    )
