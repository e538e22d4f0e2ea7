"""From rule files and the catalogue to units: who is chosen, who is left alone, what primary sets get."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from curator.campaign.planning import SAFE_ONLY, Planning, chosen_rows, plan_rules
from curator.catalogue import Catalogue
from curator.errors import RuleFileError, UsageError
from curator.plan.leftout import Reason
from curator.plan.units import Kind, Unit, Update
from curator.rulefile import RuleFile, load
from tests.campaign.ground import Ground, document, ground


def rules(*bodies: str, where: str = "") -> RuleFile:
    head = f"version: 1\nname: some\nwhy: a test\n{f'where: {where}' if where else ''}\nrules:\n"
    return load(head + "".join(bodies), "some.yaml")


def rule(name: str, element: str, value: str, safety: str = "safe") -> str:
    return f"  - {{id: {name}, why: a test, select: {element}, do: {{literal: {value}}}, safety: {safety}}}\n"


CALM = rule("calm", "StudyDescription", "calm")


def planned(
    place: Ground, files: Sequence[RuleFile], planning: Planning | None = None, where: str = ""
) -> tuple[list[Unit], Planning]:
    planning = planning or Planning()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        return list(plan_rules(catalogue, files, chosen_rows(catalogue, where, ()), planning)), planning


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture
def newer() -> Iterator[Ground]:
    with ground("2025-07") as made:
        yield made


def test_a_unit_for_each_set_that_changes(place: Ground) -> None:
    place.add(document(1))
    calm = document(1)
    text = json.dumps(calm).replace('"Head"', '"calm"')
    place.add(json.loads(text))
    units, _ = planned(place, [rules(CALM)])
    assert [(unit.kind, unit.changes, unit.number) for unit in units] == [(Kind.UPDATE, 1, 0)]


def test_where_of_the_user_and_of_each_file(place: Ground) -> None:
    ct, mr = place.add(document(1)), place.add(document(1, series={"Modality": "MR"}))
    both, _ = planned(place, [rules(CALM)])
    assert {unit.members[0].id for unit in both} == {ct, mr}
    asked, _ = planned(place, [rules(CALM)], where="modality:MR")
    assert [unit.members[0].id for unit in asked] == [mr]
    filed, _ = planned(
        place, [rules(CALM, where="modality:CT"), rules(rule("sex", "PatientSex", "O"), where="modality:MR")]
    )
    assert {unit.members[0].id: [each.rule for each in unit.patches[0].whys] for unit in filed} == {
        ct: ["calm"],
    }


def test_rules_of_one_id_in_two_files_are_an_error(place: Ground) -> None:
    place.add(document(1))
    with pytest.raises(RuleFileError, match="calm"):
        planned(place, [rules(CALM), rules(CALM)])


def test_what_wants_review_waits_for_it_unless_a_person_reads_the_plan(place: Ground) -> None:
    place.add(document(1))
    bold = rules(rule("bold", "StudyDescription", "bold", "review"))
    units, _ = planned(place, [bold])
    assert units[0].changes == 1
    units, _ = planned(place, [bold], Planning(allow=SAFE_ONLY))
    assert [(unit.changes, unit.steps, unit.left_out[0].reason) for unit in units] == [(0, (), Reason.REVIEW)]


def test_sets_that_cannot_be_read_are_skipped_and_named(place: Ground) -> None:
    image_set = place.add(document(1))
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.plan_refresh(place.imaging)  # listed, not read
        planning = Planning()
        assert list(plan_rules(catalogue, [rules(CALM)], catalogue.rows(), planning)) == []
    assert [each for each, _ in planning.skipped] == [image_set]


def test_an_unknown_image_set_is_a_usage_error(place: Ground) -> None:
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue, pytest.raises(UsageError):
        chosen_rows(catalogue, "", ["0" * 32])


def test_primary_sets_of_a_study_change_together(newer: Ground) -> None:
    first = newer.add(document(1))
    second = newer.add(json.loads(json.dumps(document(1, first=5)).replace("1.2.3.4", "1.2.3.9")))
    (unit,), _ = planned(newer, [rules(CALM)])
    assert {member.id for member in unit.members} == {first, second}
    (step,) = unit.steps
    assert isinstance(step, Update)
    assert step.study_wide
    assert newer.apply(newer.campaign([unit])).complete
    # A set that nobody asked for is pinned, and keeps the others from being changed alone.
    fierce = rules(rule("fierce", "StudyDescription", "fierce"))
    (unit,), _ = planned(newer, [fierce], where=f"id:{first[:12]}")
    assert (unit.steps, unit.left_out[0].reason) == ((), Reason.PRIMARY_STUDY)


def test_what_primary_sets_refuse_can_go_to_a_copy(newer: Ground) -> None:
    newer.add(document(1))
    renamed = rules(rule("name", "PatientName", "Roe"))
    (unit,), _ = planned(newer, [renamed])
    assert (unit.steps, unit.left_out[0].reason) == ((), Reason.PRIMARY)
    (unit,), _ = planned(newer, [renamed], Planning(copies_of_primary=True))
    assert unit.kind is Kind.PUBLISH
    campaign = newer.campaign([unit])
    assert newer.apply(campaign).complete
    made = campaign.state()[0].names["$2"]
    assert newer.imaging.document(made).patient["PatientName"] == "Roe"
    assert newer.imaging.image_set(made).is_primary is False
