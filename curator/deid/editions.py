"""What changes between two editions of Table E.1-1: row by row, and on one's own data.

A table of another edition is text of the same form (`curator.deid.profilefile.read_table`). Most rows that change never
occur in an archive; what counts is which of its elements would be treated otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from curator.deid.engine import Engine
from curator.deid.reason import Reason
from curator.dicom.confidentiality import Row, Table
from curator.imageset import ImageSetMetadata


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that one edition has and the other has not, or has otherwise."""

    tag: str
    name: str
    before: Row | None
    after: Row | None


@dataclass(slots=True)
class ElementChange:
    """An element of one's own data that another edition treats otherwise; ``count`` counts its occurrences."""

    element: str
    before: str
    after: str
    count: int = 0


Key: TypeAlias = tuple[str, str, str]


def rows(before: Table, after: Table) -> Iterator[RowChange]:
    """Yield the rows that differ, by tag."""
    old = {row.tag: row for row in before.rows}
    new = {row.tag: row for row in after.rows}
    for tag in sorted(old.keys() | new.keys()):
        one, other = old.get(tag), new.get(tag)
        if (
            one is None
            or other is None
            or (one.basic, dict(one.options)) != (other.basic, dict(other.options))
        ):
            named = other or one
            assert named is not None
            yield RowChange(tag, named.name, one, other)


def on_documents(engine: Engine, after: Table, documents: Iterable[ImageSetMetadata]) -> list[ElementChange]:
    """Return the elements that the profile treats otherwise with the table ``after``, most frequent first."""
    other = engine.with_profile(replace(engine.profile, table=after))
    found: dict[Key, ElementChange] = {}
    for doc in documents:
        for path, _ in doc.elements():
            here, there = engine.reason_at(doc, path), other.reason_at(doc, path)
            if here is None or there is None or _treated(here) == _treated(there):
                continue
            key = str(path.generic()), _treated(here), _treated(there)
            change = found.setdefault(key, ElementChange(*key))
            change.count += 1
    return sorted(found.values(), key=lambda each: (-each.count, each.element))


def _treated(reason: Reason) -> str:
    return f"{reason.verdict.code} ({reason.action.name.lower()})"
