"""Looking at frames: half blocks beside textual-image's own, a window beside pydicom's, a frame beside its decoding alone."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from rich.console import Console
from textual_image.renderable import HalfcellImage

from curator.dicom import Json
from curator.pictures import picture_of
from curator.tui.half_blocks import scaled, strips_of
from tests.benchmarks import Row, seconds

WIDTH, LINES = 150, 48


def run() -> list[Row]:
    return [_half_blocks(), *_a_frame()]


def _slice() -> pydicom.FileDataset:
    """A slice of CT of 512 × 512: what pydicom brings, enlarged."""
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    data = pydicom.dcmread(path)
    data.WindowCenter, data.WindowWidth = 40, 400
    return data


def _enlarged(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.kron(pixels, np.ones((4, 4), pixels.dtype)))


def _half_blocks() -> Row:
    pixels = _slice().pixel_array
    grey = ((pixels - pixels.min()) * (255 / np.ptp(pixels))).astype(np.uint8)
    image = scaled(grey, WIDTH, 2 * LINES)
    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor")
    picture = Image.fromarray(image)
    theirs = seconds(lambda: list(console.render(HalfcellImage(picture, WIDTH, LINES))), 7)
    ours = seconds(lambda: strips_of(image), 7)
    work = f"a slice of CT as {WIDTH} × {LINES} cells of half blocks"
    return Row(work, ours * 1e3, theirs * 1e3, "ms", "textual-image", "≤ 0.25 ×", ours <= 0.25 * theirs)


def _a_frame() -> list[Row]:
    data = _slice()
    pixels = _enlarged(data.pixel_array)
    stored = bytes(imagecodecs.htj2k_encode(pixels, reversible=True, planar=False))
    node: dict[str, Json] = {
        "Rows": 512, "Columns": 512, "BitsAllocated": 16, "BitsStored": 16, "PixelRepresentation": 1,
        "PhotometricInterpretation": "MONOCHROME2", "RescaleIntercept": "-1024", "RescaleSlope": "1",
        "WindowCenter": ["40"], "WindowWidth": ["400"],
    }  # fmt: skip
    decoding = seconds(lambda: imagecodecs.htj2k_decode(stored, planar=False), 9)
    whole = seconds(lambda: picture_of(stored, "image/jph", node), 9)
    picture = picture_of(stored, "image/jph", node)
    windowed = seconds(picture.shown, 9)
    theirs = seconds(lambda: apply_voi_lut(apply_modality_lut(pixels, data), data), 9)
    return [
        Row("a frame of 512 × 512 from HTJ2K, ready to be windowed", whole * 1e3, decoding * 1e3, "ms",
            "imagecodecs' decoding alone", "≤ 2.5 ×", whole <= 2.5 * decoding),
        Row("a window over 512 × 512, to 8 bits", windowed * 1e3, theirs * 1e3, "ms", "pydicom (without the 8 bits)",
            "≤ 0.5 ×", windowed <= 0.5 * theirs),
    ]  # fmt: skip
