"""What a profile would do with each value: what a reviewer is shown before deciding it.

A value of an element is decided once for all documents, so the answers of several documents are put together:
where they differ (the same word is one subject's name and another's anatomy), all are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from curator.deid.decisions import Decisions, as_text, objection
from curator.deid.engine import Engine
from curator.deid.ruled import Deidentification
from curator.deid.subject import Subject
from curator.dicom.dictionary import tag_of_key
from curator.findings import Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata

_OPAQUE: Final = frozenset({"SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN", "UI"})
_SHOWN: Final = 3

Key = tuple[str, str, str]
"""(path without indices, VR, value): what a decision is keyed by."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """One value of one document that nobody decided, and what the profile would do with it."""

    path: ElementPath
    vr: str
    value: str = field(repr=False)
    would: str = field(repr=False)

    @property
    def key(self) -> Key:
        """What a decision about it would be keyed by."""
        return str(self.path.generic()), self.vr, self.value


def undecided(
    asked: Deidentification, engine: Engine, doc: ImageSetMetadata, about: Subject
) -> Iterator[Undecided]:
    """Yield the document's values that can be decided and are not, with what would become of each."""
    vrs: dict[str, str] = {}
    for path, value, would in _all(asked, engine, doc, about):
        generic = str(path.generic())
        vr = vrs.get(generic) or vrs.setdefault(generic, doc.vr_of(path))
        if vr in _OPAQUE or value == "" or is_decided(engine.decisions, path, vr, value):
            continue
        if objection(generic, vr) is None:
            yield Undecided(path, vr, value, would)


def would_do(
    asked: Deidentification, engine: Engine, about: Subject, documents: Iterable[ImageSetMetadata]
) -> dict[Key, set[str]]:
    """Return what becomes of each value of one subject's documents."""
    found: dict[Key, set[str]] = {}
    for doc in documents:
        vrs: dict[str, str] = {}
        for path, value, would in _all(asked, engine, doc, about):
            generic = str(path.generic())
            vr = vrs.get(generic) or vrs.setdefault(generic, doc.vr_of(path))
            found.setdefault((generic, vr, value), set()).add(would)
    return found


def in_words(would: Iterable[str]) -> str:
    """Return several answers as one text."""
    words = sorted(set(would))
    more = f" | and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return " | ".join(words[:_SHOWN]) + more


def is_decided(decisions: Decisions, path: ElementPath, vr: str, value: str) -> bool:
    """Say whether somebody decided this value."""
    if not decisions:
        return False
    tags = tuple(tag_of_key(key) or 0 for key in path.keys)
    return value in decisions.at(tags, (vr,) if vr != "UN" else ())


def _all(
    asked: Deidentification, engine: Engine, doc: ImageSetMetadata, about: Subject
) -> Iterator[tuple[ElementPath, str, str]]:
    changes = {change.path: change for change in asked.outcome(engine, doc, about).changes}
    for path, value in doc.elements():
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield path, as_text(value), _would(path, changes)


def _would(path: ElementPath, changes: Mapping[ElementPath, Change]) -> str:
    for end in range(1, len(path.steps) + 1, 2):
        above = changes.get(ElementPath(path.level, path.series, path.instance, path.steps[:end]))
        if above is None:
            continue
        if isinstance(above.after, Absent):
            return "remove" if end == len(path.steps) else f"remove, with {above.path.key}"
        if above.after is None:
            return "empty"
        return (
            f"becomes {as_text(above.after)}" if end == len(path.steps) else f"replace, with {above.path.key}"
        )
    return "keep"
