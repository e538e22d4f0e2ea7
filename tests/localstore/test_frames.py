"""Frames: kept lossless or as received, with checksums that prove it; out again bit by bit."""

from __future__ import annotations

import base64
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from curator.dicom.uids import TRANSFER_SYNTAXES
from curator.localstore.dicomfile.decode import DecodedFile, decode
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.localstore.frames.codecs import inspect
from curator.localstore.frames.delivery import Delivered
from curator.localstore.frames.stored import EXPLICIT_LITTLE, HTJ2K_RPCL, stored_frames, stored_syntax
from curator.localstore.parsed import ParsedFrame
from tests.localstore.dicomfiles import PYDICOM, bundled, data_set, file_bytes, image, pydicoms


def frames_of(data: bytes) -> tuple[DecodedFile, list[ParsedFrame]]:
    file = decode(data)
    return file, list(stored_frames(file))


def payload(frame: ParsedFrame) -> bytes:
    assert isinstance(frame.payload, bytes)
    return frame.payload


def refusal(data: bytes) -> str:
    with pytest.raises(RefusedFile) as caught:
        frames_of(data)
    return caught.value.reason


def levels(frame: ParsedFrame) -> list[dict[str, int]]:
    found = frame.entry["PixelDataChecksumFromBaseToFullResolution"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


# ── lossless ──────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40, deadline=None)
@given(
    bits=st.sampled_from([8, 16, 32]),
    signed=st.booleans(),
    samples=st.sampled_from([1, 3]),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    planar=st.integers(0, 1),
    syntax=st.sampled_from([EXPLICIT_LITTLE, ImplicitVRLittleEndian, ExplicitVRBigEndian]),
    seed=st.integers(0, 2**32),
)
def test_what_is_kept_is_what_came_bit_by_bit(
    bits: int, signed: bool, samples: int, rows: int, columns: int, planar: int, syntax: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2**bits, (2, rows, columns, samples), dtype=np.uint64).astype(f"u{bits // 8}")
    order = pixels.transpose(0, 3, 1, 2) if planar and samples == 3 else pixels
    big = syntax == ExplicitVRBigEndian
    raw = np.ascontiguousarray(order).astype(order.dtype.newbyteorder(">" if big else "<")).tobytes()
    if big and bits == 8:  # OB below: bytes keep their order
        raw = order.tobytes()
    made = image(
        raw, rows=rows, columns=columns, BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1, SamplesPerPixel=samples,
        PixelRepresentation=int(signed), NumberOfFrames=2,
        PhotometricInterpretation="RGB" if samples == 3 else "MONOCHROME2",
    )  # fmt: skip
    if samples == 3:
        made.PlanarConfiguration = planar
    file, kept = frames_of(file_bytes(made, syntax))
    assert stored_syntax(file) == HTJ2K_RPCL
    assert len(kept) == 2
    for index, frame in enumerate(kept):
        wanted = (
            pixels[index].view(f"{'i' if signed else 'u'}{bits // 8}").squeeze(axis=-1)
            if samples == 1
            else pixels[index].view(f"{'i' if signed else 'u'}{bits // 8}")
        )
        back = imagecodecs.htj2k_decode(payload(frame), planar=False).reshape(wanted.shape)
        assert back.dtype == wanted.dtype
        assert np.array_equal(back, wanted)
        assert frame.entry["MinPixelValue"] == int(wanted.min())
        assert frame.entry["MaxPixelValue"] == int(wanted.max())
        assert frame.entry["FrameSizeInBytes"] == wanted.nbytes
        assert levels(frame)[-1]["Checksum"] == zlib.crc32(np.ascontiguousarray(wanted).tobytes())


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm", "SC_rgb_rle_16bit_2frame.dcm", "SC_rgb_rle_32bit_2frame.dcm", "rtdose_rle.dcm",
        "MR_small_jp2klossless.dcm", "GDCMJ2K_TextGBR.dcm", "examples_jpeg2k.dcm", "J2K_pixelrep_mismatch.dcm",
        "MR_small_jpeg_ls_lossless.dcm", "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm",
        "SC_rgb_jls_lossy_sample.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_ybr_full_422_uncompressed.dcm",
        "SC_rgb_small_odd_big_endian.dcm", "examples_palette.dcm", "rtdose.dcm", "CT_small.dcm", "MR_small_bigendian.dcm",
    ],
)  # fmt: skip
def test_transcoded_frames_are_what_pydicom_decodes(name: str) -> None:
    file, kept = frames_of(pydicoms(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pydicom.dcmread(PYDICOM / "test_files" / name)
        decoder = get_decoder(theirs.file_meta.TransferSyntaxUID)
        frames = [pixels for pixels, _ in decoder.iter_array(theirs, raw=True)]
    assert stored_syntax(file) == HTJ2K_RPCL
    assert len(kept) == len(frames)
    for ours, wanted in zip(kept, frames, strict=True):
        back = imagecodecs.htj2k_decode(payload(ours), planar=False)
        assert back.dtype == wanted.dtype.newbyteorder("=")
        assert np.array_equal(back.reshape(wanted.shape), wanted)


def test_the_codestream_is_bare_lossless_rpcl_with_marked_tile_parts() -> None:
    _, (kept,) = frames_of(pydicoms("CT_small.dcm"))
    stream = payload(kept)
    assert kept.content_type == "image/jph"
    assert stream[:4] == b"\xff\x4f\xff\x51"  # SOC, SIZ: no JP2 boxes
    cod = stream.index(b"\xff\x52")
    assert stream[cod + 5] == 2  # progression order RPCL (ISO/IEC 15444-1 A.6.1)
    assert stream[cod + 8] == 0  # no component transform
    assert stream[cod + 12] & 0x40  # HT code-blocks (ISO/IEC 15444-15 A.4)
    assert stream[cod + 13] == 1  # reversible 5-3 wavelet
    assert b"\xff\x55" in stream[: stream.index(b"\xff\x90")]  # TLM before the first tile-part


@pytest.mark.parametrize(
    ("rows", "columns", "widths"),
    [(480, 640, [160, 320, 640]), (240, 320, [160, 320]), (64, 64, [64]), (1, 1, [1]), (513, 129, [65, 129])],
)
def test_each_resolution_level_has_its_checksum_base_first(
    rows: int, columns: int, widths: list[int]
) -> None:
    _, (kept,) = frames_of(file_bytes(image(bytes(rows * columns), rows=rows, columns=columns)))
    found = levels(kept)
    assert [level["Width"] for level in found] == widths
    for skipped, level in enumerate(reversed(found)):
        pixels = imagecodecs.htj2k_decode(payload(kept), skipres=skipped)
        assert (level["Height"], level["Width"]) == pixels.shape
        assert level["Checksum"] == zlib.crc32(pixels.tobytes())


GREY = (np.add.outer(np.arange(70), np.arange(90)) * 1.2).astype(np.uint8)
J2K = "1.2.840.10008.1.2.4."
COMPRESSED: dict[str, Callable[[], bytes | bytearray]] = {
    J2K + "50": lambda: imagecodecs.jpeg8_encode(GREY, level=90),
    J2K + "51": lambda: imagecodecs.jpeg8_encode(GREY, level=90),
    J2K + "57": lambda: imagecodecs.jpeg8_encode(GREY, lossless=True, predictor=4),
    J2K + "70": lambda: imagecodecs.jpeg8_encode(GREY, lossless=True, predictor=1),
    J2K + "80": lambda: imagecodecs.jpegls_encode(GREY, level=0),
    J2K + "81": lambda: imagecodecs.jpegls_encode(GREY, level=2),
    J2K + "90": lambda: imagecodecs.jpeg2k_encode(GREY, level=0, codecformat="j2k"),
    J2K + "91": lambda: imagecodecs.jpeg2k_encode(GREY, level=40, reversible=False, codecformat="j2k"),
    J2K + "201": lambda: imagecodecs.htj2k_encode(GREY, reversible=True),
    J2K + "202": lambda: imagecodecs.htj2k_encode(GREY, reversible=True, tlm=True),
    J2K + "203": lambda: imagecodecs.htj2k_encode(GREY, level=0.01, reversible=False),
    "1.2.840.10008.1.2.5": lambda: (
        struct.pack("<16I", 1, 64, *[0] * 14) + imagecodecs.packbits_encode(GREY.tobytes())
    ),
}
"""A codestream of each compressed transfer syntax that the service takes."""


def test_there_is_a_frame_of_every_supported_compression() -> None:
    assert set(COMPRESSED) == {
        uid for uid, one in TRANSFER_SYNTAXES.items() if one.supported and one.encapsulated
    }


@pytest.mark.parametrize("syntax", sorted(COMPRESSED))
def test_every_supported_compression_is_kept_as_the_guides_table_says(syntax: str) -> None:
    stream = bytes(COMPRESSED[syntax]())
    made = image(b"", rows=70, columns=90)
    made.PixelData = encapsulate([stream])
    made["PixelData"].is_undefined_length = True
    file, (kept,) = frames_of(file_bytes(made, syntax))
    received = TRANSFER_SYNTAXES[syntax].stored == "as-received"
    assert stored_syntax(file) == (syntax if received else HTJ2K_RPCL)
    decode_kept: dict[str, Callable[[bytes], Any]] = {
        J2K + "50": imagecodecs.jpeg8_decode,
        J2K + "91": imagecodecs.jpeg2k_decode,
    }
    decoder: Callable[[bytes], Any] = decode_kept.get(syntax) or imagecodecs.htj2k_decode
    pixels = decoder(payload(kept))
    assert np.abs(pixels.astype(int) - GREY).max() <= (
        12 if syntax[-2:] in ("50", "51", "81", "91", "03") else 0
    )
    assert levels(kept)[-1]["Checksum"] == zlib.crc32(pixels.tobytes())
    if received:
        assert payload(kept).rstrip(b"\0") == stream.rstrip(b"\0")


# ── kept as received ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SC_rgb_jpeg_dcmtk.dcm", "image/jpeg"),
        ("examples_ybr_color.dcm", "image/jpeg"),
        ("JPEG2000.dcm", "image/j2c"),
        ("SC_rgb_gdcm_KY.dcm", "image/j2c"),
    ],
)
def test_lossy_frames_are_kept_as_received(name: str, kind: str) -> None:
    file, kept = frames_of(pydicoms(name))
    theirs = pydicom.dcmread(PYDICOM / "test_files" / name)
    count = int(theirs.get("NumberOfFrames") or 1)
    wanted = list(pydicom.encaps.generate_frames(theirs.PixelData, number_of_frames=count))
    assert stored_syntax(file) == theirs.file_meta.TransferSyntaxUID
    assert [payload(frame) for frame in kept] == wanted
    for frame, raw in zip(kept, wanted, strict=True):
        assert frame.content_type == kind
        assert frame.entry["MinPixelValue"] is None
        assert frame.entry["MaxPixelValue"] is None
        assert frame.entry["FrameSizeInBytes"] == len(raw)
        assert len(levels(frame)) == 1


