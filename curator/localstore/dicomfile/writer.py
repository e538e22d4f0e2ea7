"""A document's attributes back as a Part 10 file in Explicit VR Little Endian (PS3.10 7.1, PS3.5 7).

What it writes, `decode` reads to the same values. A value that its VR cannot hold (``force`` lets such values in) is
written as UT, and text that the stated character set cannot hold turns the data set to ISO_IR 192.
"""

from __future__ import annotations

import struct
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from curator.dicom import Json, dictionary
from curator.localstore.dicomfile.charsets import encoder
from curator.localstore.dicomfile.values import BINARY, INTEGERS, LONG_FORM, REALS, TEXT

__all__ = ["vr_to_write", "write_file"]

_UTF8: Final = "ISO_IR 192"
_CHARACTER_SET: Final = 0x00080005
_PIXEL_TAGS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2sHI")
_ITEM: Final = struct.Struct("<HHI")
_NUMBERS: Final = {"NaN": float("nan"), "inf": float("inf"), "-inf": float("-inf")}

Elements = dict[int, tuple[str, Json]]
"""Tag → VR and value."""
Encode = Callable[[str], bytes]


def write_file(
    levels: Sequence[Mapping[str, Json]],
    vrs: Mapping[str, Json],
    *,
    transfer_syntax: str,
    frames: Sequence[bytes] = (),
    encapsulated: bool = False,
    word: str = "OW",
) -> bytes:
    """Return the file. ``frames``: each frame's bytes, encapsulated one fragment each, or joined under VR ``word``.

    Keys that are no tag (nothing the service's own import makes) are left out.
    """
    merged = {key: value for level in levels for key, value in level.items()}
    elements = _typed(merged, vrs)
    meta = {tag: elements.pop(tag) for tag in sorted(elements) if tag >> 16 == 2}
    meta[0x00020001] = ("OB", "AAE=")
    meta[0x00020002] = ("UI", merged.get("SOPClassUID"))
    meta[0x00020003] = ("UI", merged.get("SOPInstanceUID"))
    meta[0x00020010] = ("UI", transfer_syntax)
    head = b"".join(_element(tag, vr, value, _latin) for tag, (vr, value) in sorted(meta.items()))
    body = _data_set(elements, None)
    pixels = _pixels(elements, frames, encapsulated, word) if frames else None
    if pixels is None:
        pieces = [data for _, data in body]
    else:
        tag, value = pixels
        pieces = [data for one, data in body if one not in _PIXEL_TAGS and one < tag]
        pieces += [value, *(data for one, data in body if one not in _PIXEL_TAGS and one > tag)]
    length = _element(0x00020000, "UL", len(head), _latin)
    return b"".join((b"\0" * 128, b"DICM", length, head, *pieces))


def _pixels(elements: Elements, frames: Sequence[bytes], encapsulated: bool, word: str) -> tuple[int, bytes]:
    tag = next((tag for tag in _PIXEL_TAGS if tag in elements), 0x7FE00010)
    if not encapsulated:
        value = b"".join(frames)
        vr = {0x7FE00008: "OF", 0x7FE00009: "OD"}.get(tag, word)
        return tag, _LONG.pack(tag >> 16, tag & 0xFFFF, vr.encode(), 0, len(value) + len(value) % 2) + _even(
            value, b"\0"
        )
    padded = [_even(frame, b"\0") for frame in frames]
    offsets, position = [], 0
    for frame in padded:
        offsets.append(position)
        position += len(frame) + 8
    table = struct.pack(f"<{len(offsets)}I", *offsets) if position < 2**32 else b""
    parts = [
        _LONG.pack(tag >> 16, tag & 0xFFFF, b"OB", 0, 0xFFFFFFFF),
        _ITEM.pack(0xFFFE, 0xE000, len(table)),
        table,
    ]
    for frame in padded:
        parts += [_ITEM.pack(0xFFFE, 0xE000, len(frame)), frame]
    return tag, b"".join((*parts, _ITEM.pack(0xFFFE, 0xE0DD, 0)))


def _typed(values: Mapping[str, Json], vrs: Mapping[str, Json]) -> Elements:
    found: Elements = {}
    for key, value in values.items():
        tag = dictionary.tag_of_key(key)
        if tag is not None and tag & 0xFFFF and tag >> 16 not in (0, 0xFFFE):
            found[tag] = (vr_to_write(tag, value, values, vrs), value)
    return found


def vr_to_write(tag: int, value: Json, values: Mapping[str, Json], vrs: Mapping[str, Json]) -> str:
    """Return an element's VR: the one ``vrs`` states, else the dictionary's, by the value where that leaves a choice.

    ``values`` is the data set that the element stands in, by document key.
    """
    stated = vrs.get(f"{tag:08X}")
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "SQ"
    if isinstance(stated, str):
        return stated
    known = dictionary.vrs(tag)
    if not known:
        return _private_vr(tag, value, values)
    if len(known) == 1:
        return known[0]
    if isinstance(value, str):
        return "OW" if "OW" in known else known[0]
    numbers = value if isinstance(value, list) else [value]
    negative = any(isinstance(number, int) and number < 0 for number in numbers)
    large = any(isinstance(number, int) and number > 0x7FFF for number in numbers)
    return (
        "SS"
        if "SS" in known and (negative or (values.get("PixelRepresentation") == 1 and not large))
        else "US"
    )


