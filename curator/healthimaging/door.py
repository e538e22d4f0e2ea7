"""`HealthImaging`: the operations of one data store, by name, over a boto3 client."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from curator.errors import ReadOnly, Throttled, UsageError
from curator.healthimaging import answers
from curator.healthimaging.failures import NEVER_TWICE, explained
from curator.healthimaging.shapes import (
    CopyOutcome,
    DatastoreSummary,
    ImageSetProperties,
    ImageSetSummary,
    ImportJob,
)
from curator.healthimaging.waiting import PATIENCE, until_ended, until_unlocked

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

    from curator.dicom import Json
    from curator.imageset import ImageSetMetadata

T = TypeVar("T")
log = logging.getLogger(__name__)

THROTTLE_ROUNDS = 6
"""How often a throttled call is tried again after the SDK's own attempts, when a limiter paces the calls."""


class Limiter(Protocol):
    """Paces calls below the account's rates, operation by operation."""

    def acquire(self, operation: str) -> None:
        """Wait until one more call of this operation may go out."""

    def throttled(self, operation: str) -> None:
        """Learn that the service refused a call for its rate."""


class HealthImaging:
    """One data store of the service, through a boto3 ``medical-imaging`` client.

    ``spec`` is what a ``--store`` called it. All writes raise `ReadOnly` when ``read_only``. Every method raises `curator.errors.ServiceError` or one of
    its kinds when the service refuses, and `LimitExceeded` for a quota.
    """

    def __init__(
        self,
        client: HealthImagingClient,
        datastore_id: str,
        *,
        limiter: Limiter | None = None,
        read_only: bool = False,
        spec: str = "",
    ) -> None:
        self.client = client
        self.spec = spec
        self.datastore_id = datastore_id
        self.limiter = limiter
        self.read_only = read_only
        for operation in NEVER_TWICE:
            client.meta.events.register_first(
                f"needs-retry.medical-imaging.{operation}",
                _not_twice,  # type: ignore[arg-type]  # the stubs forget that handlers answer
                unique_id=f"curator-once-{operation}",
            )

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────

    def search(
        self, filters: Sequence[Mapping[str, Any]] = (), sort: Mapping[str, Any] | None = None
    ) -> Iterator[ImageSetSummary]:
        """Yield the image sets that match, page by page. ``filters``, ``sort``: as SearchImageSets takes them."""
        criteria: dict[str, Any] = {}
        if filters:
            criteria["filters"] = list(filters)
        if sort:
            criteria["sort"] = dict(sort)
        words = {"searchCriteria": criteria} if criteria else {}
        pages = self._pages("SearchImageSets", maxResults=50, datastoreId=self.datastore_id, **words)
        for page in pages:
            yield from map(answers.image_set_summary, page["imageSetsMetadataSummaries"])

    def image_set(self, image_set_id: str, version: str | None = None) -> ImageSetProperties:
        """Return the state of an image set, at its latest version or a given one."""
        return answers.image_set(self._call("GetImageSet", image_set_id, **self._at(image_set_id, version)))

    def versions(self, image_set_id: str) -> list[ImageSetProperties]:
        """Return all versions, the newest first, as ListImageSetVersions orders them."""
        pages = self._pages(
            "ListImageSetVersions", datastoreId=self.datastore_id, imageSetId=image_set_id, maxResults=50
        )
        return [answers.version(item) for page in pages for item in page["imageSetPropertiesList"]]

    def metadata(self, image_set_id: str, version: str | None = None) -> bytes:
        """Return the metadata document as it travels: gzip of JSON. A touch: it keeps the set in the dear tier."""
        answer = self._call("GetImageSetMetadata", image_set_id, **self._at(image_set_id, version))
        blob: bytes = answer["imageSetMetadataBlob"].read()
        return blob

    def document(self, image_set_id: str, version: str | None = None) -> ImageSetMetadata:
        """Return the metadata document, parsed. A touch, as `metadata`."""
        from curator.imageset import ImageSetMetadata

        return ImageSetMetadata.parse(self.metadata(image_set_id, version))

    def frame(self, image_set_id: str, frame_id: str) -> tuple[bytes, str]:
        """Return one frame's bytes and their content type. A touch."""
        answer = self._call(
            "GetImageFrame",
            image_set_id,
            datastoreId=self.datastore_id,
            imageSetId=image_set_id,
            imageFrameInformation={"imageFrameId": frame_id},
        )
        return answer["imageFrameBlob"].read(), answer.get("contentType", "")

    def instance_dicom(
        self, image_set_id: str, study: str, series: str, instance: str, *, transfer_syntax: str | None = None
    ) -> bytes:
        """Return an instance as a DICOM P10 file with the set's latest metadata (DICOMweb GetDICOMInstance)."""
        from curator.healthimaging.dicomweb import get_instance

        self._pace("GetDICOMInstance")
        return get_instance(
            self.client, self.datastore_id, image_set_id, (study, series, instance), transfer_syntax
        )

    def instance_metadata(
        self, image_set_id: str, study: str, series: str, instance: str
    ) -> list[dict[str, Json]]:
        """Return an instance's DICOM JSON (DICOMweb GetDICOMInstanceMetadata)."""
        from curator.healthimaging.dicomweb import get_instance_metadata

        self._pace("GetDICOMInstanceMetadata")
        return get_instance_metadata(self.client, self.datastore_id, image_set_id, (study, series, instance))

    def wait(
        self, image_set_id: str, version: str | None = None, *, timeout: float = PATIENCE
    ) -> ImageSetProperties:
        """Return the image set's state once it is not LOCKED; ``timeout`` in seconds.

        Raises `OperationFailed` when the operation ended in …_FAILED, and when the time is over.
        """
        return until_unlocked(lambda: self.image_set(image_set_id, version), image_set_id, timeout)

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────

    def update(
        self,
        image_set_id: str,
        version: str,
        *,
        updatable: bytes | None = None,
        removable: bytes | None = None,
        force: bool = False,
        study_wide: bool = False,
    ) -> str:
        """Send one UpdateImageSetMetadata on ``version`` and return the new version, LOCKED until carried out.

        ``updatable`` and ``removable`` are JSON documents of the guide's nested form.
        """
        attributes = {"updatableAttributes": updatable, "removableAttributes": removable}
        changes = {name: blob for name, blob in attributes.items() if blob is not None}
        return self._update(
            image_set_id, version, {"DICOMUpdates": changes}, force=force, study_wide=study_wide
        )

    def revert(self, image_set_id: str, version: str, to: str, *, force: bool = False) -> str:
        """Make a new version with the content of version ``to`` and return it, LOCKED until carried out."""
        return self._update(image_set_id, version, {"revertToVersionId": to}, force=force, study_wide=False)

    def copy(
        self,
        source_id: str,
        source_version: str,
        *,
        destination: tuple[str, str] | None = None,
        copiable: Mapping[str, Json] | None = None,
        force: bool = False,
        promote: bool = False,
    ) -> CopyOutcome:
        """Copy an image set into a new one, or into ``destination`` (id, version); never sent twice.

        ``copiable`` names a subset as the guide's ``copiableAttributes`` does: Study → Series → Instances.
        """
        source: dict[str, Any] = {"latestVersionId": source_version}
        if copiable is not None:
            source["DICOMCopies"] = {"copiableAttributes": answers.compact_json(copiable)}
        information: dict[str, Any] = {"sourceImageSet": source}
        if destination is not None:
            information["destinationImageSet"] = dict(
                zip(("imageSetId", "latestVersionId"), destination, strict=True)
            )
        flags = {name: True for name, wanted in (("force", force), ("promoteToPrimary", promote)) if wanted}
        answer = self._write(
            "CopyImageSet",
            source_id,
            datastoreId=self.datastore_id,
            sourceImageSetId=source_id,
            copyImageSetInformation=information,
            **flags,
        )
        return answers.copy_outcome(answer)

    def delete(self, image_set_id: str) -> None:
        """Delete an image set with all its versions; asynchronous, and for good."""
        self._write("DeleteImageSet", image_set_id, datastoreId=self.datastore_id, imageSetId=image_set_id)

    # ── import jobs ──────────────────────────────────────────────────────────────────────────────────────

    def start_import(
        self, name: str, input_uri: str, output_uri: str, role_arn: str, *, client_token: str | None = None
    ) -> str:
        """Start a DICOM import job and return its id; ``client_token`` makes repeating the call harmless."""
        words = {"clientToken": client_token} if client_token else {}
        answer = self._write(
            "StartDICOMImportJob",
            "",
            datastoreId=self.datastore_id,
            jobName=name,
            inputS3Uri=input_uri,
            outputS3Uri=output_uri,
            dataAccessRoleArn=role_arn,
            **words,
        )
        return str(answer["jobId"])

    def import_job(self, job_id: str) -> ImportJob:
        """Return the state of an import job."""
        answer = self._call("GetDICOMImportJob", job_id, datastoreId=self.datastore_id, jobId=job_id)
        return answers.import_job(answer["jobProperties"])

    def import_jobs(self, status: str | None = None) -> Iterator[ImportJob]:
        """Yield the import jobs, in the service's order."""
        words = {"jobStatus": status} if status else {}
        for page in self._pages("ListDICOMImportJobs", datastoreId=self.datastore_id, maxResults=50, **words):
            yield from map(answers.import_job, page["jobSummaries"])

    def wait_for_import(
        self,
        job_id: str,
        *,
        timeout: float = 24 * 3600.0,
        pause: float = 10.0,
        progress: Callable[[ImportJob], None] = lambda job: None,
    ) -> ImportJob:
        """Return the job once it has ended; FAILED raises `OperationFailed`.

        ``progress`` hears each look at it; between two looks pass at most ``pause`` seconds.
        """
        return until_ended(lambda: self.import_job(job_id), progress, timeout, pause)

    # ── data stores and tags ─────────────────────────────────────────────────────────────────────────────

    def datastore(self) -> DatastoreSummary:
        """Return this data store's properties."""
        answer = self._call("GetDatastore", self.datastore_id, datastoreId=self.datastore_id)
        return answers.datastore(answer["datastoreProperties"])

    def datastores(self) -> Iterator[DatastoreSummary]:
        """Yield all data stores of the account (or of the local folder)."""
        for page in self._pages("ListDatastores", maxResults=50):
            yield from map(answers.datastore, page["datastoreSummaries"])

    def create_datastore(self, name: str) -> str:
        """Create a data store and return its id."""
        return str(self._write("CreateDatastore", "", datastoreName=name)["datastoreId"])

    def delete_datastore(self, datastore_id: str) -> None:
        """Delete an empty data store."""
        self._write("DeleteDatastore", datastore_id, datastoreId=datastore_id)

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a data store or image set."""
        return dict(self._call("ListTagsForResource", "", resourceArn=arn)["tags"])

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add or replace tags."""
        self._write("TagResource", "", resourceArn=arn, tags=dict(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by their keys."""
        self._write("UntagResource", "", resourceArn=arn, tagKeys=list(keys))

    # ── how a call is made ───────────────────────────────────────────────────────────────────────────────

    def _at(self, image_set_id: str, version: str | None) -> dict[str, str]:
        words = {"datastoreId": self.datastore_id, "imageSetId": image_set_id}
        return words if version is None else {**words, "versionId": str(version)}

    def _update(
        self, image_set_id: str, version: str, updates: Mapping[str, Any], *, force: bool, study_wide: bool
    ) -> str:
        flags = {
            name: True for name, wanted in (("force", force), ("includeStudyImageSets", study_wide)) if wanted
        }
        answer = self._write(
            "UpdateImageSetMetadata",
            image_set_id,
            datastoreId=self.datastore_id,
            imageSetId=image_set_id,
            latestVersionId=str(version),
            updateImageSetMetadataUpdates=updates,
            **flags,
        )
        return str(answer["latestVersionId"])

    def _write(self, operation: str, subject: str, /, **words: Any) -> Any:
        if self.read_only:
            raise ReadOnly(
                f"{operation} is a write, and the store was opened read-only", hint="drop --read-only"
            )
        return self._call(operation, subject, **words)

    def _call(self, operation: str, subject: str, /, **words: Any) -> Any:
        """Call an operation of the client by its API name; a throttled call, never accepted, is tried again."""
        from botocore import xform_name

        method = getattr(self.client, xform_name(operation))
        return self._paced(operation, subject, partial(method, **words))

    def _pages(self, operation: str, /, **words: Any) -> Iterator[Any]:
        from botocore import xform_name

        if not 1 <= words.get("maxResults", 1) <= 50:
            raise UsageError("a page holds 1 to 50 results")
        subject = words.get("imageSetId", "")
        method = getattr(self.client, xform_name(operation))
        token: str | None = None
        while True:
            at = {"nextToken": token} if token else {}
            page = self._paced(operation, subject, partial(method, **words, **at))
            yield page
            token = page.get("nextToken")
            if not token:
                return

    def _paced(self, operation: str, subject: str, action: Callable[[], T]) -> T:
        for attempt in range(THROTTLE_ROUNDS):
            self._pace(operation)
            try:
                with explained(operation, subject):
                    log.debug("%s", operation)
                    return action()
            except Throttled:
                if self.limiter is None or attempt == THROTTLE_ROUNDS - 1:
                    raise
                self.limiter.throttled(operation)
        raise AssertionError("unreachable: the last round returns or raises")

    def _pace(self, operation: str) -> None:
        if self.limiter is not None:
            self.limiter.acquire(operation)


def _not_twice(response: Any = None, caught_exception: Exception | None = None, **_: object) -> bool | None:
    """Answer botocore's question whether to retry: no (False) when the call may have been carried out.

    None leaves the decision (a throttled call was never accepted) to botocore's own handler.
    """
    if caught_exception is not None:
        return False
    return False if response is not None and response[0].status_code >= 500 else None
