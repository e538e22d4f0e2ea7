"""The AWS CLI, unmodified and without flags, runs the guide's examples of every operation (adapted to version 1).

Version 1 takes blobs of a JSON argument as they are written; version 2's ``--cli-binary-format`` is not needed.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served, serving
from tests.tools import need

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aws")


@pytest.fixture(scope="module")
def served(root: Path, _demo_template: Path, demo_files: tuple[Path, object]) -> Iterator[Served]:
    shutil.copytree(_demo_template, root / "store")
    (root / "bucket" / "in").mkdir(parents=True)
    shutil.copy(demo_files[0] / "MR_small.dcm", root / "bucket" / "in")
    with serving(root / "store", root / "ready", "--bucket", f"inbox={root / 'bucket'}") as found:
        yield found


@pytest.fixture(scope="module")
def aws(served: Served, root: Path) -> Aws:
    """Run ``aws medical-imaging`` with some words and return its JSON answer."""
    program = need("aws") if not _ours().exists() else str(_ours())

    def call(*words: str, fails: str = "") -> Any:
        done = subprocess.run(
            [program, "medical-imaging", *words],
            env=dict(served.environment),
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        if fails:
            assert done.returncode != 0
            assert fails in done.stderr
            return None
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return call


def _ours() -> Path:
    """The ``aws`` of this environment: version 1, from PyPI."""
    import sys

    return Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def image_set(aws: Aws, served: Served) -> str:
    criteria = {"filters": [{"values": [{"DICOMPatientId": "1CT1"}], "operator": "EQUAL"}]}
    found = aws(
        "search-image-sets", "--datastore-id", served.datastore_id, "--search-criteria", json.dumps(criteria)
    )
    summaries = found["imageSetsMetadataSummaries"]
    assert {summary["DICOMTags"]["DICOMPatientId"] for summary in summaries} == {"1CT1"}
    return str(summaries[0]["imageSetId"])


def test_data_stores_and_tags(aws: Aws) -> None:
    made = aws("create-datastore", "--datastore-name", "my-datastore")["datastoreId"]
    properties = aws("get-datastore", "--datastore-id", made)["datastoreProperties"]
    assert properties["datastoreStatus"] == "ACTIVE"
    arn = properties["datastoreArn"]
    aws("tag-resource", "--resource-arn", arn, "--tags", '{"Deployment":"Development"}')
    assert aws("list-tags-for-resource", "--resource-arn", arn)["tags"] == {"Deployment": "Development"}
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", '["Deployment"]')
    assert made in {store["datastoreId"] for store in aws("list-datastores")["datastoreSummaries"]}
    aws("delete-datastore", "--datastore-id", made)


def test_reading(aws: Aws, served: Served, image_set: str, root: Path) -> None:
    at = ["--datastore-id", served.datastore_id, "--image-set-id", image_set]
    assert aws("get-image-set", *at)["imageSetState"] == "ACTIVE"
    aws("get-image-set-metadata", *at, "studymetadata.json.gz")
    document = json.loads(gzip.decompress((root / "studymetadata.json.gz").read_bytes()))
    assert document["DatastoreID"] == served.datastore_id
    series = next(iter(document["Study"]["Series"].values()))
    frame = next(iter(series["Instances"].values()))["ImageFrames"][0]["ID"]
    answer = aws(
        "get-image-frame", *at, "--image-frame-information", f"imageFrameId={frame}", "imageframe.jph"
    )
    assert answer["contentType"] == "image/jph"
    assert (root / "imageframe.jph").stat().st_size > 100


def test_updating_reverting_copying_deleting(aws: Aws, served: Served, image_set: str, root: Path) -> None:
    at = ["--datastore-id", served.datastore_id, "--image-set-id", image_set]
    attributes = json.dumps({"SchemaVersion": 1.1, "Patient": {"DICOM": {"PatientName": "MX^MX"}}})
    (root / "metadata-updates.json").write_text(
        json.dumps({"DICOMUpdates": {"updatableAttributes": attributes}})
    )
    updated = aws(
        "update-image-set-metadata",
        *at,
        "--latest-version-id",
        "1",
        "--update-image-set-metadata-updates",
        "file://metadata-updates.json",
    )
    assert (updated["latestVersionId"], updated["imageSetWorkflowStatus"]) == ("2", "UPDATING")
    (root / "revert.json").write_text('{"revertToVersionId": "1"}')
    revert = ["update-image-set-metadata", *at, "--update-image-set-metadata-updates", "file://revert.json"]
    aws(*revert, "--latest-version-id", "1", fails="ResourceNotFoundException")
    aws(*revert, "--latest-version-id", "2")
    versions = aws("list-image-set-versions", *at)["imageSetPropertiesList"]
    assert [version["versionId"] for version in versions] == ["3", "2", "1"]
    copied = aws(
        "copy-image-set",
        "--datastore-id",
        served.datastore_id,
        "--source-image-set-id",
        image_set,
        "--copy-image-set-information",
        '{"sourceImageSet": {"latestVersionId": "3"}}',
    )["destinationImageSetProperties"]["imageSetId"]
    deleted = aws("delete-image-set", "--datastore-id", served.datastore_id, "--image-set-id", copied)
    assert deleted["imageSetWorkflowStatus"] == "DELETING"


def test_import_jobs(aws: Aws, served: Served) -> None:
    job = aws(
        "start-dicom-import-job",
        "--job-name",
        "my-job",
        "--datastore-id",
        served.datastore_id,
        "--input-s3-uri",
        "s3://inbox/in/",
        "--output-s3-uri",
        "s3://inbox/out/",
        "--data-access-role-arn",
        "arn:aws:iam::123456789012:role/ImportJobDataAccessRole",
    )["jobId"]
    at = ["--datastore-id", served.datastore_id]
    while aws("get-dicom-import-job", *at, "--job-id", job)["jobProperties"]["jobStatus"] != "COMPLETED":
        time.sleep(0.1)
    assert job in {summary["jobId"] for summary in aws("list-dicom-import-jobs", *at)["jobSummaries"]}
