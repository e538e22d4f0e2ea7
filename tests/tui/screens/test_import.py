"""Importing: the folder that is walked to, the progress, what could not be imported, and the first run."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID
from textual.pilot import Pilot
from textual.widgets import Input

from curator.tui.app import Workbench
from curator.tui.screens.picking import PathPicker, read_folder
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
        await see(pilot, "imported", "failed", "notes.txt", "Why")
        await press(pilot, "escape")
        await see(pilot, "Image sets  5")


async def test_reasons_and_warnings_are_read_whole_and_kept(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_files(inbox)
    one, *_ = sorted(inbox.iterdir())
    for number, sex in enumerate(("M", "F"), 1):
        copy = pydicom.dcmread(one)
        copy.PatientSex = sex
        copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.3.77.{number}")
        copy.PatientID, copy.StudyInstanceUID, copy.SeriesInstanceUID = "P77", "1.2.3.77", "1.2.3.78"
        copy.save_as(inbox / f"copy-{number}.dcm")
    (inbox / f"{'a-name-that-is-long-' * 4}.txt").write_text("not DICOM")
    app = Workbench(f"local:{tmp_path / 'new'}")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await see(pilot, "This data store is empty.")
        await press(pilot, "I")
        await see(pilot, "Last import: nothing was imported in this session")
        app.clear_notifications()
        await press(pilot, "i")
        await asked(pilot)
        await press(pilot, f"={inbox}", "enter")
        seen = await see(pilot, "1 failed, 1 warning", "failed", "warning")
        assert "the file is not DICOM P10: no preamble with DICM" in seen
        # Whole below, over two lines: no line of the dialog has room for it.
        assert "".join(line.strip(" │") for line in seen.splitlines()).count("a-name-that-is-long-" * 4) == 1
        await press(pilot, "j", "enter")
        await see(pilot, "Patient/PatientSex: the image set keeps M, this file says F", "whole below")
        await press(pilot, "escape")
        await see(pilot, "Image sets  6")
        await press(pilot, "I")
        await see(pilot, "1 failed, 1 warning")
        await press(pilot, "escape", "ctrl+l")
        await see(pilot, "import files", "9 of 10 files")


async def test_a_path_with_dots_is_shown_without_them(files: Path, tmp_path: Path) -> None:
    app = Workbench(f"local:{tmp_path / 'new'}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "This data store is empty.")
        await press(pilot, "i")
        await asked(pilot)
        await press(pilot, "=../work/inbox")
        await see(pilot, "more [b]/")
        assert app.screen.query_one(PathPicker).path == files.resolve()
        await press(pilot, "down", "j", "enter")
        await see(pilot, "7 files, 0 folders")
        assert app.screen.query_one("#value", Input).value == f"{files.resolve()}/more [b]/"


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
