"""What tags say, as far as the catalogue must know: which are read, and which image sets were merged away.

A tag changes neither the version nor (assumption) ``updatedAt`` of an image set, so that no listing tells of it.
What curator tags itself is noted as it is done; what others tag is read again where it may have changed: after an
embedded store told of it, and where another image set of the same series has a new version, as a merge or its undoing
makes one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from curator.catalogue.opened import Opened
from curator.checks.tags import MERGED_INTO


class Tags(StrEnum):
    """Whose tags a refresh reads: two calls each."""

    NONE = "none"
    TORN = "torn"  # of image sets whose series lies in several: they may be merged already
    COPIES = (
        "copies"  # and of all that may be copies, which are never primary (guide, "Copying an image set")
    )


_TORN: Final = (
    "n IN (SELECT n FROM series WHERE in_series IN"
    " (SELECT in_series FROM series GROUP BY in_series HAVING count(*)>1))"
)
_UNREAD: Final = {
    Tags.TORN: f"tags IS NULL AND {_TORN}",
    Tags.COPIES: f"tags IS NULL AND (is_primary IS NOT 1 OR {_TORN})",
}
_OURS: Final = "tags LIKE '%\"curator:%'"


def wanted(tags: Tags, *, told: bool) -> str:
    """Return the SQL condition of the image sets whose tags are to be read.

    Those with tags of ours are read again each time, since those tags come and go, unless changes are ``told``.
    """
    if tags is Tags.NONE:
        return "0"
    unread = _UNREAD[tags]
    if told:
        return f"({unread})"
    ours = _OURS if tags is Tags.COPIES else f"{_OURS} AND {_TORN}"
    return f"({unread} OR {ours})"


def keep(shelf: Opened, n: int, tags: Mapping[str, str] | None) -> None:
    """Keep an image set's tags (None: they are to be read), and that conflicts must be counted anew if they differ."""
    text = None if tags is None else msgspec.json.encode(tags, order="sorted").decode()
    if shelf.one("SELECT tags IS NOT ? FROM image_set WHERE n=?", (text, n)):
        shelf.run("UPDATE image_set SET tags=? WHERE n=?", (text, n))
        shelf.run("INSERT OR REPLACE INTO fact VALUES ('uncounted', 1)")


def note(shelf: Opened, image_set_id: str, put: Mapping[str, str], removed: Collection[str]) -> None:
    """Keep what was just tagged, beside what is known; nothing of an image set that is not in the catalogue."""
    with shelf.transaction():
        for n, text in shelf.all("SELECT n, tags FROM image_set WHERE id=?", (image_set_id,)):
            known = {} if text is None else msgspec.json.decode(text, type=dict[str, str])
            told = {key: value for key, value in (known | dict(put)).items() if key not in removed}
            keep(shelf, n, told or None)


def doubt(shelf: Opened, ids: Iterable[str] | None) -> None:
    """Let the tags of these image sets be read again; None: of all."""
    if ids is None:
        shelf.run("UPDATE image_set SET tags=NULL WHERE tags IS NOT NULL")
    else:
        shelf.many("UPDATE image_set SET tags=NULL WHERE id=?", [(each,) for each in ids])


def doubt_siblings(shelf: Opened, n: int) -> None:
    """Let the tags of the others of an image set's series be read again, for it has a new version.

    Tags of ours stay until then: what is known of a merge is better than nothing.
    """
    shelf.run(
        "UPDATE image_set SET tags=NULL WHERE tags IS NOT NULL AND NOT " + _OURS + " AND n<>?1 AND n IN"
        " (SELECT o.n FROM series s JOIN series o USING (in_series) WHERE s.n=?1)",
        (n,),
    )


_MERGED: Final = f"""
SELECT s.n, t.n FROM image_set s JOIN image_set t ON t.id=json_extract(s.tags, '$."{MERGED_INTO}"')
WHERE s.tags LIKE '%"{MERGED_INTO}"%' AND NOT s.deleted AND NOT t.deleted
  AND EXISTS (SELECT 1 FROM instance x WHERE x.n=s.n)
  AND NOT EXISTS (SELECT 1 FROM instance x WHERE x.n=s.n AND NOT EXISTS
    (SELECT 1 FROM instance y WHERE y.sop=x.sop AND y.n=t.n AND y.pixels=x.pixels))
"""


def settle_merged(shelf: Opened) -> None:
    """Find the image sets that are merged away: tagged so, and all their instances, by pixels too, in the other one.

    As `finish` does, it believes no tag alone: where an instance was left out, the set still holds something. Of sets
    that are said to be merged into each other all stay.
    """
    into: dict[int, int] = dict(shelf.all(_MERGED))
    shelf.run("DELETE FROM merged_away")
    shelf.many("INSERT INTO merged_away VALUES (?)", [(n,) for n in into if not _comes_back(n, into)])


def _comes_back(n: int, into: Mapping[int, int]) -> bool:
    seen = {n}
    at = into[n]
    while at in into and at not in seen:
        seen.add(at)
        at = into[at]
    return at == n
