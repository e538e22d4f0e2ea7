"""``demo``: the main job, headless; and that its seeds are what they say."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pydicom
import pytest

from curator.demo_data import Fault, Seeded, seed
from tests.cli.conftest import Curator
from tests.cli.test_output import UNSAFE


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what the demo leaves (its report) lie in the test's own folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def test_the_demo_walks_from_import_to_report_and_keeps_to_itself(
    curator: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CURATOR_STORE", f"local:{tmp_path / 'mine'}")
    ran = curator("demo")  # without a terminal it is headless
    assert ran.code == 0, ran.err
    assert not UNSAFE.search(ran.out.replace("\t", ""))
    assert "imported 23 of 23 files into 18 image sets" in ran.err
    assert "CompressedSamples^MR1" in ran.out
    assert '→ "Demo^Changed"' in ran.out
    assert "proved: version 3 and version 1 do not differ" in ran.out

    shown = [line.split()[2] for line in ran.lines if line.startswith("$ curator ")]
    assert shown == ["check", "plan", "apply", "verify", "report", "deidentify"]
    assert "torn-series" in ran.out
    assert "all as planned" in ran.err
    assert "checks hold" in ran.err
    reports = [Path(path) for path in ran.lines[-1].removeprefix("reports: ").split()]
    for report in reports:
        assert stat.S_IMODE(report.stat().st_mode) == 0o600
        assert "Mustermann" not in report.read_text()

    assert [path.name for path in (tmp_path / "tmp").iterdir()] == [
        report.parent.name
    ]  # nothing else is left
    assert not (tmp_path / "mine").exists()
    assert not (tmp_path / "home" / "store").exists()


def test_a_kept_demo_is_mended_where_it_may_be_and_can_be_taken_back(
    curator: Curator, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    ran = curator("demo", "--headless", "--keep", kept)
    assert ran.code == 0
    assert f"--store local:{kept / 'store'}" in ran.err
    at = ("--store", f"local:{kept / 'store'}", "--project", kept / "project")
    conflicts = ("check", "--select", "CUR102", "--select", "CUR103")
    assert curator(*at, *conflicts).out == ""
    campaigns = curator(*at, "campaigns").lines
    assert [line.count("done") for line in campaigns] == [1, 1]
    assert curator(*at, "audit", "verify").code == 0
    for line in reversed(campaigns):
        assert curator(*at, "undo", line.split()[0]).code == 0
    assert "series-disagrees" in curator(*at, *conflicts).out
    assert curator("demo", "--headless", "--keep", kept).code == 2


def test_what_was_planted_is_in_the_files(demo_files: tuple[Path, list[Seeded]]) -> None:
    folder, planted = demo_files
    assert {one.fault for one in planted} == set(Fault)
    for one in planted:
        for name, uid in zip(one.files, one.instances, strict=True):
            data = pydicom.dcmread(folder / name)
            assert (str(data.SOPInstanceUID), str(data.SeriesInstanceUID)) == (uid, one.series)
            assert one.planted.encode() in (folder / name).read_bytes()


def test_seeding_is_the_same_every_time(tmp_path: Path, demo_files: tuple[Path, list[Seeded]]) -> None:
    again = tmp_path / "again"
    again.mkdir()
    assert seed(again) == demo_files[1]
    assert {path.name for path in again.iterdir()} == {path.name for path in demo_files[0].iterdir()}
