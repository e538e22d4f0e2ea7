"""``--on dask``: the walks of curation and of publication on workers of this machine, as a user begins them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Curator, Ran

pytest.importorskip("distributed", reason="pip install '.[dask]'")


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
