"""Which image sets a saved edit is for, as a condition of its rule: those it was made in, and no others.

Ids do not survive a fresh copy of a store, so an image set is named by its series; and, where another image set is of the
same series or only some instances were edited, by SOP Instance UIDs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from curator.dicom.levels import Level
from curator.findings import Change
from curator.imageset import ElementPath, ImageSetMetadata
from curator.rulefile.writing import Asked, asked

_SERIES, _INSTANCE = "SeriesInstanceUID", "SOPInstanceUID"
_MOST = 10_000  # texts in one `in:`


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The condition of each decision, and how many decisions no condition can bind to their image sets."""

    conditions: Mapping[Asked, Mapping[str, object]]
    unbound: int


@dataclass(frozen=True, slots=True)
class _Content:
    """What names an image set in any copy of its store."""

    series: tuple[str, ...]
    instances: tuple[str, ...]

    @classmethod
    def of(cls, document: ImageSetMetadata) -> _Content:
        return cls(tuple(document.series), tuple(sop for _, sop, _ in document.instances()))


def narrowed(
    changes: Mapping[tuple[str, ElementPath], Change],
    document: Callable[[str], ImageSetMetadata],
    rivals: Callable[[str], Iterable[str]],
) -> Narrowing:
    """Return the condition that binds each decision to the image sets in which it was made.

    ``changes`` are by image set and path; ``document`` gives an image set before them, ``rivals`` the others of its series.
    """
    groups: dict[Asked, list[tuple[str, ElementPath]]] = {}
    contents: dict[str, _Content] = {}
    unbound: set[Asked] = set()
    read = lru_cache(maxsize=1)(document)  # changes of one image set follow each other

    def content(image_set: str) -> _Content:
        if image_set not in contents:
            contents[image_set] = _Content.of(read(image_set))
        return contents[image_set]

    for (image_set, path), change in changes.items():
        decision = asked(change)
        groups.setdefault(decision, []).append((image_set, path))
        if len(path.steps) > 1 and _hidden(read(image_set), path):
            unbound.add(decision)
    conditions: dict[Asked, Mapping[str, object]] = {}
    for decision, made in groups.items():
        if decision not in unbound:
            sets = dict.fromkeys(image_set for image_set, _ in made)
            others = {one for each in sets for one in rivals(each)} - sets.keys()
            conditions[decision] = _condition(
                made, {each: content(each) for each in sets}, [*map(content, others)]
            )
    return Narrowing(conditions, len(unbound))


def _hidden(document: ImageSetMetadata, path: ElementPath) -> bool:
    """Say whether an item around the element has such a UID of its own, which a condition would take for the set's."""
    ends = range(3, len(path.steps) + 1, 2)
    around = (
        replace(path, steps=(*path.steps[: end - 1], key)) for end in ends for key in (_SERIES, _INSTANCE)
    )
    return any(document.get(each) is not None for each in around)


def _condition(
    made: Collection[tuple[str, ElementPath]], sets: Mapping[str, _Content], others: Collection[_Content]
) -> dict[str, object]:
    edited = {path.instance for _, path in made if path.level is Level.INSTANCE}
    if edited:
        named = edited if others or len(edited) < sum(len(one.instances) for one in sets.values()) else set()
    else:
        taken = {sop for one in others for sop in one.instances}
        named = {_own(one, taken) for one in sets.values() if one.instances} if others else set()
    if named and len(named) <= _MOST:
        return {"element": _INSTANCE, "in": sorted(named)}
    return {"element": _SERIES, "in": sorted({uid for one in sets.values() for uid in one.series})}


def _own(one: _Content, taken: Collection[str]) -> str:
    """Return an instance that no other image set has; where all are shared, the first."""
    return next((sop for sop in one.instances if sop not in taken), one.instances[0])
