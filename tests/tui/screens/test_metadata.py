"""The metadata tree: levels, search, paths, and one change by one call."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from curator.healthimaging import HealthImaging
from curator.imageset import parse_path
from curator.tui.app import Workbench
from curator.tui.screens.metadata import MetadataScreen
from curator.tui.widgets.outline_view import OutlineView
from tests.tui.seen import gone, press, screen_text, see, until

SIZE = (80, 24)


async def open_set(pilot: Pilot[None], where: str) -> MetadataScreen:
    """Open the tree of the one image set that ``where`` finds."""
    await see(pilot, "Image sets  5")
    await press(pilot, "slash", *where, "enter", "m")
    await see(pilot, "▾ Patient")
    screen = pilot.app.screen
    assert isinstance(screen, MetadataScreen)
    return screen


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


async def test_one_value_is_changed_by_one_call_after_a_preview(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "j", "e", "=X")
        await see(pilot, "- Three^Slices", "+ Three^SlicesX", "One UpdateImageSetMetadata call")
        await press(pilot, "enter", "enter")
        await see(pilot, "v2", "PN   1 Three^SlicesX")
        found = imaging.document(screen.image_set, "2").get(parse_path("Patient/PatientName"))
        assert found == "Three^SlicesX"
        assert imaging.image_set(screen.image_set).version == "2"


async def test_escape_changes_nothing(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "j", "e", "=X", "escape")
        await gone(pilot, "UpdateImageSetMetadata")
        assert imaging.image_set(screen.image_set).version == "1"


async def test_the_same_value_cannot_be_confirmed_and_an_invalid_one_is_said(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "slash", "=patientbirthdate", "enter")
        await see(pilot, "match 1 of 1")
        await press(pilot, "e")
        await see(pilot, "The value is the same as before.")
        await press(pilot, "=nonsense")
        await see(pilot, "Not valid for DA", "Sent with force")


async def test_an_element_is_removed_only_after_a_button(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "slash", "=patientsex", "enter")
        await see(pilot, "match 1 of 1")
        await press(pilot, "D", "enter")
        await gone(pilot, "no such element")
        assert imaging.image_set(screen.image_set).version == "1", "enter alone is Cancel"
        await press(pilot, "D", "tab", "enter")
        await see(pilot, "v2")
        assert not imaging.document(screen.image_set, "2").has(parse_path("Patient/PatientSex"))


async def test_an_old_version_cannot_be_edited_and_says_so(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        await press(pilot, "j", "e", "=X", "enter", "enter")
        await see(pilot, "v2")
        await press(pilot, "v")
        await see(pilot, "2 versions")
        await press(pilot, "j", "m")
        await see(pilot, "old version", "Three^Slices")
        await press(pilot, "j", "e")
        await see(pilot, "Edit: only the latest version can be changed")
        assert screen.image_set


async def test_a_write_that_the_service_refuses_is_told(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_set(pilot, "three")
        imaging.update(
            screen.image_set,
            "1",
            updatable=b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"Moved^On"}}}',
        )
        imaging.wait(screen.image_set)
        await press(pilot, "j", "e", "=X", "enter", "enter")
        await see(pilot, "PN   1 Moved^On")
        await until(
            pilot, lambda: "not the latest" in screen_text(app) or "moved" in screen_text(app).lower()
        )


@pytest.mark.parametrize("key", ["e", "D"])
async def test_read_only_changes_nothing(store: str, key: str) -> None:
    app = Workbench(store, read_only=True)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await open_set(pilot, "three")
        await press(pilot, "j", key)
        await see(pilot, "the store is open read-only")
