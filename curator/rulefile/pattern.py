"""Regular expressions that cannot run away: RE2.

A rule file may come from somebody else, and a backtracking engine lets one pattern hang a campaign (ReDoS).
RE2 runs in time linear in the text and in bounded memory, whatever the pattern; so there is no time-out, and a
result never depends on the machine. The price is what needs backtracking: look-around and back-references.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

LONGEST_PATTERN: Final = 1_000
MEMORY: Final = 1 << 20  # bytes of automaton that one pattern may take


@lru_cache(maxsize=1024)
def _compiled(text: str, fold: bool) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    options.case_sensitive = not fold
    return re2.compile(text, options)


@lru_cache(maxsize=8192)
def _found(pattern: str, fold: bool, text: str) -> bool:
    """Search, and remember: the instances of a series repeat most values."""
    return _compiled(pattern, fold).search(_sound(text)) is not None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression in RE2's syntax (https://github.com/google/re2/wiki/Syntax)."""

    text: str
    fold: bool = False  # upper and lower case are the same

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Return the pattern; ValueError with what was expected if it is none."""
        if len(text) > LONGEST_PATTERN:
            raise ValueError(f"a regular expression of at most {LONGEST_PATTERN:,} characters")
        import re2

        try:
            _compiled(text, False)
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
            raise ValueError(
                f"a regular expression (RE2 syntax, without look-around and back-references): {said}"
            ) from None
        except UnicodeError:
            raise ValueError("a regular expression of Unicode text") from None
        return cls(text)

    @property
    def groups(self) -> int:
        """How many groups the pattern captures."""
        return int(_compiled(self.text, self.fold).groups)

    def found(self, text: str) -> bool:
        """Say whether the pattern occurs anywhere in ``text``."""
        return _found(self.text, self.fold, text)

    def group(self, text: str, number: int) -> str | None:
        """Return what group ``number`` (0: all of it) holds at the first occurrence; None if there is none."""
        match = _compiled(self.text, self.fold).search(_sound(text))
        return None if match is None else (match.group(number) or "")

    def replaced(self, text: str, replacement: str) -> str:
        """Return ``text`` with every occurrence replaced; ``\\1`` to ``\\9`` stand for groups, ``\\\\`` for itself."""
        return str(_compiled(self.text, self.fold).sub(replacement, _sound(text)))


def _sound(text: str) -> str:
    """Return ``text`` without lone surrogates, which RE2's UTF-8 cannot carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
