"""Conflicts listed, decided in a sheet, and planned as decided."""

from __future__ import annotations

import csv
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Curator, Ran

At = Callable[..., Ran]


@pytest.fixture
def at(curator: Curator, demo_folder: Path, tmp_path: Path) -> At:
    def call(*words: object) -> Ran:
        return curator("--store", f"local:{demo_folder}", "--project", tmp_path / "project", *words)

    return call


def test_conflicts_are_listed_with_the_weights_of_their_values(at: At) -> None:
    found = at("conflicts", "--json").json
    (birth,) = [each for each in found if each["element"] == "Patient/PatientBirthDate"]
    assert birth["scope"] == "patient"
    assert birth["values"] == [
        {"value": "19010302", "instances": 5, "imageSets": 3},
        {"value": "19010203", "instances": 1, "imageSets": 1},
    ]
    assert [each["element"] for each in found].count("(torn series)") == 2
    narrowed = at("conflicts", "--where", "patientid:4MR1", "--json").json
    assert [each["element"] for each in narrowed] == ["Patient/PatientSex"]


def test_a_filled_in_sheet_is_planned_and_nothing_beside_it(at: At, tmp_path: Path) -> None:
    sheet = tmp_path / "conflicts.csv"
    assert at("conflicts", "--csv", sheet).code == 0
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    with sheet.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["element"] == "Patient/PatientBirthDate":
            row["choice"], row["value"], row["why"] = "value", "19010203", "asked the ward"
    with sheet.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    decided = at("conflicts", "decide", sheet)
    assert "1 decision read; the project holds 1" in decided.err
    assert len(at("conflicts", "--undecided", "--json").json) == len(rows) - 1
    done = at("batch", "--resolve", "decided", "--json")
    assert done.code == 0, done.err
    assert done.json[0]["changes"] == 3
    (one,) = [each for each in at("campaigns", "--json").json if each["title"] == "conflicts as decided"]
    assert one
    assert "Patient/PatientBirthDate" not in [each["element"] for each in at("conflicts", "--json").json]


def test_what_was_decided_comes_before_the_policy(at: At, tmp_path: Path) -> None:
    sheet = tmp_path / "all.csv"
    sheet.write_text("element,choice,value\nPatient/PatientBirthDate,leave,\n")
    assert at("conflicts", "decide", sheet).code == 0
    assert at("batch", "--resolve", "majority", "--json").code in (0, 1)
    left = [each["element"] for each in at("conflicts", "--json").json]
    assert "Patient/PatientBirthDate" in left
    assert "Patient/PatientSex" not in left


def test_a_wrong_sheet_is_refused_whole(at: At, tmp_path: Path) -> None:
    sheet = tmp_path / "wrong.csv"
    sheet.write_text("element,choice,value\nPatient/PatientSex,majority,\nPatient/PatientSex,guess,\n")
    ran = at("conflicts", "decide", sheet)
    assert ran.code == 2
    assert "wrong.csv:3: the choice is one of" in ran.err
    assert not [each for each in at("conflicts", "--json").json if each["decided"]]
