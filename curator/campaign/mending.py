"""From findings to units: the changes that no person needs to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from curator.campaign.planning import SAFE_ONLY, party_of
from curator.findings import Change, Finding, Safety
from curator.plan.publishing import plan_in_place

if TYPE_CHECKING:
    from curator.catalogue import Catalogue
    from curator.plan.units import Unit


def safe_changes(findings: Iterable[Finding]) -> dict[str, list[Change]]:
    """Return the safe changes by image set; where two checks would change one element, the first one's."""
    found: dict[str, dict[str, Change]] = {}
    for finding in findings:
        for identifier, change in finding.changes:
            if change.safety is Safety.SAFE:
                found.setdefault(identifier, {}).setdefault(str(change.path), change)
    return {identifier: list(changes.values()) for identifier, changes in found.items()}


def mending_units(catalogue: Catalogue, changes: Mapping[str, Sequence[Change]]) -> Iterator[Unit]:
    """Yield one unit an image set, of those whose document is in the catalogue."""
    number = 0
    for identifier, wanted in sorted(changes.items()):
        row, doc = catalogue.row(identifier), catalogue.document(identifier)
        if row is not None and doc is not None and row.read:
            yield plan_in_place(party_of(row, doc), wanted, number=number, allow=SAFE_ONLY)
            number += 1
