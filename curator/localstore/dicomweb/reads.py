"""GetDICOMInstance, GetDICOMInstanceMetadata, GetDICOMInstanceFrames: curated metadata merged with kept frames."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote

import msgspec

from curator.dicom import Json
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.localstore.dicomfile.writer import write_file
from curator.localstore.dicomweb.accept import choose
from curator.localstore.dicomweb.dicomjson import dicom_json
from curator.localstore.documents import InstanceDocument
from curator.localstore.faults import Fault, conflict, invalid, not_found
from curator.localstore.frames.delivery import Delivered, deliver, photometric
from curator.localstore.frames.stored import EXPLICIT_LITTLE, HTJ2K_RPCL
from curator.localstore.wire import WireRequest, WireResponse

if TYPE_CHECKING:
    from curator.localstore.folder import Folder

__all__ = ["answer"]

_PATH: Final = re.compile(
    r"/datastore/(?P<datastore>[0-9a-z]{32})/studies/(?P<study>[^/]{1,256})/series/(?P<series>[^/]{1,256})"
    r"/instances/(?P<sop>[^/]{1,256})(?P<rest>/metadata|/frames/(?P<frames>[^/]*))?"
)
_IMAGE_SET: Final = re.compile(r"[0-9a-z]{32}")
_MAX_FRAMES: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Instance:
    """The instance object of a metadata document."""

    dicom: dict[str, Json]
    vrs: dict[str, Json]
    stored: str | None
    frames: list[dict[str, Json]]

    @classmethod
    def read(cls, data: bytes) -> _Instance:
        """Read the instance object's JSON."""
        found = msgspec.json.decode(data)
        return cls(
            dicom=found["DICOM"],
            vrs=found.get("DICOMVRs") or {},
            stored=found.get("StoredTransferSyntaxUID"),
            frames=found.get("ImageFrames") or [],
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """An instance at its image set's latest version."""

    store: Folder
    datastore_id: str
    image_set_id: str
    levels: tuple[dict[str, Json], dict[str, Json], dict[str, Json]]
    instance: _Instance

    @property
    def stored(self) -> str:
        # Guide, "Supported transfer syntaxes": a missing key means HTJ2K; without frames nothing is compressed.
        return self.instance.stored or (HTJ2K_RPCL if self.instance.frames else EXPLICIT_LITTLE)

    def payload(self, number: int) -> bytes:
        """Return kept frame ``number``, counted from 0."""
        return self.store.storage.frame(
            self.datastore_id, self.image_set_id, str(self.instance.frames[number]["ID"])
        ).payload


def answer(store: Folder, request: WireRequest) -> WireResponse | None:
    """Answer one of the three reads; None for a path that is none of them. Raises Fault."""
    match = _PATH.fullmatch(request.path)
    if match is None:
        return None
    rest = match["rest"] or ""
    read, name = _READS["frames" if match["frames"] is not None else rest.strip("/")]
    store.meter.take(name, store.clock())
    store.storage.settle()
    query = parse_qs(request.query)
    image_set = query.get("imageSetId", [None])[0]
    if image_set is not None and _IMAGE_SET.fullmatch(image_set) is None:
        raise invalid("imageSetId does not match its pattern")
    uids = [unquote(match[part]) for part in ("study", "series", "sop")]
    found = _find(store, match["datastore"], uids, image_set)
    try:
        return read(found, request.headers.get("accept", ""), match["frames"] or "")
    except RefusedFile as refused:
        # People may edit Rows or BitsAllocated (with force), and then no longer describe what is kept.
        raise conflict(f"The instance's frames cannot be delivered: {refused.reason}") from None


def _find(store: Folder, datastore_id: str, uids: Sequence[str], image_set: str | None) -> _Found:
    """Return the instance. Without ``imageSetId`` the primary image set answers where the edition knows one.

    assumption: the 2025-01 guide always shows ``imageSetId`` and calls it optional; where it is missing and several image
    sets hold the instance, the request is refused.
    """
    study, series, sop = uids
    storage = store.storage
    if image_set is None:
        rows = storage.image_sets_with_instance(datastore_id, study, series, sop)
        if store.edition.primary_image_sets:
            rows = [row for row in rows if row.is_primary]
        if not rows:
            raise not_found("Instance does not exist")
        if len(rows) > 1:
            raise invalid("imageSetId is required: several image sets hold the instance")
        image_set = rows[0].id
    document = storage.instance(datastore_id, image_set, sop)
    levels = _levels(document)
    if levels[1].get("StudyInstanceUID") != study or document.series_uid != series:
        raise not_found("Instance does not exist in the ImageSet")
    return _Found(store, datastore_id, image_set, levels, _Instance.read(document.instance))


def _levels(document: InstanceDocument) -> tuple[dict[str, Json], dict[str, Json], dict[str, Json]]:
    decode = msgspec.json.decode
    return decode(document.patient), decode(document.study), decode(document.series)


def _instance(found: _Found, accept: str, _: str) -> WireResponse:
    syntax = choose(accept, "application/dicom", (), (EXPLICIT_LITTLE, found.stored))
    dicom = dict(found.instance.dicom)
    frames: list[bytes] = []
    word = "OW"
    if found.instance.frames:
        delivered = Delivered(dicom, found.stored)
        frames = [deliver(delivered, found.payload(n), syntax) for n in range(len(found.instance.frames))]
        word = delivered.word
        dicom["PhotometricInterpretation"] = photometric(dicom, found.stored, syntax)
        if syntax == HTJ2K_RPCL and dicom.get("PlanarConfiguration"):
            dicom["PlanarConfiguration"] = 0  # components of a codestream are by pixel (PS3.5 8.2.4)
        if dicom.get("PhotometricInterpretation") is None:
            del dicom["PhotometricInterpretation"]
    body = write_file(
        [*found.levels, dicom],
        found.instance.vrs,
        transfer_syntax=syntax,
        frames=_bits_joined(frames, dicom) if syntax == EXPLICIT_LITTLE else frames,
        encapsulated=syntax != EXPLICIT_LITTLE,
        word=word,
    )
    return WireResponse(200, {"Content-Type": f"application/dicom; transfer-syntax={syntax}"}, body)


def _bits_joined(frames: list[bytes], dicom: dict[str, Json]) -> list[bytes]:
    """Return packed frames as one run of bits: in a file, frames of a binary segmentation are not padded to bytes."""
    if dicom.get("BitsAllocated") != 1 or len(frames) < 2:
        return frames
    import numpy as np

    size = Delivered(dicom, EXPLICIT_LITTLE).what.bits
    unpacked = [np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:size] for frame in frames]
    return [np.packbits(np.concatenate(unpacked), bitorder="little").tobytes()]


