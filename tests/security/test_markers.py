"""No value of an element, and no UID, in logs, errors, crash output, ledgers, reports, file names or the title."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.planted import MARK, ROOT_UID, leaks, write_planted
from tests.tools import ROOT
from tests.tui.terminal import Terminal

VERBS = """
curator import "$FILES"
set -- $(curator list --json | "$PYTHON" -c 'import json, sys; print(*(each["imageSetId"] for each in json.load(sys.stdin)))')
curator list --where 'patientid:MKQ'
curator show "$1" --all
curator set "$1" "Patient/PatientBirthDate=MKQ" && exit 9
curator set "$1" "Patient/PatientName=@MKQ" && exit 9
curator set "$1" "Study/StudyDescription=MKQ new" --force
curator versions "$1"
curator diff "$1"
curator frames "$1"
curator check --evidence --fix-plan "$OUT/fix.plan"
curator values --csv "$OUT/values.csv"
curator plan --resolve majority -o "$OUT/merge.plan"
curator apply "$OUT/merge.plan"
curator verify latest
curator report latest --format html -o "$OUT/merge.html"
curator undo latest
curator deidentify --profile basic --report "$OUT/published.md"
curator report latest --format json -o "$OUT/published.json"
curator report latest --format csv -o "$OUT/published.csv"
curator explain "$1" Patient/PatientName --profile basic
curator campaigns
curator audit verify
curator crosswalk export "$OUT/crosswalk"
curator key rotate --yes
curator export "$1" -o "$OUT/export"
curator --store local:"$OUT"/nowhere show 0123456789abcdef0123456789abcdef
curator doctor
exit 0
"""

WITHOUT_VALUES = ("ledger.jsonl", "head.json", "attestation.json", "recent.json", "report.html", "report.md")
"""Files of a project and home in which no value may stand."""

CRASH = """
import sys
from curator.tui import run
from curator.tui.screens.metadata import MetadataScreen

def broken(self):
    name = self.bench.session.document(self._row, "1").patient["PatientName"] if hasattr(self, "_row") else "MKQ"
    raise ValueError(f"{name} of {self.bench.session}: MKQ 1.2.826.0.1.3680043.8.498.777")

MetadataScreen.do_versions = broken
from curator.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    write_planted(folder)
    return folder


def test_the_search_finds_what_was_planted(files: Path) -> None:
    content = (files / "1-1.dcm").read_bytes().decode("latin-1")
    assert len(leaks(content)) > 10
    assert leaks(f"x {ROOT_UID}.1")
    assert leaks(MARK.lower())


