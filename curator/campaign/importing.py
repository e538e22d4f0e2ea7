"""The import of a campaign: instances out as files, rewritten, and in again as a new image set; exactly once.

The files lie in a bucket under a name that the plan's digest and the step give, and so does the job's client token:
whoever goes on after a kill finds the same job or starts it, never a second one. They are removed when the outcome is
on the disk.
"""

# ruff: noqa: D102  (intent, send and look are `calls.Action`'s, and described there)

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from curator.buckets import Bucket, FolderBucket
from curator.campaign.calls import Caller, Outcome, Stopped
from curator.campaign.elsewhere import LOCAL_ROLE, Doors
from curator.campaign.journal import Status
from curator.dicom import Json
from curator.errors import NotFound
from curator.part10 import Unwritable, instance_file
from curator.plan.importing import rewritten
from curator.plan.renames import Renames
from curator.plan.units import Import, Unit
from curator.printable import plural
from curator.project import private_folder, write_private

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging, ImportJob

AT_ONCE: Final = 4
"""Instances read at the same time; the service allows 50 a second (guide, throttling limits)."""
SHORT: Final = "short"
"""The member of an outcome that says what the job did not import."""


@dataclass(frozen=True)
class ImportAction:
    """One StartDICOMImportJob of the plan: what is staged, started, waited for and read back."""

    caller: Caller
    unit: Unit
    index: int
    step: Import
    doors: Doors

    def intent(self) -> Mapping[str, Json]:
        return {
            "op": "StartDICOMImportJob",
            "source": self.step.set,
            "source_version": self.step.version,
            "name": self.step.into,
            "job": self.job_name,
            "files": self.step.files,
        }

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        self.clean()
        try:
            self._stage()
        except Unwritable:
            self.clean()
            raise
        base = f"s3://{self.bucket.name}/{self.prefix}"
        job_id = self.target.start_import(
            self.job_name,
            f"{base}/in/",
            f"{base}/out/",
            self.step.role or LOCAL_ROLE,
            client_token=self.prefix,
        )
        return self._ended(job_id)

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        # assumption: ListDICOMImportJobs shows a job as soon as it was accepted; its client token guards the rest.
        for job in self.target.import_jobs():
            if job.name == self.job_name:
                return self._ended(job.id)
        return None

    def clean(self) -> None:
        """Remove what was staged and what the job wrote; harmless to repeat."""
        shutil.rmtree(self._room, ignore_errors=True)
        self.bucket.clean(self.prefix)

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def prefix(self) -> str:
        """Where the files lie in the bucket, and the job's client token: the plan's digest and the step give it."""
        said = f"{self.doors.digest}/{self.unit.number}/{self.index}"
        return f"curator-{hashlib.sha256(said.encode()).hexdigest()[:40]}"

    @property
    def job_name(self) -> str:
        """By which the job is found again."""
        return self.prefix

    @cached_property
    def target(self) -> HealthImaging:
        """The door to the store that is imported into."""
        return self.doors.at(self.step.store)

    @cached_property
    def bucket(self) -> Bucket:
        """Where the job finds its files."""
        return self.doors.bucket(self.step)

    @property
    def _room(self) -> Path:
        """Where files are written before they are in the bucket: on the bucket's own file system, if it has one."""
        root = self.bucket.root if isinstance(self.bucket, FolderBucket) else self.doors.folder / "staging"
        return private_folder(root) / f".{self.prefix}"

    # ── the files ────────────────────────────────────────────────────────────────────────────────────────

    def _stage(self) -> None:
        """Write every file (0600) under its ordinal and put them into the bucket."""
        source = self.caller.imaging
        original = source.document(self.step.set, self.step.version)
        patch = next(each for each in self.unit.patches if each.set == self.step.set)
        document = rewritten(original, patch.patch, self.step.chosen)
        renames = Renames.of(patch.patch)
        study = str(original.study.get("StudyInstanceUID") or "")
        folder = private_folder(self._room / "in")
        total = self.step.files

        def write(entry: tuple[int, tuple[str, str]]) -> None:
            number, (uid, sop) = entry
            self.caller.check_stopped()
            file = source.instance_dicom(self.step.set, study, uid, sop, transfer_syntax="*")
            try:
                made = instance_file(file, document, renames.instances.get(sop, sop))
            except Unwritable as error:
                raise Unwritable(
                    f"image set {self.step.set}, instance {number} of {total}: {error.message}"
                ) from None
            write_private(folder / f"{number:05d}.dcm", made)

        listed = [(uid, sop) for uid, sops in self.step.chosen.items() for sop in sops]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(write, enumerate(listed, 1)):
                pass
        self.bucket.put(folder, f"{self.prefix}/in")
        shutil.rmtree(self._room, ignore_errors=True)

    # ── the job ──────────────────────────────────────────────────────────────────────────────────────────

    def _ended(self, job_id: str) -> Outcome:
        """Wait for the job and return what it made."""
        job = self._waited(job_id)
        if job.status == "FAILED":
            self.clean()
            from curator.healthimaging.failures import without_uids

            raise Stopped(Status.FAILED, f"import job {job_id} FAILED: {without_uids(job.message)}")
        place = job.output_uri.removeprefix(f"s3://{self.bucket.name}/").rstrip("/")
        try:
            manifest = json.loads(self.bucket.read(f"{place}/job-output-manifest.json"))
        except NotFound:
            raise Stopped(
                Status.OPEN, f"import job {job_id} has ended, and its results are not in the bucket any more"
            ) from None
        sets = [str(one["imageSetId"]) for one in manifest["jobSummary"].get("imageSetsSummary", [])]
        outcome: Outcome = {"job": job_id}
        refused = self._refused(place)
        if refused or len(sets) != 1:
            outcome[SHORT] = (
                f"import job {job_id} made {plural(len(sets), 'image set')} of {plural(self.step.files, 'instance')}"
                + (f" and refused {sum(refused.values())}: {', '.join(sorted(refused))}" if refused else "")
            )
        if sets:
            try:
                version = self._at_target.settled(sets[0]).version
            except NotFound:
                raise Stopped(
                    Status.MOVED,
                    f"image set {sets[0]}, which import job {job_id} made, is not there any more",
                ) from None
            outcome |= {"set": sets[0], "version": version, "name": self.step.into, "others": [*sets[1:]]}
        return outcome

    def _waited(self, job_id: str) -> ImportJob:
        waited, pause = 0.0, 0.05
        while True:
            job = self.target.import_job(job_id)
            if job.ended:
                return job
            if self.caller.stopped.wait(pause):
                self.caller.check_stopped()
            waited += pause
            if waited > 24 * 3600:
                raise Stopped(Status.OPEN, f"import job {job_id} is still {job.status}")
            pause = min(10.0 if self.caller.remote else 0.5, pause * 1.5)

    def _refused(self, place: str) -> dict[str, int]:
        """Return how many files the job refused, by the kind of failure: messages may hold values."""
        try:
            lines = self.bucket.read(f"{place}/FAILURE/failure.ndjson").splitlines()
        except NotFound:
            return {}
        kinds = [str(json.loads(line)["exception"].get("exceptionType", "")) for line in lines if line]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    @property
    def _at_target(self) -> Caller:
        return at(self.caller, self.target)


def at(caller: Caller, imaging: HealthImaging) -> Caller:
    """Return the caller at another data store; what it records goes to the same unit."""
    from dataclasses import replace

    return caller if imaging is caller.imaging else replace(caller, imaging=imaging)
