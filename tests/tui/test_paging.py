"""What the pager gets to read, and that nothing of it is left behind."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curator.healthimaging import HealthImaging
from curator.imageset import ImageSetMetadata, describe
from curator.tui.outside import pager
from curator.tui.paging import difference_lines, document_lines
from tests.tools import ROOT, need
from tests.tui.imagesets import CRASH, MARKUP
from tests.tui.terminal import Terminal

Start = Callable[..., Terminal]


def test_a_document_line_by_line(imaging: HealthImaging) -> None:
    crafted = next(each for each in imaging.search() if each.dicom["DICOMPatientId"] == MARKUP)
    lines = list(document_lines(imaging.document(crafted.id)))
    assert lines[0] == "Patient"
    assert [line.split() for line in lines if "PatientName" in line] == [
        ["PatientName", "(0010,0010)", "PN", *CRASH.split()]
    ]
    start = next(index for index, line in enumerate(lines) if "ProcedureCodeSequence" in line)
    assert lines[start + 1].strip() == "item 1"
    assert "CodeMeaning" in lines[start + 2]
    assert any(line.startswith("Instance 1.2.9.3") for line in lines)
    assert not [line for line in lines if "\x1b" in line or "\n" in line]


def test_a_key_that_is_no_uid_cannot_speak_to_the_terminal() -> None:
    told = ImageSetMetadata.parse(json.dumps(of_one("1.2\x1b[31m")).encode())
    assert not [line for line in document_lines(told) if "\x1b" in line]


def of_one(sop: str) -> dict[str, object]:
    """Return a document of one instance, whose key is ``sop``."""
    instance = {"DICOM": {"SOPInstanceUID": "1.2.3"}, "DICOMVRs": {}, "ImageFrames": []}
    series = {"1.2\x1b[0m": {"DICOM": {"Modality": "CT"}, "Instances": {sop: instance}}}
    return {"SchemaVersion": "1.1", "Patient": {"DICOM": {}}, "Study": {"DICOM": {}, "Series": series}}


def test_a_difference_line_by_line(imaging: HealthImaging) -> None:
    first, second = (imaging.document(each.id) for each in list(imaging.search())[:2])
    lines = list(difference_lines("one → two", first, second, describe(first, second)))
    assert lines[0] == "one → two"
    assert any(line.startswith("~ Patient/PatientName") for line in lines)
    assert not [line for line in lines if "\x1b" in line or "\n" in line]


@pytest.mark.parametrize(
    ("named", "words"),
    [("cat -n", ["cat", "-n"]), ("no-such-pager", ["less"]), ("'unended", ["less"]), ("", ["less"])],
)
def test_which_pager(monkeypatch: pytest.MonkeyPatch, named: str, words: list[str]) -> None:
    need("less")
    monkeypatch.setenv("PAGER", named)
    assert pager() == words


@pytest.fixture
def start(tmp_path: Path, store: str) -> Iterator[Start]:
    opened: list[Terminal] = []

    def begin(**environment: str) -> Terminal:
        (tmp_path / "tmp").mkdir(exist_ok=True)
        kept = {
            "CURATOR_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path),
            "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)),
            "TMPDIR": str(tmp_path / "tmp"),
            **environment,
        }
        terminal = Terminal(tmp_path, [sys.executable, "-m", "curator", "--store", store], (100, 30), kept)
        opened.append(terminal)
        return terminal

    yield begin
    for terminal in opened:
        terminal.close()


def test_less_shows_a_document_and_gives_the_terminal_back(start: Start, tmp_path: Path) -> None:
    need("less")
    terminal = start(PAGER="less")
    terminal.see("Image sets  5")
    terminal.press("m")
    terminal.see("▾ Patient")
    terminal.press("|")
    terminal.see("Patient\n", "  PatientName  ", "(0010,0010) PN  ")
    terminal.insist("G", "(END)")
    terminal.press("q")
    terminal.see("Metadata", "a Add")
    terminal.press("q")
    terminal.see("Image sets  5")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.modes == "0 0"
    assert not (tmp_path / ".lesshst").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_pager_that_is_left_early_is_no_failure(start: Start) -> None:
    terminal = start(PAGER="head -3")
    terminal.see("Image sets  5")
    terminal.press("m")
    terminal.see("▾ Patient")
    terminal.press("|")
    terminal.see("▾ Patient")
    terminal.press("q")
    terminal.see("Image sets  5")


def test_a_report_in_the_pager_and_in_the_browser(start: Start, tmp_path: Path) -> None:
    browser = tmp_path / "browser.sh"
    browser.write_text(f'#!/bin/sh\necho "$1" >{tmp_path}/shown\n')
    browser.chmod(0o700)
    terminal = start(PAGER="less", BROWSER=str(browser))
    terminal.see("Image sets  5")
    terminal.press("D")
    terminal.see("all that are not yet", "research", "The Basic Application")
    terminal.press("Enter")
    terminal.see("What this publication costs")
    terminal.press("Enter")
    terminal.see("published by basic", "waiting", "Before", "After")
    terminal.press("|")
    terminal.see("published by basic\n", "**Not verified yet.**")
    terminal.press("q")
    terminal.see("published by basic", "waiting", "Before")
    terminal.press("B")
    while not (tmp_path / "shown").exists() or not (tmp_path / "shown").read_text():
        terminal.see("published by basic")
    (report,) = (tmp_path / "home").rglob("report.html")
    assert (tmp_path / "shown").read_text().strip() == report.as_uri()
    assert report.stat().st_mode & 0o777 == 0o600
