"""Import jobs as rows of the store: what was asked, how far it is, who runs it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

__all__ = [
    "JobDetail",
    "JobRow",
    "JobStatus",
    "find_job",
    "insert_job",
    "job_by_token",
    "jobs_after",
    "unfinished",
    "write_job",
]


class JobStatus(StrEnum):
    """``jobStatus`` of the service model."""

    SUBMITTED = "SUBMITTED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class JobDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was asked for, and who runs it (``owner``, while the lease holds)."""

    input_uri: str
    output_uri: str
    role: str
    name: str | None = None
    message: str | None = None
    owner: str = ""
    asked: str = ""
    """The request's parameters, canonical: a repeated client token must repeat them."""


_read_detail = msgspec.json.Decoder(
    JobDetail
).decode  # made once: msgspec's types crash when threads race to them


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job. Times are seconds since the epoch; ``lease``: until when its runner has said that it lives."""

    pk: int
    datastore: int
    id: str
    status: JobStatus
    submitted: float
    ended: float | None
    lease: float | None
    detail: JobDetail


_COLUMNS = "pk, datastore, id, status, submitted, ended, lease, detail"
_OPEN = f"('{JobStatus.SUBMITTED.value}', '{JobStatus.IN_PROGRESS.value}')"
_Row = tuple[int, int, str, str, float, float | None, float | None, bytes]


def _job(row: _Row) -> JobRow:
    pk, datastore, name, status, submitted, ended, lease, detail = row
    decoded = _read_detail(detail)
    return JobRow(pk, datastore, name, JobStatus(status), submitted, ended, lease, decoded)


def insert_job(
    connection: sqlite3.Connection,
    datastore: int,
    job_id: str,
    token: str,
    now: float,
    lease: float,
    detail: JobDetail,
) -> JobRow:
    """Write a submitted job, leased from the start."""
    connection.execute(
        "INSERT INTO import_job (datastore, id, status, submitted, token, lease, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (datastore, job_id, JobStatus.SUBMITTED.value, now, token, lease, msgspec.json.encode(detail)),
    )
    found = find_job(connection, datastore, job_id)
    assert found is not None
    return found


def find_job(connection: sqlite3.Connection, datastore: int, job_id: str) -> JobRow | None:
    """Return a data store's job."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM import_job WHERE datastore = ? AND id = ?", (datastore, job_id)
    ).fetchone()
    return None if row is None else _job(row)


def job_by_token(connection: sqlite3.Connection, datastore: int, token: str) -> JobRow | None:
    """Return the job that a client token has started."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM import_job WHERE datastore = ? AND token = ?", (datastore, token)
    ).fetchone()
    return None if row is None else _job(row)


def jobs_after(
    connection: sqlite3.Connection,
    datastore: int,
    limit: int,
    *,
    status: str | None = None,
    after: tuple[float, int] | None = None,
) -> Sequence[JobRow]:
    """Return a page of jobs, newest first; ``after``: (submitted, pk) of the last job of the page before."""
    submitted, pk = after or (float("inf"), 0)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM import_job WHERE datastore = ? AND (? IS NULL OR status = ?)"
        " AND (submitted, pk) < (?, ?) ORDER BY submitted DESC, pk DESC LIMIT ?",
        (datastore, status, status, submitted, pk, limit),
    ).fetchall()
    return [_job(row) for row in rows]


def unfinished(connection: sqlite3.Connection) -> Sequence[JobRow]:
    """Return all jobs that are neither completed nor failed, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM import_job WHERE status IN {_OPEN} ORDER BY submitted, pk"
    ).fetchall()
    return [_job(row) for row in rows]


def write_job(connection: sqlite3.Connection, job: JobRow) -> None:
    """Write what has changed of a job."""
    connection.execute(
        "UPDATE import_job SET status = ?, ended = ?, lease = ?, detail = ? WHERE pk = ?",
        (job.status.value, job.ended, job.lease, msgspec.json.encode(job.detail), job.pk),
    )
