"""Signs that an instance's pixels may identify."""

from __future__ import annotations

import pytest

from curator.dicom import Json
from curator.dicom.pixelrisk import pixel_risks

FRAME: list[dict[str, Json]] = [{"ID": "f", "MaxPixelValue": 4095}]
CT = "1.2.840.10008.5.1.4.1.1.2"
SC = "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(
    ("dicom", "sign"),
    [
        ({"BurnedInAnnotation": "YES", "SOPClassUID": CT}, "BurnedInAnnotation is YES"),
        ({"Modality": "US"}, "modality US"),
        ({"SOPClassUID": SC}, "secondary capture"),
        ({"SOPClassUID": f"{SC}.4"}, "secondary capture"),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, "derived secondary"),
        ({"ImageType": ["DERIVED", "PRIMARY", "SCREEN SAVE"]}, "screen save"),
        ({"60000102": 12}, "overlay"),
        ({"BitsStored": 8, "BitsAllocated": 16}, "beyond BitsStored"),
        ({"IconImageSequence": [{"PixelData": None}]}, "inside a sequence"),
        ({"TransferSyntaxUID": "1.2.840.10008.1.2.4.102"}, "video"),
    ],
)
def test_each_sign_is_named(dicom: dict[str, Json], sign: str) -> None:
    assert any(sign in risk for risk in pixel_risks(dicom, FRAME))


@pytest.mark.parametrize(
    "dicom",
    [
        {"SOPClassUID": CT, "Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]},
        {"Modality": "US", "BurnedInAnnotation": "NO"},
        {"BitsStored": 12, "BitsAllocated": 16},
        {"60000102": 0},
    ],
)
def test_ordinary_images_have_none(dicom: dict[str, Json]) -> None:
    assert pixel_risks(dicom, FRAME) == ()


def test_without_pixels_there_is_no_risk_but_in_an_encapsulated_document() -> None:
    assert pixel_risks({"Modality": "US"}, []) == ()
    assert pixel_risks({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1", "EncapsulatedDocument": "AA=="}, [])
