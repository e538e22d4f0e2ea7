"""Whether a text had to change, and changed no more than that."""

from __future__ import annotations

import re
from typing import Final

from curator.dicom import Json
from curator.verify.expectation import Expectation
from curator.verify.maps import Maps, is_exact
from curator.verify.patterns import looks_like
from curator.verify.saying import is_nothing, strings
from curator.verify.terms import Terms, folded
from curator.verify.vocabulary import has_unknown

_WORD: Final = re.compile(r"[^\W_]+")
_UID_IN_TEXT: Final = re.compile(r"[0-2](?:\.\d+){3,}")


def unvetted(value: Json) -> bool:
    """Say whether a text holds a word that no vocabulary knows."""
    return any(has_unknown(text) and not is_nothing(text) for text in strings(value))


class Texts:
    """One subject's texts; remembers what each showed."""

    def __init__(self, terms: Terms, maps: Maps) -> None:
        self._terms = terms
        self._maps = maps
        self._reasons: dict[str, bool] = {}

    def value_explained(self, value: Json) -> bool:
        """Say whether a private value names the subject, however it is written, or an exact date."""
        return self.explained(value) or self.reading_explained(value) or any(map(is_exact, strings(value)))

    def reading_explained(self, before: Json) -> bool:
        """Say whether bytes, read as text, name the subject."""
        from curator.verify.decoding import decoded_base64, said

        return any(
            self._terms.found(reading, weak=False)
            for text in strings(before)
            if (data := decoded_base64(text)) is not None
            for reading in said(data)
        )

    def kept(self, expected: Expectation, before: Json, after: Json) -> bool:
        """Say whether a text changed no more than it had to: nothing new in it, and a reason to change it."""
        old, new = strings(before), strings(after)
        if new and len(old) != len(new):
            return False
        for number, one in enumerate(old):
            other = new[number] if new else ""
            if one == other:
                continue
            if expected.action == "K" and not self.explained(one):
                return False
            if other and not is_nothing(other) and not self._made_of(other, one):
                return False
        return True

    def explained(self, before: Json) -> bool:
        """Say whether a kept text names the subject, holds a UID or looks like an identifier."""
        return any(self._one_explained(text) for text in strings(before))

    def _one_explained(self, text: str) -> bool:
        known = self._reasons.get(text)
        if known is None:
            from curator.verify.decoding import hidden_in

            known = self._reasons[text] = bool(
                self._terms.found(text, weak=True)
                or _UID_IN_TEXT.search(text)
                or looks_like(text)
                or any(self._terms.found(hidden, weak=True) for hidden in hidden_in(text))
            )
        return known

    def _made_of(self, after: str, before: str) -> bool:
        """Say whether ``after``'s words are those of ``before``, in order; replaced UIDs count as theirs."""
        known = self._maps.replacement
        plain = _UID_IN_TEXT.sub(lambda found: known(found[0]) or " ", before.replace("\0", ""))
        after = _UID_IN_TEXT.sub(lambda found: found[0] if found[0] in plain else " ", after)
        if not after.isascii():  # scripts without spaces: a name is cut out of the middle of a word
            letters = iter(folded(plain))
            return all(any(letter == other for other in letters) for letter in folded(after))
        words = iter(_WORD.findall(folded(plain)))
        left = _WORD.findall(folded(after))
        return all(any(word == other for other in words) for word in left) or folded(after) in folded(plain)
