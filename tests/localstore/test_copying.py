"""CopyImageSet and DeleteImageSet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from backports import zstd

from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Imaging, content, instances


@covers("CopyImageSet", transition="COPYING → COPIED")
def test_a_copy_is_a_new_image_set_at_version_1(imaging: Imaging) -> None:
    added = imaging.add(2)
    answer = imaging.start_copy(added.id, "1")
    source, destination = answer["sourceImageSetProperties"], answer["destinationImageSetProperties"]
    assert (source["imageSetId"], source["latestVersionId"], source["imageSetState"]) == (
        added.id,
        "1",
        "LOCKED",
    )
    assert source["imageSetWorkflowStatus"] == "COPYING_WITH_READ_ONLY_ACCESS"
    assert (destination["latestVersionId"], destination["imageSetWorkflowStatus"]) == ("1", "COPYING")
    imaging.wait(added.id)
    seen = imaging.wait(destination["imageSetId"])
    imaging.made.append(seen["imageSetId"])
    assert (seen["versionId"], seen["imageSetState"], seen["imageSetWorkflowStatus"]) == (
        "1",
        "ACTIVE",
        "COPIED",
    )
    assert content(imaging.document(seen["imageSetId"])) == content(imaging.document(added.id))
    assert imaging.ids_of_series(added.series) == {added.id, seen["imageSetId"]}


@covers("CopyImageSet", transition="COPYING_WITH_READ_ONLY_ACCESS → ACTIVE")
def test_the_source_is_locked_meanwhile_and_can_be_read(slow: Imaging) -> None:
    added = slow.add()
    answer = slow.start_copy(added.id, "1")
    seen = slow.properties(added.id)
    assert (seen["imageSetState"], seen["imageSetWorkflowStatus"]) == (
        "LOCKED",
        "COPYING_WITH_READ_ONLY_ACCESS",
    )
    assert slow.document(added.id)
    with refused("ConflictException"):
        slow.start_copy(added.id, "1")
    destination = answer["destinationImageSetProperties"]["imageSetId"]
    with refused("ConflictException"):
        slow.document(destination)
    assert slow.ids_of_series(added.series) == {added.id}
    assert slow.wait(added.id)["imageSetWorkflowStatus"] == "CREATED"
    assert slow.wait(destination)["imageSetWorkflowStatus"] == "COPIED"


@covers("CopyImageSet", error="ConflictException")
def test_a_locked_image_set_is_not_copied(slow: Imaging) -> None:
    added, other = slow.add(), slow.add()
    slow.start_update(added.id, "1", updatable={"Patient": {"DICOM": {"PatientName": "A^B"}}})
    with refused("ConflictException"):
        slow.start_copy(added.id, "2")
    with refused("ConflictException"):
        slow.start_copy(other.id, "1", into=(added.id, "2"))


@covers("CopyImageSet")
def test_a_subset(imaging: Imaging) -> None:
    added = imaging.add(3)
    some: dict[str, Any] = {"Series": {added.series: {"Instances": {added.sops[2]: {}, added.sops[0]: {}}}}}
    seen = imaging.copy(added.id, "1", only=some)
    assert list(instances(imaging.document(seen["imageSetId"]))) == [added.sops[0], added.sops[2]]


@covers("CopyImageSet", transition="COPYING → COPIED")
def test_merging_two_parts_of_a_series(imaging: Imaging) -> None:
    one = imaging.add(2)
    two = imaging.add(1, study=one.study, series=one.series)
    seen = imaging.copy(two.id, "1", into=(one.id, "1"))
    assert (seen["imageSetId"], seen["versionId"]) == (one.id, "2")
    assert seen["imageSetWorkflowStatus"] == "COPIED"
    merged = imaging.document(one.id)
    assert list(instances(merged)) == [*one.sops, *two.sops]
    frame = instances(merged)[two.sops[0]]["ImageFrames"][0]["ID"]
    read = [
        imaging.client.get_image_frame(
            datastoreId=imaging.datastore_id, imageSetId=each, imageFrameInformation={"imageFrameId": frame}
        )["imageFrameBlob"].read()
        for each in (one.id, two.id)
    ]
    assert read[0] == read[1]
    assert imaging.wait(two.id)["versionId"] == "1"


@covers("CopyImageSet", transition="COPYING → COPY_FAILED")
@pytest.mark.parametrize(
    ("attributes", "level"),
    [
        ({"PatientSex": "F"}, "Patient"),
        ({"StudyDescription": "Thorax"}, "Study"),
        ({"StationName": "CT8"}, "Series"),
    ],
)
def test_levels_that_disagree_fail_unless_forced(
    imaging: Imaging, attributes: dict[str, Any], level: str
) -> None:
    one = imaging.add()
    two = imaging.add(study=one.study, series=one.series, **attributes)
    before = imaging.document(one.id)
    seen = imaging.copy(two.id, "1", into=(one.id, "1"))
    assert (seen["versionId"], seen["imageSetWorkflowStatus"]) == ("2", "COPY_FAILED")
    assert seen["message"] == (
        f"INVALID_REQUEST: {level} of SourceImageSet and DestinationImageSet don't match."
    )
    assert imaging.document(one.id) == before
    seen = imaging.copy(two.id, "1", into=(one.id, "2"), force=True)
    assert (seen["versionId"], seen["imageSetWorkflowStatus"]) == ("3", "COPIED")
    assert seen["overrides"] == {"forced": True}
    after = imaging.document(one.id)
    assert set(instances(after)) == {*one.sops, *two.sops}
    assert after["Patient"] == before["Patient"]
    assert after["Study"]["DICOM"] == before["Study"]["DICOM"]


@covers("CopyImageSet", transition="COPYING → COPY_FAILED")
def test_sop_instance_uids_stay_unique(imaging: Imaging) -> None:
    added = imaging.add(2)
    copied = imaging.copy(added.id, "1")
    seen = imaging.copy(added.id, "1", into=(copied["imageSetId"], "1"), force=True)
    assert seen["imageSetWorkflowStatus"] == "COPY_FAILED"
    assert len(instances(imaging.document(copied["imageSetId"]))) == 2


@covers("CopyImageSet", transition="COPYING → COPY_FAILED")
def test_an_instance_that_the_source_has_not(imaging: Imaging) -> None:
    added = imaging.add()
    none: dict[str, Any] = {"Series": {added.series: {"Instances": {"1.2.3": {}}}}}
    seen = imaging.copy(added.id, "1", only=none)
    assert seen["imageSetWorkflowStatus"] == "COPY_FAILED"
    with refused("ResourceNotFoundException"):
        imaging.document(seen["imageSetId"])


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATE_FAILED")
@covers("CopyImageSet", transition="COPYING → COPY_FAILED")
def test_what_a_failed_copy_left_can_only_be_deleted(imaging: Imaging) -> None:
    added = imaging.add()
    none: dict[str, Any] = {"Series": {added.series: {"Instances": {"1.2.3": {}}}}}
    left = imaging.copy(added.id, "1", only=none)["imageSetId"]
    name = {"Patient": {"DICOM": {"PatientName": "A^B"}}}
    assert imaging.update(left, "1", updatable=name)["imageSetWorkflowStatus"] == "UPDATE_FAILED"
    assert imaging.revert(left, "2", "1")["imageSetWorkflowStatus"] == "UPDATE_FAILED"
    assert imaging.copy(left, "3")["imageSetWorkflowStatus"] == "COPY_FAILED"
    for force in (False, True):
        latest = imaging.properties(left)["versionId"]
        seen = imaging.copy(added.id, "1", into=(left, latest), force=force)
        assert seen["imageSetWorkflowStatus"] == "COPY_FAILED"
        assert seen["message"] == "INVALID_REQUEST: The ImageSet version has no metadata."
        latest = imaging.properties(added.id)["versionId"]
        other = imaging.add()
        assert imaging.copy(left, seen["versionId"], into=(other.id, "1"), force=force)["message"]
    imaging.client.delete_image_set(datastoreId=imaging.datastore_id, imageSetId=left)


@covers("CopyImageSet", error="ValidationException")
@pytest.mark.parametrize(
    "study",
    [
        {},
        {"Series": {}},
        {"Series": []},
        {"Series": {"1": {}}},
        {"Series": {"1": {"Instances": {"2": {"a": 1}}}}},
    ],
    ids=str,
)
def test_malformed_subsets(imaging: Imaging, study: dict[str, Any]) -> None:
    with refused("ValidationException"):
        imaging.start_copy("0" * 32, "1", only=study)


@covers("CopyImageSet", error="ValidationException")
def test_not_into_itself(imaging: Imaging) -> None:
    added = imaging.add()
    with refused("ValidationException"):
        imaging.start_copy(added.id, "1", into=(added.id, "1"))
    with refused("ValidationException"):
        imaging.start_copy(added.id, "1", promoteToPrimary=True)


@covers("CopyImageSet", error="ResourceNotFoundException")
def test_stale_versions_are_refused(imaging: Imaging) -> None:
    one, two = imaging.add(), imaging.add()
    with refused("ResourceNotFoundException"):
        imaging.start_copy(one.id, "2")
    with refused("ResourceNotFoundException"):
        imaging.start_copy(one.id, "1", into=(two.id, "5"))


@covers("CopyImageSet", error="ServiceQuotaExceededException")
def test_at_most_1000_frames(local: Imaging) -> None:
    added = local.add(3, frames=400)
    with refused("ServiceQuotaExceededException", saying="1200"):
        local.start_copy(added.id, "1")
    some: dict[str, Any] = {"Series": {added.series: {"Instances": {uid: {} for uid in added.sops[:2]}}}}
    assert local.copy(added.id, "1", only=some)["imageSetWorkflowStatus"] == "COPIED"


@covers("CopyImageSet")
def test_tags_are_not_copied(imaging: Imaging) -> None:
    added = imaging.add()
    imaging.client.tag_resource(resourceArn=imaging.properties(added.id)["imageSetArn"], tags={"a": "b"})
    seen = imaging.copy(added.id, "1")
    assert imaging.client.list_tags_for_resource(resourceArn=seen["imageSetArn"])["tags"] == {}


@covers("CopyImageSet")
def test_a_copy_starts_a_clean_history(imaging: Imaging) -> None:
    added = imaging.add()
    imaging.update(added.id, "1", updatable={"Patient": {"DICOM": {"PatientName": "Anon"}}})
    seen = imaging.copy(added.id, "2")
    listed = imaging.client.list_image_set_versions(
        datastoreId=imaging.datastore_id, imageSetId=seen["imageSetId"]
    )
    assert [each["versionId"] for each in listed["imageSetPropertiesList"]] == ["1"]


@covers("DeleteImageSet", transition="DELETING → DELETED")
def test_delete(imaging: Imaging) -> None:
    added = imaging.add()
    copied = imaging.copy(added.id, "1")
    frame = instances(imaging.document(added.id))[added.sops[0]]["ImageFrames"][0]["ID"]
    answer = imaging.client.delete_image_set(datastoreId=imaging.datastore_id, imageSetId=added.id)
    assert (answer["imageSetState"], answer["imageSetWorkflowStatus"]) == ("LOCKED", "DELETING")
    gone = imaging.wait(added.id)
    assert (gone["imageSetState"], gone["imageSetWorkflowStatus"]) == ("DELETED", "DELETED")
    assert gone["deletedAt"]
    for version in (None, "1"):
        with refused("ResourceNotFoundException"):
            imaging.document(added.id, version)
    assert imaging.ids_of_series(added.series) == {copied["imageSetId"]}
    there = imaging.client.get_image_frame(
        datastoreId=imaging.datastore_id,
        imageSetId=copied["imageSetId"],
        imageFrameInformation={"imageFrameId": frame},
    )
    assert there["imageFrameBlob"].read()
    with refused("ResourceNotFoundException"):
        imaging.client.delete_image_set(datastoreId=imaging.datastore_id, imageSetId=added.id)


@covers("DeleteImageSet", error="ConflictException")
def test_nothing_can_be_read_while_it_is_deleted(slow: Imaging) -> None:
    added = slow.add()
    slow.client.delete_image_set(datastoreId=slow.datastore_id, imageSetId=added.id)
    seen = slow.properties(added.id)
    assert (seen["imageSetState"], seen["imageSetWorkflowStatus"]) == ("LOCKED", "DELETING")
    with refused("ConflictException"):
        slow.document(added.id)
    with refused("ConflictException"):
        slow.client.delete_image_set(datastoreId=slow.datastore_id, imageSetId=added.id)
    assert slow.wait(added.id)["imageSetState"] == "DELETED"


def everything_on_disk(local: Imaging) -> bytes:
    """Return all files' bytes, and what is compressed in them."""
    folder = local.bucket.folder.parent / "store"  # type: ignore[attr-defined]  # in-process: a folder
    found = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    with closing(sqlite3.connect(folder / "store.sqlite")) as database:
        for table, columns in (("dictionary", "data"), ("level", "patient, study"), ("series", "data")):
            for row in database.execute(f"SELECT {columns} FROM {table}"):
                found += [zstd.decompress(data) for data in row]
        dictionaries = {
            (image_set, series): zstd.ZstdDict(zstd.decompress(data), is_raw=True)
            for image_set, series, data in database.execute("SELECT * FROM dictionary")
        }
        rows = database.execute("SELECT image_set, series, base = since, data FROM instance")
        for image_set, series, is_first, data in rows.fetchall():
            if is_first:
                found.append(zstd.decompress(data, zstd_dict=dictionaries[image_set, series]))
            elif data:
                found.append(zstd.decompress(data, zstd_dict=zstd.ZstdDict(found[-1], is_raw=True)))
    return b"".join(found)


def test_what_is_deleted_is_gone_from_the_disk(local: Imaging) -> None:
    added = local.add(2, PatientName="Zwetschge^Zoe", InstitutionalDepartmentName="Obstgarten")
    original = [b"Zwetschge", added.series.encode(), *(uid.encode() for uid in added.sops)]
    assert all(word in everything_on_disk(local) for word in original)
    local.update(added.id, "1", updatable={"Patient": {"DICOM": {"PatientName": "Anon"}}})
    renamed: dict[str, Any] = {
        uid: {"DICOM": {"SOPInstanceUID": f"1.2.{n}", "MediaStorageSOPInstanceUID": f"1.2.{n}"}}
        for n, uid in enumerate(added.sops)
    }
    series = {"DICOM": {"SeriesInstanceUID": "1.2.9"}, "Instances": renamed}
    local.update(added.id, "2", updatable=added.series_path(series), force=True)
    published = local.copy(added.id, "3")
    local.client.delete_image_set(datastoreId=local.datastore_id, imageSetId=added.id)
    assert list(instances(local.document(published["imageSetId"]))) == ["1.2.0", "1.2.1"]
    left = everything_on_disk(local)
    assert b"1.2.0" in left
    assert [word for word in original if word in left] == []
