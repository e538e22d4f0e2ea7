"""States that only the service makes: a failed update and a locked set are read, told, and stop nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.catalogue import Catalogue
from curator.checks import run
from curator.errors import OperationFailed
from curator.stores import OpenStore, open_store


def _fail(store: OpenStore) -> str:
    """Let an update fail: the value to be removed is not the one that is there."""
    imaging = store.imaging
    found = next(each for each in imaging.search() if each.dicom.get("DICOMSeriesModality") == "MR")
    wrong = b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"Somebody^Else"}}}'
    made = imaging.update(found.id, found.version, removable=wrong)
    with pytest.raises(OperationFailed):
        imaging.wait(found.id, made)
    return found.id


def test_a_failed_update_is_found_and_its_set_still_checked(demo_store: OpenStore, tmp_path: Path) -> None:
    identifier = _fail(demo_store)
    with Catalogue.open(tmp_path / "index", demo_store.imaging.datastore_id) as catalogue:
        done = catalogue.refresh(demo_store.imaging)
        assert identifier not in done.problems
        findings = list(run(catalogue.view(), ["failed"]))
        assert catalogue.document(identifier) is not None
        row = catalogue.row(identifier)
    assert row is not None
    assert row.status == "UPDATE_FAILED"
    assert [(finding.code, finding.image_sets[0][0]) for finding in findings] == [("CUR403", identifier)]


def test_a_locked_set_is_looked_at_again_until_it_is_free(demo_folder: Path, tmp_path: Path) -> None:
    slow = open_store(f"local:{demo_folder}", delay=3600.0)
    imaging = slow.imaging
    found = next(imaging.search())
    blob = b'{"SchemaVersion":"1.1","Study":{"DICOM":{"StudyDescription":"changed"}}}'
    imaging.update(found.id, found.version, updatable=blob)
    with Catalogue.open(tmp_path / "index", imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging)
        row = catalogue.row(found.id)
        assert row is not None
        assert row.state == "LOCKED"
        assert catalogue.plan_refresh(imaging).states == 1
        now = row.updated_at
        assert list(run(catalogue.view(now=now + 60), ["stuck"])) == []
        (finding,) = run(catalogue.view(now=now + 7200), ["stuck"])
        assert finding.message == "LOCKED (UPDATING) for 2 hours"
    slow.close()
