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


def in_conflict(at: Callable[..., Ran]) -> int:
    """How many image sets the list calls in conflict."""
    return len(at("list", "--where", "conflict", "--json").json)


MERGED = ("CUR101", "CUR102", "CUR107", "CUR201")
"""What is said of the demo's torn series."""


def test_a_merge_ends_its_findings_before_finish_and_undo_brings_them_back(at: Callable[..., Ran]) -> None:
    def told() -> list[dict[str, str]]:
        found = at("check", *(word for code in MERGED for word in ("--select", code)), "--json").json
        return sorted(({"code": each["code"], "at": str(each["imageSets"])} for each in found), key=str)

    before, torn = told(), in_conflict(at)
    assert {each["code"] for each in before} >= {"CUR101"}
    done = at("batch", "--resolve", "majority", "--json")
    assert done.code == 0, done.err
    assert not any(each["code"] in {"CUR101", "CUR201"} for each in told())
    assert in_conflict(at) < torn
    listed = at("conflicts", "--json").json
    assert not any(each["scope"] == "series" and not each["element"] for each in listed)
    undone = at("undo", "latest")
    assert undone.code == 0, undone.err
    assert [each["code"] for each in told()] == [each["code"] for each in before]
    assert in_conflict(at) == torn


def test_what_another_project_merged_is_known_too(at: Callable[..., Ran], tmp_path: Path) -> None:
    def other(*words: object) -> Ran:
        return at("--project", tmp_path / "other", *words)

    seeded = conflicts(at)
    assert other("batch", "--resolve", "majority").code == 0
    mine = conflicts(at)
    assert mine == conflicts(other)
    assert "CUR101" not in mine
    assert other("undo", "latest").code == 0
    assert conflicts(at) == seeded


def test_a_tag_of_ours_that_somebody_removed_is_missed(at: Callable[..., Ran]) -> None:
    assert at("batch", "--resolve", "majority").code == 0
    rows = at("list", "--json").json
    merged = [
        row["imageSetId"]
        for row in rows
        if "curator:merged-into" in at("tags", row["imageSetId"], "--json").json
    ]
    assert merged
    for each in merged:
        assert at("tags", each, "--remove", "curator:merged-into").code == 0
    assert "CUR101" in conflicts(at)


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
    assert conflicts(at) == []
    assert in_conflict(at) == 0
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


def test_what_is_left_to_a_person_is_said_with_the_way_to_decide_it(
    at: Callable[..., Ran], tmp_path: Path
) -> None:
    done = at("plan", "--resolve", "majority", "--where", "primary", "-o", tmp_path / "none.plan")
    assert "there is nothing to apply" in done.err
    done = at("plan", "--resolve", "majority", "-o", tmp_path / "merge.plan")
    assert "its series lies under different studies or patients" in done.err
    assert "`curator conflicts --undecided --csv FILE`" in done.err
    assert "review it, then `curator apply" in done.err
    undone = at("apply", tmp_path / "merge.plan").code, at("undo", "latest").code
    assert undone == (0, 0)
    assert "nothing was verified: no unit is done" in at("verify", "latest").err
