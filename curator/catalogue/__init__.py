"""The local index of a data store: what lists, checks, `values` and the terminal interface read.

One SQLite file (0600) a data store under the project, the same for an embedded store and for AWS. It repeats what
the service holds, keyed by image set and version, and since versions never change each is read once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from curator.catalogue import refresh as _refresh
from curator.catalogue import schema, tagged
from curator.catalogue.facets import FACETS
from curator.catalogue.following import Feed, mark_of
from curator.catalogue.reading import hash64, read_document
from curator.catalogue.refresh import Progress, ReadCost, Refreshed
from curator.catalogue.rows import COLUMNS, SORTS, Row, from_records
from curator.catalogue.store import Shelf, State, Summary, packed_parts
from curator.catalogue.tagged import Tags
from curator.catalogue.view import CatalogueView
from curator.catalogue.where import Where
from curator.dicom.levels import Level
from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.catalogue.values import DistinctValue
    from curator.checks.view import Flattened, ImportFailure
    from curator.healthimaging import HealthImaging
    from curator.imageset import ImageSetMetadata
    from curator.project import Project

__all__ = [
    "Catalogue",
    "Feed",
    "Progress",
    "ReadCost",
    "Refreshed",
    "Row",
    "State",
    "Summary",
    "Tags",
    "Where",
]


class Catalogue:
    """The open catalogue of one data store. Methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shelf = Shelf(path)

    @classmethod
    def open(cls, project: Project | Path, datastore_id: str) -> Catalogue:
        """Open, or make, the catalogue of a data store in a project (or in a folder)."""
        folder = project if isinstance(project, Path) else project.catalogues
        return cls(folder / f"{datastore_id}.sqlite")

    def close(self) -> None:
        """Close the file."""
        self._shelf.close()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # ── filling ──────────────────────────────────────────────────────────────────────────────────────

    def plan_refresh(
        self,
        imaging: HealthImaging,
        *,
        tags: Tags = Tags.NONE,
        feed: Feed | None = None,
        whole: bool = False,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ReadCost:
        """List the data store (touching nothing) and return what reading the news costs.

        ``feed`` (an embedded store) tells what changed since the last time: only that is asked for, unless ``whole``.
        """
        return _refresh.plan_refresh(
            self._shelf, imaging, tags=tags, feed=feed, whole=whole, cancelled=cancelled
        )

    def behind(self, feed: Feed, datastore_id: str) -> bool:
        """Return whether something happened in the data store that the catalogue does not know of."""
        known = mark_of(self._shelf)
        mark, changed = feed.changed_since(datastore_id, known)
        return mark != known and (changed is None or bool(changed))

    def refresh(
        self,
        imaging: HealthImaging,
        *,
        cost: ReadCost | None = None,
        tags: Tags = Tags.NONE,
        feed: Feed | None = None,
        progress: Progress = lambda done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
        threads: int = _refresh.THREADS,
        fetch: _refresh.Fetch | None = None,
    ) -> Refreshed:
        """Read each version not yet here, once. ``cost``: a `plan_refresh` just made, which spares a second listing.

        ``tags`` says whose tags are read too; ``feed`` is that of `plan_refresh`. Raises `Cancelled`; what was read until then stays.
        """
        return _refresh.refresh(
            self._shelf,
            imaging,
            cost=cost,
            tags=tags,
            feed=feed,
            progress=progress,
            cancelled=cancelled,
            threads=threads,
            fetch=fetch,
        )

    def put(
        self, summary: Summary, blob: bytes, state: State | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        """Store one image set's latest version without asking the service, for those who have it in hand."""
        read = read_document(blob)
        packed = packed_parts(read)
        shelf = self._shelf
        with shelf.transaction():
            listing = int(shelf.one("SELECT value FROM fact WHERE name='listing'") or 0)
            shelf.note([summary], listing)
            n = shelf.one("SELECT n FROM image_set WHERE id=?", (summary.id,))
            shelf.put(n, summary.version, read, packed, latest=True)
            shelf.note_state(n, summary.version, state or State("ACTIVE", "CREATED", "", summary.primary))
            if tags is not None:
                tagged.keep(shelf, n, tags)

    def note_tags(self, image_set_id: str, put: Mapping[str, str], removed: Collection[str] = ()) -> None:
        """Keep what was just tagged, so that nobody has to ask for it: listings do not tell of tags."""
        tagged.note(self._shelf, image_set_id, put, removed)

    def count_conflicts(self) -> None:
        """Find what was merged away, and recount each row's conflicts; `refresh` does it, after `put` it is for the caller."""
        _refresh.count_conflicts(self._shelf)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────

    def rows(
        self,
        where: Where | None = None,
        sort: str | None = None,
        *,
        deleted: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Row]:
        """Return the image sets that ``where`` matches, the last updated first, at most ``limit`` from ``offset`` on.

        ``sort``: a name of `SORTS`, ``-`` before it turns it. Without ``where`` a first page comes at once, however
        many there are.
        """
        hidden = "" if deleted else "WHERE deleted=0"
        sql = f"SELECT {COLUMNS} FROM image_set {hidden} ORDER BY {_order(sort)}, id"
        if where is None or not where.terms:
            return from_records(
                self._shelf.all(f"{sql} LIMIT ? OFFSET ?", (-1 if limit is None else limit, offset))
            )
        lookup = self._lookup() if where.keywords else (lambda row, keyword: "")
        found = [row for row in from_records(self._shelf.all(sql)) if where.matches(row, lookup)]
        return found[offset : None if limit is None else offset + limit]

    def row(self, image_set_id: str) -> Row | None:
        """Return one image set's row."""
        records = self._shelf.all(f"SELECT {COLUMNS} FROM image_set WHERE id=?", (image_set_id,))
        return from_records(records)[0] if records else None

    def sharing(self, image_set_id: str, level: Level) -> list[str]:
        """Return the other image sets of the same patient, study or series (by ``level``), in the order of ids."""
        column = {Level.PATIENT: "patient_id", Level.STUDY: "study_uid", Level.SERIES: "series_uid"}.get(
            level
        )
        if column is None:
            return []
        sql = (
            f"SELECT id FROM image_set WHERE deleted=0 AND id<>?1 AND {column}<>''"
            f" AND {column}=(SELECT {column} FROM image_set WHERE id=?1) ORDER BY id"
        )
        return [identifier for (identifier,) in self._shelf.all(sql, (image_set_id,))]

    def facets(self, where: Where | None = None) -> dict[str, list[tuple[str, int]]]:
        """Return, for what lists can be narrowed by, each value with its count, the most frequent first."""
        rows = self.rows(where)
        return {facet.name: Counter(map(facet.text, rows)).most_common() for facet in FACETS}

    def texts(self, keyword: str, cancelled: Callable[[], bool] = lambda: False) -> dict[str, str]:
        """Return the text of a Patient, Study or Series element in each image set that has one (as filters see it)."""
        lookup, found = self._lookup(), {}
        for row in self.rows():
            if cancelled():
                break
            if text := lookup(row, keyword):
                found[row.id] = text
        return found

    def _lookup(self) -> Callable[[Row, str], str]:
        """Return the lookup of Patient, Study and Series elements for filters."""
        from curator.deid.decisions import as_text

        view = self.view()
        sql = "SELECT i.id, s.patient, s.study, s.series FROM series s JOIN image_set i USING (n) ORDER BY s.uid DESC"
        digests = {identifier: levels for identifier, *levels in self._shelf.all(sql)}

        @lru_cache(maxsize=65536)
        def text(digest: bytes, keyword: str) -> str | None:
            elements = view.elements(digest)
            return as_text(elements[keyword]).strip() if keyword in elements else None

        def lookup(row: Row, keyword: str) -> str:
            found = (text(digest, keyword) for digest in digests.get(row.id, ()))
            return next((each for each in found if each is not None), "")

        return lookup

    def document(self, image_set_id: str, version: str | int | None = None) -> ImageSetMetadata | None:
        """Return a document from the catalogue, by default the newest read; None where it was never read."""
        from curator.imageset import ImageSetMetadata

        if version is None:
            version = self._shelf.one("SELECT read_version FROM image_set WHERE id=?", (image_set_id,))
        text = None if version is None else self._shelf.document(image_set_id, int(version))
        return None if text is None else ImageSetMetadata.parse(text)

    def fetch(self, imaging: HealthImaging, image_set_id: str, version: str) -> ImageSetMetadata:
        """Return a document, from the catalogue or else from the service (a touch), and keep it."""
        found = self.document(image_set_id, version)
        if found is not None:
            return found
        read = read_document(imaging.metadata(image_set_id, version))
        packed = packed_parts(read)
        shelf = self._shelf
        with shelf.transaction():
            shelf.run(
                "INSERT OR IGNORE INTO image_set(id, version) VALUES (?, ?)", (image_set_id, int(version))
            )
            n, latest, known = shelf.all(
                "SELECT n, version, read_version FROM image_set WHERE id=?", (image_set_id,)
            )[0]
            newest = int(version) >= latest and int(version) >= (known or 0)
            shelf.put(n, int(version), read, packed, latest=newest)
        found = self.document(image_set_id, version)
        assert found is not None
        return found

    def torn(self) -> frozenset[str]:
        """Return the image sets of which a series lies in another one too, merged away or not."""
        sql = (
            "SELECT DISTINCT i.id FROM series s JOIN image_set i USING (n) WHERE NOT i.deleted AND s.in_series IN"
            " (SELECT in_series FROM series GROUP BY in_series HAVING count(*)>1)"
        )
        return frozenset(identifier for (identifier,) in self._shelf.all(sql))

    def deidentified(self) -> dict[str, list[tuple[str, int]]]:
        """Return (id, version) of the image sets whose document says that they are de-identified, by series."""
        sql = (
            "SELECT series_uid, id, version FROM image_set WHERE deidentified AND NOT deleted"
            " AND read_version IS version AND series_uid<>'' ORDER BY updated_at DESC, id"
        )
        found: dict[str, list[tuple[str, int]]] = {}
        for series, identifier, version in self._shelf.all(sql):
            found.setdefault(series, []).append((identifier, version))
        return found

    def merged_away(self) -> list[str]:
        """Return the image sets whose instances were all merged into another one, and that wait for `finish`."""
        sql = "SELECT id FROM merged_away JOIN image_set USING (n) WHERE NOT deleted ORDER BY id"
        return [identifier for (identifier,) in self._shelf.all(sql)]

    def holders(self, sop_instance_uid: str) -> list[str]:
        """Return the ids of the image sets that hold an instance."""
        sql = "SELECT i.id FROM instance x JOIN image_set i USING (n) WHERE x.sop=? AND NOT i.deleted ORDER BY i.id"
        return [identifier for (identifier,) in self._shelf.all(sql, (hash64(sop_instance_uid),))]

    def documents(self, ids: Sequence[str] = ()) -> Iterator[tuple[str, ImageSetMetadata]]:
        """Yield (image set id, newest document read), one at a time, of all sets or of those named."""
        for row in self.rows(sort="id"):
            if (not ids or row.id in ids) and (document := self.document(row.id)) is not None:
                yield row.id, document

    def values(self, element: str | None = None, ids: Sequence[str] = ()) -> list[DistinctValue]:
        """Return the distinct values of an element (or of all), with counts and image sets."""
        from curator.catalogue.values import distinct

        return distinct(self.documents(ids), element)

    def view(
        self,
        *,
        failures: Sequence[ImportFailure] = (),
        flattened: Sequence[Flattened] = (),
        now: float | None = None,
    ) -> CatalogueView:
        """Return the view that checks take."""
        return CatalogueView(self._shelf, failures=failures, flattened=flattened, now=now)

    @property
    def shelf(self) -> Shelf:
        """The file itself, for benchmarks."""
        return self._shelf

    def cost(self) -> ReadCost:
        """Return what reading costs of which the last listing told; asks nobody."""
        return _refresh.cost_of(self._shelf, tags=Tags.NONE, told=False, listing=self.listings)

    @property
    def listings(self) -> int:
        """How often the data store was listed; while it stays the same, rows change by what is read only."""
        return int(self._shelf.one("SELECT value FROM fact WHERE name='listing'") or 0)

    @property
    def refreshed_at(self) -> float | None:
        """When the last refresh ended (epoch seconds), None if none did."""
        moment: float | None = self._shelf.one("SELECT value FROM fact WHERE name='refreshed_at'")
        return moment

    @property
    def versions_held(self) -> int:
        """How many documents, old versions included, are in the catalogue."""
        return int(self._shelf.one("SELECT count(*) FROM document"))

    def purge(self) -> None:
        """Close and delete the catalogue's files."""
        self._shelf.close()
        schema.remove(self.path)


def _order(sort: str | None) -> str:
    if not sort:
        return "updated_at DESC"
    name = sort.removeprefix("-").lower()
    if name not in SORTS:
        raise UsageError(
            f"image sets cannot be sorted by {name!r}", hint=f"one of {', '.join(SORTS)}; -{name} turns it"
        )
    return f"{SORTS[name]} {'DESC' if sort.startswith('-') else 'ASC'}"
