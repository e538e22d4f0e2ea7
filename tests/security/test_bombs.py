"""Little that unpacks to much, from whoever it comes: refused, or taken out, before it fills the memory."""

from __future__ import annotations

import base64
import gzip
import os
import struct
import time
import zlib

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from curator.deid import opaque
from curator.deid.words import VOCABULARY
from curator.errors import CuratorError
from curator.imageset import ImageSetMetadata, reading
from curator.localstore.dicomfile.decode import decode
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.localstore.frames.codecs import inspect
from curator.localstore.frames.stored import stored_frames
from curator.rulefile import load
from curator.rulefile.convert import convert
from curator.verify.decoding import said
from tests.localstore.dicomfiles import file_bytes, image

LINES = b'{"Patient": "' + b"x" * 2_000_000 + b'"}'


@pytest.mark.parametrize("trailer", ["honest", "lying", "two members"])
def test_a_metadata_document(monkeypatch: pytest.MonkeyPatch, trailer: str) -> None:
    monkeypatch.setattr(reading, "_MOST", 1_000_000)
    monkeypatch.setattr(reading, "_LARGEST", 100_000)
    blob = gzip.compress(LINES)
    if trailer == "lying":
        blob = blob[:-4] + struct.pack("<I", 100)
    elif trailer == "two members":
        blob = gzip.compress(LINES[:900_000]) + gzip.compress(LINES[900_000:])
    with pytest.raises(CuratorError, match=r"larger than any document|damaged"):
        ImageSetMetadata.parse(blob)


def test_a_document_of_several_members_is_read() -> None:
    blob = b"".join(
        gzip.compress(part)
        for part in (b'{"Patient": {"DICOM": {}}, ', b'"Study": {"DICOM": {}, "Series": {}}}')
    )
    assert ImageSetMetadata.parse(blob).patient == {}
    with pytest.raises(CuratorError, match="damaged"):
        ImageSetMetadata.parse(blob[:-9])


def packed(times: int) -> bytes:
    content = os.urandom(8).hex().encode() + b" Doe Jane"
    for _ in range(times):
        content = gzip.compress(content, compresslevel=0)
    return content


@pytest.mark.parametrize("times", [1, 3, 4, 2_000])
def test_a_binary_value_packed_again_and_again(times: int) -> None:
    """What is in it is found, or the value goes because nobody can tell."""
    value = base64.b64encode(packed(times)).decode()
    assert opaque.clean(value, lambda text: text, lambda text: "Doe" in text) is None


def test_a_binary_value_that_unpacks_to_much() -> None:
    value = base64.b64encode(zlib.compress(bytes(30_000_000))).decode()
    begin = time.process_time()
    assert opaque.clean(value, lambda text: text, lambda text: False) is None
    harmless = base64.b64encode(zlib.compress(b"\0\1\2\3" * 1000)).decode()
    assert opaque.clean(harmless, lambda text: text, lambda text: False) == harmless
    assert sum(map(len, said(zlib.compress(bytes(30_000_000))))) < 20_000_000
    assert time.process_time() - begin < 10


def test_a_frame_of_four_gigapixels_is_refused_by_its_own_attributes() -> None:
    """The codestream says the same size, so nothing contradicts: it would be 4 GB of samples."""
    stream = bytearray(imagecodecs.jpeg2k_encode(np.zeros((9, 9), np.uint8), level=0, codecformat="j2k"))
    struct.pack_into(">II", stream, 8, 0xFFFF, 0xFFFF)  # Xsiz, Ysiz
    assert inspect(bytes(stream)).rows == 0xFFFF
    made = image(b"", rows=0xFFFF, columns=0xFFFF)
    made.PixelData = encapsulate([bytes(stream)])
    made["PixelData"].is_undefined_length = True
    with pytest.raises(RefusedFile, match="512 MB"):
        list(stored_frames(decode(file_bytes(made, JPEG2000Lossless))))


def test_entities_that_stand_for_entities() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    script = f'<!DOCTYPE script [<!ENTITY e0 "lol">{levels}]><script><e en="T" t="00100010" n="x">&e11;</e></script>'
    with pytest.raises(CuratorError, match="entities"):
        convert(script, "mine", vocabulary=VOCABULARY, form="ctp")


def test_aliases_that_stand_for_aliases() -> None:
    lines = ["a0: &a0 lol", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
    with pytest.raises(CuratorError):
        load("version: 1\nname: x\nwhy: x\nrules: []\n" + "\n".join(lines), "bomb.yaml")