def test_a_binary_segmentation_keeps_its_bits() -> None:
    bits = np.random.default_rng(3).integers(0, 2, (3, 5, 7), dtype=np.uint8)  # frames that end inside a byte
    raw = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    made = image(raw, rows=5, columns=7, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3)
    file, kept = frames_of(file_bytes(made))
    assert stored_syntax(file) == EXPLICIT_LITTLE
    for frame, wanted in zip(kept, bits, strict=True):
        assert payload(frame) == np.packbits(wanted.reshape(-1), bitorder="little").tobytes()
        assert frame.content_type == "application/octet-stream"
        assert levels(frame) == [{"Width": 7, "Height": 5, "Checksum": zlib.crc32(wanted.tobytes())}]


def test_floating_point_pixels_are_kept_as_received() -> None:
    pixels = np.array([[0.5, -1.25], [np.pi, 1e30]], "<f4")
    made = data_set(
        Rows=2, Columns=2, SamplesPerPixel=1, BitsAllocated=32, PhotometricInterpretation="MONOCHROME2"
    )
    made.FloatPixelData = pixels.tobytes()
    file, (kept,) = frames_of(file_bytes(made))
    assert stored_syntax(file) == EXPLICIT_LITTLE
    assert file.instance["FloatPixelData"] is None
    assert payload(kept) == pixels.tobytes()


