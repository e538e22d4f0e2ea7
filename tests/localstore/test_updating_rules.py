"""What may be updated (guide, "DICOM metadata constraints"): refused at once, with and without ``force``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from curator.dicom import dictionary, levels
from tests.localstore.covers import covers, refused
from tests.localstore.imaging import Added, Imaging

PATIENT, STUDY, SERIES, INSTANCE = "Patient", "Study", "Series", "Instance"


@pytest.fixture(scope="session")
def subject(imaging: Imaging) -> Added:
    """An image set that every refused request leaves as it is."""
    return imaging.add()


def fragment(added: Added, level: str, attributes: dict[str, Any]) -> dict[str, Any]:
    if level in (PATIENT, STUDY):
        return {level: {"DICOM": attributes}}
    inner = {"DICOM": attributes}
    return added.series_path(inner) if level == SERIES else added.instance_path(inner)


NEWER = next(
    dictionary.key_of_tag(tag)
    for tag in reversed(dictionary.attributes())
    if len(dictionary.key_of_tag(tag)) == 8
    and levels.level_of(tag) is levels.Level.INSTANCE
    and tag < 0x7FE00010
)
"""An attribute that the service's dictionary is too old for."""

NEEDS_FORCE: list[tuple[str, dict[str, Any]]] = [
    (STUDY, {"StudyInstanceUID": "1.2.3"}),
    (SERIES, {"SeriesInstanceUID": "1.2.3"}),
    (INSTANCE, {"SOPInstanceUID": "1.2.3"}),
    (STUDY, {"StudyID": "S2"}),
    (INSTANCE, {"ReferencedImageSequence": [{"ReferencedSOPInstanceUID": "1.2"}]}),
    (INSTANCE, {"ImageType": ["DERIVED", "SECONDARY"]}),
    (SERIES, {"SoftwareVersions": ["1", "2"]}),
    (INSTANCE, {"00191001": "changed"}),
    (INSTANCE, {"NotAnAttribute": "x"}),
    (INSTANCE, {NEWER: "x"}),
    (PATIENT, {"PatientBirthDate": "29.02.2024"}),
    (PATIENT, {"PatientSex": "female"}),
    (STUDY, {"StudyDescription": "x" * 65}),
    (INSTANCE, {"Rows": "512"}),
    (INSTANCE, {"Rows": 70_000}),
    (INSTANCE, {"KVP": "high"}),
]


@covers("UpdateImageSetMetadata", error="ValidationException")
@pytest.mark.parametrize(("level", "attributes"), NEEDS_FORCE, ids=lambda each: str(each)[:40])
def test_only_with_force(imaging: Imaging, subject: Added, level: str, attributes: dict[str, Any]) -> None:
    with refused("ValidationException", saying=next(iter(attributes)).replace("NotAnAttribute", "NotAn")):
        imaging.start_update(subject.id, "1", updatable=fragment(subject, level, attributes))


@covers("UpdateImageSetMetadata")
def test_force_allows_what_needs_it(imaging: Imaging) -> None:
    added = imaging.add()
    version = 1
    for level, attributes in NEEDS_FORCE:
        if "InstanceUID" not in str(attributes):
            seen = imaging.update(
                added.id, str(version), updatable=fragment(added, level, attributes), force=True
            )
            assert seen["imageSetWorkflowStatus"] == "UPDATED", (attributes, seen.get("message"))
            version += 1


@covers("UpdateImageSetMetadata", error="ValidationException")
@pytest.mark.parametrize(
    ("level", "attributes"),
    [
        (INSTANCE, {"PixelData": None}),
        (INSTANCE, {"7FE00010": "AAAA"}),
        (INSTANCE, {"Checksum": 1}),
        (INSTANCE, {"FrameSizeInBytes": 1}),
        (STUDY, {"PatientName": "A^B"}),
        (PATIENT, {"StudyDate": "20240101"}),
        (INSTANCE, {"Modality": "MR"}),
        (SERIES, {"InstanceNumber": "1"}),
        (PATIENT, {"00091001": "x"}),
        (SERIES, {"00091001": "x"}),
        (INSTANCE, {"0019100a": "x"}),
        (PATIENT, {"00100010": "A^B"}),
        (INSTANCE, {"SOPInstanceUID": "not a uid"}),
        (STUDY, {"StudyInstanceUID": None}),
    ],
    ids=lambda each: str(each)[:40],
)
@pytest.mark.parametrize("force", [False, True], ids=["plain", "forced"])
def test_never(imaging: Imaging, subject: Added, level: str, attributes: dict[str, Any], force: bool) -> None:
    with refused("ValidationException"):
        imaging.start_update(subject.id, "1", updatable=fragment(subject, level, attributes), force=force)


