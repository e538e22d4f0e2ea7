"""Edits made by hand become units: set by set, and one for the primary image sets of a study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from curator.campaign.editing import edit_units
from curator.dicom import Json
from curator.findings import Change
from curator.imageset import parse_path
from curator.plan.edits import edit
from curator.plan.leftout import Reason
from curator.plan.units import Unit
from tests.campaign.ground import Ground, document, ground


def planned(place: Ground, wanted: Mapping[str, Mapping[str, Json]]) -> list[Unit]:
    def changes() -> Sequence[tuple[str, Sequence[Change]]]:
        return [
            (
                each,
                [edit(place.imaging.document(each), parse_path(path), value) for path, value in said.items()],
            )
            for each, said in wanted.items()
        ]

    return list(edit_units(changes(), place.party, lambda image_set: place.sets))


def two(place: Ground) -> list[str]:
    """Two series of one study."""
    second = json.loads(json.dumps(document(2, first=5)).replace("1.2.3.4", "1.2.3.9"))
    return [place.add(document(2)), place.add(second)]


def test_each_image_set_is_a_unit_of_its_own_and_undone_by_itself() -> None:
    with ground() as place:
        first, second = two(place)
        units = planned(place, {first: {"Patient/PatientName": "A"}, second: {"Study/StudyDescription": "B"}})
        assert [[member.id for member in unit.members] for unit in units] == [[first], [second]]
        assert place.apply(place.campaign(units)).complete
        assert place.imaging.document(first).patient["PatientName"] == "A"
        assert place.imaging.document(second).study["StudyDescription"] == "B"


def test_primary_sets_of_a_study_are_one_unit_that_pins_all_of_them() -> None:
    with ground("2025-07") as place:
        first, second = two(place)
        told = {"Study/StudyDescription": "B"}
        (unit,) = planned(place, {first: told, second: told})
        assert {member.id for member in unit.members} == {first, second}
        assert place.apply(place.campaign([unit])).complete
        assert {place.imaging.document(each).study["StudyDescription"] for each in (first, second)} == {"B"}


def test_a_study_element_of_one_primary_set_alone_is_left_out_with_the_reason() -> None:
    with ground("2025-07") as place:
        first, second = two(place)
        (unit,) = planned(place, {first: {"Study/StudyDescription": "B"}})
        assert unit.steps == ()
        assert [each.reason for each in unit.left_out] == [Reason.PRIMARY_STUDY]
        assert {member.id for member in unit.members} == {first, second}
