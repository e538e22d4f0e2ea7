"""Forms by VR: which one an element gets, names in their parts, and what values say in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dicom import Json
from curator.dicom.vr import problem
from curator.imageset import parse_path
from curator.tui.forms import (
    Form,
    editable,
    form_of,
    in_words,
    name_of_parts,
    new_uid,
    paragraphs,
    parts_of_name,
    plain,
    terms_of,
)


@pytest.mark.parametrize(
    ("path", "vr", "value", "form"),
    [
        ("Patient/PatientName", "PN", "Doe^Jane", Form.PERSON),
        ("Instances[1.2]/OperatorsName", "PN", ["A", "B"], Form.LINES),
        ("Instances[1.2]/ImageType", "CS", ["A"], Form.LINES),
        ("Instances[1.2]/ImageComments", "LT", "a\\b", Form.TEXT),
        ("Patient/PatientBirthDate", "DA", None, Form.LINE),
    ],
)
def test_the_form_follows_vr_and_multiplicity(path: str, vr: str, value: Json, form: Form) -> None:
    assert form_of(parse_path(path), vr, value) is form


@pytest.mark.parametrize(
    ("path", "vr", "value"),
    [
        ("Instances[1.2]/PixelData", "OW", None),
        ("Instances[1.2]/00191001", "OB", "AAE="),
        ("Instances[1.2]/ReferencedImageSequence", "SQ", [{}]),
        ("Instances[1.2]", "", None),
    ],
)
def test_what_nobody_can_type_is_not_edited(path: str, vr: str, value: Json) -> None:
    assert not editable(parse_path(path), vr, value)


@given(st.lists(st.lists(st.text("abc ", max_size=3), min_size=5, max_size=5), min_size=3, max_size=3))
def test_a_name_and_its_parts_say_the_same(groups: list[list[str]]) -> None:
    text = name_of_parts(groups)
    assert name_of_parts(parts_of_name(text)) == text
    assert parts_of_name(text) == groups


@pytest.mark.parametrize(
    ("vr", "text", "words"),
    [
        ("DA", "19010302", "Saturday, 2 March 1901"),
        ("DA", "20230230", ""),
        ("TM", "140530.25", "14:05:30.25"),
        ("TM", "14", "14 h"),
        ("DT", "20261123140530+0200", "Monday, 23 November 2026, 14:05:30, UTC+02:00"),
        ("DT", "202611", "November 2026"),
        ("DT", "2026", "2026"),
        ("AS", "045Y", "45 years"),
        ("UI", "1.2.840.10008.5.1.4.1.1.2", "registered: CT Image Storage"),
        ("UI", "1.2.3", "well formed, not a registered UID"),
        ("LO", "anything", ""),
    ],
)
def test_values_are_said_in_words_if_they_are_valid(vr: str, text: str, words: str) -> None:
    assert in_words(vr, text) == words


def test_code_strings_know_their_terms_and_whether_others_are_allowed() -> None:
    assert terms_of("PatientSex", "CS") == (("F", "M", "O"), True)
    terms, only = terms_of("Modality", "CS")
    assert "CT" in terms
    assert not only
    assert terms_of("PatientName", "PN") == ((), False)


def test_a_generated_uid_is_valid_and_its_own() -> None:
    uids = {new_uid() for _ in range(50)}
    assert len(uids) == 50
    assert not [problem("UI", uid) for uid in uids if problem("UI", uid)]


@given(st.text())
def test_nothing_that_steers_a_terminal_stays_in_a_field(text: str) -> None:
    assert not [each for each in plain(text) if ord(each) < 32 or 127 <= ord(each) < 160]
    lines = plain(text, breaks=True)
    assert not [each for each in lines if (ord(each) < 32 and each != "\n") or 127 <= ord(each) < 160]


def test_lines_are_parted_as_dicom_parts_them() -> None:
    assert paragraphs(plain("one\r\ntwo\rthree", breaks=True)) == "one\r\ntwo\r\nthree"
