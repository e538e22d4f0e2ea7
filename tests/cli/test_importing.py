"""``import``: into a local store, a served one, and through S3; the manifest, the failures, what is cleaned up."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydicom.data import get_testdata_file

from curator.buckets import FolderBucket, S3Bucket
from curator.cli.import_jobs import Heard, Outcome, batches, run_imports
from curator.cli.sources import hard_link, soft_link, sources
from curator.demo_data import Fault, Seeded
from curator.errors import NotFound, ServiceError
from curator.stores import open_store
from tests.cli.conftest import Curator
from tests.cli.s3 import s3_of_folders
from tests.served import serving

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROLE = "arn:aws:iam::000000000000:role/test"
Demo = tuple[Path, list[Seeded]]


def test_a_folder_becomes_image_sets(curator: Curator, tmp_path: Path, demo_files: Demo) -> None:
    ran = curator("--store", f"local:{tmp_path / 's'}", "import", demo_files[0])
    assert ran.code == 0
    summary = ran.json["jobSummary"]
    assert (summary["numberOfScannedFiles"], summary["numberOfImportedFiles"]) == (23, 23)
    assert summary["numberOfGeneratedImageSets"] == len(summary["imageSetsSummary"]) == 18
    assert ran.json["failures"] == []
    assert "23 of 23 files imported into 18 image sets" in ran.err


def test_the_planted_faults_are_in_the_store(curator: Curator, tmp_path: Path, demo_files: Demo) -> None:
    store = f"local:{tmp_path / 's'}"
    curator("--store", store, "import", demo_files[0])
    found = curator("--store", store, "list", "--json").json
    torn = next(one for one in demo_files[1] if one.fault is Fault.TORN_SERIES)
    parts = [one for one in found if one["DICOMSeriesInstanceUID"] == torn.series]
    assert {one["DICOMPatientId"] for one in parts} == {torn.planted, torn.original}
    for planted in demo_files[1]:
        ids = [one["imageSetId"] for one in found if one["DICOMSeriesInstanceUID"] == planted.series]
        values = [
            row["value"]
            for one in ids
            for row in curator("--store", store, "show", one, "--path", planted.element, "--ndjson").rows
        ]
        assert planted.planted in values, planted.fault


def test_failures_are_listed_by_the_person_s_names_and_exit_1(
    curator: Curator, tmp_path: Path, demo_files: Demo
) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    shutil.copy(demo_files[0] / "MR_small.dcm", mixed / "good.dcm")
    (mixed / "bad.dcm").write_bytes(b"\x1b[31mno dicom")
    ran = curator("--store", f"local:{tmp_path / 's'}", "import", mixed)
    assert ran.code == 1
    assert [failure["inputFile"] for failure in ran.json["failures"]] == [str(mixed / "bad.dcm")]
    assert ran.json["failures"][0]["exceptionType"]
    assert "1 of 2 files imported" in ran.err


def test_an_index_of_a_medium_is_said_to_be_one_whatever_its_name(curator: Curator, tmp_path: Path) -> None:
    index = get_testdata_file("dicomdirtests/DICOMDIR-empty.dcm")
    ran = curator("--store", f"local:{tmp_path / 'store'}", "import", str(index), "--json")
    (failure,) = ran.json["failures"]
    assert (ran.code, failure["message"]) == (1, "a DICOMDIR: an index of a medium, without images")


def test_an_archive_is_imported_from_inside(curator: Curator, tmp_path: Path, demo_files: Demo) -> None:
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.write(demo_files[0] / "CT_small.dcm", "../../CT.dcm")
    ran = curator("--store", f"local:{tmp_path / 's'}", "import", tmp_path / "study.zip")
    assert (ran.code, ran.json["jobSummary"]["numberOfImportedFiles"]) == (0, 1)


def test_nothing_to_import_is_a_usage_error(curator: Curator, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert curator("--store", f"local:{tmp_path / 's'}", "import", tmp_path / "empty").code == 2
    assert curator("import", tmp_path / "missing").code == 2


def test_aws_needs_bucket_and_role(curator: Curator, tmp_path: Path, demo_files: Demo) -> None:
    ran = curator("--store", f"aws:{'0' * 32}", "import", demo_files[0])
    assert ran.code == 2
    assert "--bucket and --role" in ran.err


def test_read_only_imports_nothing(curator: Curator, tmp_path: Path, demo_files: Demo) -> None:
    open_store(f"local:{tmp_path / 's'}").close()
    assert curator("--store", f"local:{tmp_path / 's'}", "--read-only", "import", demo_files[0]).code == 3


def test_nothing_staged_is_left(
    curator: Curator, tmp_path: Path, demo_files: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path / "home"))
    curator("--store", f"local:{tmp_path / 's'}", "import", demo_files[0] / "CT_small.dcm")
    assert list((tmp_path / "home").iterdir()) == []
    assert (demo_files[0] / "CT_small.dcm").exists()


def test_a_served_store_takes_files_from_its_own_user(
    curator: Curator, tmp_path: Path, demo_files: Demo
) -> None:
    with serving(tmp_path / "s", tmp_path / "ready") as found:
        ran = curator("--store", found.spec, "import", demo_files[0] / "CT_small.dcm")
        assert (ran.code, ran.json["jobSummary"]["numberOfImportedFiles"]) == (0, 1)
        one = curator("--store", found.spec, "list").out.split("\t")[0]
        assert curator("--store", found.spec, "set", one, "Patient/PatientName=A^B").out == "2\n"
        assert curator("--store", found.spec, "diff", one).lines[0].endswith('→ "A^B"')
        assert curator("--store", found.spec, "frames", one, "--png", tmp_path / "png").code == 0


@pytest.fixture
def s3(tmp_path: Path) -> S3Client:
    """A real boto3 S3 client whose buckets are folders of the test."""
    (tmp_path / "inbox").mkdir()
    return s3_of_folders({"inbox": tmp_path / "inbox"})


def test_through_s3_files_are_uploaded_imported_and_cleaned_up(
    tmp_path: Path, s3: S3Client, demo_files: Demo
) -> None:
    store = open_store(f"local:{tmp_path / 's'}", buckets={"inbox": tmp_path / "inbox"})
    outcomes = list(
        run_imports(store.imaging, S3Bucket("inbox", s3), sources([demo_files[0]], soft_link), role=ROLE)
    )
    store.close()
    assert outcomes[0].summary["numberOfImportedFiles"] == 23
    assert {Path(entry.file).name for entry in outcomes[0].successes} == {
        path.name for path in demo_files[0].iterdir()
    }
    assert [path for path in (tmp_path / "inbox").rglob("*") if path.is_file()] == []


def test_a_bucket_that_refuses_is_told_without_a_file_s_name(
    tmp_path: Path, s3: S3Client, demo_files: Demo
) -> None:
    (tmp_path / "inbox").chmod(0o500)
    store = open_store(f"local:{tmp_path / 's'}")
    found = sources([demo_files[0] / "CT_small.dcm"], soft_link)
    with pytest.raises(ServiceError) as refused:
        list(run_imports(store.imaging, S3Bucket("inbox", s3), found, role=ROLE))
    assert "the bucket inbox" in str(refused.value)
    assert refused.value.hint == "the caller needs the IAM action s3:PutObject"
    assert "CT_small" not in str(refused.value)
    store.close()


def test_a_missing_object_is_not_found(s3: S3Client) -> None:
    with pytest.raises(NotFound):
        S3Bucket("inbox", s3).read("nowhere")


def test_an_interrupted_import_leaves_nothing_staged(tmp_path: Path, demo_files: Demo) -> None:
    (tmp_path / "inbox").mkdir()
    store = open_store(f"local:{tmp_path / 's'}", buckets={"inbox": tmp_path / "inbox"})

    def stop(files: int) -> None:
        raise KeyboardInterrupt

    jobs = run_imports(
        store.imaging,
        FolderBucket("inbox", tmp_path / "inbox"),
        sources([demo_files[0]], hard_link),
        role=ROLE,
        largest=5,
        staging=tmp_path,
        heard=Heard(imported=stop),
    )
    done: list[Outcome] = []
    with pytest.raises(KeyboardInterrupt):
        done.extend(jobs)
    assert list((tmp_path / "inbox").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("curator-import")] == []
    assert 0 < len(list(store.imaging.search())) < 18  # what was imported stays
    store.close()


def test_no_series_is_torn_over_two_jobs_while_one_can_hold_it(demo_files: Demo) -> None:
    files = sorted(demo_files[0].iterdir())
    parted = list(batches(files, 6, 6))
    assert sorted(file for batch in parted for file in batch) == files
    assert all(len(batch) <= 6 for batch in parted)
    slices = [{file.name for file in batch if file.name.startswith("slice-")} for batch in parted]
    assert sorted(map(len, slices), reverse=True)[0] == 5
    assert list(batches(files, 100, 100)) == [files]
    assert list(batches([], 100, 100)) == []


def test_a_series_is_parted_only_where_no_job_can_hold_it(demo_files: Demo) -> None:
    slices = sorted(demo_files[0].glob("slice-*"))
    assert list(batches(slices, 2, 5)) == [slices], "a job of its own"
    assert [len(batch) for batch in batches(slices, 2, 2)] == [2, 2, 1]
