"""``check``: exit codes, forms, selection, evidence, files, and the plan of safe changes."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from curator.campaign.planfile import PlanFile
from curator.checks import CHECKS
from curator.demo_data import NAME, NUMBER
from curator.plan.units import Update
from curator.stores import open_store
from tests.cli.conftest import Curator

# The essentials of https://docs.oasis-open.org/sarif/sarif/v2.1.0/: what viewers and CI systems rely on.
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "format": "uri-reference"}},
                }
            },
        },
        "logicalLocations": {
            "type": "array",
            "items": {"type": "object", "properties": {"fullyQualifiedName": {"type": "string"}}},
        },
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": _TEXT,
                                                "fullDescription": _TEXT,
                                                "help": _TEXT,
                                                "defaultConfiguration": {"properties": {"level": _LEVEL}},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": _LEVEL,
                                "message": _TEXT,
                                "locations": {"type": "array", "items": _LOCATION},
                                "relatedLocations": {
                                    "type": "array",
                                    "uniqueItems": True,
                                    "items": _LOCATION,
                                },
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                                "properties": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.fixture
def checked(on_demo: Curator, tmp_path: Path) -> Curator:
    """Run ``check`` and its relatives on the demo, in a project of its own."""
    return lambda *words: on_demo("--project", tmp_path / "project", *words)


def test_findings_exit_1_and_their_absence_0(checked: Curator) -> None:
    found = checked("check", "--select", "CUR105")
    assert found.code == 1
    assert len(found.lines) == 1
    assert "1 error" in found.err
    clean = checked("check", "--select", "CUR208")
    assert (clean.code, clean.out) == (0, "")
    assert "nothing found" in clean.err


def test_it_says_what_it_reads_and_reads_it_once(checked: Curator) -> None:
    assert "each a touch" in checked("check", "--select", "CUR1").err
    assert "touch" not in checked("check", "--select", "CUR1").err


def test_every_form_tells_the_same_findings(checked: Curator) -> None:
    rows = checked("check", "--ignore", "CUR3").lines
    found = checked("check", "--ignore", "CUR3", "--json").json
    assert found == checked("check", "--ignore", "CUR3", "--ndjson").rows
    assert found == checked("check", "--ignore", "CUR3", "--format", "json").json
    assert [row.split("\t")[1] for row in rows] == [each["code"] for each in found]
    assert not any(each["code"].startswith("CUR3") for each in found)
    assert {"code", "check", "severity", "message", "imageSets", "path", "safety"} <= found[0].keys()


def test_values_are_shown_only_when_asked_for(checked: Curator) -> None:
    secret = NAME.split("^")[0]
    for form in ("table", "json", "ndjson", "sarif"):
        ran = checked("check", "--format", form)
        for value in (secret, NUMBER, "FEMALE?"):
            assert value not in ran.out + ran.err, form
    assert secret in checked("check", "--json", "--evidence").out
    assert secret in checked("check", "--evidence").out


def test_sarif_is_valid_and_names_every_check(checked: Curator) -> None:
    log: dict[str, Any] = checked("check", "--format", "sarif").json
    jsonschema.validate(log, SARIF, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.code for check in CHECKS]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    prints = [result["partialFingerprints"]["curatorFinding/v1"] for result in run["results"]]
    again = checked("check", "--format", "sarif").json["runs"][0]["results"]
    assert prints == [result["partialFingerprints"]["curatorFinding/v1"] for result in again]
    assert "1.3.6.1" not in json.dumps(run["results"]), "SARIF files travel: no UIDs"


def test_ids_limit_it_and_unknown_ones_are_refused(checked: Curator, image_sets: dict[str, str]) -> None:
    chosen = image_sets["MR"]
    found = checked("check", chosen, "--json").json
    assert found
    assert all(chosen in {each["imageSetId"] for each in one["imageSets"]} for one in found)
    assert checked("check", "0" * 32).code == 2
    assert checked("check", "--select", "CUR999").code == 2


def test_without_a_refresh_only_the_catalogue_is_read(checked: Curator) -> None:
    assert checked("check", "--no-refresh").code == 0  # nothing in it yet
    checked("catalogue", "refresh")
    assert checked("check", "--no-refresh").code == 1


def test_the_plan_of_safe_changes_mends_what_it_names(
    checked: Curator, image_sets: dict[str, str], demo_folder: Path, tmp_path: Path
) -> None:
    checked("remove", image_sets["MR"], "Study/ReferringPhysicianName", "Study/AccessionNumber")
    plan = tmp_path / "safe.plan"
    before = checked("check", "--select", "CUR309", "--json", "--fix-plan", plan).json
    assert {each["path"] for each in before} == {"Study/ReferringPhysicianName", "Study/AccessionNumber"}
    assert {each["safety"] for each in before} == {"safe"}
    assert plan.stat().st_mode & 0o777 == 0o600
    store = open_store(f"local:{demo_folder}")
    for unit in PlanFile.open(plan).units():
        for step in unit.steps:
            assert isinstance(step, Update)
            assert not step.because, "adding an empty element needs no force"
            updatable, removable = step.blobs
            version = unit.members[0].version
            made = store.imaging.update(step.set, version, updatable=updatable, removable=removable)
            store.imaging.wait(step.set, made)
    store.close()
    assert checked("check", "--select", "CUR309", "--json").json == []


def test_files_show_what_was_flattened(
    checked: Curator, demo_files: tuple[Path, Any], tmp_path: Path
) -> None:
    from pydicom import dcmread

    changed = tmp_path / "files"
    changed.mkdir()
    slices = sorted(demo_files[0].glob("slice-*.dcm"))
    for number, file in enumerate(slices):
        data = dcmread(file)
        data.StationName = f"CT{number % 2}"
        data.save_as(changed / file.name)
    found = checked("check", "--select", "flattened", "--p10", changed, "--json").json
    assert {each["path"].rpartition("/")[2] for each in found} == {"StationName"}
    same = checked("check", "--select", "flattened", "--p10", demo_files[0], "--json")
    assert (same.code, same.json) == (0, [])


def test_files_of_duplicates_tell_of_their_own_image_set(
    curator: Curator, demo_files: tuple[Path, Any], tmp_path: Path
) -> None:
    from pydicom import dcmread

    files = tmp_path / "files"
    files.mkdir()
    for name in ("FIRST", "SECOND"):
        for number, file in enumerate(sorted(demo_files[0].glob("slice-*.dcm"))):
            data = dcmread(file)
            data.AccessionNumber, data.StationName = name, "A-station-of-too-many-letters"
            data.save_as(files / f"{name}-{number}.dcm")
    assert curator("import", files).code == 0
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = curator("check", "--select", "flattened", "--p10", files, "--json")
    assert found.json == []
    assert not [each for each in heard if "pydicom" in each.filename], "they repeat values"


def test_manifests_show_incomplete_imports(
    checked: Curator, image_sets: dict[str, str], tmp_path: Path
) -> None:
    for name, line in (
        ("success", {"inputFile": "in/1.dcm", "importResponse": {"imageSetId": image_sets["MR"]}}),
        ("failure", {"inputFile": "in/2.dcm", "exception": {"message": "DICOM attributes does not exist"}}),
    ):
        (tmp_path / "job" / name.upper()).mkdir(parents=True)
        (tmp_path / "job" / name.upper() / f"{name}.ndjson").write_text(json.dumps(line) + "\n")
    (found,) = checked(
        "check", "--select", "incomplete-import", "--manifest", tmp_path / "job", "--json"
    ).json
    assert found["severity"] == "error"
    assert [each["imageSetId"] for each in found["imageSets"]] == [image_sets["MR"]]
    (tmp_path / "empty").mkdir()
    assert checked("check", "--manifest", tmp_path / "empty").code == 2
