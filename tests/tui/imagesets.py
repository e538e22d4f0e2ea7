"""The image sets that the tests look at: real files of pydicom's, and one full of what could hurt a terminal."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import UID

MARKUP = "thick [mm] x"
CRASH = "a [/b] z"
ESCAPE = "\x1b[31mred\x1b]52;c;aGk=\x07\x1b]0;title\x07"
PROBES = (MARKUP, CRASH, ESCAPE)
PLAIN = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")
_TEXT = {"LO": 64, "SH": 16, "PN": 64, "ST": 1024, "LT": 10240, "UT": 10240}


def write_files(folder: Path) -> None:
    """Write the files: three real ones, a series of three instances, and the crafted one."""
    for name in PLAIN:
        (folder / name).write_bytes(_bundled(name).read_bytes())
    for number in range(1, 4):
        data = pydicom.dcmread(_bundled("CT_small.dcm"))
        data.PatientID, data.PatientName = "three", "Three^Slices"
        data.StudyInstanceUID, data.SeriesInstanceUID = UID("1.2.3.1"), UID("1.2.3.2")
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.3.3.{number}")
        data.InstanceNumber = number
        data.save_as(folder / f"slice{number}.dcm")
    write_crafted(folder / "crafted.dcm")


def write_crafted(path: Path) -> None:
    """Write a CT image whose every text is one of `PROBES`."""
    data = pydicom.dcmread(_bundled("CT_small.dcm"))
    data.StudyInstanceUID, data.SeriesInstanceUID = UID("1.2.9.1"), UID("1.2.9.2")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID("1.2.9.3")
    item = Dataset()
    item.CodeMeaning = CRASH
    data.ProcedureCodeSequence = [item]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        number = 0
        for element in data.iterall():
            if (
                element.VR in _TEXT
                and element.keyword != "CodeMeaning"
                and not element.tag.is_private_creator
            ):
                element.value = PROBES[number % 3][: _TEXT[element.VR]]
                number += 1
        data.PatientName, data.PatientID, data.StudyDescription = CRASH, MARKUP, ESCAPE
        data.save_as(path)


def _bundled(name: str) -> Path:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path)
