"""What differs between two metadata documents: as an RFC 6902 patch, and as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import cast

import msgspec

from curator.dicom import Json
from curator.imageset.document import ImageSetMetadata
from curator.imageset.edits import Edit, edits
from curator.imageset.equality import same_value
from curator.imageset.instance import Instance, SeriesNode, collector_off
from curator.imageset.path import ElementPath

__all__ = ["ChangeKind", "ElementChange", "describe", "diff", "same"]


def diff(a: ImageSetMetadata, b: ImageSetMetadata) -> list[dict[str, Json]]:
    """Return the RFC 6902 patch that makes ``b`` of ``a``, exactly (``true``, 1 and 1.0 are told apart)."""
    with collector_off():
        return [_operation(edit) for edit in edits(a, b)]


def _operation(edit: Edit) -> dict[str, Json]:
    if edit.op == "move":
        return {"op": "move", "from": edit.source, "path": edit.pointer}
    if edit.op == "remove":
        return {"op": "remove", "path": edit.pointer}
    return {"op": edit.op, "path": edit.pointer, "value": plain(edit.after)}


def plain(value: object) -> Json:
    """Return the JSON of a value, an instance or a whole series."""
    if isinstance(value, Instance):
        return value.node
    if isinstance(value, SeriesNode):
        return {**value.node, "Instances": {sop: found.node for sop, found in value.instances.items()}}
    return cast(Json, value)


def same(a: ImageSetMetadata | Json, b: ImageSetMetadata | Json) -> bool:
    """Say whether two documents, or two JSON values, are the same, telling ``true`` from 1 and 1.0."""
    if isinstance(a, ImageSetMetadata) or isinstance(b, ImageSetMetadata):
        if not isinstance(a, ImageSetMetadata) or not isinstance(b, ImageSetMetadata):
            return False
        return next(edits(a, b), None) is None
    return same_value(a, b)


class ChangeKind(StrEnum):
    """What happened to an element, an instance or a series."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"  # the UID of a series or instance: before and after are the UIDs


class ElementChange(msgspec.Struct, frozen=True):
    """One difference as people read it.

    ``path`` is where the element is now, or was when it is removed; without steps it names a whole series or
    instance. ``member`` names what is no DICOM element: ``ImageFrames``, ``DICOMVRs/00191002``, at the top
    ``SchemaVersion``. ``before`` is None when added, ``after`` when removed.
    """

    path: ElementPath | None
    before: Json
    after: Json
    kind: ChangeKind
    member: str = ""

    def __repr__(self) -> str:
        return f"ElementChange({self.kind})"  # values and UIDs stay out of logs


_KINDS = {
    "add": ChangeKind.ADDED,
    "remove": ChangeKind.REMOVED,
    "replace": ChangeKind.CHANGED,
    "move": ChangeKind.RENAMED,
}


def describe(a: ImageSetMetadata, b: ImageSetMetadata) -> list[ElementChange]:
    """Return what differs between two versions, in document order, for people.

    Whole series and instances that came or went are one change each.
    """
    return list(_described(a, b))


def _described(a: ImageSetMetadata, b: ImageSetMetadata) -> Iterator[ElementChange]:
    for edit in edits(a, b):
        path, member = _where(edit.pointer)
        yield ElementChange(path, plain(edit.before), plain(edit.after), _KINDS[edit.op], member)


def _where(pointer: str) -> tuple[ElementPath | None, str]:
    """Return the level or element a pointer leads to, and the member below it that is no element."""
    cut = pointer
    while cut:
        try:
            path = ElementPath.from_pointer(cut)
        except ValueError:
            cut = cut.rpartition("/")[0]
            continue
        return path, pointer[len(cut) + 1 :]
    return None, pointer[1:]
