"""How values become what is seen: windows, tables, palettes, overlays, and what is refused."""

from __future__ import annotations

import base64
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from curator.dicom import Json
from curator.pictures import NoPicture, Picture, picture_of, png_of
from curator.pictures.codestream import Beside, texts_beside
from curator.pictures.colour import coloured
from curator.pictures.greyscale import Table, Window, equalised, grey_of

NATIVE = "application/octet-stream"


def native(values: Any, **more: Json) -> Picture:
    """Return the picture of samples as the service would hand them out uncompressed."""
    array = np.asarray(values)
    kind = array.dtype
    told: dict[str, Json] = {
        "Rows": array.shape[0],
        "Columns": array.shape[1],
        "BitsAllocated": 8 * kind.itemsize,
        "BitsStored": 8 * kind.itemsize,
        "SamplesPerPixel": 3 if array.ndim == 3 else 1,
        "PhotometricInterpretation": "RGB" if array.ndim == 3 else "MONOCHROME2",
    }
    if kind.kind in "iu":
        told |= {"PixelRepresentation": int(kind.kind == "i")}
    return picture_of(array.tobytes(), NATIVE, {**told, **more})


def test_windowing_follows_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1: centre 2048, width 4096 shows 0..4095 from black to white
    ramp = np.array([[0, 2048, 4095]], dtype=np.uint16)
    window: dict[str, Json] = {"WindowCenter": ["2048"], "WindowWidth": ["4096"]}
    assert native(ramp, **window).shown().tolist() == [[0, 128, 255]]
    inverse = native(ramp, **window, PhotometricInterpretation="MONOCHROME1")
    assert inverse.shown().tolist() == [[255, 127, 0]]
    assert inverse.shown(inverted=True).tolist() == [[0, 128, 255]]
    assert native(ramp).shown().tolist() == [[0, 128, 255]]
    assert native(ramp + 1000, **window, RescaleIntercept="-1000").shown().tolist() == [[0, 128, 255]]
    assert native(ramp * 0).shown().tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_each_function_of_a_window_is_pydicom_s(function: str) -> None:
    values = np.arange(0, 4096, 7, dtype=np.uint16).reshape(1, -1)
    data = pydicom.Dataset()
    data.WindowCenter, data.WindowWidth, data.VOILUTFunction = 1500, 900, function
    data.BitsStored, data.PixelRepresentation, data.PhotometricInterpretation = 12, 0, "MONOCHROME2"
    expected = apply_voi_lut(values, data) / 4095 * 255
    shown = native(values, WindowCenter=["1500"], WindowWidth=["900"], VOILUTFunction=function).shown()
    assert np.abs(shown - expected).max() <= 1


def test_tables_of_modality_and_voi_are_pydicom_s() -> None:
    values = np.arange(-20, 300, dtype=np.int16).reshape(1, -1)
    data = pydicom.Dataset()
    data.PixelRepresentation, data.BitsStored, data.PhotometricInterpretation = 1, 16, "MONOCHROME2"
    modality, voi = pydicom.Dataset(), pydicom.Dataset()
    modality.LUTDescriptor, modality.LUTData = [256, 0, 16], [(number * 16) for number in range(256)]
    modality.ModalityLUTType = "US"
    voi.LUTDescriptor, voi.LUTData = [4096, 0, 12], [4095 - number for number in range(4096)]
    data.ModalityLUTSequence, data.VOILUTSequence = [modality], [voi]
    expected = apply_voi_lut(apply_modality_lut(values, data), data)
    entries = np.array(voi.LUTData, "<u2").tobytes()
    shown = native(
        values,
        ModalityLUTSequence=[{"LUTDescriptor": [256, 0, 16], "LUTData": [n * 16 for n in range(256)]}],
        VOILUTSequence=[{"LUTDescriptor": [4096, 0, 12], "LUTData": base64.b64encode(entries).decode()}],
    )
    assert isinstance(shown.presets[0], Table)
    assert np.abs(shown.shown() - expected / 4095 * 255).max() <= 1


