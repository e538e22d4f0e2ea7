"""Facets and groups: what they count, the filter they write, and the marks of what they stand for."""

from __future__ import annotations

from textual.pilot import Pilot

from curator.tui.app import Workbench
from curator.tui.widgets.facet_pane import FacetPane
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.set_list import SetList
from tests.tui.seen import gone, press, screen_text, see, until

SIZE = (80, 24)
WIDE = (200, 50)


def pane(app: Workbench) -> FacetPane:
    return app.screen.query_one(FacetPane)


def listed(app: Workbench) -> SetList:
    return app.screen.query_one(SetList)


def filter_text(app: Workbench) -> str:
    return app.screen.query_one(FilterField).value


async def to(pilot: Pilot[None], app: Workbench, facet: str, value: str) -> int:
    """Put the pane's cursor on a value, and return its line."""
    facets = pane(app).facets

    def line() -> int:
        return facets.place(f"{facet}={value}")

    await until(pilot, lambda: line() >= 0, f"{facet} {value}")
    pane(app).move(line())
    await pilot.pause()
    return line()


async def test_a_key_opens_the_facets_and_a_value_narrows_the_list(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "F")
        await see(pilot, "▾ Modality", "RTPLAN")
        await to(pilot, app, "modality", "MR")
        await see(pilot, "⏎ Choose", "x Leave out")
        await press(pilot, "enter")
        await see(pilot, "1 of 5", "modality:MR", "✓ MR")
        assert "CT   " in screen_text(app), "the other values are counted still"
        await to(pilot, app, "modality", "CT")
        await press(pilot, "space")
        await see(pilot, "4 of 5", "modality:CT|MR")
        await press(pilot, "escape", "escape")
        await see(pilot, "Image sets  5")
        assert filter_text(app) == ""
        assert app.focused is listed(app)
        await press(pilot, "F", "F")
        await gone(pilot, "▾ Modality")


async def test_a_value_is_left_out_and_what_was_typed_stays(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=date>=2004", "enter", "F")
        await see(pilot, "4 of 5")
        await to(pilot, app, "modality", "CT")
        await press(pilot, "x")
        await see(pilot, "1 of 5", "✗ CT")
        assert filter_text(app) == "date>=2004 !modality:CT"
        await press(pilot, "x")
        await see(pilot, "4 of 5")
        assert filter_text(app) == "date>=2004"


async def test_the_mouse_chooses_folds_and_leaves_out(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5", "▾ Modality")  # there is room
        line = await to(pilot, app, "modality", "MR")
        await pilot.click(FacetPane, offset=(5, line + 1))
        await see(pilot, "1 of 5", "✓ MR")
        await pilot.click(FacetPane, offset=(5, line + 1))
        await see(pilot, "Image sets  5")
        await pilot.click(FacetPane, offset=(5, line + 1), control=True)
        await see(pilot, "4 of 5", "✗ MR")
        await pilot.click(FacetPane, offset=(5, 1))
        await see(pilot, "▸ Modality")


async def test_without_the_facets_their_keys_say_why_not(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "x")
        await see(pilot, "Leave out: no value of a facet is selected")
        await press(pilot, "plus")
        await see(pilot, "Unfold all: nothing is grouped")


async def test_sets_are_grouped_folded_and_unfolded(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=three", "enter")
        await see(pilot, "1 of 5")
        await press(pilot, "b")
        await see(pilot, "1 of 5 in 1 patient", "▸ three  Three^Slices")
        await press(pilot, "enter")
        await see(pilot, "▾ three")
        assert len(listed(app).sets) == 2
        await press(pilot, "m")
        await see(pilot, "Metadata: this is a group")
        await press(pilot, "right", "m")
        await see(pilot, "▾ Patient", "Three^Slices")
        await press(pilot, "q")
        await see(pilot, "▾ three")
        await press(pilot, "left", "left")
        await see(pilot, "▸ three")
        await press(pilot, "b")
        await see(pilot, "in 1 study")
        await press(pilot, "b", "b")
        await see(pilot, "1 of 5  filtered")
        assert len(listed(app).sets) == 1


async def test_the_mark_of_a_group_is_the_mark_of_its_rows(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "b", "ctrl+a")
        await see(pilot, "● 5 marked")
        await press(pilot, "u", "g", "space")
        await until(pilot, lambda: len(listed(app).marks) == 1)
        assert listed(app).marks == set(listed(app).sets.members(0) or ())
        await press(pilot, "V", "plus")
        await until(pilot, lambda: len(listed(app).sets) == 10)
        assert screen_text(app).count("● ") >= 5
        await press(pilot, "b", "b", "b")
        await see(pilot, "● 2 marked")


async def test_a_group_folds_by_its_arrow_and_shows_what_it_says_together(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "b", "g")
        await see(pilot, "Group", "Image sets    1")
        await pilot.click(SetList, offset=(2, 1))
        await until(pilot, lambda: listed(app).sets.is_unfolded(0))
        await pilot.click(SetList, offset=(2, 1))
        await until(pilot, lambda: not listed(app).sets.is_unfolded(0))


async def test_marks_and_groups_outlive_a_refresh(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "b", "g", "right", "space")
        await see(pilot, "● 1 marked")
        marks = set(listed(app).marks)
        await press(pilot, "r")
        await until(pilot, lambda: not app.work.running)
        assert listed(app).marks == marks
        assert listed(app).sets.is_unfolded(0)


async def test_a_click_before_the_columns_marks(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await pilot.click(SetList, offset=(0, 2))
        await pilot.click(SetList, offset=(9, 4), shift=True)
        await see(pilot, "● 3 marked")


async def test_what_a_filter_hides_of_the_marked_is_said(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "ctrl+a", "slash", "=three", "enter")
        await see(pilot, "● 5 marked, 4 not shown")
