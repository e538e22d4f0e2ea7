"""Assignments of the command line: a path, and a value that may come from elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curator.cli.values import parse_assignment
from curator.imageset import parse_path


def test_an_assignment_is_split_at_the_first_equals_sign_outside_quotes() -> None:
    found = parse_assignment('Instances[*]/(0019,"A=B",1001):LO=x=y')
    assert (found.text, found.vr) == ("x=y", "LO")
    assert found.path == parse_path('Instances[*]/(0019,"A=B",1001)')


@given(st.text(max_size=20).filter(lambda text: not text.startswith("@")))
def test_any_value_may_be_written(text: str) -> None:
    assert parse_assignment(f"Patient/PatientComments={text}").text == text


@given(st.text(max_size=20))
def test_a_value_that_begins_with_at_is_written_with_two(text: str) -> None:
    assert parse_assignment(f"Patient/PatientComments=@@{text}").text == f"@{text}"
