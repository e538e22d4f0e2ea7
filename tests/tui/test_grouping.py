"""Groups of rows: they fold and unfold without losing a row, and a filter keeps them in step."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from curator.tui.grouping import GroupBy, columns_for, group_cells
from curator.tui.image_set_rows import ImageSetRows
from curator.tui.rows import Cell
from tests.tui.latency import rows_of


def model(patients: Sequence[int]) -> ImageSetRows:
    """Return rows, one for each number: the patient it belongs to."""
    rows = ImageSetRows()
    rows.replace(
        [
            replace(row, patient_id=f"p{patient}", study_uid=f"1.{patient}.{row.instances % 2}")
            for row, patient in zip(rows_of(len(patients)), patients, strict=True)
        ]
    )
    return rows


def ids(rows: ImageSetRows) -> list[str]:
    """Return the ids of every image set shown, folded away or not."""
    return [
        each
        for index in range(len(rows))
        if not rows.is_unfolded(index)
        for each in (rows.members(index) or [rows.key(index)])
    ]


def label(rows: ImageSetRows, index: int) -> str:
    cell: Cell = rows.cells(index, columns_for(10))[0]
    return cell[0] if isinstance(cell, tuple) else cell


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 30), st.booleans())),
    st.sampled_from(list(GroupBy)),
)
def test_folding_loses_no_row(patients: list[int], folds: list[tuple[int, bool]], by: GroupBy) -> None:
    rows = model(patients)
    every = sorted(ids(rows))
    rows.group(by)
    for index, unfold in folds:
        rows.fold(index % len(rows), unfold=unfold)
        assert sorted(ids(rows)) == every
        for at in range(len(rows)):
            assert rows.place(rows.key(at)) == at


def test_a_group_stands_where_its_first_row_stood_and_says_how_many_it_has() -> None:
    rows = model([2, 1, 2])
    rows.group(GroupBy.PATIENT)
    assert len(rows) == rows.groups == 2
    assert label(rows, 0).startswith("▸ p2")
    assert rows.cells(0, columns_for(40))[1] == "2 sets"
    rows.fold(0, unfold=True)
    assert [rows.at(index) is None for index in range(len(rows))] == [True, False, False, True]
    assert label(rows, 0).startswith("▾ p2")
    assert rows.head(2) == 0


def test_a_row_that_is_folded_away_is_where_its_group_is() -> None:
    rows = model([1, 2, 2])
    hidden = rows.key(2)
    rows.group(GroupBy.PATIENT)
    assert rows.place(hidden) == 1
    assert rows.place("f" * 32) == -1


def test_a_filter_narrows_the_groups_and_what_was_unfolded_stays_so() -> None:
    rows = model([1, 2, 2, 3])
    rows.group(GroupBy.PATIENT)
    rows.fold(1, unfold=True)
    rows.filter("patientid=p2|p3")
    assert [label(rows, index)[0] for index in (0, 3)] == ["▾", "▸"]
    assert rows.found == 3
    rows.filter("")
    assert (len(rows), rows.groups) == (5, 3)


def test_what_a_filter_hides_of_the_marked_is_counted() -> None:
    rows = model([1, 2, 3])
    marks = {rows.key(0), rows.key(2)}
    assert rows.hidden(marks) == 0
    rows.filter("patientid=p1")
    assert rows.hidden(marks) == 1


@pytest.mark.parametrize(
    ("room", "keys"),
    [
        (120, ["label", "sets", "modalities", "dates", "instances", "conflicts"]),
        (60, ["label", "sets", "modalities", "conflicts"]),
        (30, ["label", "sets"]),
    ],
)
def test_a_group_says_as_much_as_there_is_room_for(room: int, keys: list[str]) -> None:
    assert [column.key for column in columns_for(room)] == keys


def test_a_study_under_two_patients_names_both() -> None:
    rows = model([1, 2])
    one, other = rows.at(0), rows.at(1)
    assert one is not None
    assert other is not None
    together = [replace(each, study_uid="1.2") for each in (one, other)]
    torn = group_cells(GroupBy.STUDY, together, unfolded=False)["label"]
    assert torn[0].endswith("2 patients: p1, p2")
    whole = group_cells(GroupBy.STUDY, [one, one], unfolded=False)["label"]
    assert whole[0].endswith("p1")
    assert "patients" not in whole[0]
