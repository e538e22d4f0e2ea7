"""The demo's seeded conflicts: batch resolves them, verify holds, undo brings everything back, also after finish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from curator.imageset import ImageSetMetadata, same
from curator.stores import open_store
from tests.cli.conftest import Curator, Ran


@pytest.fixture
def at(curator: Curator, demo_folder: Path, tmp_path: Path) -> Callable[..., Ran]:
    def call(*words: object) -> Ran:
        return curator("--store", f"local:{demo_folder}", "--project", tmp_path / "project", *words)

    return call


def documents(folder: Path) -> dict[str, ImageSetMetadata]:
    opened = open_store(f"local:{folder}")
    try:
        return {each.id: opened.imaging.document(each.id) for each in opened.imaging.search()}
    finally:
        opened.close()


def conflicts(at: Callable[..., Ran]) -> list[str]:
    """The codes of the conflicts among image sets; messages count members in the order of ids, which are new."""
    return sorted(each["code"] for each in at("check", "--select", "CUR1", "--json").json)


def test_seeded_conflicts_are_resolved_and_come_back(
    at: Callable[..., Ran], demo_folder: Path, tmp_path: Path
) -> None:
    before = documents(demo_folder)
    seeded = conflicts(at)
    assert seeded
    choices = tmp_path / "right.csv"
    choices.write_text("element,value\nPatient/PatientID,98890234\n")
    done = at("batch", "--resolve", "majority", "--choices", choices, "--json")
    assert done.code == 0, done.err
    assert done.json[0]["verified"] == "as planned"
    resolved = documents(demo_folder)
    changed = [each for each in before if not same(before[each], resolved[each])]
    assert len(changed) == done.json[0]["image_sets"]
    finished = at("finish", "latest", "--yes")
    assert finished.code == 0, finished.err
    assert conflicts(at) == []
    undone = at("undo", "latest", "--json")
    assert undone.code == 0, undone.err
    assert {each["status"] for each in undone.json} == {"undone", "rebuilt"}
    after = documents(demo_folder)
    assert len(after) == len(before)
    assert all(same(after[each], before[each]) for each in after if each in before)
    assert conflicts(at) == seeded
