"""What was merged away counts as what it is: no member of its series any more, from the merge until its undoing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curator.campaign.conflicts import gather
from curator.campaign.undoing import undo
from curator.catalogue import Catalogue, Tags, Where
from curator.checks import run
from curator.checks.tags import MERGED_INTO
from curator.dicom import Json
from curator.plan.merging import plan_merge
from tests.campaign.ground import WHO, Ground, document, ground, node
from tests.catalogue.test_refresh import counted


def said(catalogue: Catalogue) -> list[str]:
    """The codes of what is said of torn series and duplicates, and whether lists say so too."""
    codes = [finding.code for finding in run(catalogue.view(), ["CUR1", "CUR2"])]
    rows = catalogue.rows(Where.parse("conflict"))
    return sorted(codes) + ["row"] * len(rows) + ["group"] * len(gather(catalogue))


@pytest.fixture(params=["2025-01", "2025-07"])
def place(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with ground(edition=request.param) as made:
        yield made


def halves(place: Ground) -> tuple[str, str]:
    return place.add(document(3), frames=1), place.add(document(2, first=4), frames=1)


def alone(number: int) -> dict[str, Json]:
    """A series in one image set."""
    uid = f"1.2.3.9.{number}"
    made = document(1, first=20 + number, series={"SeriesInstanceUID": uid})
    series = node(made, "Study", "Series")
    series[uid] = series.pop("1.2.3.4")
    return made


def test_who_merges_knows_it_without_asking_for_a_tag(place: Ground) -> None:
    first, second = halves(place)
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        torn = said(catalogue)
        assert torn
        campaign = place.campaign([plan_merge([place.party(first), place.party(second)])])
        assert place.apply(campaign).complete
        calls = counted(place.imaging)
        catalogue.refresh(place.imaging)
        assert said(catalogue) == []
        assert catalogue.merged_away() == [second]
        assert all(each.complete for each in undo(campaign, place.imaging, WHO))
        catalogue.refresh(place.imaging)
        assert said(catalogue) == torn
        assert calls["ListTagsForResource"] == 0


def test_what_others_merged_is_read_where_a_series_changed_and_nowhere_else(place: Ground) -> None:
    first, second = halves(place)
    for number in range(5):
        place.add(alone(number), frames=1)
    with Catalogue.open(place.folder / "mine", place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging, tags=Tags.TORN)
        torn = said(catalogue)
        calls = counted(place.imaging)
        campaign = place.campaign([plan_merge([place.party(first), place.party(second)])])
        assert place.apply(campaign).complete
        catalogue.refresh(place.imaging, tags=Tags.TORN)
        assert said(catalogue) == []
        assert calls["ListTagsForResource"] <= 2
        assert all(each.complete for each in undo(campaign, place.imaging, WHO))
        catalogue.refresh(place.imaging, tags=Tags.TORN)
        assert said(catalogue) == torn
        assert calls["ListTagsForResource"] <= 4


def test_a_new_catalogue_finds_what_was_merged_in_one_refresh(place: Ground) -> None:
    first, second = halves(place)
    assert place.apply(place.campaign([plan_merge([place.party(first), place.party(second)])])).complete
    with Catalogue.open(place.folder / "new", place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging, tags=Tags.TORN)
        assert said(catalogue) == []
        assert catalogue.merged_away() == [second]


def test_a_merge_of_duplicates_alone_makes_no_version_and_is_known_all_the_same(place: Ground) -> None:
    first, second = place.add(document(3), frames=1), place.add(document(2), frames=1)
    with Catalogue.open(place.folder / "mine", place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging, tags=Tags.TORN, feed=place.store)
        assert "CUR201" in said(catalogue)
        campaign = place.campaign([plan_merge([place.party(first), place.party(second)])])
        assert {type(step).__name__ for unit in campaign.plan.units() for step in unit.steps} == {"Tag"}
        assert place.apply(campaign).complete
        assert catalogue.behind(place.store, place.imaging.datastore_id)
        catalogue.refresh(place.imaging, tags=Tags.TORN, feed=place.store)
        assert said(catalogue) == []
        undo(campaign, place.imaging, WHO)
        catalogue.refresh(place.imaging, tags=Tags.TORN, feed=place.store)
        assert "CUR201" in said(catalogue)


def test_what_holds_an_instance_of_its_own_is_not_merged_away_whatever_its_tag_says() -> None:
    with ground() as place:
        first, second = halves(place)
        place.imaging.tag(place.imaging.image_set(second).arn, {MERGED_INTO: first})
        with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
            catalogue.refresh(place.imaging, tags=Tags.COPIES)
            assert catalogue.merged_away() == []
            assert "CUR101" in said(catalogue)


def test_a_document_that_was_merged_away_is_examined_only_where_it_is_named() -> None:
    with ground() as place:
        first, second = halves(place)
        assert place.apply(place.campaign([plan_merge([place.party(first), place.party(second)])])).complete
        with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
            catalogue.refresh(place.imaging, tags=Tags.TORN)
            view = catalogue.view()
            about = {identifier for each in run(view) for identifier, _ in each.image_sets}
            assert about == {first}
            assert {each for found in run(view, ids=[second]) for each, _ in found.image_sets} == {second}
