"""The three DICOMweb reads: a file again, its DICOM JSON, its frames."""

from __future__ import annotations

import base64
import email.policy
import io
import json
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from curator.localstore import WireRequest, WireResponse
from curator.localstore.dicomfile.decode import decode
from tests.localstore.dicomfiles import PYDICOM, ROOT, bundled, data_set, file_bytes, image, pydicoms
from tests.localstore.importing import Workshop

EXPLICIT, HTJ2K, BASELINE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.50"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    opened = Workshop.open(tmp_path)
    yield opened
    opened.close()


def get(shop: Workshop, path: str, accept: str = "", query: str = "") -> WireResponse:
    headers = {"accept": accept} if accept else {}
    return shop.store.handle(WireRequest("GET", f"/datastore/{shop.datastore_id}{path}", query, headers))


def path_of(document: Any) -> str:
    """Return the path of a document's only instance."""
    ((series, one),) = document["Study"]["Series"].items()
    (sop,) = one["Instances"]
    return f"/studies/{document['Study']['DICOM']['StudyInstanceUID']}/series/{series}/instances/{sop}"


def imported(shop: Workshop, data: bytes) -> tuple[str, str, Any]:
    """Import one file; return its instance's path, the query that names its image set, and the document."""
    shop.give({"one.dcm": data})
    results = shop.run(f"t{len(shop.image_sets())}")
    assert results.failures == []
    image_set = shop.image_sets()[-1]
    document = shop.document(image_set)
    return path_of(document), f"imageSetId={image_set}", document


def code(response: WireResponse) -> tuple[int, str]:
    return response.status, response.headers["x-amzn-ErrorType"]


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "examples_palette.dcm",
        "SC_rgb_rle_16bit_2frame.dcm", "rtdose.dcm", "liver_1frame.dcm", "examples_rgb_color.dcm",
    ],
)  # fmt: skip
def test_an_instance_comes_back_with_the_pixels_it_had(shop: Workshop, name: str) -> None:
    path, query, _ = imported(shop, pydicoms(name))
    response = get(shop, path, query=query)
    assert response.status == 200
    assert response.headers["Content-Type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
    ours = pydicom.dcmread(io.BytesIO(response.body))
    theirs = pydicom.dcmread(PYDICOM / "test_files" / name)
    assert ours.file_meta.TransferSyntaxUID == EXPLICIT
    assert ours.PatientID == theirs.PatientID
    assert np.array_equal(ours.pixel_array, theirs.pixel_array)


@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_rgb_color.dcm", "GDCMJ2K_TextGBR.dcm"])
def test_in_its_stored_transfer_syntax_it_carries_the_kept_codestreams(shop: Workshop, name: str) -> None:
    path, query, document = imported(shop, pydicoms(name))
    response = get(shop, path, f"application/dicom; transfer-syntax={HTJ2K}", query)
    assert response.headers["Content-Type"].endswith(HTJ2K)
    file = decode(response.body)
    assert file.pixels is not None
    assert file.pixels.fragments is not None
    ((start, size),) = file.pixels.fragments
    (one,) = next(iter(document["Study"]["Series"].values()))["Instances"].values()
    kept, _ = shop.frame(document["ImageSetID"], one["ImageFrames"][0]["ID"])
    assert file.data[start : start + size].rstrip(b"\0") == kept.rstrip(b"\0")
    samples = imagecodecs.htj2k_decode(kept, planar=False)
    theirs = pydicom.dcmread(PYDICOM / "test_files" / name)
    assert np.array_equal(samples.reshape(theirs.pixel_array.shape), theirs.pixel_array)
    assert file.instance["PhotometricInterpretation"] in ("MONOCHROME2", "RGB")


def test_a_lossy_instance_comes_back_as_received_or_uncompressed(shop: Workshop) -> None:
    source = pydicoms("SC_rgb_jpeg_dcmtk.dcm")
    path, query, _ = imported(shop, source)
    same = get(shop, path, f"application/dicom; transfer-syntax={BASELINE}", query)
    theirs, ours = pydicom.dcmread(io.BytesIO(source)), pydicom.dcmread(io.BytesIO(same.body))
    assert next(pydicom.encaps.generate_frames(ours.PixelData, number_of_frames=1)) == next(
        pydicom.encaps.generate_frames(theirs.PixelData, number_of_frames=1)
    )
    plain = pydicom.dcmread(io.BytesIO(get(shop, path, "application/dicom", query).body))
    assert plain.PhotometricInterpretation == "YBR_FULL"
    assert plain.pixel_array.shape == (100, 100, 3)
    assert code(get(shop, path, f"application/dicom; transfer-syntax={HTJ2K}", query)) == (
        406,
        "NotAcceptableException",
    )


def test_a_binary_segmentation_comes_back_bit_by_bit(shop: Workshop) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (3, 5, 7), dtype=np.uint8)
    raw = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
    made = image(raw, rows=5, columns=7, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3)
    path, query, _ = imported(shop, file_bytes(made))
    back = pydicom.dcmread(io.BytesIO(get(shop, path, query=query).body))
    assert np.array_equal(back.pixel_array, bits)


