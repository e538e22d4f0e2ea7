"""On a real terminal: the whole way through the screens, and leaving the terminal usable however it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curator.demo_data import Seeded
from curator.stores import open_store
from tests.served import serving
from tests.tools import ROOT
from tests.tui.terminal import Terminal

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path, store: str) -> Iterator[Start]:
    """Start the command in a terminal of a size, on the store."""
    opened: list[Terminal] = []

    def begin(size: tuple[int, int] = (80, 24), *options: str, spec: str = store) -> Terminal:
        environment = {
            "CURATOR_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(ROOT),
            "COLORTERM": "truecolor",
            "TZ": "UTC",
        }
        command = [sys.executable, "-m", "curator", "--store", spec, *options]
        terminal = Terminal(tmp_path, command, size, environment)
        opened.append(terminal)
        return terminal

    yield begin
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_filter_tree_edit_versions_diff_revert_quit(start: Start, size: tuple[int, int]) -> None:
    terminal = start(size)
    terminal.see("Image sets  5", "? Help")
    terminal.press("/")
    terminal.type("three")
    terminal.see("1 of 5")
    terminal.press("Enter")
    terminal.see("1 of 5  filtered")
    terminal.press("m")
    terminal.see("▾ Patient", "Three^Slices")
    terminal.press("j", "e")
    terminal.see("The value is the same as before.")
    terminal.type("X")
    terminal.see("+ ThreeX^Slices")
    terminal.press("Enter")
    terminal.see("1 edit pending", "Three^Slices → Three")
    terminal.press("w")
    terminal.see("1 edit of 1 image set", "waiting", "edited by hand")
    terminal.apply("1 done")
    terminal.press("q")
    terminal.see("v2", "ThreeX^Slices")
    terminal.press("v")
    terminal.see("2 versions", "1 changed: PatientName")
    terminal.press("d")
    terminal.see("v1 → v2", "change 1 of 1", "ThreeX^Slices")
    terminal.press("q", "G", "R")
    terminal.see("Revert to version 1?", "1 change:")
    terminal.press("Tab", "Enter")
    terminal.see("3 versions", "revert to version 1")
    terminal.press("q")
    terminal.see("Metadata", "v3")
    terminal.press("q")
    terminal.see("Image sets")
    assert "Three" not in terminal.title
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_conflicts_are_decided_value_by_value_planned_applied_and_undone(
    start: Start, tmp_path: Path, demo_files: tuple[Path, list[Seeded]], size: tuple[int, int]
) -> None:
    terminal = start(size, spec=f"local:{tmp_path / 'new'}")
    terminal.see("This data store is empty.")
    terminal.press("i")
    terminal.see("Import DICOM files")
    terminal.type(str(demo_files[0]))
    terminal.press("Enter")
    terminal.see("Image sets  18")
    terminal.press("X")
    terminal.see("Conflicts  7  0 decided", "(torn series)", "say which is r")
    terminal.press("/")
    terminal.type("patientbirthdate")
    terminal.see("1 of 7")
    terminal.press("Enter", "Enter")
    terminal.see("⏎ takes this value")
    terminal.press("j", "Enter")
    terminal.see("1 decided", "✓ 19010203", "decided by")
    terminal.press("Escape")
    terminal.see("Conflicts  7  1 decided")
    terminal.press("G", "M")
    terminal.see("2 decided", "merge 1 image set into", "All decisions:")
    terminal.press("P")
    terminal.see("conflicts as decided", "waiting", "19010203")
    terminal.apply("2 done")
    terminal.press("v")
    terminal.see("as planned")
    terminal.press("U")
    terminal.see("Undo what this plan did?")
    terminal.press("Tab", "Enter")
    terminal.see("undone")
    terminal.press("q")
    terminal.see("Conflicts  7  2 decided")
    assert "1901" not in terminal.title
    terminal.press("q", "q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_import_find_resolve_deidentify_verify_report_undo(
    start: Start, tmp_path: Path, demo_files: tuple[Path, list[Seeded]], size: tuple[int, int]
) -> None:
    """A curator's whole job without leaving the workbench, on a store that was empty."""
    folder = tmp_path / "new"
    terminal = start(size, spec=f"local:{folder}")
    terminal.see("This data store is empty.", "Import files")
    terminal.press("i")
    terminal.see("Import DICOM files")
    terminal.type(str(demo_files[0]))
    terminal.press("Enter")
    terminal.see("Image sets  18")
    terminal.press("f")
    terminal.see("CUR105", "CUR101", "a series lies in 2 image sets")
    terminal.press("R")
    terminal.see("resolve conflicts", "merge 1 image set")
    terminal.apply("3 done")
    terminal.press("v")
    terminal.see("verified")
    terminal.press("q")
    terminal.see("Findings", "CUR105")
    terminal.press("q")
    terminal.see("Image sets  18")
    terminal.press("D")
    terminal.see("all that are not yet", "research")
    terminal.press("Enter")
    terminal.see("What this publication costs")
    terminal.press("Enter")
    terminal.see("published by basic", "waiting", "Before", "After")  # the dialog hides these
    terminal.apply("6 done")
    terminal.press("v")
    terminal.see("verified", "originals")
    terminal.press("w")
    terminal.see("Write the report")
    terminal.press("Enter")
    terminal.see("Report:")
    terminal.press("U")
    terminal.see("Undo what this plan did?")
    terminal.press("Tab", "Enter")
    terminal.see("6 undone")
    terminal.press("q")
    terminal.see("Image sets  18")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"
    (report,) = (tmp_path / "home").rglob("report.html")
    assert "PS3.15" in report.read_text()


