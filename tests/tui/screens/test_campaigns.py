"""Campaigns: what was done, by whom, down to a call; ledgers checked, units and rules taken back, reports written."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.audit import os_user
from curator.project import Project
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.screens.campaign import CampaignScreen
from tests.tui.reaching import at
from tests.tui.screens.test_plan_review import planned
from tests.tui.seen import press, see, until

WIDE = (200, 50)
SMALL = (80, 24)


async def applied(pilot: Pilot[None]) -> CampaignScreen:
    """Plan two rules, and apply them to all five image sets."""
    screen = await planned(pilot)
    await press(pilot, "A")
    await at(pilot, "cancel")
    await press(pilot, "tab", "enter")
    await see(pilot, "5 done")
    await until(pilot, lambda: not pilot.app.work.running)  # type: ignore[attr-defined]
    return screen


async def to_campaigns(pilot: Pilot[None]) -> None:
    """Go back to the list of image sets, and to the campaigns."""
    while type(pilot.app.screen).__name__ != "ImageSetsScreen":
        await press(pilot, "escape")
        await pilot.pause()
    await press(pilot, "C")
    await at(pilot, "campaigns")


def institutions(spec: str) -> list[bool]:
    """Return of each image set whether the rule has written its institution."""
    opened = open_store(spec)
    try:
        found = [opened.imaging.document(each.id) for each in opened.imaging.search()]
        return [
            series.dicom.get("InstitutionName") == "Site A" for doc in found for series in doc.series.values()
        ]
    finally:
        opened.close()


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_who_did_what_down_to_a_call(store: str, size: tuple[int, int]) -> None:
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await applied(pilot)
        await press(pilot, "c")
        await see(pilot, "Ledger", "3 lines, 1" if size == SMALL else "3 lines, 1 call", "UpdateIma")
        await press(pilot, "escape")
        await to_campaigns(pilot)
        await see(pilot, "5 done", *([os_user(), "apply 20"] if size == WIDE else []))
        await press(pilot, "c")
        await see(pilot, "5 calls", os_user()[:8])
        await press(pilot, "slash", "=intent updateimagesetmetadata", "enter")
        await see(pilot, "5 lines, 5 calls")
        await at(pilot, "ledger")
        await press(pilot, "enter")
        shown = await see(pilot, "of the ledger", "UpdateImageSetMetadata", "payload")
        assert "Site A" not in shown, "a ledger holds no values"


async def test_every_ledger_is_checked_and_a_changed_one_is_named(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await applied(pilot)
        await to_campaigns(pilot)
        await press(pilot, "L")
        await see(pilot, "Every ledger is whole", "it says what the plan says")
        await press(pilot, "escape")
        ledger = screen.campaign.ledger_path
        ledger.write_bytes(ledger.read_bytes().replace(b'"version":"2"', b'"version":"3"', 1))
        await press(pilot, "L")
        await see(pilot, "Ledgers were CHANGED", screen.campaign.id[:12], "1 problem; line")


async def test_a_report_is_written_from_the_list(store: str, tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await applied(pilot)
        await to_campaigns(pilot)
        await press(pilot, "p")
        await see(pilot, "Write the report")
        await at(pilot, "value")
        await press(pilot, "ctrl+u", f"={target}", "enter")
        await until(pilot, target.exists)
        await see(pilot, "Where it lies", str(target))


async def test_marked_units_alone_are_taken_back(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await applied(pilot)
        await at(pilot, "units")
        await press(pilot, "g", "space", "space", "U")
        await see(pilot, "Undo what 2 marked units did?")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "undo the plan: 2 undone", "2 undone")
    assert sorted(institutions(store)) == [False, False, True, True, True]


async def test_one_rule_is_taken_back_by_a_plan_of_its_own(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await applied(pilot)
        await press(pilot, "b")
        await see(pilot, "by rule", "name-the-site")
        await at(pilot, "units")
        await press(pilot, "g", "U")
        await see(pilot, "takes back rule name-the-site", "5 waiting", "1 left out")  # as it was imported
        await until(pilot, lambda: app.screen is not screen)
        await at(pilot, "units")
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 5 done")
    assert sorted(institutions(store)) == [False, False, False, False, True]
    opened = open_store(store)
    try:
        described = [
            opened.imaging.document(each.id).study.get("StudyDescription") for each in opened.imaging.search()
        ]
        assert all(len(str(each)) <= 4 for each in described if each), "the other rule's changes stay"
    finally:
        opened.close()


async def test_a_plan_that_was_amended_says_by_which(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await planned(pilot)
        await press(pilot, "x")
        await see(pilot, "4 waiting")
        await to_campaigns(pilot)
        await see(pilot, f"amended: {screen.campaign.id[:8]}", "taken out)")
    assert len(list(Project.open().campaigns())) == 2
