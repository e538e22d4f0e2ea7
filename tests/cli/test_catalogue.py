"""``catalogue`` and ``values``: the index from the command line, and the sheet that people decide in."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.conftest import Curator


@pytest.fixture
def indexed(on_demo: Curator, tmp_path: Path) -> Curator:
    return lambda *words: on_demo("--project", tmp_path / "project", *words)


def test_it_tells_what_it_holds_and_what_a_refresh_costs(indexed: Curator) -> None:
    before = indexed("catalogue", "--json").json
    assert (before["read"], before["refreshedAt"]) == (0, None)
    assert before["refreshCost"]["touches"] == before["imageSets"] > 0
    refreshed = indexed("catalogue", "refresh")
    assert refreshed.code == 0
    assert "each a touch" in refreshed.err
    after = indexed("catalogue", "--json").json
    assert after["read"] == after["versionsHeld"] == after["imageSets"]
    assert after["refreshCost"]["touches"] == 0
    assert "nothing to read" in indexed("catalogue").out


def test_purge_leaves_no_file(indexed: Curator, tmp_path: Path) -> None:
    indexed("catalogue", "refresh")
    assert indexed("catalogue", "purge").code == 0
    assert list((tmp_path / "project" / "catalogues").iterdir()) == []


def test_list_sorts_by_what_only_the_catalogue_knows(indexed: Curator) -> None:
    found = indexed("list", "--sort", "-instances", "--json").json
    counts = [each["instances"] for each in found]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 1
    assert indexed("list", "--sort", "colour").code == 2
    assert indexed("list", "--where", "colour:red").code == 2


def test_values_lists_each_value_once(indexed: Curator) -> None:
    found = indexed("values", "--element", "Modality", "--json").json
    assert len({each["value"] for each in found}) == len(found)
    assert sum(each["image_sets"] for each in found) == indexed("catalogue", "--json").json["imageSets"]
    only = indexed("values", "--element", "Modality", "--where", "modality:MR", "--json").json
    assert [each["value"] for each in only] == ["MR"]
    assert indexed("values", "--element", "Modality", "--where", "modality:XYZ", "--json").json == []


def test_decisions_go_from_the_sheet_into_the_project(indexed: Curator, tmp_path: Path) -> None:
    sheet = tmp_path / "values.csv"
    indexed("values", "--element", "ImageComments", "--csv", sheet)
    assert sheet.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    assert rows
    for row in rows:
        row["decision"] = "remove"
    with sheet.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    taken = indexed("values", "decide", sheet)
    assert taken.code == 0, taken.err
    assert f"{len(rows)} decisions read, {len(rows)} of them new" in taken.err
    kept = tmp_path / "project" / "decisions.csv"
    assert kept.stat().st_mode & 0o777 == 0o600
    (first, *_) = csv.DictReader(io.StringIO(kept.read_text(), newline=""))
    assert first["by"]
    assert first["when"]
    assert f"{len(rows)} decisions read, 0 of them new" in indexed("values", "decide", sheet).err
    sheet.write_text("element,vr,value,decision,replacement\nStudy/StudyDescription,LO,x,burn,\n")
    assert indexed("values", "decide", sheet).code == 2
    assert kept.read_text().count("remove") == len(rows)


def test_a_profile_says_what_it_would_do_and_only_undecided_values_come_again(
    indexed: Curator, tmp_path: Path
) -> None:
    sheet = tmp_path / "values.csv"
    first = indexed("values", "--element", "StudyDescription", "--profile", "research", "--csv", sheet)
    assert first.code == 0, first.err
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    assert rows
    assert all(row["would"] for row in rows)
    rows[0]["decision"] = "keep"
    with sheet.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert indexed("values", "decide", sheet).code == 0
    again = indexed(
        "values", "--element", "StudyDescription", "--profile", "research", "--undecided", "--json"
    ).json
    assert len(again) == len(rows) - 1


def test_private_elements_are_listed_and_judged_into_the_project(indexed: Curator, tmp_path: Path) -> None:
    found = indexed("values", "private", "--json").json
    assert found
    assert {"creator", "element", "vr", "count", "stays", "judged", "examples"} == found[0].keys()
    sheet = tmp_path / "private.csv"
    assert indexed("values", "private", "--csv", sheet).code == 0
    assert sheet.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    judged = next(row for row in rows if row["creator"] and row["stays"] == "no")
    judged["verdict"] = "keep"
    with sheet.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    taken = indexed("values", "judge", sheet, "--by", "ab")
    assert taken.code == 0, taken.err
    kept = tmp_path / "project" / "private-verdicts.csv"
    assert kept.stat().st_mode & 0o777 == 0o600
    after = indexed("values", "private", "--json").json
    same = next(
        row for row in after if (row["creator"], row["element"]) == (judged["creator"], judged["element"])
    )
    assert same["stays"] == "yes"
    assert "by ab" in same["judged"]
    before = kept.read_bytes()
    sheet.write_text("creator,element,verdict\nACME,0019xx02,perhaps\n")
    assert indexed("values", "judge", sheet).code == 2
    assert kept.read_bytes() == before
