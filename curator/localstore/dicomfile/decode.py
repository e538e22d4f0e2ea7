"""A Part 10 file taken apart: file meta information, data set by levels, and where its pixels are (PS3.10 7.1)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from curator.dicom import Json
from curator.localstore.dicomfile.elements import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Data,
    Elements,
    Encoding,
    PixelValue,
)
from curator.localstore.dicomfile.refusal import ImportException, RefusedFile
from curator.localstore.dicomfile.values import VRS

__all__ = ["DecodedFile", "decode"]

IMPLICIT, BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
MAX_INFLATED: Final = 2**30
"""Bytes that a deflated data set may become; deflate can grow a thousandfold."""


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """One instance in the encoding of the metadata document, and the bytes that `pixels` points into."""

    patient: dict[str, Json]
    study: dict[str, Json]
    series: dict[str, Json]
    instance: dict[str, Json]
    vrs: dict[str, Json]
    transfer_syntax: str
    pixels: PixelValue | None
    data: Data
    little: bool


def decode(data: Data) -> DecodedFile:
    """Read a whole file. Raises RefusedFile, and nothing else, whatever the bytes are."""
    try:
        return _decode(data)
    except (struct.error, ValueError, IndexError, OverflowError, RecursionError, MemoryError) as error:
        raise RefusedFile("the file is not readable as DICOM (PS3.5)") from error


def _decode(data: Data) -> DecodedFile:
    if len(data) < 132 or data[128:132] != b"DICM":
        raise RefusedFile("the file is not DICOM P10: no preamble with DICM")
    instance: dict[str, Json] = {}
    vrs: dict[str, Json] = {}
    elements = Elements(data)
    meta = _sniffed(data, 132, EXPLICIT_LITTLE)
    body = elements.read(meta, 132, len(data), (instance,) * 4, vrs, group=2)
    syntax = instance.get("TransferSyntaxUID")
    if not instance:
        raise RefusedFile("DICOM attributes does not exist")  # the guide's own words
    if not isinstance(syntax, str):
        raise RefusedFile("DICOM attribute TransferSyntaxUID does not exist")
    encoding = {IMPLICIT: IMPLICIT_LITTLE, BIG_ENDIAN: EXPLICIT_BIG}.get(syntax, EXPLICIT_LITTLE)
    if syntax == DEFLATED:
        elements.data = data = _inflated(data, body)
        body = 0
    else:
        encoding = _sniffed(data, body, encoding)
    patient: dict[str, Json] = {}
    study: dict[str, Json] = {}
    series: dict[str, Json] = {}
    elements.read(encoding, body, len(data), (patient, study, series, instance), vrs)
    return DecodedFile(patient, study, series, instance, vrs, syntax, elements.pixels, data, encoding.little)


def _sniffed(data: Data, pos: int, stated: Encoding) -> Encoding:
    """Return the encoding that the first element shows: some writers state one transfer syntax and use another."""
    vr = data[pos + 4 : pos + 6].decode("latin-1")
    if vr in VRS:
        return stated if stated.explicit else EXPLICIT_LITTLE
    return IMPLICIT_LITTLE if stated is EXPLICIT_LITTLE and len(vr) == 2 else stated


def _inflated(data: Data, pos: int) -> bytes:
    try:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        inflated = inflater.decompress(data[pos:], MAX_INFLATED)
    except zlib.error:
        raise RefusedFile("the deflated data set does not inflate") from None
    if inflater.unconsumed_tail:
        raise RefusedFile("the deflated data set inflates to more than 1 GB", ImportException.QUOTA)
    if not inflater.eof:
        raise RefusedFile("the deflated data set is cut off")
    return inflated
