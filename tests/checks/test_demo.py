"""On the demo's real files the checks find everything that was planted, and nothing in the clean part."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.catalogue import Catalogue, Tags
from curator.checks import run
from curator.demo_data import Fault, Seeded
from curator.findings import Finding, Severity
from curator.imageset import parse_path
from curator.stores import OpenStore

CAUGHT_BY = {
    Fault.TORN_SERIES: "CUR105",
    Fault.SPLIT_SERIES: "CUR101",
    Fault.CONTRADICTION: "CUR103",
    Fault.IDENTIFIER: "CUR504",
    Fault.INVALID_VALUE: "CUR301",
    Fault.MARKUP: "CUR310",
}


@pytest.fixture
def checked(demo_store: OpenStore, tmp_path: Path) -> tuple[Catalogue, list[Finding]]:
    catalogue = Catalogue.open(tmp_path / "catalogue", demo_store.imaging.datastore_id)
    catalogue.refresh(demo_store.imaging, tags=Tags.COPIES)
    return catalogue, list(run(catalogue.view()))


def test_every_planted_fault_is_found_where_it_was_planted(
    checked: tuple[Catalogue, list[Finding]], demo_files: tuple[Path, list[Seeded]]
) -> None:
    catalogue, findings = checked
    for seeded in demo_files[1]:
        holders = {holder for sop in seeded.instances for holder in catalogue.holders(sop)}
        assert holders
        key = parse_path(seeded.element).steps[-1]
        there = [
            finding
            for finding in findings
            if finding.code == CAUGHT_BY[seeded.fault]
            and holders & {identifier for identifier, _ in finding.image_sets}
        ]
        assert there, seeded.fault
        if seeded.fault not in (Fault.TORN_SERIES, Fault.SPLIT_SERIES):
            keys = {finding.path.steps[-1] for finding in there if finding.path}
            assert key in keys or seeded.element.endswith("1001)"), (seeded.fault, seeded.element)


def test_the_private_identifier_is_found(
    checked: tuple[Catalogue, list[Finding]], demo_files: tuple[Path, list[Seeded]]
) -> None:
    paths = {str(finding.path) for finding in checked[1] if finding.code == "CUR504"}
    assert any(path.endswith("00991001") for path in paths)


def test_nothing_is_found_in_the_clean_part(
    checked: tuple[Catalogue, list[Finding]], demo_files: tuple[Path, list[Seeded]]
) -> None:
    """Notes (kinds of images that may show text, references to what was never imported) are no faults."""
    catalogue, findings = checked
    planted = {
        holder for seeded in demo_files[1] for sop in seeded.instances for holder in catalogue.holders(sop)
    }
    clean = [
        (finding.code, finding.message)
        for finding in findings
        if finding.severity is not Severity.NOTE
        and not planted & {identifier for identifier, _ in finding.image_sets}
    ]
    assert clean == []
