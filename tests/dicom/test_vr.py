"""Validity of values: PS3.5 Table 6.2-1 in the encodings of the service's documents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dicom import Json
from curator.dicom.dictionary import is_private, tag_of_key, vrs
from curator.dicom.vr import INTEGERS, VRS, element_problem, problem, sentinel
from tests.tools import shared

VALID: list[tuple[str, Any]] = [
    ("AE", "STATION 1"),
    ("AS", "018M"),
    ("AT", ["00181065", "0018106A"]),
    ("CS", "ORIGINAL_1 A"),
    ("CS", ["ORIGINAL", "PRIMARY"]),
    ("CS", ["ORIGINAL", ""]),
    ("DA", "20240229"),
    ("DS", "-1.5e-3"),
    ("DS", " 1. "),
    ("DS", ["0.5", ".5"]),
    ("DT", "2024"),
    ("DT", "20240229235960.123456+1400"),
    ("DT", "2024+0100"),
    ("FD", 0.1),
    ("FD", 1),
    ("FL", -3.4e38),
    ("IS", "-2147483648"),
    ("IS", " 12 "),
    ("LO", "Ünïcode, 漢字"),
    ("LT", "two\r\nlines\\ \t and a tab"),
    ("OB", "AAEC"),
    ("OW", "AAECAw=="),
    ("OW", ""),
    ("PN", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("PN", "A^B^C^D^E"),
    ("SH", "x" * 16),
    ("SQ", []),
    ("SQ", [{}, {"PatientID": "1"}]),
    ("SS", -32768),
    ("ST", "a\\b"),
    ("SV", -(2**63)),
    ("TM", "23"),
    ("TM", "235959.5"),
    ("UC", "long" * 1000),
    ("UI", "1.2.840.10008.1.2"),
    ("UI", "2.25.0"),
    ("UL", 2**32 - 1),
    ("UN", ""),
    ("UR", "https://example.org/a?b=%20#c"),
    ("US", [0, 65535]),
    ("UT", "text"),
    ("UV", 2**64 - 1),
]

INVALID: list[tuple[str, Any]] = [
    ("AE", " " * 4),
    ("AE", "A\\B"),
    ("AE", "x" * 17),
    ("AS", "18M"),
    ("AS", "018X"),
    ("AT", "(0018,1065)"),
    ("AT", 1572965),
    ("CS", "lower"),
    ("CS", "A" * 17),
    ("CS", "A-B"),
    ("DA", "20230229"),
    ("DA", "2023-01-01"),
    ("DA", "20231301"),
    ("DA", "00000101"),
    ("DA", 20230101),
    ("DS", 1.5),
    ("DS", "1,5"),
    ("DS", "NaN"),
    ("DS", "1.2345678901234567"),
    ("DT", "202413"),
    ("DT", "20240101+1500"),
    ("DT", "20240101-0000"),
    ("FD", "1.5"),
    ("FD", True),
    ("FL", 1e39),
    ("IS", "1.0"),
    ("IS", 1),
    ("IS", "2147483648"),
    ("IS", "٣"),
    ("LO", "x" * 65),
    ("LO", "a\\b"),
    ("LO", "a\nb"),
    ("LT", "x" * 10241),
    ("LT", ["one"]),
    ("OB", "no base64!"),
    ("OF", "AAA="),
    ("OW", "AA=="),
    ("PN", "A=B=C=D"),
    ("PN", "A^B^C^D^E^F"),
    ("PN", "x" * 65),
    ("PN", {"Alphabetic": "A"}),
    ("SH", "x" * 17),
    ("SQ", {}),
    ("SQ", ["x"]),
    ("SS", 32768),
    ("SS", 1.0),
    ("TM", "24"),
    ("TM", "12:30"),
    ("UI", "1.02.3"),
    ("UI", "1." + "2" * 63),
    ("UI", "1"),
    ("UI", "1.2."),
    ("UI", "1.2.a"),
    ("UR", "has space"),
    ("US", -1),
    ("US", "1"),
    ("US", True),
    ("XX", "x"),
]


@pytest.mark.parametrize(("vr", "value"), VALID)
def test_valid(vr: str, value: Json) -> None:
    assert problem(vr, value) is None


@pytest.mark.parametrize(("vr", "value"), INVALID)
def test_not_valid_and_the_reason_does_not_repeat_the_value(vr: str, value: Json) -> None:
    reason = problem(vr, value)
    assert reason
    for text in (value, *(value if isinstance(value, list) else ())):
        assert not (isinstance(text, str) and len(text) > 4 and text in reason)


@pytest.mark.parametrize("vr", sorted(VRS))
def test_every_vr_may_be_empty_and_has_a_sentinel_of_its_own(vr: str) -> None:
    assert problem(vr, None) is None
    assert problem(vr, sentinel(vr)) is None
    assert (sentinel(vr) is None) == (vr == "SQ")


@pytest.mark.parametrize(
    ("vm", "value", "fits"),
    [
        ("1", "A", True),
        ("1", ["A"], False),
        ("1-n", "A", True),
        ("1-n", ["A", "B", "C"], True),
        ("2", ["A", "B"], True),
        ("2", ["A"], False),
        ("1-3", ["A"] * 4, False),
        ("2-n", ["A"], False),
        ("2-2n", ["A"] * 4, True),
        ("2-2n", ["A"] * 3, False),
        ("3-3n", ["A"] * 6, True),
        ("1-n", [], True),
        ("1-n or 1", ["A", "B"], True),
    ],
)
def test_the_count_of_values_fits_the_vm(vm: str, value: Json, fits: bool) -> None:
    assert (problem("CS", value, vm=vm) is None) is fits


def test_one_bad_value_of_several_is_named_by_its_place() -> None:
    assert problem("DA", ["20200101", "x"]) == "value 2: a DA value is YYYYMMDD"


@given(st.integers(), st.sampled_from(sorted(INTEGERS)))
def test_integers_are_valid_exactly_within_their_range(number: int, vr: str) -> None:
    low, high = INTEGERS[vr]
    assert (problem(vr, number) is None) == (low <= number <= high)


@given(st.dates())
def test_every_date_is_a_da_and_a_dt(day: Any) -> None:
    text = f"{day.year:04}{day.month:02}{day.day:02}"
    assert problem("DA", text) is None
    assert problem("DT", text) is None


@given(
    st.sampled_from(sorted(VRS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
        max_leaves=5,
    ),
)
def test_any_json_has_an_answer(vr: str, value: Any) -> None:
    assert problem(vr, value) is None or problem(vr, value)
    assert element_problem(0x00081140, value) is None or element_problem(0x00081140, value)


def test_an_element_is_judged_by_its_attribute_at_every_depth() -> None:
    item: dict[str, Json] = {
        "ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "ReferencedSOPInstanceUID": "1.02",
    }
    assert element_problem(0x00081140, [item]) == (
        "item 0 of ReferencedSOPInstanceUID: "
        "a UI value has numeric components without leading zeros, joined by dots"
    )
    assert element_problem(0x00100010, "A^B") is None
    assert element_problem(0x00100010, ["A^B"]) == "one PN value is expected, not a list"
    assert element_problem(0x00280106, -5) is None  # US or SS
    assert element_problem(0x00091001, "anything") is None
    assert element_problem(0x00091001, "x", vr="US") == "a US value is an integer"
    assert element_problem(0x00081140, [{"NoKeyword": 1}]) == "item 0: the key is no keyword and no tag"


def test_values_of_a_real_answer_are_valid_but_for_its_own_faults() -> None:
    tree = json.loads(shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_text())
    series = next(iter(tree["Study"]["Series"].values()))
    nodes = [tree["Patient"], tree["Study"], series, *series["Instances"].values()]
    faults = set()
    for node in nodes:
        for key, value in node["DICOM"].items():
            tag = tag_of_key(key)
            assert tag is not None
            vr = node["DICOMVRs"][key] if is_private(tag) and not vrs(tag) else None
            if element_problem(tag, value, vr=vr):
                faults.add(key)
    assert faults <= {"SpecificCharacterSet"}  # "ISO-IR 100" is written with a hyphen there
