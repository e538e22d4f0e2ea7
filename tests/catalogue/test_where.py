"""The filter grammar: what each form of term means, and where a wrong filter is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.catalogue import Where
from curator.checks.cases import Sample, document
from curator.errors import UsageError
from tests.catalogue.stores import filled

HEAD = document(
    patient={"PatientID": "123", "PatientName": "Meier^Anna"},
    study={"StudyDate": "20200131", "StudyDescription": "CT Head plain", "AccessionNumber": ""},
    series={"Modality": "CT", "SeriesNumber": "10", "Manufacturer": "GE MEDICAL"},
)
KNEE = document(
    patient={"PatientID": "1234", "PatientName": "Kurz^Otto", "PatientIdentityRemoved": "YES"},
    study={"StudyDate": "20211224", "StudyDescription": 'knee "left"', "StudyInstanceUID": "1.2.3"},
    series={"Modality": "MR", "SeriesNumber": "9", "SeriesInstanceUID": "1.2.3.4"},
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "12"),
        ("modality:CT", "1"),
        ("modality:ct", "1"),
        ("modality:CT|MR", "12"),
        ("modality=ct", ""),
        ('study:"head"', "1"),
        ('study:"Head plain"', "1"),
        (r'study:"knee \"left\""', "2"),
        ("PatientID=123", "1"),
        ("PatientID:123", "12"),
        ("PatientID=123|1234", "12"),
        ("patient:meier", "1"),
        ("!patient:meier", "2"),
        ("date>=2021-01-01", "2"),
        ("date>2020", "2"),
        ("date>=2020 date<2021", "1"),
        ("date=2020-01-31", "1"),
        ("date:2020-01", "1"),
        ("date:0131", ""),
        ('accession:""', "12"),
        ('study:""', ""),
        ("number<10", "2"),
        ("number>=9", "12"),
        ("updated>=2025-06-14", "12"),
        ("updated>2025-06-14", ""),
        ("updated:2025-06", "12"),
        ("updated<2025", ""),
        ("conflict", ""),
        ("!conflict frames>=1", "12"),
        ("confl>0", ""),
        ("Inst>=1 mod:CT", "1"),
        ("primary", "1"),
        ("!primary", "2"),
        ("deidentified", "2"),
        ("!deidentified modality:MR", ""),
        ("accession=", "12"),
        ("AccessionNumber!=X", "12"),
        ("Manufacturer:medical", "1"),
        ("Manufacturer=", "2"),
        ("otto", "2"),
        ("!locked kurz", "2"),
        ('"primary"', ""),
    ],
)
def test_a_filter_finds(tmp_path: Path, text: str, found: str) -> None:
    with filled(tmp_path, [Sample(HEAD, primary=True), Sample(KNEE, primary=False)]) as catalogue:
        rows = catalogue.rows(Where.parse(text), sort="id")
    assert "".join(str(int(row.id)) for row in rows) == found


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("nosuchfield:1", 1),
        ("modality:CT nosuch=1", 13),
        ('study:"head', 7),
        ("modality:", 10),
        ("modality:CT|", 13),
        ("!unknownflag", 2),
        ("| x", 1),
    ],
)
def test_a_wrong_filter_is_a_usage_error_with_its_column(text: str, column: int) -> None:
    with pytest.raises(UsageError, match=f"column {column}:"):
        Where.parse(text)


@given(st.text())
def test_any_text_is_a_filter_or_a_usage_error(text: str) -> None:
    try:
        assert str(Where.parse(text)) == text
    except UsageError:
        pass
