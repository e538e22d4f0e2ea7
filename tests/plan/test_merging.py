"""Which value wins where image sets disagree, what is copied, and what that costs."""

from __future__ import annotations

import copy
import json

import pytest

from curator.dicom import Json
from curator.errors import Refused
from curator.findings import ABSENT
from curator.imageset import ImageSetMetadata
from curator.plan.chunks import chunks, together
from curator.plan.cost import cost_of, spelled
from curator.plan.merging import Choice, Party, disagreements, plan_merge
from curator.plan.splitting import copy_steps, groups_of, plan_split
from curator.plan.units import Copy, Update
from tests.campaign.ground import document


def party(name: str, instances: int = 1, first: int = 1, updated: float = 0.0, **patient: Json) -> Party:
    doc = ImageSetMetadata.from_json(document(instances, first=first, patient=patient))
    return Party(name * 32, "1", doc, updated=updated)


def chosen(parties: list[Party], how: Choice, **given: Json) -> dict[str, object]:
    wanted = {f"Patient/{key}": value for key, value in given.items()}
    return {str(each.path): each.chosen for each in disagreements(parties, how, wanted)}


THREE = [
    party("a", 1, 1, 3.0, PatientName="A"),
    party("b", 5, 2, 2.0, PatientName="B"),
    party("c", 2, 7, 9.0, PatientName="C"),
]


@pytest.mark.parametrize(
    ("how", "name"), [(Choice.MAJORITY, "B"), (Choice.NEWEST, "C"), (Choice.DESTINATION, "A")]
)
def test_the_value_that_wins(how: Choice, name: str) -> None:
    assert chosen(THREE, how) == {"Patient/PatientName": name}


def test_a_given_value_decides_first() -> None:
    assert chosen(THREE, Choice.MAJORITY, PatientName="D") == {"Patient/PatientName": "D"}


def test_a_given_value_counts_also_where_all_agree() -> None:
    same = [party("a"), party("b", first=2)]
    assert chosen(same, Choice.MAJORITY) == {}
    assert chosen(same, Choice.MAJORITY, PatientSex="F") == {"Patient/PatientSex": "F"}


def test_what_is_filled_wins_over_what_is_empty_or_absent() -> None:
    parties = [party("a", 9, PatientSex=None), party("b", 1, 20, PatientSex="F"), party("c", 9, 30)]
    assert chosen(parties, Choice.MAJORITY) == {"Patient/PatientSex": "F"}
    assert chosen(parties, Choice.DESTINATION) == {"Patient/PatientSex": None}
    assert chosen([parties[2], parties[1]], Choice.DESTINATION) == {"Patient/PatientSex": ABSENT}


TIED = [party("a", 2, 1, 3.0, PatientName="A"), party("b", 2, 3, 3.0, PatientName="B"), party("c", 1, 5, 1.0)]


@pytest.mark.parametrize(
    ("how", "why"), [(Choice.MAJORITY, "No majority"), (Choice.NEWEST, "None is newest")]
)
def test_a_tie_is_won_by_none(how: Choice, why: str) -> None:
    (found,) = disagreements(TIED[:2], how)
    assert found.tied
    with pytest.raises(Refused, match=f"{why} for Patient/PatientName"):
        plan_merge(TIED[:2], how=how)
    assert not next(disagreements(TIED[:2], Choice.DESTINATION)).tied
    named = plan_merge(TIED[:2], how=how, given={"Patient/PatientName": "B"})
    assert named.changes == 1


def test_sets_that_agree_weigh_together() -> None:
    parties = [*TIED[:2], party("d", 1, 9, 3.0, PatientName="B")]
    assert chosen(parties, Choice.MAJORITY) == {"Patient/PatientName": "B"}


def test_between_empty_and_absent_there_is_no_tie() -> None:
    assert chosen([party("a"), party("b", first=2, PatientSex=None)], Choice.MAJORITY) == {
        "Patient/PatientSex": None
    }


