"""The store, written apart from the planner, makes of the planned calls exactly what the planner predicts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.campaign.journal import Status
from curator.campaign.undoing import undo
from curator.imageset import content_hash, same
from curator.plan import Payload
from curator.plan.merging import Party
from curator.plan.publishing import plan_in_place, plan_publication
from curator.plan.units import Update, replay
from tests.campaign.ground import WHO, Ground, ground
from tests.plan.documents import changes_to, samples
from tests.soak import soak_count

quick = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
long = settings(quick, max_examples=soak_count(2_000))
LIMITS = st.sampled_from([10_000, 900, 400])


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def step_by_step(place: Ground, data: st.DataObject, limit: int) -> None:
    image_set = place.add(data.draw(samples()).tree)
    doc = place.imaging.document(image_set)
    party = Party(image_set, "1", doc)
    unit = plan_in_place(party, data.draw(changes_to(doc)), payload=Payload(limit=limit))
    version = "1"
    for index, step in enumerate(unit.steps, 1):
        assert isinstance(step, Update)
        updatable, removable = step.blobs
        version = place.imaging.update(
            image_set, version, updatable=updatable, removable=removable, force=bool(step.because)
        )
        seen = place.imaging.wait(image_set)
        assert (seen.version, seen.workflow, seen.message) == (version, "UPDATED", "")
        assert same(place.imaging.document(image_set), replay(unit.steps, {image_set: doc}, index)[image_set])
    assert content_hash(place.imaging.document(image_set)) == unit.members[0].predicted


@quick
@given(st.data(), LIMITS)
def test_every_version_is_as_predicted(place: Ground, data: st.DataObject, limit: int) -> None:
    step_by_step(place, data, limit)


@pytest.mark.soak
@long
@given(st.data(), LIMITS)
def test_every_version_is_as_predicted_at_length(place: Ground, data: st.DataObject, limit: int) -> None:
    step_by_step(place, data, limit)


@quick
@given(st.data())
def test_undo_of_apply_is_nothing(place: Ground, data: st.DataObject) -> None:
    image_set = place.add(data.draw(samples(most_instances=2)).tree)
    doc = place.imaging.document(image_set)
    make = data.draw(st.sampled_from([plan_in_place, plan_publication]))
    unit = make(Party(image_set, "1", doc), data.draw(changes_to(doc)))
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    state = campaign.state().get(0)
    for name, wanted in unit.made.items():
        assert state is not None
        assert content_hash(place.imaging.document(state.id_of(name))) == wanted
    undone = undo(campaign, place.imaging, WHO)
    assert all(each.status is Status.UNDONE for each in undone)
    assert same(place.imaging.document(image_set), doc)
    if state is not None:
        left = {summary.id for summary in place.imaging.search()}
        assert not left & set(state.names.values())
