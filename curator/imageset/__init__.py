"""The metadata document of an image set: reading, addressing, comparing and patching it."""

from __future__ import annotations

from curator.imageset.compare import ChangeKind, ElementChange, describe, diff, same
from curator.imageset.digest import LevelHashes, content_hash, level_hashes
from curator.imageset.document import ImageSetMetadata
from curator.imageset.instance import Instance, InvalidDocument, SeriesNode
from curator.imageset.patch import Operation, PatchFailed, apply_patch
from curator.imageset.path import ANY, ElementPath, PrivateStep, Step
from curator.imageset.syntax import parse_path

__all__ = [
    "ANY",
    "ChangeKind",
    "ElementChange",
    "ElementPath",
    "ImageSetMetadata",
    "Instance",
    "InvalidDocument",
    "LevelHashes",
    "Operation",
    "PatchFailed",
    "PrivateStep",
    "SeriesNode",
    "Step",
    "apply_patch",
    "content_hash",
    "describe",
    "diff",
    "level_hashes",
    "parse_path",
    "same",
]
