"""What edition 2025-07 of the service does otherwise, what events tell, and the guide's limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import UsageError
from curator.localstore import LocalStore
from tests.localstore.conftest import Clock, in_process
from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Imaging, instances

DESCRIPTION = {"Study": {"DICOM": {"StudyDescription": "Thorax"}}}


def test_the_guides_edition_knows_no_primary_image_sets(local: Imaging) -> None:
    added = local.add()
    assert local.properties(added.id)["isPrimary"] is False
    with refused("ValidationException", saying="2025-01"):
        local.start_update(added.id, "1", updatable=DESCRIPTION, includeStudyImageSets=True)
    with refused("ValidationException", saying="2025-01"):
        local.start_copy(added.id, "1", promoteToPrimary=True)


def test_the_first_image_set_of_a_series_is_primary(newer: Imaging) -> None:
    added = newer.add()
    assert newer.properties(added.id)["isPrimary"] is True
    assert newer.search({"isPrimary": True}) == [added.id]
    copied = newer.copy(added.id, "1")
    assert copied["isPrimary"] is False
    listed = newer.client.list_image_set_versions(datastoreId=newer.datastore_id, imageSetId=added.id)
    assert [each["isPrimary"] for each in listed["imageSetPropertiesList"]] == [True]


@covers("UpdateImageSetMetadata", error="ValidationException")
def test_a_primary_image_set_keeps_its_place_in_the_study(newer: Imaging) -> None:
    added = newer.add()
    for updatable in (
        {"Patient": {"DICOM": {"PatientName": "A^B"}}},
        added.series_path({"DICOM": {"StationName": "X"}}),
        {"Study": {"DICOM": {"StudyInstanceUID": "1.2.3"}}},
        added.instance_path({"DICOM": {"SOPInstanceUID": "1.2.3"}}),
    ):
        with refused("ValidationException", saying="primary"):
            newer.start_update(added.id, "1", updatable=updatable, force=True)
    copied = newer.copy(added.id, "1")["imageSetId"]
    name = {"Patient": {"DICOM": {"PatientName": "A^B"}}}
    assert newer.update(copied, "1", updatable=name)["imageSetWorkflowStatus"] == "UPDATED"


@covers("UpdateImageSetMetadata", transition="UPDATING_FOR_STUDY_CONSISTENCY → UPDATED")
def test_a_study_is_updated_together(tmp_path: Path) -> None:
    clock = Clock()
    with in_process(tmp_path, edition="2025-07", delay=10.0, clock=clock, pass_time=clock.pass_time) as newer:
        one = newer.add()
        two, other = newer.add(study=one.study), newer.add()
        apart = newer.start_copy(one.id, "1")["destinationImageSetProperties"]["imageSetId"]
        newer.wait(apart)
        newer.start_update(one.id, "1", updatable=DESCRIPTION, includeStudyImageSets=True)
        assert newer.properties(two.id)["imageSetWorkflowStatus"] == "UPDATING_FOR_STUDY_CONSISTENCY"
        with refused("ConflictException"):
            newer.start_update(two.id, "2", updatable=DESCRIPTION)
        for added in (one, two):
            assert newer.wait(added.id)["imageSetWorkflowStatus"] == "UPDATED"
            assert newer.document(added.id, "2")["Study"]["DICOM"]["StudyDescription"] == "Thorax"
        assert [newer.properties(each)["versionId"] for each in (other.id, apart)] == ["1", "1"]
        with refused("ValidationException"):
            newer.start_update(apart, "1", updatable=DESCRIPTION, includeStudyImageSets=True)
        wrong = {"Study": {"DICOM": {"StudyDescription": "Abdomen"}}}
        newer.start_update(one.id, "2", removable=wrong, includeStudyImageSets=True)
        for added in (one, two):
            assert newer.wait(added.id)["imageSetWorkflowStatus"] == "UPDATE_FAILED"


@covers("UpdateImageSetMetadata", error="ValidationException")
def test_a_revert_is_of_one_image_set(newer: Imaging) -> None:
    added = newer.add()
    with refused("ValidationException"):
        newer.client.update_image_set_metadata(
            datastoreId=newer.datastore_id,
            imageSetId=added.id,
            latestVersionId="1",
            includeStudyImageSets=True,
            updateImageSetMetadataUpdates={"revertToVersionId": "1"},
        )


@covers("CopyImageSet", transition="COPYING → COPIED")
def test_promoting_to_primary_gives_a_new_id(newer: Imaging) -> None:
    added = newer.add()
    copied = newer.copy(added.id, "1")
    seen = newer.copy(copied["imageSetId"], "1", promoteToPrimary=True)
    assert seen["imageSetWorkflowStatus"] == "COPY_FAILED"
    assert "primary" in seen["message"]
    newer.client.delete_image_set(datastoreId=newer.datastore_id, imageSetId=added.id)
    promoted = newer.copy(copied["imageSetId"], "1", promoteToPrimary=True)
    assert promoted["isPrimary"] is True
    assert promoted["imageSetId"] not in (added.id, copied["imageSetId"])
    assert newer.search({"isPrimary": True}) == [promoted["imageSetId"]]
    with refused("ValidationException"):
        newer.start_copy(promoted["imageSetId"], "1", promoteToPrimary=True)


@covers("StartDICOMImportJob", transition="IMPORTED")
def test_an_import_extends_the_primary_image_set(newer: Imaging) -> None:
    one = newer.add(2)
    before = newer.ids_of_series(one.series)
    with pytest.raises(ValueError, match="not enough values"):
        newer.add(1, study=one.study, series=one.series)  # no new image set
    assert newer.ids_of_series(one.series) == before
    seen = newer.properties(one.id)
    assert (seen["versionId"], seen["imageSetWorkflowStatus"]) == ("2", "IMPORTED")
    assert len(instances(newer.document(one.id))) == 3
    assert len(instances(newer.document(one.id, "1"))) == 2


def test_an_unknown_edition(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2031-01"):
        LocalStore.open(tmp_path / "store", edition="2031-01")


def events_of(folder: Path) -> list[tuple[str, str]]:
    with LocalStore.open(folder) as store:
        return [
            (str(event["detail-type"]), str(detail.get("imageSetState") or detail.get("datastoreStatus")))
            for _, event in store.events()
            if isinstance(detail := event["detail"], dict)
            and not str(event["detail-type"]).startswith("Import")
        ]


def test_every_change_of_state_is_told(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        added = local.add()
        local.update(added.id, "1", updatable=DESCRIPTION)
        local.update(added.id, "2", removable={"Study": {"DICOM": {"StudyDescription": "x"}}})
        copied = local.copy(added.id, "3")
        local.copy(added.id, "3", into=(copied["imageSetId"], "1"))
        for each in (added.id, copied["imageSetId"]):
            local.client.delete_image_set(datastoreId=local.datastore_id, imageSetId=each)
    source = ("Image Set Copying With Read Only Access", "LOCKED"), ("Image Set Update Failed", "ACTIVE")
    assert events_of(tmp_path / "store") == [
        ("Data Store Creating", "CREATING"), ("Data Store Created", "ACTIVE"),
        ("Image Set Created", "ACTIVE"),
        ("Image Set Updating", "LOCKED"), ("Image Set Updated", "ACTIVE"),
        ("Image Set Updating", "LOCKED"), ("Image Set Update Failed", "ACTIVE"),
        *source, ("Image Set Copying", "LOCKED"), ("Image Set Copied", "ACTIVE"),
        *source, ("Image Set Copying", "LOCKED"), ("Image Set Copy Failed", "ACTIVE"),
        ("Image Set Deleting", "LOCKED"), ("Image Set Deleted", "DELETED"),
        ("Image Set Deleting", "LOCKED"), ("Image Set Deleted", "DELETED"),
    ]  # fmt: skip


def test_an_event_has_the_guides_shape(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        added = local.add()
        datastore_id = local.datastore_id
    with LocalStore.open(tmp_path / "store") as store:
        found = list(store.events())
        assert list(store.events(after=found[0][0])) == found[1:]
    event = next(each for _, each in found if each["detail-type"] == "Image Set Created")
    assert list(event) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"
    ]  # fmt: skip
    assert (event["version"], event["source"]) == ("0", "aws.medical-imaging")
    assert event["resources"] == [
        f"arn:aws:medical-imaging:us-east-1:000000000000:datastore/{datastore_id}/imageset/{added.id}"
    ]
    assert event["detail"] == {
        "imagingVersion": "1.0",
        "datastoreId": datastore_id,
        "imagesetId": added.id,
        "imageSetState": "ACTIVE",
        "imageSetWorkflowStatus": "CREATED",
    }


@covers("UpdateImageSetMetadata", error="ThrottlingException")
def test_the_guides_rate_of_updates(tmp_path: Path) -> None:
    now = [1_000.0]
    with in_process(tmp_path, limits="aws", clock=lambda: now[0]) as local:
        added = local.add()
        local.start_update(added.id, "1", updatable=DESCRIPTION)
        with refused("ThrottlingException"):
            local.start_update(added.id, "2", updatable=DESCRIPTION)
        now[0] += 4
        local.start_update(added.id, "2", updatable=DESCRIPTION)


@covers("StartDICOMImportJob", transition="SUBMITTED → IN_PROGRESS → COMPLETED")
@covers("GetDICOMImportJob", transition="SUBMITTED → IN_PROGRESS → COMPLETED")
@covers("ListDICOMImportJobs")
def test_the_states_of_an_import_job(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        local.add()
        jobs = local.client.list_dicom_import_jobs(datastoreId=local.datastore_id, jobStatus="COMPLETED")
        assert len(jobs["jobSummaries"]) == 1
    with LocalStore.open(tmp_path / "store") as store:
        told = [str(event["detail-type"]) for _, event in store.events()]
    assert [kind for kind in told if kind.startswith("Import")] == [
        "Import Job Submitted",
        "Import Job In Progress",
        "Import Job Completed",
    ]
