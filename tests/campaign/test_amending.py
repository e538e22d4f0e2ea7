"""What a reviewer excludes makes another plan, which says by whom; it is applied, proved and reported like any."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from curator.campaign.amending import amend, begin, discard, excluded, original_of
from curator.campaign.undoing import undo
from curator.campaign.verifying import verify
from curator.errors import Refused
from curator.plan.excluding import Exclusion
from curator.plan.leftout import Reason
from curator.plan.studies import plan_study
from tests.campaign.ground import ABSENT, WHO, Ground, change, document, ground


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def test_excluded_changes_are_not_made_and_the_head_says_by_whom(place: Ground) -> None:
    one, two = place.add(document()), place.add(document(first=5))
    described = change("Study/StudyDescription", "Head", "calm", rule="describe")
    named = change("Patient/PatientName", "Doe^Jane", "X", rule="name")
    whole = place.plan([place.update(0, one, described, named), place.update(1, two, described, named)])
    what = [Exclusion(rule="name"), Exclusion(set=two)]
    made = amend(whole, excluded(what, "ada"), place.folder / "less.jsonl", place.imaging.document)
    assert made.digest != whole.digest
    assert (made.header.amends, made.cost.changes, made.cost.units) == (whole.digest, 1, 1)
    assert [(each.what, each.by, each.changes, each.units) for each in made.header.excluded] == [
        (what[0], "ada", 2, 0),
        (what[1], "ada", 2, 1),
    ]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [name for name, _ in made.skipped()] == [two]
    (unit,) = made.units()
    assert [(each.reason, each.rule, each.count) for each in unit.left_out] == [
        (Reason.NOT_APPROVED, "name", 1)
    ]
    campaign = place.campaign(made.units())
    assert place.apply(campaign).complete
    assert all(proof.holds for proof in verify(campaign, place.imaging, WHO))
    now = place.imaging.document(one)
    assert (now.study["StudyDescription"], now.patient["PatientName"]) == ("calm", "Doe^Jane")
    assert place.imaging.image_set(two).version == "1"
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))


def test_it_is_planned_from_the_version_that_was_reviewed(place: Ground) -> None:
    """An image set that moved since is refused when the plan is applied, as it would have been before."""
    one = place.add(document())
    described = change("Study/StudyDescription", "Head", "calm", rule="describe")
    named = change("Patient/PatientName", "Doe^Jane", "X", rule="name")
    whole = place.campaign([place.update(0, one, described, named)])
    assert place.apply(place.campaign([place.update(0, one, change("Study/StudyID", "1", "2"))])).complete
    less = begin(whole, excluded([Exclusion(rule="name")], "ada"), place.imaging.document, lambda *_: None)
    (unit,) = less.plan.units()
    assert unit.members[0].version == "1"
    assert not place.apply(less).complete


def test_an_exclusion_is_taken_back_by_going_back_to_the_plan_it_was_made_from(place: Ground) -> None:
    one = place.add(document())
    changes = [
        change("Study/StudyDescription", "Head", "calm", rule="describe"),
        change("Patient/PatientName", "Doe^Jane", "X", rule="name"),
    ]
    whole = place.campaign([place.update(0, one, *changes)])
    less = begin(whole, excluded([Exclusion(rule="name")], "ada"), place.imaging.document, lambda *_: None)
    assert original_of(less).id == whole.id
    assert original_of(whole).id == whole.id
    assert discard(less)
    assert [folder.name for folder in place.project.campaigns()] == [whole.id]
    assert place.apply(whole).complete
    assert not discard(whole), "what was begun is never thrown away"
    assert list((place.project.root / "plans").iterdir()) == []


def test_sets_of_a_study_are_parted_with_the_reason(place: Ground) -> None:
    with ground("2025-07") as primary:
        import json

        second = json.loads(json.dumps(document(2, first=5)).replace("1.2.3.4", "1.2.3.9"))
        sets = [primary.add(document(2)), primary.add(second)]
        calm = change("Study/StudyDescription", "Head", "calm", rule="describe")
        comment = change(
            "Series[1.2.3.9]/Instances[1.2.3.9.5]/ImageComments", ABSENT, "seen", "LT", "comment"
        )
        unit = plan_study([primary.party(each) for each in sets], {sets[0]: [calm], sets[1]: [calm, comment]})
        whole = primary.plan([unit])
        target = primary.folder / "less.jsonl"
        made = amend(whole, excluded([Exclusion(rule="comment")], "ada"), target, primary.imaging.document)
        campaign = primary.campaign(made.units())
        assert primary.apply(campaign).complete
        assert all(proof.holds for proof in verify(campaign, primary.imaging, WHO))
        assert [primary.imaging.document(each).study["StudyDescription"] for each in sets] == ["calm"] * 2
        assert "ImageComments" not in json.dumps(primary.imaging.document(sets[1]).to_json())


def test_a_plan_of_nothing_is_refused_and_no_file_is_left(place: Ground) -> None:
    one = place.add(document())
    whole = place.plan([place.update(0, one, change("Study/StudyDescription", "Head", "calm"))])
    target = place.folder / "less.jsonl"
    for what in (Exclusion(rule="R"), Exclusion(rule="other")):
        with pytest.raises(Refused):
            amend(whole, excluded([what], "ada"), target, place.imaging.document)
        assert not target.exists()
