"""``import``: DICOM files, folders and zip archives become image sets."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, json_option, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.buckets import Bucket
    from curator.cli.import_jobs import Heard, Outcome
    from curator.healthimaging import HealthImaging

BUCKET = "curator-import"
LOCAL_ROLE = "arn:aws:iam::000000000000:role/curator"
"""A role's form, for stores that have no roles."""
LOCAL_JOB = 500
"""Files of one job for a store on this machine: small enough that progress is seen and Ctrl-C loses little."""

IMAGE_SETS = {"imageSetId": "image set", "instances": "instances"}
FAILURES = {"file": "file", "exceptionType": "failure", "message": "reason"}
WARNINGS = {"file": "file", "warningType": "warning", "level": "level", "attribute": "element"}


@click.command(name="import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH..."
)
@click.option(
    "--bucket", "bucket_name", metavar="NAME", help="aws: the S3 bucket to upload to; it is cleaned up after."
)
@click.option(
    "--role", metavar="ARN", help="aws: the role by which HealthImaging reads and writes the bucket."
)
@json_option
@click.pass_obj
def import_(
    workbench: Workbench,
    paths: tuple[Path, ...],
    bucket_name: str | None,
    role: str | None,
    form: Form | None,
) -> int:
    """Import DICOM files, folders and zip archives; prints the manifest of the import job.

    Exits 1 when a file could not be imported; each is listed with its reason. Ctrl-C ends after the running job:
    what was imported stays.

    \b
    Examples:
      curator import /data/ct study.zip
      curator --store aws:ID import /data/ct --bucket my-inbox --role arn:aws:iam::123456789012:role/ahi-import
    """
    from curator.cli.import_jobs import LARGEST_JOB, run_imports
    from curator.cli.sources import hard_link, soft_link, sources

    with _bucket(workbench, bucket_name, role) as (imaging, bucket, staging, on_this_machine):
        found = sources(paths, hard_link if on_this_machine else soft_link)
        with _progress(workbench) as heard:
            outcomes = list(
                run_imports(
                    imaging,
                    bucket,
                    found,
                    role=role or LOCAL_ROLE,
                    largest=LOCAL_JOB if on_this_machine else LARGEST_JOB,
                    staging=staging,
                    heard=heard,
                )
            )
    if not outcomes:
        raise UsageError("there is no file to import below the paths given")
    _tell(outcomes, form)
    return _summarize(workbench, outcomes)


@contextmanager
def _bucket(
    workbench: Workbench, name: str | None, role: str | None
) -> Iterator[tuple[HealthImaging, Bucket, Path | None, bool]]:
    """Open the store with a bucket for the import: yields the door, the bucket, where to stage, and if it is local."""
    from curator.buckets import FolderBucket, S3Bucket
    from curator.project import home, private_folder

    spec = workbench.spec()
    if spec.startswith("aws:"):
        import boto3

        from curator.healthimaging.failures import explained

        if not name or not role:
            raise UsageError(
                "an import into AWS needs --bucket and --role", hint="guide: Getting started, import role"
            )
        with explained("sign in"):
            s3 = boto3.client("s3")
        yield workbench.imaging, S3Bucket(name, s3), None, False
        return
    if spec.startswith("local"):
        import tempfile

        with tempfile.TemporaryDirectory(prefix="import-", dir=private_folder(home())) as folder:
            root = Path(folder)
            (root / "bucket").mkdir(mode=0o700)
            workbench.map_buckets({BUCKET: root / "bucket"})
            yield workbench.imaging, FolderBucket(BUCKET, root / "bucket"), root, True
        return
    served = workbench.store().served
    if not served.get("bucket"):
        raise UsageError(
            "this served store has no bucket that curator can reach",
            hint="import on the machine and as the user that runs `curator serve`",
        )
    root = Path(served["bucket"])
    yield workbench.imaging, FolderBucket(served["bucket_name"], root), root.parent, True


