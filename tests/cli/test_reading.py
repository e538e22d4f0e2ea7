"""``list``, ``show``, ``versions``, ``tags``, ``stores``."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.demo_data import Fault, Seeded
from curator.stores import open_store
from tests.cli.conftest import Curator
from tests.cli.test_output import UNSAFE


def test_list_answers_for_programs_and_for_people(on_demo: Curator) -> None:
    found = on_demo("list", "--json").json
    assert len(found) == 18
    assert {"imageSetId", "version", "DICOMPatientId", "updatedAt"} <= found[0].keys()
    assert [json.loads(line) for line in on_demo("list", "--ndjson").lines] == found
    rows = [line.split("\t") for line in on_demo("list").lines]
    assert [row[0] for row in rows] == [one["imageSetId"] for one in found]


def test_list_sorts_and_limits(on_demo: Curator) -> None:
    dates = [one.get("DICOMStudyDate", "") for one in on_demo("list", "--sort", "-StudyDate", "--json").json]
    known = [date for date in dates if date]
    assert known == sorted(known, reverse=True)
    assert len(on_demo("list", "--limit", "3").lines) == 3


def test_list_says_its_talk_on_stderr_only(on_demo: Curator) -> None:
    assert "18 image sets" in on_demo("list").err
    assert on_demo("--quiet", "list").err == ""
    assert on_demo("list", "--quiet").err == ""


def test_list_where_asks_the_catalogue(on_demo: Curator, tmp_path: Path) -> None:
    found = on_demo("--project", tmp_path / "project", "list", "--where", "modality:CT", "--json")
    assert found.code == 0, found.err
    assert {one["DICOMSeriesModality"] for one in found.json} == {"CT"}


def test_show_names_path_vr_and_value(on_demo: Curator, image_sets: dict[str, str]) -> None:
    lines = on_demo("show", image_sets["MR"]).lines
    assert "Patient/PatientID\tLO\t4MR1" in lines
    chosen = on_demo("show", image_sets["MR"], "--path", "Series[*]/Modality", "--json").json
    assert [(row["vr"], row["value"]) for row in chosen] == [("CS", "MR")]


def test_show_json_is_the_service_s_document(
    on_demo: Curator, image_sets: dict[str, str], demo_folder: Path
) -> None:
    shown = on_demo("show", image_sets["MR"], "--json").json
    store = open_store(f"local:{demo_folder}")
    assert shown == store.imaging.document(image_sets["MR"]).to_json()
    store.close()


def test_show_tells_what_is_not_there(on_demo: Curator, image_sets: dict[str, str]) -> None:
    assert on_demo("show", image_sets["MR"], "--path", "Patient/PatientWeight").code == 4
    assert on_demo("show", image_sets["MR"], "--path", "Patient/NoSuchThing").code == 2
    assert on_demo("show", image_sets["MR"], "--version", "9").code == 4
    gone = on_demo("show", "0" * 32)
    assert gone.code == 4
    assert "ResourceNotFoundException" in gone.err


def test_planted_markup_and_escapes_show_as_text(
    on_demo: Curator, image_sets: dict[str, str], demo_files: tuple[Path, list[Seeded]]
) -> None:
    planted = next(one for one in demo_files[1] if one.fault is Fault.MARKUP)
    seen = 0
    for one in on_demo("list", "--json").json:
        for words in (["show", one["imageSetId"]], ["show", one["imageSetId"], "--json"]):
            out = on_demo(*words).out
            assert not UNSAFE.search(out.replace("\t", ""))
            seen += "[bold red]not markup[/]" in out
    assert seen == 2
    assert "\x1b" in planted.planted


def test_versions_are_listed_newest_first(on_demo: Curator, image_sets: dict[str, str]) -> None:
    on_demo("set", image_sets["MR"], "Patient/PatientName=A^B")
    rows = on_demo("versions", image_sets["MR"], "--json").json
    assert [(row["version"], row["workflow"]) for row in rows] == [("2", "UPDATED"), ("1", "CREATED")]


def test_tags_of_image_set_and_store(on_demo: Curator, image_sets: dict[str, str]) -> None:
    assert on_demo("tags", image_sets["MR"], "--add", "trial=7", "--add", "draft=yes", "--json").json == {
        "trial": "7",
        "draft": "yes",
    }
    assert on_demo("tags", image_sets["MR"], "--remove", "draft").lines == ["trial\t7"]
    assert on_demo("tags").lines == []
    assert on_demo("tags", "--add", "no-equals-sign").code == 2


def test_stores_are_made_listed_checked_and_deleted(on_demo: Curator, demo_folder: Path) -> None:
    made = on_demo("stores", "create", "pilot").out.strip()
    assert {row["name"] for row in on_demo("stores", "--json").json} == {"curator", "pilot"}
    refused = on_demo("stores", "delete", made)
    assert refused.code == 3
    assert "--yes" in refused.err
    assert on_demo("stores", "delete", made, "--yes").code == 0
    checked = on_demo("stores", "check")
    assert (checked.code, checked.out) == (0, "")
    assert "sound" in checked.err


def test_a_data_store_that_is_not_empty_stays(on_demo: Curator) -> None:
    store = on_demo("stores", "--json").json[0]["datastoreId"]
    assert on_demo("stores", "delete", store, "--yes").code == 4


def test_read_only_refuses_every_write(on_demo: Curator, image_sets: dict[str, str]) -> None:
    one = image_sets["MR"]
    for words in (
        ["set", one, "Patient/PatientName=X"],
        ["remove", one, "Patient/PatientName"],
        ["revert", one, "--to", "1"],
        ["copy", one],
        ["delete", one, "--yes"],
        ["tags", one, "--add", "a=b"],
        ["stores", "create", "x"],
    ):
        assert on_demo("--read-only", *words).code == 3, words
        assert on_demo(words[0], "--read-only", *words[1:]).code == 3, words
    assert [row["version"] for row in on_demo("versions", one, "--json").json] == ["1"]


@pytest.fixture
def _logging() -> Iterator[None]:
    """Leave the loggers as they were."""
    yield
    logger = logging.getLogger("curator")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


@pytest.mark.usefixtures("_logging")
def test_verbose_logs_what_is_done_and_never_a_value(on_demo: Curator, image_sets: dict[str, str]) -> None:
    ran = on_demo("show", image_sets["MR"], "--verbose", "--path", "Patient/PatientName")
    assert "GetImageSetMetadata" in ran.err
    assert "CompressedSamples" in ran.out
    assert "CompressedSamples" not in ran.err
