"""Finding elements: what steps lead to from the attributes of a level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from curator.dicom import Json
from curator.imageset.path import ANY, ElementPath, PrivateStep, Step

__all__ = ["descend", "walk"]


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