@contextmanager
def _progress(workbench: Workbench) -> Iterator[Heard]:
    """Show on stderr how far the import is, how fast, and how long it will still take."""
    from curator.cli.import_jobs import Heard

    reading = _reading(workbench)
    if workbench.quiet or not sys.stderr.isatty():
        counted = _Counted(workbench.say)
        yield Heard(counted.staged, counted.imported, reading)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    left = TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), *left)
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=0, rate="")

        def staged(files: int) -> None:
            shown.update(task, total=(shown.tasks[0].total or 0) + files)

        def imported(files: int) -> None:
            shown.advance(task, files)
            speed = shown.tasks[0].speed
            shown.update(task, rate=f"{speed:.0f} files/s" if speed else "")

        yield Heard(staged, imported, reading)


def _reading(workbench: Workbench) -> Callable[[str], int] | None:
    """Return what tells how many files of a job are read; only a store in this process can."""
    local = workbench.store().local
    if local is None:
        return None

    def reading(job_id: str) -> int:
        progress = local.imports.progress(job_id)
        return progress.read if progress else 0

    return reading


class _Counted:
    """Writes a line now and then: for logs, where a bar would not do."""

    EVERY = 5.0
    """Seconds between two lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._begin = self._said = time.monotonic()
        self._total = self._done = 0

    def staged(self, files: int) -> None:
        """Hear that files were staged."""
        self._total += files

    def imported(self, files: int) -> None:
        """Hear that files are through."""
        self._done += files
        now = time.monotonic()
        if now - self._said >= self.EVERY and self._done < self._total:
            self._said = now
            rate = self._done / (now - self._begin)
            left = (self._total - self._done) / rate
            self._say(f"{self._done} of {self._total} files, {rate:.0f} files/s, {left:.0f} s left")


def _tell(outcomes: Sequence[Outcome], form: Form | None) -> None:
    """Print the manifest: tables for a person, otherwise JSON, one job its own document and several as ``jobs``."""
    if sys.stdout.isatty() and form is None:
        write_rows(IMAGE_SETS, _image_sets(outcomes), Form.TABLE, empty="no image set was made")
        failures = [{"file": entry.file, **entry.told} for outcome in outcomes for entry in outcome.failures]
        if failures:
            write_rows(FAILURES, failures, Form.TABLE)
        warnings = [{"file": entry.file, **entry.told} for outcome in outcomes for entry in outcome.warnings]
        if warnings:
            write_rows(WARNINGS, warnings, Form.TABLE)
        return
    documents = [
        {
            "jobSummary": outcome.summary,
            "failures": [{"inputFile": entry.file, **entry.told} for entry in outcome.failures],
            "warnings": [{"inputFile": entry.file, **entry.told} for entry in outcome.warnings],
        }
        for outcome in outcomes
    ]
    write_json(documents[0] if len(documents) == 1 else {"jobs": documents})


def _image_sets(outcomes: Sequence[Outcome]) -> Iterator[Mapping[str, object]]:
    for outcome in outcomes:
        made = outcome.summary.get("imageSetsSummary")
        for entry in made if isinstance(made, list) else []:
            assert isinstance(entry, dict)
            yield {
                "imageSetId": entry.get("imageSetId"),
                "instances": entry.get("numberOfMatchedSOPInstances"),
            }


def _summarize(workbench: Workbench, outcomes: Sequence[Outcome]) -> int:
    """Say in a sentence what came of it and return the exit code."""

    def total(key: str) -> int:
        return sum(int(str(outcome.summary.get(key, 0))) for outcome in outcomes)

    failed = sum(len(outcome.failures) for outcome in outcomes)
    warned = sum(len(outcome.warnings) for outcome in outcomes)
    workbench.say(
        f"{total('numberOfImportedFiles'):,} of {plural(total('numberOfScannedFiles'), 'file')} imported into "
        f"{plural(total('numberOfGeneratedImageSets'), 'image set')}; {failed:,} failed, {plural(warned, 'warning')}"
    )
    return 1 if failed else 0
