"""Finding elements: what a path or a pattern stands for in a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.imageset.path import ANY, ElementPath, PrivateStep, Step

if TYPE_CHECKING:
    from curator.imageset.document import ImageSetMetadata

__all__ = ["descend", "places", "walk"]


def places(doc: ImageSetMetadata, pattern: ElementPath) -> Iterator[ElementPath]:
    """Yield the levels, series and instances that ``pattern`` matches, as paths without steps."""
    level = pattern.level
    if level in (Level.PATIENT, Level.STUDY):
        yield ElementPath(level)
        return
    if level is Level.INSTANCE and pattern.instance != ANY and pattern.series == ANY:
        uid = doc.series_of(pattern.instance)
        chosen = [] if uid is None else [uid]
    elif pattern.series == ANY:
        chosen = list(doc.series)
    else:
        chosen = [pattern.series] if pattern.series in doc.series else []
    for uid in chosen:
        if level is Level.SERIES:
            yield ElementPath(level, uid)
            continue
        instances = doc.series[uid].instances
        sops = instances if pattern.instance == ANY else [pattern.instance]
        yield from (ElementPath(level, uid, sop) for sop in sops if sop in instances)


def descend(
    place: ElementPath, node: Mapping[str, Json], steps: tuple[Step, ...]
) -> Iterator[tuple[ElementPath, Json]]:
    """Yield what ``steps`` lead to from the attributes ``node``."""
    if not steps:
        yield place, dict(node)
        return
    key = steps[0]
    if not isinstance(key, str):
        return
    private = PrivateStep.of(key) if key[:1] == "(" else None
    found = key if private is None else private.key_in(dict(node))
    if found is None or found not in node:
        return
    value = node[found]
    here = place.child(found)
    if len(steps) == 1:
        yield here, value
        return
    if not isinstance(value, list):
        return
    wanted = steps[1]
    for number in range(len(value)) if wanted == ANY else (wanted,):
        if isinstance(number, int) and number < len(value):
            item = value[number]
            if len(steps) == 2:
                yield here.child(number), item
            elif isinstance(item, dict):
                yield from descend(here.child(number), item, steps[2:])


def walk(place: ElementPath, node: Mapping[str, Json]) -> Iterator[tuple[ElementPath, Json]]:
    """Yield every element at and below ``node``, the attributes of ``place`` or an item, sequences first."""
    for key, value in node.items():
        here = place.child(key)
        yield here, value
        if isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, dict):
                    yield from walk(here.child(number), item)
