"""Conflicts: values side by side with their weights, one decision each or for all alike, then one plan."""

from __future__ import annotations

import json
from pathlib import Path

from textual.pilot import Pilot

from curator.campaign.resolutions import Resolution, Word, decide
from curator.healthimaging import HealthImaging
from curator.imageset import parse_path
from curator.project import Project
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.conflict_rows import moments
from curator.tui.screens.conflicts import ConflictsScreen
from tests.tui.reaching import apply_plan, on_top, reach
from tests.tui.seen import gone, press, see

SIZE = (80, 24)
WIDE = (200, 50)


async def conflicts(pilot: Pilot[None]) -> ConflictsScreen:
    """Open the conflicts of all image sets."""
    return await reach(pilot, ConflictsScreen, "X", sets=18, shown=("Conflicts  7", "torn series"))


async def only(pilot: Pilot[None], words: str) -> None:
    """Show the conflicts that hold words; the cursor is on the first of them."""
    await press(pilot, "slash", f"={words}", "enter")
    await see(pilot, "of 7")


def said(folder: Path, path: str) -> set[str]:
    """The values of an element in all image sets that have it."""
    opened = open_store(f"local:{folder}")
    try:
        documents = [opened.imaging.document(each.id) for each in opened.imaging.search()]
        return {str(doc.get(parse_path(path))) for doc in documents if doc.has(parse_path(path))}
    finally:
        opened.close()


async def test_values_stand_side_by_side_with_their_weights(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "patientbirthdate")
        seen = await see(pilot, "19010302", "83%", "19010203", "17%", "not decided")
        assert seen.index("83%") < seen.index("17%"), "the heaviest first"


def disagree(imaging: HealthImaging) -> None:
    """Let two image sets of one instance be of one study, and say different things of it."""
    single = [each.id for each in imaging.search() if imaging.document(each.id).instance_count == 1]
    for number, each in enumerate(single[:2]):
        patient = {"DICOM": {"PatientID": "P99", "PatientName": "Doe^Jane"}}
        study = {"DICOM": {"StudyInstanceUID": "1.2.3.99", "StudyDescription": f"Words {number}"}}
        wanted = {"SchemaVersion": "1.1", "Patient": patient, "Study": study}
        imaging.update(each, "1", updatable=json.dumps(wanted).encode(), force=True)
        imaging.wait(each)


async def test_a_tie_is_no_majority_and_is_not_decided(store: str, imaging: HealthImaging) -> None:
    disagree(imaging)
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "X")
        await see(pilot, "Conflicts  ")
        await press(pilot, "slash", "=studydescription", "enter")
        await see(pilot, "no majority: 50%", "50% ")
        await press(pilot, "m")
        await see(pilot, "no majority: 50% each; choose with c", "0 decided")
        assert not Project.open().resolutions.exists()
        await press(pilot, "n")
        await see(pilot, "1 decided", "newest")
        await press(pilot, "u")
        await see(pilot, "0 decided")
        await press(pilot, "c", "enter")
        await see(pilot, "1 decided", "chosen")


async def test_a_majority_of_old_that_is_a_tie_by_now_says_so(store: str, imaging: HealthImaging) -> None:
    disagree(imaging)
    decide(Project.open(), [Resolution("study", "", "Study/StudyDescription", Word.MAJORITY)])
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "X")
        await see(pilot, "Conflicts  ")
        await press(pilot, "slash", "=studydescription", "enter")
        await see(pilot, "majority, all alike", "no majority: 50% each")
        await see(pilot, "→ waits: Study/StudyDescription: no majority: 50% each")


async def test_a_plan_tells_what_it_leaves_alone(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "f")
        await see(pilot, "Findings  ")
        await press(pilot, "R")
        await see(pilot, "3 waiting, 2 left alone")
        await press(pilot, "s")
        await see(pilot, "Left alone", "2 image sets", "its series lies under different studies")


async def test_a_plan_of_ties_alone_is_none_and_says_why(store: str, imaging: HealthImaging) -> None:
    disagree(imaging)
    decide(Project.open(), [Resolution("", "", "Study/StudyDescription", Word.MAJORITY)])
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "X")
        await see(pilot, "Conflicts  ")
        await press(pilot, "P")
        await see(pilot, "There is nothing to plan", "no majority")


def test_times_are_told_as_finely_as_they_differ() -> None:
    noon = 1_700_000_000.0
    assert [len(each) for each in moments([noon, noon + 60])] == [len("2023-11-14 22:13")] * 2
    assert [each[-3:] for each in moments([noon, noon + 1])] == [":20", ":21"]
    assert [each[-4:] for each in moments([noon, noon + 0.25])] == [".000", ".250"]
    assert len(set(moments([noon, noon]))) == 1


