"""GetImageSet, GetImageSetMetadata, GetImageFrame, ListImageSetVersions."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.localstore.conftest import Clock, in_process
from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Imaging, instances

DAY = 86_400.0


@covers("GetImageSet")
def test_properties(imaging: Imaging) -> None:
    added = imaging.add()
    seen = imaging.properties(added.id)
    assert (seen["datastoreId"], seen["imageSetId"], seen["versionId"]) == (
        imaging.datastore_id,
        added.id,
        "1",
    )
    assert (seen["imageSetState"], seen["imageSetWorkflowStatus"]) == ("ACTIVE", "CREATED")
    assert seen["imageSetArn"].endswith(f"datastore/{imaging.datastore_id}/imageset/{added.id}")
    assert isinstance(seen["isPrimary"], bool)
    assert abs((datetime.now(UTC) - seen["createdAt"]).total_seconds()) < 120
    assert seen["updatedAt"] >= seen["createdAt"]
    assert seen["storageTier"] == "FREQUENT_ACCESS"
    assert imaging.properties(added.id, "1")["versionId"] == "1"
    with refused("ResourceNotFoundException"):
        imaging.properties(added.id, "2")


@covers("GetImageSetMetadata")
def test_metadata_is_gzipped_json(imaging: Imaging) -> None:
    added = imaging.add(2, frames=3)
    answer = imaging.client.get_image_set_metadata(datastoreId=imaging.datastore_id, imageSetId=added.id)
    assert answer["contentEncoding"] == "gzip"
    document = json.loads(gzip.decompress(answer["imageSetMetadataBlob"].read()))
    assert list(document) == ["SchemaVersion", "DatastoreID", "ImageSetID", "Patient", "Study"]
    assert document["SchemaVersion"] == "1.1"
    assert document["DatastoreID"] == imaging.datastore_id
    assert document["ImageSetID"] == added.id
    assert list(document["Study"]["Series"]) == [added.series]
    assert list(instances(document)) == list(added.sops)
    for instance in instances(document).values():
        assert [len(frame["ID"]) for frame in instance["ImageFrames"]] == [32, 32, 32]
        assert instance["DICOMVRs"] == {"00190010": "LO", "00191001": "LO"}


@covers("GetImageFrame")
def test_frames(imaging: Imaging) -> None:
    added = imaging.add(frames=2)
    (instance,) = instances(imaging.document(added.id)).values()
    for frame in instance["ImageFrames"]:
        answer = imaging.client.get_image_frame(
            datastoreId=imaging.datastore_id,
            imageSetId=added.id,
            imageFrameInformation={"imageFrameId": frame["ID"]},
        )
        assert answer["imageFrameBlob"].read()[:2] in (b"\xffO", b"\x00\x00"), "a codestream, or a JP2 file"
    other = imaging.add()
    with refused("ResourceNotFoundException"):
        imaging.client.get_image_frame(
            datastoreId=imaging.datastore_id,
            imageSetId=other.id,
            imageFrameInformation={"imageFrameId": frame["ID"]},
        )


@covers("ListImageSetVersions")
def test_versions_by_pages(imaging: Imaging) -> None:
    added = imaging.add()
    for version in range(1, 5):
        imaging.update(
            added.id, str(version), updatable={"Patient": {"DICOM": {"PatientName": f"N{version}"}}}
        )
    pages = imaging.client.get_paginator("list_image_set_versions").paginate(
        datastoreId=imaging.datastore_id, imageSetId=added.id, PaginationConfig={"PageSize": 2}
    )
    listed = [each for page in pages for each in page["imageSetPropertiesList"]]
    assert [each["versionId"] for each in listed] == ["5", "4", "3", "2", "1"]
    assert [each["ImageSetWorkflowStatus"] for each in listed] == ["UPDATED"] * 4 + ["CREATED"]
    names = [imaging.document(added.id, str(n))["Patient"]["DICOM"]["PatientName"] for n in range(1, 6)]
    assert names == ["Bauer^Anna", "N1", "N2", "N3", "N4"]


@pytest.mark.parametrize("touch", ["metadata", "frame", "update", "copy"])
def test_storage_tiers_follow_touches(tmp_path: Path, touch: str) -> None:
    clock = Clock()
    with in_process(tmp_path, clock=clock) as local:
        added = local.add()
        frame = instances(local.document(added.id))[added.sops[0]]["ImageFrames"][0]["ID"]
        touches: dict[str, Callable[[], object]] = {
            "metadata": lambda: local.document(added.id),
            "frame": lambda: local.client.get_image_frame(
                datastoreId=local.datastore_id,
                imageSetId=added.id,
                imageFrameInformation={"imageFrameId": frame},
            ),
            "update": lambda: local.update(
                added.id, "1", updatable={"Patient": {"DICOM": {"PatientName": "A^B"}}}
            ),
            "copy": lambda: local.copy(added.id, "1"),
        }
        clock.now += 29 * DAY
        assert local.properties(added.id)["storageTier"] == "FREQUENT_ACCESS"
        local.search({"DICOMSeriesInstanceUID": added.series})
        clock.now += DAY
        for _ in range(2):  # looking is no touch
            assert local.properties(added.id)["storageTier"] == "ARCHIVE_INSTANT_ACCESS"
        touches[touch]()
        seen = local.properties(added.id)
        assert seen["storageTier"] == "FREQUENT_ACCESS"
        assert seen["lastAccessedAt"].timestamp() == clock.now
