"""Primary image sets of a study stay in agreement: one update for all, or a reason why not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from curator.campaign.undoing import undo
from curator.campaign.verifying import verify
from curator.findings import Change
from curator.imageset import same
from curator.plan.leftout import Reason
from curator.plan.studies import plan_study
from curator.plan.units import Role, Update
from tests.campaign.ground import ABSENT, WHO, Ground, change, document, ground


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground("2025-07") as made:
        yield made


def study(place: Ground) -> list[str]:
    """Two primary image sets: two series of one study."""
    second = json.loads(json.dumps(document(2, first=5)).replace("1.2.3.4", "1.2.3.9"))
    return [place.add(document(2)), place.add(second)]


def calm(value: str = "calm") -> Change:
    return change("Study/StudyDescription", "Head", value)


def test_a_study_element_is_changed_in_all_by_one_call(place: Ground) -> None:
    sets = study(place)
    before = [place.imaging.document(each) for each in sets]
    comment = change("Series[1.2.3.9]/Instances[1.2.3.9.5]/ImageComments", ABSENT, "seen", "LT")
    unit = plan_study([place.party(each) for each in sets], {sets[0]: [calm()], sets[1]: [calm(), comment]})
    wide = [step for step in unit.steps if isinstance(step, Update) and step.study_wide]
    assert [(step.set, step.also) for step in wide] == [(sets[0], (sets[1],))]
    assert [member.role for member in unit.members] == [Role.TARGET, Role.STUDY]
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    assert all(proof.holds and proof.checked for proof in verify(campaign, place.imaging, WHO))
    assert [place.imaging.image_set(each).version for each in sets] == ["2", "3"]
    assert {place.imaging.document(each).study["StudyDescription"] for each in sets} == {"calm"}
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))
    assert all(same(place.imaging.document(each), doc) for each, doc in zip(sets, before, strict=True))


def test_one_rule_is_taken_back_in_all_sets_of_the_study(place: Ground) -> None:
    from curator.campaign.planning import done_as_now, plan_without_rule

    sets = study(place)
    comment = change("Series[1.2.3.9]/Instances[1.2.3.9.5]/ImageComments", ABSENT, "seen", "LT", "comment")
    kept = change("Series[1.2.3.4]/Instances[1.2.3.4.1]/ImageComments", ABSENT, "kept", "LT", "other")
    unit = plan_study(
        [place.party(each) for each in sets], {sets[0]: [calm(), kept], sets[1]: [calm(), comment]}
    )
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    for rule in ("R", "comment"):
        back = place.campaign(plan_without_rule(done_as_now(campaign, place.imaging), rule))
        assert place.apply(back).complete
        assert all(proof.holds for proof in verify(back, place.imaging, WHO))
    assert {place.imaging.document(each).study["StudyDescription"] for each in sets} == {"Head"}
    texts = [json.dumps(place.imaging.document(each).to_json()) for each in sets]
    assert ["kept" in texts[0], "seen" in texts[1]] == [True, False]


def test_sets_that_do_not_agree_are_left_alone(place: Ground) -> None:
    sets = study(place)
    unit = plan_study([place.party(each) for each in sets], {sets[0]: [calm()], sets[1]: [calm("other")]})
    assert unit.steps == ()
    assert [(each.reason, each.count) for each in unit.left_out] == [(Reason.PRIMARY_STUDY, 2)]


def test_what_the_service_forbids_on_primary_sets_is_named(place: Ground) -> None:
    sets = study(place)
    wanted = [change("Patient/PatientName", "Doe^Jane", "X", "PN"), calm()]
    unit = plan_study([place.party(each) for each in sets], {sets[0]: wanted, sets[1]: [calm()]})
    assert [each.reason for each in unit.left_out] == [Reason.PRIMARY]
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
