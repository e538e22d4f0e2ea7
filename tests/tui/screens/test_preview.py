"""The preview: what the catalogue and the checks say of the image set under the cursor, and a place for its picture."""

from __future__ import annotations

from rich.text import Text

from curator.tui.app import Workbench
from curator.tui.widgets.set_list import SetList
from curator.tui.widgets.set_preview import SetPreview
from tests.tui.seen import gone, press, screen_text, see, until

WIDE = (200, 50)


async def test_findings_levels_and_versions_are_told(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=three", "enter")
        seen = await see(
            pilot, "Three^Slices", "Findings", "1 patient, 1 study, 1 series", "version 1", "CREATED"
        )
        assert "3 inst" in seen
        assert "CUR" in seen, "the checks of its document"


async def test_what_was_asked_for_another_row_is_dropped(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "j", "k", "j", "j")
        preview, view = app.screen.query_one(SetPreview), app.screen.query_one(SetList)
        await see(pilot, "version 1")
        assert preview.image_set == view.current


async def test_a_picture_stands_above_the_facts_of_its_image_set_only(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=modality:RTPLAN", "enter")  # it has no frame of its own
        await see(pilot, "1 of 5", "version 1")
        preview, view = app.screen.query_one(SetPreview), app.screen.query_one(SetList)
        preview.show_picture("f" * 32, Text("of another set"))
        preview.show_picture(preview.image_set, Text("a [/b] picture"))
        await see(pilot, "a [/b] picture", "Patient ID")
        assert "of another set" not in screen_text(app)
        await press(pilot, "escape", "G" if view.cursor == 0 else "g")
        await gone(pilot, "a [/b] picture")


async def test_in_a_narrow_terminal_it_stands_below(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "p")
        await see(pilot, "Preview")
        await until(pilot, lambda: app.screen.query_one(SetPreview).region.y > 10)
