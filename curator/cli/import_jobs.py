"""Import jobs from files: staged by ordinal, batched so that no series is torn, run, and their results read back."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.cli.buckets import Bucket
from curator.cli.sources import Source
from curator.errors import NotFound

if TYPE_CHECKING:
    from curator.dicom import Json
    from curator.healthimaging import HealthImaging

LARGEST_JOB = 5_000
"""Files of one import job (guide, quotas)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a job's result: the file as the person named it, and what became of it."""

    file: str
    told: Mapping[str, Json]


@dataclass(slots=True)
class Outcome:
    """What an import job did."""

    summary: dict[str, Json]
    successes: list[Entry] = field(default_factory=list)
    failures: list[Entry] = field(default_factory=list)
    warnings: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heard:
    """Who hears of progress: files and bytes staged, and files through."""

    staged: Callable[[int, int], None] = lambda files, size: None
    imported: Callable[[int], None] = lambda files: None


def run_imports(
    imaging: HealthImaging,
    bucket: Bucket,
    found: Iterable[Source],
    *,
    role: str,
    largest: int = LARGEST_JOB,
    staging: Path | None = None,
    heard: Heard | None = None,
    name: str = "curator",
) -> Iterator[Outcome]:
    """Stage the files, run the jobs one after the other, and yield each outcome.

    ``staging`` is the folder to stage in (for a `FolderBucket` on its file system). What was staged and written is
    removed, also after an error or Ctrl-C; jobs that were begun go on in the service.
    """
    heard = heard or Heard()
    token = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="curator-import-", dir=staging) as temporary:
        names = _stage(found, Path(temporary, "all"), heard)
        try:
            for number, batch in enumerate(batches(sorted(Path(temporary, "all").iterdir()), largest), 1):
                folder = Path(temporary, f"{number}")
                folder.mkdir(mode=0o700)
                for file in batch:
                    file.rename(folder / file.name)
                yield _run_one(imaging, bucket, folder, f"{token}/{number}", names, role, f"{name}-{number}")
                heard.imported(len(batch))
        finally:
            bucket.clean(token)


def _stage(found: Iterable[Source], folder: Path, heard: Heard) -> dict[str, str]:
    """Put every source into the folder under its ordinal; return ordinal → the person's name of the file."""
    folder.mkdir(mode=0o700)
    names = {}
    for number, source in enumerate(found, 1):
        ordinal = f"{number:07d}.dcm"
        source.place(folder / ordinal)
        names[ordinal] = source.name
        heard.staged(1, source.size)
    return names


def batches(files: Sequence[Path], largest: int) -> Iterator[Sequence[Path]]:
    """Part the files into jobs of at most ``largest``, keeping each series together while it fits into one.

    Each job makes image sets of its own, so a series in two jobs would be torn into two image sets.
    """
    if len(files) <= largest:
        if files:
            yield files
        return
    series: dict[str, list[Path]] = {}
    for file in files:
        series.setdefault(_series_of(file), []).append(file)
    batch: list[Path] = []
    for members in series.values():
        if batch and len(batch) + len(members) > largest:
            yield batch
            batch = []
        batch += members
        while len(batch) > largest:
            yield batch[:largest]
            batch = batch[largest:]
    if batch:
        yield batch


def _series_of(file: Path) -> str:
    """Return the Series Instance UID; nothing for a file that cannot be read, which the job will name."""
    from pydicom import dcmread

    try:
        return str(
            dcmread(file, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"]).SeriesInstanceUID
        )
    except Exception:  # whatever the bytes: the job says what is wrong with them
        return ""


def _run_one(
    imaging: HealthImaging,
    bucket: Bucket,
    folder: Path,
    prefix: str,
    names: Mapping[str, str],
    role: str,
    name: str,
) -> Outcome:
    bucket.put(folder, f"{prefix}/in", lambda size: None)
    job_id = imaging.start_import(
        name,
        f"s3://{bucket.name}/{prefix}/in/",
        f"s3://{bucket.name}/{prefix}/out/",
        role,
        client_token=secrets.token_hex(16),
    )
    output = imaging.wait_for_import(job_id).output_uri
    place = output.removeprefix(f"s3://{bucket.name}/").rstrip("/")
    summary = json.loads(bucket.read(f"{place}/job-output-manifest.json"))["jobSummary"]
    return Outcome(
        summary,
        _entries(bucket, f"{place}/SUCCESS/success.ndjson", names, "importResponse"),
        _entries(bucket, f"{place}/FAILURE/failure.ndjson", names, "exception"),
        _entries(bucket, f"{place}/WARNING/warning.ndjson", names, "warning"),
    )


def _entries(bucket: Bucket, key: str, names: Mapping[str, str], told: str) -> list[Entry]:
    """Read a result list, with the staged ordinals turned back into the files' names; a missing list is empty."""
    try:
        lines: list[dict[str, Any]] = [json.loads(line) for line in bucket.read(key).splitlines() if line]
    except NotFound:
        return []
    return [
        Entry(names.get(line["inputFile"].rpartition("/")[2], line["inputFile"]), line[told])
        for line in lines
    ]
