"""Values are data: markup and escape sequences in every field show as text on every screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.campaign.reviewing import review
from curator.deid.pixelreview import PixelDecision, Verdict
from curator.healthimaging import HealthImaging
from curator.project import Project
from curator.ruleshelf.own import keep_own
from curator.tui.app import Workbench
from curator.tui.importing import imported_of
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.imported import ImportedScreen
from curator.tui.screens.metadata import MetadataScreen
from curator.tui.widgets.facet_pane import FacetPane
from tests.tui.imagesets import CRASH, ESCAPE, MARKUP
from tests.tui.reaching import at
from tests.tui.seen import press, screen_text, see, until

WIDE = (200, 60)


def clean(app: Workbench) -> str:
    """Return the screen after making sure that nothing on it could steer a terminal."""
    text = screen_text(app)
    assert not [character for character in text if character < " " and character != "\n"]
    svg = app.export_screenshot(title="")
    assert "\x1b" not in svg
    return text


async def crafted(pilot: Pilot[None]) -> None:
    await see(pilot, "Image sets  5")
    await press(pilot, "slash", '=patientid:"[mm]"', "enter")
    await see(pilot, "1 of 5")


async def test_the_list_and_the_preview(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await see(pilot, "thick [mm] x", "a [/b] z", "␛[31mred␛]52;c;", "version 1")
        clean(app)


async def test_what_came_of_an_import(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        answer = {
            "failures": [{"inputFile": f"/{ESCAPE}/{MARKUP}", "message": CRASH}],
            "warnings": [
                {
                    "inputFile": CRASH,
                    "warningType": "LevelDisagreement",
                    "level": "Patient",
                    "attribute": "PatientName",
                    "kept": ESCAPE,
                    "found": [MARKUP],
                    "absent": False,
                }
            ],
        }
        app.push_screen(ImportedScreen(imported_of(f"1 failed {MARKUP}", json.dumps(answer))))
        await see(pilot, "1 failed thick [mm] x", "a [/b] z", "␛[31mred")
        clean(app)
        await press(pilot, "j")
        await see(pilot, "the image set keeps ␛[31mred", 'this file says ["thick [mm] x"]')
        clean(app)


async def test_facets_groups_and_what_they_write_into_the_filter(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await see(pilot, "Manufacturer: a [/b] z")
        await press(pilot, "b")
        await see(pilot, "▸ thick [mm] x  a [/b] z", "in 1 patient", "Group")
        clean(app)
        await press(pilot, "b", "enter")
        await see(pilot, "▾ ", "in 1 study", "␛[31mred")
        clean(app)
        await press(pilot, "escape", "F")
        await see(pilot, "▾ Manufacturer")
        pane = app.screen.query_one(FacetPane)
        wanted = next(line for line in range(len(pane.facets)) if "[" in pane.facets.key(line))
        pane.move(wanted)
        await press(pilot, "enter")
        await see(pilot, "1 of 5", "✓ ")
        clean(app)
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert "[" not in told


async def test_metadata_search_edit_and_remove(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "m")
        await see(pilot, "▾ Patient", "a [/b] z", "thick [mm] x", "␛[31mred")
        await press(pilot, "plus")
        await press(pilot, "slash", "=codemeaning", "enter")
        await see(pilot, "match 1 of 1", "a [/b] z")
        clean(app)
        await press(pilot, "e", "=[b]")
        await see(pilot, "+ a [/b] z[b]")
        clean(app)
        await press(pilot, "enter")
        await see(pilot, "a [/b] z → a [/b] z[b]", "1 edit pending")
        await press(pilot, "g", "j", "D")
        await see(pilot, "a [/b] z → (removed)", "2 edits pending")
        clean(app)
        await press(pilot, "w")
        await see(pilot, "2 edits of 1 image set", "edited by hand", "a [/b] z[b]")
        clean(app)


@pytest.mark.parametrize(
    ("keyword", "form"),
    [("PatientName", "Family"), ("ImageComments", "Edit ImageComments"), ("ImageType", "Edit ImageType")],
)
async def test_a_form_hands_no_control_character_to_the_terminal(
    store: str, imaging: HealthImaging, keyword: str, form: str
) -> None:
    (three,) = imaging.search([{"values": [{"DICOMPatientId": "three"}], "operator": "EQUAL"}])
    hostile = f"{ESCAPE} {CRASH} {MARKUP}"
    instance = {"ImageComments": f"{hostile}\r\n{hostile}", "ImageType": [hostile, hostile]}
    wanted = {
        "SchemaVersion": "1.1",
        "Patient": {"DICOM": {"PatientName": hostile}},
        "Study": {"Series": {"1.2.3.2": {"Instances": {"1.2.3.3.1": {"DICOM": instance}}}}},
    }
    imaging.update(three.id, "1", updatable=json.dumps(wanted).encode(), force=True)
    imaging.wait(three.id)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=red", "enter", "m")
        await see(pilot, "▾ Patient")
        await press(
            pilot, "P", f"={'Instances[1.2.3.3.1]/' if keyword != 'PatientName' else ''}{keyword}", "enter"
        )
        screen = app.screen
        assert isinstance(screen, MetadataScreen)
        await until(pilot, lambda: (line := screen.line()) and line.path and line.path.key == keyword)
        await press(pilot, "e")
        await see(pilot, form, "- ␛[31mred", "a [/b] z")
        clean(app)
        assert "\x1b" not in "".join(strip.text for strip in app.screen._compositor.render_strips())


def _named(name: str) -> dict[str, object]:
    return {"SchemaVersion": "1.1", "Patient": {"DICOM": {"PatientName": name}}}


async def test_versions_diff_and_revert(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "m")
        await see(pilot, "▾ Patient")
        screen = app.screen
        assert isinstance(screen, MetadataScreen)
        imaging.update(screen.image_set, "1", updatable=json.dumps(_named("a [/b] z[/]")).encode())
        imaging.wait(screen.image_set)
        await press(pilot, "v")
        await see(pilot, "1 changed: PatientName", "a [/b] z[/]")
        clean(app)
        await press(pilot, "d")
        await see(pilot, "change 1 of 1", "a [/b] z[/]")
        await press(pilot, "a")
        await see(pilot, "thick [mm] x", "␛[31mred")
        clean(app)
        await press(pilot, "escape", "j", "R")
        await see(pilot, "1 change:", "a [/b] z[/]")
        clean(app)


@pytest.mark.parametrize("text", ["a [/b] z", "thick [mm] x", "\x1b]0;t\x07"])
async def test_what_is_told_is_text(store: str, text: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        app.say(text)
        await see(pilot, text.replace("\x1b", "␛").replace("\x07", "␇"))
        clean(app)


async def test_no_value_is_logged_nor_in_the_title(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "m")
        await see(pilot, "▾ Patient")
        await press(pilot, "j", "e", "=X", "enter")
        await see(pilot, "1 edit pending")
        await press(pilot, "w")
        await see(pilot, "edited by hand")
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert "plan the edits" in told
        for value in ("[mm]", "[/b]", "red"):
            assert value not in told
        assert app.title == "curator"
        assert app.sub_title == ""


async def test_findings_and_plans(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "f")
        await see(pilot, "Findings", "CUR310")
        for _ in range(12):
            await press(pilot, "j")
            clean(app)
        await press(pilot, "slash", "=CUR310", "enter")
        await see(pilot, "of")
        clean(app)
        await press(pilot, "escape", "escape", "C")
        await see(pilot, "Nothing has been planned")
        clean(app)


async def test_a_refused_publication_says_why(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "space", "D")
        await see(pilot, "1 marked image set", "basic")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "nothing can be published")
        clean(app)


async def test_a_publication_its_changes_and_its_report(store: str, imaging: HealthImaging) -> None:
    (three,) = imaging.search([{"values": [{"DICOMPatientId": "three"}], "operator": "EQUAL"}])
    hostile = {"StudyDescription": f"{CRASH} {MARKUP}"}
    wanted = {"SchemaVersion": "1.1", "Study": {"DICOM": hostile}}
    imaging.update(three.id, "1", updatable=json.dumps(wanted).encode())
    imaging.wait(three.id)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=patientid:three", "enter")
        await see(pilot, "1 of 5")
        await press(pilot, "space", "D")
        await see(pilot, "1 marked image set", "basic")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "What this publication costs")
        clean(app)
        await at(pilot, "told")
        await press(pilot, "enter")
        await see(pilot, "published by basic", f"{CRASH} {MARKUP}")
        clean(app)
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        await press(pilot, "w")
        await at(pilot, "value")
        await press(pilot, "enter")
        await until(pilot, (screen.campaign.folder / "report.html").exists)
        clean(app)
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert not [value for value in (MARKUP, CRASH, "three") if value in told.lower()]


async def test_conflicts_and_what_is_decided_of_them(store: str, imaging: HealthImaging) -> None:
    slices = {"StudyInstanceUID": "1.2.3.1", "StudyDescription": ESCAPE}
    sets = list(imaging.search())
    for each in sets[:2]:
        wanted = {"SchemaVersion": "1.1", "Study": {"DICOM": slices}}
        imaging.update(each.id, "1", updatable=json.dumps(wanted).encode(), force=True)
        imaging.wait(each.id)
        slices = {**slices, "StudyDescription": f"{CRASH} {MARKUP}"}
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "X")
        await see(pilot, "StudyDescription")
        await press(pilot, "slash", "=studydescription", "enter")
        await see(pilot, "1 of ", "␛[31mred")
        clean(app)
        await press(pilot, "e", f"={CRASH} {MARKUP}", "enter")
        await see(pilot, "chosen")
        clean(app)
        await press(pilot, "P")
        await see(pilot, "conflicts as decided", "chosen by")
        clean(app)
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert not [value for value in (MARKUP, CRASH) if value in told]


async def test_the_list_of_stores(store: str, tmp_path: Path) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        app.switch(f"local:{tmp_path}/[b] \x1b[31m", project=tmp_path / "[b]x[/]")
        await see(pilot, "This data store is empty.")
        clean(app)
        await press(pilot, "ctrl+o")
        await see(pilot, "Stores  2", "␛[31m", "[b]x[/]")
        clean(app)


async def test_rule_files_their_pages_their_source_and_a_dry_run(store: str) -> None:
    text = (
        f"version: 1\nname: hostile\nwhy: '{MARKUP} {CRASH}'\nrules:\n  - id: one\n    why: '{CRASH} {MARKUP}'\n"
        "    select: [StudyDescription, PatientName]\n    when: {empty: false}\n    do: remove\n"
        f"    cases: [{{name: '{CRASH}', before: {{StudyDescription: 'x {CRASH}'}}}}]\n"
    )
    path = keep_own(Project.open(), "hostile", text)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "R")
        await see(pilot, "hostile", MARKUP, CRASH, "dry run: 1 filtered image set")
        clean(app)
        await at(pilot, "books")
        await press(pilot, "t")
        await see(pilot, "1 case, 1 came out differently", CRASH)
        clean(app)
        await press(pilot, "escape", "d")
        await see(pilot, "Dry run", CRASH)
        clean(app)
        await press(pilot, "b")
        await see(pilot, "␛[31mred")
        clean(app)
        await press(pilot, "tab", "enter")
        await see(pilot, "Why it is changed", f"{CRASH} {MARKUP}")
        clean(app)
        await press(pilot, "escape", "escape")
        path.write_text(text.replace("remove", f'"{CRASH} \x1b]0;t\x07"'))
        await press(pilot, "r")
        await see(pilot, "1 problem")
        clean(app)
        await press(pilot, "enter")
        await see(pilot, "Source  hostile  1 problem", f"{CRASH} ␦]0;t␦")
        clean(app)
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert not [value for value in ("[mm]", "[/b]", "red") if value in told]


async def test_frames_their_windows_and_decisions(store: str, imaging: HealthImaging) -> None:
    (one,) = imaging.search([{"values": [{"DICOMPatientId": MARKUP}], "operator": "EQUAL"}])
    document = imaging.document(one.id)
    ((series, sop, _),) = document.instances()
    hostile = {
        "WindowCenter": ["40"], "WindowWidth": ["400"], "WindowCenterWidthExplanation": [f"{CRASH} {ESCAPE}"],
        "BurnedInAnnotation": "YES",
    }  # fmt: skip
    wanted = {"SchemaVersion": "1.1", "Study": {"Series": {series: {"Instances": {sop: {"DICOM": hostile}}}}}}
    imaging.update(one.id, "1", updatable=json.dumps(wanted).encode(), force=True)
    imaging.wait(one.id)
    review(
        Project.open(),
        [PixelDecision(sop, Verdict.EXCLUDE, by=f"{CRASH} {ESCAPE}", why=f"{MARKUP} {CRASH} {ESCAPE}")],
    )
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "P")
        await see(
            pilot, "a [/b] z ␛[31mred", "▲ Pixels at risk", "✗ Excluded by a [/b] z", "thick [mm] x a [/b] z"
        )
        clean(app)
        await press(pilot, "right_square_bracket", "z", "s", "u")
        await see(pilot, "Not decided.", "magnified: upper left")
        clean(app)
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert not [value for value in ("[mm]", "[/b]", "red", sop) if value in told]
        assert app.title == "curator"


async def test_a_plan_by_rule_and_element_what_is_taken_out_its_ledger_and_the_saved_session(
    store: str,
) -> None:
    text = (
        f"version: 1\nname: hostile\nwhy: '{MARKUP} {CRASH}'\nrules:\n  - id: one\n    why: '{CRASH} {MARKUP}'\n"
        "    select: [StudyDescription, PatientName]\n    when: {empty: false}\n    do: remove\n"
    )
    keep_own(Project.open(), "hostile", text)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await crafted(pilot)
        await press(pilot, "R")
        await at(pilot, "books")
        await see(pilot, "hostile", "dry run: 1 filtered image set")
        await press(pilot, "d")
        await see(pilot, "Dry run")
        await press(pilot, "p")
        await see(pilot, "Plan  hostile", "␛[31mred", CRASH)
        clean(app)
        for view in ("by rule", "by element"):
            await press(pilot, "b")
            await see(pilot, view, CRASH)
            clean(app)
        await at(pilot, "units")
        await press(pilot, "g", "j", "enter", "enter")
        await see(pilot, "Why it is changed", f"{CRASH} {MARKUP}")
        clean(app)
        await press(pilot, "escape", "x")
        await see(pilot, "Taken out")
        clean(app)
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 1 done")
        await press(pilot, "c")
        await see(pilot, "Ledger", "UpdateImageSetMetadata")
        clean(app)
        await press(pilot, "escape", "escape", "escape")
        await see(pilot, "Image sets")
        await press(pilot, "C")
        await at(pilot, "campaigns")
        await press(pilot, "W")
        await at(pilot, "value")
        await press(pilot, "enter")
        await see(pilot, "Where it lies", "Saved as")
        clean(app)
        told = " ".join(f"{ticket.title} {ticket.outcome}" for ticket in app.work.history)
        assert not [value for value in ("[mm]", "[/b]", "red") if value in told]
