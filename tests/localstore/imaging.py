"""A data store as the conformance suite meets it: the same calls in this process, over HTTP, or on AWS."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydicom.uid import generate_uid

from tests.localstore.dicomfiles import file_bytes, image

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

Document = dict[str, Any]
Properties = dict[str, Any]


class Bucket(Protocol):
    """Where imports read from: a folder that stands for a bucket, or a bucket."""

    @property
    def name(self) -> str:
        """The bucket's name in S3 URIs."""

    def put(self, key: str, data: bytes) -> None:
        """Store an object."""


@dataclass(frozen=True, slots=True)
class FolderBucket:
    """A folder that stands for a bucket."""

    name: str
    folder: Path

    def put(self, key: str, data: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """A bucket of the account that the suite runs against."""

    name: str

    def put(self, key: str, data: bytes) -> None:
        import boto3

        boto3.client("s3").put_object(Bucket=self.name, Key=key, Body=data)


@dataclass(frozen=True, slots=True)
class Added:
    """An imported image set and the UIDs that its files had."""

    id: str
    study: str
    series: str
    sops: tuple[str, ...]

    def series_path(self, inner: Mapping[str, object]) -> dict[str, object]:
        """Return a document fragment for its Series."""
        return {"Study": {"Series": {self.series: inner}}}

    def instance_path(self, inner: Mapping[str, object], number: int = 0) -> dict[str, object]:
        """Return a document fragment for one of its instances."""
        return self.series_path({"Instances": {self.sops[number]: inner}})


@dataclass
class Imaging:
    """A client, a data store, and the everyday steps of a test."""

    client: HealthImagingClient
    datastore_id: str
    bucket: Bucket
    kind: str
    role: str = "arn:aws:iam::000000000000:role/test"
    made: list[str] = field(default_factory=list)
    pass_time: Callable[[float], None] = time.sleep

    def add(
        self, count: int = 1, *, study: str = "", series: str = "", frames: int = 1, **attributes: object
    ) -> Added:
        """Import ``count`` small images as one image set and return it."""
        study, series = study or generate_uid(None), series or generate_uid(None)
        sops = tuple(generate_uid(None) for _ in range(count))
        prefix = f"in-{generate_uid(None)}"
        for number, sop in enumerate(sops):
            made = image(
                bytes(range(16)) * frames,
                rows=4,
                columns=4,
                **{
                    "StudyInstanceUID": study,
                    "SeriesInstanceUID": series,
                    "SOPInstanceUID": sop,
                    "InstanceNumber": number + 1,
                    "NumberOfFrames": frames,
                    "PatientName": "Bauer^Anna",
                    "StudyDate": "20240229",
                    "StudyTime": "101112",
                    "StudyID": "S1",
                    "StudyDescription": "Abdomen",
                    "AccessionNumber": "A1",
                    "SeriesNumber": 3,
                    "ImageType": ["ORIGINAL", "PRIMARY"],
                    "StationName": "CT7",
                    **attributes,
                },
            )
            block = made.private_block(0x0019, "CURATOR TEST", create=True)
            block.add_new(0x01, "LO", "kept")
            self.bucket.put(f"{prefix}/{number:03}.dcm", file_bytes(made))
        before = self.ids_of_series(series)
        self.import_all(prefix)
        (added,) = self.ids_of_series(series) - before
        return Added(added, study, series, sops)

    def import_all(self, prefix: str) -> None:
        """Import what lies below ``prefix`` and wait for the job."""
        job = self.client.start_dicom_import_job(
            datastoreId=self.datastore_id,
            dataAccessRoleArn=self.role,
            inputS3Uri=f"s3://{self.bucket.name}/{prefix}/",
            outputS3Uri=f"s3://{self.bucket.name}/out/",
            clientToken=f"suite-{generate_uid(None)}"[:64],
        )
        while True:
            seen = self.client.get_dicom_import_job(datastoreId=self.datastore_id, jobId=job["jobId"])
            if seen["jobProperties"]["jobStatus"] in ("COMPLETED", "FAILED"):
                break
            time.sleep(2 if self.kind == "aws" else 0.01)
        assert seen["jobProperties"]["jobStatus"] == "COMPLETED", seen["jobProperties"].get("message")

    def ids_of_series(self, series: str) -> set[str]:
        """Return the ids of the image sets that a search finds for a Series."""
        return set(self.search({"DICOMSeriesInstanceUID": series}))

    def search(self, value: Mapping[str, object], **more: Any) -> list[str]:
        """Return the ids that an EQUAL search finds, over all pages."""
        criteria: Any = {"filters": [{"operator": "EQUAL", "values": [value]}], **more}
        pages = self.client.get_paginator("search_image_sets").paginate(
            datastoreId=self.datastore_id, searchCriteria=criteria
        )
        found = [each["imageSetId"] for page in pages for each in page["imageSetsMetadataSummaries"]]
        self.made.extend(found)
        return found

    def properties(self, image_set_id: str, version: str | None = None) -> Properties:
        """Return what GetImageSet says."""
        more: Any = {} if version is None else {"versionId": version}
        return {**self.client.get_image_set(datastoreId=self.datastore_id, imageSetId=image_set_id, **more)}

    def wait(self, image_set_id: str) -> Properties:
        """Wait until no operation runs on an image set, and return its properties."""
        while True:
            seen = self.properties(image_set_id)
            if seen["imageSetState"] != "LOCKED":
                return seen
            self.pass_time(0.01 if self.kind == "http" else 1.0)

    def document(self, image_set_id: str, version: str | None = None) -> Document:
        """Return a version's metadata document."""
        more: Any = {} if version is None else {"versionId": version}
        answer = self.client.get_image_set_metadata(
            datastoreId=self.datastore_id, imageSetId=image_set_id, **more
        )
        found: Document = json.loads(gzip.decompress(answer["imageSetMetadataBlob"].read()))
        return found

    def start_update(
        self,
        image_set_id: str,
        version: str,
        *,
        updatable: Mapping[str, object] | None = None,
        removable: Mapping[str, object] | None = None,
        force: bool = False,
        **more: Any,
    ) -> Any:
        """Call UpdateImageSetMetadata with document fragments, and return its answer."""
        given = {"updatableAttributes": updatable, "removableAttributes": removable}
        updates: Any = {
            name: json.dumps({"SchemaVersion": 1.1, **content}).encode()
            for name, content in given.items()
            if content is not None
        }
        return self.client.update_image_set_metadata(
            datastoreId=self.datastore_id,
            imageSetId=image_set_id,
            latestVersionId=version,
            force=force,
            updateImageSetMetadataUpdates={"DICOMUpdates": updates},
            **more,
        )

    def update(self, image_set_id: str, version: str, **more: Any) -> Properties:
        """Update and wait."""
        self.start_update(image_set_id, version, **more)
        return self.wait(image_set_id)

    def revert(self, image_set_id: str, version: str, to: str) -> Properties:
        """Revert and wait."""
        self.client.update_image_set_metadata(
            datastoreId=self.datastore_id,
            imageSetId=image_set_id,
            latestVersionId=version,
            updateImageSetMetadataUpdates={"revertToVersionId": to},
        )
        return self.wait(image_set_id)

    def start_copy(
        self,
        source: str,
        version: str,
        *,
        into: tuple[str, str] | None = None,
        only: Mapping[str, object] | None = None,
        **more: Any,
    ) -> Any:
        """Call CopyImageSet and return its answer; ``only`` is the Study object of copiableAttributes."""
        information: Any = {"sourceImageSet": {"latestVersionId": version}}
        if only is not None:
            wanted = json.dumps({"SchemaVersion": "1.1", "Study": only})
            information["sourceImageSet"]["DICOMCopies"] = {"copiableAttributes": wanted}
        if into is not None:
            information["destinationImageSet"] = {"imageSetId": into[0], "latestVersionId": into[1]}
        return self.client.copy_image_set(
            datastoreId=self.datastore_id,
            sourceImageSetId=source,
            copyImageSetInformation=information,
            **more,
        )

    def copy(self, source: str, version: str, **more: Any) -> Properties:
        """Copy, wait for both sets, and return the destination's properties."""
        answer = self.start_copy(source, version, **more)
        self.wait(source)
        destination: str = answer["destinationImageSetProperties"]["imageSetId"]
        self.made.append(destination)
        return self.wait(destination)


def instances(document: Document) -> dict[str, Document]:
    """Return a document's instances by SOP Instance UID."""
    return {
        uid: instance
        for series in document["Study"]["Series"].values()
        for uid, instance in series["Instances"].items()
    }


def content(document: Document) -> Document:
    """Return what a document says, without which image set says it."""
    return {key: value for key, value in document.items() if key not in ("ImageSetID", "DatastoreID")}


def on_aws() -> bool:
    """Tell whether the suite is to run against a real account."""
    return os.environ.get("CURATOR_TEST_STORE", "").startswith("aws:")
