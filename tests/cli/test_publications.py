"""Publications as a privacy officer asks for them: tried first, proved later again, by what was decided then."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from curator.demo_data import seed
from tests.cli.conftest import Curator, Ran

PROFILE = """\
version: 1
name: ours
why: For the test.
profile:
  options: [clean-descriptors]
"""


@pytest.fixture
def place(curator: Curator, tmp_path: Path) -> Curator:
    """A store with the demo's files, and a project, both of the test's own."""
    files = tmp_path / "files"
    files.mkdir()
    seed(files)
    at = ("--store", f"local:{tmp_path / 'store'}", "--project", tmp_path / "project", "--quiet")

    def call(*words: object) -> Ran:
        return curator(*at, *words)

    assert call("import", files).code == 0
    return call


def test_an_older_copy_of_the_crosswalk_put_in_its_place_is_noticed(place: Curator, tmp_path: Path) -> None:
    kept = tmp_path / "project" / "crosswalk"
    for profile in ("basic", "research"):
        ran = place("deidentify", "--profile", profile, "--where", "modality:CT", "--json")
        assert ran.code == 0, ran.err
        if profile == "basic":
            older = kept.read_bytes()
    assert place("crosswalk", "--json").json["campaigns"] == 2
    kept.write_bytes(older)
    told = place("crosswalk", "--json")
    assert (told.code, told.json["missing"]) == (5, [ran.json["campaign"]])
    assert "older copy" in told.err


def test_what_a_merge_emptied_is_not_published_beside_what_it_was_merged_into(
    place: Curator, tmp_path: Path
) -> None:
    choices = tmp_path / "right.csv"
    choices.write_text("element,value\nPatient/PatientID,98890234\n")
    assert place("batch", "--resolve", "majority", "--choices", choices, "--json").code == 0
    every = [row["imageSetId"] for row in place("list", "--where", "modality:CT", "--json").json]

    def left_alone() -> list[str]:
        ran = place("deidentify", "--profile", "basic", *every, "--dry-run", "--json")
        return [line for line in ran.json["skipped"] if "merged into" in line]

    assert len(left_alone()) == 2
    assert place("undo", "latest").code == 0
    assert left_alone() == []


def test_what_was_published_is_not_published_again_unless_it_changed_or_is_named(place: Curator) -> None:
    first = place("deidentify", "--profile", "basic", "--where", "modality:CT", "--json")
    assert first.code == 0, first.err
    published = first.json["image_sets"]
    assert published >= 1
    again = place("deidentify", "--profile", "basic", "--where", "modality:CT", "--json")
    assert (again.code, again.json["image_sets"]) == (0, 0), again.err
    before = [line.partition(":")[0] for line in again.json["skipped"] if "by this profile before" in line]
    assert len(before) == published
    one = before[0]
    other = place("deidentify", "--profile", "research", "--where", "modality:CT", "--dry-run", "--json")
    assert other.json["image_sets"] == published
    named = place("deidentify", one, "--profile", "basic", "--dry-run", "--json")
    assert named.json["image_sets"] == 1
    assert place("set", one, "Study/StudyDescription=another").code == 0
    changed = place("deidentify", "--profile", "basic", "--where", "modality:CT", "--dry-run", "--json")
    assert changed.json["image_sets"] == 1


def test_what_is_said_to_be_de_identified_is_left_alone_by_name_and_published_if_named(
    place: Curator,
) -> None:
    rows = place("list", "--json").json
    claimed = {row["imageSetId"] for row in place("list", "--where", "deidentified", "--json").json}
    told = place("deidentify", "--profile", "research", "--dry-run", "--json").json
    assert len(claimed) == 6
    assert {line.partition(":")[0] for line in told["skipped"]} == claimed
    (said,) = told["left_alone"]
    assert said.startswith("6 image sets: said to be de-identified already (PatientIdentityRemoved YES;")
    assert told["image_sets"] + len(told["refused"]) + len(told["skipped"]) == len(rows)
    text = place("deidentify", "--profile", "research", "--dry-run").out
    assert said in text
    assert all(one in text for one in claimed)
    one = sorted(claimed)[0]
    named = place("deidentify", one, "--profile", "research", "--dry-run", "--json").json
    assert (named["image_sets"], named["skipped"]) == (1, [])


def test_a_report_counts_what_is_said_to_be_de_identified_apart_from_what_was_made_here(
    place: Curator, tmp_path: Path
) -> None:
    ran = place("deidentify", "--profile", "research", "--report", tmp_path / "report.json", "--json")
    assert ran.code == 0, ran.err
    plan = json.loads((tmp_path / "report.json").read_text())
    assert sum("PatientIdentityRemoved" in why for _, why in plan["skipped"]) == 6
    again = place("deidentify", "--profile", "basic", "--dry-run", "--json").json["left_alone"]
    assert sum("made by a publication" in line for line in again) == 1
    assert sum("PatientIdentityRemoved" in line for line in again) == 1


def documents(curator: Curator) -> dict[str, dict[str, str]]:
    """Return the Patient level of each image set."""
    return {
        row["imageSetId"]: curator("show", row["imageSetId"], "--json").json["Patient"]["DICOM"]
        for row in curator("list", "--json").json
    }


def test_a_dry_run_into_a_store_that_is_not_there_makes_none(place: Curator, tmp_path: Path) -> None:
    told = place(
        "deidentify", "--profile", "basic", "--to", f"local:{tmp_path / 'public'}", "--dry-run", "--json"
    )
    assert told.code == 0, told.err
    assert told.json["image_sets"] >= 5
    assert not (tmp_path / "public").exists()
    assert not list((tmp_path / "project").glob("crosswalk*"))


def test_a_publication_is_proved_later_by_what_it_was_planned_with(place: Curator, tmp_path: Path) -> None:
    before = documents(place)
    one, other = sorted({found["PatientID"] for found in before.values() if found.get("PatientID")})[:2]
    aliases, assigned, cleared = tmp_path / "aliases.csv", tmp_path / "assigned.csv", tmp_path / "cleared.txt"
    aliases.write_text(f"id,same_as\n{one},{other}\n")
    assigned.write_text(f"id,pseudonym\n{other},TRIAL-001\n")
    sops = [row["SOPInstanceUID"] for row in _instances(place)]
    cleared.write_text("\n".join(sops))
    profile = tmp_path / "ours.yaml"
    profile.write_text(PROFILE)
    sheet = tmp_path / "values.csv"
    assert place("values", "--profile", profile, "--element", "StudyDescription", "--csv", sheet).code == 0
    _decide(sheet, "replace", "as a person said")
    assert place("values", "decide", sheet).code == 0
    ran = place(
        "deidentify", "--profile", profile, "--aliases", aliases, "--assigned", assigned, "--cleared", cleared, "--json"
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json["attested"].startswith("all ")
    assert not [line for line in ran.json["left_out"] if "pixels" in line]
    pseudonyms = {found["PatientID"] for each, found in documents(place).items() if each not in before}
    assert "TRIAL-001" in pseudonyms
    said = [
        place("show", each, "--json").json["Study"]["DICOM"]
        for each in documents(place)
        if each not in before
    ]
    assert "as a person said" in {study.get("StudyDescription") for study in said}
    (tmp_path / "project" / "decisions.csv").unlink()
    for path in (aliases, assigned, cleared):
        path.unlink()
    later = place("verify", "latest")
    assert later.code == 0, later.err
    profile.write_text(PROFILE.replace("[clean-descriptors]", "[retain-full-dates]"))
    changed = place("verify", "latest")
    assert changed.code == 3
    assert "something else" in changed.err


def _decide(sheet: Path, word: str, replacement: str) -> None:
    """Decide every value of a sheet alike."""
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {"decision": word, "replacement": replacement}
    with sheet.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _instances(curator: Curator) -> list[dict[str, str]]:
    found = []
    for row in curator("list", "--json").json:
        document = curator("show", row["imageSetId"], "--json").json
        for series in document["Study"]["Series"].values():
            found += [instance["DICOM"] for instance in series["Instances"].values()]
    return found


def test_a_session_that_publishes_is_replayed_for_what_is_new_alone(place: Curator, tmp_path: Path) -> None:
    session = tmp_path / "session.yaml"
    session.write_text(
        "version: 1\nname: session\nwhy: For the test.\nwhere: modality:CT\nbatch: {publish: basic}\n"
    )
    first = place("batch", session, "--json")
    assert first.code == 0, first.err
    assert first.json[0]["image_sets"] > 0
    held = place("list", "--json").json
    again = place("batch", session, "--json")
    assert (again.code, again.json[0]["applied"]) == (0, "nothing to do"), again.err
    assert place("list", "--json").json == held


def test_what_a_session_says_of_pixels_is_taken_along_but_overrules_nobody(
    place: Curator, tmp_path: Path
) -> None:
    one, other = place("pixels", "--json").json[:2]
    words = "\n".join(
        f"    - {{instance: {each['sopInstanceUID']}, decision: clear, pixels: {each['pixels']}, by: ada, when: '2026-01-02'}}"
        for each in (one, other)
    )
    session = tmp_path / "session.yaml"
    session.write_text(
        f"version: 1\nname: session\nwhy: For the test.\nbatch:\n  publish: research\n  pixels:\n{words}\n"
    )
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"sop_instance_uid,decision,by\n{other['sopInstanceUID']},exclude,bob\n")
    assert place("pixels", "decide", sheet).code == 0

    def decided() -> list[str]:
        told = {row["sopInstanceUID"]: row["decided"] for row in place("pixels", "--json").json}
        return [told[each["sopInstanceUID"]].partition(" on ")[0] for each in (one, other)]

    tried = place("batch", session, "--dry-run", "--json")
    assert tried.json[0]["cleared"] == ["1 instance at pixel risk goes along: cleared by ada on 2026-01-02"]
    assert decided() == ["", "excluded by bob"], "a dry run keeps nothing"
    done = place("batch", session, "--json")
    assert done.json[0]["cleared"] == tried.json[0]["cleared"]
    assert decided() == ["cleared by ada", "excluded by bob"]