def test_a_tie_leaves_the_destination_as_it_is_where_nothing_is_aligned() -> None:
    unit = plan_merge(TIED[:2], align=False)
    assert unit.changes == 0
    assert any("the destination's value stays" in loss for loss in unit.losses)


def test_sources_are_aligned_before_they_are_copied() -> None:
    unit = plan_merge(THREE)
    kinds = [(type(step).__name__, step.set[0]) for step in unit.steps]
    assert kinds == [
        ("Update", "a"),
        ("Update", "c"),
        ("Copy", "b"),
        ("Tag", "b"),
        ("Copy", "c"),
        ("Tag", "c"),
    ]
    assert not any(step.because for step in unit.steps if isinstance(step, Copy | Update))
    assert [member.versions for member in unit.members] == [3, 0, 1]
    assert unit.emptied == ("b" * 32, "c" * 32)


def test_different_series_are_refused() -> None:
    tree = copy.deepcopy(document(1))
    text = json.dumps(tree).replace("1.2.3.4", "1.2.3.5")
    other = Party("b" * 32, "1", ImageSetMetadata.parse(text.encode()))
    with pytest.raises(Refused, match="different series"):
        plan_merge([party("a"), other])


def test_a_split_needs_two_groups() -> None:
    alone = party("a", 2)
    with pytest.raises(Refused, match="nothing to split"):
        plan_split(alone, [["1.2.3.4.1", "1.2.3.4.2"]])
    with pytest.raises(Refused, match="1 of the 2"):
        groups_of(alone.doc, ["1.2.3.4.1", "9.9"])


def test_cost_counts_calls_by_rate_and_takes_the_slowest() -> None:
    cost = cost_of([plan_merge(THREE)])
    assert cost.calls == {"UpdateImageSetMetadata": 2, "CopyImageSet": 2, "TagResource": 2}
    assert cost.seconds() == 4.0
    assert cost.versions == 4
    assert cost.touches == 7
    assert [spelled(each) for each in (0.0, 4.0, 222.0, 39_600.0, 86_400 * 4.5)] == [
        "<1 s",
        "4 s",
        "3.7 min",
        "11 h",
        "4.5 d",
    ]


def test_the_copy_that_makes_an_image_set_brings_the_smallest_instance_of_every_series() -> None:
    doc = many_series((3, 500), (2, 400), (2, 1))
    chosen = {uid: list(node.instances) for uid, node in doc.series.items()}
    parts = list(chunks(doc, chosen, new=True))
    assert [list(part) for part in parts[:1]] == [["1.2.9.0", "1.2.9.1", "1.2.9.2"]]
    frames = [
        sum(len(doc.series[uid].instances[sop].frames) for uid, sops in part.items() for sop in sops)
        for part in parts
    ]
    assert max(frames) <= 1_000
    assert sorted(sop for part in parts for sops in part.values() for sop in sops) == sorted(
        sop for _, sop, _ in doc.instances()
    )


def test_series_too_large_to_begin_together_are_named() -> None:
    doc = many_series((2, 600), (1, 500), (1, 400))
    chosen = {uid: list(node.instances) for uid, node in doc.series.items()}
    assert together(doc, chosen) == {"1.2.9.1", "1.2.9.2"}
    with pytest.raises(Refused, match="cannot be copied into one"):
        copy_steps(Party("a" * 32, "1", doc))


def many_series(*series: tuple[int, int]) -> ImageSetMetadata:
    """Return an image set of so many instances of so many frames for each series."""
    nodes: dict[str, Json] = {}
    for number, (count, frames) in enumerate(series):
        listed: list[Json] = [{"ID": str(each)} for each in range(frames)]
        instances: dict[str, Json] = {
            f"1.2.9.{number}.{each}": {"DICOM": {}, "DICOMVRs": {}, "ImageFrames": listed}
            for each in range(count)
        }
        nodes[f"1.2.9.{number}"] = {"DICOM": {}, "Instances": instances}
    return ImageSetMetadata.from_json({**document(0), "Study": {"DICOM": {}, "Series": nodes}})
