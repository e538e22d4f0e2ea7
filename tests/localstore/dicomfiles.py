"""DICOM files for tests: those that pydicom brings, those of ../shared/data, and small ones built by pydicom."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from tests.tools import SHARED

PYDICOM = Path(pydicom.__file__).parent / "data"
ROOT = "1.2.826.0.1.3680043.10.1"


def bundled() -> Iterator[Path]:
    """Iterate over the files inside pydicom's package, in order; none is downloaded."""
    for folder in ("test_files", "charset_files", "palettes"):
        yield from sorted(PYDICOM.joinpath(folder).glob("**/*.dcm"))


def shared_files() -> Iterator[Path]:
    """Iterate over the DICOM files of ../shared/data; none where the folder is missing."""
    yield from sorted(SHARED.joinpath("data").glob("**/*.dcm"))


def pydicoms(name: str) -> bytes:
    """Return a file of pydicom's ``test_files``."""
    return PYDICOM.joinpath("test_files", name).read_bytes()


def data_set(**attributes: object) -> Dataset:
    """Return a data set with the UIDs that an import asks for, and ``attributes`` by keyword."""
    made = Dataset()
    made.SOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = f"{ROOT}.3.1"
    made.StudyInstanceUID = f"{ROOT}.1"
    made.SeriesInstanceUID = f"{ROOT}.2"
    made.PatientID = "P1"
    made.Modality = "OT"
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def image(pixels: bytes, *, rows: int, columns: int, **attributes: object) -> Dataset:
    """Return an image of unsigned bytes, one sample a pixel, unless ``attributes`` say otherwise."""
    stated: dict[str, object] = {
        "Rows": rows,
        "Columns": columns,
        "SamplesPerPixel": 1,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PhotometricInterpretation": "MONOCHROME2",
        **attributes,
    }
    made = data_set(**stated)
    made.PixelData = pixels + b"\0" * (len(pixels) % 2)
    made["PixelData"].VR = "OB" if made.BitsAllocated <= 8 else "OW"
    return made


def file_bytes(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return the data set as pydicom writes it to a Part 10 file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(syntax)
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    target = io.BytesIO()
    made = copy.deepcopy(made)
    made.file_meta = meta
    pydicom.dcmwrite(target, made, enforce_file_format=True)
    return target.getvalue()
