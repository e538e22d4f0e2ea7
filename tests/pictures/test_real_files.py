"""Pictures of real files, imported into the embedded store and read back, against what pydicom makes of the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import UID

from curator.pictures import Frame, Picture, frames_of, picture_of
from curator.stores import OpenStore, open_store

SHARED = Path(__file__).parents[3] / "shared" / "data"
BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"

GREY = (
    "CT_small.dcm",  # 16 bits, signed, rescaled
    "MR_small_bigendian.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_jp2klossless.dcm",
    "J2K_pixelrep_mismatch.dcm",  # the codestream and PixelRepresentation contradict each other
    "693_J2KI.dcm",  # 14 of 16 bits, signed, lossy: kept as received
    "JPGExtended.dcm",  # 12 bits, lossy
    "JPEGLSNearLossless_16.dcm",
    "examples_overlay.dcm",
    "highdicom/dx_image.dcm",  # MONOCHROME1, windowed
    "philips/IM_0027_fMAP.dcm",  # enhanced MR: many frames, windows in functional groups
    "highdicom/seg_image_ct_binary.dcm",  # one bit a pixel, many frames
    "cornerstone/CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
)
COLOUR = (
    "SC_rgb_rle_2frame.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_jpeg_no_color_transform.dcm",  # JPEG baseline: kept as received, RGB inside
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+n1.dcm",  # YBR_FULL
    "SC_rgb_dcmtk_+eb+cy+np.dcm",  # YBR_FULL_422
    "SC_ybr_full_422_uncompressed.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_gdcm_KY.dcm",  # JPEG 2000, lossy: kept as received
    "GDCMJ2K_TextGBR.dcm",  # YBR_RCT
    "ExplVR_BigEnd.dcm",
    "examples_ybr_color.dcm",
    "examples_palette.dcm",
    "cornerstone/no-pixel-spacing.dcm",
    "highdicom/sm_image.dcm",
)
_FOLDERS = {
    "highdicom": "ImagingDataCommons__highdicom/data/test_files",
    "philips": "neurolabusc__dcm_qa_enh/In/Philips",
    "cornerstone": "cornerstonejs__cornerstone3D/packages/dicomImageLoader/testImages",
}
LOSSY_DECODERS_DIFFER = 3
"""Two decoders of JPEG round their cosine transforms differently; pydicom's plugins are not imagecodecs."""


class Stored(NamedTuple):
    """A file as pydicom reads it, and its frames in the store."""

    data: pydicom.FileDataset
    image_set: str
    frames: list[Frame]


def where(name: str) -> Path:
    folder, _, file = name.rpartition("/")
    return SHARED / _FOLDERS[folder] / file if folder else BUNDLED / name


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStore]:
    """A store with all of the files, each a series of its own: some of them share their UIDs."""
    root = tmp_path_factory.mktemp("pictures")
    (root / "bucket" / "in").mkdir(parents=True)
    for number, name in enumerate((*GREY, *COLOUR)):
        data = pydicom.dcmread(where(name), force=True)
        data.PatientID, data.PatientName = f"picture-{number}", name[:60]
        data.StudyInstanceUID, data.SeriesInstanceUID = f"1.2.3.{number}", f"1.2.3.{number}.1"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.3.{number}.1.1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data.save_as(root / "bucket" / "in" / f"{number:02}.dcm")
    store = open_store(f"local:{root / 'store'}", buckets={"bucket": root / "bucket"})
    job = store.imaging.start_import(
        "pictures", "s3://bucket/in/", "s3://bucket/out/", "arn:aws:iam::123456789012:role/tests"
    )
    store.imaging.wait_for_import(job)
    yield store
    store.close()


