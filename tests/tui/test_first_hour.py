"""README's first hour, key by key, on a real terminal: what it says one sees is seen."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from curator.tui.config import load
from tests.tools import ROOT
from tests.tui.terminal import Terminal

README = (ROOT / "README.md").read_text(encoding="utf-8")
KEYS = {"Enter": "Enter", "Tab": "Tab", "Esc": "Escape"}
CODE = re.compile(r"`([^`]+)`")


def rows() -> list[tuple[list[str], list[str]]]:
    """Return (what is pressed, what is seen) of each line of the table."""
    block = README.split("<!-- keys -->\n")[1].split("\n\n")[0]
    cells = [line.split(" | ") for line in block.splitlines()[2:]]
    return [(CODE.findall(pressed), CODE.findall(seen)) for pressed, seen, *_ in cells]


def test_the_table_is_read() -> None:
    found = rows()
    assert len(found) > 25
    assert found[1] == (["/", "modality:CT", "Enter"], ["6 of 18"])
    assert found[-1] == (["q"], [])


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_first_hour(tmp_path: Path, size: tuple[int, int]) -> None:
    (command,) = re.findall(r"^`curator (demo --keep first)`", README, re.MULTILINE)
    words = command.replace("first", str(tmp_path / "first")).split()
    environment = {"CURATOR_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    terminal = Terminal(tmp_path, [sys.executable, "-m", "curator", *words], size, environment)
    try:
        for pressed, seen in rows():
            *before, last = pressed or [""]
            for key in before:
                if len(key) > 1 and key not in KEYS:
                    terminal.type(key)
                else:
                    terminal.press(KEYS.get(key, key))
            if last.isalpha() and len(last) == 1 and seen:
                terminal.insist(last, *seen, pause=15.0)
            else:
                terminal.press(KEYS.get(last, last))
                terminal.see(*seen)
            terminal.settle()
        assert terminal.ended() == 0
        assert terminal.modes == "0 0"
        assert "kept: curator --store local:" in terminal.see("kept:")
    finally:
        terminal.close()
    (report,) = (tmp_path / "first").rglob("report.html")
    assert "Verified: everything that was checked holds." in report.read_text()


def test_the_settings_shown_are_settings(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(shown)
    found = load(path)
    assert found.theme == tomllib.loads(shown)["theme"]
    assert found.keys == {"image-sets.filter": "slash,f3"}
    assert not found.restore


def test_pictures_are_there_and_name_nothing_outside() -> None:
    named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(named) >= 5
    assert {Path(name).parent for name in named} == {Path(".github/screenshots")}
    for name in named:
        picture = (ROOT / name).read_text(encoding="utf-8")
        assert picture.startswith("<svg")
        assert set(re.findall(r"https?://[^\s\"'<)]+", picture)) == {"http://www.w3.org/2000/svg"}
        assert "<script" not in picture
        assert "@import" not in picture
        assert "url(" not in re.sub(r"url\(#[^)]*\)", "", picture)
    kept = {path.name for path in (ROOT / ".github" / "screenshots").iterdir()}
    assert kept >= {Path(name).name for name in named}
