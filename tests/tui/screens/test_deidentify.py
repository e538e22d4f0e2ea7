"""From the list of image sets to a proved publication, its report, and back, on the demo's planted identifiers."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.crosswalk import Crosswalk
from curator.project import Project
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.screens.campaign import CampaignScreen
from tests.tui.reaching import apply_plan, at, on_top
from tests.tui.seen import gone, press, see, until

WIDE = (200, 50)
SMALL = (80, 24)


def ids(spec: str) -> set[str]:
    opened = open_store(spec)
    try:
        return {each.id for each in opened.imaging.search()}
    finally:
        opened.close()


async def test_marked_sets_are_published_attested_reported_and_undone(
    demo_folder: Path, tmp_path: Path
) -> None:
    spec = f"local:{demo_folder}"
    before = ids(spec)
    app = Workbench(spec)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "slash", "=modality:CT", "enter", "space", "space", "D")
        await see(pilot, "2 marked image sets", "basic", "research", "limited-data-set", "without an option")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "What this publication costs", "CopyImageSet", "PS3.15", "Extra storage")
        await at(pilot, "told")
        assert Crosswalk.open(Project.open()).entries().campaigns, "recorded before anything can be applied"
        assert ids(spec) == before, "a plan publishes nothing"
        await press(pilot, "enter")
        await see(pilot, "published by basic", "waiting", "PatientName")
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        await apply_plan(pilot, done="2 done")
        assert len(ids(spec) - before) == 2
        await press(pilot, "v")
        await see(pilot, "image sets are as planned", "the originals hold")
        await press(pilot, "w")
        await see(pilot, "Write the report", "no values of elements")
        await at(pilot, "value")
        target = tmp_path / "evidence.md"
        await press(pilot, "ctrl+u", f"={target}", "enter")
        await until(pilot, target.exists)
        await see(pilot, "Report:")
        assert "checks" in target.read_text()
        assert target.stat().st_mode & 0o077 == 0
        await press(pilot, "L")
        await see(pilot, "The ledger is whole")
        await press(pilot, "U")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "undo the plan: 2 undone")
        assert ids(spec) == before


async def test_the_report_goes_into_the_campaigns_folder_unless_a_path_is_typed(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "slash", "=modality:CT", "enter", "space", "D")
        await see(pilot, "1 marked image set", "basic")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "What this publication costs")
        await at(pilot, "told")
        await press(pilot, "enter")
        await see(pilot, "published by basic")
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        kept = screen.campaign.folder / "report.html"
        await press(pilot, "w")
        await at(pilot, "value")
        await see(pilot, "/report.html")  # the end of a path that is longer than the dialog is wide
        await press(pilot, "enter")
        await until(pilot, kept.exists)
        await see(pilot, "Report:")
        assert "<html" in kept.read_text()


async def test_what_cannot_be_published_is_told_with_its_reason(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "D")
        await see(pilot, "all that are not yet", "research")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "What this publication costs", "Profile", "basic")
        await at(pilot, "told")
        await see(pilot, "its pixels may show who the patient is")


async def test_a_profile_of_ones_own_is_named_by_its_path(demo_folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "version: 1\nname: mine\nwhy: Ours keeps times.\n"
        "profile:\n  edition: 2026d\n  options: [retain-modified-dates]\n"
    )
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "D")
        await see(pilot, "research")
        await at(pilot, "profiles")
        await press(pilot, "o")
        await at(pilot, "path")
        await press(pilot, f"={mine}", "enter")
        await see(pilot, "mine.yaml", "Ours keeps times.", "retain-modified-dates")
        await at(pilot, "profiles")
        await press(pilot, "o")
        await at(pilot, "path")
        await press(pilot, "=nowhere.yaml", "enter")
        await see(pilot, "there is no rule file nowhere.yaml")


async def test_finish_wants_the_id_typed(demo_folder: Path) -> None:
    spec = f"local:{demo_folder}"
    before = ids(spec)
    app = Workbench(spec)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "f")
        await see(pilot, "CUR105")
        await press(pilot, "R")
        await see(pilot, "resolve conflicts", "merge")
        await press(pilot, "F")
        await see(pilot, "Finish: it leaves nothing to delete")
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 3 done")
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        await press(pilot, "F")
        await see(pilot, "Delete what was emptied?", f"Type {screen.campaign.id[:8]} to confirm")
        await at(pilot, "value")
        await press(pilot, "=wrong", "enter", "escape")
        await gone(pilot, "Delete what was emptied?")
        assert ids(spec) == before
        await press(pilot, "F")
        await see(pilot, "Delete what was emptied?")
        await at(pilot, "value")
        await press(pilot, f"={screen.campaign.id[:8]}", "enter")
        await see(pilot, "finished: 1 image set deleted")
        assert len(ids(spec)) == len(before) - 1


async def to_options(pilot: Pilot[None], down: int = 0) -> None:
    """Open the profiles for the one marked CT, and go to an option."""
    await see(pilot, "Image sets  18")
    await press(pilot, "slash", "=modality:CT", "enter", "space", "D")
    await see(pilot, "1 marked image set", "basic", "auto: for each instance")
    await at(pilot, "profiles")
    await press(pilot, "O")
    await at(pilot, "options")
    await press(pilot, *["j"] * down)


async def plan(pilot: Pilot[None]) -> CampaignScreen:
    """Plan by the basic profile and close what is told."""
    await press(pilot, "p")
    await see(pilot, "What this publication costs")
    await at(pilot, "told")
    await press(pilot, "enter")
    await at(pilot, "units")
    return await on_top(pilot, CampaignScreen)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_the_route_is_chosen_and_both_are_priced(demo_folder: Path, size: tuple[int, int]) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=size, notifications=True) as pilot:
        await to_options(pilot)
        await press(pilot, "enter", "enter")
        await see(pilot, "reimport: rewritten files")
        await press(pilot, "enter", "p")
        await see(pilot, "What this publication costs")
        await at(pilot, "told")
        shown = [text for pair in app.screen._pairs for text in pair]  # type: ignore[attr-defined]
        assert {"Route update", "Route reimport"} <= set(shown)
        await press(pilot, "enter")
        await at(pilot, "units")


async def test_it_goes_into_another_store_and_is_proved_there(demo_folder: Path, tmp_path: Path) -> None:
    before = ids(f"local:{demo_folder}")
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await to_options(pilot, 1)
        await press(pilot, "enter")
        await at(pilot, "value")
        await press(pilot, f"=local:{tmp_path / 'public'}", "enter")
        await see(pilot, str(tmp_path / "public"))
        screen = await plan(pilot)
        assert screen.campaign.plan.cost.calls == {"StartDICOMImportJob": 1}
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 1 done")
        await press(pilot, "v")
        await see(pilot, "the originals hold")
    assert ids(f"local:{demo_folder}") == before
    assert len(ids(f"local:{tmp_path / 'public'}")) == 1


async def test_in_place_is_asked_about_and_says_what_stays_readable(demo_folder: Path) -> None:
    spec = f"local:{demo_folder}"
    before = ids(spec)
    app = Workbench(spec)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await to_options(pilot, 2)
        await press(pilot, "enter")
        await see(pilot, "Change the image sets themselves?", "readable for good")
        await at(pilot, "cancel")
        await press(pilot, "enter")
        await gone(pilot, "readable for good")
        await see(pilot, "In place", "no")
        await press(pilot, "enter")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "YES: older versions stay readable")
        await press(pilot, "p")
        await see(pilot, "Stays readable", "1 older version of 1 image set")
        await at(pilot, "told")
        await press(pilot, "enter")
        await see(pilot, "in place by basic")
        await at(pilot, "units")
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 1 done")
        await press(pilot, "v")
        await see(pilot, "1 image set is as planned")
    assert ids(spec) == before


async def test_who_is_who_comes_from_files_which_are_checked(demo_folder: Path, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.csv", tmp_path / "assigned.csv"
    wrong.write_text("nonsense\n1\n")
    opened = open_store(f"local:{demo_folder}")
    try:
        found = {
            each.id: opened.imaging.document(each.id).patient.get("PatientID")
            for each in opened.imaging.search()
        }
    finally:
        opened.close()
    right.write_text(
        "id,pseudonym\n"
        + "".join(
            f"{each},S-{n}\n" for n, each in enumerate(sorted(set(filter(None, map(str, found.values())))))
        )
    )
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await to_options(pilot, 5)
        await press(pilot, "enter")
        await at(pilot, "value")
        await press(pilot, "=/nowhere.csv", "enter")
        await see(pilot, "pseudonyms fixed beforehand")
        await press(pilot, "ctrl+u", f"={wrong}", "enter")
        await at(pilot, "options")
        await press(pilot, "p")
        await see(pilot, "wrong.csv")
        await press(pilot, "enter")
        await at(pilot, "value")
        await press(pilot, "ctrl+u", f"={right}", "enter")
        await at(pilot, "options")
        screen = await plan(pilot)
        (unit,) = screen.campaign.plan.units()
        after = [
            each.after for patch in unit.patches for each in patch.changes() if each.path.key == "PatientID"
        ]
        assert [str(each).startswith("S-") for each in after] == [True]