def _metadata(found: _Found, accept: str, _: str) -> WireResponse:
    choose(accept, "application/dicom+json", (), (found.stored,))
    # Guide: "The Transfer Syntax UID indicated in the metadata matches the Stored Transfer Syntax UID".
    # assumption: an instance's metadata tells of the file meta information the transfer syntax alone (PS3.18 F.2
    # knows no group 0002).
    dicom = {key: value for level in (*found.levels, found.instance.dicom) for key, value in level.items()}
    made = {
        tag: one for tag, one in dicom_json(dicom, found.instance.vrs).items() if not tag.startswith("0002")
    }
    made = {"00020010": {"vr": "UI", "Value": [found.stored]}, **made}
    return WireResponse(200, {"Content-Type": "application/dicom+json"}, msgspec.json.encode([made]))


def _frames(found: _Found, accept: str, wanted: str) -> WireResponse:
    numbers = _frame_numbers(wanted, len(found.instance.frames))
    syntax = choose(
        accept, "multipart/related", ("application/octet-stream",), (EXPLICIT_LITTLE, found.stored)
    )
    delivered = Delivered(found.instance.dicom, found.stored)
    kind = f"application/octet-stream; transfer-syntax={syntax}"
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for number in numbers:
        head = f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()
        parts += [head, deliver(delivered, found.payload(number - 1), syntax), b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    answered = (
        f'multipart/related; type="application/octet-stream"; transfer-syntax={syntax}; boundary={boundary}'
    )
    return WireResponse(200, {"Content-Type": answered}, b"".join(parts))


def _frame_numbers(wanted: str, count: int) -> list[int]:
    """Return the frames asked for (guide: "a comma-separated list of one or more non-duplicate frame numbers")."""
    parts = unquote(wanted).split(",")
    if (
        not all(part.isascii() and part.isdigit() and len(part) < 8 for part in parts)
        or len(parts) > _MAX_FRAMES
    ):
        raise Fault("BadRequestException", "frameList is not a list of frame numbers")
    numbers = [int(part) for part in parts]
    if len(set(numbers)) != len(numbers):
        raise Fault("BadRequestException", "frameList names a frame twice")
    if not all(1 <= number <= count for number in numbers):
        raise not_found("ImageFrame does not exist")
    return numbers


_READS: Final[dict[str, tuple[Callable[[_Found, str, str], WireResponse], str]]] = {
    "": (_instance, "GetDICOMInstance"),
    "metadata": (_metadata, "GetDICOMInstanceMetadata"),
    "frames": (_frames, "GetDICOMInstanceFrames"),
}
