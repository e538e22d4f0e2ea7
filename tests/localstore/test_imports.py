"""Import jobs as boto3 sees them: grouping, results, editions, buckets, leases."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import pytest
from botocore.exceptions import ClientError

from curator.localstore import Limits
from curator.localstore.imports import runner, workers
from curator.localstore.imports.rows import JobStatus
from tests.localstore.dicomfiles import ROOT, bundled, data_set, file_bytes, image, pydicoms
from tests.localstore.importing import ROLE, Workshop
from tests.tools import SHARED


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    opened = Workshop.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[Workshop]:
    opened = Workshop.open(tmp_path, edition="2025-07")
    yield opened
    opened.close()


def instance(number: int, **attributes: object) -> bytes:
    return file_bytes(data_set(SOPInstanceUID=f"{ROOT}.3.{number}", InstanceNumber=str(number), **attributes))


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def instances(document: Any) -> dict[str, Any]:
    return {
        uid: one
        for series in document["Study"]["Series"].values()
        for uid, one in series["Instances"].items()
    }


# ── one job ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_makes_image_sets_and_writes_results_as_the_guide_shows(shop: Workshop) -> None:
    shop.give({"scan/1.dcm": instance(1), "scan/deep/2.dcm": instance(2), "scan/3.txt": b"no DICOM"})
    shop.give({"elsewhere/4.dcm": instance(4)})
    results = shop.run(source="s3://given/scan/", jobName="first")
    assert results.job["jobStatus"] == "COMPLETED"
    assert results.job["jobName"] == "first"
    assert results.job["endedAt"] >= results.job["submittedAt"]
    (image_set,) = shop.image_sets()
    job_id = results.job["jobId"]
    output = f"s3://results/out/{shop.datastore_id}-DicomImport-{job_id}/"
    assert results.summary == {
        "jobId": job_id,
        "datastoreId": shop.datastore_id,
        "inputS3Uri": "s3://given/scan/",
        "outputS3Uri": output,
        "successOutputS3Uri": output + "SUCCESS/",
        "failureOutputS3Uri": output + "FAILURE/",
        "numberOfScannedFiles": 3,
        "numberOfImportedFiles": 2,
        "numberOfFilesWithCustomerError": 1,
        "numberOfFilesWithServerError": 0,
        "numberOfGeneratedImageSets": 1,
        "imageSetsSummary": [{"imageSetId": image_set, "numberOfMatchedSOPInstances": 2}],
    }
    assert results.successes == [
        {"inputFile": "scan/1.dcm", "importResponse": {"imageSetId": image_set}},
        {"inputFile": "scan/deep/2.dcm", "importResponse": {"imageSetId": image_set}},
    ]
    (failure,) = results.failures
    assert failure["inputFile"] == "scan/3.txt"
    assert failure["exception"]["exceptionType"] == "ValidationException"
    assert results.warnings == []
    assert set(instances(shop.document(image_set))) == {f"{ROOT}.3.1", f"{ROOT}.3.2"}


def test_results_are_for_their_owner_alone(shop: Workshop) -> None:
    shop.give({"1.dcm": instance(1), "2.dcm": b""})
    folder = shop.run().folder
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "SUCCESS")} == {0o700}


def test_the_document_holds_what_the_file_holds(shop: Workshop) -> None:
    shop.give({"ct.dcm": pydicoms("CT_small.dcm")})
    shop.run()
    document = shop.document(shop.image_sets()[0])
    assert document["SchemaVersion"] == "1.1"
    assert document["DatastoreID"] == shop.datastore_id
    (one,) = instances(document).values()
    assert one["DICOM"]["TransferSyntaxUID"] == "1.2.840.10008.1.2.1"
    assert one["DICOM"]["PixelData"] is None
    assert one["DICOMVRs"]["00090010"] == "LO"
    assert one["StoredTransferSyntaxUID"] == "1.2.840.10008.1.2.4.202"
    (frame,) = one["ImageFrames"]
    payload, kind = shop.frame(document["ImageSetID"], frame["ID"])
    assert kind == "image/jph"
    assert imagecodecs.htj2k_decode(payload).max() == frame["MaxPixelValue"]


def test_the_service_answer_and_our_import_agree_on_every_level(shop: Workshop) -> None:
    pairs = SHARED / "data" / "ahi_pairs"
    if not pairs.exists():
        pytest.skip("../shared/data is not here")
    shop.give({"us.dcm": (pairs / "usdoppler_sibling.dcm").read_bytes()})
    shop.run()
    ours = shop.document(shop.image_sets()[0])
    theirs = json.loads((pairs / "aws-samples_usdoppler.json").read_bytes())
    assert ours["Patient"] == theirs["Patient"]
    assert ours["Study"]["DICOM"] == theirs["Study"]["DICOM"]
    assert {uid: one["DICOM"] for uid, one in ours["Study"]["Series"].items()} == {
        uid: one["DICOM"] for uid, one in theirs["Study"]["Series"].items()
    }


@pytest.mark.filterwarnings("ignore")
def test_files_beyond_what_the_service_takes_fail_with_the_attribute_named(shop: Workshop) -> None:
    unknown = file_bytes(data_set()).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0")
    no_series = data_set()
    del no_series.SeriesInstanceUID
    shop.give(
        {
            "description.dcm": instance(1, StudyDescription="SECRET" * 11),
            "name.dcm": instance(2, PatientName="SECRET" * 43),
            "count.dcm": instance(3, NumberOfStudyRelatedInstances="10001"),
            "syntax.dcm": unknown,
            "series.dcm": file_bytes(no_series),
            "uid.dcm": instance(4, StudyInstanceUID="1.2/../3"),
        }
    )
    reasons = {one["inputFile"]: one["exception"]["message"] for one in shop.run().failures}
    assert reasons == {
        "description.dcm": "DICOM attribute StudyDescription is longer than 64 characters",
        "name.dcm": "DICOM attribute PatientName is longer than 256 characters",
        "count.dcm": "DICOM attribute NumberOfStudyRelatedInstances is more than 10000",
        "syntax.dcm": "DICOM attribute TransferSyntaxUID is not a supported transfer syntax",
        "series.dcm": "DICOM attribute SeriesInstanceUID does not exist",
        "uid.dcm": "DICOM attribute StudyInstanceUID is not a UID",
    }


# ── grouping ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "20260101"), ("AccessionNumber", "A2"), ("PatientID", "P2"), ("StudyInstanceUID", f"{ROOT}.9"),
        ("StudyID", "S2"), ("SeriesInstanceUID", f"{ROOT}.9"), ("SeriesNumber", "2"),
    ],
)  # fmt: skip
def test_each_of_the_seven_elements_splits(shop: Workshop, keyword: str, value: str) -> None:
    shop.give({"1.dcm": instance(1), "2.dcm": instance(2, **{keyword: value}), "3.dcm": instance(3)})
    results = shop.run()
    assert [one["numberOfMatchedSOPInstances"] for one in results.summary["imageSetsSummary"]] == [2, 1]


def test_absent_and_empty_group_together(shop: Workshop) -> None:
    shop.give({"1.dcm": instance(1), "2.dcm": instance(2, StudyID="")})
    assert shop.run().summary["numberOfGeneratedImageSets"] == 1


def test_disagreements_keep_the_first_files_value_and_are_listed(shop: Workshop) -> None:
    shop.give(
        {
            "1.dcm": instance(1, PatientName="A^B", Manufacturer="ACME"),
            "2.dcm": instance(2, PatientName="A^C", Manufacturer="ACME", StationName="S"),
        }
    )
    results = shop.run()
    (image_set,) = shop.image_sets()
    document = shop.document(image_set)
    (series,) = document["Study"]["Series"].values()
    assert document["Patient"]["DICOM"]["PatientName"] == "A^B"
    assert series["DICOM"]["StationName"] == "S"
    found = {
        (one["inputFile"], one["warning"]["level"], one["warning"]["attribute"], one["warning"]["absent"])
        for one in results.warnings
    }
    assert found == {("2.dcm", "Patient", "PatientName", False), ("1.dcm", "Series", "StationName", True)}
    assert {one["imageSetId"] for one in results.warnings} == {image_set}
    (name,) = [one["warning"] for one in results.warnings if one["warning"]["level"] == "Patient"]
    assert (name["kept"], name["found"]) == ("A^B", "A^C")


def test_the_same_instance_twice_makes_a_further_image_set(shop: Workshop) -> None:
    shop.give({"1.dcm": instance(1), "2.dcm": instance(2), "again.dcm": instance(1)})
    results = shop.run()
    assert [one["numberOfMatchedSOPInstances"] for one in results.summary["imageSetsSummary"]] == [2, 1]
    assert len(shop.image_sets()) == 2


def test_every_job_makes_new_image_sets(shop: Workshop) -> None:
    shop.give({"1.dcm": instance(1)})
    shop.run("one")
    shop.run("two")
    assert len(shop.image_sets()) == 2


# ── the newer edition ─────────────────────────────────────────────────────────────────────────────────


def test_newer_the_last_of_two_files_wins_and_the_other_is_reported(newer: Workshop) -> None:
    newer.give({"1.dcm": instance(1, InstanceCreationDate="20200101"), "2.dcm": instance(1)})
    results = newer.run()
    (image_set,) = newer.image_sets()
    (one,) = instances(newer.document(image_set)).values()
    assert "InstanceCreationDate" not in one["DICOM"]
    (warning,) = results.warnings
    assert (warning["inputFile"], warning["warning"]["warningType"]) == ("1.dcm", "InstanceReplaced")


def test_newer_an_import_extends_the_primary_image_set(newer: Workshop) -> None:
    newer.give(
        {
            "a/1.dcm": instance(1),
            "b/2.dcm": instance(2),
            "c/1.dcm": instance(1, InstanceCreationDate="20200101"),
        }
    )
    first = newer.run("a", "s3://given/a/")
    assert first.successes[0]["importResponse"]["isPrimary"] is True
    newer.run("b", "s3://given/b/")
    (image_set,) = newer.image_sets()
    assert len(instances(newer.document(image_set))) == 2
    third = newer.run("c", "s3://given/c/")
    assert newer.image_sets() == [image_set]
    document = newer.document(image_set)
    assert instances(document)[f"{ROOT}.3.1"]["DICOM"]["InstanceCreationDate"] == "20200101"
    assert [one["warning"]["warningType"] for one in third.warnings] == ["InstanceReplaced"]
    properties = newer.client.get_image_set(datastoreId=newer.datastore_id, imageSetId=image_set)
    assert properties["versionId"] == "3"


def test_newer_a_conflicting_import_makes_a_set_that_is_not_primary(newer: Workshop) -> None:
    newer.give({"a/1.dcm": instance(1), "b/2.dcm": instance(2, PatientID="P2")})
    newer.run("a", "s3://given/a/")
    results = newer.run("b", "s3://given/b/")
    assert results.successes[0]["importResponse"]["isPrimary"] is False
    assert len(newer.image_sets()) == 2


def test_newer_levels_that_disagree_stay_the_primary_sets(newer: Workshop) -> None:
    newer.give({"a/1.dcm": instance(1, PatientName="A"), "b/2.dcm": instance(2, PatientName="B")})
    newer.run("a", "s3://given/a/")
    results = newer.run("b", "s3://given/b/")
    (image_set,) = newer.image_sets()
    assert newer.document(image_set)["Patient"]["DICOM"]["PatientName"] == "A"
    assert [one["warning"]["attribute"] for one in results.warnings] == ["PatientName"]


# ── buckets ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "uri",
    ["s3://unknown/", "s3://given/../results/", "s3://given/a/../../x", "s3://given/a//b/", "s3://given/./a"],
)
def test_what_is_not_in_a_mapped_bucket_is_refused(shop: Workshop, uri: str) -> None:
    with pytest.raises(ClientError) as caught:
        shop.start("t", uri)
    assert code(caught) == "ValidationException"
    with pytest.raises(ClientError) as caught:
        shop.start("t", target=uri)
    assert code(caught) == "ValidationException"


def test_links_do_not_lead_out_of_a_bucket(shop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "1.dcm").write_bytes(instance(1))
    os.symlink(tmp_path / "outside", tmp_path / "given" / "folder")
    os.symlink(tmp_path / "outside" / "1.dcm", tmp_path / "given" / "file.dcm")
    assert shop.run().summary["numberOfScannedFiles"] == 0
    with pytest.raises(ClientError):
        shop.start("u", "s3://given/folder/")


def test_a_prefix_need_not_end_at_a_folder(shop: Workshop) -> None:
    shop.give({"scan-1/a.dcm": instance(1), "scan-2.dcm": instance(2), "other/b.dcm": instance(3)})
    results = shop.run(source="s3://given/scan-")
    assert [one["inputFile"] for one in results.successes] == ["scan-1/a.dcm", "scan-2.dcm"]


def test_too_many_files_fail_the_job(tmp_path: Path) -> None:
    assert Limits().import_files == 5_000
    shop = Workshop.open(tmp_path, limits=Limits(import_files=3))
    shop.give({f"{number}.txt": b"" for number in range(4)})
    results = shop.run(ends="FAILED")
    shop.close()
    assert "more than 3 files" in results.job["message"]


# ── the operations ────────────────────────────────────────────────────────────────────────────────────


def test_a_repeated_token_starts_one_job(shop: Workshop) -> None:
    shop.give({"1.dcm": instance(1)})
    first = shop.start("same")
    assert shop.start("same") == first
    with pytest.raises(ClientError) as caught:
        shop.start("same", "s3://given/other/")
    assert code(caught) == "ConflictException"
    assert shop.store.imports.wait(30)
    assert len(shop.image_sets()) == 1


def test_unknown_stores_and_jobs_are_not_found(shop: Workshop) -> None:
    with pytest.raises(ClientError) as caught:
        shop.job("0" * 32)
    assert code(caught) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as caught:
        shop.client.start_dicom_import_job(
            datastoreId="0" * 32, clientToken="t", dataAccessRoleArn=ROLE, inputS3Uri="s3://given/",
            outputS3Uri="s3://results/",
        )  # fmt: skip
    assert code(caught) == "ResourceNotFoundException"


def test_jobs_are_listed_newest_first_by_pages_and_status(shop: Workshop) -> None:
    started = [shop.run(f"t{number}").job["jobId"] for number in range(3)]
    failed = shop.start("f", "s3://given/")
    assert shop.store.imports.wait(30)
    listed = [
        job["jobId"]
        for page in shop.client.get_paginator("list_dicom_import_jobs").paginate(
            datastoreId=shop.datastore_id, PaginationConfig={"PageSize": 2}
        )
        for job in page["jobSummaries"]
    ]
    assert listed == [failed, *reversed(started)]
    none = shop.client.list_dicom_import_jobs(datastoreId=shop.datastore_id, jobStatus="FAILED")
    assert none["jobSummaries"] == []


def test_jobs_tell_of_their_changes_as_events(shop: Workshop) -> None:
    shop.run()
    told = [
        event["detail"]
        for _, event in shop.store.events()
        if str(event["detail-type"]).startswith("Import Job")
    ]
    assert [one["jobStatus"] for one in told] == ["SUBMITTED", "IN_PROGRESS", "COMPLETED"]  # type: ignore[index,call-overload]


# ── leases ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_left_behind_is_taken_up_when_its_lease_has_run_out(tmp_path: Path) -> None:
    now = [1_000_000.0]
    shop = Workshop.open(tmp_path, clock=lambda: now[0])
    shop.give({"1.dcm": instance(1)})
    shop.store.imports.submit = lambda datastore_id, job_id: None  # type: ignore[method-assign] # the process dies here
    job_id = shop.start("t")
    now[0] += 5
    with_lease = Workshop.open(tmp_path, clock=lambda: now[0])
    assert with_lease.job(job_id)["jobStatus"] == JobStatus.SUBMITTED
    with_lease.close()
    now[0] += 60
    after = Workshop.open(tmp_path, clock=lambda: now[0])
    assert after.store.imports.wait(30)
    assert after.job(job_id)["jobStatus"] == JobStatus.COMPLETED
    assert len(after.image_sets()) == 1
    after.close()
    shop.close()


def test_a_file_that_takes_long_does_not_cost_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(workers, "_SECONDS", 2.0)
    shop = Workshop.open(tmp_path)
    shop.give({"1.dcm": pydicoms("MR_small_RLE.dcm"), "2.dcm": pydicoms("MR_small_RLE.dcm")})
    waiting = tmp_path / "pipe"
    os.mkfifo(waiting)  # a file that gives nothing until its time is over
    monkeypatch.setattr(
        runner, "input_files", lambda *_: [("1", tmp_path / "given" / "1.dcm"), ("2", waiting)]
    )
    job_id = shop.start("t")
    time.sleep(1.0)
    other = Workshop.open(tmp_path)
    assert other.store.imports.progress(job_id) is None
    assert other.store.imports.wait(0)
    assert other.job(job_id)["jobStatus"] == JobStatus.IN_PROGRESS
    other.close()
    assert shop.store.imports.wait(30)
    assert shop.job(job_id)["jobStatus"] == JobStatus.COMPLETED
    shop.close()


def test_closing_does_not_wait_for_a_file_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Workshop.open(tmp_path)
    shop.give({"1.dcm": pydicoms("MR_small_RLE.dcm")})
    waiting = tmp_path / "pipe"
    os.mkfifo(waiting)
    monkeypatch.setattr(
        runner, "input_files", lambda *_: [("1", tmp_path / "given" / "1.dcm"), ("2", waiting)]
    )
    shop.start("t")
    time.sleep(0.7)
    begun = time.monotonic()
    shop.close()
    assert time.monotonic() - begun < 10  # the file itself would be given a minute


def test_who_waits_for_a_job_that_nobody_runs_gets_it_run(tmp_path: Path) -> None:
    now = [1_000_000.0]
    shop = Workshop.open(tmp_path, clock=lambda: now[0])
    shop.give({"1.dcm": instance(1)})
    other = Workshop.open(tmp_path, clock=lambda: now[0])
    shop.store.imports.submit = lambda datastore_id, job_id: None  # type: ignore[method-assign] # the process dies here
    job_id = shop.start("t")
    now[0] += 60
    assert other.job(job_id)["jobStatus"] == JobStatus.SUBMITTED
    assert other.store.imports.wait(30)
    assert other.job(job_id)["jobStatus"] == JobStatus.COMPLETED
    other.close()
    shop.close()


def test_closing_gives_a_running_job_to_the_next(tmp_path: Path) -> None:
    shop = Workshop.open(tmp_path)
    big = image(os.urandom(1024 * 1024), rows=1024, columns=1024)
    for number in range(30):
        big.SOPInstanceUID = f"{ROOT}.3.{number}"
        shop.give({f"{number}.dcm": file_bytes(big)})
    job_id = shop.start("t")
    shop.close()
    after = Workshop.open(tmp_path)
    assert after.store.imports.wait(60)
    assert after.job(job_id)["jobStatus"] == JobStatus.COMPLETED
    assert len(after.image_sets()) == 1
    assert after.store.check() == []
    after.close()


def test_everything_pydicom_brings_goes_in_and_the_store_is_sound(shop: Workshop) -> None:
    shop.give({f"{number:03}.dcm": path.read_bytes() for number, path in enumerate(bundled())})
    results = shop.run()
    summary = results.summary
    assert (
        summary["numberOfImportedFiles"] + summary["numberOfFilesWithCustomerError"]
        == summary["numberOfScannedFiles"]
    )
    assert summary["numberOfImportedFiles"] >= 70
    assert shop.store.check() == []
