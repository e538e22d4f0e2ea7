"""An open data store as the workbench uses it. Every method takes time: call it from a `Work` thread only."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from curator.catalogue import Catalogue, ReadCost, Tags
from curator.catalogue.rows import Row
from curator.errors import ServiceError, StoreError
from curator.healthimaging import HealthImaging, ImageSetSummary
from curator.known_stores import Known, pinned, remember
from curator.project import Project
from curator.tui.image_set_columns import row_of
from curator.tui.memory import Memory, keep, kept

if TYPE_CHECKING:
    from curator.healthimaging import ImageSetProperties
    from curator.imageset import ImageSetMetadata
    from curator.stores import OpenStore
    from curator.tui.work import Ticket

KEPT_DOCUMENTS = 8
BATCH = 2000
FIRST_BATCH = 50
FIRST_ROWS = 500
THREADS = 4  # for reading an embedded store: more would only wait for each other


class Session:
    """One open store and the catalogue of it. Versions never change, so the last few documents are kept."""

    def __init__(self, store: OpenStore, project: Project) -> None:
        self.store = store
        self.project = project
        self.imaging = store.imaging
        self.catalogue = Catalogue.open(project, store.imaging.datastore_id)
        self.memory = kept(project, store.imaging.datastore_id)
        self.closed = False
        self.rest_until = 0.0
        self.walked: list[str] = []  # the campaigns that were applied since it was opened, in that order
        self.profile = ""  # the profile that values were last decided for
        self.known = Known(pinned(store.spec, store.imaging.datastore_id), str(project.root.absolute()))
        self._documents: OrderedDict[tuple[str, str], ImageSetMetadata] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def open(cls, spec: str, *, project: str | Path | None, read_only: bool) -> Session:
        """Open the store that ``spec`` names, in a project (default: the user's)."""
        from curator.stores import open_store

        folder = Project.open(Path(project) if project is not None else None)
        store = open_store(spec, read_only=read_only)
        try:
            return cls(store, folder)
        except BaseException:
            store.close()
            raise

    def note_opened(self) -> None:
        """Note, for the list of stores, that this one was opened now."""
        try:
            name = self.imaging.datastore().name
        except ServiceError:
            return  # out of reach, or not for this person
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.known = msgspec.structs.replace(self.known, name=name, opened=now)
        remember(self.known)

    @property
    def embedded(self) -> bool:
        """Tell whether it is an embedded store: reading costs nothing, and files can be imported."""
        return self.store.local is not None

    @property
    def _tags(self) -> Tags:
        """Whose tags are read: elsewhere they cost, and what is tagged here is noted as it is done."""
        return Tags.TORN if self.embedded else Tags.NONE

    def leave_as(self, memory: Memory) -> None:
        """Keep how the store is left; that it cannot be kept is no reason to stay."""
        self.memory = memory
        with contextlib.suppress(StoreError):
            keep(self.project, self.imaging.datastore_id, memory)

    def close(self) -> None:
        """Close the store; work that still runs in it fails."""
        if not self.closed:
            self.closed = True
            self.catalogue.close()
            self.store.close()

    # --- the list

    def rows(
        self,
        ticket: Ticket,
        came: Callable[[Sequence[Row]], None],
        known: Callable[[Sequence[Row]], None],
        *,
        whole: bool = False,
    ) -> list[Row]:
        """Return all image sets, up to date: an embedded store tells what changed, unless ``whole``.

        On the way ``came`` gets the first ones (of the catalogue, else as they are listed), ``known`` all that
        the catalogue holds; if that is so still, the same list is returned. Listing touches nothing. What the documents say is read only from an embedded
        store: elsewhere it costs, and is asked for by `read_documents`.
        """
        first, listings = self.catalogue.rows(limit=FIRST_ROWS), self.catalogue.listings
        came(first)
        rows: list[Row] = []
        if len(first) == FIRST_ROWS:
            rows = self.catalogue.rows()
            known(rows)
        door: HealthImaging = self.imaging if first else _ToldListing(self.imaging, ticket, came)
        cost = self._news(ticket, door, whole=whole)
        if rows and self.embedded and not cost.anything and cost.listing == listings:
            return rows  # nothing happened since they were read
        if self.embedded and cost.anything:
            if not first:
                known(self.catalogue.rows())
            self.read_documents(ticket, cost)
        return self.catalogue.rows()

    def rows_now(self, ticket: Ticket) -> list[Row]:
        """Return all image sets of an embedded store, after what other programs did to it.

        A large store takes its time: nine times as long is then left to the user (`rest_until`, monotonic seconds).
        """
        begun, self.rest_until = time.monotonic(), math.inf
        try:
            cost = self._news(ticket, self.imaging)
            if cost.anything:
                self.read_documents(ticket, cost)
            return self.catalogue.rows()
        finally:
            ended = time.monotonic()
            self.rest_until = ended + 9 * (ended - begun)

    def _news(self, ticket: Ticket, door: HealthImaging, *, whole: bool = False) -> ReadCost:
        cost = self.catalogue.plan_refresh(
            door, tags=self._tags, feed=self.store.local, whole=whole, cancelled=lambda: ticket.cancelled
        )
        ticket.check()
        return cost

    def behind(self) -> bool:
        """Tell whether something happened in an embedded store since the list was read."""
        feed = self.store.local
        return feed is not None and self.catalogue.behind(feed, self.imaging.datastore_id)

    def read_documents(
        self, ticket: Ticket, cost: ReadCost | None = None, *, tags: Tags | None = None
    ) -> None:
        """Read into the catalogue what is not in it, and other tags than lists need if they are asked for."""

        def progress(done: int, total: int) -> None:
            ticket.done, ticket.total = done, total
            ticket.changed()

        words: dict[str, Any] = {"threads": THREADS} if self.embedded else {}
        self.catalogue.refresh(
            self.imaging,
            cost=cost,
            tags=tags or self._tags,
            feed=self.store.local,
            progress=progress,
            cancelled=lambda: ticket.cancelled,
            **words,
        )

    def read_cost(self) -> ReadCost:
        """Return what reading all that the list shows and the catalogue does not hold costs."""
        return self.catalogue.cost()

    def read_these(self, ticket: Ticket, ids: Sequence[str]) -> None:
        """Read the documents of some image sets into the catalogue."""
        from concurrent.futures import ThreadPoolExecutor

        def fetch(image_set: str) -> None:
            row = None if ticket.cancelled else self.catalogue.row(image_set)
            if row is not None:
                self.catalogue.fetch(self.imaging, row.id, str(row.version))

        with ThreadPoolExecutor(THREADS, thread_name_prefix="documents") as pool:
            for done, _ in enumerate(pool.map(fetch, ids), 1):
                ticket.done, ticket.total = done, len(ids)
                ticket.changed()
        self.catalogue.count_conflicts()
        ticket.check()

    # --- one image set

    def state(self, image_set: str, version: str | None = None) -> ImageSetProperties:
        """Return the image set's state, at its latest version or a given one."""
        return self.imaging.image_set(image_set, version)

    def versions(self, image_set: str) -> list[ImageSetProperties]:
        """Return all versions, the newest first."""
        return sorted(self.imaging.versions(image_set), key=lambda state: int(state.version), reverse=True)

    def document(self, image_set: str, version: str) -> ImageSetMetadata:
        """Return the document at a version; from the service it is read once and kept in the catalogue."""
        key = (image_set, version)
        with self._lock:
            if key in self._documents:
                self._documents.move_to_end(key)
                return self._documents[key]
        document = self.catalogue.fetch(self.imaging, image_set, version)
        with self._lock:
            self._documents[key] = document
            while len(self._documents) > KEPT_DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    # --- writes

    def revert(self, image_set: str, version: str, to: str) -> str:
        """Make a new version with the content of ``to``, wait until it is there, and return it."""
        new = self.imaging.revert(image_set, version, to)
        self.imaging.wait(image_set, new)
        return new


class _ToldListing(HealthImaging):
    """The same door, which tells of image sets while they are listed: the first listing may take minutes."""

    def __init__(self, door: HealthImaging, ticket: Ticket, came: Callable[[Sequence[Row]], None]) -> None:
        super().__init__(door.client, door.datastore_id, limiter=door.limiter, read_only=True)
        self._ticket = ticket
        self._came = came

    def search(
        self, filters: Sequence[Mapping[str, Any]] = (), sort: Mapping[str, Any] | None = None
    ) -> Iterator[ImageSetSummary]:
        """Yield what the service lists, and tell of it in batches, the first one small."""
        batch: list[Row] = []
        limit = FIRST_BATCH
        for count, summary in enumerate(super().search(filters, sort), 1):
            batch.append(row_of(summary))
            if len(batch) >= limit:
                self._ticket.report(count)
                self._came(batch)
                batch, limit = [], BATCH
            yield summary
        if batch:
            self._came(batch)
