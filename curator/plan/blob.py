"""One of the two JSON blobs of an UpdateImageSetMetadata, growing, its length known to the byte before it is written.

    {"SchemaVersion": 1.1,
     "Patient": {"DICOM": {…}},
     "Study": {"DICOM": {…}, "Series": {UID: {"DICOM": {…}, "Instances": {UID: {"DICOM": {…}, "DICOMVRs": {…}}}}}}}

Objects stand in the order in which they were first needed. Every member is counted with a comma, needed or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from curator.dicom.levels import Level
from curator.imageset import ElementPath
from curator.plan.model import SCHEMA_VERSION

ELEMENTS: Final = "DICOM"
VRS: Final = "DICOMVRs"

_HEAD: Final = msgspec.json.encode({"SchemaVersion": SCHEMA_VERSION})
_Object: TypeAlias = "dict[str, _Object | list[bytes] | float]"
"""An object of the blob: holds objects, and elements as the texts of their members."""


class Blob:
    """A blob that grows."""

    def __init__(self) -> None:
        self.size = 0
        self._tree: _Object = {}
        self._instances: dict[str, _Object] = {}
        """By series, the object that holds its instances: nearly all levels go there, so it is kept at hand."""
        self._elements: dict[ElementPath, list[bytes]] = {}

    def opening(self, place: ElementPath, what: str = ELEMENTS) -> int:
        """Return by how many bytes the blob grows before an element, or a VR, can be said of a level."""
        if what is ELEMENTS and place in self._elements:
            return 0
        instances = self._instances.get(place.series)
        if instances is None or place.level is not Level.INSTANCE:
            return self._growth((*names_of(place), what))
        return self._growth((place.instance, what), instances)

    def cost_of_level(self, place: ElementPath) -> int:
        """Return by how many bytes the blob grows with an empty object that stands for a level itself."""
        *above, name = names_of(place)
        return self._growth(above) + _named(name) + 1

    def _growth(self, names: Iterable[str], inside: _Object | None = None) -> int:
        size = 0 if self._tree else len(_HEAD)
        node: _Object | list[bytes] | float | None = self._tree if inside is None else inside
        for name in names:
            node = node.get(name) if isinstance(node, dict) else None
            if node is None:
                size += _named(name)
        return size

    def add(self, place: ElementPath, texts: Iterable[bytes], cost: int) -> None:
        """Put members of a level's elements in; ``cost`` is what they and `opening` weigh."""
        self.size += cost
        found = self._elements.get(place)
        if found is None:
            found = self._elements[place] = _members(self._level(place), ELEMENTS)
        found.extend(texts)

    def add_vr(self, place: ElementPath, text: bytes, cost: int) -> None:
        """Put the VR of a private element in; ``cost`` is what it and `opening` weigh."""
        self.size += cost
        _members(self._level(place), VRS).append(text)

    def add_level(self, place: ElementPath, cost: int) -> None:
        """Put an empty object in that stands for the level itself; ``cost`` is what `cost_of_level` said of it."""
        self.size += cost
        self._level(place)

    def said_of(self, place: ElementPath) -> Sequence[bytes]:
        """Return the members of a level's elements that are in."""
        return self._elements.get(place, ())

    def _level(self, place: ElementPath) -> _Object:
        """Return the object of a level, made where it is not there yet."""
        if not self._tree:
            self._tree["SchemaVersion"] = SCHEMA_VERSION
        if place.level is not Level.INSTANCE:
            return _inside(self._tree, names_of(place))
        instances = self._instances.get(place.series)
        if instances is None:
            instances = self._instances[place.series] = _inside(self._tree, names_of(place)[:-1])
        return _inside(instances, (place.instance,))

    def encode(self) -> bytes | None:
        """Return the blob's JSON, None when nothing is in it."""
        return msgspec.json.encode(_written(self._tree)) if self._tree else None


def names_of(place: ElementPath) -> tuple[str, ...]:
    """Return the names that lead to the object of a level."""
    match place.level:
        case Level.INSTANCE:
            return ("Study", "Series", place.series, "Instances", place.instance)
        case Level.SERIES:
            return ("Study", "Series", place.series)
        case Level.STUDY:
            return ("Study",)
        case Level.PATIENT:
            return ("Patient",)


def _named(name: str) -> int:
    """Return the bytes of an empty object under its name."""
    return len(msgspec.json.encode(name)) + 3  # "name":{}


def _inside(node: _Object, names: Iterable[str]) -> _Object:
    for name in names:
        found = node.setdefault(name, {})
        assert isinstance(found, dict)
        node = found
    return node


def _members(node: _Object, name: str) -> list[bytes]:
    found = node.setdefault(name, [])
    assert isinstance(found, list)
    return found


def _written(node: _Object) -> dict[str, object]:
    """Return an object as it is encoded: the texts of members become an object."""
    return {
        name: _written(inner)
        if isinstance(inner, dict)
        else msgspec.Raw(b"{%b}" % b",".join(inner))
        if isinstance(inner, list)
        else inner
        for name, inner in node.items()
    }
