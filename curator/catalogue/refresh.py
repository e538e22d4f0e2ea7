"""Bringing the catalogue up to date: list, say what it costs, then read each new version once.

Listing (SearchImageSets) and states (GetImageSet) touch nothing; GetImageSetMetadata is a **touch** that moves a set
back to the dearer storage tier, so the number is said first. Fetching runs in threads, writing in the caller's;
each document is committed as it comes, so that a stopped refresh goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from curator.catalogue import following, tagged
from curator.catalogue.reading import ReadDocument, read_document
from curator.catalogue.store import Shelf, State, Summary, packed_parts
from curator.catalogue.tagged import Tags
from curator.errors import Cancelled, NotFound, ServiceError, StoreError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.catalogue.following import Feed
    from curator.healthimaging import HealthImaging, ImageSetSummary

Progress = Callable[[int, int], None]
"""(done, of how many)"""

THREADS: Final = 16
"""In flight at once: 50 reads a second at about 100 ms each need a dozen (guide, "Throttling limits")."""
_COMMIT_EVERY: Final = 64
_COMMIT_SECONDS: Final = 1.0
_METADATA_RATE: Final = 50.0
_STATE_RATE: Final = 25.0
_TAG_RATE: Final = 10.0
_LISTED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class ReadCost:
    """What a refresh reads. ``touches`` cost money: GetImageSetMetadata of versions not in the catalogue yet."""

    image_sets: int
    touches: int
    states: int
    tags: int
    deleted: int
    listing: int = 0

    @property
    def seconds(self) -> float:
        """The least time it takes at the service's rates (guide, "Throttling limits")."""
        return max(self.touches / _METADATA_RATE, self.states / _STATE_RATE, self.tags / _TAG_RATE)

    @property
    def nothing(self) -> bool:
        """Whether the catalogue is up to date."""
        return not (self.touches or self.states or self.tags)

    @property
    def anything(self) -> bool:
        """Whether a refresh would change the catalogue."""
        return bool(self.deleted) or not self.nothing

    def __str__(self) -> str:
        if self.nothing:
            return f"{plural(self.image_sets, 'image set')}, all in the catalogue: nothing to read"
        text = (
            f"{plural(self.image_sets, 'image set')}; reads {plural(self.touches, 'metadata document')} (each a touch)"
            f" and {plural(self.states, 'state')}"
        )
        if self.tags:
            text += f" and {plural(self.tags, 'set of tags', 'sets of tags')}"
        return f"{text}: at least {_duration(self.seconds)} at the service's rates"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: documents read, sets whose document could not be read (named by id), sets found deleted."""

    documents: int
    problems: tuple[str, ...]
    deleted: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be read of one image set."""

    n: int
    id: str
    version: int
    document: bool
    state: bool
    tags: bool


@dataclass(frozen=True, slots=True)
class Got:
    """What was read of one image set, ready to be stored."""

    task: Task
    read: ReadDocument | None
    packed: dict[bytes, bytes]
    state: State | None
    tags: dict[str, str] | None
    problem: str
    gone: bool = False


Fetch = Callable[[Iterable[Task]], Iterator[Got]]

_PENDING: Final = """
SELECT n, id, version,
  read_version IS NOT version AND (problem='' OR state='LOCKED') AS wants_document,
  state_of IS NOT version OR state='LOCKED' OR (read_version IS NOT version AND problem='') AS wants_state,
  {tags} AS wants_tags
FROM image_set WHERE NOT deleted AND (wants_document OR wants_state OR wants_tags) ORDER BY updated_at DESC
"""


