"""``frames``: the list, and pictures that show what the frame holds."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest

from curator.cli.picture import NoPicture, decoded, png_of, shown
from curator.demo_data import Seeded
from curator.dicom import Json
from curator.stores import OpenStore
from tests.cli.conftest import Curator

Demo = tuple[Path, list[Seeded]]


def test_frames_are_listed_with_what_identifies_them(on_demo: Curator, image_sets: dict[str, str]) -> None:
    (frame,) = on_demo("frames", image_sets["MR"], "--json").json
    assert (frame["number"], frame["width"], frame["height"]) == (1, 64, 64)
    assert len(frame["frameId"]) == 32
    assert on_demo("frames", image_sets["SR"], "--json").json == []


def test_pictures_are_written_for_their_owner_alone_and_named_without_uids(
    on_demo: Curator, image_sets: dict[str, str], tmp_path: Path
) -> None:
    ran = on_demo("frames", image_sets["MR"], "--png", tmp_path / "png")
    assert ran.code == 0
    (file,) = (tmp_path / "png").iterdir()
    assert ran.out.strip() == str(file)
    assert file.name == f"{image_sets['MR']}-00001.png"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert imagecodecs.png_decode(file.read_bytes()).shape == (64, 64)


@pytest.mark.parametrize(
    "name", ["MR_small", "CT_small", "examples_palette", "examples_ybr_color", "examples_overlay"]
)
def test_a_picture_shows_the_file_s_own_pixels(demo_store: OpenStore, demo_files: Demo, name: str) -> None:
    """Samples decoded from the store equal pydicom's; the picture is them, windowed."""
    data = pydicom.dcmread(demo_files[0] / f"{name}.dcm")
    imaging = demo_store.imaging
    for found in imaging.search():
        document = imaging.document(found.id)
        node = document.instance(str(data.SOPInstanceUID))
        if node is None:
            continue
        blob, kind = imaging.frame(found.id, str(node.frames[0]["ID"]))
        samples = decoded(blob, kind, node.dicom)
        expected = _pixels(data)
        if data.file_meta.TransferSyntaxUID.is_encapsulated:
            assert samples.shape == expected.shape  # lossy: two decoders may differ in the last bit
        else:
            assert np.array_equal(samples, expected)
        picture = imagecodecs.png_decode(png_of(blob, kind, node.dicom))
        assert picture.dtype == np.uint8
        assert picture.shape[:2] == expected.shape[:2]
        return
    pytest.fail("the file's instance is not in the store")


def _pixels(data: pydicom.FileDataset) -> Any:
    pixels = data.pixel_array
    return pixels[0] if int(data.get("NumberOfFrames", 1) or 1) > 1 else pixels


def test_windowing_follows_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1: centre 2048, width 4096 shows 0..4095 from black to white
    ramp = np.array([[0, 2048, 4095]], dtype=np.uint16)
    window: dict[str, Json] = {
        "WindowCenter": ["2048"],
        "WindowWidth": ["4096"],
        "PhotometricInterpretation": "MONOCHROME2",
    }
    assert shown(ramp, window).tolist() == [[0, 128, 255]]
    assert shown(ramp, {**window, "PhotometricInterpretation": "MONOCHROME1"}).tolist() == [[255, 127, 0]]
    assert shown(ramp, {}).tolist() == [[0, 128, 255]]
    assert shown(ramp + 1000, {**window, "RescaleIntercept": "-1000"}).tolist() == [[0, 128, 255]]
    assert shown(ramp * 0, {}).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("video/mp4", {}),
        ("", {}),
        ("application/octet-stream", {"Rows": 9, "Columns": 9}),
        ("application/octet-stream", {"Rows": 1, "Columns": 1, "BitsAllocated": 24}),
        ("image/jph", {}),
    ],
)
def test_what_cannot_be_shown_says_so(kind: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(NoPicture):
        png_of(b"abc", kind, attributes)
