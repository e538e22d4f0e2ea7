"""The fixture ``medical_imaging`` that comes with the package, for other people's tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import ROOT

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

    from curator.demo_data import Seeded


def test_an_empty_data_store_is_there(medical_imaging: HealthImagingClient) -> None:
    (store,) = medical_imaging.list_datastores()["datastoreSummaries"]
    found = medical_imaging.search_image_sets(datastoreId=store["datastoreId"])
    assert found["imageSetsMetadataSummaries"] == []


def test_files_put_into_the_bucket_can_be_imported(
    medical_imaging: HealthImagingClient, tmp_path: Path, demo_files: tuple[Path, list[Seeded]]
) -> None:
    datastore = medical_imaging.list_datastores()["datastoreSummaries"][0]["datastoreId"]
    shutil.copy(demo_files[0] / "CT_small.dcm", tmp_path / "bucket")
    job = medical_imaging.start_dicom_import_job(
        clientToken="t" * 16,
        dataAccessRoleArn="arn:aws:iam::000000000000:role/r",
        datastoreId=datastore,
        inputS3Uri="s3://bucket/",
        outputS3Uri="s3://bucket/out/",
    )["jobId"]
    for _ in range(200):
        seen = medical_imaging.get_dicom_import_job(datastoreId=datastore, jobId=job)["jobProperties"]
        if seen["jobStatus"] in ("COMPLETED", "FAILED"):
            break
        time.sleep(0.05)
    assert seen["jobStatus"] == "COMPLETED"
    assert len(medical_imaging.search_image_sets(datastoreId=datastore)["imageSetsMetadataSummaries"]) == 1


def test_the_plugin_costs_nothing_when_unused() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import curator.pytest_plugin; "
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('curator')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
