"""``--on dask``: the walks of curation and of publication on workers of this machine, as a user begins them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Curator, Ran
from tests.tools import ROOT

distributed = pytest.importorskip("distributed", reason="pip install '.[dask]'")


RULES = """version: 1
name: mine
why: x
rules:
  - {id: hashed, why: a, select: AccessionNumber, when: {empty: false}, do: {hash: 8}, safety: safe}
  - {id: said, why: a, select: StudyDescription, do: [{literal: Seen}], safety: safe}
"""


@pytest.fixture
def place(curator: Curator, demo_folder: Path, tmp_path: Path) -> tuple[Curator, Path]:
    """A store with the demo's files, and a project, both of the test's own."""
    at = ("--store", f"local:{demo_folder}", "--project", tmp_path / "project", "--quiet")
    return lambda *words: curator(*at, *words), tmp_path


def units(plan: Path) -> list[str]:
    """Return a plan's lines without the first, which tells the time, and the last, which sums them up."""
    lines = plan.read_text().splitlines()[1:-1]
    assert lines
    return lines


def test_a_batch_on_workers_is_the_batch_of_one_machine(place: tuple[Curator, Path]) -> None:
    curator, folder = place
    rules, on = folder / "mine.yaml", ("--on", "dask")
    rules.write_text(RULES)
    there = curator("plan", rules, *on, "-o", folder / "there")
    assert there.code == 0, there.err
    assert curator("plan", rules, "-o", folder / "here").code == 0
    assert units(folder / "here") == units(folder / "there")
    ran = curator("batch", rules, *on, "--json")
    assert ran.code == 0
    (told,) = ran.json
    assert told["image_sets"] > 0
    assert told["verified"] == "as planned"
    assert curator("verify", "latest", *on).code == 0


def test_a_publication_on_workers_is_that_of_one_machine(place: tuple[Curator, Path]) -> None:
    curator, folder = place
    words = ("deidentify", "--profile", "research")
    assert curator(*words, "-o", folder / "here").code == 0
    assert curator(*words, "--on", "dask", "-o", folder / "there").code == 0
    assert units(folder / "here") == units(folder / "there")
    ran: Ran = curator(*words, "--on", "dask", "--report", folder / "report.md", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["verified"] == "as planned"
    assert ran.json["attested"].startswith("all ")
    assert curator("verify", "latest", "--on", "dask").code == 0
    assert not (folder / "project" / "spill").exists()
    assert "Mustermann" not in json.dumps(ran.json)


@contextmanager
def standing_cluster(folder: Path) -> Iterator[str]:
    """Run a scheduler and two workers as programs of their own, in another folder and with another home."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CURATOR_HOME": str(folder / "home")}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"

    def started(program: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *words, "--no-dashboard"]
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    host, _, port = address.partition(":")
    running = [started("dask_scheduler", "--host", host, "--port", port)]
    try:
        running += [started("dask_worker", f"tcp://{address}", "--nthreads", "1") for _ in range(2)]
        with distributed.Client(f"tcp://{address}", timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for each in reversed(running):
            each.terminate()
        for each in running:
            each.wait(30)


def test_a_cluster_that_is_there_is_used(
    curator: Curator, demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers find the store and the project also when their names here are relative."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(demo_folder.parent)
    at = ("--store", f"local:{demo_folder.name}", "--project", "project", "--quiet")
    words = (*at, "deidentify", "--profile", "research")
    with standing_cluster(tmp_path / "elsewhere") as address:
        there = curator(*words, "--on", f"dask://{address}", "-o", "there")
        assert there.code == 0, there.err
    assert curator(*words, "-o", "here").code == 0
    assert units(Path("here")) == units(Path("there"))
    assert [path.name for path in (tmp_path / "elsewhere").iterdir() if path.name == demo_folder.name] == []
