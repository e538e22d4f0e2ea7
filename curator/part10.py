"""A de-identified instance as a Part 10 file: the document's elements, the pixel data that the service delivered.

The data set is built from the metadata document alone: what the document does not say is not in the file. From the
service's own file (GetDICOMInstance) come the pixel data, byte for byte, the two elements that describe how it is
coded, and the VRs that a document does not keep (of private elements inside sequences, and where PS3.6 leaves a
choice).
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final

from curator.dicom import Json
from curator.dicom.dictionary import is_private, key_of_tag, tag_of_key, vrs
from curator.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from curator.errors import Refused
from curator.imageset import ImageSetMetadata

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["Unwritable", "instance_file", "part10"]

UTF_8: Final = b"ISO_IR 192"
PIXELS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
CODING: Final = (0x00280004, 0x00280006)
"""PhotometricInterpretation and PlanarConfiguration: true of the delivered bytes, not always of the original's."""
_CHARACTER_SET: Final = 0x00080005
UNDEFINED: Final = 0xFFFFFFFF
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2sHI")
_ITEM: Final = struct.Struct("<HHI")
_LONG_FORM: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_INTEGERS: Final = {"SS": "h", "US": "H", "SL": "i", "UL": "I", "SV": "q", "UV": "Q"}
_REALS: Final = {"FL": "f", "FD": "d"}
_NOT_NUMBERS: Final = {"NaN": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class Unwritable(Refused):
    """An element's value cannot be written as its VR says. The message names the element, not the value."""


def instance_file(source: bytes, document: ImageSetMetadata, sop: str) -> bytes:
    """Return the P10 file of the instance ``sop`` as ``document`` describes it, with the pixel data of ``source``."""
    series = document.series_of(sop)
    assert series is not None
    node = document.series[series]
    instance = node.instances[sop]
    elements = {**document.patient, **document.study, **node.dicom, **instance.dicom}
    return part10(source, elements, instance.vrs)


def part10(source: bytes, elements: Mapping[str, Json], private_vrs: Mapping[str, str]) -> bytes:
    """Return a P10 file of ``elements`` (document keys; ``private_vrs`` as DICOMVRs) with ``source``'s pixel data.

    Text is ISO_IR 192, said once at the root; the preamble is zero, the file meta says what the file is and who
    wrote it, no more (PS3.15 E.1.1). Raises `Unwritable`.
    """
    from pydicom import dcmread

    delivered = dcmread(BytesIO(source), force=True)
    known = _Seen()
    known.look(delivered)
    shown = {key: value for key, value in elements.items() if tag_of_key(key) not in PIXELS}
    made = _data_set(shown, private_vrs, known)
    made[_CHARACTER_SET] = _element(_CHARACTER_SET, "CS", UTF_8)
    for tag in PIXELS:
        if tag in delivered:
            for each in (tag, *CODING):
                if each in delivered:
                    made[each] = _delivered(delivered, each)
    return b"".join([_file_meta(delivered, elements), *(made[tag] for tag in sorted(made))])


def _file_meta(delivered: Dataset, elements: Mapping[str, Json]) -> bytes:
    """Return preamble, prefix and group 0002 (PS3.10 7.1)."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        # Where the document knows the file meta, it decides: in some originals it is not the data set's.
        said = elements.get(f"MediaStorage{keyword}") or elements.get(keyword)
        setattr(meta, f"MediaStorage{keyword}", UID(_text(said)))
    meta.TransferSyntaxUID = delivered.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    out = DicomBytesIO()
    try:
        write_file_meta_info(out, meta, enforce_standard=True)
    except (AttributeError, ValueError):
        raise Unwritable("The instance has no SOP Class UID or no SOP Instance UID.") from None
    return b"\0" * 128 + b"DICM" + out.getvalue()


def _delivered(delivered: Dataset, tag: int) -> bytes:
    """Return an element as it came; encapsulated pixel data with its delimiter (PS3.5 A.4)."""
    raw = delivered.get_item(tag)
    value = raw.value if isinstance(raw.value, bytes) else b""
    encapsulated = raw.length == UNDEFINED if hasattr(raw, "length") else raw.is_undefined_length
    return _element(tag, str(raw.VR or "OW"), value, encapsulated=encapsulated)


@dataclass(slots=True)
class _Seen:
    """The VRs that a file states: of standard elements by tag, of private ones by creator and offset."""

    standard: dict[int, str] = field(default_factory=dict)
    private: dict[tuple[str, int], str] = field(default_factory=dict)

    def look(self, data_set: Dataset) -> None:
        """Take in a data set and its sequences."""
        for tag in data_set.keys():  # noqa: SIM118  (iterating a Dataset converts its values)
            stated = data_set.get_item(tag).VR or "UN"
            if is_private(tag):
                self.private[_creator(data_set, tag), tag & 0xFFFF00FF] = stated
            else:
                self.standard[tag] = stated
            if stated == "SQ":
                for item in data_set[tag].value:
                    self.look(item)


def _creator(data_set: Dataset, tag: int) -> str:
    reserved = (tag & 0xFFFF0000) | (tag >> 8 & 0xFF)
    return str(data_set[reserved].value).strip() if reserved in data_set else ""


def _data_set(elements: Mapping[str, Json], stated: Mapping[str, str], known: _Seen) -> dict[int, bytes]:
    """Return each element by its tag, encoded in Explicit VR Little Endian."""
    made: dict[int, bytes] = {}
    for tag, value in _written(elements):
        vr = _vr(tag, value, elements, stated, known)
        try:
            raw = _items(value, known) if vr == "SQ" else _encoded(vr, value)
        except (struct.error, ValueError, TypeError, OverflowError):
            raise Unwritable(f"The value of {key_of_tag(tag)} cannot be written as {vr}.") from None
        made[tag] = _element(tag, vr, raw)
    return made


def _items(value: Json, known: _Seen) -> bytes:
    parts: list[bytes] = []
    for item in value if isinstance(value, list) else []:
        inner = _data_set(item, {}, known) if isinstance(item, dict) else {}
        content = b"".join(inner[tag] for tag in sorted(inner))
        parts += [_ITEM.pack(0xFFFE, 0xE000, len(content)), content]
    return b"".join(parts)


def _element(tag: int, vr: str, value: bytes, *, encapsulated: bool = False) -> bytes:
    """Return one element (PS3.5 7.1.2); a value too long for its VR's length field goes as UN (PS3.5 6.2.2)."""
    if len(value) % 2:
        value += b"\0" if vr == "UI" or vr in _BINARY else b" "
    if vr not in _LONG_FORM and len(value) > 0xFFFE:
        vr = "UN"
    group, number = tag >> 16, tag & 0xFFFF
    if encapsulated:
        end = _ITEM.pack(0xFFFE, 0xE0DD, 0)
        return _LONG.pack(group, number, vr.encode(), 0, UNDEFINED) + value + end
    if vr in _LONG_FORM:
        return _LONG.pack(group, number, vr.encode(), 0, len(value)) + value
    return _SHORT.pack(group, number, vr.encode(), len(value)) + value


def _written(elements: Mapping[str, Json]) -> Iterator[tuple[int, Json]]:
    """Yield what goes into the data set: no file meta, group lengths or character sets."""
    for key, value in elements.items():
        tag = tag_of_key(key)
        if tag is None:
            raise Unwritable(f"{key[:64]} is no attribute of DICOM: it has no place in a file.")
        if tag >> 16 > 0x0004 and tag & 0xFFFF and tag != _CHARACTER_SET:
            yield tag, value


def _vr(tag: int, value: Json, elements: Mapping[str, Json], stated: Mapping[str, str], known: _Seen) -> str:
    """Return the VR to write: that of the document, of the delivered file, of the dictionary, in this order."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "SQ"
    said = stated.get(f"{tag:08X}")
    if isinstance(said, str):
        return said
    if is_private(tag):
        if 0x10 <= tag & 0xFFFF <= 0xFF:
            return "LO"
        creator = elements.get(f"{tag >> 16:04X}{tag >> 8 & 0xFF:04X}")
        found = known.private.get((_text(creator).strip(), tag & 0xFFFF00FF))
        return found or _vr_of_value(value)
    allowed = vrs(tag)
    seen = known.standard.get(tag)
    if seen and (seen in allowed or not allowed):
        return _signed(seen, value) if seen in ("US", "SS") and len(allowed) > 1 else seen
    if len(allowed) == 1:
        return allowed[0]
    if isinstance(value, str):
        return next((vr for vr in ("OW", "OB") if vr in allowed), allowed[0] if allowed else "UT")
    return _signed("US", value) if "US" in allowed else allowed[0] if allowed else _vr_of_value(value)


def _signed(vr: str, value: Json) -> str:
    """Correct US and SS by the values, where an attribute may have either (PS3.5 A.1)."""
    numbers = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int)]
    if any(number < 0 for number in numbers):
        return "SS"
    return "US" if any(number > 0x7FFF for number in numbers) else vr


def _vr_of_value(value: Json) -> str:
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, float):
        return "FD"
    return "SV" if isinstance(first, int) else "UT"


def _encoded(vr: str, value: Json) -> bytes:
    if value is None or value in ("", []):
        return b""
    values: Sequence[Json] = value if isinstance(value, list) else [value]
    if vr in _BINARY:
        return b64decode(_only_text(values[0]), validate=True)
    if vr in _INTEGERS:
        return struct.pack(f"<{len(values)}{_INTEGERS[vr]}", *values)
    if vr in _REALS:
        reals = [_NOT_NUMBERS[each] if isinstance(each, str) else each for each in values if each is not None]
        return struct.pack(f"<{len(reals)}{_REALS[vr]}", *reals)
    if vr == "AT":
        tags = [_only_text(each) for each in values]
        return b"".join(struct.pack("<HH", int(each[:4], 16), int(each[4:8], 16)) for each in tags)
    return "\\".join("" if each is None else _only_text(each) for each in values).encode("utf-8")


def _only_text(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return value if isinstance(value, str) else repr(value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
