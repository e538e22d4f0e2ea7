"""``crosswalk`` and ``key rotate`` from the command line."""

from __future__ import annotations

from pathlib import Path

from curator.crosswalk import Crosswalk
from curator.project import Project
from tests.cli.conftest import Curator


def test_it_counts_exports_and_survives_a_new_key(curator: Curator, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    Crosswalk.open(Project.open(folder)).add(
        "one", subjects={"patient\0\0A": "P1"}, patients=[("A", "P1")], uids={"1.2.3": "2.25.9"}
    )
    assert curator("--project", folder, "crosswalk", "--json").json == {
        "patients": 1,
        "uids": 1,
        "campaigns": 1,
        "keys": 1,
    }
    refused = curator("--project", folder, "key", "rotate")
    assert refused.code == 3
    assert "1 patient and 1 UID" in refused.err
    rotated = curator("--project", folder, "key", "rotate", "--yes")
    assert rotated.code == 0, rotated.err
    assert "1 patient and 1 UID stay linked by the crosswalk alone" in rotated.err
    assert curator("--project", folder, "crosswalk", "--json").json["keys"] == 2
    exported = curator("--project", folder, "crosswalk", "export", tmp_path / "out")
    assert exported.code == 0, exported.err
    assert (tmp_path / "out" / "patients.csv").read_text().splitlines() == ["id_old,id_new", "A,P1"]


def test_without_a_campaign_it_is_empty(curator: Curator, tmp_path: Path) -> None:
    assert curator("--project", tmp_path / "p", "crosswalk", "--json").json["patients"] == 0
