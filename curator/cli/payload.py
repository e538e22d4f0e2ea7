"""The payload of one UpdateImageSetMetadata call: values and paths in the guide's nested form.

Source: guide, "Updating image set metadata". A nested element is changed by sending its whole top-level sequence
(healthimaging.md §3); a removal repeats the value that is there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from curator.cli.values import Assignment, checked
from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import NotFound, Refused, UsageError
from curator.imageset import ElementPath, ImageSetMetadata, PrivateStep, same

Node = dict[str, Json]


@dataclass(slots=True)
class _Attributes:
    """A document in the making: the attributes to send, level by level."""

    values: dict[ElementPath, Json] = field(default_factory=dict)  # by top-level element
    vrs: dict[ElementPath, str] = field(default_factory=dict)
    whole: list[ElementPath] = field(default_factory=list)  # levels to be removed as a whole

    def encode(self) -> bytes | None:
        """Return the JSON document, None when there is nothing in it."""
        if not self.values and not self.whole:
            return None
        root: Node = {"SchemaVersion": 1.1}
        for path, value in self.values.items():
            node = _level(root, path)
            _child(node, "DICOM")[path.key] = value
            if path in self.vrs:
                _child(node, "DICOMVRs")[path.key] = self.vrs[path]
        for path in self.whole:
            _level(root, path).clear()
        return json.dumps(root, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Payload:
    """What one call carries; ``count`` elements (or levels) are changed by it."""

    updatable: bytes | None
    removable: bytes | None
    count: int

    @property
    def size(self) -> int:
        """Raw bytes of both blobs."""
        return len(self.updatable or b"") + len(self.removable or b"")


def to_set(document: ImageSetMetadata, assignments: Sequence[Assignment], *, force: bool = False) -> Payload:
    """Return the payload that gives every matching element its value; an absent element is made on its level.

    Raises `UsageError` for a value against its VR (unless ``force``), `NotFound` when a path leads nowhere, `Refused` when nothing changes.
    """
    attributes, count = _Attributes(), 0
    for assignment in assignments:
        for path in _places(document, assignment):
            value, vr = checked(assignment, path, document, force=force)
            if document.has(path) and same(document.get(path), value):
                continue
            top = _top(path)
            if len(path.steps) == 1:
                attributes.values[top] = value
            else:
                base = attributes.values.get(top, document.get(top))
                attributes.values[top] = _nested(copy.deepcopy(base), path.steps[1:], value)
            if top.is_private and (assignment.vr or document.has(top)):
                attributes.vrs[top] = vr if len(path.steps) == 1 else document.vr_of(top)
            count += 1
    if not count:
        raise Refused("every element has this value already; nothing to change")
    return Payload(attributes.encode(), None, count)


def to_remove(document: ImageSetMetadata, patterns: Iterable[ElementPath]) -> Payload:
    """Return the payload that removes every matching element, instance or series.

    A nested element is removed by sending its sequence without it. Raises `NotFound` when nothing matches.
    """
    removed, rewritten, count = _Attributes(), _Attributes(), 0
    for pattern in patterns:
        found = [path for path, _ in document.find(pattern)]
        if not found:
            raise NotFound(f"{pattern.generic()}: no such element in the image set")
        # From the last item to the first, so that the indices of those before stay true.
        for path in sorted(found, reverse=True):
            top = _top(path)
            if not path.steps:
                removed.whole.append(_removable_level(path))
            elif len(path.steps) == 1:
                removed.values[top] = document.get(top)
            else:
                base = rewritten.values.get(top, document.get(top))
                rewritten.values[top] = _nested(copy.deepcopy(base), path.steps[1:], _ABSENT)
            count += 1
    return Payload(rewritten.encode(), removed.encode(), count)


_ABSENT: Json = {"absent": None}
"""Stands for "take it away" in `_nested`; told by identity."""


def _places(document: ImageSetMetadata, assignment: Assignment) -> list[ElementPath]:
    """Return the concrete paths to set: the elements that match, else the levels on which to make them."""
    pattern = assignment.path
    if not pattern.steps:
        raise UsageError(f"{pattern.generic()} is a level, and only an element takes a value")
    levels = [place for place, _ in document.find(pattern.at_level())]
    places: list[ElementPath] = []
    for level in levels:
        wanted = level.child(*pattern.steps)
        found = [path for path, _ in document.find(wanted)]
        if not found and len(pattern.steps) == 1 and PrivateStep.of(pattern.key) is None:
            found = [wanted]
        if not found and len(pattern.steps) > 1 and isinstance(pattern.steps[-1], str):
            found = [
                item.child(pattern.steps[-1]) for item, _ in document.find(level.child(*pattern.steps[:-1]))
            ]
        places += found
    if not places:
        hint = (
            "a private element is made by its key: Instances[*]/00191001:LO=…" if "(" in pattern.key else ""
        )
        raise NotFound(f"{pattern.generic()}: no such place in the image set", hint=hint)
    return places


def _removable_level(path: ElementPath) -> ElementPath:
    if path.level in (Level.PATIENT, Level.STUDY):
        raise UsageError("only a series or an instance can be removed as a whole")
    return path


def _top(path: ElementPath) -> ElementPath:
    return ElementPath(path.level, path.series, path.instance, path.steps[:1])


def _nested(node: Json, steps: Sequence[str | int], value: Json) -> Json:
    """Return ``node`` with the value at ``steps`` replaced (or taken away, when it is `_ABSENT`)."""
    step, rest = steps[0], steps[1:]
    if isinstance(step, int) and isinstance(node, list) and step < len(node):
        if rest:
            node[step] = _nested(node[step], rest, value)
        elif value is _ABSENT:
            del node[step]
        else:
            node[step] = value
        return node
    if isinstance(step, str) and isinstance(node, dict):
        if rest:
            node[step] = _nested(node.get(step), rest, value)
        elif value is _ABSENT:
            node.pop(step, None)
        else:
            node[step] = value
        return node
    raise NotFound("a path leads into an item that is not there")


def _level(root: Node, path: ElementPath) -> Node:
    """Return the node of a path's level in the document in the making."""
    if path.level is Level.PATIENT:
        return _child(root, "Patient")
    study = _child(root, "Study")
    if path.level is Level.STUDY:
        return study
    series = _child(_child(study, "Series"), path.series)
    return series if path.level is Level.SERIES else _child(_child(series, "Instances"), path.instance)


def _child(node: Node, key: str) -> Node:
    child = node.setdefault(key, {})
    assert isinstance(child, dict)
    return child