def test_frames_are_half_blocks_in_tmux_and_a_review_is_kept(
    start: Start, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(request.getfixturevalue("_demo_template"), tmp_path / "demo")
    terminal = start((80, 24), spec=f"local:{tmp_path / 'demo'}")
    terminal.see("Image sets  18")
    terminal.press("/")
    terminal.see("filter: words")
    terminal.type("modality:US")
    terminal.press("Enter")
    terminal.see("2 of 18")
    terminal.press("s", "S", "Home")  # by patient: which one the import made first is chance
    terminal.see("Patient ID▼")
    terminal.press("P")
    screen = terminal.see("Frames", "▀" * 40, "▲ Pixels at risk", "Not decided.")
    assert sum("▀" * 40 in line for line in screen.splitlines()) >= 16
    coloured = terminal.coloured
    assert "\x1b[48;2;" in coloured or "\x1b[38;2;" in coloured
    assert "\x1b_G" not in coloured
    terminal.press("z")
    terminal.see("magnified: upper left")
    terminal.press("x")
    terminal.see("✗ Excluded by")
    terminal.press("n")
    terminal.see("1 to decide", "Not decided.")
    terminal.press("?")
    terminal.see("To the next frame")
    terminal.press("q")
    terminal.see("▲ Pixels at risk")
    terminal.press("q")
    terminal.see("2 of 18")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_usable_terminal(start: Start, number: signal.Signals) -> None:
    terminal = start()
    terminal.see("Image sets  5")
    assert terminal.modes.startswith("1")
    os.kill(terminal.process("curator"), number)
    assert terminal.ended() == 128 + number
    assert terminal.modes == "0 0"


def test_a_signal_in_a_dialog_leaves_a_usable_terminal(start: Start) -> None:
    terminal = start()
    terminal.see("Image sets  5")
    terminal.press("i")
    terminal.see("Import DICOM files")
    os.kill(terminal.process("curator"), signal.SIGTERM)
    assert terminal.ended() == 143
    assert terminal.modes == "0 0"


def _runs(number: int) -> bool:
    """Tell whether a process runs; one that has ended stays as a zombie until somebody asks for its exit code."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][:1] != "Z"
    except FileNotFoundError:
        return False


def test_a_terminal_that_goes_away_takes_the_program_along(start: Start) -> None:
    terminal = start()
    terminal.see("Image sets  5")
    number = terminal.process("curator")
    terminal.close()
    deadline = time.monotonic() + 30
    while _runs(number):
        assert time.monotonic() < deadline, "it runs on without a terminal"
        time.sleep(0.05)


def test_resizing_rearranges(start: Start) -> None:
    terminal = start()
    terminal.see("Image sets  5")
    terminal.resize(160, 40)
    terminal.see("Preview", "version 1")
    terminal.resize(60, 16)
    terminal.see("Image sets  5", "? Help")


def test_read_only_is_said_on_every_screen(start: Start) -> None:
    terminal = start((80, 24), "--read-only")
    terminal.see("Image sets  5", "READ-ONLY")
    terminal.press("m")
    terminal.see("▾ Patient", "READ-ONLY")
    terminal.press("v")
    terminal.see("1 version", "READ-ONLY")


def test_a_spec_that_names_no_store_is_explained(start: Start) -> None:
    terminal = start(spec="nonsense:1")
    terminal.see("names no store")
    terminal.press("q")
    assert terminal.ended() == 0


def states(store: str) -> set[str]:
    """Return the states of the image sets in an embedded store, served or not."""
    opened = open_store(store)
    try:
        return {str(opened.imaging.image_set(each.id).state) for each in opened.imaging.search()}
    finally:
        opened.close()


def test_a_server_that_dies_during_a_write_is_said_and_what_was_sent_is_found_again(
    start: Start, store: str, tmp_path: Path
) -> None:
    folder = Path(store.removeprefix("local:"))
    with contextlib.suppress(AssertionError), serving(folder, tmp_path / "ready", "--delay", "20") as served:
        terminal = start(spec=served.spec)
        terminal.see("Image sets  5")
        terminal.press("/")
        terminal.type("three")
        terminal.press("Enter")
        terminal.see("1 of 5  filtered")
        terminal.press("m")
        terminal.see("▾ Patient", "Three^Slices")
        terminal.press("j", "e")
        terminal.see("The value is the same as before.")
        terminal.type("X")
        terminal.see("+ ThreeX^Slices")
        terminal.press("Enter")
        terminal.see("1 edit pending")
        terminal.press("w")
        terminal.see("1 edit of 1 image set", "waiting", "edited by hand")
        terminal.apply("apply")
        deadline = time.monotonic() + 60
        while "LOCKED" not in states(store):  # for long: the call has arrived
            assert time.monotonic() < deadline, "nothing was sent"
            time.sleep(0.05)
        served.process.kill()
    terminal.see("no answer")
    terminal.press("q", "q", "q")
    terminal.see("Leave, and forget pending edits?")
    terminal.press("Tab", "Enter")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"
    assert states(store) == {"ACTIVE", "LOCKED"}  # it was accepted, and goes on in the store


def test_a_killed_server_is_said_and_the_terminal_stays_usable(
    start: Start, store: str, tmp_path: Path
) -> None:
    folder = Path(store.removeprefix("local:"))
    with serving(folder, tmp_path / "ready.json") as served:
        terminal = start(spec=served.spec)
        terminal.see("Image sets  5")
    terminal.press("m")
    terminal.see("no answer")
    terminal.press("q")
    terminal.see("Image sets  5")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_a_rule_file_is_written_in_ones_own_editor_tried_and_applied(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho EDITING; read answer\nsed -i "s/do: empty/do: $answer/" "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    terminal = start(size)
    terminal.see("Image sets  5", "? Help")
    terminal.press("R")
    terminal.see("Rules  2", "body-part-terms")
    terminal.press("n")
    terminal.see("New rule file")
    terminal.press("Enter")
    terminal.see("ours", "Say here what the rules are for")
    terminal.press("E")
    terminal.see("EDITING")
    terminal.type("emty")
    terminal.press("Enter")
    terminal.see("1 problem")
    terminal.press("Enter")
    terminal.see("Source  ours  1 problem", "unknown action 'emty'")
    terminal.press("F3")
    terminal.see("EDITING")
    terminal.press("Enter")
    terminal.see("Source  ours  1 problem")
    terminal.press("F4")
    terminal.press("End", "BSpace", "BSpace", "BSpace", "BSpace")
    terminal.see("unknown action ''")
    terminal.type("empty")
    terminal.see("Source  ours  holds  not saved")
    terminal.press("C-s")
    terminal.see("Saved.")
    terminal.press("Escape")
    terminal.see("Rules  2", "ours    yes")
    terminal.press("d")
    terminal.see("The rules would change nothing here.")
    terminal.press("q", "q")
    terminal.see("Image sets  5")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"
