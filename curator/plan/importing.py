"""What an import makes of a document, as far as that can be known beforehand, and the form in which to compare it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key
from curator.imageset import ImageSetMetadata, Instance, SeriesNode, apply_patch
from curator.imageset.path import unescape
from curator.plan.model import after_copy

_COLOUR: Final = {
    "YBR_RCT": "RGB",
    "YBR_ICT": "RGB",
    "YBR_PARTIAL_420": "YBR_FULL",
    "YBR_FULL_422": "YBR_FULL",
}
"""Photometric interpretations that say how a codestream is coded, and what its samples are (PS3.3 C.7.6.3.1.2)."""

OF_THE_FILE: Final = frozenset({0x00020010, 0x00080005, 0x00280004, 0x00280006})
"""TransferSyntaxUID, SpecificCharacterSet, PhotometricInterpretation, PlanarConfiguration: an import writes them anew."""
_CHECKSUMS: Final = "PixelDataChecksumFromBaseToFullResolution"


def imported(
    doc: ImageSetMetadata, patch: Sequence[Mapping[str, Json]], chosen: Mapping[str, Sequence[str]]
) -> ImageSetMetadata:
    """Return what importing the ``chosen`` instances of ``doc``, changed by ``patch``, makes; `as_imported`."""
    copied = after_copy(doc, None, chosen)
    return as_imported(apply_patch(copied, list(of_instances(patch, chosen))))


def rewritten(
    doc: ImageSetMetadata, patch: Sequence[Mapping[str, Json]], chosen: Mapping[str, Sequence[str]]
) -> ImageSetMetadata:
    """Return the document that the files of an import are written from."""
    return apply_patch(after_copy(doc, None, chosen), list(of_instances(patch, chosen)))


def of_instances(
    patch: Iterable[Mapping[str, Json]], chosen: Mapping[str, Sequence[str]], *, levels: bool = True
) -> Iterator[Mapping[str, Json]]:
    """Yield the operations on these instances (by series) and, with ``levels``, on what stands above them."""
    wanted = {(uid, sop) for uid, sops in chosen.items() for sop in sops}
    for operation in patch:
        tokens = str(operation.get("from") or operation["path"]).split("/")
        if len(tokens) > 5 and tokens[2] == "Series" and tokens[4] == "Instances":
            if (unescape(tokens[3]), unescape(tokens[5])) in wanted:
                yield operation
        elif levels and (len(tokens) < 4 or tokens[2] != "Series" or unescape(tokens[3]) in chosen):
            yield operation


def as_imported(doc: ImageSetMetadata) -> ImageSetMetadata:
    """Return the document in the form in which a prediction and an imported image set are compared.

    Left away is what an import decides by itself: ids, file meta (a file says its own), how frames are kept, their
    sizes, extreme values and smaller resolutions. Their checksums at full resolution, which prove the pixels,
    stay. Assumptions: a service may strip trailing pads, and write an empty value as null; both are made equal.
    """
    patient: dict[str, Json] = {"DICOM": _level(doc.patient)}
    study: dict[str, Json] = {"DICOM": _level(doc.study)}
    series = {
        uid: SeriesNode(
            {"DICOM": _level(node.dicom)},
            {sop: Instance(None, _instance(instance)) for sop, instance in node.instances.items()},
        )
        for uid, node in doc.series.items()
    }
    return ImageSetMetadata({}, patient, study, series)


def _instance(instance: Instance) -> dict[str, Json]:
    elements = _level(instance.dicom)
    if instance.frames:
        # The file says how the delivered bytes are coded, which may be another way than the original's.
        elements.pop("PlanarConfiguration", None)
        colour = elements.get("PhotometricInterpretation")
        if isinstance(colour, str):
            elements["PhotometricInterpretation"] = _COLOUR.get(colour, colour)
    vrs: dict[str, Json] = {key: vr for key, vr in instance.vrs.items() if key in elements}
    frames: list[Json] = [_frame(frame) for frame in instance.frames]
    return {"DICOM": elements, "DICOMVRs": vrs, "ImageFrames": frames}


def _frame(frame: Mapping[str, Json]) -> dict[str, Json]:
    """Keep the checksum at full resolution; a frame kept as it was received has no least and greatest value."""
    checksums = frame.get(_CHECKSUMS)
    return {_CHECKSUMS: checksums[-1:] if isinstance(checksums, list) else None}


def _level(elements: Mapping[str, Json]) -> dict[str, Json]:
    return {key: _plain(value) for key, value in elements.items() if (tag_of_key(key) or 0) >> 16 != 2}


def _plain(value: Json) -> Json:
    if isinstance(value, str):
        return value.rstrip(" \0") or None
    if isinstance(value, list):
        plain = [_plain(each) for each in value]
        return plain if any(each is not None for each in plain) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
