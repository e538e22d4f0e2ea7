"""Distinct values, and the sheet in which people decide them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.catalogue.values import (
    distinct,
    guarded,
    merge_decisions,
    read_decisions,
    unguarded,
    write_csv,
    write_decisions,
)
from curator.checks.cases import document, instance
from curator.deid.decisions import Decision
from curator.dicom import Json
from curator.errors import UsageError
from tests.catalogue.stores import filled


def test_values_are_counted_by_path_without_indices(tmp_path: Path) -> None:
    sequence: list[Json] = [{"CodeMeaning": "one"}, {"CodeMeaning": "two"}, {"CodeMeaning": "one"}]
    samples = [
        document(
            instance(1, AnatomicRegionSequence=sequence), instance(2, AnatomicRegionSequence=sequence[:1])
        ),
        document(instance(3, AnatomicRegionSequence=sequence[:1])),
    ]
    with filled(tmp_path, samples) as catalogue:
        found = catalogue.values("CodeMeaning")
    assert [(each.value, each.count, each.image_sets, each.vr) for each in found] == [
        ("one", 4, 2, "LO"),
        ("two", 1, 1, "LO"),
    ]
    assert {each.element for each in found} == {"Instances[*]/AnatomicRegionSequence[*]/CodeMeaning"}


def test_without_an_element_bulk_data_and_uids_are_left_out(tmp_path: Path) -> None:
    with filled(tmp_path, [document()]) as catalogue:
        elements = {each.element for each in distinct(catalogue.documents())}
    assert "Patient/PatientName" in elements
    assert not any("UID" in element for element in elements)


@given(st.text())
def test_guarding_is_undone_exactly_and_no_formula_is_left(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "'=1"])
def test_the_sheet_is_safe_in_a_spreadsheet_and_comes_back_exactly(tmp_path: Path, formula: str) -> None:
    with filled(tmp_path, [document(study={"StudyDescription": formula})]) as catalogue:
        values = catalogue.values("StudyDescription")
    sheet = io.StringIO(newline="")
    write_csv(values, sheet)
    rows = list(csv.DictReader(io.StringIO(sheet.getvalue(), newline="")))
    assert rows[0]["value"][:1] == "'"
    rows[0]["decision"] = "remove"
    filled_in = io.StringIO(newline="")
    writer = csv.DictWriter(filled_in, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    assert read_decisions(io.StringIO(filled_in.getvalue(), newline=""), "sheet") == [
        Decision("Study/StudyDescription", "LO", formula, "remove")
    ]


def test_every_wrong_row_is_named_at_once() -> None:
    where = "Study/StudyDescription,LO"
    rows = (
        f"{where},x,burn,",
        f"{where},y,replace,",
        f"{where},z,keep,no",
        f"{where},w,keep,",
        f"{where},w,remove,",
        "Patient/PatientName,PN,v,keep,",
        "no such path,LO,u,keep,",
    )
    sheet = "\n".join(("element,vr,value,decision,replacement", *rows))
    with pytest.raises(UsageError) as wrong:
        read_decisions(io.StringIO(sheet), "sheet.csv")
    named = [f"sheet.csv:{line}:" in str(wrong.value) for line in range(2, 9)]
    assert named == [True, True, True, False, True, True, True]


_decisions = st.builds(
    Decision,
    st.sampled_from(["Study/StudyDescription", "Instances[*]/ImageComments"]),
    st.sampled_from(["LO", "LT"]),
    st.text(),
    st.sampled_from(["keep", "remove", "empty", "clean"]),
    by=st.text(),
    why=st.text(),
)


@given(st.lists(_decisions, unique_by=lambda each: each.key))
def test_decisions_survive_their_file(decisions: list[Decision]) -> None:
    out = io.StringIO(newline="")
    write_decisions(decisions, out)
    assert read_decisions(io.StringIO(out.getvalue(), newline=""), "decisions") == decisions


def test_a_new_decision_replaces_the_old_one_of_its_value_and_the_same_one_keeps_its_author() -> None:
    old = [Decision("E", "LO", "a", "keep", by="first"), Decision("E", "LO", "b", "keep", by="first")]
    new = [Decision("E", "LO", "a", "remove", by="second"), Decision("E", "LO", "b", "keep", by="second")]
    merged, changed = merge_decisions(old, new)
    assert changed == 1
    assert [(each.value, each.decision, each.by) for each in merged] == [
        ("a", "remove", "second"),
        ("b", "keep", "first"),
    ]
