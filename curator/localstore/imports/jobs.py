"""The three operations on import jobs, as the store's dispatch calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from curator.localstore.arn import new_id
from curator.localstore.faults import conflict, not_found, over_quota
from curator.localstore.imports.buckets import locate
from curator.localstore.imports.rows import (
    JobDetail,
    JobRow,
    find_job,
    insert_job,
    job_by_token,
    jobs_after,
    unfinished,
)
from curator.localstore.imports.runner import LEASE_SECONDS, JobRunner, tell_job

__all__ = ["StartRequest", "job", "list_jobs", "start"]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """StartDICOMImportJob's parameters, already checked against the service model."""

    datastore_id: str
    token: str
    role: str
    input_uri: str
    output_uri: str
    name: str | None = None
    other: Mapping[str, object] | None = None
    """Parameters that change nothing here; a repeated token must repeat them too."""


def start(runner: JobRunner, request: StartRequest) -> JobRow:
    """Accept a job and begin it; a repeated client token answers with the job it began before.

    Raises Fault: ResourceNotFoundException for the data store, ValidationException for a bucket or key that is not
    mapped, ConflictException for a token that comes with other parameters, ServiceQuotaExceededException.
    """
    storage = runner.storage
    locate(request.input_uri, runner.buckets, "inputS3Uri")
    locate(request.output_uri, runner.buckets, "outputS3Uri")
    asked = msgspec.json.encode(
        [request.role, request.input_uri, request.output_uri, request.name, dict(request.other or {})],
        order="sorted",
    ).decode()
    with storage.transaction() as connection:
        store = storage.active_datastore(connection, request.datastore_id)
        known = job_by_token(connection, store.pk, request.token)
        if known is not None:
            if known.detail.asked != asked:
                raise conflict("clientToken was used with other parameters")
            return known
        quota = storage.limits.concurrent
        if quota is not None and sum(one.datastore == store.pk for one in unfinished(connection)) >= quota:
            raise over_quota(f"The data store has {quota} import jobs in progress, and may have no more")
        job_id, now = new_id(), storage.clock()
        folder = f"{request.datastore_id}-DicomImport-{job_id}/"
        detail = JobDetail(
            input_uri=request.input_uri,
            output_uri=f"{request.output_uri.rstrip('/')}/{folder}",
            role=request.role,
            name=request.name,
            owner=runner.owner,
            asked=asked,
        )
        begun = insert_job(connection, store.pk, job_id, request.token, now, now + LEASE_SECONDS, detail)
        tell_job(storage, request.datastore_id, begun)
    runner.submit(request.datastore_id, job_id)
    return begun


def job(runner: JobRunner, datastore_id: str, job_id: str) -> JobRow:
    """Return a job; ResourceNotFoundException when the data store has none of that id.

    One that nobody runs any more is taken up: who waits for a job should not wait for the next to open the store.
    """
    with runner.storage.reading() as connection:
        store = runner.storage.active_datastore(connection, datastore_id)
        found = find_job(connection, store.pk, job_id)
    if found is None:
        raise not_found("Import job does not exist")
    if found.lease is not None and found.lease < runner.storage.clock():
        runner.resume()
    return found


def list_jobs(
    runner: JobRunner,
    datastore_id: str,
    limit: int,
    *,
    status: str | None = None,
    after: tuple[float, int] | None = None,
) -> Sequence[JobRow]:
    """Return a page of a data store's jobs, newest first; ``after``: (submitted, pk) of the job before the page."""
    with runner.storage.reading() as connection:
        store = runner.storage.active_datastore(connection, datastore_id)
        return jobs_after(connection, store.pk, limit, status=status, after=after)