def test_what_was_curated_is_in_the_file(shop: Workshop) -> None:
    path, query, document = imported(shop, pydicoms("CT_small.dcm"))
    update = {
        "SchemaVersion": "1.1",
        "Patient": {"DICOM": {"PatientName": "Renamed^Łukasz", "PatientID": "NEW"}},
    }
    shop.client.update_image_set_metadata(
        datastoreId=shop.datastore_id, imageSetId=document["ImageSetID"], latestVersionId="1",
        updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": json.dumps(update).encode()}},
    )  # fmt: skip
    back = pydicom.dcmread(io.BytesIO(get(shop, path, query=query).body))
    assert str(back.PatientName) == "Renamed^Łukasz"
    assert back.PatientID == "NEW"
    assert back.SpecificCharacterSet == "ISO_IR 192"


OWN = {
    "TransferSyntaxUID",
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "FileMetaInformationVersion",
}
SHOWN = {"SpecificCharacterSet", "PhotometricInterpretation", "PlanarConfiguration"}
"""What follows from the transfer syntax and text encoding of the file that is written."""


def test_an_export_imports_to_the_same_document(tmp_path: Path, shop: Workshop) -> None:
    shop.give({f"{number:03}.dcm": file.read_bytes() for number, file in enumerate(bundled())})
    shop.run("first")
    exported: dict[str, bytes] = {}
    before: dict[str, tuple[Any, Any, Any, Any]] = {}
    for image_set in shop.image_sets():
        document = shop.document(image_set)
        for series, node in document["Study"]["Series"].items():
            for sop, one in node["Instances"].items():
                path = f"/studies/{document['Study']['DICOM']['StudyInstanceUID']}/series/{series}/instances/{sop}"
                response = get(shop, path, query=f"imageSetId={image_set}")
                assert response.status == 200
                number = f"{len(exported):03}.dcm"
                exported[number] = response.body
                before[number] = (document["Patient"], document["Study"]["DICOM"], node["DICOM"], one)
    (tmp_path / "again").mkdir()
    again = Workshop.open(tmp_path / "again")
    again.give(exported)
    results = again.run()
    assert results.failures == []
    documents = {image_set: again.document(image_set) for image_set in again.image_sets()}
    compared = 0
    for line in results.successes:
        document = documents[line["importResponse"]["imageSetId"]]
        patient, study, series, one = before[line["inputFile"]]
        node = document["Study"]["Series"][series["SeriesInstanceUID"]]
        after = node["Instances"][one["DICOM"]["SOPInstanceUID"]]
        assert (document["Patient"], document["Study"]["DICOM"], node["DICOM"]) == (patient, study, series)
        assert after["DICOMVRs"] == one["DICOMVRs"]
        assert len(after["ImageFrames"]) == len(one["ImageFrames"])
        different = {
            key
            for key in after["DICOM"].keys() | one["DICOM"].keys()
            if after["DICOM"].get(key, "absent") != one["DICOM"].get(key, "absent")
        }
        assert different <= OWN | SHOWN
        if one.get("StoredTransferSyntaxUID") == after.get("StoredTransferSyntaxUID"):
            assert [frame["PixelDataChecksumFromBaseToFullResolution"] for frame in after["ImageFrames"]] == [
                frame["PixelDataChecksumFromBaseToFullResolution"] for frame in one["ImageFrames"]
            ]
        compared += 1
    again.close()
    assert compared >= 70


