"""Bringing the catalogue up to date by what a data store tells of its changes, instead of listing all of it.

A store that keeps its events (the embedded one) writes them with what they tell of, in one transaction, so no change
is without one. The catalogue remembers a mark: the last event that it knows. Where the store does not know the mark
(the catalogue is new, the folder was put back from a copy), everything is listed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol

from curator.catalogue.store import Shelf
from curator.errors import NotFound

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

_MARK: Final = "followed"
FEW: Final = 200
"""So many changed image sets are asked for one by one in any data store; beyond, up to a tenth of all of them."""


class Feed(Protocol):
    """What tells of a data store's changes."""

    def changed_since(self, datastore_id: str, mark: str) -> tuple[str, list[str] | None]:
        """Return the mark of now, and the ids of the image sets changed since ``mark``: None where it is not known."""
        ...


def mark_of(shelf: Shelf) -> str:
    """Return the mark up to which the catalogue knows what happened, "" where it never followed."""
    return str(shelf.one("SELECT value FROM fact WHERE name=?", (_MARK,)) or "")


def set_mark(shelf: Shelf, mark: str) -> None:
    """Remember that everything up to ``mark`` is noted; in the transaction that notes the last of it."""
    shelf.run("INSERT OR REPLACE INTO fact VALUES (?, ?)", (_MARK, mark))


def note_changed(
    shelf: Shelf, imaging: HealthImaging, feed: Feed, listing: int, stop_if: Callable[[], None]
) -> bool:
    """Note what became of the image sets that changed, one GetImageSet each; False where all must be listed."""
    mark, changed = feed.changed_since(imaging.datastore_id, mark_of(shelf))
    known = int(shelf.one("SELECT count(*) FROM image_set WHERE NOT deleted"))
    if changed is None or len(changed) > max(FEW, known // 10):
        return False
    records: list[tuple[object, ...]] = []
    gone: list[str] = []
    for identifier in changed:
        stop_if()
        try:
            found = imaging.image_set(identifier)
        except NotFound:
            gone.append(identifier)
            continue
        if found.state == "DELETED":
            gone.append(identifier)
            continue
        times = [moment.timestamp() if moment else 0.0 for moment in (found.created_at, found.updated_at)]
        records.append(
            (identifier, int(found.version), *times, found.is_primary, found.storage_tier, listing)
        )
    with shelf.transaction():
        shelf.many(_CHANGED, records)
        _unlist(shelf, gone)
        set_mark(shelf, mark)
    return True


def _unlist(shelf: Shelf, gone: Iterable[str]) -> None:
    """Let deleted image sets be what a listing did not show: the refresh settles them."""
    shelf.many("UPDATE image_set SET listed=0 WHERE id=? AND NOT deleted", [(each,) for each in gone])


_CHANGED: Final = """
INSERT INTO image_set(id, version, created_at, updated_at, is_primary, tier, listed) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT(id) DO UPDATE SET version=excluded.version, created_at=excluded.created_at,
  updated_at=excluded.updated_at, is_primary=excluded.is_primary, tier=excluded.tier, listed=excluded.listed, deleted=0,
  state_of=NULL, tags=NULL, problem=''
"""
