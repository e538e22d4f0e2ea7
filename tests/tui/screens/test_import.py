"""Importing: the folder that is walked to, the progress, what could not be imported, and the first run."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.tui.app import Workbench
from curator.tui.screens.picking import read_folder
from tests.tui.imagesets import write_files
from tests.tui.reaching import at
from tests.tui.seen import press, screen_text, see, until

WIDE = (120, 40)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of DICOM files below the working folder, beside another and a file that is no DICOM."""
    inbox = tmp_path / "work" / "inbox"
    (inbox / "more [b]").mkdir(parents=True)
    write_files(inbox / "more [b]")
    (inbox / "notes.txt").write_text("not DICOM")
    (tmp_path / "work" / "a\x1b[31m.zip").write_bytes(b"")
    (tmp_path / "work" / ".hidden").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return inbox


async def asked(pilot: Pilot[None]) -> None:
    await at(pilot, "value")


async def test_a_folder_walked_to_in_the_list(files: Path, tmp_path: Path) -> None:
    app = Workbench(f"local:{tmp_path / 'new'}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "This data store is empty.", "Import files…")
        await press(pilot, "i")
        await asked(pilot)
        shown = await see(pilot, "inbox/", "a␛[31m.zip", "1 file, 1 folder in")
        assert ".hidden" not in shown
        await press(pilot, "down", "j", "enter")
        await see(pilot, "more [b]/", "notes.txt", "9 B")
        await press(pilot, "g", "enter")
        await see(pilot, "inbox/")
        await press(pilot, "j", "enter")
        await see(pilot, "more [b]/")
        await pilot.click("#do")
        await see(pilot, "imported", "notes.txt", "Why not")
        await press(pilot, "escape")
        await see(pilot, "Image sets  5")


async def test_a_path_that_is_typed(files: Path, tmp_path: Path) -> None:
    app = Workbench(f"local:{tmp_path / 'new'}")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "This data store is empty.")
        await press(pilot, "i")
        await asked(pilot)
        await press(pilot, "=elsewhere")
        await see(pilot, "there is no such file or folder (yet)")
        await press(pilot, "enter")
        assert "Import DICOM files" in screen_text(app)
        await press(pilot, "ctrl+u", "=inbox/mo", "right")
        await see(pilot, "inbox/more [b]/")
        await press(pilot, "enter")
        await see(pilot, "Image sets  5")


async def test_what_an_empty_store_offers_when_it_is_read_only(tmp_path: Path) -> None:
    app = Workbench(f"local:{tmp_path / 'new'}", read_only=True)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "This data store is empty.", "READ-ONLY", "nothing can be imported now")
        assert "Demo data" not in screen_text(app)


async def test_the_demo_from_the_first_screen(tmp_path: Path) -> None:
    app = Workbench(f"local:{tmp_path / 'new'}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "This data store is empty.", "Demo data")
        await at(pilot, "demo")
        await press(pilot, "enter")
        await until(pilot, lambda: any(ticket.title == "import files" for ticket in app.work.running))
        await see(pilot, "Image sets  18")


def test_a_folder_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "nowhere") == ([], "No such file or directory")