# ── DICOM JSON ────────────────────────────────────────────────────────────────────────────────────────


def test_metadata_is_the_dicom_json_model(shop: Workshop) -> None:
    made = data_set(
        PatientName="Yamada^Tarou=山田^太郎", SpecificCharacterSet="ISO_IR 192", InstanceNumber="7"
    )
    made.ImageType = ["ORIGINAL", "", "AXIAL"]
    made.PatientWeight = "70.5"
    made.StudyDescription = None
    made.ICCProfile = b"\0\xff"
    made.ReferencedImageSequence = [Dataset()]
    made.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    made.private_block(0x19, "TESTED", create=True).add_new(1, "DS", "1.5")
    path, query, _ = imported(shop, file_bytes(made))
    response = get(shop, path + "/metadata", "application/dicom+json", query)
    assert response.headers["Content-Type"] == "application/dicom+json"
    (found,) = json.loads(response.body)
    assert found["00020010"] == {"vr": "UI", "Value": [EXPLICIT]}
    assert found["00100010"] == {
        "vr": "PN",
        "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}],
    }
    assert found["00200013"] == {"vr": "IS", "Value": [7]}
    assert found["00080008"] == {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]}
    assert found["00101030"] == {"vr": "DS", "Value": [70.5]}
    assert found["00081030"] == {"vr": "LO"}
    assert found["00282000"] == {"vr": "OB", "InlineBinary": base64.b64encode(b"\0\xff").decode()}
    assert found["00081140"] == {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3"]}}]}
    assert found["00191001"] == {"vr": "DS", "Value": [1.5]}
    assert list(found) == sorted(found)
    assert str(Dataset.from_json(found).PatientName) == "Yamada^Tarou=山田^太郎"


def test_metadata_tells_the_stored_transfer_syntax_and_no_pixels(shop: Workshop) -> None:
    path, query, _ = imported(shop, pydicoms("CT_small.dcm"))
    (found,) = json.loads(get(shop, path + "/metadata", query=query).body)
    assert found["00020010"]["Value"] == [HTJ2K]
    assert "7FE00010" not in found
    assert code(get(shop, path + "/metadata", "application/dicom+xml", query)) == (
        406,
        "NotAcceptableException",
    )


# ── frames ────────────────────────────────────────────────────────────────────────────────────────────


def parts(response: WireResponse) -> list[MIMEPart]:
    head = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=email.policy.HTTP).parsebytes(head + response.body)
    return list(message.iter_parts())


def test_frames_come_as_parts_in_the_order_asked_for(shop: Workshop) -> None:
    pixels = np.arange(3 * 8 * 8, dtype=np.uint8).reshape(3, 8, 8)
    path, query, _ = imported(shop, file_bytes(image(pixels.tobytes(), rows=8, columns=8, NumberOfFrames=3)))
    accept = f"multipart/related; type=application/octet-stream; transfer-syntax={EXPLICIT}"
    response = get(shop, path + "/frames/3,1", accept, query)
    assert response.status == 200
    assert 'multipart/related; type="application/octet-stream"' in response.headers["Content-Type"]
    got = parts(response)
    assert [part["Content-Type"].replace('"', "") for part in got] == [
        f"application/octet-stream; transfer-syntax={EXPLICIT}"
    ] * 2
    assert [part.get_payload(decode=True) for part in got] == [pixels[2].tobytes(), pixels[0].tobytes()]


