"""Resolving conflicts: what was merged once is not merged again while it waits for `finish`."""

from __future__ import annotations

from curator.campaign.planning import Planning
from curator.campaign.resolving import resolve
from curator.catalogue import Catalogue
from curator.plan.merging import Choice
from curator.plan.units import Kind, Unit
from tests.campaign.ground import Ground, document, ground


def _resolved(place: Ground) -> tuple[list[Unit], Planning]:
    planning = Planning()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = frozenset(row.id for row in catalogue.rows())
        return list(resolve(catalogue, planning, how=Choice.MAJORITY, within=rows)), planning


def test_a_second_run_before_finish_plans_nothing_and_says_why() -> None:
    with ground() as place:
        place.add(document(3), frames=1)
        place.add(document(2, first=4), frames=1)
        first, _ = _resolved(place)
        assert [unit.kind for unit in first] == [Kind.MERGE]
        assert place.apply(place.campaign(first)).complete
        again, planning = _resolved(place)
        assert again == []
        assert any("waits for `curator finish`" in why for _, why in planning.skipped)