def test_files_without_pixels_have_no_frames() -> None:
    for name in ("test-SR.dcm", "rtplan.dcm", "waveform_ecg.dcm"):
        file, kept = frames_of(pydicoms(name))
        assert kept == []
        assert stored_syntax(file) is None


# ── fragments ─────────────────────────────────────────────────────────────────────────────────────────

STREAMS = [
    bytes(imagecodecs.jpeg2k_encode(np.full((9, 9), n, np.uint8), level=0, codecformat="j2k"))
    for n in range(3)
]


def encapsulated(value: bytes, count: int = 3) -> bytes:
    made = image(b"", rows=9, columns=9, NumberOfFrames=count)
    made.PixelData = value
    made["PixelData"].is_undefined_length = True
    return file_bytes(made, "1.2.840.10008.1.2.4.90")


@pytest.mark.parametrize(("fragments", "table"), [(1, True), (1, False), (4, True), (4, False)])
def test_frames_are_found_with_one_or_more_fragments_and_any_table(fragments: int, table: bool) -> None:
    value = encapsulate(STREAMS, fragments_per_frame=fragments, has_bot=table)
    _, kept = frames_of(encapsulated(value))
    assert [frame.entry["MaxPixelValue"] for frame in kept] == [0, 1, 2]


def test_an_extended_offset_table_tells_frames_apart() -> None:
    value, offsets, lengths = encapsulate_extended(STREAMS)
    made = image(b"", rows=9, columns=9, NumberOfFrames=3)
    made.PixelData = value
    made["PixelData"].is_undefined_length = True
    made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = offsets, lengths
    file, kept = frames_of(file_bytes(made, "1.2.840.10008.1.2.4.90"))
    assert [frame.entry["MaxPixelValue"] for frame in kept] == [0, 1, 2]
    assert file.instance["ExtendedOffsetTable"] == base64.b64encode(offsets).decode()


