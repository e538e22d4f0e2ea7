"""Reading a metadata document: where its levels and instances are, without looking into the instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from curator.dicom import Json
from curator.imageset.instance import (
    NOT_JSON,
    OBJECT,
    Instance,
    InvalidDocument,
    Node,
    SeriesNode,
    collector_off,
)

__all__ = ["Levels", "levels_of_bytes", "levels_of_tree"]

_GZIP: Final = b"\x1f\x8b"
_LARGEST: Final = 100_000_000  # bytes; the service's documents have at most 50 MB
_MOST: Final = 1_000_000_000  # bytes; that quota can be raised
_HEAD: Final = ("SchemaVersion", "DatastoreID", "ImageSetID")


class Levels(NamedTuple):
    """The levels of a document apart: ``head`` is all but Patient and Study, ``study`` has no Series."""

    head: Node
    patient: Node
    study: Node
    series: dict[str, SeriesNode]


class _Level(msgspec.Struct, forbid_unknown_fields=True):
    DICOM: dict[str, Any]


class _Series(msgspec.Struct, forbid_unknown_fields=True):
    DICOM: dict[str, Any]
    Instances: dict[str, msgspec.Raw]


class _Study(msgspec.Struct, forbid_unknown_fields=True):
    DICOM: dict[str, Any]
    Series: dict[str, _Series]


class _Spine(msgspec.Struct, forbid_unknown_fields=True):
    """The usual document: anything else takes the slower way that keeps members unknown to us."""

    Patient: _Level
    Study: _Study
    SchemaVersion: Any = msgspec.UNSET
    DatastoreID: Any = msgspec.UNSET
    ImageSetID: Any = msgspec.UNSET


_SPINE: Final = msgspec.json.Decoder(_Spine)


def levels_of_bytes(blob: bytes) -> Levels:
    """Return the levels of the document in ``blob``, gzipped or plain; raises InvalidDocument."""
    if blob[:2] == _GZIP:
        blob = _gunzip(blob)
    try:
        with collector_off():
            return _levels_of_spine(_SPINE.decode(blob))
    except msgspec.ValidationError:
        return _tolerantly(blob)
    except NOT_JSON:
        raise InvalidDocument("the metadata document is not valid JSON") from None


def _levels_of_spine(spine: _Spine) -> Levels:
    head = {key: getattr(spine, key) for key in _HEAD if getattr(spine, key) is not msgspec.UNSET}
    series = {
        uid: SeriesNode({"DICOM": found.DICOM}, {sop: Instance(raw) for sop, raw in found.Instances.items()})
        for uid, found in spine.Study.Series.items()
    }
    return Levels(head, {"DICOM": spine.Patient.DICOM}, {"DICOM": spine.Study.DICOM}, series)


def _tolerantly(blob: bytes) -> Levels:
    """Parse a document with members unknown to us, keeping them; or say what is missing."""
    try:
        return levels_of_tree(OBJECT.decode(blob))
    except NOT_JSON:
        raise InvalidDocument("the metadata document is not a JSON object") from None


def levels_of_tree(tree: Mapping[str, Json]) -> Levels:
    """Return the levels of a parsed document; raises InvalidDocument, naming the member that is not as it must be."""
    # Known members first, as `_levels_of_spine` has them: a diff's order does not depend on how a document was read.
    head = {key: tree[key] for key in (*_HEAD, *tree) if key in tree and key not in ("Patient", "Study")}
    patient = _member(tree, "Patient", "the document")
    _member(patient, "DICOM", "Patient")
    study = _member(tree, "Study", "the document")
    _member(study, "DICOM", "Study")
    series = {uid: _series(node) for uid, node in _member(study, "Series", "Study").items()}
    return Levels(head, patient, _without(study, "Series"), series)


def _series(node: Json) -> SeriesNode:
    if not isinstance(node, dict):
        raise InvalidDocument("the metadata document has a series that is not an object")
    _member(node, "DICOM", "a series")
    instances = {}
    for sop, instance in _member(node, "Instances", "a series").items():
        if not isinstance(instance, dict):
            raise InvalidDocument("the metadata document has an instance that is not an object")
        instances[sop] = Instance(None, instance)
    return SeriesNode(_without(node, "Instances"), instances)


def _gunzip(blob: bytes) -> bytes:
    """Return what ``blob`` holds, which may be several gzip members joined (RFC 1952 2.2).

    The size that the trailer names saves growing the buffer step by step, a third of the time; it is believed
    only as far as documents go, and only where one member fills the blob. What grows beyond `_MOST` is no document.
    """
    from isal import igzip_lib

    damaged: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]
    size = int.from_bytes(blob[-4:], "little")
    try:
        if size <= _LARGEST and blob.find(_GZIP + b"\x08", 1) < 0:
            text = igzip_lib.decompress(blob, flag=igzip_lib.DECOMP_GZIP, bufsize=max(size, 1))
            if len(text) == size:
                return text
        return _members(blob)
    except (OSError, EOFError, damaged):
        raise InvalidDocument("the metadata document is damaged gzip data") from None


def _members(blob: bytes) -> bytes:
    """Return the members of ``blob`` unpacked one after the other, never more than `_MOST` bytes of them."""
    from isal import igzip_lib

    parts: list[bytes] = []
    size = 0
    while blob:
        member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        parts.append(member.decompress(blob, _MOST + 1 - size))
        size += len(parts[-1])
        if size > _MOST:
            raise InvalidDocument("the metadata document is larger than any document can be")
        if not member.eof:
            raise EOFError
        blob = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _member(node: Mapping[str, Json], key: str, where: str) -> Node:
    found = node.get(key)
    if not isinstance(found, dict):
        problem = "is not an object" if key in node else "is missing"
        raise InvalidDocument(f"not a metadata document: {key} of {where} {problem}")
    return found


def _without(node: Node, key: str) -> Node:
    return {name: value for name, value in node.items() if name != key}