def plan_refresh(
    shelf: Shelf,
    imaging: HealthImaging,
    *,
    tags: Tags,
    feed: Feed | None = None,
    whole: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> ReadCost:
    """List the data store, note what is new, and return what reading it costs.

    With a ``feed`` only what it tells of is asked for, unless ``whole``.
    """
    listing = int(shelf.one("SELECT value FROM fact WHERE name='listing'") or 0)
    if (
        feed is not None
        and not whole
        and following.note_changed(shelf, imaging, feed, listing, lambda: _stop_if(cancelled))
    ):
        return cost_of(shelf, tags=tags, told=True, listing=listing)
    # What happens while it is listed is told again the next time.
    mark, changed = (
        feed.changed_since(imaging.datastore_id, following.mark_of(shelf)) if feed else ("", list[str]())
    )
    listing += 1
    for batch in _pages(imaging.search()):
        with shelf.transaction():
            shelf.note((_summary(each) for each in batch), listing)
        _stop_if(cancelled)
    with shelf.transaction():
        shelf.run("INSERT OR REPLACE INTO fact VALUES ('listing', ?)", (listing,))
        shelf.run("INSERT OR REPLACE INTO fact VALUES ('listed_at', ?)", (time.time(),))
        if feed is not None:
            following.set_mark(shelf, mark)
            tagged.doubt(shelf, changed)  # the listing does not tell of them
    return cost_of(shelf, tags=tags, told=feed is not None, listing=listing)


def _pages(found: Iterator[ImageSetSummary]) -> Iterator[list[ImageSetSummary]]:
    while page := list(islice(found, _LISTED_AT_ONCE)):
        yield page


def cost_of(shelf: Shelf, *, tags: Tags, told: bool, listing: int) -> ReadCost:
    """Count what is pending after a listing; ``told``: by a feed, which tells of changed tags too."""
    record = shelf.all(
        f"SELECT count(*), sum(wants_document), sum(wants_state), sum(wants_tags) FROM ({_pending(tags, told)})"
    )[0]
    unseen = shelf.one("SELECT count(*) FROM image_set WHERE NOT deleted AND listed<?", (listing,))
    total = shelf.one("SELECT count(*) FROM image_set WHERE NOT deleted AND listed>=?", (listing,))
    return ReadCost(total, record[1] or 0, (record[2] or 0), record[3] or 0, unseen, listing)


def _pending(tags: Tags, told: bool) -> str:
    return _PENDING.format(tags=tagged.wanted(tags, told=told))


def refresh(
    shelf: Shelf,
    imaging: HealthImaging,
    *,
    cost: ReadCost | None,
    tags: Tags,
    feed: Feed | None = None,
    progress: Progress,
    cancelled: Callable[[], bool],
    threads: int = THREADS,
    fetch: Fetch | None = None,
) -> Refreshed:
    """Read what is pending. Raises `Cancelled` when asked to stop; what was read until then is kept.

    ``fetch`` reads elsewhere than in threads here, in any order.
    """
    cost = cost or plan_refresh(shelf, imaging, tags=tags, feed=feed, cancelled=cancelled)
    deleted = _settle_unseen(shelf, imaging, cost.listing, cancelled)
    documents = done = total = 0
    problems: list[str] = []
    try:
        for tasks in _rounds(shelf, tags, feed is not None):
            total += len(tasks)
            progress(done, total)
            brought = fetch(tasks) if fetch is not None else _fetched(tasks, imaging, threads, cancelled)
            for batch in _in_batches(brought):
                with shelf.transaction():
                    for got in batch:
                        _store(shelf, got)
                documents += sum(got.read is not None for got in batch)
                problems += [got.task.id for got in batch if got.problem]
                deleted += sum(got.gone for got in batch)
                done += len(batch)
                progress(done, total)
                _stop_if(cancelled)
    finally:
        if documents or deleted:
            shelf.forget()
        if documents or deleted or shelf.one("SELECT 1 FROM fact WHERE name='uncounted'"):
            count_conflicts(shelf)
    with shelf.transaction():
        shelf.run("INSERT OR REPLACE INTO fact VALUES ('refreshed_at', ?)", (time.time(),))
    return Refreshed(documents, tuple(problems), deleted)


def _rounds(shelf: Shelf, tags: Tags, told: bool) -> Iterator[list[Task]]:
    """Yield what is to be read; then, of what the documents showed to be torn, the tags that were not wanted before."""
    tasks = [
        Task(n, identifier, version, bool(document), bool(state), bool(wanted))
        for n, identifier, version, document, state, wanted in shelf.all(_pending(tags, told))
    ]
    yield tasks
    if tags is not Tags.NONE and any(task.document for task in tasks):
        tried = {task.n for task in tasks if task.tags}
        sql = f"SELECT n, id, version FROM image_set WHERE NOT deleted AND {tagged.wanted(tags, told=True)}"
        again = [
            Task(n, identifier, version, False, False, True)
            for n, identifier, version in shelf.all(sql)
            if n not in tried
        ]
        if again:
            yield again


def _settle_unseen(shelf: Shelf, imaging: HealthImaging, listing: int, cancelled: Callable[[], bool]) -> int:
    """Mark sets that a full listing did not show and GetImageSet does not know as deleted.

    One that is still there was missed by the listing (search is not promised to be consistent) and stays.
    """
    gone = 0
    for n, identifier in shelf.all("SELECT n, id FROM image_set WHERE NOT deleted AND listed<?", (listing,)):
        _stop_if(cancelled)
        try:
            state = imaging.image_set(identifier).state
        except NotFound:
            state = "DELETED"
        if state == "DELETED":
            shelf.run("UPDATE image_set SET deleted=1, state='DELETED', status='DELETED' WHERE n=?", (n,))
            gone += 1
    return gone


def _fetched(
    tasks: Iterable[Task], imaging: HealthImaging, threads: int, cancelled: Callable[[], bool]
) -> Iterator[Got]:
    """Yield what the threads bring, in no order, with a bounded number in flight."""
    queue = iter(tasks)
    with ThreadPoolExecutor(threads, thread_name_prefix="catalogue") as pool:
        running: set[Future[Got]] = {
            pool.submit(fetch_one, imaging, task) for task in islice(queue, threads * 2)
        }
        try:
            while running:
                finished, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                _stop_if(cancelled)
                for future in finished:
                    yield future.result()
                running |= {pool.submit(fetch_one, imaging, task) for task in islice(queue, len(finished))}
        except BaseException:
            for future in running:
                future.cancel()
            raise


def fetch_one(imaging: HealthImaging, task: Task) -> Got:
    """Fetch what one task asks for. A set that cannot be read is a result, not an end of the refresh."""
    state: State | None = None
    read: ReadDocument | None = None
    tags: dict[str, str] | None = None
    problem = ""
    try:
        if task.state or task.tags:
            found = imaging.image_set(task.id)
            state = State(found.state, found.workflow, found.message, found.is_primary)
            if task.tags:
                tags = imaging.tags(found.arn)
        if task.document:
            read = read_document(imaging.metadata(task.id, str(task.version)))
    except NotFound:
        # Deleted since the listing, or (a failed operation's version) without a document of its own.
        gone = state is None or state.state == "DELETED"
        return Got(task, None, {}, state, tags, "" if gone else "NotFound", gone=gone)
    except ServiceError as error:
        if error.code in {"", "ThrottlingException", "AccessDeniedException"}:
            raise
        problem = error.code
    except StoreError as error:
        problem = str(error)
    return Got(task, read, packed_parts(read) if read else {}, state, tags, problem)


def _in_batches(found: Iterator[Got]) -> Iterator[list[Got]]:
    """Gather results until there are enough, or a second has passed, for one transaction."""
    batch: list[Got] = []
    begun = time.monotonic()
    try:
        for got in found:
            batch.append(got)
            if len(batch) >= _COMMIT_EVERY or time.monotonic() - begun >= _COMMIT_SECONDS:
                yield batch
                batch, begun = [], time.monotonic()
    except (Cancelled, ServiceError):
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _store(shelf: Shelf, got: Got) -> None:
    task = got.task
    if got.gone:
        shelf.run("UPDATE image_set SET deleted=1, state='DELETED', status='DELETED' WHERE n=?", (task.n,))
        return
    if got.state is not None:
        shelf.note_state(task.n, task.version, got.state)
    if got.tags is not None:
        tagged.keep(shelf, task.n, got.tags)
    if got.read is not None:
        shelf.put(task.n, task.version, got.read, got.packed, latest=True)
    elif got.problem:
        shelf.run("UPDATE image_set SET problem=? WHERE n=?", (got.problem, task.n))


def _summary(found: ImageSetSummary) -> Summary:
    def text(key: str) -> str:
        return str(found.dicom.get(key, "")).strip()

    return Summary(
        found.id,
        int(found.version),
        found.created_at.timestamp() if found.created_at else 0.0,
        found.updated_at.timestamp() if found.updated_at else 0.0,
        found.is_primary,
        found.storage_tier,
        text("DICOMPatientId"),
        text("DICOMPatientName"),
        text("DICOMStudyInstanceUID"),
        text("DICOMStudyDescription"),
        text("DICOMAccessionNumber"),
        text("DICOMStudyDate"),
        text("DICOMSeriesInstanceUID"),
        text("DICOMSeriesModality"),
    )


def _stop_if(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled(
            "The refresh was stopped.", hint="what was read is kept; the next refresh reads the rest"
        )


_CONFLICTED: Final = """
WITH member AS NOT MATERIALIZED (SELECT * FROM series WHERE n NOT IN (SELECT n FROM merged_away)),
conflicted(n, level) AS (
  SELECT n, 'series' FROM member WHERE in_series IN (
    SELECT in_series FROM member GROUP BY in_series HAVING min(series_says)<>max(series_says))
  UNION SELECT n, 'place' FROM member WHERE in_series IN (
    SELECT in_series FROM member GROUP BY in_series HAVING min(series_stands)<>max(series_stands))
  UNION SELECT n, 'study' FROM member WHERE in_study<>0 AND in_study IN (
    SELECT in_study FROM member GROUP BY in_study HAVING min(study_says)<>max(study_says))
  UNION SELECT n, 'patient' FROM member WHERE in_patient<>0 AND in_patient IN (
    SELECT in_patient FROM member GROUP BY in_patient HAVING min(patient_says)<>max(patient_says)))
SELECT count(*), n FROM conflicted GROUP BY n
"""


def count_conflicts(shelf: Shelf) -> None:
    """Count for each image set on how many levels it disagrees with its series, study or patient.

    Those that were merged away are found first: they count for none.
    """
    with shelf.transaction():
        tagged.settle_merged(shelf)
        shelf.run("DELETE FROM fact WHERE name='uncounted'")
        shelf.run("UPDATE image_set SET conflicts=0 WHERE conflicts<>0")
        shelf.many("UPDATE image_set SET conflicts=? WHERE n=?", shelf.all(_CONFLICTED))