def test_fragments_that_make_up_other_than_the_frames_are_refused() -> None:
    assert "do not make up" in refusal(encapsulated(encapsulate(STREAMS), count=2))


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────


def test_pixel_data_shorter_than_its_attributes_say_is_refused() -> None:
    assert "shorter" in refusal(file_bytes(image(bytes(80), rows=9, columns=9)))
    assert "shorter" in refusal(file_bytes(image(bytes(82), rows=9, columns=9, NumberOfFrames=2)))


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Rows", 0),
        ("SamplesPerPixel", 9),
        ("BitsAllocated", 12),
        ("BitsStored", 0),
        ("NumberOfFrames", 10**9),
    ],
)
def test_attributes_that_describe_no_image_are_refused(keyword: str, value: int) -> None:
    made = image(bytes(82), rows=9, columns=9)
    setattr(made, keyword, value)
    assert keyword in refusal(file_bytes(made))


def test_a_codestream_of_another_size_is_not_even_decoded() -> None:
    huge = bytearray(STREAMS[0])
    struct.pack_into(">II", huge, 8, 60_000, 60_000)  # Xsiz, Ysiz
    assert inspect(bytes(huge)).rows == 60_000
    assert "not of the size" in refusal(encapsulated(encapsulate([bytes(huge)] * 3)))


def test_pixels_that_are_not_encapsulated_as_stated_are_refused() -> None:
    made = image(bytes(82), rows=9, columns=9)
    plain = file_bytes(made)
    stated = plain.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    assert "encapsulated" in refusal(stated)


# ── out again ─────────────────────────────────────────────────────────────────────────────────────────


def test_frames_go_out_uncompressed_as_they_came_in() -> None:
    checked = 0
    for path in bundled():
        try:
            file, kept = frames_of(path.read_bytes())
        except RefusedFile:
            continue
        pixels, stored = file.pixels, stored_syntax(file)
        little = file.transfer_syntax in ("1.2.840.10008.1.2", EXPLICIT_LITTLE)
        if not kept or pixels is None or stored is None or not little:
            continue
        delivered = Delivered(file.instance, stored)
        if delivered.what.subsampled or delivered.what.allocated == 1:
            continue
        raw = b"".join(delivered.native(payload(frame)) for frame in kept)
        assert raw == file.data[pixels.offset : pixels.offset + len(raw)]
        checked += 1
    assert checked >= 15
