"""Images whose every text is a marker: what is found elsewhere than where values belong has leaked."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import UID

MARK = "MKQ"
ROOT_UID = "1.2.826.0.1.3680043.8.498.777"
FOUND = re.compile(rf"{MARK}|{MARK.title()}|{re.escape(ROOT_UID)}", re.IGNORECASE)
"""Any value that was planted, and any part of a UID."""

_TEXT = {"LO": 64, "SH": 16, "PN": 64, "ST": 1024, "LT": 10240, "UT": 10240}


def write_planted(folder: Path) -> None:
    """Write two series, the second torn by two AccessionNumbers: two instances have one of them, the third the other."""
    for series in (1, 2):
        for number in (1, 2) if series == 1 else (1, 2, 3):
            data = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for count, element in enumerate(data.iterall()):
                    if element.VR in _TEXT and not element.tag.is_private_creator:
                        element.value = f"{MARK}{count:03d}"[: _TEXT[element.VR]]
                data.PatientName = f"{MARK}Name^Given"
                data.PatientID = f"{MARK}PID{series}"
                data.AccessionNumber = f"{MARK}ACC{number // 3 if series == 2 else ''}"
                data.StudyInstanceUID = UID(f"{ROOT_UID}.{series}")
                data.SeriesInstanceUID = UID(f"{ROOT_UID}.{series}.1")
                uid = UID(f"{ROOT_UID}.{series}.1.{number}")
                data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = uid
                data.InstanceNumber = number
                data.save_as(folder / f"{series}-{number}.dcm")


def leaks(text: str) -> list[str]:
    """Return what stands around each marker in a text, for the test's own words."""
    return [text[max(0, each.start() - 60) : each.end() + 20] for each in FOUND.finditer(text)]
