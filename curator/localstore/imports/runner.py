"""Runs import jobs in the background of an open store, one after the other, under leases.

A job's files are read first, on both cores where that pays; then one transaction stores its image sets, writes its
results and completes it. Killed before that, it leaves only frames that no set refers to, and whoever opens the
folder after the lease has expired starts it again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from curator.errors import CuratorError
from curator.localstore.dicomfile.refusal import ImportException
from curator.localstore.events import import_job_event
from curator.localstore.faults import Fault
from curator.localstore.imports.buckets import input_files, locate
from curator.localstore.imports.grouping import group_instances
from curator.localstore.imports.manifests import JobResult, write_results
from curator.localstore.imports.packing import PackedInstance
from curator.localstore.imports.publishing import publish
from curator.localstore.imports.reading import FileFailure
from curator.localstore.imports.rows import JobRow, JobStatus, find_job, unfinished, write_job
from curator.localstore.imports.workers import FileReading
from curator.localstore.storage import Storage

__all__ = ["LEASE_SECONDS", "JobRunner", "Progress"]

LEASE_SECONDS: Final = 30.0
MAX_JOB_BYTES: Final = 10 * 10**9
"""Guide, "Service quotas": size of all files of an import job."""

_log = logging.getLogger(__name__)


class _Interrupted(Exception):
    """The store is being closed, or somebody else has the job."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job's files are read."""

    read: int
    files: int


