"""The metadata tree: levels, search, paths, and edits that become one plan."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from curator.healthimaging import HealthImaging
from curator.imageset import parse_path
from curator.tui.app import Workbench
from curator.tui.screens.metadata import MetadataScreen
from curator.tui.widgets.outline_view import OutlineView
from tests.tui.reaching import apply_plan, reach
from tests.tui.seen import gone, press, see, until

SIZE = (80, 24)


async def open_set(pilot: Pilot[None], where: str) -> MetadataScreen:
    """Open the tree of the one image set that ``where`` finds."""
    return await reach(pilot, MetadataScreen, "slash", *where, "enter", "m", sets=5, shown=("▾ Patient",))


async def test_levels_are_shown_and_instances_are_opened_when_asked(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(80, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await see(pilot, "▾ Study", "▾ Series", "▸ Instance 1 of 3", "(0010,0010) PN   1 Three^Slices")
        outline = screen.query_one("#tree", OutlineView).outline
        assert outline is not None
        instances = [
            line for line in map(outline.at, range(len(outline))) if line and line.path and line.path.instance
        ]
        assert [line.children for line in instances] == [None, None, None], "not looked at yet"


async def test_search_looks_everywhere_and_n_goes_on(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "slash", "=instancenumber", "enter")
        await see(pilot, "match 1 of 3")
        await press(pilot, "n")
        await see(pilot, "match 2 of 3", "1.2.3.3.2")
        await press(pilot, "N", "N")
        await see(pilot, "match 3 of 3")
        await press(pilot, "escape")
        await gone(pilot, "match 3 of 3")


async def test_what_is_typed_after_a_search_is_about_what_it_finds(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "slash", "=patientsex", "enter", "D")
        await see(pilot, "1 edit pending")
        assert [path.key for path in app.edits.of(screen.image_set)] == ["PatientSex"]


async def test_private_elements_are_named_by_their_creator(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "slash", "=GEMS_IDEN_01] xx02", "enter")
        await see(pilot, "match 1 of 3", "[GEMS_IDEN_01] xx02", '(0009,"GEMS_IDEN_01",1002)')


async def test_a_path_is_gone_to_and_a_wrong_one_is_said(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "P", "=Instances[1.2.3.3.2]/Rows", "enter")
        await see(pilot, "Series[1.2.3.2]/Instances[1.2.3.3.2]/Rows")
        await press(pilot, "P", "=x", "enter")
        await see(pilot, "Go to path:")


async def test_left_closes_and_goes_to_the_parent(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "j", "h", "h")
        await see(pilot, "▸ Patient")
        await press(pilot, "l")
        await see(pilot, "▾ Patient")


async def test_value_and_path_are_copied(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "j", "y")
        assert app.clipboard == "Three^Slices"
        await press(pilot, "Y")
        assert app.clipboard == "Patient/PatientName"


async def go(pilot: Pilot[None], screen: MetadataScreen, path: str) -> None:
    """Put the cursor on an element by its path."""
    await press(pilot, "P", f"={path}", "enter")
    await until(
        pilot, lambda: (line := screen.line()) and line.path and line.path.key == path.rpartition("/")[2]
    )


async def taken(pilot: Pilot[None]) -> None:
    """Wait until the form is closed."""
    await until(pilot, lambda: isinstance(pilot.app.screen, MetadataScreen), "the form to close")


async def commit(pilot: Pilot[None]) -> None:
    """Make the plan of all edits, apply it, and come back."""
    await press(pilot, "w")
    await see(pilot, "waiting", "edited by hand")
    await apply_plan(pilot)
    await press(pilot, "escape")


async def test_edits_are_seen_here_only_until_they_are_committed_and_applied(
    store: str, imaging: HealthImaging
) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "j", "e", "=X")
        await see(pilot, "- Three^Slices", "+ ThreeX^Slices", "Family", "Ideographic")
        await press(pilot, "enter")
        await see(pilot, "Three^Slices → ThreeX^Slices", "1 edit pending")
        await go(pilot, screen, "Patient/PatientSex")
        await press(pilot, "D")
        await see(pilot, "→ (removed)", "2 edits pending")
        assert imaging.image_set(screen.image_set).version == "1", "nothing is written yet"
        await commit(pilot)
        await see(pilot, "v2", "ThreeX^Slices")
        await gone(pilot, "pending")
        found = imaging.document(screen.image_set, "2")
        assert found.get(parse_path("Patient/PatientName")) == "ThreeX^Slices"
        assert not found.has(parse_path("Patient/PatientSex"))


async def test_escape_edits_nothing(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "j", "e", "=X", "escape")
        await taken(pilot)
        assert not len(app.edits)


async def test_edits_are_taken_back_one_by_one_and_all(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        for path in ("PatientSex", "PatientAge", "PatientWeight"):
            await go(pilot, screen, path)
            await press(pilot, "D")
        await see(pilot, "3 edits pending")
        await go(pilot, screen, "PatientSex")
        await press(pilot, "u")
        await see(pilot, "2 edits pending")
        await press(pilot, "u")
        await see(pilot, "1 edit pending", "1 edit taken back")
        assert [path.key for path in app.edits.of(screen.image_set)] == ["PatientAge"], "the last one went"
        await press(pilot, "U")
        await see(pilot, "Take back all edits?")
        await press(pilot, "tab", "enter")
        await gone(pilot, "pending")
        await press(pilot, "u")
        await see(pilot, "Undo: nothing is edited")


async def test_a_date_is_said_in_words_and_a_wrong_one_cannot_be_taken(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "PatientBirthDate")
        await press(pilot, "e")
        await see(pilot, "The value is the same as before.")
        await press(pilot, "=20261123")
        await see(pilot, "Monday, 23 November 2026")
        await press(pilot, "=9", "enter")
        await see(pilot, "Not valid for DA")
        assert not len(app.edits)


async def test_a_code_string_takes_one_of_its_terms(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "PatientSex")
        await press(pilot, "e")
        await see(pilot, "Enumerated values", "Change")
        await press(pilot, "ctrl+u", "=X")
        await see(pilot, "It is not one of its enumerated values (F, M, O)")
        await press(pilot, "ctrl+u", "down", "down", "enter", "enter")
        await see(pilot, "→ M")


async def test_a_uid_is_generated_and_a_registered_one_told(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "Instances[1.2.3.3.2]/SOPClassUID")
        await press(pilot, "e")
        await see(pilot, "registered: CT Image Storage")
        await pilot.click("#generate")
        await see(pilot, "+ 2.25.", "not a registered UID")


async def test_several_values_are_edited_line_by_line(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "Instances[1.2.3.3.2]/ImageType")
        await press(pilot, "e")
        await see(pilot, "in all 3 instances of this image set")
        await press(pilot, "enter", "enter", "enter", "=LOCALIZER", "enter", "=X", "enter", "enter")
        await see(pilot, "\\ AXIAL \\ LOCALIZER \\ X")


async def test_one_of_several_values_is_taken_away(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "Instances[1.2.3.3.2]/ImageType")
        await press(pilot, "e")
        await see(pilot, "The value is the same as before.", "+ ORIGINAL \\ PRIMARY \\ AXIAL")
        await press(pilot, "enter", "ctrl+u", "backspace")
        await see(pilot, "+ ORIGINAL \\ AXIAL")
        await press(pilot, "ctrl+s")
        await see(pilot, "→ ORIGINAL \\ AXIAL", "1 edit pending")


async def test_one_edit_is_made_in_all_instances(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "Instances[1.2.3.3.2]/KVP")
        await press(pilot, "e", "ctrl+u", "=80", "tab", "space", "shift+tab", "enter")
        await see(pilot, "3 edits in 1 image set", "3 edits pending")
        await commit(pilot)
        await see(pilot, "v2")
        found = imaging.document(screen.image_set, "2").find(parse_path("Instances[*]/KVP"))
        assert [value for _, value in found] == ["80", "80", "80"]


async def test_one_edit_is_made_in_all_image_sets_of_a_patient_by_one_plan(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "slash", "=patientid:77654033", "enter")
        await see(pilot, "of 18")
        await press(pilot, "m")
        await see(pilot, "▾ Patient")
        await press(pilot, "j", "e")
        await see(pilot, "[ ] also in 3 other image sets of this patient")
        await press(pilot, "=X", *["tab"] * 15, "space")
        await see(pilot, "[x] also in 3 other image sets of this patient")
        await press(pilot, "shift+tab", "enter")
        await see(pilot, "4 edits in 4 image sets", "4 edits pending, 3 elsewhere")
        await commit(pilot)
        await gone(pilot, "pending")
        found = app.session.imaging.search() if app.session is not None else ()
        names = [each.dicom.get("DICOMPatientName") for each in found]
        assert names.count("DoeX^Archibald") == 4


async def test_an_element_is_added_to_its_level_or_to_an_item(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "a", "=patientcomments", "enter")
        await see(pilot, "Add PatientComments")
        await press(pilot, *"told", "ctrl+s")
        await see(pilot, "+ told", "1 edit pending")
        await go(pilot, screen, "OtherPatientIDsSequence[0]/PatientID")
        await press(pilot, "a", "=issuerofpatientid", "enter")
        await see(pilot, "Add IssuerOfPatientID", "OtherPatientIDsSequence[0]/IssuerOfPatientID")
        await press(pilot, "=ward", "enter")
        await see(pilot, "+ ward", "2 edits pending")
        await commit(pilot)
        await see(pilot, "v2")
        found = imaging.document(screen.image_set, "2")
        assert found.get(parse_path("Patient/PatientComments")) == "told"
        (value,) = (
            v for _, v in found.find(parse_path("Patient/OtherPatientIDsSequence[0]/IssuerOfPatientID"))
        )
        assert value == "ward"


async def test_what_stands_inside_a_removed_sequence_cannot_be_edited(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "OtherPatientIDsSequence[0]/PatientID")
        await go(pilot, screen, "Patient/OtherPatientIDsSequence")
        await press(pilot, "D")
        await see(pilot, "→ (removed)")
        await go(pilot, screen, "OtherPatientIDsSequence[0]/PatientID")
        await press(pilot, "e")
        await see(pilot, "Edit: the selected line is not an element")


async def test_what_the_service_never_changes_is_refused_at_once(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await go(pilot, screen, "Study/StudyInstanceUID")
        await press(pilot, "D")
        await see(pilot, "Remove: an instance, a series or a study")
        assert not len(app.edits)


async def test_an_edit_whose_element_others_changed_is_dropped_and_that_is_said(
    store: str, imaging: HealthImaging
) -> None:
    app = Workbench(store)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "j", "e", "=X", "enter")
        await see(pilot, "1 edit pending")
        imaging.update(
            screen.image_set,
            "1",
            updatable=b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"Moved^On"}}}',
        )
        imaging.wait(screen.image_set)
        await press(pilot, "r")
        await see(pilot, "v2", "Moved^On", "1 edit was dropped")
        await gone(pilot, "pending")


async def test_an_old_version_cannot_be_edited_and_says_so(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        imaging.update(
            screen.image_set,
            "1",
            updatable=b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"Moved^On"}}}',
        )
        imaging.wait(screen.image_set)
        await press(pilot, "v")
        await see(pilot, "2 versions")
        await press(pilot, "j", "m")
        await see(pilot, "old version", "Three^Slices")
        await press(pilot, "j", "e")
        await see(pilot, "Edit: only the latest version can be changed")


async def test_leaving_with_pending_edits_asks(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "j", "D", "ctrl+q")
        await see(pilot, "Leave, and forget pending edits?", "1 edit in 1 image set: not written.")
        await press(pilot, "enter")
        await see(pilot, "▾ Patient", "1 edit pending")
        await press(pilot, "escape")
        await see(pilot, "Image sets  1 of 5  filtered  1 edit pending")


async def test_read_only_edits_and_plans_but_does_not_apply(store: str) -> None:
    app = Workbench(store, read_only=True)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "j", "D", "w")
        await see(pilot, "1 edit of 1 image set", "waiting")
        await press(pilot, "A")
        await see(pilot, "the store is open read-only")
