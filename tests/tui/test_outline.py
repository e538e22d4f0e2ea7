"""The tree of a document: what a pending edit shows in a narrow column."""

from __future__ import annotations

import pytest

from curator.findings import Change, Safety, Why
from curator.healthimaging import HealthImaging
from curator.imageset import parse_path
from curator.tui.outline import COLUMNS, Outline


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ("head", "brain", "head → brain"),
        ("thorax and abdomen, with contrast", "knee", "thorax and a… → knee"),
        ("thorax and abdomen", "thorax and abdomen, late phase", "thorax and a… → …omen, late phase"),
    ],
)
def test_what_is_new_of_an_edited_value_is_seen(
    imaging: HealthImaging, before: str, after: str, seen: str
) -> None:
    document = imaging.document(next(iter(imaging.search())).id)
    path = parse_path("Patient/PatientName")
    change = Change(path, before, after, "PN", Why("edit", "typed"), Safety.REVIEW)
    outline = Outline(document, {path: change})
    cells = [outline.cells(index, COLUMNS) for index in range(len(outline))]
    (value,) = [each[4] for each in cells if "PatientName" in each[0][0]]
    assert value == (seen, "changed")
