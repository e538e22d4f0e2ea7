"""What the pager gets to read: a document, or what differs between two, line by line. No Textual in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.imageset import ElementChange, ElementPath, ImageSetMetadata
from curator.printable import printable
from curator.tui.elements import items_of, name_of, people_path, tag_text, value_text

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~", "renamed": "»"}
_WIDTH: Final = 44
"""Columns of an element's name."""


def document_lines(document: ImageSetMetadata) -> Iterator[str]:
    """Yield a whole document: a heading for each level, then its elements with tag, VR and value."""
    for place in document.places():
        uid = place.instance or place.series
        yield printable(f"{'Instance' if place.level is Level.INSTANCE else place.level} {uid}".rstrip())
        node = document.attributes(place) or {}
        for key, value in node.items():
            path = place.child(key)
            yield from _element(path, key, value, node, document, 1)
        yield ""


def _element(
    path: ElementPath,
    key: str,
    value: Json,
    beside: Mapping[str, Json],
    document: ImageSetMetadata,
    depth: int,
) -> Iterator[str]:
    vr = document.vr_of(path) or ""
    name = f"{'  ' * depth}{name_of(key, beside)}"
    yield printable(f"{name:<{_WIDTH}} {tag_text(key):<11} {vr:<2}  {value_text(value, vr)}".rstrip())
    for number, item in enumerate(items_of(value) or ()):
        yield f"{'  ' * (depth + 1)}item {number + 1}"
        for inner, held in item.items():
            yield from _element(path.child(number).child(inner), inner, held, item, document, depth + 2)


def difference_lines(
    title: str, before: ImageSetMetadata, after: ImageSetMetadata, changes: Sequence[ElementChange]
) -> Iterator[str]:
    """Yield what differs: one change a line, or two where both values are there."""
    yield title
    yield ""
    for change in changes:
        held = before if change.kind == "removed" else after
        path = people_path(change.path, held) if change.path is not None else ""
        yield printable(f"{_SIGNS[change.kind]} {'/'.join(filter(None, (path, change.member)))}")
        vr = (held.vr_of(change.path) if change.path is not None and change.path.steps else "") or ""
        if change.kind != "added":
            yield printable(f"    - {value_text(change.before, vr)}")
        if change.kind != "removed":
            yield printable(f"    + {value_text(change.after, vr)}")