def test_a_palette_told_in_segments_is_pydicom_s() -> None:
    words = [
        0,
        2,
        100,
        200,
        1,
        6,
        8000,
        2,
        1,
        0,
        0,
        0,
        3,
        5,
        6,
        7,
    ]  # discrete, linear, the first again, discrete
    data = pydicom.Dataset()
    node: dict[str, Json] = {}
    raw = np.array(words, "<u2").tobytes()
    for colour in ("Red", "Green", "Blue"):
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [13, 0, 16])
        setattr(data, f"Segmented{colour}PaletteColorLookupTableData", raw)
        node[f"{colour}PaletteColorLookupTableDescriptor"] = [13, 0, 16]
        node[f"Segmented{colour}PaletteColorLookupTableData"] = base64.b64encode(raw).decode()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.PixelRepresentation = 0
    indexed = np.arange(13, dtype=np.uint8).reshape(1, -1)
    expected = apply_color_lut(indexed, data)
    found = coloured(indexed, node)
    assert found is not None
    assert np.abs(found.astype(int) - (expected >> 8)).max() <= 1  # it rounds, where pydicom cuts


def test_what_stands_in_unused_bits_is_no_value_but_may_be_an_overlay() -> None:
    values = np.array([[5, 5 | 1 << 12], [4095, 4095 | 1 << 15]], dtype=np.uint16)
    seen = native(values, BitsStored=12, HighBit=11, **{"60000102": 12, "60000010": 2, "60000011": 2})
    assert seen.grey is not None
    assert seen.grey.stored.tolist() == [[5, 5], [4095, 4095]]
    assert seen.overlay is not None
    assert seen.overlay.tolist() == [[False, True], [False, False]]


def test_an_overlay_may_begin_outside_the_image() -> None:
    node: dict[str, Json] = {
        "60000010": 2, "60000011": 8, "60000050": [0, 3],
        "60003000": base64.b64encode(bytes([0b1000_0001, 0b0000_0011])).decode(),
    }  # fmt: skip
    drawn = native(np.zeros((3, 4), np.uint8), **node).overlay
    assert drawn is not None
    assert drawn.astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_padding_does_not_take_part_in_the_whole_range() -> None:
    values = np.array([[-2000, 0, 100]], dtype=np.int16)
    (found,) = grey_of(values, {"PixelPaddingValue": -2000, "PixelRepresentation": 1}).presets
    assert isinstance(found, Window)
    assert (found.centre, found.width) == (50, 100)


def test_floating_point_values_are_shown() -> None:
    values = np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float32)
    assert native(values).shown()[0, :3].tolist() == [0, 128, 255]


def test_equalised_contrast_brings_faint_writing_out() -> None:
    dark = np.full((10, 10), 3, np.uint8)
    dark[4, 2:8] = 5  # two grey levels: nobody sees it
    stretched = equalised(dark)
    assert int(stretched[4, 4]) - int(stretched[0, 0]) > 200
    assert np.array_equal(equalised(dark * 0), dark * 0)


@pytest.mark.parametrize("codec", ["jpeg", "jls", "j2c"])
def test_text_in_a_codestream_s_header_is_found(codec: str) -> None:
    pixels = np.zeros((16, 16), np.uint8)
    comment = b"Doe^Jane 1970"
    if codec == "j2c":
        raw = bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k"))
        place = raw.index(b"\xff\x5c")  # QCD
        segment = b"\xff\x64" + (len(comment) + 4).to_bytes(2, "big") + b"\0\1" + comment
    else:
        encode = imagecodecs.jpeg8_encode if codec == "jpeg" else imagecodecs.jpegls_encode
        raw = bytes(encode(pixels))
        place = 2
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    found = texts_beside(raw[:place] + segment + raw[place:])
    assert Beside("COM", "Doe^Jane 1970") in found
    assert "Doe" not in repr(found)