def stored(store: OpenStore, name: str) -> Stored:
    number = (*GREY, *COLOUR).index(name)
    (found,) = store.imaging.search(
        [{"values": [{"DICOMPatientId": f"picture-{number}"}], "operator": "EQUAL"}]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(where(name), force=True)
        data.pixel_array  # noqa: B018  (decoded while warnings are off)
    return Stored(data, found.id, list(frames_of(store.imaging.document(found.id))))


def picture(store: OpenStore, one: Stored, frame: Frame) -> Picture:
    data, kind = store.imaging.frame(one.image_set, frame.id)
    return picture_of(data, kind, frame.attributes, index=frame.index)


def samples(one: Stored, index: int) -> Any:
    pixels = one.data.pixel_array
    return pixels[index] if len(one.frames) > 1 else pixels


@pytest.mark.parametrize("name", GREY)
def test_grey_values_are_the_file_s_own_and_its_window_shows_them(opened: OpenStore, name: str) -> None:
    one = stored(opened, name)
    lossy = name.startswith(("JPGExtended", "cornerstone"))
    for frame in one.frames[:3]:
        shown = picture(opened, one, frame)
        assert shown.grey is not None
        expected = samples(one, frame.index)
        if lossy:
            assert np.abs(shown.grey.stored.astype(int) - expected).max() <= LOSSY_DECODERS_DIFFER
        else:
            assert np.array_equal(shown.grey.stored, expected)
        described = _own(one.data, frame.index)
        values = apply_modality_lut(shown.grey.stored, described)
        if "WindowCenter" in described:
            assert np.abs(shown.shown().astype(int) - _by_pydicom(values, described)).max() <= 1
        else:
            assert {int(shown.shown().min()), int(shown.shown().max())} <= {0, 255}


def _own(data: pydicom.Dataset, index: int) -> pydicom.Dataset:
    """Return the elements that say how a frame is shown, those of its functional groups on top."""
    own = pydicom.Dataset()
    groups = [data.get("SharedFunctionalGroupsSequence"), data.get("PerFrameFunctionalGroupsSequence")]
    nodes = [data, *(group[0 if number == 0 else index] for number, group in enumerate(groups) if group)]
    for node in nodes:
        for each in (
            node,
            *node.get("FrameVOILUTSequence", []),
            *node.get("PixelValueTransformationSequence", []),
        ):
            for element in each:
                if element.keyword.startswith(
                    ("Rescale", "Window", "Bits", "Pixel", "Photometric", "VOILUT")
                ):
                    own[element.tag] = element
    if "PixelData" in own:
        del own.PixelData
    return own


def _by_pydicom(values: Any, own: pydicom.Dataset) -> Any:
    """Return pydicom's window in 8 bits; it scales to the range of BitsStored, rescaled."""
    signed, bits = own.PixelRepresentation, own.BitsStored
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = float(own.get("RescaleSlope", 1)), float(own.get("RescaleIntercept", 0))
    low, high = low * slope + intercept, high * slope + intercept
    eight = np.rint((apply_voi_lut(values.astype(float), own) - low) / (high - low) * 255).astype(int)
    return 255 - eight if own.PhotometricInterpretation == "MONOCHROME1" else eight


@pytest.mark.parametrize("name", COLOUR)
def test_colours_are_those_of_the_file(opened: OpenStore, name: str) -> None:
    one = stored(opened, name)
    for frame in one.frames[:3]:
        shown = picture(opened, one, frame).shown().astype(int)
        expected = _colours(one, frame.index)
        assert shown.shape == expected.shape
        compressed = "jpeg" in name or "dcmtk" in name or "ybr" in name
        # chroma that was halved is doubled with or without smoothing, by whom it pleases
        chroma = np.abs(shown - expected)
        if compressed:
            assert np.percentile(chroma, 95) <= LOSSY_DECODERS_DIFFER
        else:
            assert chroma.max() <= 1


def _colours(one: Stored, index: int) -> Any:
    data, pixels = one.data, samples(one, index)
    if data.PhotometricInterpretation == "PALETTE COLOR":
        return apply_color_lut(pixels, data).astype(int) >> 8
    return pixels.astype(int) >> (data.BitsStored - 8)


def test_an_overlay_is_where_the_file_draws_it(opened: OpenStore) -> None:
    one = stored(opened, "examples_overlay.dcm")
    drawn = picture(opened, one, one.frames[0]).overlay
    assert drawn is not None
    expected = np.zeros(drawn.shape, bool)
    for group in (0x6000, 0x6002):
        if (group, 0x3000) in one.data:
            plane = one.data.overlay_array(group) == 1
            top, left = (int(each) - 1 for each in one.data[group, 0x0050].value)
            expected[top : top + plane.shape[0], left : left + plane.shape[1]] |= plane
    assert expected.any()
    assert np.array_equal(drawn, expected)
