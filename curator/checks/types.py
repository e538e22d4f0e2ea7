"""Elements that the instances' IODs require, and that are not there or empty: what the checks of Types share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import is_private, key_of_tag, multi_valued, tag_of_key, vrs
from curator.dicom.iods import Type, modules_of, required, required_in_items
from curator.dicom.levels import Level, level_of
from curator.imageset import ElementPath, ImageSetMetadata

Missing = tuple[ElementPath, Type, bool]
"""(where, its Type, whether it is there but empty)"""

_NOT_ASKED: Final = frozenset((0x7FE00010, 0x00080016, 0x00080018))
"""PixelData stands as null in the service's documents; without SOP class and instance nothing is imported."""
_CONTENT_ITEM: Final = frozenset(
    (
        "ConceptCodeSequence",
        "ContinuityOfContent",
        "GraphicData",
        "GraphicType",
        "MeasuredValueSequence",
        "ReferencedFrameOfReferenceUID",
        "ReferencedSOPSequence",
        "TabulatedValuesSequence",
        "TemporalRangeType",
    )
)
"""Elements of single value types of content items (PS3.3 C.17.3): required in items of their type only."""
_ALTERNATIVES: Final = frozenset((0x0040A730, 0x52009229, 0x52009230))
"""Sequences whose items are one of many kinds (content items, functional groups): what each needs is its kind's."""


def missing(doc: ImageSetMetadata) -> Iterator[Missing]:
    """Yield each element that must be there and is not, Type 1 ones also where they are empty."""
    told: set[ElementPath] = set()
    for place in doc.places():
        instance = doc.instance(place.instance) if place.instance else None
        if instance is None:
            continue
        dicom = instance.dicom
        levels = (doc.patient, doc.study, doc.series[place.series].dicom)
        sop_class = str(dicom.get("SOPClassUID") or "")
        for key, tag, kind in _needed(sop_class):
            # Some importers leave an element on the instance whose level is another.
            holder = next((node for node in (dicom, *levels) if key in node), None)
            if holder is not None and (kind is Type.MAY_BE_EMPTY or not _empty(holder[key])):
                continue
            path = _path(place, level_of(tag)).child(key)
            if path not in told:
                told.add(path)
                yield path, kind, holder is not None
        yield from _nested(place, dicom, sop_class, ())


@lru_cache(maxsize=256)
def _needed(sop_class: str) -> tuple[tuple[str, int, Type], ...]:
    keys = (
        (key_of_tag(tag), tag, kind) for tag, kind in required(sop_class).items() if tag not in _NOT_ASKED
    )
    # Of structured reports the module lists what any content item may need.
    report = any(name == "sr-document-content" for name, _ in modules_of(sop_class))
    return tuple(each for each in keys if not (report and each[0] in _CONTENT_ITEM))


@lru_cache(maxsize=65536)
def _needed_in(sop_class: str, tags: tuple[int, ...]) -> tuple[tuple[str, Type], ...]:
    if tags[-1] in _ALTERNATIVES:
        return ()
    needed = required_in_items(sop_class, tags)
    return tuple((key_of_tag(tag), kind) for tag, kind in needed.items() if tag not in _NOT_ASKED)


def _nested(
    place: ElementPath, node: Mapping[str, Json], sop_class: str, tags: tuple[int, ...]
) -> Iterator[Missing]:
    for key, value in node.items():
        if not isinstance(value, list) or not value or not isinstance(value[0], dict):
            continue
        tag = tag_of_key(key)
        if tag is None or is_private(tag):
            continue
        way = (*tags, tag)
        needed = _needed_in(sop_class, way)
        for number, item in enumerate(value):
            if not isinstance(item, dict):
                continue
            below = place.child(key, number)
            for inner, kind in needed:
                if kind is Type.REQUIRED and _empty(item.get(inner)):
                    yield below.child(inner), kind, inner in item
            yield from _nested(below, item, sop_class, way)


def _path(place: ElementPath, level: Level) -> ElementPath:
    match level:
        case Level.INSTANCE:
            return place
        case Level.SERIES:
            return ElementPath(level, place.series)
        case _:
            return ElementPath(level)


def _empty(value: Json) -> bool:
    return value is None or value == "" or value == []


def addable(path: ElementPath) -> str | None:
    """Return the VR of an element that can be added empty without `force`: one value, no sequence, on its level."""
    tag = path.tag
    if tag is None or len(path.steps) != 1 or multi_valued(tag):
        return None
    vr = (vrs(tag) or ("",))[0]
    return vr if vr not in ("", "SQ") else None
