"""What verbs write is safe to show, and JSON is equal to what was written."""

from __future__ import annotations

import json
import logging
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.cli.logs import ValueFree
from curator.cli.output import Form, cell, json_text, write_rows
from curator.healthimaging import ImageSetSummary

PROBES = [
    "[bold red]markup[/]",
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;ZXZpbA==\x07",
    "\u202eevil",
    "a\tb\nc",
    "\x9b31m",
    ":smile: {x} %s",
]
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@given(st.text())
def test_a_cell_holds_no_control_character(text: str) -> None:
    shown = cell(text)
    assert not any(unicodedata.category(letter) == "Cc" for letter in shown)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_json_is_equal_and_harmless(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert not UNSAFE.search(text)


@pytest.mark.parametrize("form", [None, Form.TABLE, Form.JSON, Form.NDJSON])
@pytest.mark.parametrize("probe", PROBES)
def test_markup_and_escapes_show_as_text(
    capsys: pytest.CaptureFixture[str], form: Form | None, probe: str
) -> None:
    write_rows(["value"], [{"value": probe}], form)
    written = capsys.readouterr().out
    assert not UNSAFE.search(written)
    if form in (Form.JSON, Form.NDJSON):
        assert json.dumps(probe)[1:-1].lower() in written.lower() or json.loads(written)
    elif "[bold" in probe or ":smile:" in probe:
        assert probe in written  # neither interpreted nor taken away


def test_rows_without_a_form_are_tab_separated(capsys: pytest.CaptureFixture[str]) -> None:
    assert write_rows(["a", "b"], [{"a": 1, "b": None}, {"a": True, "b": "x"}]) == 2
    assert capsys.readouterr().out == "1\t\nyes\tx\n"


def logged(message: str, *arguments: object, error: BaseException | None = None) -> str:
    info = (type(error), error, None) if error else None
    return ValueFree().format(
        logging.LogRecord("curator.x", logging.DEBUG, "x.py", 1, message, arguments, info)
    )


@given(st.text(min_size=1))
def test_a_log_line_never_holds_a_text_of_a_document(value: str) -> None:
    safe = re.fullmatch(r"[0-9a-z]{32}|\d{1,6}|[A-Z][A-Za-z]+", value)
    line = logged("read %s", value)
    assert safe or line.endswith(f"read ‹str of {len(value)}›")


def test_a_log_line_tells_ids_operations_and_numbers() -> None:
    line = logged("%s of %s took %d ms", "GetImageSet", "0" * 32, 17)
    assert line.endswith("GetImageSet of 00000000000000000000000000000000 took 17 ms")


def test_a_log_line_tells_the_kind_of_an_error_only() -> None:
    line = logged("failed: %s", ValueError("Mustermann"), error=ValueError("Mustermann"))
    assert "Mustermann" not in line
    assert "ValueError" in line


def test_a_logged_object_shows_its_kind_only() -> None:
    assert "ImageSetSummary" in logged("%s", ImageSetSummary("x", "1", None, None, dicom={"a": "Mustermann"}))
    assert "Mustermann" not in logged("%s", {"a": "Mustermann"})


def test_where_there_is_nothing_people_are_told_and_programs_get_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for form in (None, Form.TABLE):
        assert write_rows(["a"], [], form, empty="no such thing") == 0
        assert capsys.readouterr() == ("", "no such thing\n")
    assert write_rows(["a"], [], Form.JSON, empty="no such thing") == 0
    assert capsys.readouterr() == ("[]\n", "")
