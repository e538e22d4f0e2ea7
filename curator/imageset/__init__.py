"""The metadata document of an image set: reading, addressing, comparing and patching it."""

from __future__ import annotations

from curator.imageset.document import ImageSetMetadata, Instance, InvalidDocument, SeriesNode
from curator.imageset.path import ANY, ElementPath, PrivateStep, Step
from curator.imageset.syntax import parse_path

__all__ = [
    "ANY",
    "ElementPath",
    "ImageSetMetadata",
    "Instance",
    "InvalidDocument",
    "PrivateStep",
    "SeriesNode",
    "Step",
    "parse_path",
]
