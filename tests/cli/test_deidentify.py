"""``deidentify``: from planted identifiers to a publication that another program finds none of them in."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.demo_data import seed
from tests.cli.conftest import Curator, Ran
from tests.served import serving
from tests.tools import need

PLANTED = ("Mustermann", "MRN-4711-0815")


@pytest.fixture
def place(curator: Curator, tmp_path: Path) -> tuple[Curator, Path]:
    """A store with the demo's files, and a project, both of the test's own."""
    files = tmp_path / "files"
    files.mkdir()
    seed(files)
    at = ("--store", f"local:{tmp_path / 'store'}", "--project", tmp_path / "project", "--quiet")

    def call(*words: object) -> Ran:
        return curator(*at, *words)

    assert call("import", files).code == 0
    return call, tmp_path


def test_a_dry_run_tells_cost_and_what_is_left_out_and_changes_nothing(place: tuple[Curator, Path]) -> None:
    curator, _ = place
    before = curator("list", "--json").json
    told = curator("deidentify", "--profile", "research", "--dry-run", "--json")
    assert told.code == 0
    assert told.json["image_sets"] >= 5
    assert any("pixels" in line for line in told.json["left_out"])
    assert curator("list", "--json").json == before


def test_in_place_needs_to_be_meant(place: tuple[Curator, Path]) -> None:
    curator, _ = place
    ran = curator("deidentify", "--profile", "basic", "--in-place")
    assert ran.code == 3
    assert "older version" in ran.err
    told = curator("deidentify", "--profile", "basic", "--in-place", "--dry-run", "--json").json
    assert f"older versions of {told['image_sets']} image sets" in told["stays_readable"]


def test_in_place_asks_a_person(place: tuple[Curator, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    curator, _ = place
    before = curator("campaigns", "--json").json
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    ran = curator("deidentify", "--profile", "basic", "--in-place")
    assert ran.code == 3
    assert "older version" in ran.err
    assert "nothing was changed" in ran.err
    assert curator("campaigns", "--json").json == before


def test_uids_are_not_retained_beside_the_originals(place: tuple[Curator, Path]) -> None:
    curator, _ = place
    ran = curator("deidentify", "--profile", "basic-retain-uids")
    assert ran.code == 2
    assert "113110" in ran.err


def test_a_rule_file_without_a_profile_is_no_profile(place: tuple[Curator, Path]) -> None:
    curator, _ = place
    ran = curator("deidentify", "--profile", "descriptions")
    assert ran.code == 2
    assert "no profile" in ran.err


def test_no_planted_identifier_is_in_any_version_that_the_aws_cli_reads_nor_on_the_machine_after_purge(
    place: tuple[Curator, Path],
) -> None:
    curator, folder = place
    originals = {row["imageSetId"] for row in curator("list", "--json").json}
    ran = curator("deidentify", "--profile", "research", "--report", folder / "published.md", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["attested"].startswith("all ")
    assert not any(word in (folder / "published.md").read_text() for word in PLANTED)
    published = {row["imageSetId"] for row in curator("list", "--json").json} - originals
    assert len(published) == ran.json["image_sets"]
    aws = need("aws")
    with serving(folder / "store", folder / "ready.json") as served:
        read = 0
        for image_set in published:
            for version in _versions(aws, served.environment, served.datastore_id, image_set):
                target = folder / f"{image_set}-{version}.gz"
                _aws(
                    aws, served.environment, "get-image-set-metadata", "--datastore-id", served.datastore_id,
                    "--image-set-id", image_set, "--version-id", version, str(target),
                )  # fmt: skip
                text = gzip.decompress(target.read_bytes()).decode()
                assert not [word for word in PLANTED if word in text]
                target.unlink()
                read += 1
        assert read == len(published)
    verified = curator("verify", "latest")
    assert verified.code == 0, verified.err
    assert curator("purge", "--yes").code == 0
    assert list(_holding(folder / "project", PLANTED)) == []


def _aws(aws: str, environment: object, *words: str) -> str:
    assert isinstance(environment, dict)
    ran = subprocess.run(
        [aws, "medical-imaging", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    return ran.stdout


def _versions(aws: str, environment: object, datastore: str, image_set: str) -> list[str]:
    told = _aws(
        aws, environment, "list-image-set-versions", "--datastore-id", datastore, "--image-set-id", image_set
    )
    return [each["versionId"] for each in json.loads(told)["imageSetPropertiesList"]]


def _holding(folder: Path, words: tuple[str, ...]) -> Iterator[str]:
    """Yield the files below ``folder`` that hold one of the words, raw."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield from (
                f"{path.name}: {number}" for number, word in enumerate(words) if word.encode() in content
            )


def test_another_store_receives_the_publication_by_import(place: tuple[Curator, Path]) -> None:
    curator, folder = place
    public = f"local:{folder / 'public'}"
    told = curator("deidentify", "--profile", "basic", "--to", public, "--json")
    assert told.code == 0, told.err
    assert told.json["applied"].endswith("done")
    assert told.json["calls"]["StartDICOMImportJob"] == told.json["image_sets"]
    assert all(line.endswith("reimport") for line in told.json["routes"])
    assert told.json["verified"] == "as planned"
    published = curator("--store", public, "list", "--json").json
    assert len(published) == told.json["image_sets"]
    assert not any(planted in json.dumps(published) for planted in PLANTED)
    assert curator("undo", told.json["campaign"]).code == 0
    assert curator("--store", public, "list", "--json").json == []


def test_the_store_of_the_originals_is_no_other_store(place: tuple[Curator, Path]) -> None:
    curator, folder = place
    ran = curator("deidentify", "--profile", "basic", "--to", f"local:{folder / 'store'}")
    assert ran.code == 2
    assert "store of the originals" in ran.err


def test_both_routes_are_priced_beside_each_other(place: tuple[Curator, Path]) -> None:
    curator, _ = place
    told = curator("deidentify", "--profile", "basic", "--dry-run", "--json").json
    assert [line.split(":")[0] for line in told["route_costs"]] == ["reimport", "update"]
    assert "GetDICOMInstance" in told["route_costs"][0]
    only = curator("deidentify", "--profile", "basic", "--route", "reimport", "--dry-run", "--json").json
    assert set(only["calls"]) == {"StartDICOMImportJob", "TagResource"}


def test_a_served_store_is_published_into_by_import(place: tuple[Curator, Path]) -> None:
    curator, folder = place
    with serving(folder / "public", folder / "ready.json") as served:
        told = curator("deidentify", "--profile", "basic", "--to", served.spec, "--json")
        assert told.code == 0, told.err
        assert told.json["verified"] == "as planned"
        published = curator("--store", served.spec, "list", "--json").json
        assert len(published) == told.json["image_sets"]
        again = curator("--store", served.spec, "--project", folder / "second", "deidentify", "--profile", "tcia", "--route", "reimport",
                        published[0]["imageSetId"], "--json")  # fmt: skip
        assert (again.json["applied"], again.json["verified"]) == ("1 done", "as planned")


def test_a_plan_to_be_applied_later_is_in_the_crosswalk_already(place: tuple[Curator, Path]) -> None:
    curator, folder = place
    plan = folder / "publish.plan"
    assert curator("deidentify", "--profile", "basic", "--where", "modality:CT", "-o", plan).code == 0
    assert curator("crosswalk", "export", folder / "crosswalk").code == 0
    assert len((folder / "crosswalk" / "patients.csv").read_text().splitlines()) > 1
    assert curator("apply", plan).code == 0
