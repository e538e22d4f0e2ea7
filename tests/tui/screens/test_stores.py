"""Data stores and projects: going from one to another, making one, and what is remembered of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.project import home
from curator.tui.app import Workbench
from tests.served import serving
from tests.tui.reaching import at
from tests.tui.seen import gone, press, screen_text, see, until

WIDE = (160, 40)


def noted() -> list[str]:
    """Return the names of the projects of the stores opened lately, the latest first."""
    kept = home() / "recent.json"
    return [Path(each["project"]).name for each in json.loads(kept.read_bytes())] if kept.exists() else []


async def stores(pilot: Pilot[None]) -> None:
    """Open the list of stores, once the open one is noted."""
    app = pilot.app
    assert isinstance(app, Workbench)
    await until(pilot, lambda: app.current is None or app.current.opened or app.store_spec.startswith("http"))
    await press(pilot, "ctrl+o")
    await see(pilot, "Stores  ")


async def answer(pilot: Pilot[None], text: str) -> None:
    """Type into the dialog, in place of what stands there."""
    await at(pilot, "value")
    await press(pilot, "ctrl+u", f"={text}", "enter")


async def test_there_and_back_again(store: str, tmp_path: Path) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await stores(pilot)
        await see(pilot, "Stores  1", "embedded", "curator", "open")
        await press(pilot, "slash")
        await answer(pilot, f"local:{tmp_path / 'new [/b] store'}")
        await see(pilot, "This data store is empty.", "new [/b] store")
        await stores(pilot)
        await see(pilot, "Stores  2", "new [/b] store")
        await press(pilot, "j", "enter")
        await see(pilot, "Image sets  5")
        assert app.store_spec.startswith(store)


async def test_the_whole_path_of_the_store_under_the_cursor_is_shown(store: str, tmp_path: Path) -> None:
    project = tmp_path / ("a-long-folder-" * 3) / "project-of-mine"
    app = Workbench(store, project=project)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "Image sets  5")
        await stores(pilot)
        await see(pilot, "Stores  1", "embedded")
        await until(
            pilot, lambda: str(project) in "".join(each.strip() for each in screen_text(app).splitlines())
        )
        assert app.current is not None
        await see(pilot, app.current.datastore_id, "…t-of-mine", "0/store ")


async def test_the_project_goes_along_with_the_store(store: str, tmp_path: Path) -> None:
    app = Workbench(store, project=tmp_path / "first")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await stores(pilot)
        await press(pilot, "p")
        await answer(pilot, str(tmp_path / "second"))
        await see(pilot, "Image sets  5")
        await until(pilot, lambda: app.session is not None)
        assert app.session is not None
        assert app.session.project.root == tmp_path / "second"
        assert (tmp_path / "second").stat().st_mode & 0o777 == 0o700
        await stores(pilot)
        await see(pilot, "Stores  2", "first", "second")
        await press(pilot, "j", "o")
        await until(pilot, lambda: app.session is not None and app.session.project.root.name == "first")
        await until(pilot, lambda: noted() == ["first", "second"])
    assert (home() / "recent.json").stat().st_mode & 0o777 == 0o600


async def test_read_only_is_said_and_held(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        assert "READ-ONLY" not in screen_text(app)
        await stores(pilot)
        await press(pilot, "R")
        await see(pilot, "Image sets  5", "READ-ONLY")
        await press(pilot, "i")
        await see(pilot, "Import: the store is open read-only")
        assert app.session is not None
        assert app.session.imaging.read_only
        await stores(pilot)
        await press(pilot, "o")
        await see(pilot, "Image sets  5")
        await gone(pilot, "READ-ONLY")


async def test_started_read_only_it_stays_so(store: str) -> None:
    app = Workbench(store, read_only=True)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5", "READ-ONLY")
        await stores(pilot)
        await press(pilot, "o")
        await see(pilot, "Image sets  5", "READ-ONLY")


async def test_a_new_data_store_beside_this_one(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await stores(pilot)
        await press(pilot, "n")
        await answer(pilot, "pilot-study")
        await see(pilot, "This data store is empty.")
        await stores(pilot)
        await see(pilot, "Stores  2", "pilot-study", "curator")


async def test_one_that_is_served_here_is_found(store: str, tmp_path: Path) -> None:
    with serving(tmp_path / "store", tmp_path / "ready.json") as served:
        app = Workbench(f"local:{tmp_path / 'mine'}")
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            await see(pilot, "This data store is empty.")
            await stores(pilot)
            await see(pilot, "served", served.endpoint)
            await press(pilot, "j", "enter")
            await see(pilot, "Image sets  5", served.endpoint)


async def test_forgotten_and_gone(store: str, tmp_path: Path) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        for name in ("second", "third"):
            app.switch(f"local:{tmp_path / name}", project=None)
            await see(pilot, "This data store is empty.", name)
            await until(pilot, lambda: app.current is not None and app.current.opened)
        (tmp_path / "second" / "store.sqlite").rename(tmp_path / "elsewhere")
        await stores(pilot)
        await see(pilot, "Stores  3", "gone\n")
        await press(pilot, "j", "x")
        await see(pilot, "Stores  2")
        await gone(pilot, "gone\n")


async def test_one_that_cannot_be_opened_says_why(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await stores(pilot)
        await press(pilot, "slash")
        await answer(pilot, "http://127.0.0.1:9/0123456789abcdef0123456789abcdef")
        await see(pilot, "r tries again")
        await stores(pilot)
        await press(pilot, "j", "enter")
        await see(pilot, "Image sets  5")
    assert "127.0.0.1:9" not in (home() / "recent.json").read_text()


@pytest.mark.parametrize("text", ["elsewhere", "aws", "ftp://127.0.0.1/x"])
async def test_what_names_no_store_is_not_taken(store: str, text: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await stores(pilot)
        await press(pilot, "slash")
        await answer(pilot, text)
        await see(pilot, "Open which data store?")


async def test_what_was_told_of_one_screen_does_not_cover_the_next(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curator.tui.bench._READ", 0.0)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        app.notify("told of this screen", timeout=600)
        app.notify("it failed", severity="error", timeout=600)
        await see(pilot, "told of this screen", "it failed")
        await stores(pilot)
        await gone(pilot, "told of this screen")
        assert "it failed" in screen_text(app), "what failed stays its time"
