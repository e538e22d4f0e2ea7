"""Rule files in the workbench: read, written and checked as they are typed, tried without writing, made a plan."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.project import Project
from curator.ruleshelf.own import keep_own, new_own
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.outside import editor
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.widgets.yaml_area import YamlArea, parts_of
from tests.served import serving
from tests.tui.reaching import at
from tests.tui.seen import gone, press, see

WIDE = (200, 50)
SMALL = (80, 24)
RULES = """\
version: 1
name: sitewise
why: They say where a scan was made.
rules:
  - id: name-the-site
    why: Every study says where it was made.
    select: {keyword: InstitutionName, create: true}
    do: {literal: Site A}
    safety: safe
  - id: shorter
    why: A description is short.
    select: StudyDescription
    when: {empty: false}
    do: {truncate: 4}
"""


async def on_the_shelf(pilot: Pilot[None], name: str = "") -> None:
    await see(pilot, "Image sets  5")
    await press(pilot, "R")
    await see(pilot, "Rules", "body-part-terms", "bundled")
    await at(pilot, "books")
    if name:
        await press(pilot, "slash", f"={name}", "enter")
        await see(pilot, "Rules  1 ")
        await at(pilot, "books")


def versions(spec: str) -> dict[str, int]:
    opened = open_store(spec)
    try:
        return {each.id: int(each.version) for each in opened.imaging.search()}
    finally:
        opened.close()


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_file_is_explained_and_a_profile_with_its_edition_options_and_overrides(
    store: str, size: tuple[int, int]
) -> None:
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await on_the_shelf(pilot, "limited-data-set")
        await see(pilot, "De-identifies: PS3.15 2026d", "clean-descriptors")
        await press(pilot, "escape", "slash", "=laterality", "enter")
        await see(pilot, "Laterality is R or L.", "4 ")
        await press(pilot, "tab", "end")
        await see(pilot, "What its actions do:")


async def test_a_new_file_is_made_checked_while_it_is_typed_and_saved(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await on_the_shelf(pilot)
        await press(pilot, "n")
        await at(pilot, "value")
        await press(pilot, "enter")
        await see(pilot, "ours", "Rules  24")
        await press(pilot, "enter")
        await see(pilot, "Source  ours  holds", "select: StudyDescription", "f1 Help")
        await at(pilot, "text")
        area = app.screen.query_one("#text", YamlArea)
        area.move_cursor((7, 19))
        await press(pilot, "x")
        await see(pilot, "1 problem  not saved", "StudyDexscription", "did you mean StudyDescription")
        area.move_cursor((0, 0))
        await press(pilot, "f4")
        assert area.cursor_location[0] == 7
        path = Project.open().root / "rules" / "ours.yaml"
        assert "Dex" not in path.read_text()
        await press(pilot, "ctrl+s")
        await see(pilot, "Saved. It has 1 problem")
        assert "StudyDexscription" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await press(pilot, "end", "ctrl+z", "f5")
        await see(pilot, "ours: 2 cases, 0 came out differently")
        await press(pilot, "escape", "escape")
        await see(pilot, "Leave without saving?")
        await press(pilot, "escape")
        await gone(pilot, "Leave without")
        await press(pilot, "ctrl+s")
        await see(pilot, "Saved.")
        await press(pilot, "escape")
        await see(pilot, "Rules  24", "ours")


async def test_a_bundled_file_is_read_only_and_copied_to_be_changed(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await on_the_shelf(pilot, "patient-ids")
        await press(pilot, "enter")
        await see(pilot, "bundled: c on the shelf copies it")
        await at(pilot, "text")
        await press(pilot, "x", "ctrl+s")
        await see(pilot, "it is no file of the project's own")
        assert app.screen.query_one("#text", YamlArea).text.startswith("version")
        await press(pilot, "escape", "E")
        await see(pilot, "$EDITOR: it is no file of the project")
        await press(pilot, "c")
        await at(pilot, "value")
        await press(pilot, "enter")
        await see(pilot, "our-patient-ids", "yes")
        await press(pilot, "c")
        await at(pilot, "value")
        await press(pilot, "ctrl+u", "=Not A Name", "enter")
        await see(pilot, "cannot be a rule file's name")


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_file_that_is_not_utf_8_is_shown_and_never_written_back(
    store: str, size: tuple[int, int]
) -> None:
    file = new_own(Project.open(), "umlauts")
    latin = file.read_bytes().replace(b"Say here what", "Für Ärzte, what".encode("latin-1"))
    file.write_bytes(latin)
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await on_the_shelf(pilot, "umlauts")
        await press(pilot, "enter")
        await see(pilot, "read-only: not UTF-8", f"from byte {latin.index(0xFC)} of the file", "1 problem")
        await at(pilot, "text")
        await press(pilot, "x", "ctrl+s")
        await see(pilot, "saving would lose bytes", "save it there as")
        await press(pilot, "f5")
        await see(pilot, "Test: the file has problems")
        assert file.read_bytes() == latin
        file.write_bytes(latin.decode("latin-1").encode())
        await press(pilot, "escape", "enter")
        await see(pilot, "Für Ärzte", "holds")
        await at(pilot, "text")
        await press(pilot, "x", "ctrl+s")
        await see(pilot, "Saved.")
        assert file.read_bytes() == b"x" + latin.decode("latin-1").encode()


async def test_cases_are_run_and_what_comes_out_differently_is_shown(store: str) -> None:
    text = RULES + "    cases: [{before: {StudyDescription: Thorax}, after: {StudyDescription: Tho}}]\n"
    keep_own(Project.open(), "sitewise", text)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await on_the_shelf(pilot, "sitewise")
        await press(pilot, "t")
        await see(
            pilot,
            "1 case, 1 came out differently",
            "found 'Thor'; expected 'Tho'",
            "name-the-site",
            "has no cases",
        )


async def test_a_file_with_problems_can_neither_be_tried_nor_tested(store: str) -> None:
    keep_own(Project.open(), "sitewise", RULES.replace("truncate", "trunkate"))
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await on_the_shelf(pilot, "sitewise")
        await see(pilot, "1 problem", "sitewise.yaml:14: rule shorter: found the unknown action 'trunkate'")
        await press(pilot, "d")
        await see(pilot, "Dry run: the file has problems")


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_dry_run_counts_and_samples_and_writes_nothing_until_it_is_a_plan(
    store: str, size: tuple[int, int]
) -> None:
    keep_own(Project.open(), "sitewise", RULES)
    before = versions(store)
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await on_the_shelf(pilot, "sitewise")
        await press(pilot, "d")
        await see(pilot, "Dry run  sitewise  all image sets", "name-the-site", "InstitutionName", "Site A")
        plans = Project.open().root / "plans"
        assert [stat.S_IMODE(path.stat().st_mode) for path in plans.iterdir()] == [0o600]
        await press(pilot, "b")
        await see(pilot, "A description is short" if size == WIDE else "shorter")
        await press(pilot, "b")
        await see(pilot, "Study/StudyDescription")
        await press(pilot, "enter")
        await see(pilot, "Why it is changed", "rule file", "safety")
        await press(pilot, "escape", "s")
        await see(pilot, "UpdateImageSetMetadata", "at the service's default rates")
        await press(pilot, "escape", "escape")
        await see(pilot, "Rules")
        assert list(plans.iterdir()) == [], "a dry run that was not kept is gone"
        assert list(Project.open().campaigns()) == []
        await press(pilot, "d")
        await see(pilot, "Dry run")
        await at(pilot, "groups")
        await press(pilot, "p")
        await see(pilot, "Plan  sitewise", "waiting")
        assert list(plans.iterdir()) == []
        assert versions(store) == before, "a plan changes nothing"
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan:" if size == WIDE else "done")
        assert sum(versions(store).values()) == sum(before.values()) + screen.campaign.plan.cost.image_sets


async def test_a_dry_run_looks_at_the_marked_sets_or_at_those_the_list_shows(store: str) -> None:
    keep_own(Project.open(), "sitewise", RULES)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=modality:CT", "enter")
        await see(pilot, "3 of 5")
        await press(pilot, "space", "R")
        await see(pilot, "dry run: 1 marked image set")
        await at(pilot, "books")
        await press(pilot, "slash", "=sitewise", "enter", "s")
        await see(pilot, "dry run: 3 filtered image sets")
        await press(pilot, "d")
        await see(pilot, "Dry run  sitewise  3 filtered", " in 3 image sets")
        await press(pilot, "escape", "s")
        await see(pilot, "dry run: all image sets")
        await press(pilot, "s", "d")
        await see(pilot, "Dry run  sitewise  1 marked", " in 1 image set,")


async def test_rules_that_change_nothing_say_so(store: str) -> None:
    keep_own(Project.open(), "sitewise", RULES.replace("rules:", "where: modality:XA\nrules:"))
    app = Workbench(store)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await on_the_shelf(pilot, "sitewise")
        await press(pilot, "d")
        await see(pilot, "The rules would change nothing here.")
        await press(pilot, "p")
        await see(pilot, "there are no changes")


async def test_what_a_dry_run_could_not_look_at_is_said(store: str, tmp_path: Path) -> None:
    """Documents of a store elsewhere are read when somebody asks for it: until then rules know nothing of them."""
    keep_own(Project.open(), "sitewise", RULES)
    with serving(Path(store.removeprefix("local:")), tmp_path / "ready.json") as served:
        app = Workbench(served.spec)
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            await on_the_shelf(pilot, "sitewise")
            await press(pilot, "d")
            await see(
                pilot, "5 image sets not looked at: its metadata is not in the catalogue", "5 NOT looked at"
            )


async def test_an_editor_needs_a_terminal_of_its_own_here_there_is_none(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_own(Project.open(), "sitewise")
    monkeypatch.setenv("VISUAL", "cat")
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await on_the_shelf(pilot, "sitewise")
        await press(pilot, "E")
        await see(pilot, "An editor cannot be opened")


def test_the_editor_is_visual_then_editor_then_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    monkeypatch.setenv("EDITOR", "cat -A")
    assert editor() == ["cat", "-A"]
    monkeypatch.setenv("VISUAL", "'half a quotation")
    assert editor() == ["cat", "-A"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert editor() == []


def test_yaml_is_coloured_by_its_parts() -> None:
    line = "  - {keyword: 'it''s', most: 64} # why"
    found = [(line[start:end], kind) for start, end, kind in parts_of(line)]
    assert ("keyword", "key") in found
    assert ("'it''s'", "quoted") in found
    assert ("64", "number") in found
    assert ("# why", "comment") in found
    assert ("-", "mark") in found
