"""The service's behaviour as it changed over time: what differs between editions, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curator.errors import UsageError


@dataclass(frozen=True, slots=True)
class Edition:
    """How the service behaved at a time; named by the month of its guide."""

    name: str
    primary_image_sets: bool
    """One set a series is primary: imports extend it, its identity cannot be updated, copies are not primary.

    Where false, ``isPrimary`` is answered as false and the parameters that concern it are refused.
    """


EDITIONS: Mapping[str, Edition] = {
    edition.name: edition
    for edition in (Edition("2025-01", primary_image_sets=False), Edition("2025-07", primary_image_sets=True))
}


def edition(name: str) -> Edition:
    """Return the edition of that name; UsageError when there is none."""
    if name not in EDITIONS:
        raise UsageError(f"No edition {name!r} of the service is known", hint=f"Known: {', '.join(EDITIONS)}")
    return EDITIONS[name]
