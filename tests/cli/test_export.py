"""``export`` and ``events``."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom

from curator.demo_data import Seeded
from tests.cli.conftest import Curator
from tests.tools import ROOT


def test_an_exported_file_has_the_curated_metadata_and_the_original_pixels(
    on_demo: Curator, image_sets: dict[str, str], tmp_path: Path, demo_files: tuple[Path, list[Seeded]]
) -> None:
    one = image_sets["MR"]
    on_demo("set", one, "Patient/PatientName=Curated^Name")
    ran = on_demo("export", one, "-o", tmp_path / "out")
    assert (ran.code, ran.out.strip()) == (0, str(tmp_path / "out" / one / "00001.dcm"))
    file = tmp_path / "out" / one / "00001.dcm"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    data, original = pydicom.dcmread(file), pydicom.dcmread(demo_files[0] / "MR_small.dcm")
    assert data.PatientName == "Curated^Name"
    assert np.array_equal(data.pixel_array, original.pixel_array)


def test_what_cannot_be_exported_is_told(
    on_demo: Curator, image_sets: dict[str, str], tmp_path: Path
) -> None:
    assert on_demo("export", "0" * 32, "-o", tmp_path / "out").code == 4
    ran = on_demo("export", image_sets["MR"], "-o", tmp_path / "out", "--transfer-syntax", "1.2.3.4.5")
    assert ran.code == 1
    assert "instance 1 of 1" in ran.err
    assert ran.out == ""


def test_events_tell_every_change(on_demo: Curator, image_sets: dict[str, str]) -> None:
    before = on_demo("events").rows
    assert {"source", "detail-type", "detail"} <= before[0].keys()
    assert {event["source"] for event in before} == {"aws.medical-imaging"}
    on_demo("set", image_sets["MR"], "Patient/PatientName=A^B")
    new = on_demo("events").rows[len(before) :]
    assert new
    assert new == on_demo("events", "--after", len(before)).rows
    assert "A^B" not in json.dumps(new)


def test_events_can_be_followed_until_ctrl_c(
    on_demo: Curator, image_sets: dict[str, str], demo_folder: Path
) -> None:
    seen = len(on_demo("events").rows)
    words = ["--store", f"local:{demo_folder}", "events", "--follow", "--after", str(seen)]
    with subprocess.Popen(
        [sys.executable, "-m", "curator", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in its background with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as follower:
        try:
            on_demo("set", image_sets["MR"], "Patient/PatientName=A^B")
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["source"] == "aws.medical-imaging"
            follower.send_signal(signal.SIGINT)
            assert follower.wait(60) == 130
            assert follower.stderr is not None
            assert follower.stderr.read().strip() == "curator: cancelled"
        finally:
            follower.kill()