class JobRunner:
    """The jobs that this process runs for one open store."""

    def __init__(self, storage: Storage, buckets: Mapping[str, Path]) -> None:
        self.storage = storage
        self.buckets = buckets
        self.owner = secrets.token_hex(8)
        self._queue: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._waiting: set[str] = set()
        self._progress: dict[str, Progress] = {}
        self._reading: FileReading | None = None
        self._thread: threading.Thread | None = None
        self._heart: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._idle = threading.Condition(self._lock)

    # ── from the outside ──────────────────────────────────────────────────────────────────────────────

    def submit(self, datastore_id: str, job_id: str) -> None:
        """Run a job whose lease is ours, after those submitted before."""
        with self._lock:
            self._waiting.add(job_id)
            if self._thread is None:
                # A daemon: a process that ends mid-import leaves the job to whoever opens the store next.
                self._thread = threading.Thread(target=self._serve, name="curator-import", daemon=True)
                self._thread.start()
                self._heart = threading.Thread(target=self._beat, name="curator-import-lease", daemon=True)
                self._heart.start()
        self._queue.put((datastore_id, job_id))

    def resume(self) -> int:
        """Take over every job whose runner has not renewed its lease, and return how many there are."""
        now = self.storage.clock()
        connection = self.storage.database.connection()
        if not any((job.lease or 0) < now for job in unfinished(connection)):
            return 0
        with self.storage.transaction() as connection:
            taken = [job for job in unfinished(connection) if (job.lease or 0) < now]
            ids = dict(connection.execute("SELECT pk, id FROM datastore").fetchall())
            for job in taken:
                detail = msgspec.structs.replace(job.detail, owner=self.owner)
                write_job(connection, replace(job, lease=now + LEASE_SECONDS, detail=detail))
        for job in taken:
            self.submit(ids[job.datastore], job.id)
        return len(taken)

    def progress(self, job_id: str) -> Progress | None:
        """Return how far a job of this process is; None before it begins and after it ends."""
        return self._progress.get(job_id)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no job of this process is left; False if that takes longer than ``timeout`` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._waiting, timeout)

    def close(self) -> None:
        """Stop between two files and give up the leases: the next to open the folder goes on at once."""
        self._closing.set()
        self._queue.put(None)
        if self._reading is not None:
            self._reading.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._heart is not None:
            self._heart.join()
            self._heart = None

    # ── in the thread ─────────────────────────────────────────────────────────────────────────────────

    def _serve(self) -> None:
        while (asked := self._queue.get()) is not None:
            datastore_id, job_id = asked
            try:
                if not self._closing.is_set():
                    self._run(datastore_id, job_id)
            except _Interrupted:
                pass
            except Exception as error:
                # Nothing of a file's content may reach a log: the kind of error is all that is said.
                _log.error("import job %s stopped: %s", job_id, type(error).__name__)
                self._fail(datastore_id, job_id, error)
            finally:
                if self._closing.is_set():
                    self._release(datastore_id, job_id)
                self._progress.pop(job_id, None)
                with self._idle:
                    self._waiting.discard(job_id)
                    self._idle.notify_all()

    def _ours(self, datastore_id: str, job_id: str) -> JobRow:
        """Return the job if it is still ours to run, inside the caller's transaction."""
        connection = self.storage.database.connection()
        store = self.storage.datastore(connection, datastore_id)
        job = find_job(connection, store.pk, job_id)
        if (
            job is None
            or job.detail.owner != self.owner
            or job.status
            not in (
                JobStatus.SUBMITTED,
                JobStatus.IN_PROGRESS,
            )
        ):
            raise _Interrupted
        return job

    def _run(self, datastore_id: str, job_id: str) -> None:
        with self.storage.transaction():
            job = self._ours(datastore_id, job_id)
            self._write(datastore_id, replace(job, status=JobStatus.IN_PROGRESS))
        source = locate(job.detail.input_uri, self.buckets, "inputS3Uri")
        target = locate(job.detail.output_uri, self.buckets, "outputS3Uri")
        files = input_files(source, self.storage.limits.import_files)
        if sum(path.stat().st_size for _, path in files) > MAX_JOB_BYTES:
            raise Fault(
                "ServiceQuotaExceededException",
                "inputS3Uri holds more than 10 GB, the quota of an import job",
            )
        instances: list[PackedInstance] = []
        failures: list[FileFailure] = []
        self._progress[job_id] = Progress(0, len(files))
        self._reading = reading = FileReading(files, self.storage.frames)
        if self._closing.is_set():
            raise _Interrupted
        for done, outcome in enumerate(reading, start=1):
            if isinstance(outcome, FileFailure):
                failures.append(outcome)
            else:
                instances.append(outcome)
            self._progress[job_id] = Progress(done, len(files))
            if self._closing.is_set():
                raise _Interrupted
        groups = group_instances(instances, last_wins=self.storage.edition.primary_image_sets)
        with self.storage.transaction() as connection:
            job = self._ours(datastore_id, job_id)
            stored, refused = publish(self.storage, connection, datastore_id, groups)
            result = JobResult(
                job_id=job_id,
                datastore_id=datastore_id,
                input_uri=job.detail.input_uri,
                output_uri=job.detail.output_uri,
                scanned=len(files),
                image_sets=stored,
                failures=sorted([*failures, *refused], key=lambda failure: failure.source),
                told_primary=self.storage.edition.primary_image_sets,
            )
            write_results(target.root / target.key, result)
            self._write(datastore_id, replace(job, status=JobStatus.COMPLETED))

    def _write(self, datastore_id: str, job: JobRow, message: str | None = None) -> None:
        """Write a job's status and tell of it, inside the caller's transaction."""
        now = self.storage.clock()
        ended = job.status in (JobStatus.COMPLETED, JobStatus.FAILED)
        connection = self.storage.database.connection()
        write_job(
            connection,
            replace(
                job,
                ended=now if ended else None,
                lease=None if ended else now + LEASE_SECONDS,
                detail=msgspec.structs.replace(
                    job.detail, message=message, owner="" if ended else self.owner
                ),
            ),
        )
        tell_job(self.storage, datastore_id, job)

    def _beat(self) -> None:
        """Say that this process lives, for the running job and for those that wait behind it; a file may take minutes."""
        while not self._closing.wait(LEASE_SECONDS / 3):
            if not self._waiting:
                continue
            with contextlib.suppress(CuratorError), self.storage.transaction() as connection:
                lease = self.storage.clock() + LEASE_SECONDS
                for job in unfinished(connection):
                    if job.detail.owner == self.owner:
                        write_job(connection, replace(job, lease=lease))

    def _release(self, datastore_id: str, job_id: str) -> None:
        try:
            with self.storage.transaction() as connection:
                write_job(connection, replace(self._ours(datastore_id, job_id), lease=0.0))
        except (_Interrupted, CuratorError, Fault):
            pass  # the lease runs out by itself

    def _fail(self, datastore_id: str, job_id: str, error: Exception) -> None:
        if isinstance(error, Fault | CuratorError):
            message = error.message
        else:
            message = f"{ImportException.SERVER.value}: {type(error).__name__}"
        try:
            with self.storage.transaction():
                job = self._ours(datastore_id, job_id)
                self._write(datastore_id, replace(job, status=JobStatus.FAILED), message)
        except (_Interrupted, CuratorError, Fault):
            pass  # a full disk: the job is still there, to be resumed when there is room


def tell_job(storage: Storage, datastore_id: str, job: JobRow) -> None:
    """Record a job's status as an event, inside the caller's transaction."""
    import_job_event(
        storage.database.connection(),
        storage.clock(),
        datastore_id,
        job_id=job.id,
        job_name=job.detail.name or "",
        status=job.status.value,
        input_uri=job.detail.input_uri,
        output_uri=job.detail.output_uri,
    )
