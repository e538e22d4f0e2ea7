"""Clean Descriptors (113105): keep the tokens of a description that are known to be harmless, drop the rest."""

from __future__ import annotations

import re
from functools import cache

from curator.deid.text import cut, fold

_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})?")
_MIXED = re.compile(r"([a-z]{1,8})?(\d{1,3}(?:\.\d{1,3})?)([a-z]{1,8})?")  # T2, 5mm, 3.0T, fl3d


@cache
def vocabulary() -> frozenset[str]:
    """Return the folded words of DICOM's own code meanings, defined terms, and of sequence and unit names."""
    from curator.dicom._vocabulary import WORDS

    return frozenset(WORDS.split())


def is_safe(word: str) -> bool:
    """Say whether one word or number is harmless: in the vocabulary, or a short number with or without a unit.

    Numbers of four and more digits are not: years, times and record numbers look like that.
    """
    folded = fold(word)
    if folded in vocabulary() or _NUMBER.fullmatch(folded):
        return True
    mixed = _MIXED.fullmatch(folded)
    return mixed is not None and all(
        part is None or part in vocabulary() or len(part) == 1 for part in mixed.group(1, 3)
    )


def is_term(text: str) -> bool:
    """Say whether a code string is made of harmless words alone: a term, though it may be a person's name too."""
    words = fold(text).replace("_", " ").split()
    return bool(words) and all(word in vocabulary() for word in words)


def clean(text: str) -> str:
    """Return ``text`` with every word that is not known to be harmless taken out."""
    return cut(text, [found.span() for found in _WORD.finditer(text) if not is_safe(found[0])])