def test_verbs_keep_values_out_of_what_they_say_and_write(tmp_path: Path, files: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CURATOR_", "AWS_"))}
    script = (
        f'curator() {{ "{sys.executable}" -m curator --verbose "$@" 2>>"$OUT/said" '
        f'|| {{ code=$?; echo "exit $code: $1 $2" >>"$OUT/codes"; return $code; }}; }}\n{VERBS}'
    )
    environment = {
        **kept,
        "CURATOR_HOME": str(home),
        "FILES": str(files),
        "OUT": str(out),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    ran = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = (out / "said").read_text()
    assert ran.returncode == 0, said[-3000:]
    assert MARK in ran.stdout  # what was asked for is shown
    assert "curator.healthimaging" in said  # the log was on
    assert "Traceback" not in said
    codes = (out / "codes").read_text()
    assert not [line for line in codes.splitlines() if line.startswith("exit 4") and "nowhere" not in line], (
        codes
    )
    assert leaks(said) == []
    for name in ("merge.html", "published.md", "published.json", "published.csv"):
        assert leaks((out / name).read_text()) == [], name
    assert "merged into image set" in (out / "merge.html").read_text()  # there was something to be kept out
    _without_values(home)
    assert leaks("\n".join(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))) == []


def _without_values(home: Path) -> None:
    read = [path for path in home.rglob("*") if path.name in WITHOUT_VALUES]
    assert {"ledger.jsonl", "head.json"} <= {path.name for path in read}
    for path in read:
        assert leaks(path.read_text()) == [], path.name


def start(tmp_path: Path, spec: str, *command: str) -> tuple[Terminal, Path]:
    environment = {
        "CURATOR_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "COLORTERM": "truecolor",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    (tmp_path / "tmp").mkdir(exist_ok=True)
    terminal = Terminal(tmp_path, [*command, "--store", spec], (160, 45), environment)
    raw = tmp_path / "raw"
    terminal.record(raw)
    return terminal, raw


def titles(raw: Path) -> list[str]:
    """Return all that was sent to the terminal beside what is drawn: titles, icon names, notifications."""
    content = raw.read_bytes().decode("utf-8", "replace")
    return re.findall(r"\x1b[\]P^_]([^\x07\x1b]*)", content)


def test_a_whole_session_in_a_terminal(tmp_path: Path, files: Path) -> None:
    terminal, raw = start(tmp_path, f"local:{tmp_path / 'store'}", sys.executable, "-m", "curator")
    try:
        terminal.see("This data store is empty.")
        terminal.press("i")
        terminal.see("Import DICOM files")
        terminal.type(str(files))
        terminal.press("Enter")
        terminal.see("Image sets  3", f"{MARK}Name")
        terminal.press("/")
        terminal.type(f"{MARK}pid1")
        terminal.press("Enter")
        terminal.see("1 of 3")
        terminal.press("m")
        terminal.see("▾ Patient", MARK)
        terminal.press("j", "e")
        terminal.see("The value is the same as before.")
        terminal.type(f"{MARK}X")
        terminal.see(f"+ {MARK}Name{MARK}X")
        terminal.press("Enter")
        terminal.see("1 edit pending")
        terminal.press("w")
        terminal.see("1 edit of 1 image set", "waiting")
        terminal.apply("1 done")
        terminal.press("q")
        terminal.see("v2")
        terminal.press("v")
        terminal.see("2 versions")
        terminal.press("d")
        terminal.see("change 1 of 1", MARK)
        terminal.press("q", "q", "q", "Escape")
        terminal.see("Image sets  3")
        terminal.press("f")
        terminal.see("Findings", "CUR101")
        terminal.press("R")
        terminal.see("resolve conflicts", "merge 1 image set")
        terminal.apply("done")
        terminal.insist("v", "verified")
        terminal.press("q", "q")
        terminal.see("Image sets  3")
        terminal.press("D")
        terminal.see("all that are not yet", "research", "The Basic Application")
        terminal.press("Enter")
        terminal.see("What this publication costs")
        terminal.press("Enter")
        terminal.see("published by basic", "waiting", "Before", "After")
        terminal.apply("2 done")
        terminal.insist("v", "verified", "originals")
        terminal.insist("w", "Write the report")
        terminal.press("Enter")
        terminal.see("Report:")
        terminal.press("q")
        terminal.press("C")
        terminal.see("Campaigns", "published by basic")
        terminal.press("C-l")  # the log, over a screen that shows no values
        log = terminal.see("write the report", "apply the plan")
        assert leaks(log) == []
        assert leaks(terminal.title) == []
        terminal.press("q", "q")
        assert terminal.ended() == 0
        assert leaks(terminal.screen) == []
        assert terminal.modes == "0 0"
    finally:
        terminal.close()
    assert [title for title in titles(raw) if leaks(title)] == []
    _without_values(tmp_path / "home")
    assert leaks("\n".join(path.name for path in tmp_path.rglob("*"))) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_crash_says_where_and_not_what(tmp_path: Path, files: Path) -> None:
    spec = f"local:{tmp_path / 'store'}"
    environment = {**os.environ, "CURATOR_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-m", "curator", "--store", spec, "import", str(files)]
    subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True)
    (tmp_path / "broken.py").write_text(CRASH)
    terminal, raw = start(tmp_path, spec, sys.executable, str(tmp_path / "broken.py"))
    try:
        terminal.see("Image sets  3", MARK)
        terminal.press("m")
        terminal.see("▾ Patient", MARK)
        terminal.press("v")
        assert terminal.ended() == 1
        shown = terminal.see("the terminal interface failed: ValueError", "broken.py:")
        assert leaks(shown) == []
        assert terminal.modes == "0 0"
    finally:
        terminal.close()
    assert [title for title in titles(raw) if leaks(title)] == []
