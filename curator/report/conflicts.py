"""What image sets disagreed about, and how that was settled: from the reasons that a plan keeps with its changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from curator.findings import Change
from curator.plan.units import Kind, Role, Unit

_RULES: Final = frozenset({"merge", "resolve"})
"""Whose changes settle conflicts (`curator.campaign.resolving`, `curator.plan.merging`)."""


class Resolved(msgspec.Struct, frozen=True):
    """A conflict that was settled; ``image_sets`` is how many of them were changed for it."""

    found: str
    between: str
    settled: str
    image_sets: int


class Conflicts:
    """Collects conflicts while the units go by."""

    def __init__(self) -> None:
        self._elements: dict[tuple[str, str, str], set[str]] = {}
        self._merged: list[Resolved] = []

    def unit(self, unit: Unit) -> None:
        """Take in a merge: a series that lay in several image sets."""
        if unit.kind is not Kind.MERGE:
            return
        into = next((each.id for each in unit.members if each.role is Role.DESTINATION), "")
        sources = [each for each in unit.members if each.role is Role.SOURCE]
        self._merged.append(
            Resolved(
                "one series lay in several image sets",
                f"{len(sources) + 1} image sets",
                f"merged into image set {into}",
                len(sources),
            )
        )

    def change(self, image_set: str, element: str, change: Change) -> None:
        """Take in a change that made image sets agree."""
        if change.why.rule not in _RULES:
            return
        told = dict(change.why.detail)
        scope = told.get("scope") or ("series" if change.why.rule == "merge" else "patient or study")
        between = f"image sets of one {scope}"
        if weights := told.get("values weigh"):
            between += f" ({weights})"
        key = element, between, told.get("chosen") or "one value for all, as planned"
        self._elements.setdefault(key, set()).add(image_set)

    def found(self) -> Iterator[Resolved]:
        """Yield the merges, then the elements."""
        yield from self._merged
        for (element, between, settled), image_sets in sorted(self._elements.items()):
            yield Resolved(f"different values of {element}", between, settled, len(image_sets))
