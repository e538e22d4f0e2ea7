"""Regular expressions of strangers cannot hang a campaign."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.rulefile.pattern import Pattern

EVIL = ["(a*)*b", "(a+)+$", "(a|aa)+$", "(.*)*x", "([a-zA-Z]+)*$", "a{0,500}a{0,500}b", "(x+x+)+y"]


@pytest.mark.parametrize("text", EVIL)
def test_patterns_that_hang_a_backtracking_engine_take_linear_time(text: str) -> None:
    pattern = Pattern.of(text)
    begin = time.process_time()
    pattern.found("a" * 30_000 + "!")
    pattern.replaced("a" * 3_000 + "!", "b")
    assert time.process_time() - begin < 2.0


@pytest.mark.parametrize(
    "text", ["(", "a**", "(?=a)", r"(a)\1", "[z-a]", "a" * 1_001, "(((a{100}){100}){100})", "\ud800"]
)
def test_what_is_no_pattern_of_ours_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="a regular expression"):
        Pattern.of(text)


@given(st.text(max_size=20), st.text(max_size=50))
def test_any_text_is_a_pattern_or_told_and_searches_any_text(text: str, value: str) -> None:
    try:
        pattern = Pattern.of(text)
    except ValueError:
        return
    found = pattern.group(value, 0)
    assert pattern.found(value) == (found is not None)
    assert isinstance(pattern.replaced(value, "x"), str)


def test_lone_surrogates_in_values_do_not_stop_a_search() -> None:
    assert Pattern.of("b$").found("\ud800b")
    assert Pattern.of("b").replaced("\ud800b", "c") == "?c"
