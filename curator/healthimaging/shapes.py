"""What the service answers, as values: ids and versions are strings, times are aware datetimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ImageSetSummary:
    """One image set as SearchImageSets tells it. ``dicom`` holds the answer's DICOMTags (values: PHI)."""

    id: str
    version: str  # the API gives an integer here and a string everywhere else
    created_at: datetime | None
    updated_at: datetime | None
    last_accessed_at: datetime | None = None
    storage_tier: str = ""
    is_primary: bool | None = None
    dicom: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImageSetProperties:
    """One image set at one version, as GetImageSet and ListImageSetVersions tell it."""

    id: str
    version: str
    state: str  # ACTIVE, LOCKED, DELETED
    workflow: str  # imageSetWorkflowStatus: CREATED, UPDATING, UPDATED, COPY_FAILED, …
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    message: str = ""
    forced: bool = False
    is_primary: bool | None = None
    arn: str = ""
    storage_tier: str = ""
    last_accessed_at: datetime | None = None

    @property
    def locked(self) -> bool:
        """Whether an operation is going on, so that no other write is accepted."""
        return self.state == "LOCKED"

    @property
    def failed(self) -> bool:
        """Whether the operation that made this version failed."""
        return self.workflow.endswith("_FAILED")


@dataclass(frozen=True, slots=True)
class CopyOutcome:
    """Which image sets a CopyImageSet read and wrote, at which versions."""

    source_id: str
    source_version: str
    destination_id: str
    destination_version: str


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One DICOM import job."""

    id: str
    name: str
    status: str  # SUBMITTED, IN_PROGRESS, COMPLETED, FAILED
    input_uri: str = ""
    output_uri: str = ""
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    message: str = ""

    @property
    def ended(self) -> bool:
        """Whether the job is over, well or not."""
        return self.status in {"COMPLETED", "FAILED"}


@dataclass(frozen=True, slots=True)
class DatastoreSummary:
    """One data store."""

    id: str
    name: str
    status: str  # CREATING, CREATE_FAILED, ACTIVE, DELETING, DELETED
    arn: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    kms_key_arn: str = ""
    lossless_format: str = ""
