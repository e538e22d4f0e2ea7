"""The list: what is shown, filtered, sorted and marked, and what happens when there is no store."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from curator.tui.app import Workbench
from curator.tui.widgets.row_view import RowView
from tests.tui.seen import Golden, gone, press, screen_text, see, until

SIZE = (80, 24)
WIDE = (200, 50)


def listed(app: Workbench) -> RowView:
    return app.screen_stack[1].query_one("#list", RowView)


async def test_all_image_sets_are_listed_with_what_their_documents_say(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        seen = await see(pilot, "CompressedSa", "Three^Slices", "RTPLAN", "Image sets  5")
        three = next(line for line in seen.splitlines() if "Three^Slices" in line)
        assert "CT" in three.split()
        assert "3" in three.split(), "the number of instances"


async def test_the_filter_narrows_as_you_type_and_escape_leaves_it(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=three")
        await see(pilot, "1 of 5")
        await press(pilot, "= !primary")
        await until(pilot, lambda: "!primary" in screen_text(app))
        await press(pilot, "escape")
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=modality:MR", "enter")
        seen = await see(pilot, "1 of 5")
        assert "Three" not in seen
        assert app.focused is listed(app)


async def test_a_filter_that_does_not_parse_leaves_the_rows(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", '=study:"head')
        await see(pilot, "Image sets  5", "column 7: the quotation mark is not closed")
        await press(pilot, '="')
        await see(pilot, "0 of 5")


async def test_a_filter_by_a_field_that_is_none_says_what_was_meant_and_where_all_are_listed(
    store: str,
) -> None:
    app = Workbench(store)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=conflict>1")
        await see(pilot, "Image sets  5  column 1: no field conflict (conflicts?) (F1 lists all)")
        await press(pilot, "f1", "j")
        await see(pilot, "fields: id patient", "manufacturer")
        await press(pilot, "escape", "ctrl+u", "=confl>1 inst>=1")
        await see(pilot, "0 of 5")


async def test_a_filter_can_be_given_from_the_start(store: str) -> None:
    app = Workbench(store, where="modality:RTPLAN")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "1 of 5", "RTPLAN")


async def test_sorting_keeps_the_cursor_on_its_image_set(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "j", "j")
        current = listed(app).current
        await press(pilot, "s")
        await see(pilot, "Patient ID▲")
        assert listed(app).current == current
        await press(pilot, "S")
        await see(pilot, "Patient ID▼")
        assert listed(app).current == current


async def test_two_marked_sets_are_compared_and_three_are_too_many(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "space", "space", "space", "d")
        await see(pilot, "● 3 marked", "mark two image sets, no more")
        await press(pilot, "u", "space", "G", "space", "d")
        await see(pilot, "Diff", "change 1 of")


async def test_columns_are_chosen(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5", "Patient name")
        await press(pilot, "c", "j", "space", "enter")
        await gone(pilot, "Patient name")
        assert "Patient ID" in screen_text(app)


async def test_the_preview_shows_versions_where_there_is_room(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Preview", "version 1", "CREATED")
        await press(pilot, "p")
        await gone(pilot, "Preview")


async def test_the_id_is_copied(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "y")
        assert app.clipboard == listed(app).current != ""


async def test_a_key_that_does_nothing_now_says_why(store: str) -> None:
    app = Workbench(store, read_only=True)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5", "READ-ONLY")
        await press(pilot, "i")
        await see(pilot, "Import: the store is open read-only")


async def test_help_and_palette_are_drawn_from_the_actions(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "question_mark")
        await see(pilot, "Show only rows that match", "image-sets.filter", "not now: nothing is marked")
        await press(pilot, "escape", "colon")
        await see(pilot, "What do you want to do?")
        await press(pilot, "=revers", "enter")
        await gone(pilot, "What do you want to do?")


async def test_help_tells_the_action_under_the_cursor_whole_and_what_cannot_be_done_last(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "question_mark")
        seen = await see(pilot, "m  Metadata  id image-sets.metadata")
        assert "not now:" not in seen, "what applies comes first"
        await press(pilot, "j", "j")
        await see(pilot, "Count modalities, states, conflicts and so on in what is shown")
        await press(pilot, "G")
        await see(pilot, "Cancel  id app.cancel", "Not now: nothing is running.")
        await press(pilot, "escape", "colon")
        listed = await see(pilot, "What do you want to do?", "Read the image set's metadata")
        assert "not now:" not in listed


async def test_a_keymap_changes_keys_and_what_is_shown_of_them(store: str) -> None:
    from curator.tui.config import Config

    app = Workbench(store, config=Config(keys={"image-sets.filter": "f"}))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5", "f Filter")
        await press(pilot, "f", "=three")
        await see(pilot, "1 of 5")


async def test_a_folder_that_is_no_store_is_said_and_can_be_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    app = Workbench(f"local:{file}")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "r tries again")
        file.unlink()
        await press(pilot, "r")
        await gone(pilot, "r tries again")
        await see(pilot, "This data store is empty.")


async def test_the_first_screen_is_there_before_the_store(store: str) -> None:
    (file,) = Path(store.removeprefix("local:")).glob("*.sqlite")
    app = Workbench(store)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")  # nobody opens the store meanwhile
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await see(pilot, "curator  Image sets", "Opening the data store", "/ Filter")
            assert app.session is None
            other.execute("ROLLBACK")
            other.close()
            await see(pilot, "Image sets  5")


@pytest.mark.parametrize("theme", ["curator-dark", "curator-light"])
async def test_both_themes_tell_the_cursor_from_the_other_rows(store: str, theme: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        if app.theme != theme:
            await press(pilot, "ctrl+t")
        assert app.theme == theme
        view = listed(app)
        cursor, other = (next(iter(view.render_line(y)))[1] for y in (1, 2))
        assert cursor is not None
        assert other is not None
        assert cursor.bgcolor != other.bgcolor


async def test_the_list_looks_as_approved(store: str, golden: Golden) -> None:
    app = Workbench(store)
    app.store_spec = "local"
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        app.store_spec = store
        await see(pilot, "Image sets  5")
        app.store_spec = "local"
        await press(pilot, "s")
        await see(pilot, "Patient ID▲")
        ids = sorted(row[:8] for row in _ids(app))
        seen = screen_text(app)
        for name in ids:
            seen = seen.replace(name, "<id----->"[:8])
        golden.holds(seen)


def _ids(app: Workbench) -> list[str]:
    view = listed(app)
    return [view.rows.key(index) for index in range(len(view.rows))]


async def test_a_filter_asks_for_any_element_of_patient_study_and_series(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=StudyTime:185", "enter")
        await see(pilot, "1 of 5", "CompressedSamples^MR1"[:11])
        assert "look up elements" in [ticket.title for ticket in app.work.history]
        await press(pilot, "escape", "slash", "=!StudyTime:185", "enter")
        await see(pilot, "4 of 5")
        await press(pilot, "r")
        await until(pilot, lambda: not app.work.running)
        await see(pilot, "4 of 5")
        assert [ticket.title for ticket in app.work.history].count("look up elements") == 2, "after a refresh"
