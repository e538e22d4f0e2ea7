"""An embedded store with two buckets, driven by boto3: what import and DICOMweb tests stand on."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.localstore import Limits, LocalStore, inprocess_client

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient
    from mypy_boto3_medical_imaging.type_defs import DICOMImportJobPropertiesTypeDef

ROLE = "arn:aws:iam::123456789012:role/import"


@dataclass(slots=True)
class Workshop:
    """A store, its client, its one data store, and the folders behind ``s3://given`` and ``s3://results``."""

    folder: Path
    store: LocalStore
    client: HealthImagingClient
    datastore_id: str

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        edition: str = "2025-01",
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> Workshop:
        """Open the store in ``folder``, with the data store it has or a new one."""
        for name in ("given", "results"):
            (folder / name).mkdir(exist_ok=True)
        buckets = {"given": folder / "given", "results": folder / "results"}
        store = LocalStore.open(
            folder / "store", edition=edition, buckets=buckets, clock=clock, limits=limits
        )
        client = inprocess_client(store)
        found = client.list_datastores()["datastoreSummaries"]
        made = found[0]["datastoreId"] if found else client.create_datastore(clientToken="one")["datastoreId"]
        return cls(folder, store, client, made)

    def give(self, files: Mapping[str, bytes]) -> None:
        """Put files into ``s3://given``, by key."""
        for key, data in files.items():
            path = self.folder / "given" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def start(
        self, token: str, source: str = "s3://given/", target: str = "s3://results/out/", **more: str
    ) -> str:
        """Start a job and return its id."""
        answer = self.client.start_dicom_import_job(
            datastoreId=self.datastore_id,
            clientToken=token,
            dataAccessRoleArn=ROLE,
            inputS3Uri=source,
            outputS3Uri=target,
            **more,  # type: ignore[arg-type]
        )
        return answer["jobId"]

    def job(self, job_id: str) -> DICOMImportJobPropertiesTypeDef:
        return self.client.get_dicom_import_job(datastoreId=self.datastore_id, jobId=job_id)["jobProperties"]

    def run(
        self, token: str = "t", source: str = "s3://given/", *, ends: str = "COMPLETED", **more: str
    ) -> Results:
        """Run a job until it ``ends`` so, and return its results."""
        job_id = self.start(token, source, **more)
        assert self.store.imports.wait(60)
        ended = self.job(job_id)
        assert ended["jobStatus"] == ends, ended.get("message")
        prefix = ended["outputS3Uri"].removeprefix("s3://results/")
        return Results(ended, self.folder / "results" / prefix)

    def image_sets(self) -> list[str]:
        """Return the ids of all image sets, oldest first."""
        pages = self.client.get_paginator("search_image_sets").paginate(
            datastoreId=self.datastore_id,
            searchCriteria={"sort": {"sortOrder": "ASC", "sortField": "createdAt"}},
        )
        return [one["imageSetId"] for page in pages for one in page["imageSetsMetadataSummaries"]]

    def document(self, image_set_id: str) -> Any:
        """Return an image set's metadata document."""
        blob = self.client.get_image_set_metadata(datastoreId=self.datastore_id, imageSetId=image_set_id)
        return json.loads(gzip.decompress(blob["imageSetMetadataBlob"].read()))

    def frame(self, image_set_id: str, frame_id: str) -> tuple[bytes, str]:
        """Return a frame's bytes and content type."""
        answer = self.client.get_image_frame(
            datastoreId=self.datastore_id,
            imageSetId=image_set_id,
            imageFrameInformation={"imageFrameId": frame_id},
        )
        return answer["imageFrameBlob"].read(), answer["contentType"]

    def close(self) -> None:
        """Close the store."""
        self.store.close()


@dataclass(frozen=True, slots=True)
class Results:
    """An ended job and the folder of its results."""

    job: DICOMImportJobPropertiesTypeDef
    folder: Path

    @property
    def summary(self) -> dict[str, Any]:
        """``jobSummary`` of the manifest."""
        found: dict[str, Any] = json.loads((self.folder / "job-output-manifest.json").read_bytes())[
            "jobSummary"
        ]
        return found

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the entries of a result file (``SUCCESS/success.ndjson``); none where it was not written."""
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def successes(self) -> list[dict[str, Any]]:
        return self.lines("SUCCESS/success.ndjson")

    @property
    def failures(self) -> list[dict[str, Any]]:
        return self.lines("FAILURE/failure.ndjson")

    @property
    def warnings(self) -> list[dict[str, Any]]:
        return self.lines("WARNING/warning.ndjson")
