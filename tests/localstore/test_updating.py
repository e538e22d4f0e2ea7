"""UpdateImageSetMetadata: what it changes, and how versions tell of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Imaging, content, instances

NAME = {"Patient": {"DICOM": {"PatientName": "Doe^Jane"}}}


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATED")
def test_an_update_merges_into_the_next_version(imaging: Imaging) -> None:
    added = imaging.add(2)
    before = imaging.document(added.id)
    answer = imaging.start_update(added.id, "1", updatable=NAME)
    assert (answer["latestVersionId"], answer["imageSetState"]) == ("2", "LOCKED")
    assert answer["imageSetWorkflowStatus"] == "UPDATING"
    seen = imaging.wait(added.id)
    assert (seen["versionId"], seen["imageSetState"], seen["imageSetWorkflowStatus"]) == (
        "2",
        "ACTIVE",
        "UPDATED",
    )
    assert "overrides" not in seen
    after = imaging.document(added.id)
    assert after["Patient"]["DICOM"] == {**before["Patient"]["DICOM"], "PatientName": "Doe^Jane"}
    assert after["Study"] == before["Study"]
    assert imaging.document(added.id, "1") == before


@covers("UpdateImageSetMetadata")
@pytest.mark.parametrize("schema", [1.1, "1.1"])
def test_the_schema_version_may_be_a_number_or_text(imaging: Imaging, schema: object) -> None:
    added = imaging.add()
    seen = imaging.update(added.id, "1", updatable={"SchemaVersion": schema, **NAME})
    assert seen["imageSetWorkflowStatus"] == "UPDATED"


@covers("UpdateImageSetMetadata")
def test_removing_repeats_the_value(imaging: Imaging) -> None:
    added = imaging.add()
    seen = imaging.update(added.id, "1", removable={"Study": {"DICOM": {"StudyDescription": "Abdomen"}}})
    assert seen["imageSetWorkflowStatus"] == "UPDATED"
    assert "StudyDescription" not in imaging.document(added.id)["Study"]["DICOM"]


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATE_FAILED")
@pytest.mark.parametrize(
    ("attributes", "reason"),
    [({"StudyDescription": "Thorax"}, "does not match"), ({"StudyPriorityID": "LOW"}, "StudyPriorityID")],
    ids=["another value", "no such attribute"],
)
def test_removing_something_else_fails_and_uses_up_a_version(
    imaging: Imaging, attributes: dict[str, Any], reason: str
) -> None:
    added = imaging.add()
    before = imaging.document(added.id)
    level = {"Study": {"DICOM": attributes}} if "StudyDescription" in attributes else None
    fragment = level or added.instance_path({"DICOM": attributes})
    seen = imaging.update(added.id, "1", removable=fragment)
    assert (seen["versionId"], seen["imageSetState"]) == ("2", "ACTIVE")
    assert seen["imageSetWorkflowStatus"] == "UPDATE_FAILED"
    assert reason in seen["message"]
    assert "Abdomen" not in seen["message"]
    assert "Thorax" not in seen["message"]
    assert imaging.document(added.id) == before
    assert imaging.update(added.id, "2", updatable=NAME)["versionId"] == "3"


@covers("UpdateImageSetMetadata")
def test_both_blobs_in_one_call(imaging: Imaging) -> None:
    added = imaging.add()
    removable = added.series_path({"DICOM": {"StationName": "CT7"}})
    imaging.update(added.id, "1", updatable=NAME, removable=removable)
    after = imaging.document(added.id)
    assert after["Patient"]["DICOM"]["PatientName"] == "Doe^Jane"
    assert "StationName" not in after["Study"]["Series"][added.series]["DICOM"]


@covers("UpdateImageSetMetadata")
def test_an_instance_is_removed_by_an_empty_object_and_its_frame_stays(imaging: Imaging) -> None:
    added = imaging.add(3)
    frame = instances(imaging.document(added.id))[added.sops[1]]["ImageFrames"][0]["ID"]
    imaging.update(added.id, "1", removable=added.instance_path({}, 1))
    assert list(instances(imaging.document(added.id))) == [added.sops[0], added.sops[2]]
    answer = imaging.client.get_image_frame(
        datastoreId=imaging.datastore_id, imageSetId=added.id, imageFrameInformation={"imageFrameId": frame}
    )
    assert answer["imageFrameBlob"].read()


@covers("UpdateImageSetMetadata")
def test_a_series_is_removed_by_an_empty_object(imaging: Imaging) -> None:
    added = imaging.add(2)
    imaging.update(added.id, "1", removable=added.series_path({}))
    assert imaging.document(added.id)["Study"]["Series"] == {}
    imaging.revert(added.id, "2", "1")
    assert len(instances(imaging.document(added.id))) == 2


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATE_FAILED")
def test_nothing_is_added_to_an_instance_that_is_not_there(imaging: Imaging) -> None:
    added = imaging.add()
    elsewhere = added.series_path({"Instances": {"1.2.3": {"DICOM": {"InstanceNumber": "9"}}}})
    assert imaging.update(added.id, "1", updatable=elsewhere)["imageSetWorkflowStatus"] == "UPDATE_FAILED"
    elsewhere = {"Study": {"Series": {"1.2.3": {"DICOM": {"StationName": "X"}}}}}
    assert imaging.update(added.id, "2", updatable=elsewhere)["imageSetWorkflowStatus"] == "UPDATE_FAILED"


@covers("UpdateImageSetMetadata")
def test_forced_uids_address_the_document_anew(imaging: Imaging) -> None:
    added = imaging.add(2)
    first, second = added.sops
    both = {
        first: {"DICOM": {"SOPInstanceUID": second}},
        second: {"DICOM": {"SOPInstanceUID": first}},
    }
    fragment = {
        "Study": {
            "DICOM": {"StudyInstanceUID": "1.2.3.1"},
            "Series": {added.series: {"DICOM": {"SeriesInstanceUID": "1.2.3.2"}, "Instances": both}},
        }
    }
    seen = imaging.update(added.id, "1", updatable=fragment, force=True)
    assert seen["overrides"] == {"forced": True}
    after = imaging.document(added.id)
    assert after["Study"]["DICOM"]["StudyInstanceUID"] == "1.2.3.1"
    assert list(after["Study"]["Series"]) == ["1.2.3.2"]
    assert after["Study"]["Series"]["1.2.3.2"]["DICOM"]["SeriesInstanceUID"] == "1.2.3.2"
    for uid, instance in instances(after).items():
        assert instance["DICOM"]["SOPInstanceUID"] == uid
    assert [each["DICOM"]["InstanceNumber"] for each in instances(after).values()] == ["1", "2"]
    assert imaging.search({"DICOMSeriesInstanceUID": "1.2.3.2"}) == [added.id]


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATE_FAILED")
def test_sop_instance_uids_stay_unique(imaging: Imaging) -> None:
    added = imaging.add(2)
    fragment = added.instance_path({"DICOM": {"SOPInstanceUID": added.sops[1]}})
    seen = imaging.update(added.id, "1", updatable=fragment, force=True)
    assert seen["imageSetWorkflowStatus"] == "UPDATE_FAILED"
    assert "SOPInstanceUID" in seen["message"]
    assert list(instances(imaging.document(added.id))) == list(added.sops)


@covers("UpdateImageSetMetadata")
def test_private_elements_bring_their_vr(imaging: Imaging) -> None:
    added = imaging.add()
    given = {"DICOM": {"00191002": "97"}, "DICOMVRs": {"00191002": "DS"}}
    imaging.update(added.id, "1", updatable=added.instance_path(given), force=True)
    (instance,) = instances(imaging.document(added.id)).values()
    assert (instance["DICOM"]["00191002"], instance["DICOMVRs"]["00191002"]) == ("97", "DS")
    imaging.update(added.id, "2", removable=added.instance_path({"DICOM": {"00191002": "97"}}), force=True)
    (instance,) = instances(imaging.document(added.id)).values()
    assert "00191002" not in instance["DICOM"]
    assert "00191002" not in instance["DICOMVRs"]
    without = added.instance_path({"DICOM": {"00191003": "97"}})
    assert (
        imaging.update(added.id, "3", updatable=without, force=True)["imageSetWorkflowStatus"]
        == "UPDATE_FAILED"
    )


@covers("UpdateImageSetMetadata", error="ValidationException")
@pytest.mark.parametrize("vr", ["ZZ", "", 5, None, ["DS"]], ids=repr)
def test_a_vr_that_there_is_not(imaging: Imaging, vr: object) -> None:
    added = imaging.add()
    given = {"DICOM": {"00191002": "97"}, "DICOMVRs": {"00191002": vr}}
    with refused("ValidationException"):
        imaging.start_update(added.id, "1", updatable=added.instance_path(given), force=True)


@covers("UpdateImageSetMetadata")
def test_sequences_and_lists_are_replaced_whole(imaging: Imaging) -> None:
    added = imaging.add()
    item = {"ReferencedSOPClassUID": "1.2", "ReferencedSOPInstanceUID": "1.3"}
    given = {"DICOM": {"ReferencedImageSequence": [item, item], "ImageType": ["DERIVED", "PRIMARY"]}}
    imaging.update(added.id, "1", updatable=added.instance_path(given), force=True)
    given = {"DICOM": {"ReferencedImageSequence": [{"ReferencedSOPClassUID": "1.4"}]}}
    imaging.update(added.id, "2", updatable=added.instance_path(given), force=True)
    (instance,) = instances(imaging.document(added.id)).values()
    assert instance["DICOM"]["ReferencedImageSequence"] == [{"ReferencedSOPClassUID": "1.4"}]
    assert instance["DICOM"]["ImageType"] == ["DERIVED", "PRIMARY"]


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATED")
def test_a_revert_makes_a_new_version_with_the_old_content(imaging: Imaging) -> None:
    added = imaging.add(3)
    imaging.update(added.id, "1", updatable=NAME, removable=added.instance_path({}, 2))
    changed = imaging.document(added.id)
    imaging.update(
        added.id, "2", updatable=added.instance_path({"DICOM": {"SOPInstanceUID": "1.2.9"}}), force=True
    )
    assert imaging.revert(added.id, "3", "1")["versionId"] == "4"
    assert imaging.document(added.id) == imaging.document(added.id, "1")
    assert imaging.revert(added.id, "4", "2")["versionId"] == "5"
    assert imaging.document(added.id) == changed == imaging.document(added.id, "2")
    listed = imaging.client.list_image_set_versions(datastoreId=imaging.datastore_id, imageSetId=added.id)
    assert [each["versionId"] for each in listed["imageSetPropertiesList"]] == ["5", "4", "3", "2", "1"]
    assert {each["imageSetState"] for each in listed["imageSetPropertiesList"]} == {"ACTIVE"}


@covers("UpdateImageSetMetadata", error="ResourceNotFoundException")
def test_a_stale_version_is_refused(imaging: Imaging) -> None:
    added = imaging.add()
    imaging.update(added.id, "1", updatable=NAME)
    for version in ("1", "3", "0", "9" * 40):
        with refused("ResourceNotFoundException", saying="not the latest"):
            imaging.start_update(added.id, version, updatable=NAME)
    with refused("ResourceNotFoundException"):
        imaging.revert(added.id, "2", "7")


@covers("UpdateImageSetMetadata", error="ServiceQuotaExceededException")
def test_a_payload_over_ten_kilobytes_is_refused(imaging: Imaging) -> None:
    added = imaging.add()
    with refused("ServiceQuotaExceededException"):
        imaging.start_update(
            added.id, "1", updatable=added.instance_path({"DICOM": {"ImageComments": "x" * 10_000}})
        )
    imaging.update(added.id, "1", updatable=added.instance_path({"DICOM": {"ImageComments": "x" * 9_000}}))


@covers("UpdateImageSetMetadata", error="ConflictException")
def test_no_second_write_while_locked(slow: Imaging) -> None:
    added = slow.add()
    slow.start_update(added.id, "1", updatable=NAME)
    seen = slow.properties(added.id)
    assert (seen["imageSetState"], seen["imageSetWorkflowStatus"], seen["versionId"]) == (
        "LOCKED",
        "UPDATING",
        "2",
    )
    with refused("ConflictException"):
        slow.start_update(added.id, "2", updatable=NAME)
    with refused("ConflictException"):
        slow.client.delete_image_set(datastoreId=slow.datastore_id, imageSetId=added.id)
    # Readers that name no version see the finished one, and nobody sees what is not finished.
    assert slow.document(added.id)["Patient"]["DICOM"]["PatientName"] == "Bauer^Anna"
    with refused("ConflictException"):
        slow.document(added.id, "2")
    assert slow.wait(added.id)["imageSetWorkflowStatus"] == "UPDATED"
    assert content(slow.document(added.id, "2"))["Patient"]["DICOM"]["PatientName"] == "Doe^Jane"


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATE_FAILED")
def test_how_it_ends_is_not_told_before_it_does(slow: Imaging) -> None:
    added = slow.add()
    slow.start_update(added.id, "1", removable={"Study": {"DICOM": {"StudyDescription": "Thorax"}}})
    seen = slow.properties(added.id)
    assert seen["imageSetWorkflowStatus"] == "UPDATING"
    assert "message" not in seen
    assert slow.wait(added.id)["imageSetWorkflowStatus"] == "UPDATE_FAILED"
