"""What the importer hands to the storage: one DICOM file, read and taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from curator.dicom import Json


@dataclass(frozen=True, slots=True)
class StagedFrame:
    """A frame's bytes that are already among the store's frames; any process may stage."""

    key: str
    """Its content address (hex SHA-256)."""


@dataclass(frozen=True, slots=True)
class ParsedFrame:
    """One image frame: its entry in the document, and what GetImageFrame answers."""

    entry: dict[str, Json]
    """The ``ImageFrames`` entry, complete: ``ID`` (32 of ``[0-9a-z]``, given by the importer), checksums, sizes."""
    payload: bytes | StagedFrame
    """The bytes to keep: an HTJ2K codestream, or the frame as received."""
    content_type: str = "application/octet-stream"
    """GetImageFrame's ``Content-Type``."""


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """One DICOM instance in the encoding of the metadata document (guide, "Understanding image set metadata").

    The four dictionaries are the ``DICOM`` objects of their levels: standard elements by keyword, private
    ones (instance only) by 8 upper-case hex digits. Instances of one image set carry equal ``patient``,
    ``study`` and ``series`` dictionaries; the storage takes the first instance's.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    patient: dict[str, Json]
    study: dict[str, Json]
    series: dict[str, Json]
    instance: dict[str, Json]
    vrs: dict[str, Json]
    """``DICOMVRs``: the VR of each private element of `instance`; a private sequence nests."""
    frames: tuple[ParsedFrame, ...]
    stored_transfer_syntax: str | None
    """``StoredTransferSyntaxUID``: None leaves the key out (no pixels)."""
    source: str
    """Where it came from, for manifests: the S3 key or the path given. Never stored with the image set."""


@dataclass(frozen=True, slots=True)
class StoredImageSet:
    """What `Storage.add_image_set` and `extend_image_set` made."""

    image_set_id: str
    version: int
    is_primary: bool
