"""From findings to a plan, its review, applying, proof and undo, all on the demo's planted faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.catalogue import Where
from curator.checks.tags import WORKING_COPY
from curator.dicom.levels import Level
from curator.findings import Finding, Severity
from curator.healthimaging import HealthImaging
from curator.imageset import ElementPath, ImageSetMetadata, same
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.findings import COLUMNS, FindingRows, FindingsScreen
from curator.tui.screens.metadata import MetadataScreen
from tests.tui.reaching import apply_plan, reach
from tests.tui.seen import gone, press, screen_text, see, until

SIZE = (80, 24)
WIDE = (200, 50)


async def found(pilot: Pilot[None]) -> FindingsScreen:
    """Open the findings of all image sets."""
    return await reach(pilot, FindingsScreen, "f", sets=18, shown=("CUR105", "CUR101"))


def contents(imaging: HealthImaging) -> dict[str, ImageSetMetadata]:
    return {each.id: imaging.document(each.id) for each in imaging.search()}


async def test_the_gravest_stand_first_with_evidence_and_reason(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await found(pilot)
        severities = [
            str(finding.severity) for index in range(len(screen.rows)) if (finding := screen.rows.at(index))
        ]
        assert severities == sorted(severities, key=["error", "warning", "note"].index)
        await see(pilot, "one SeriesInstanceUID stands under 2 patients", "9889O234", "UIDs are unique")


def test_of_a_long_path_the_end_is_shown() -> None:
    path = ElementPath(Level.INSTANCE, "1.2", "1.2.3", ("ContentSequence", 0, "ContentSequence", 1, "UID"))
    message = "ContentSequence/ContentSequence/UID: a component begins with 0"
    rows = FindingRows([Finding("CUR307", Severity.ERROR, message, (("a" * 32, "1"),), path)])
    assert rows.cells(0, COLUMNS)[3] == "…/UID: a component begins with 0"
    rows.filter("contentsequence")
    assert len(rows) == 1


async def test_words_filter_and_escape_leaves_the_filter(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await found(pilot)
        total = screen.rows.total
        await press(pilot, "slash", "=cur104 patientsex", "enter")
        await see(pilot, f"1 of {total}")
        await press(pilot, "escape")
        await see(pilot, f"Findings  {total}")


async def test_a_finding_leads_to_its_element_and_to_the_two_sets(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await found(pilot)
        await press(pilot, "slash", "=cur310", "enter", "enter")
        await see(pilot, "ImageComments", "▾ Instance")
        screen = app.screen
        assert isinstance(screen, MetadataScreen)
        await press(pilot, "escape", "escape", "slash", "=cur102", "enter", "d")
        await see(pilot, "Diff", "AccessionNumber")


async def test_a_finding_about_one_set_cannot_be_compared_and_says_so(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await found(pilot)
        await press(pilot, "slash", "=cur310", "enter", "d")
        await see(pilot, "Diff: it is about one image set only")
        await press(pilot, "M")
        await see(pilot, "Mend: nothing here can be mended without")


async def test_conflicts_are_resolved_proved_and_undone(demo_folder: Path) -> None:
    spec = f"local:{demo_folder}"
    with_store = open_store(spec)
    before = contents(with_store.imaging)
    app = Workbench(spec)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await found(pilot)
        await press(pilot, "R")
        await see(pilot, "resolve conflicts", "waiting", "merge", "AccessionNumber", "2B")
        assert {key: one.encode() for key, one in contents(with_store.imaging).items()} == {
            key: one.encode() for key, one in before.items()
        }, "a plan changes nothing"
        await apply_plan(pilot, "CopyImageSet", done="3 done")
        await press(pilot, "v")
        await see(pilot, "image sets are as planned", "verified")
        await press(pilot, "U")
        await see(pilot, "Undo what this plan did?")
        await press(pilot, "tab", "enter")
        await see(pilot, "undo the plan: 3 undone")
    after = contents(with_store.imaging)
    with_store.close()
    assert after.keys() == before.keys()
    assert all(same(after[key], before[key]) for key in before)


async def test_a_merge_ends_its_findings_at_once_and_undo_brings_them_back(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")

    def codes(screen: FindingsScreen) -> list[str]:
        view = screen.rows
        return sorted(found.code for at in range(view.total) if (found := view.at(at)) is not None)

    def in_conflict() -> int:
        assert app.session is not None
        return len(app.session.catalogue.rows(Where.parse("conflict")))

    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await found(pilot)
        before, torn = codes(screen), in_conflict()
        await press(pilot, "R")
        await see(pilot, "resolve conflicts", "waiting", "merge")
        await apply_plan(pilot, done="3 done")
        await until(pilot, lambda: not {"CUR101", "CUR201"} & set(codes(screen)), "no torn series")
        assert in_conflict() < torn
        await press(pilot, "U")
        await see(pilot, "Undo what this plan did?")
        await press(pilot, "tab", "enter")
        await see(pilot, "undo the plan: 3 undone")
        await until(pilot, lambda: codes(screen) == before, "what was found before")
        assert in_conflict() == torn


async def test_the_list_forgets_the_conflicts_of_what_was_merged(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "slash", "=conflict", "enter")
        await see(pilot, "Image sets  9 of 18")
        await press(pilot, "escape")
        await found(pilot)
        await press(pilot, "R")
        await see(pilot, "resolve conflicts", "waiting", "merge")
        await press(pilot, "A")
        await see(pilot, "Apply this plan?")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 3 done")
        await press(pilot, "escape")
        await see(pilot, "Findings")
        await press(pilot, "escape")
        await see(pilot, "Image sets  18")
        await press(pilot, "slash", "=conflict", "enter")
        await see(pilot, "Image sets  2 of 18")


@pytest.mark.parametrize("tagged", [True, False])
async def test_a_working_copy_is_no_duplicate(demo_folder: Path, tagged: bool) -> None:
    opened = open_store(f"local:{demo_folder}")
    imaging = opened.imaging
    made = imaging.copy(next(imaging.search()).id, "1").destination_id
    imaging.wait(made)
    if tagged:
        imaging.tag(imaging.image_set(made).arn, {WORKING_COPY: "campaign"})
    opened.close()
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  19")
        await press(pilot, "f")
        await see(pilot, "CUR101")
        screen = pilot.app.screen
        assert isinstance(screen, FindingsScreen)
        shown = [screen.rows.at(at) for at in range(screen.rows.total)]
        said = {each.code for each in shown if each and made in dict(each.image_sets)}
        assert ("CUR201" in said) is not tagged


async def test_cancel_applies_nothing_and_the_plan_is_kept(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await found(pilot)
        await press(pilot, "M")
        await see(pilot, "safe changes of checks", "waiting")
        await press(pilot, "A", "enter")
        await gone(pilot, "Apply this plan?")
        assert "waiting" in screen_text(app)
        await press(pilot, "escape", "escape", "C")
        await see(pilot, "Campaigns", "safe changes of checks", "2 waiting")
        await press(pilot, "enter")
        await see(pilot, "Plan  safe changes of checks")
        assert isinstance(app.screen, CampaignScreen)


@pytest.mark.parametrize(("key", "said"), [("A", "Apply: the store is open read-only"), ("U", "Undo:")])
async def test_read_only_reviews_but_does_not_apply(demo_folder: Path, key: str, said: str) -> None:
    app = Workbench(f"local:{demo_folder}", read_only=True)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await found(pilot)
        await press(pilot, "M")
        await see(pilot, "waiting", "READ-ONLY")
        await press(pilot, key)
        await see(pilot, said)


async def test_a_set_that_moved_on_is_refused_and_named(demo_folder: Path) -> None:
    spec = f"local:{demo_folder}"
    app = Workbench(spec)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await found(pilot)
        await press(pilot, "M")
        await see(pilot, "safe changes of checks", "waiting")
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        (moved, *_) = (told.unit.members[0].id for told in screen.rows.told)
        other = open_store(spec)
        other.imaging.update(
            moved, "1", updatable=b'{"SchemaVersion":"1.1","Study":{"DICOM":{"StudyDescription":"moved"}}}'
        )
        other.imaging.wait(moved)
        other.close()
        await press(pilot, "A", "tab", "enter")
        await until(pilot, lambda: "1 moved" in screen_text(app) and "1 done" in screen_text(app))
