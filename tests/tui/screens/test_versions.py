"""Versions, their differences, and reverting to one."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from curator.healthimaging import HealthImaging
from curator.imageset import same
from curator.tui.app import Workbench
from tests.tui.reaching import apply_plan
from tests.tui.seen import gone, press, screen_text, see

SIZE = (80, 24)
WIDE = (200, 50)


@pytest.fixture
def changed(imaging: HealthImaging) -> str:
    """An image set with three versions: two changes of one patient."""
    (found,) = [one for one in imaging.search() if one.dicom.get("DICOMPatientId") == "three"]
    for version, name in (("1", "Second^Name"), ("2", "Third^Name")):
        imaging.update(
            found.id,
            version,
            updatable=b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"%s"}}}' % name.encode(),
        )
        imaging.wait(found.id)
    return found.id


async def open_versions(pilot: Pilot[None]) -> None:
    await see(pilot, "Image sets  5")
    await press(pilot, "slash", "=patientid:three", "enter", "v")
    await see(pilot, "3 versions")


async def test_the_timeline_says_what_each_version_changed(store: str, changed: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_versions(pilot)
        seen = await see(pilot, "1 changed: PatientName", "the first version", "Second^Name", "somebody else")
        assert seen.index("3 latest") < seen.index("the first version")


async def test_a_version_is_compared_with_the_one_before(store: str, changed: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "d")
        await see(pilot, "v2 → v3", "change 1 of 1", "Second^Name", "Third^Name")


async def test_two_marked_versions_are_compared_and_can_be_swapped(store: str, changed: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "space", "j", "space", "d")
        await see(pilot, "v1 → v3", "- Three^Slices", "+ Third^Name")
        await press(pilot, "x")
        await see(pilot, "v3 → v1", "+ Three^Slices", "- Third^Name")


async def test_everything_or_only_changes_side_by_side_or_not(store: str, changed: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "d")
        await see(pilot, "change 1 of 1")
        await gone(pilot, "PatientBirthDate")
        await press(pilot, "a")
        await see(pilot, "PatientBirthDate", "Series 1 of 1")
        await press(pilot, "s")
        await gone(pilot, "Before")
        await press(pilot, "a", "n")
        await see(pilot, "- Second^Name", "+ Third^Name")


async def test_cancel_has_the_focus_and_reverting_shows_what_it_changes(
    store: str, changed: str, imaging: HealthImaging
) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "G", "R")
        await see(pilot, "Revert to version 1?", "1 change:", "- Third^Name", "+ Three^Slices")
        await press(pilot, "enter")
        await gone(pilot, "Revert to version 1?")
        assert imaging.image_set(changed).version == "3"
        await press(pilot, "R")
        await see(pilot, "1 change:")
        await press(pilot, "tab", "enter")
        await see(pilot, "4 versions", "revert to version 1")
    assert imaging.image_set(changed).version == "4"
    assert same(imaging.document(changed, "4").patient_node, imaging.document(changed, "1").patient_node)  # type: ignore[arg-type]


async def test_what_made_a_version_is_told_by_the_ledgers_and_leads_to_its_campaign(
    store: str, imaging: HealthImaging
) -> None:
    (three,) = [one for one in imaging.search() if one.dicom.get("DICOMPatientId") == "three"]
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=patientid:three", "enter")
        await see(pilot, "1 of 5")
        await press(pilot, "m")
        await see(pilot, "▾ Patient")
        await press(pilot, "j", "D", "w")
        await see(pilot, "edited by hand")
        await apply_plan(pilot, done="1 done")
        await press(pilot, "U")
        await see(pilot, "Undo what this plan did?")
        await press(pilot, "tab", "enter")
        await see(pilot, "1 undone")
        for version, content in (("3", "Somebody^Else"), ("4", "Three^Slices")):
            named = b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"%s"}}}' % content.encode()
            imaging.update(three.id, version, updatable=named)
            imaging.wait(three.id)
        await press(pilot, "escape", "v")
        await see(pilot, "5 versions", "the first version")
        await see(pilot, "somebody else, back to version 1", "1 edit of 1 image set (edit)")
        await see(pilot, "undo of 1 edit of 1 image set")
        await press(pilot, "o")
        await see(pilot, "Campaign: no campaign of this project made it")
        await press(pilot, "j", "j", "o")
        await see(pilot, "Plan  1 edit of 1 image set")
        await press(pilot, "escape", "G", "R")
        await see(pilot, "Revert to version 1?")
        await press(pilot, "escape", "k", "R")
        await see(pilot, "Revert to version 2?", "1 change:")
        await press(pilot, "tab", "enter")
        await see(pilot, "6 versions", "revert to version 2")


async def test_the_latest_version_cannot_be_reverted_to(store: str, changed: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "g", "R")
        await see(pilot, "Revert: this is the latest version already")


async def test_read_only_does_not_revert(store: str, changed: str) -> None:
    app = Workbench(store, read_only=True)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "G", "R")
        await see(pilot, "Revert: the store is open read-only")
        assert "Revert to version" not in screen_text(app)


async def test_the_first_version_has_nothing_to_be_compared_with(store: str, changed: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_versions(pilot)
        await press(pilot, "G", "d")
        await see(pilot, "Diff: there is no earlier version")
