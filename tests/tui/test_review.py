"""The changes of a plan as rows: the reason is what there is no other column for."""

from __future__ import annotations

import pytest

from curator.findings import Change, Why
from curator.imageset import parse_path
from curator.tui.review import ChangeRows, Line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PatientID (0010,0020): the subject's pseudonym", "the subject's pseudonym"),
        ("StudyID (0020,0010): emptied", "StudyID (0020,0010): emptied"),
        ("the image sets must agree", "the image sets must agree"),
    ],
)
def test_a_reason_does_not_repeat_the_element_beside_it(text: str, shown: str) -> None:
    change = Change(parse_path("Patient/PatientID"), "1", "2", "LO", Why("research", text))
    rows = ChangeRows([Line("a" * 32, change)])
    assert rows.cells(0, ())[4] == (shown, "dim")
    assert text in rows.whole(0)[1]
