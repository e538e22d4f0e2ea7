"""UIDs: what the standard registers, and which transfer syntaxes the guide says the service takes."""

from __future__ import annotations

import re

import pytest
from pydicom._uid_dict import UID_dictionary

from curator.dicom.uids import (
    HTJ2K_LOSSLESS_RPCL,
    TRANSFER_SYNTAXES,
    is_registered,
    sop_class_name,
    uid_name,
)
from tests.tools import shared


def test_registered_uids_are_those_of_the_standard() -> None:
    assert all(is_registered(uid) and uid_name(uid) == row[0] for uid, row in UID_dictionary.items())
    assert not is_registered("1.2.840.10008.99.1")
    assert uid_name("1.2.840.10008.99.1") == ""


def test_a_sop_class_has_a_name_and_a_transfer_syntax_is_none() -> None:
    assert sop_class_name("1.2.840.10008.5.1.4.1.1.2") == "CT Image Storage"
    assert sop_class_name("1.2.840.10008.1.2.1") == ""
    assert sop_class_name("1.2.3") == ""


def test_transfer_syntaxes_are_those_of_the_guide() -> None:
    text = shared("guide", "healthimaging-developer-guide-2025-01.txt").read_text()
    start = text.index("## HealthImaging supported transfer syntaxes")
    part = text[start : start + 3000]
    listed = re.findall(r"^(1\.2\.840\.10008\.1\.2[.\d]*)(\*?)", part, re.MULTILINE)
    kept = {uid for uid, star in listed if star}
    assert {uid for uid, _ in listed} == set(TRANSFER_SYNTAXES)
    ours = {
        uid for uid, found in TRANSFER_SYNTAXES.items() if found.stored == "as-received" or found.binary_kept
    }
    assert kept == ours
    assert all(found.supported and found.uid == uid for uid, found in TRANSFER_SYNTAXES.items())


@pytest.mark.parametrize(
    ("uid", "encapsulated"), [("1.2.840.10008.1.2.1", False), ("1.2.840.10008.1.2.5", True)]
)
def test_compressed_pixels_are_encapsulated(uid: str, encapsulated: bool) -> None:
    assert TRANSFER_SYNTAXES[uid].encapsulated is encapsulated


def test_transcoded_frames_are_htj2k_lossless_rpcl() -> None:
    assert TRANSFER_SYNTAXES[HTJ2K_LOSSLESS_RPCL].name.startswith("High-Throughput JPEG 2000 with RPCL")
