"""Instances as an import hands them to the storage, made without DICOM files: thousands in no time."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from pydicom.data import get_testdata_file

from curator.dicom import Json
from curator.localstore.parsed import ParsedFrame, ParsedInstance


def parsed_instances(
    count: int,
    *,
    study: str = "1.2.826.0.1.7.1",
    series: str = "1.2.826.0.1.7.1.1",
    prefix: str = "",
    patient_id: str = "P1",
    extra: int = 0,
    frame: bytes = b"frame",
) -> Iterator[ParsedInstance]:
    """Return instances of one series; ``extra`` bytes of varied text make each one larger."""
    for number in range(count):
        uid = f"{prefix or series}.{number}"
        attributes: dict[str, Json] = {
            "SOPInstanceUID": uid,
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "InstanceNumber": str(number),
            "ContentTime": f"1015{number % 60:02}.{number % 997:03}000",
            "ImagePositionPatient": [f"{number * 1.25:.6f}", "-125.0", "12.5"],
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "00190010": "CURATOR TEST",
            "00191001": f"value {number}",
        }
        for each in range(extra // 100):
            attributes[f"0019{0x1010 + each:04X}"] = (
                f"{each}:{number * 7919 + each * 104729:>24}:" + "constant " * 4
            )
        private: dict[str, Json] = {key: "LO" for key in attributes if key.startswith("0019")}
        yield ParsedInstance(
            study,
            series,
            uid,
            {"PatientID": patient_id, "PatientName": "Bauer^Anna", "PatientSex": "F"},
            {"StudyInstanceUID": study, "StudyID": "S1", "StudyDate": "20240229", "AccessionNumber": "A1"},
            {"SeriesInstanceUID": series, "Modality": "CT", "SeriesNumber": "1"},
            attributes,
            private,
            (ParsedFrame({"ID": secrets.token_hex(16), "FrameSizeInBytes": 32}, frame),),
            "1.2.840.10008.1.2.4.202",
            f"in/{number}.dcm",
        )


def like_a_real_one(count: int, series: str) -> Iterator[ParsedInstance]:
    """Return a CT series: pydicom's ``CT_small.dcm`` (11 KB of JSON), with all that differs from slice to slice."""
    from tests.localstore.conftest import in_process

    with tempfile.TemporaryDirectory() as folder, in_process(Path(folder)) as local:
        path = get_testdata_file("CT_small.dcm")
        local.bucket.put("in/one.dcm", Path(str(path)).read_bytes())
        local.import_all("in")
        found = local.client.search_image_sets(datastoreId=local.datastore_id)["imageSetsMetadataSummaries"]
        document = local.document(found[0]["imageSetId"])
    (level,) = document["Study"]["Series"].values()
    (one,) = level["Instances"].values()
    random = Random(1)
    for number in range(count):
        uid, time = f"{series}.{number}", f"0727{30 + number // 20 % 30:02}.{random.randrange(10**6):06}"
        place = f"{-75.7 - number * 1.25:.6f}"
        frame = {**one["ImageFrames"][0], "ID": f"{random.getrandbits(128):032x}"}
        frame["MaxPixelValue"] = random.randrange(4000)
        frame["PixelDataChecksumFromBaseToFullResolution"] = [
            {**each, "Checksum": random.getrandbits(32)}
            for each in frame["PixelDataChecksumFromBaseToFullResolution"]
        ]
        changed: dict[str, Json] = {
            "SOPInstanceUID": uid,
            "MediaStorageSOPInstanceUID": uid,
            "InstanceNumber": str(number + 1),
            "ImagePositionPatient": ["-158.135803", "-179.035797", place],
            "SliceLocation": place,
            "ContentTime": time,
            "AcquisitionTime": time,
            "XRayTubeCurrent": str(random.randrange(100, 400)),
        }
        yield ParsedInstance(
            document["Study"]["DICOM"]["StudyInstanceUID"],
            series,
            uid,
            document["Patient"]["DICOM"],
            document["Study"]["DICOM"],
            {**level["DICOM"], "SeriesInstanceUID": series},
            {**one["DICOM"], **changed},
            one["DICOMVRs"],
            (ParsedFrame(frame, b"frame"),),
            "1.2.840.10008.1.2.4.202",
            f"in/{number}.dcm",
        )
