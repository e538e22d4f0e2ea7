"""StartDICOMImportJob, GetDICOMImportJob, ListDICOMImportJobs."""

from __future__ import annotations

from curator.localstore.imports.jobs import StartRequest, job, list_jobs, start
from curator.localstore.imports.rows import JobRow
from curator.localstore.model import Output
from curator.localstore.operations.paging import page_size, read_token, write_token
from curator.localstore.wire import Call


def start_dicom_import_job(call: Call) -> dict[str, Output]:
    """Accept an import job; it runs in the background of the process that accepted it."""
    begun = start(
        call.store.imports,
        StartRequest(
            datastore_id=call.text("datastoreId"),
            token=call.text("clientToken"),
            role=call.text("dataAccessRoleArn"),
            input_uri=call.text("inputS3Uri"),
            output_uri=call.text("outputS3Uri"),
            name=call.maybe("jobName"),
            other={"inputOwnerAccountId": call.maybe("inputOwnerAccountId")},
        ),
    )
    return {
        "datastoreId": call.text("datastoreId"),
        "jobId": begun.id,
        "jobStatus": begun.status.value,
        "submittedAt": begun.submitted,
    }


def get_dicom_import_job(call: Call) -> dict[str, Output]:
    """Tell a job's properties."""
    found = job(call.store.imports, call.text("datastoreId"), call.text("jobId"))
    return {
        "jobProperties": {
            **_summary(call.text("datastoreId"), found),
            "inputS3Uri": found.detail.input_uri,
            "outputS3Uri": found.detail.output_uri,
        }
    }


def list_dicom_import_jobs(call: Call) -> dict[str, Output]:
    """List jobs. assumption: the newest comes first; the guide names no order."""
    status = call.maybe("jobStatus")
    purpose = f"list-jobs {call.text('datastoreId')} {status}"
    size = page_size(call)
    after = read_token(call, purpose, tuple[float, int])
    rows = list_jobs(call.store.imports, call.text("datastoreId"), size + 1, status=status, after=after)
    last = rows[size - 1] if len(rows) > size else None
    return {
        "jobSummaries": [_summary(call.text("datastoreId"), row) for row in rows[:size]],
        "nextToken": None if last is None else write_token(purpose, (last.submitted, last.pk)),
    }


def _summary(datastore_id: str, row: JobRow) -> dict[str, Output]:
    return {
        "jobId": row.id,
        # assumption: the model requires a name in every answer; a job that was given none answers with its id.
        "jobName": row.detail.name or row.id,
        "jobStatus": row.status.value,
        "datastoreId": datastore_id,
        "dataAccessRoleArn": row.detail.role,
        "endedAt": row.ended,
        "submittedAt": row.submitted,
        "message": row.detail.message,
    }
