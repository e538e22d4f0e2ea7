"""``explain`` and ``rules editions`` on a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.dicom import _confidentiality
from tests.cli.conftest import Curator


@pytest.fixture
def on_project(on_demo: Curator, tmp_path: Path) -> Curator:
    return lambda *words: on_demo("--project", tmp_path / "project", *words)


def test_an_element_is_explained_without_its_value(on_project: Curator) -> None:
    first = on_project("list", "--json", "--limit", "1").json[0]
    image_set = first["imageSetId"]
    found = on_project("explain", image_set, "PatientID", "--profile", "research", "--json")
    assert found.code == 0, found.err
    (one,) = found.json
    assert one["done"] == "changed"
    detail = one["why"][0]["detail"]
    assert detail["row"].startswith("PS3.15 E.1-1 00100020")
    assert detail["edition"] == "2026d"
    assert detail["action"] == "the subject's pseudonym"
    name = first.get("DICOMPatientId") or "?"
    assert name not in found.out
    shown = on_project("explain", image_set, "PatientID", "--profile", "research", "--values")
    assert f"before            {name}" in shown.out
    assert on_project("explain", image_set, "PatientComments", "--profile", "basic").code == 2
    assert on_project("explain", image_set, "PatientID", "--profile", "laterality").code == 2


def test_another_edition_is_compared_on_own_data(on_project: Curator, tmp_path: Path) -> None:
    table = tmp_path / "older.txt"
    table.write_text("edition 2020x\n" + _confidentiality.E_1_1.replace("00100040|", "00100049|"))
    rows = on_project("rules", "editions", table, "--rows", "--json").json
    assert {row["tag"] for row in rows} == {"00100040", "00100049"}
    found = on_project("rules", "editions", table, "--json")
    assert found.code == 0, found.err
    assert "Patient/PatientSex" in {row["element"] for row in found.json}
    (tmp_path / "none.txt").write_text("nothing")
    assert on_project("rules", "editions", tmp_path / "none.txt").code == 2
