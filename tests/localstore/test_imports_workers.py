"""Compressed frames are decoded in other processes: one that crashes or hangs costs its file, not the job."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from pathlib import Path

import pytest

from curator.localstore.framefiles import FrameFiles
from curator.localstore.imports import workers
from curator.localstore.imports.packing import PackedInstance
from curator.localstore.imports.reading import FileFailure
from curator.localstore.imports.workers import FileReading
from tests.localstore.dicomfiles import PYDICOM, bundled, pydicoms
from tests.localstore.test_dicomfile_laws import mutated
from tests.soak import soak_count, soak_seed


def compressed(folder: Path) -> tuple[str, Path]:
    path = folder / "rle.dcm"
    path.write_bytes(pydicoms("MR_small_RLE.dcm"))
    return "rle.dcm", path


def worker_processes() -> list[int]:
    """Return the ids of this process's workers, as Linux tells them."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        pytest.skip("/proc is not here")
    ids = [int(one) for task in tasks.iterdir() for one in (task / "children").read_text().split()]
    return [one for one in ids if b"imports.worker" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_workers_read_what_this_process_reads(tmp_path: Path) -> None:
    files = [(path.name, path) for path in bundled() if path.parent.name == "test_files"]
    outcomes = list(FileReading(files, FrameFiles(tmp_path)))
    assert [one.source for one in outcomes] == [name for name, _ in files]
    assert sum(isinstance(one, PackedInstance) for one in outcomes) >= 55
    kept = [
        frame.payload for one in outcomes if isinstance(one, PackedInstance) for frame in one.unpack().frames
    ]
    assert kept
    assert not any(isinstance(payload, bytes) for payload in kept)
    assert worker_processes() == []


def test_uncompressed_files_need_no_worker(tmp_path: Path) -> None:
    path = PYDICOM / "test_files" / "CT_small.dcm"
    for outcome in FileReading([("a", path), ("b", path)], FrameFiles(tmp_path)):
        assert isinstance(outcome, PackedInstance)
        assert worker_processes() == []


def test_where_no_worker_can_be_started_this_process_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (outcome,) = FileReading([compressed(tmp_path)], FrameFiles(tmp_path))
    assert isinstance(outcome, PackedInstance)


def test_a_hanging_file_fails_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_SECONDS", 1.0)
    hanging = tmp_path / "pipe"
    os.mkfifo(hanging)  # opening it waits for a writer that never comes
    good = compressed(tmp_path)
    outcomes = list(FileReading([good, ("pipe", hanging), good, good], FrameFiles(tmp_path)))
    assert [type(one) for one in outcomes] == [PackedInstance, FileFailure, PackedInstance, PackedInstance]
    assert isinstance(outcomes[1], FileFailure)
    assert outcomes[1].reason == "decoding the pixel data did not end within 1 s"


def test_a_crashing_file_fails_and_the_others_go_on(tmp_path: Path) -> None:
    waiting = tmp_path / "pipe"
    os.mkfifo(waiting)  # keeps its worker until somebody ends it
    good = compressed(tmp_path)
    reading = FileReading([good, ("pipe", waiting), good], FrameFiles(tmp_path))
    results = iter(reading)
    outcomes = [next(results)]

    def crash() -> None:
        for one in worker_processes():
            os.kill(one, signal.SIGSEGV)

    threading.Timer(1.0, crash).start()
    outcomes += results
    assert isinstance(outcomes[0], PackedInstance)
    assert isinstance(outcomes[1], FileFailure)
    assert outcomes[1].reason == "decoding the pixel data crashed"
    assert isinstance(outcomes[2], PackedInstance)


@pytest.mark.soak
def test_broken_compressed_files_are_failures_never_crashes(tmp_path: Path) -> None:
    rng = random.Random(soak_seed())
    sources = []
    for path in bundled():
        data = path.read_bytes()
        if b"1.2.840.10008.1.2.4." in data[:1024] or b"1.2.840.10008.1.2.5" in data[:1024]:
            sources.append(data)
    rounds = soak_count(10_000)
    files = []
    (tmp_path / "files").mkdir()
    for number in range(rounds):
        path = tmp_path / "files" / f"{number}.dcm"
        # Half of the changes in the pixels: past the header.
        path.write_bytes(mutated(sources[number % len(sources)], rng))
        files.append((str(number), path))
    outcomes = list(FileReading(files, FrameFiles(tmp_path)))
    assert len(outcomes) == rounds
    failures = [one.reason for one in outcomes if isinstance(one, FileFailure)]
    assert 0 < len(failures) < rounds
    assert sum("did not end" in reason for reason in failures) == 0