def test_an_encoder_s_signature_is_no_text() -> None:
    raw = bytes(imagecodecs.htj2k_encode(np.zeros((64, 64), np.uint8)))
    assert b"OpenJPH" in raw
    assert texts_beside(raw) == ()


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("Created by GDCM/OpenJPEG version 2.3.0", False),
        ("LEAD Technologies Inc. V1.01", False),
        ("CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90", False),
        ("LEAD Technologies Inc. V1.01 for Doe", True),
        ("Kakadu-v7.1 " + "1" * 5000 + "!", True),
    ],
)
def test_an_encoder_s_signature_with_more_behind_it_is_text(comment: str, told: bool) -> None:
    raw = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8), np.uint8)))
    body = comment.encode()
    segment = b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body
    assert bool(texts_beside(raw[:2] + segment + raw[2:])) is told


def test_application_segments_are_read_and_the_format_s_own_are_not() -> None:
    raw = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8), np.uint8)))
    exif = b"Exif\0\0scanner of Dr. Roe"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    assert texts_beside(raw) == ()
    assert texts_beside(raw[:2] + segment + raw[2:]) == (Beside("APP1", "Exif scanner of Dr. Roe"),)


@pytest.mark.parametrize(
    ("marker", "fields"),
    [
        (b"\xff\xe0", b"JFIF\0\1\2\0\0\1\0\1\1\1" + b"xyz"),  # a thumbnail of one pixel
        (b"\xff\xee", b"Adobe\0\x64\0\0\0\0\1"),
    ],
)
def test_text_behind_the_format_s_own_fields_is_found(marker: bytes, fields: bytes) -> None:
    raw = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8), np.uint8)))
    for text, told in ((b"", ()), (b"for Roe, Richard", ("for Roe, Richard",))):
        body = fields + text
        segment = marker + (len(body) + 2).to_bytes(2, "big") + body
        assert tuple(found.text for found in texts_beside(raw[:2] + segment + raw[2:])) == told


@pytest.mark.parametrize(
    ("kind", "attributes", "why"),
    [
        ("video/mp4", {}, "video cannot be decoded here"),
        ("", {}, "frames of type unknown cannot be decoded here"),
        (NATIVE, {"Rows": 9, "Columns": 9}, "do not fit Rows, Columns and BitsAllocated"),
        (NATIVE, {"Rows": 1, "Columns": 1, "BitsAllocated": 24}, "do not fit"),
        (NATIVE, {"Rows": 60000, "Columns": 60000}, "larger than can be shown"),
        (NATIVE, {}, "has no pixels"),
        ("image/jph", {}, "does not decode"),
        ("image/jpeg", {}, "does not decode"),
    ],
)
def test_what_cannot_be_shown_says_why(kind: str, attributes: dict[str, Any], why: str) -> None:
    with pytest.raises(NoPicture, match=why):
        png_of(b"abc", kind, attributes)


@given(
    st.dictionaries(
        st.sampled_from(
            ["Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "WindowCenter",
             "WindowWidth", "RescaleSlope", "PhotometricInterpretation", "60000102", "60000010", "60000011", "60003000",
             "60000050", "ModalityLUTSequence", "VOILUTSequence", "RedPaletteColorLookupTableDescriptor",
             "SegmentedRedPaletteColorLookupTableData", "PixelPaddingValue", "SharedFunctionalGroupsSequence"]
        ),
        st.one_of(
            st.none(), st.integers(-2, 70000), st.text(max_size=4), st.lists(st.text(max_size=3), max_size=3),
            st.sampled_from(["PALETTE COLOR", "MONOCHROME1", "nan", "1e999", [{"LUTDescriptor": [1, 2, 3]}], [3, 0, 16]]),
        ),
    ),
    st.binary(max_size=64),
)  # fmt: skip
def test_attributes_that_people_edited_give_a_picture_or_say_why_not(
    attributes: dict[str, Any], data: bytes
) -> None:
    try:
        shown = picture_of(data, NATIVE, attributes).shown()
    except NoPicture:
        return
    assert shown.dtype == np.uint8
