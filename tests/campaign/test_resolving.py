"""Resolving conflicts: what people decided comes first, policies decide the rest, and nothing is merged twice."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from curator.campaign import deciding
from curator.campaign.conflicts import Conflict, gather
from curator.campaign.planning import Planning
from curator.campaign.resolutions import (
    Resolution,
    Resolutions,
    Word,
    decide,
    kept,
    read,
    share,
    tied,
    write,
)
from curator.campaign.resolving import resolve
from curator.catalogue import Catalogue
from curator.deid.decisions import Decision
from curator.dicom import Json
from curator.errors import UsageError
from curator.imageset import parse_path
from curator.plan.leftout import Reason
from curator.plan.merging import Choice
from curator.plan.units import Kind, Unit
from curator.project import Project
from tests.campaign.ground import Ground, document, ground, node


def _resolved(
    place: Ground, *decisions: Resolution, how: Choice | None = Choice.MAJORITY
) -> tuple[list[Unit], Planning]:
    planning = Planning()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = frozenset(row.id for row in catalogue.rows())
        units = resolve(catalogue, planning, how=how, decided=Resolutions(decisions), within=rows)
        return list(units), planning


def _conflicts(place: Ground) -> dict[str, Conflict]:
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        return {each.element: each for group in gather(catalogue) for each in group.conflicts}


def _said(place: Ground, image_set: str, path: str) -> Json:
    return place.imaging.document(image_set).get(parse_path(path))


def _study(text: str, instances: int = 1, first: int = 1, *, uid: str = "1.2.3.4") -> dict[str, Json]:
    """A document of a series of its own study description."""
    made = document(instances, first=first, series={"SeriesInstanceUID": uid})
    node(made, "Study", "DICOM")["StudyDescription"] = text
    series = node(made, "Study", "Series")
    series[uid] = series.pop("1.2.3.4")
    return made


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


def test_a_conflict_tells_its_values_with_their_weights() -> None:
    with ground() as place:
        place.add(_study("Head", 3))
        place.add(_study("Skull", 2, 11, uid="1.2.3.5"))
        place.add(_study("Skull", 2, 21, uid="1.2.3.6"))
        found = _conflicts(place)
        assert list(found) == ["Study/StudyDescription"]
        variants = found["Study/StudyDescription"].variants()
        assert [(each.value, each.instances, len(each.holders)) for each in variants] == [
            ("Skull", 4, 2),
            ("Head", 3, 1),
        ]


@pytest.mark.parametrize(
    ("choice", "value", "expected"),
    [
        (Word.VALUE, "Head", "Head"),
        (Word.VALUE, "typed anew", "typed anew"),
        (Word.MAJORITY, "", "Skull"),
        (Word.NEWEST, "", "Skull"),
    ],
)
def test_a_decision_about_one_conflict_is_what_becomes_of_it(choice: Word, value: str, expected: str) -> None:
    with ground() as place:
        place.add(_study("Head", 1))
        place.later()
        place.add(_study("Skull", 2, 11, uid="1.2.3.5"))
        asked = Resolution("study", "1.2.3", "Study/StudyDescription", choice, value, "ada", "2026-01-02")
        units, _ = _resolved(place, asked, how=None)
        assert place.apply(place.campaign(units)).complete
        assert {_said(place, each, "Study/StudyDescription") for each in place.sets} == {expected}
        (change, *_) = [change for unit in units for patch in unit.patches for change in patch.changes()]
        assert "decided by ada on 2026-01-02" in change.why.text or "chosen by ada" in change.why.text
        assert expected not in change.why.text
        assert ("scope", "study") in change.why.detail


def test_what_nobody_decided_stays_when_only_decisions_count() -> None:
    with ground() as place:
        place.add(_study("Head"))
        place.add(_study("Skull", 2, 11, uid="1.2.3.5"))
        assert _resolved(place, how=None)[0] == []
        assert len(_resolved(place)[0]) == 1


def test_a_decision_settles_nothing_beside_itself() -> None:
    with ground() as place:
        place.add(_study("Head"))
        other = _study("Skull", 1, 11, uid="1.2.3.5")
        node(other, "Study", "DICOM")["AccessionNumber"] = "A1"
        place.later()
        place.add(other)
        own = Resolution("study", "1.2.3", "Study/StudyDescription", Word.NEWEST)
        (unit,), _ = _resolved(place, own, how=None)
        assert [change.path.key for patch in unit.patches for change in patch.changes()] == [
            "StudyDescription"
        ]


def _tied(place: Ground) -> None:
    """Add two sets of a study that say different things of it in as many instances."""
    place.add(_study("Head", 2))
    other = _study("Skull", 2, 11, uid="1.2.3.5")
    node(other, "Patient", "DICOM")["PatientSex"] = "F"
    place.add(other)


def test_a_tie_is_left_and_said_with_what_else_is_done_to_the_image_set() -> None:
    with ground() as place:
        _tied(place)
        (unit,), planning = _resolved(place)
        assert [change.path.key for patch in unit.patches for change in patch.changes()] == ["PatientSex"]
        assert [(each.reason, each.element) for each in unit.left_out] == [
            (Reason.TIE, "Study/StudyDescription")
        ]
        assert [why for _, why in planning.skipped] == ["Study/StudyDescription: no majority: 50% each"]


@pytest.mark.parametrize("group", ["1.2.3", ""])
def test_a_decision_that_ends_in_a_tie_decides_nothing_and_says_so(group: str) -> None:
    with ground() as place:
        _tied(place)
        own = Resolution("study", group, "Study/StudyDescription", Word.MAJORITY)
        units, planning = _resolved(place, own, how=None)
        assert units == []
        assert {why for _, why in planning.skipped} == {"Study/StudyDescription: no majority: 50% each"}
        assert {name for name, _ in planning.skipped} == set(place.sets)
        units, planning = _resolved(place, replace(own, choice=Word.VALUE, value="Skull"), how=None)
        assert len(units) == 1
        assert planning.skipped == []


def test_a_torn_series_whose_values_tie_waits() -> None:
    with ground() as place:
        for first in (1, 11):
            made = _study("Head", 2, first)
            node(made, "Study", "Series", "1.2.3.4", "DICOM")["SeriesDescription"] = f"from {first}"
            place.add(made, frames=1)
        units, planning = _resolved(place)
        assert units == []
        assert {why for _, why in planning.skipped} == {
            "No majority for Series[*]/SeriesDescription: values weigh the same."
        }
        own = Resolution("series", "1.2.3.4", "Series[*]/SeriesDescription", Word.VALUE, "from 1")
        assert [unit.kind for unit in _resolved(place, own)[0]] == [Kind.MERGE]


def test_a_tie_is_told_with_its_weights() -> None:
    with ground() as place:
        for number, text in enumerate(("Head", "Skull", "Foot")):
            place.add(_study(text, 2 if number < 2 else 1, 1 + 10 * number, uid=f"1.2.3.{5 + number}"))
        conflict = _conflicts(place)["Study/StudyDescription"]
        assert tied(conflict, Choice.MAJORITY) == "no majority: 40% each for 2 values"
        holders = [replace(each, updated=float(number)) for number, each in enumerate(conflict.holders)]
        assert tied(replace(conflict, holders=tuple(holders)), Choice.NEWEST) == ""
        at_once = replace(conflict, holders=tuple(replace(each, updated=1.0) for each in holders))
        assert tied(at_once, Choice.NEWEST) == "none is newest: 3 values of the same time"


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(5, 7, "71%"), (2, 7, "29%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (0, 0, "0%"), (3, 3, "100%")],
)
def test_a_share_is_rounded_but_never_to_nothing_or_all(part: int, whole: int, told: str) -> None:
    assert share(part, whole) == told


def test_what_is_to_stay_stays_whatever_the_policy() -> None:
    with ground() as place:
        place.add(_study("Head"))
        place.add(_study("Skull", 1, 11, uid="1.2.3.5"))
        leave = Resolution("", "", "Study/StudyDescription", Word.LEAVE)
        assert _resolved(place, leave)[0] == []


def test_an_element_is_removed_everywhere() -> None:
    with ground() as place:
        place.add(_study("Head"))
        place.add(_study("Skull", 1, 11, uid="1.2.3.5"))
        units, _ = _resolved(place, Resolution("", "", "Study/StudyDescription", Word.ABSENT), how=None)
        assert place.apply(place.campaign(units)).complete
        path = parse_path("Study/StudyDescription")
        assert not any(place.imaging.document(each).has(path) for each in place.sets)


def test_a_decision_of_its_own_comes_before_one_for_all_alike() -> None:
    with ground() as place:
        place.add(_study("Head"))
        place.add(_study("Skull", 2, 11, uid="1.2.3.5"))
        alike = Resolution("study", "", "Study/StudyDescription", Word.MAJORITY)
        own = Resolution("study", "1.2.3", "Study/StudyDescription", Word.VALUE, "Head")
        units, _ = _resolved(place, alike, own, how=None)
        assert place.apply(place.campaign(units)).complete
        assert {_said(place, each, "Study/StudyDescription") for each in place.sets} == {"Head"}


def test_a_value_for_all_alike_wins_only_where_a_set_has_it() -> None:
    with ground() as place:
        place.add(_study("Head"))
        place.add(_study("Skull", 2, 11, uid="1.2.3.5"))
        foreign = Resolution("", "", "Study/StudyDescription", Word.VALUE, "Foot")
        assert _resolved(place, foreign, how=None)[0] == []


def test_a_torn_series_is_merged_under_decided_values_or_left() -> None:
    with ground() as place:
        place.add(_study("Head", 2), frames=1)
        place.add(_study("Skull", 1, 11), frames=1)
        assert set(_conflicts(place)) == {"", "Study/StudyDescription"}
        own = Resolution("study", "1.2.3", "Study/StudyDescription", Word.VALUE, "Skull")
        merge = Resolution("series", "1.2.3.4", "", Word.MERGE)
        aligned, _ = _resolved(place, own, how=None)
        assert [unit.kind for unit in aligned] == [Kind.UPDATE], "aligned, and not merged: nobody said so"
        assert _resolved(place, Resolution("series", "", "", Word.LEAVE), how=None)[0] == []
        units, _ = _resolved(place, own, merge, how=None)
        assert [unit.kind for unit in units] == [Kind.MERGE]
        assert place.apply(place.campaign(units)).complete
        (left,) = {unit.members[0].id for unit in units}
        assert _said(place, left, "Study/StudyDescription") == "Skull"


def test_sets_that_are_to_go_on_disagreeing_are_not_merged() -> None:
    with ground() as place:
        place.add(_study("Head", 2), frames=1)
        place.add(_study("Skull", 1, 11), frames=1)
        leave = Resolution("study", "1.2.3", "Study/StudyDescription", Word.LEAVE)
        units, planning = _resolved(place, leave)
        assert units == []
        assert any("is to stay as it is" in why for _, why in planning.skipped)


def test_who_moves_to_another_patient_takes_what_stands_there() -> None:
    with ground() as place:
        place.add(document(2, patient={"PatientID": "P1", "PatientName": "Doe^Jane"}), frames=1)
        place.add(document(5, first=11, patient={"PatientID": "P9", "PatientName": "Deo^Jane"}), frames=1)
        units, planning = _resolved(place)
        assert units == []
        assert any("different studies or patients" in why for _, why in planning.skipped)
        right = Resolution("study", "1.2.3", "Patient/PatientID", Word.VALUE, "P1")
        units, _ = _resolved(place, right)
        assert [unit.kind for unit in units] == [Kind.MERGE]
        assert place.apply(place.campaign(units)).complete
        (left,) = {unit.members[0].id for unit in units}
        assert _said(place, left, "Patient/PatientName") == "Doe^Jane", "not the majority's"


def test_decisions_are_kept_signed_and_taken_back() -> None:
    with ground() as place:
        one = Resolution("study", "1.2.3", "Study/StudyDescription", Word.VALUE, "=1+1")
        (held,) = decide(place.project, [one])
        assert held.by
        assert held.when
        assert kept(place.project) == [held]
        assert place.project.resolutions.stat().st_mode & 0o777 == 0o600
        assert decide(place.project, [], withdrawn=[one.key]) == []


def test_what_is_decided_at_once_is_all_kept(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    elements = [f"Patient/{key}" for key in ("PatientName", "PatientSex", "PatientAge", "PatientComments")]
    with ThreadPoolExecutor(8) as pool:
        wanted = [Resolution("patient", f"P{n}", each, Word.NEWEST) for each in elements for n in range(8)]
        list(pool.map(lambda one: decide(project, [one]), wanted))
        values = [Decision("Patient/PatientComments", "LT", str(n), "keep") for n in range(32)]
        list(pool.map(lambda one: deciding.decide(project, [one]), values))
    assert len(kept(project)) == len(wanted)
    assert len(deciding.kept_decisions(project)) == len(values)


def test_a_sheet_is_read_as_it_was_written() -> None:
    given = [
        Resolution("", "", "Patient/PatientSex", Word.VALUE, "F", "ada", "2026-01-02", "asked"),
        Resolution("series", "1.2", "", Word.MERGE),
    ]
    out = io.StringIO(newline="")
    write(given, out)
    assert read(io.StringIO(out.getvalue(), newline=""), "sheet") == given


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("planet,,Patient/PatientSex,majority,", "the scope is one of"),
        (",,Patient/PatientSex,guess,", "the choice is one of"),
        (",,,majority,", "is merged or left"),
        (",,Patient/PatientSex,merge,", "the element stays empty"),
        (",,no such/path,majority,", "is a path such as"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(row: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"sheet:2: .*{why}"):
        read(io.StringIO(f"scope,group,element,choice,value\n{row}\n"), "sheet")


def test_the_primary_sets_of_a_study_take_a_value_together() -> None:
    with ground("2025-07") as place:
        place.add(_study("Head"))
        place.add(_study("Head", 1, 11, uid="1.2.3.5"))
        copied = place.imaging.copy(place.sets[0], "1").destination_id
        place.imaging.wait(copied)
        said = {"SchemaVersion": "1.1", "Study": {"DICOM": {"StudyDescription": "Skull"}}}
        place.imaging.update(copied, "1", updatable=json.dumps(said).encode())
        place.imaging.wait(copied)
        place.sets.append(copied)
        assert [place.party(each).primary for each in place.sets] == [True, True, False]
        own = Resolution("study", "1.2.3", "Study/StudyDescription", Word.VALUE, "Skull")
        units, _ = _resolved(place, own, how=None)
        assert [len(unit.members) for unit in units] == [2]
        assert place.apply(place.campaign(units)).complete
        assert {_said(place, each, "Study/StudyDescription") for each in place.sets} == {"Skull"}


def test_a_series_under_two_studies_goes_to_the_one_that_is_decided() -> None:
    with ground() as place:
        place.add(document(2), frames=1)
        other = document(1, first=11, patient={"PatientName": "Other^Name"})
        node(other, "Study", "DICOM").update(StudyInstanceUID="1.2.9", StudyDescription="Elsewhere")
        place.add(other, frames=1)
        units, planning = _resolved(place)
        assert not [unit for unit in units if unit.kind is Kind.MERGE]
        assert any("different studies or patients" in why for _, why in planning.skipped)
        right = Resolution("series", "1.2.3.4", "Study/StudyInstanceUID", Word.VALUE, "1.2.9")
        units, _ = _resolved(place, right)
        assert [unit.kind for unit in units] == [Kind.MERGE]
        assert place.apply(place.campaign(units)).complete
        (left,) = {unit.members[0].id for unit in units}
        assert _said(place, left, "Study/StudyInstanceUID") == "1.2.9"
        assert _said(place, left, "Study/StudyDescription") == "Elsewhere", "what stands in that study"
        assert place.imaging.document(left).instance_count == 3
