"""The list begins as it was left, per store; unless the settings or the command line say otherwise."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from curator.project import Project
from curator.tui.app import Workbench
from curator.tui.config import Config
from curator.tui.memory import kept
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.set_list import SetList
from tests.tui.seen import press, see, until

SIZE = (80, 24)


async def leave(store: str, *keys: str) -> Workbench:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, *keys)
        await press(pilot, "q")
    app.close_store()
    return app


async def test_filter_order_groups_panes_and_cursor_come_back(store: str) -> None:
    await leave(
        store, "s", "S", "b", "F", "escape", "slash", "=modality:CT", "enter", "b", "b", "b", "home", "j"
    )
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "3 of 5", "modality:CT", "Patient ID▼", "▾ Modality", "✓ CT")
        view = app.screen.query_one(SetList)
        await until(pilot, lambda: view.cursor == 1)
        await press(pilot, "b", "q")
    app.close_store()
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "3 of 5 in 3 patients")


async def test_the_command_line_counts_more(store: str) -> None:
    await leave(store, "slash", "=modality:CT", "enter", "s")
    app = Workbench(store, where="modality:MR")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "1 of 5", "Patient ID▲")
        assert app.screen.query_one(FilterField).value == "modality:MR"


async def test_nothing_is_kept_where_the_settings_say_so(store: str, tmp_path: Path) -> None:
    app = Workbench(store, config=Config(restore=False))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=modality:CT", "enter", "q")
    app.close_store()
    assert not list((tmp_path / "home").rglob("left"))


async def test_it_is_its_owners_alone_and_purge_removes_it(store: str, tmp_path: Path) -> None:
    await leave(store, "slash", "=three", "enter")
    project = Project.open(tmp_path / "home" / "project")
    (file,) = (project.root / "left").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    left = kept(project, file.stem)
    assert left is not None
    assert left.where == "three"
    project.purge(keep=frozenset())
    assert not file.exists()


@pytest.mark.parametrize(
    "content", ["", "{", '{"where": 7}', '{"columns": ["no such"], "sort": "no", "group_by": "x"}']
)
async def test_a_file_that_is_not_ours_does_no_harm(store: str, content: str) -> None:
    app = await leave(store)
    assert app.session is None or app.session.closed
    home = Project.open()
    (file,) = (home.root / "left").iterdir()
    file.write_text(content)
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")


async def test_going_to_another_store_and_back_finds_the_list_as_it_was(store: str, tmp_path: Path) -> None:
    app = Workbench(store)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=three", "enter", "F")
        await see(pilot, "1 of 5", "Facets")
        app.switch(f"local:{tmp_path / 'other'}", project=None)
        await see(pilot, "This data store is empty.")
        app.switch(store, project=None)
        await see(pilot, "1 of 5", "Facets", "three")
