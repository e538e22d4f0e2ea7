"""An image set of several series and more frames than one copy takes is published like any other."""

from __future__ import annotations

import json

import pytest

from curator.campaign.attesting import attest
from curator.campaign.deidentifying import into_crosswalk
from curator.campaign.finishing import finish
from curator.campaign.journal import Status
from curator.campaign.publishing import Publishing
from curator.campaign.undoing import undo
from curator.campaign.verifying import verify
from curator.plan.leftout import Reason
from curator.plan.publishing import plan_publication
from curator.plan.reimport import Route
from curator.plan.units import Copy, Import
from tests.campaign.ground import WHO, Ground, document, ground, parsed
from tests.campaign.test_publishing import RESEARCH, patient, planned


def add_series(place: Ground, *series: tuple[int, int]) -> str:
    """Store one image set of as many series as are given, each of so many instances of so many frames."""
    instances = []
    first = 1
    for number, (count, frames) in enumerate(series, 1):
        tree = document(count, first=first, patient=patient("Roe^Richard", "MRN-4711"))
        text = json.dumps(tree).replace('"1.2.3.4"', f'"1.2.3.5.{number}"')
        instances += parsed(json.loads(text), frames=frames)
        first += count
    return place.store.storage.add_image_set(place.imaging.datastore_id, instances).image_set_id


@pytest.mark.parametrize("edition", ["2025-01", "2025-07"])
def test_every_series_comes_with_the_first_copy_and_the_rest_after_it(edition: str) -> None:
    with ground(edition) as place:
        original = add_series(place, (1_100, 1), (100, 1))
        before = place.imaging.metadata(original)
        units, found, planning = planned(
            place, how=Publishing(RESEARCH, place.project.keyed, route=Route.UPDATE)
        )
        assert (planning.skipped, found.refused) == ([], [])
        campaign = place.campaign(units)
        into_crosswalk(place.project, campaign.id, found)
        applied = place.apply(campaign)
        assert applied.complete, applied.open
        copies = [step for step in units[0].steps if isinstance(step, Copy)]
        assert [step.frames for step in copies] == [1_000, 200, 1_000, 200]
        published = place.imaging.document(campaign.state()[0].names["$2"])
        assert sorted(len(node.instances) for node in published.series.values()) == [100, 1_100]
        assert b"Roe" not in published.encode()
        assert [proof.problems for proof in verify(campaign, place.imaging, WHO)] == [()]
        attested = attest(campaign, place.imaging, RESEARCH, WHO)
        assert attested.holds, attested.violations
        assert place.imaging.metadata(original) == before


def test_series_whose_smallest_instances_one_copy_cannot_take_come_in_by_import() -> None:
    """A copy of 600 frames of the one series leaves no room for 600 of the other."""
    with ground() as place:
        add_series(place, (2, 600), (1, 600))
        (unit,), _, planning = planned(place)
        assert planning.skipped == []
        (brought,) = (step for step in unit.steps if isinstance(step, Import))
        assert (list(brought.chosen), brought.frames) == (["1.2.3.5.2"], 600)
        assert [step.frames for step in unit.steps if isinstance(step, Copy)] == [600, 600, 600, 600]
        assert any("an image set of their own" in loss for loss in unit.losses)
        (unit,), _, _ = planned(place, how=Publishing(RESEARCH, place.project.keyed, route=Route.UPDATE))
        assert [(each.reason, each.count) for each in unit.left_out if each.reason is Reason.APART] == [
            (Reason.APART, 1)
        ]
        campaign = place.campaign([unit])
        assert place.apply(campaign).complete
        assert [proof.problems for proof in verify(campaign, place.imaging, WHO)] == [()]
        published = place.imaging.document(campaign.state()[0].names["$2"])
        assert [len(node.instances) for node in published.series.values()] == [2]


def test_what_finish_deleted_is_rebuilt_with_every_series() -> None:
    with ground() as place:
        original = add_series(place, (1_001, 1), (1, 1))
        campaign = place.campaign([plan_publication(place.party(original), (), replaces=True)])
        assert place.apply(campaign).complete
        (done,) = finish(campaign, place.imaging, WHO, confirmed=True)
        assert done.deleted == (original,)
        (undone,) = undo(campaign, place.imaging, WHO)
        assert undone.status is Status.REBUILT
        rebuilt = campaign.state()[0].names["$r1"]
        series = place.imaging.document(rebuilt).series
        assert [len(node.instances) for node in series.values()] == [1_001, 1]
