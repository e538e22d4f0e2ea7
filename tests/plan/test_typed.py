"""Values as people type them become the JSON that HealthImaging holds, by their VR, and are typed back as they were."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dicom import Json
from curator.errors import UsageError
from curator.imageset import parse_path
from curator.plan.typed import as_typed, typed


@pytest.mark.parametrize(
    ("path", "vr", "text", "value"),
    [
        ("Patient/PatientName", "PN", "Doe^Jane", "Doe^Jane"),
        ("Patient/PatientName", "PN", "", None),
        ("Instances[*]/Rows", "US", "512", 512),
        ("Instances[*]/ImageType", "CS", "ORIGINAL", ["ORIGINAL"]),
        ("Instances[*]/ImageType", "CS", "ORIGINAL\\PRIMARY", ["ORIGINAL", "PRIMARY"]),
        ("Instances[*]/ImageType", "CS", "A\\\\B", ["A", "", "B"]),
        ("Instances[*]/SliceThickness", "DS", "1.50", "1.50"),
        ("Instances[*]/ImageComments", "LT", "a\\b", "a\\b"),
        ("Instances[*]/DiffusionBValue", "FD", "1000", 1000),
        ("Instances[*]/DiffusionBValue", "FD", "0.5", 0.5),
        ("Instances[*]/00191001", "LO", "a\\b", ["a", "b"]),
        ("Instances[*]/00191001", "LO", "a", "a"),
        ("Instances[*]/00191001", "OB", "AAE=", "AAE="),
        ("Instances[*]/ReferencedImageSequence", "SQ", "", []),
        ("Instances[*]/ReferencedImageSequence", "SQ", '[{"a": 1}]', [{"a": 1}]),
    ],
)
def test_values_are_encoded_as_the_service_holds_them(path: str, vr: str, text: str, value: Json) -> None:
    found = typed(text, vr, parse_path(path))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("US", "x"),
        ("FD", "nan?"),
        ("FD", "nan"),
        ("FL", "inf"),
        ("FD", "1e999"),
        ("OB", "not base64!"),
        ("SQ", "{}"),
        ("SQ", "[1]"),
        ("SQ", "["),
    ],
)
def test_what_a_vr_cannot_be_is_refused_without_repeating_it(vr: str, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        typed(text, vr, parse_path("Instances[*]/00191001"))
    assert text not in str(refused.value).replace("[*]", "")


@given(st.binary(min_size=1))
def test_bytes_travel_in_base64(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    assert typed(text, "OW", parse_path("Instances[*]/00191001")) == text


@given(st.lists(st.dictionaries(st.text(), st.text()), max_size=3))
def test_a_sequence_is_json(items: list[dict[str, str]]) -> None:
    assert typed(json.dumps(items), "SQ", parse_path("Instances[*]/ReferencedImageSequence")) == items


@pytest.mark.parametrize(
    ("path", "vr", "value"),
    [
        ("Patient/PatientName", "PN", "Doe^Jane"),
        ("Patient/PatientName", "PN", None),
        ("Instances[*]/ImageType", "CS", ["A", "", "B"]),
        ("Instances[*]/Rows", "US", 512),
        ("Instances[*]/DiffusionBValue", "FD", 0.5),
        ("Instances[*]/ReferencedImageSequence", "SQ", [{"a": "1"}]),
    ],
)
def test_what_is_typed_back_is_the_same_value(path: str, vr: str, value: Json) -> None:
    assert typed(as_typed(value), vr, parse_path(path)) == value
