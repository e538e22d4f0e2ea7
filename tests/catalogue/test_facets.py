"""Facets: the terms they write ask for what was chosen, and leave the rest of the filter as it was typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.catalogue import Where
from curator.catalogue.facets import FACETS, NO, YES, Choice, Facet, choosing, without
from curator.checks.cases import document
from tests.catalogue.stores import filled

BY_NAME = {facet.name: facet for facet in FACETS}


def toggled(text: str, name: str, value: str, *, leave_out: bool = False) -> str:
    where, facet = Where.parse(text), BY_NAME[name]
    return choosing(where, facet, Choice.of(facet, where).toggled(value, leave_out=leave_out))


@pytest.mark.parametrize(
    ("text", "name", "value", "result"),
    [
        ("", "modality", "CT", "modality:CT"),
        ("modality:CT", "modality", "MR", "modality:CT|MR"),
        ("modality:CT|MR", "modality", "CT", "modality:MR"),
        ("modality:CT", "modality", "CT", ""),
        ('modality:CT "two words" !primary', "modality", "MR", '"two words" !primary modality:CT|MR'),
        ("head", "manufacturer", 'A "B" C', r'head manufacturer="A \"B\" C"'),
        ("", "bodypart", "", 'bodypart=""'),
        ("", "primary", YES, "primary"),
        ("primary", "primary", YES, ""),
        ("", "primary", NO, "!primary"),
        ("!primary", "primary", YES, ""),
        ("date>=2019", "date", "2020", "date>=2019 date:2020"),
        ("modality:CT", "sex", "F", "modality:CT sex:F"),
    ],
)
def test_choosing_a_value_writes_its_term(text: str, name: str, value: str, result: str) -> None:
    assert toggled(text, name, value) == result


def test_a_value_can_be_left_out_and_taken_back() -> None:
    text = toggled("modality:CT", "modality", "MR", leave_out=True)
    assert text == "modality:CT !modality:MR"
    assert toggled(text, "modality", "MR", leave_out=True) == "modality:CT"
    assert toggled(text, "modality", "MR") == "modality:CT|MR"


def test_without_leaves_the_other_terms() -> None:
    assert without(Where.parse('a modality:CT "b c" !modality:MR'), BY_NAME["modality"]).text == 'a "b c"'


@given(st.sampled_from([facet for facet in FACETS if facet.operator]), st.text(max_size=8))
def test_any_value_is_asked_for_and_read_back(facet: Facet, value: str) -> None:
    where = Where.parse(choosing(Where(), facet, Choice().toggled(value)))
    assert Choice.of(facet, where).wanted == {value}


def test_every_value_of_every_facet_finds_as_many_rows_as_it_counts(tmp_path: Path) -> None:
    samples = [
        document(
            patient={
                "PatientID": f"p{n}",
                "PatientSex": "MF"[n % 2],
                "PatientIdentityRemoved": "YES" * (n == 1),
            },
            study={"StudyInstanceUID": f"1.{n}", "StudyDate": date},
            series={
                "SeriesInstanceUID": f"1.{n}.1",
                "Modality": "CT",
                "BodyPartExamined": part,
                "Manufacturer": "A B",
            },
        )
        for n, (date, part) in enumerate(
            [("20120201", "HEAD"), ("20200131", ""), ("20200220", "HEAD NECK"), ("", "")], 1
        )
    ]
    with filled(tmp_path, samples) as catalogue:
        facets = catalogue.facets()
        assert dict(facets["date"]) == {"2020": 2, "2012": 1, "": 1}
        for facet in FACETS:
            for value, count in facets[facet.name]:
                where = Where.parse(choosing(Where(), facet, Choice().toggled(value)))
                assert len(catalogue.rows(where)) == count, where.text