def _private_vr(tag: int, value: Json, values: Mapping[str, Json]) -> str:
    """Return a VR for a private element inside a sequence, where the document keeps none.

    assumption: what a public private dictionary says of the creator holds; else base64 is UN, numbers are DS of
    their kind, other text is UT. All of them read back to the same value.
    """
    from pydicom.datadict import private_dictionary_VR

    creator = values.get(f"{tag >> 16:04X}{tag >> 8 & 0xFF:04X}")
    if isinstance(creator, str):
        try:
            known = private_dictionary_VR(tag, creator)
        except KeyError:
            known = ""
        text = (
            known not in BINARY
            and known not in INTEGERS
            and known not in REALS
            and known not in ("AT", "SQ", "")
        )
        if known in BINARY or (text and isinstance(value, str | list)):
            return known
    if isinstance(value, float):
        return "FD"
    if isinstance(value, int):
        return "SV" if value < 0 else "UV"
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if kinds == {int}:
            return "SV"
        return "FD" if kinds <= {int, float} else "UC"
    if isinstance(value, str) and value.isdigit():
        return "UT"  # base64 of only digits is rarer than a number that is no word of four letters
    return "UN" if value == "" or _is_base64(value) else "UT"


def _is_base64(value: Json) -> bool:
    """Say whether text is base64 of a value, which has an even length."""
    if not isinstance(value, str):
        return False
    try:
        raw = a2b_base64(value.encode("ascii"))
    except (Base64Error, UnicodeEncodeError):
        return False
    return len(raw) % 2 == 0 and b2a_base64(raw, newline=False).decode() == value


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _data_set(elements: Elements, inherited: Encode | None) -> list[tuple[int, bytes]]:
    """Return each element encoded. A data set that says its own character set, or the outermost one, may change it."""
    own = _CHARACTER_SET in elements
    if inherited is not None and not own:
        return list(_encoded(elements, inherited))
    terms = elements[_CHARACTER_SET][1] if own else None
    listed = terms if isinstance(terms, list) else [terms]
    encode = encoder(tuple(term for term in listed if isinstance(term, str)))
    if encode is not None:
        try:
            return list(_encoded(elements, encode))
        except UnicodeEncodeError:
            pass
    return list(_encoded({**elements, _CHARACTER_SET: ("CS", [_UTF8])}, _utf8))


def _encoded(elements: Elements, encode: Encode) -> Iterator[tuple[int, bytes]]:
    for tag in sorted(elements):
        vr, value = elements[tag]
        yield tag, _element(tag, vr, value, encode)


def _element(tag: int, vr: str, value: Json, encode: Encode) -> bytes:
    if vr == "SQ":
        raw = _items(value, encode)
    else:
        try:
            raw = _value(vr, value, encode)
        except (struct.error, LookupError, OverflowError, TypeError, ValueError) as error:
            if isinstance(error, UnicodeEncodeError) and vr in TEXT:
                raise  # the data set chooses another character set
            vr, raw = "UT", encode(_shown(value))
        raw = _even(raw, b"\0" if vr == "UI" or vr in BINARY else b" ")
    if vr not in LONG_FORM and len(raw) > 0xFFFE:
        vr = "UN"  # PS3.5 6.2.2: a value too long for its VR's length field
    group, element = tag >> 16, tag & 0xFFFF
    if vr in LONG_FORM:
        return _LONG.pack(group, element, vr.encode(), 0, len(raw)) + raw
    return _SHORT.pack(group, element, vr.encode(), len(raw)) + raw


def _shown(value: Json) -> str:
    if isinstance(value, list):
        return "\\".join(_shown(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _items(value: Json, encode: Encode) -> bytes:
    parts: list[bytes] = []
    for item in value if isinstance(value, list) else []:
        body = b""
        if isinstance(item, dict):
            body = b"".join(data for _, data in _data_set(_typed(item, {}), encode))
        parts += [_ITEM.pack(0xFFFE, 0xE000, len(body)), body]
    return b"".join(parts)


def _value(vr: str, value: Json, encode: Encode) -> bytes:
    if value is None or value == "":
        return b""
    if vr in BINARY:
        return a2b_base64(value.encode("ascii"), strict_mode=True) if isinstance(value, str) else _refuse()
    values = value if isinstance(value, list) else [value]
    if vr in INTEGERS:
        return struct.pack(f"<{len(values)}{INTEGERS[vr]}", *values)
    if vr in REALS:
        reals = [_NUMBERS[one] if isinstance(one, str) else one for one in values]
        return struct.pack(f"<{len(reals)}{REALS[vr]}", *reals)
    if vr == "AT":
        return b"".join(struct.pack("<HH", int(str(one)[:4], 16), int(str(one)[4:8], 16)) for one in values)
    if not all(isinstance(one, str) for one in values):
        return _refuse()
    text = "\\".join(str(one) for one in values)
    return encode(text) if vr in TEXT else text.encode("latin-1")


def _refuse() -> bytes:
    raise TypeError


def _even(raw: bytes, pad: bytes) -> bytes:
    return raw + pad if len(raw) % 2 else raw
