"""Instances as files: what the document says and no more, pixels byte for byte, and valid where the input was."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import UID

from curator.dicom import Json
from curator.imageset import ImageSetMetadata
from curator.part10 import Unwritable, instance_file, part10
from curator.plan.importing import as_imported
from tests.campaign.ground import Ground, ground
from tests.dciodvfy import errors, is_readable
from tests.tools import shared

FILES = (
    "CT_small.dcm",
    "MR_small_bigendian.dcm",
    "rtplan.dcm",
    "rtdose.dcm",
    "liver_1frame.dcm",
    "examples_ybr_color.dcm",
    "JPEG2000.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "examples_overlay.dcm",
    "waveform_ecg.dcm",
    "test-SR.dcm",
    "reportsi.dcm",
)
"""Native and encapsulated, 8 to 32 bits and 1, colour, none at all; overlays, waveforms, content trees."""


def bundled(name: str) -> bytes:
    found = get_testdata_file(name)
    if found is None:
        pytest.skip(f"pydicom does not bundle {name}")
    return Path(found).read_bytes()


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


@dataclass(frozen=True, slots=True)
class Exported:
    """One file through the store, out by our writer and in again."""

    content: bytes = field(repr=False)
    source: bytes = field(repr=False)
    made: bytes = field(repr=False)
    document: ImageSetMetadata = field(repr=False)
    again: ImageSetMetadata = field(repr=False)


def written(place: Ground, image_set: str, syntax: str | None) -> tuple[bytes, bytes, ImageSetMetadata]:
    """Return the service's file, ours, and the document of an image set of one instance."""
    document = place.imaging.document(image_set)
    ((series, sop, _),) = document.instances()
    study = str(document.study["StudyInstanceUID"])
    source = place.imaging.instance_dicom(image_set, study, series, sop, transfer_syntax=syntax)
    return source, instance_file(source, document, sop), document


def sets_of(place: Ground, contents: list[bytes]) -> dict[str, str]:
    """Import files in one job and return the image sets by SOP Instance UID."""
    sets = place.bring(*contents)
    return {sop: each for each in sets for _, sop, _ in place.imaging.document(each).instances()}


@pytest.fixture(scope="module", params=[None, "*"], ids=["uncompressed", "stored"])
def exported(request: pytest.FixtureRequest) -> Iterator[dict[str, Exported]]:
    contents = {name: bundled(name) for name in FILES}
    with ground() as place:
        first = sets_of(place, list(contents.values()))
        made = {sop: written(place, image_set, request.param) for sop, image_set in first.items()}
        second = sets_of(place, [file for _, file, _ in made.values()])
        found = {}
        for name, content in contents.items():
            data = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
            source, file, document = made[data.SOPInstanceUID]
            again = place.imaging.document(second[data.SOPInstanceUID])
            found[name] = Exported(content, source, file, document, again)
        yield found


@pytest.mark.parametrize("name", FILES)
def test_a_file_imported_again_is_the_document(exported: dict[str, Exported], name: str) -> None:
    one = exported[name]
    assert in_utf_8(as_imported(one.again)) == in_utf_8(as_imported(one.document))
    source, made = pydicom.dcmread(io.BytesIO(one.source)), pydicom.dcmread(io.BytesIO(one.made))
    assert made.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID
    assert made.get("PixelData") == source.get("PixelData")


def in_utf_8(document: ImageSetMetadata) -> dict[str, Json]:
    """Return the document without character sets: the file has one of its own."""
    tree = document.to_json()
    stack: list[Json] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            node.pop("SpecificCharacterSet", None)
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return tree


def test_the_file_says_who_wrote_it_and_nothing_of_who_wrote_the_original(place: Ground) -> None:
    data = pydicom.dcmread(io.BytesIO(bundled("CT_small.dcm")))
    data.preamble = b"secret in the preamble".ljust(128)
    data.file_meta.SourceApplicationEntityTitle = "WARD7"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.9")
    out = io.BytesIO()
    data.save_as(out)
    (image_set,) = place.bring(out.getvalue())
    _, made, _ = written(place, image_set, None)
    assert made[:132] == b"\0" * 128 + b"DICM"
    meta = pydicom.dcmread(io.BytesIO(made)).file_meta
    assert [element.keyword for element in meta] == [
        "FileMetaInformationGroupLength", "FileMetaInformationVersion", "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID", "TransferSyntaxUID", "ImplementationClassUID", "ImplementationVersionName",
    ]  # fmt: skip
    assert meta.MediaStorageSOPInstanceUID == "1.2.3.9"
    assert b"WARD7" not in made


def test_private_elements_in_sequences_keep_their_vrs(place: Ground) -> None:
    data = pydicom.dcmread(io.BytesIO(bundled("CT_small.dcm")))
    item = pydicom.Dataset()
    block = item.private_block(0x0021, "CURATOR TEST", create=True)
    block.add_new(0x01, "LO", "words")
    block.add_new(0x02, "FD", 1.5)
    block.add_new(0x03, "OB", b"\1\2")
    data.RequestAttributesSequence = [item]
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.10")
    out = io.BytesIO()
    data.save_as(out)
    made = part10(out.getvalue(), elements_of(item), {})
    found = pydicom.dcmread(io.BytesIO(made)).RequestAttributesSequence[0]
    assert {element.VR for element in found if element.tag.element > 0xFF} == {"LO", "FD", "OB"}
    assert found[0x00211003].value == b"\1\2"


def elements_of(item: pydicom.Dataset) -> dict[str, Json]:
    private: Json = {"00210010": "CURATOR TEST", "00211001": "words", "00211002": 1.5, "00211003": "AQI="}
    return {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "SOPInstanceUID": "1.2.3.10",
        "RequestAttributesSequence": [private],
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [("Rows", "many"), ("Rows", 70_000), ("WaveformData", "no base64!"), ("NoSuchWord", "x")],
)
def test_what_no_file_can_hold_is_named_without_its_value(key: str, value: Json) -> None:
    source = bundled("CT_small.dcm")
    with pytest.raises(Unwritable, match=key) as caught:
        part10(source, {"SOPClassUID": "1.2", "SOPInstanceUID": "1.2.3", key: value}, {})
    assert str(value) not in caught.value.message


@pytest.mark.parametrize("name", FILES)
def test_dciodvfy_finds_no_error_that_the_input_had_not(exported: dict[str, Exported], name: str) -> None:
    one = exported[name]
    if not (is_readable(one.content) and is_readable(one.source)):
        pytest.skip("dciodvfy cannot read the input")
    # The service's own file, decompressed or without an icon's pixels, is part of the input.
    assert sorted(errors(one.made) - errors(one.content) - errors(one.source)) == []


def test_dciodvfy_finds_no_error_in_enhanced_images(place: Ground) -> None:
    files = [path for path in sorted(shared("data").rglob("*.dcm")) if path.name in ("6_1.dcm", "enh_ct.dcm")]
    for path in files:
        content = path.read_bytes()
        (image_set,) = place.bring(content)
        _, made, _ = written(place, image_set, None)
        assert errors(made) <= errors(content)