@covers("UpdateImageSetMetadata", error="ValidationException")
@pytest.mark.parametrize("name", ["updatableAttributes", "removableAttributes"])
@pytest.mark.parametrize(
    "blob",
    [
        b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 9_000, b'{"SchemaVersion":1.1,"Patient":[]}',
        b"{}", b'{"SchemaVersion":1.0}', b'{"SchemaVersion":1.1,"Image":{}}',
        b'{"SchemaVersion":1.1,"DatastoreID":"x"}', b'{"SchemaVersion":1.1,"Patient":{"PatientName":"A"}}',
        b'{"SchemaVersion":1.1,"Study":{"Series":[]}}', b'{"SchemaVersion":1.1,"Study":{"Series":{"1.2":[]}}}',
        b'{"SchemaVersion":1.1,"Study":{"Series":{"1.2":{"Instances":{"1.3":{"ImageFrames":[]}}}}}}',
        b'{"SchemaVersion":1.1,"Study":{"Series":{"1.2":{"Instances":{"1.3":{"DICOM":{"EventCodeSequence":'
        + b"[" * 200 + b"]" * 200 + b"}}}}}}}",
    ],
    ids=lambda blob: blob[:60].decode("ascii", "replace") if isinstance(blob, bytes) else str(blob),
)  # fmt: skip
def test_what_is_no_document(imaging: Imaging, subject: Added, name: str, blob: bytes) -> None:
    updates: Any = {"DICOMUpdates": {name: blob}}
    with refused("ValidationException"):
        imaging.client.update_image_set_metadata(
            datastoreId=imaging.datastore_id,
            imageSetId=subject.id,
            latestVersionId="1",
            force=True,
            updateImageSetMetadataUpdates=updates,
        )


@covers("UpdateImageSetMetadata", error="ValidationException")
def test_identifiers_cannot_be_removed(imaging: Imaging, subject: Added) -> None:
    with refused("ValidationException", saying="SOPInstanceUID"):
        imaging.start_update(
            subject.id,
            "1",
            removable=subject.instance_path({"DICOM": {"SOPInstanceUID": subject.sops[0]}}),
            force=True,
        )


@covers("UpdateImageSetMetadata", error="ValidationException")
def test_removing_follows_the_same_rules(imaging: Imaging, subject: Added) -> None:
    for attributes in ({"ImageType": ["ORIGINAL", "PRIMARY"]}, {"00191001": "kept"}):
        with refused("ValidationException"):
            imaging.start_update(subject.id, "1", removable=subject.instance_path({"DICOM": attributes}))


@covers("UpdateImageSetMetadata", error="ValidationException")
def test_nothing_to_do(imaging: Imaging, subject: Added) -> None:
    with refused("ValidationException"):
        imaging.client.update_image_set_metadata(
            datastoreId=imaging.datastore_id,
            imageSetId=subject.id,
            latestVersionId="1",
            updateImageSetMetadataUpdates={"DICOMUpdates": {}},
        )
    with refused("ValidationException"):
        imaging.revert(subject.id, "1", "1")


def test_a_refusal_names_the_attribute_and_never_its_value(local: Imaging) -> None:
    added = local.add()
    secret = "Zwetschgenkuchen"
    for value in (secret, [secret], {secret: secret}):
        for level, key in ((PATIENT, "PatientSex"), (INSTANCE, "KVP"), (INSTANCE, "ReferencedImageSequence")):
            with pytest.raises(ClientError, match=key) as caught:
                local.start_update(added.id, "1", updatable=fragment(added, level, {key: value}))
            assert secret not in json.dumps(caught.value.response, default=str)
    seen = local.update(added.id, "1", removable={"Patient": {"DICOM": {"PatientName": secret}}})
    assert secret not in seen["message"]
    assert "PatientName" in seen["message"]


@covers("UpdateImageSetMetadata", transition="UPDATING → UPDATE_FAILED")
def test_the_document_stays_below_its_limit(local: Imaging) -> None:
    from curator.localstore import Limits, LocalStore, inprocess_client

    added = local.add()
    folder = local.bucket.folder.parent / "store"  # type: ignore[attr-defined]  # in-process: a folder
    small = Limits(metadata_bytes=3_000, payload_bytes=25_000)
    with LocalStore.open(folder, limits=small) as store:
        client = inprocess_client(store)
        big = json.dumps({"SchemaVersion": 1.1, **fragment(added, INSTANCE, {"ImageComments": "x" * 5_000})})
        client.update_image_set_metadata(
            datastoreId=local.datastore_id,
            imageSetId=added.id,
            latestVersionId="1",
            updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": big.encode()}},
        )
        seen = client.get_image_set(datastoreId=local.datastore_id, imageSetId=added.id)
    assert seen["imageSetWorkflowStatus"] == "UPDATE_FAILED"
    assert "size" in seen["message"]
