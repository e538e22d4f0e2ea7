"""``--promote``: asked of the store when it is planned; where only the service knows, the plan and its refusal say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curator.campaign.applying import apply
from curator.campaign.journal import Status
from curator.campaign.promoting import ASSUMES, NOT_BEGUN
from curator.campaign.publications import Request, Written, write_publication
from curator.campaign.undoing import undo
from curator.catalogue import Catalogue
from curator.errors import UsageError
from curator.plan.reimport import Route
from tests.campaign.ground import WHO, Ground, document, ground
from tests.campaign.test_publishing import patient

PROMOTED = Request("research", promote=True)
OLDER, NEWER, AWS = "local:/store", "local:/store?edition=2025-07", f"aws:{'0' * 32}"


def written(place: Ground, store: str, request: Request = PROMOTED) -> Written:
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        path = place.folder / "promoted.plan"
        return write_publication(catalogue, place.project, place.imaging, request, path, store=store)


def test_a_store_without_primary_image_sets_is_known_when_it_is_planned() -> None:
    with ground() as place:
        place.add(document(1))
        with pytest.raises(UsageError, match=r"edition 2025-01.*no primary image sets") as refused:
            written(place, OLDER)
        assert "edition=2025-07" in refused.value.hint
        assert not (place.folder / "promoted.plan").exists()
        assert ASSUMES not in written(place, OLDER, replace(PROMOTED, promote=False)).plan.header.options


def test_elsewhere_the_plan_says_what_it_assumes_unless_a_primary_image_set_was_seen_there() -> None:
    with ground() as place:
        place.add(document(1))
        assert "knows primary image sets" in written(place, AWS).plan.header.options[ASSUMES]
    with ground("2025-07") as place:
        place.add(document(1))
        for store in (AWS, NEWER):
            assert ASSUMES not in written(place, store).plan.header.options


def test_what_is_published_becomes_primary() -> None:
    with ground("2025-07") as place:
        place.add(document(2, patient=patient("Roe^Richard", "A1")))
        campaign = place.campaign(written(place, NEWER).plan.units())
        assert place.apply(campaign).complete
        assert place.imaging.image_set(campaign.state()[0].names["$2"]).is_primary


def test_a_refusal_says_what_to_do_and_no_other_unit_is_begun_to_fail_at_its_end() -> None:
    with ground() as place:
        originals = {place.add(document(1, patient=patient(f"Roe^{each}", each))) for each in "ABCDE"}
        campaign = place.campaign(written(place, AWS).plan.units())
        applied = apply(campaign, place.imaging, WHO, workers=1)
        assert applied.statuses == {Status.FAILED: 1, Status.WAITING: 4}
        reasons = [reason for *_, reason in applied.open]
        (refused,) = (reason for reason in reasons if reason != NOT_BEGUN)
        assert len(reasons) == 5
        assert "promoteToPrimary" in refused
        assert "curator undo" in refused
        assert "without --promote" in refused
        undo(campaign, place.imaging, WHO)
        assert {each.id for each in place.imaging.search()} == originals


@pytest.mark.parametrize(
    "request_",
    [
        replace(PROMOTED, in_place=True),
        replace(PROMOTED, to="local:/other"),
        replace(PROMOTED, route=Route.REIMPORT),
    ],
)
def test_only_copies_can_be_promoted(request_: Request) -> None:
    with pytest.raises(UsageError, match="Only copies"):
        request_.check()
