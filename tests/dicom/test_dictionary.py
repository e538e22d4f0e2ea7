"""The data dictionary: pydicom's facts without pydicom, and the keys the service writes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from pydicom.datadict import (
    dictionary_description,
    dictionary_has_tag,
    dictionary_is_retired,
    dictionary_keyword,
    dictionary_VM,
    dictionary_VR,
)

from curator.dicom.dictionary import (
    attribute,
    attributes,
    by_keyword,
    is_private,
    key_of_tag,
    multi_valued,
    tag_of_key,
    vrs,
)
from tests.tools import shared


def test_every_attribute_is_as_pydicom_knows_it() -> None:
    seen = 0
    for tag in attributes():
        if not dictionary_has_tag(tag):
            continue
        found = attribute(tag)
        assert found is not None
        assert (found.tag, found.keyword, found.name, found.vr, found.vm, found.retired) == (
            tag,
            dictionary_keyword(tag),
            dictionary_description(tag),
            dictionary_VR(tag),
            dictionary_VM(tag),
            dictionary_is_retired(tag),
        )
        seen += 1
    assert seen > 5000


def test_keyword_tag_and_key_lead_to_each_other() -> None:
    for tag in attributes():
        found = attribute(tag)
        assert found is not None
        assert tag_of_key(key_of_tag(tag)) == tag
        if found.keyword:
            assert by_keyword(found.keyword) == found
            assert tag_of_key(found.keyword) == tag
        assert key_of_tag(tag) == (found.keyword if found.serviceable else f"{tag:08X}")


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        (0x00100010, "PatientName"),
        (0x00080017, "AcquisitionUID"),  # new in 2022b
        (0x00080400, "00080400"),  # ScopeOfInventorySequence is newer
        (0x00100011, "00100011"),  # PersonNamesToUseSequence is newer than pydicom's dictionary too
        (0x001910F9, "001910F9"),
        (0x60023000, "60023000"),  # OverlayData of the second group: a keyword could not tell which
        (0x00020010, "TransferSyntaxUID"),
        (0x00080000, "00080000"),
    ],
)
def test_the_service_writes_keywords_of_2022b_and_hex_for_the_rest(tag: int, key: str) -> None:
    assert key_of_tag(tag) == key
    assert tag_of_key(key) == tag


@pytest.mark.parametrize(
    ("key", "tag"),
    [("00100010", 0x00100010), ("001910f9", 0x001910F9), ("PatientNam", None), ("0010001", None), ("", None)],
)
def test_a_key_is_a_keyword_or_eight_hex_digits(key: str, tag: int | None) -> None:
    assert tag_of_key(key) == tag


@pytest.mark.parametrize(
    ("tag", "keyword", "vr"),
    [
        (0x60003000, "OverlayData", "OB or OW"),
        (0x601E3000, "OverlayData", "OB or OW"),
        (0x50043000, "CurveData", "OB or OW"),
        (0x00203104, "SourceImageIDs", "CS"),
    ],
)
def test_repeating_groups_are_known_in_every_group(tag: int, keyword: str, vr: str) -> None:
    found = attribute(tag)
    assert found is not None
    assert (found.tag, found.keyword, found.vr) == (tag, keyword, vr)


@pytest.mark.parametrize("tag", [0x60013000, 0x00090010, 0x00091001, 0x00100012 + 0x99])
def test_what_no_row_names_is_unknown(tag: int) -> None:
    assert attribute(tag) is None


def test_private_is_an_odd_group() -> None:
    assert is_private(0x00090010)
    assert not is_private(0x00100010)
    assert vrs(0x00090010) == ("LO",)  # a private creator
    assert vrs(0x00091001) == ()


def test_vrs_and_multiplicity() -> None:
    assert vrs(0x00280106) == ("US", "SS")
    assert vrs(0x7FE00010) == ("OB", "OW")
    assert vrs(0x00080000) == ("UL",)
    assert [tag for tag in (0x00080008, 0x00100010, 0x00200032, 0x00081140) if multi_valued(tag)] == [
        0x00080008,
        0x00200032,
    ]


def test_every_attribute_that_the_confidentiality_table_names_is_known() -> None:
    rows = json.loads(shared("standard", "ps315_e1.json").read_text())["rows"]
    tags = [row["tag"] for row in rows if len(row["tag"]) == 8 and "x" not in row["tag"]]
    unknown = [tag for tag in tags if attribute(int(tag, 16)) is None]
    assert len(tags) > 640
    assert unknown == []


def test_keys_of_a_real_answer_are_keys_we_would_write() -> None:
    tree = json.loads(shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_text())
    series = next(iter(tree["Study"]["Series"].values()))
    nodes = [tree["Patient"]["DICOM"], tree["Study"]["DICOM"], series["DICOM"]]
    nodes += [instance["DICOM"] for instance in series["Instances"].values()]
    for key in {key for node in nodes for key in node}:
        tag = tag_of_key(key)
        assert tag is not None
        assert key_of_tag(tag) == key


def test_facts_are_at_hand_without_pydicom() -> None:
    code = (
        "import sys, curator.imageset\n"
        "from curator.dicom import dictionary, iods, levels, uids, vr\n"
        "assert dictionary.attribute(0x00100010) and uids.is_registered('1.2.840.10008.1.2')\n"
        "assert iods.required('1.2.840.10008.5.1.4.1.1.2') and vr.problem('DA', '20200101') is None\n"
        "sys.exit(any(name in sys.modules for name in ('pydicom', 'numpy', 'boto3', 'jsonpatch', 'deepdiff')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
