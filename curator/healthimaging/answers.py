"""The service's answers (boto3's dicts) as `shapes`: the edge beyond which nothing is untyped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from curator.dicom import Json
from curator.healthimaging.shapes import (
    CopyOutcome,
    DatastoreSummary,
    ImageSetProperties,
    ImageSetSummary,
    ImportJob,
)


def image_set_summary(item: Mapping[str, Any]) -> ImageSetSummary:
    """Read one ImageSetsMetadataSummary."""
    return ImageSetSummary(
        id=item["imageSetId"],
        version=str(item.get("version", "")),
        created_at=item.get("createdAt"),
        updated_at=item.get("updatedAt"),
        last_accessed_at=item.get("lastAccessedAt"),
        storage_tier=item.get("storageTier", ""),
        is_primary=item.get("isPrimary"),
        dicom=item.get("DICOMTags", {}),
    )


def image_set(item: Mapping[str, Any]) -> ImageSetProperties:
    """Read a GetImageSet answer."""
    return _properties(item, item.get("imageSetWorkflowStatus", ""))


def version(item: Mapping[str, Any]) -> ImageSetProperties:
    """Read one item of ListImageSetVersions, which spells the workflow status with a capital."""
    return _properties(item, item.get("ImageSetWorkflowStatus", ""))


def _properties(item: Mapping[str, Any], workflow: str) -> ImageSetProperties:
    return ImageSetProperties(
        id=item["imageSetId"],
        version=item["versionId"],
        state=item["imageSetState"],
        workflow=workflow,
        created_at=item.get("createdAt"),
        updated_at=item.get("updatedAt"),
        deleted_at=item.get("deletedAt"),
        message=item.get("message", ""),
        forced=bool(item.get("overrides", {}).get("forced", False)),
        is_primary=item.get("isPrimary"),
        arn=item.get("imageSetArn", ""),
        storage_tier=item.get("storageTier", ""),
        last_accessed_at=item.get("lastAccessedAt"),
    )


def copy_outcome(answer: Mapping[str, Any]) -> CopyOutcome:
    """Read a CopyImageSet answer."""
    source, destination = answer["sourceImageSetProperties"], answer["destinationImageSetProperties"]
    return CopyOutcome(
        source["imageSetId"],
        source["latestVersionId"],
        destination["imageSetId"],
        destination["latestVersionId"],
    )


def import_job(item: Mapping[str, Any]) -> ImportJob:
    """Read DICOMImportJobProperties or a summary."""
    return ImportJob(
        id=item["jobId"],
        name=item.get("jobName", ""),
        status=item["jobStatus"],
        input_uri=item.get("inputS3Uri", ""),
        output_uri=item.get("outputS3Uri", ""),
        submitted_at=item.get("submittedAt"),
        ended_at=item.get("endedAt"),
        message=item.get("message", ""),
    )


def datastore(item: Mapping[str, Any]) -> DatastoreSummary:
    """Read DatastoreProperties or a summary."""
    return DatastoreSummary(
        id=item["datastoreId"],
        name=item.get("datastoreName", ""),
        status=item["datastoreStatus"],
        arn=item.get("datastoreArn", ""),
        created_at=item.get("createdAt"),
        updated_at=item.get("updatedAt"),
        kms_key_arn=item.get("kmsKeyArn", ""),
        lossless_format=item.get("losslessStorageFormat", ""),
    )


def compact_json(value: Mapping[str, Json]) -> str:
    """Return JSON without spaces: what counts against a quota."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
