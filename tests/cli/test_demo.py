"""``demo``: the main job, headless; and that its seeds are what they say."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from curator.cli.demo_data import Fault, Seeded, seed
from tests.cli.conftest import Curator
from tests.cli.test_output import UNSAFE


def test_the_demo_imports_lists_changes_reverts_and_proves(curator: Curator) -> None:
    ran = curator("demo", "--headless")
    assert ran.code == 0, ran.err
    assert "imported 23 of 23 files into 18 image sets" in ran.err
    assert "CompressedSamples^MR1" in ran.out
    assert '→ "Demo^Changed"' in ran.out
    assert "proved: version 3 and version 1 do not differ" in ran.out
    assert not UNSAFE.search(ran.out)


def test_without_a_terminal_the_demo_is_headless(curator: Curator) -> None:
    assert "proved:" in curator("demo").out


def test_the_demo_keeps_to_itself(curator: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CURATOR_STORE", f"local:{tmp_path / 'mine'}")
    assert curator("demo", "--headless").code == 0
    assert not (tmp_path / "mine").exists()
    assert not list((tmp_path / "home").glob("store"))


def test_a_kept_demo_can_be_looked_at(curator: Curator, tmp_path: Path) -> None:
    ran = curator("demo", "--headless", "--keep", tmp_path / "kept")
    assert ran.code == 0
    assert f"--store local:{tmp_path / 'kept' / 'store'}" in ran.err
    assert len(curator("--store", f"local:{tmp_path / 'kept' / 'store'}", "list").lines) == 18
    assert curator("demo", "--headless", "--keep", tmp_path / "kept").code == 2


def test_what_was_planted_is_in_the_files(demo_files: tuple[Path, list[Seeded]]) -> None:
    folder, planted = demo_files
    assert {one.fault for one in planted} == set(Fault)
    for one in planted:
        for name, uid in zip(one.files, one.instances, strict=True):
            data = pydicom.dcmread(folder / name)
            assert (str(data.SOPInstanceUID), str(data.SeriesInstanceUID)) == (uid, one.series)
            assert one.planted.encode() in (folder / name).read_bytes()


def test_seeding_is_the_same_every_time(tmp_path: Path, demo_files: tuple[Path, list[Seeded]]) -> None:
    assert seed(tmp_path) == demo_files[1]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in demo_files[0].iterdir()}
