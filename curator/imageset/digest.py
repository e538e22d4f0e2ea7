"""Hashes of documents and of their levels, independent of key order and of whose document it is."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from curator.imageset.document import ImageSetMetadata
from curator.imageset.equality import canonical
from curator.imageset.instance import collector_off

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["LevelHashes", "content_hash", "level_hashes"]

_IDS = ("DatastoreID", "ImageSetID")


class LevelHashes(msgspec.Struct, frozen=True):
    """SHA-256 (hex) of the attributes of the Patient, the Study and each series (by UID)."""

    patient: str
    study: str
    series: dict[str, str]


def level_hashes(doc: ImageSetMetadata) -> LevelHashes:
    """Return the hashes by which image sets that should agree are compared without their documents.

    They are plain hashes of PHI: what keeps them keeps PHI.
    """
    return LevelHashes(
        _hash(doc.patient), _hash(doc.study), {uid: _hash(series.dicom) for uid, series in doc.series.items()}
    )


def _hash(value: object) -> str:
    return sha256(canonical(value)).hexdigest()


def content_hash(doc: ImageSetMetadata) -> str:
    """Return the SHA-256 (hex) of all the document says, but for DatastoreID and ImageSetID.

    Two documents have the same hash exactly if `same` holds between them, ids aside.
    """
    digest = sha256()
    head = {key: value for key, value in doc.head.items() if key not in _IDS}
    for part in (head, doc.patient_node, doc.study_node):
        _feed(digest, canonical(part))
    with collector_off():
        for uid in sorted(doc.series):
            series = doc.series[uid]
            _feed(digest, uid.encode(), canonical(series.node), b"%d" % len(series.instances))
            for sop in sorted(series.instances):
                _feed(digest, sop.encode(), canonical(series.instances[sop].node))
    return digest.hexdigest()


def _feed(digest: _Hash, *parts: bytes) -> None:
    """Add parts with their lengths, so that no two lists of parts read alike."""
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
