"""The configuration file: what it may say, and that a wrong one is told with the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import UsageError
from curator.tui.config import Config, config_file, load


def test_no_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "config.toml") == Config()


def test_theme_and_keys_are_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('theme = "curator-light"\n[keys]\n"image-sets.filter" = "f,slash"\n')
    assert load(file) == Config("curator-light", keys={"image-sets.filter": "f,slash"})


def test_it_lies_in_curator_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path))
    assert config_file() == tmp_path / "config.toml"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme = ", "is not TOML"),
        ("colour = 1", "something unknown: colour"),
        ("theme = 1", "theme must be a name"),
        ('[keys]\n"image-sets.filtre" = "f"', "no such action: image-sets.filtre"),
        ('[keys]\n"image-sets.filter" = 1', "must hold lines such as"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        load(file)
    assert str(file) in caught.value.message
