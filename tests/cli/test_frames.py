"""``frames``: the list, and pictures that show what the frame holds."""

from __future__ import annotations

import stat
from pathlib import Path

import imagecodecs

from tests.cli.conftest import Curator


def test_frames_are_listed_with_what_identifies_them(on_demo: Curator, image_sets: dict[str, str]) -> None:
    (frame,) = on_demo("frames", image_sets["MR"], "--json").json
    assert (frame["number"], frame["width"], frame["height"]) == (1, 64, 64)
    assert len(frame["frameId"]) == 32
    assert on_demo("frames", image_sets["SR"], "--json").json == []


def test_pictures_are_written_for_their_owner_alone_and_named_without_uids(
    on_demo: Curator, image_sets: dict[str, str], tmp_path: Path
) -> None:
    ran = on_demo("frames", image_sets["MR"], "--png", tmp_path / "png")
    assert ran.code == 0
    (file,) = (tmp_path / "png").iterdir()
    assert ran.out.strip() == str(file)
    assert file.name == f"{image_sets['MR']}-00001.png"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert imagecodecs.png_decode(file.read_bytes()).shape == (64, 64)
