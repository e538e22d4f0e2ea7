"""Import jobs from files: staged by ordinal, batched so that no series is torn, run, and their results read back."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from curator.buckets import Bucket
from curator.cli.sources import Source
from curator.errors import NotFound

if TYPE_CHECKING:
    from curator.dicom import Json
    from curator.healthimaging import HealthImaging, ImportJob

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
    """Who hears of progress: of files staged, and of files through, each by their number since the last time."""

    staged: Callable[[int], None] = lambda files: None
    imported: Callable[[int], None] = lambda files: None
    reading: Callable[[str], int] | None = None
    """How many files of a running job (by its id) are read, where the store can tell: the service cannot."""


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
        indexes = {file.name for file in Path(temporary, "all").iterdir() if _is_index(file)}
        try:
            for number, batch in enumerate(
                batches(sorted(Path(temporary, "all").iterdir()), largest, LARGEST_JOB), 1
            ):
                folder = Path(temporary, f"{number}")
                folder.mkdir(mode=0o700)
                for file in batch:
                    file.rename(folder / file.name)
                bucket.put(folder, f"{token}/{number}/in")
                job = _Job(imaging, bucket, f"{token}/{number}", role, f"{name}-{number}", len(batch), heard)
                yield _outcome(bucket, job.run(), names, indexes)
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
        heard.staged(1)
    return names


def batches(files: Sequence[Path], largest: int, most: int) -> Iterator[Sequence[Path]]:
    """Part the files into jobs of ``largest``, or of one larger series: whole while it has no more than ``most``.

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
        while len(batch) > most:
            yield batch[:most]
            batch = batch[most:]
    if batch:
        yield batch


_HEAD: Final = 1_024
"""Bytes of a file in which its file meta says what it is."""
_INDEX: Final = b"\x02\x00\x02\x00UI\x14\x001.2.840.10008.1.3.10"
"""Media Storage SOP Class UID (0002,0002) of a Media Storage Directory (PS3.10 8.6), as it is encoded."""
INDEX_SAYS: Final = "a DICOMDIR: an index of a medium, without images"


def _is_index(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
    except OSError:
        return False  # the job says what is wrong with it
    return head[128:132] == b"DICM" and _INDEX in head


def _series_of(file: Path) -> str:
    """Return the Series Instance UID; nothing for a file that cannot be read, which the job will name."""
    from pydicom import dcmread

    try:
        return str(
            dcmread(file, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"]).SeriesInstanceUID
        )
    except Exception:  # whatever the bytes: the job says what is wrong with them
        return ""


@dataclass(slots=True)
class _Job:
    """One job over what lies below ``prefix``/in."""

    imaging: HealthImaging
    bucket: Bucket
    prefix: str
    role: str
    name: str
    files: int
    heard: Heard
    told: int = 0

    def run(self) -> str:
        """Start the job, wait for it, and return where in the bucket its results lie."""
        base = f"s3://{self.bucket.name}/{self.prefix}"
        token = secrets.token_hex(16)
        job_id = self.imaging.start_import(
            self.name, f"{base}/in/", f"{base}/out/", self.role, client_token=token
        )
        pause = 0.5 if self.heard.reading else 10.0
        ended = self.imaging.wait_for_import(job_id, pause=pause, progress=self._look)
        self._tell(self.files)
        return ended.output_uri.removeprefix(f"s3://{self.bucket.name}/").rstrip("/")

    def _look(self, job: ImportJob) -> None:
        if self.heard.reading:
            self._tell(self.heard.reading(job.id))

    def _tell(self, done: int) -> None:
        if done > self.told:
            self.heard.imported(done - self.told)
            self.told = done


def _outcome(bucket: Bucket, place: str, names: Mapping[str, str], indexes: Container[str]) -> Outcome:
    return Outcome(
        json.loads(bucket.read(f"{place}/job-output-manifest.json"))["jobSummary"],
        _entries(bucket, f"{place}/SUCCESS/success.ndjson", names, "importResponse"),
        _entries(bucket, f"{place}/FAILURE/failure.ndjson", names, "exception", indexes),
        _entries(bucket, f"{place}/WARNING/warning.ndjson", names, "warning"),
    )


def _entries(
    bucket: Bucket, key: str, names: Mapping[str, str], told: str, indexes: Container[str] = ()
) -> list[Entry]:
    """Read a result list, with the staged ordinals turned back into the files' names; a missing list is empty.

    Of ``indexes`` the reason is that they are: the service names an element that they lack.
    """
    try:
        lines: list[dict[str, Any]] = [json.loads(line) for line in bucket.read(key).splitlines() if line]
    except NotFound:
        return []
    entries = []
    for line in lines:
        ordinal = line["inputFile"].rpartition("/")[2]
        what = line[told] | ({"message": INDEX_SAYS} if ordinal in indexes else {})
        entries.append(Entry(names.get(ordinal, line["inputFile"]), what))
    return entries