def test_frames_come_as_stored_when_asked_for(shop: Workshop) -> None:
    path, query, document = imported(shop, pydicoms("CT_small.dcm"))
    accept = f'multipart/related; type="application/octet-stream"; transfer-syntax={HTJ2K}'
    (part,) = parts(get(shop, path + "/frames/1", accept, query))
    (one,) = next(iter(document["Study"]["Series"].values()))["Instances"].values()
    kept, _ = shop.frame(document["ImageSetID"], one["ImageFrames"][0]["ID"])
    assert part.get_payload(decode=True) == kept


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        ("1,1", (400, "BadRequestException")),
        ("", (400, "BadRequestException")),
        ("one", (400, "BadRequestException")),
        ("2", (404, "ResourceNotFoundException")),
        ("0", (404, "ResourceNotFoundException")),
    ],
)
def test_frame_lists_that_make_no_sense_are_refused(
    shop: Workshop, wanted: str, answer: tuple[int, str]
) -> None:
    path, query, _ = imported(shop, pydicoms("CT_small.dcm"))
    assert code(get(shop, f"{path}/frames/{wanted}", query=query)) == answer


# ── which instance ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_there_is_not_found(shop: Workshop) -> None:
    path, query, _ = imported(shop, pydicoms("CT_small.dcm"))
    study, series, sop = path.split("/")[2::2]
    assert code(get(shop, f"/studies/1.2/series/{series}/instances/{sop}", query=query))[0] == 404
    assert code(get(shop, f"/studies/{study}/series/1.2/instances/{sop}", query=query))[0] == 404
    assert code(get(shop, f"/studies/{study}/series/{series}/instances/1.2", query=query))[0] == 404
    assert code(get(shop, path, query=f"imageSetId={'0' * 32}"))[0] == 404
    assert code(get(shop, path, query="imageSetId=x")) == (400, "ValidationException")


def test_without_an_image_set_the_only_one_answers(shop: Workshop) -> None:
    path, query, _ = imported(shop, pydicoms("CT_small.dcm"))
    assert get(shop, path).body == get(shop, path, query=query).body
    shop.run("again")
    assert code(get(shop, path)) == (400, "ValidationException")


def test_without_an_image_set_the_newer_edition_answers_from_the_primary_one(tmp_path: Path) -> None:
    shop = Workshop.open(tmp_path, edition="2025-07")
    first = file_bytes(data_set(PatientID="P1", SOPInstanceUID=f"{ROOT}.3.1"))
    path, _, _ = imported(shop, first)
    shop.give({"one.dcm": file_bytes(data_set(PatientID="P2", SOPInstanceUID=f"{ROOT}.3.1"))})
    shop.run("second")
    assert len(shop.image_sets()) == 2
    assert pydicom.dcmread(io.BytesIO(get(shop, path).body)).PatientID == "P1"
    shop.close()


def test_attributes_edited_away_from_the_frames_are_a_conflict_not_a_crash(shop: Workshop) -> None:
    path, query, document = imported(shop, pydicoms("CT_small.dcm"))
    ((series, node),) = document["Study"]["Series"].items()
    (sop,) = node["Instances"]
    wrong = {sop: {"DICOM": {"Rows": 7}}}
    update = {"SchemaVersion": "1.1", "Study": {"Series": {series: {"Instances": wrong}}}}
    shop.client.update_image_set_metadata(
        datastoreId=shop.datastore_id, imageSetId=document["ImageSetID"], latestVersionId="1", force=True,
        updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": json.dumps(update).encode()}},
    )  # fmt: skip
    assert code(get(shop, path, query=query)) == (409, "ConflictException")
    assert get(shop, path + "/metadata", query=query).status == 200
