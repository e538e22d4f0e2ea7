"""The parts of a metadata document: an instance, which stays bytes until somebody looks, and a series."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import msgspec

from curator.dicom import Json
from curator.errors import CuratorError

__all__ = [
    "NOT_JSON",
    "OBJECT",
    "Instance",
    "InvalidDocument",
    "Node",
    "SeriesNode",
    "collector_off",
    "object_at",
]

Node = dict[str, Json]
"""A JSON object of the document."""

NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON, or not of the asked kind."""

OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
"""Decodes a JSON object."""


_LARGE: Final = 100_000
"""Containers made that are worth a step aside; what is left of fewer is walked in milliseconds."""


class InvalidDocument(CuratorError):
    """The bytes are not a metadata document; the message holds none of them."""


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the cyclic collector from walking a growing tree over and over; JSON has no cycles.

    What grew large meanwhile joins the oldest generation as it is, in two steps that walk nothing; left where it is,
    the next allocation would have all of it walked at once (50 MB planned: 130 ms of 660).
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if gc.get_count()[0] > _LARGE:
                gc.freeze()
                gc.unfreeze()
            gc.enable()


class Instance:
    """One instance: its attributes, the VRs of its private elements, its frames. Parsed on first look."""

    __slots__ = ("_node", "_raw")

    def __init__(self, raw: msgspec.Raw | None, node: Node | None = None) -> None:
        self._raw = raw
        self._node = node

    @property
    def node(self) -> Node:
        """The instance's whole JSON object. Read-only."""
        if self._node is None:
            try:
                self._node = OBJECT.decode(self.raw_view)
            except NOT_JSON:
                raise InvalidDocument("an instance of the metadata document is not a JSON object") from None
        return self._node

    @property
    def raw(self) -> bytes:
        """The instance as JSON bytes, as they came or as they would be sent."""
        return bytes(self.raw_view)

    @property
    def raw_view(self) -> msgspec.Raw:
        """`raw` without a copy: a view of the whole document's bytes, equal where the bytes are."""
        if self._raw is None:
            self._raw = msgspec.Raw(msgspec.json.encode(self._node))
        return self._raw

    @property
    def has_node(self) -> bool:
        """Whether `node` is there without parsing."""
        return self._node is not None

    @property
    def dicom(self) -> Mapping[str, Json]:
        """The attributes."""
        return object_at(self.node, "DICOM")

    @property
    def vrs(self) -> Mapping[str, str]:
        """VRs of the private elements, by key (``DICOMVRs``)."""
        return cast("Mapping[str, str]", object_at(self.node, "DICOMVRs"))

    @property
    def frames(self) -> Sequence[Mapping[str, Json]]:
        """The entries of ``ImageFrames``, in frame order."""
        frames = self.node.get("ImageFrames")
        return [frame for frame in frames if isinstance(frame, dict)] if isinstance(frames, list) else []

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The ids of its image frames: they stay when UIDs change."""
        return tuple(str(frame["ID"]) for frame in self.frames if "ID" in frame)


class SeriesNode:
    """One series: its attributes and its instances by SOP Instance UID."""

    __slots__ = ("instances", "node")

    def __init__(self, node: Node, instances: dict[str, Instance]) -> None:
        self.node = node  # without Instances
        self.instances: Mapping[str, Instance] = instances

    @property
    def dicom(self) -> Mapping[str, Json]:
        """The attributes."""
        return object_at(self.node, "DICOM")


def object_at(node: Mapping[str, Json], key: str) -> Node:
    """Return the object under ``key``; an empty one when it is missing or something else."""
    found = node.get(key)
    return found if isinstance(found, dict) else {}
