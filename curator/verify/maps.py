"""The maps a publication used, as its documents show them: consistent, one to one, and moving dates alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

_DAY: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


@dataclass(slots=True)
class Pairs:
    """Pairs of original and published values that must be a map, and one to one."""

    forward: dict[str, str] = field(default_factory=dict, repr=False)
    backward: dict[str, str] = field(default_factory=dict, repr=False)

    def take(self, original: str, published: str) -> str:
        """Take a pair; return what is wrong with it: "" or the sentence."""
        if self.forward.setdefault(original, published) != published:
            return "the same original became two different values"
        if self.backward.setdefault(published, original) != original:
            return "two originals became the same value"
        return ""

    def agrees(self, other: Pairs) -> bool:
        """Say whether both together are a map, and one to one."""
        return all(
            mine.get(key, value) == value
            for mine, theirs in ((self.forward, other.forward), (self.backward, other.backward))
            for key, value in theirs.items()
        )

    def join(self, other: Pairs) -> None:
        """Take in all pairs of another map that agrees with this one."""
        self.forward.update(other.forward)
        self.backward.update(other.backward)


@dataclass(slots=True)
class Maps:
    """The maps of one publication, over all its subjects: pass the same object for each, or join those of each."""

    uids: Pairs = field(default_factory=Pairs)
    patients: Pairs = field(default_factory=Pairs)
    asked: set[str] = field(default_factory=set, repr=False)
    """Original UIDs whose replacement was asked for: had another subject given one, it would have mattered."""

    @classmethod
    def of(cls, uids: Mapping[str, str], pseudonyms: Mapping[str, str]) -> Maps:
        """Return maps that begin with what the publication claims."""
        maps = cls()
        for original, published in uids.items():
            maps.uids.take(original, published)
        for original, published in pseudonyms.items():
            maps.patients.take(original, published)
        return maps

    def replacement(self, original: str) -> str | None:
        """Return what a UID became, None where that is not known."""
        self.asked.add(original)
        return self.uids.forward.get(original)

    def join(self, other: Maps) -> bool:
        """Take in the maps of a subject that was verified by itself; False, and nothing, where it should not have been.

        That is where a pair contradicts one of the subjects before, or where one of theirs was missed.
        """
        missed = any(uid in self.uids.forward and uid not in other.uids.forward for uid in other.asked)
        if missed or not (self.uids.agrees(other.uids) and self.patients.agrees(other.patients)):
            return False
        self.uids.join(other.uids)
        self.patients.join(other.patients)
        return True


def days_between(original: str, published: str) -> int | None:
    """Return by how many days a DA or DT moved; None where either is no exact date or the time changed too."""
    one, other = _DAY.match(original.strip()), _DAY.match(published.strip())
    if one is None or other is None or original.strip()[one.end() :] != published.strip()[other.end() :]:
        return None
    try:
        return (_date(other) - _date(one)).days
    except ValueError:
        return None


def is_exact(value: str) -> bool:
    """Say whether a DA or DT names a day of the calendar."""
    found = _DAY.match(value.strip())
    try:
        return found is not None and bool(_date(found))
    except ValueError:
        return False


def _date(found: re.Match[str]) -> date:
    return date(int(found[1]), int(found[2]), int(found[3]))
