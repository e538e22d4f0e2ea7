"""A job's results: ``job-output-manifest.json``, ``SUCCESS/``, ``FAILURE/`` (guide, "Understanding import jobs")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curator.dicom import Json
from curator.localstore.dicomfile.refusal import ImportException
from curator.localstore.imports.buckets import write_private
from curator.localstore.imports.grouping import Group
from curator.localstore.imports.reading import FileFailure
from curator.localstore.parsed import StoredImageSet

__all__ = ["JobResult", "write_results"]


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came of a job's files."""

    job_id: str
    datastore_id: str
    input_uri: str
    output_uri: str
    scanned: int
    image_sets: Sequence[tuple[StoredImageSet, Group]]
    failures: Sequence[FileFailure]
    told_primary: bool
    """Whether success lines say ``isPrimary`` (edition 2025-07)."""

    @property
    def imported(self) -> int:
        """Files that are in an image set now."""
        return sum(len(group.instances) for _, group in self.image_sets)


def write_results(folder: Path, result: JobResult) -> None:
    """Write all results below ``folder``; a list that would be empty is not written."""
    lines = {
        "SUCCESS/success.ndjson": _successes(result),
        "FAILURE/failure.ndjson": _failures(result.failures),
        "WARNING/warning.ndjson": _warnings(result),
    }
    for name, entries in lines.items():
        content = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        if content:
            write_private(folder / name, content)
    write_private(
        folder / "job-output-manifest.json", msgspec.json.format(msgspec.json.encode(_summary(result)))
    )


def _summary(result: JobResult) -> dict[str, Json]:
    server = sum(failure.kind == ImportException.SERVER for failure in result.failures)
    matched: dict[str, int] = {}
    for stored, group in result.image_sets:
        matched[stored.image_set_id] = matched.get(stored.image_set_id, 0) + len(group.instances)
    summary: dict[str, Json] = {
        "jobId": result.job_id,
        "datastoreId": result.datastore_id,
        "inputS3Uri": result.input_uri,
        "outputS3Uri": result.output_uri,
        "successOutputS3Uri": result.output_uri + "SUCCESS/",
        "failureOutputS3Uri": result.output_uri + "FAILURE/",
        "numberOfScannedFiles": result.scanned,
        "numberOfImportedFiles": result.imported,
        "numberOfFilesWithCustomerError": len(result.failures) - server,
        "numberOfFilesWithServerError": server,
        "numberOfGeneratedImageSets": len(matched),
        "imageSetsSummary": [
            {"imageSetId": image_set, "numberOfMatchedSOPInstances": count}
            for image_set, count in matched.items()
        ],
    }
    return {"jobSummary": summary}


def _successes(result: JobResult) -> Iterable[dict[str, Json]]:
    for stored, group in result.image_sets:
        response: dict[str, Json] = {"imageSetId": stored.image_set_id}
        if result.told_primary:
            response["isPrimary"] = stored.is_primary
        for instance in group.instances:
            yield {"inputFile": instance.source, "importResponse": response}


def _failures(failures: Iterable[FileFailure]) -> Iterable[dict[str, Json]]:
    for failure in failures:
        yield {
            "inputFile": failure.source,
            "exception": {"exceptionType": failure.kind.value, "message": failure.reason},
        }


def _warnings(result: JobResult) -> Iterable[dict[str, Json]]:
    """Yield what got in otherwise than its file says. Not a file of the service: it documents nothing of the kind."""
    for stored, group in result.image_sets:
        for found in group.disagreements:
            warning: dict[str, Json] = {
                "warningType": "LevelDisagreement",
                "level": found.level.value,
                "attribute": found.attribute,
                "kept": found.kept,
                "found": found.found,
                "absent": found.absent,
            }
            yield {"inputFile": found.source, "imageSetId": stored.image_set_id, "warning": warning}
        for instance in group.replaced:
            yield {
                "inputFile": instance.source,
                "imageSetId": stored.image_set_id,
                "warning": {"warningType": "InstanceReplaced", "attribute": "SOPInstanceUID"},
            }
