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


@dataclass(slots=True)
class Maps:
    """The maps of one publication, over all its subjects: pass the same object for each."""

    uids: Pairs = field(default_factory=Pairs)
    patients: Pairs = field(default_factory=Pairs)

    @classmethod
    def of(cls, uids: Mapping[str, str], pseudonyms: Mapping[str, str]) -> Maps:
        """Return maps that begin with what the publication claims."""
        maps = cls()
        for original, published in uids.items():
            maps.uids.take(original, published)
        for original, published in pseudonyms.items():
            maps.patients.take(original, published)
        return maps


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