async def test_a_value_that_its_vr_does_not_allow_is_marked(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "patientsex")
        await see(pilot, "FEMALE?  not valid for CS")


async def test_a_value_is_chosen_by_the_cursor_and_kept_by_the_project(
    demo_folder: Path, tmp_path: Path
) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "patientbirthdate")
        await press(pilot, "enter", "j", "enter")
        await see(pilot, "1 decided", "chosen", "✓ 19010203", "decided by")
        sheet = Project.open().resolutions.read_text()
        assert "Patient/PatientBirthDate,value,19010203" in sheet
        await press(pilot, "u")
        await see(pilot, "0 decided", "not decided")


async def test_sequences_are_told_apart_by_what_is_in_them(store: str, imaging: HealthImaging) -> None:
    for number, each in enumerate(list(imaging.search())[:2]):
        said = {
            "StudyInstanceUID": "1.2.3.1",
            "ProcedureCodeSequence": [{"CodeMeaning": f"Meaning {number}"}],
        }
        wanted = {"SchemaVersion": "1.1", "Study": {"DICOM": said}}
        imaging.update(each.id, "1", updatable=json.dumps(wanted).encode(), force=True)
        imaging.wait(each.id)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "X")
        await see(pilot, "Conflicts  ")
        await press(pilot, "slash", "=procedurecode", "enter")
        await see(pilot, '[{"CodeMeaning":"Meaning 0"}]', '[{"CodeMeaning":"Meaning 1"}]')
        await press(pilot, "c", "j", "enter")
        await see(pilot, "1 decided", "chosen")
        await press(pilot, "P")
        await see(pilot, "conflicts as decided", "waiting")


async def test_the_merge_that_follows_and_its_cost_are_shown_before_any_plan(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "torn 0851")
        await see(pilot, "nothing is done to these image sets")
        await press(pilot, "M")
        await see(
            pilot,
            "one image set",
            "→ merge 1 image set into",
            "1 copy",
            "All decisions:",
            "at the service's rates",
        )


async def test_misplaced_sets_wait_until_a_person_says_where_they_belong(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "4704")
        await see(pilot, "PatientID", "say which is right")
        await press(pilot, "ctrl+a", "M")
        await see(pilot, "→ waits: its series lies under different studies or patients")
        await press(pilot, "m")
        await see(pilot, "→ merge 1 image set into")


async def test_decisions_become_one_plan_that_is_applied_and_proved(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await press(pilot, "ctrl+a", "m")
        await see(pilot, "5 decided")
        await press(pilot, "ctrl+a", "M")
        await see(pilot, "7 decided", "All decisions:")
        await only(pilot, "accessionnumber")
        await press(pilot, "n")
        await see(pilot, "newest")
        await press(pilot, "P")
        await see(pilot, "Plan  conflicts as decided", "merge", "must agree: the majority")
        await apply_plan(pilot)
        await press(pilot, "v")
        await see(pilot, "image sets are as planned")
    assert "19010203" not in said(demo_folder, "Patient/PatientBirthDate")


async def test_a_value_is_typed_only_if_its_vr_takes_it(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "patientbirthdate")
        await press(pilot, "e", "=190103", "enter")
        await see(pilot, "The right value")
        await press(pilot, "=03", "enter")
        await gone(pilot, "The right value")
        await see(pilot, "1 decided", "19010303")


async def test_all_alike_are_decided_at_once_and_one_may_differ(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await conflicts(pilot)
        await only(pilot, "torn")
        await press(pilot, "a")
        await see(pilot, "nothing is decided here", "One of 2 of its kind", "a decides for all")
        await press(pilot, "M")
        await see(pilot, "1 decided")
        await press(pilot, "a")
        await see(pilot, "2 decided", "merge, all alike")
        await press(pilot, "j", "s")
        await see(pilot, "leave", "they stay apart")
        assert screen.rows.decided == 2


async def test_read_only_decides_and_plans_but_does_not_apply(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}", read_only=True)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await conflicts(pilot)
        await only(pilot, "accessionnumber")
        await press(pilot, "m")
        await see(pilot, "1 decided")
        await press(pilot, "P")
        await see(pilot, "conflicts as decided", "READ-ONLY")


async def test_sets_that_agree_have_no_conflicts(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "X")
        await see(pilot, "The image sets that were read agree")
        await press(pilot, "P")
        await see(pilot, "Plan: nothing is decided yet")


async def test_findings_lead_to_conflicts(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "f")
        await see(pilot, "CUR105")
        await press(pilot, "c")
        await on_top(pilot, ConflictsScreen)
        await see(pilot, "Conflicts  7")
