"""Text for terminals: nothing in it acts on the terminal, and counts read well."""

from __future__ import annotations

import pytest

from curator.printable import plural, printable


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, ("unit",), "0 units"),
        (1, ("image set",), "1 image set"),
        (1200, ("call",), "1,200 calls"),
        (1, ("copy", "copies"), "1 copy"),
        (2, ("unit is", "units are"), "2 units are"),
    ],
)
def test_a_count_agrees_with_what_is_counted(count: int, words: tuple[str, ...], said: str) -> None:
    assert plural(count, *words) == said


def test_control_and_invisible_characters_are_shown_and_do_nothing() -> None:
    assert printable("a\x1b[31m\tb\u202e") == "a␛[31m␉b<U+202E>"
    assert printable("one\ntwo") == "one␊two"
    assert printable("one\ntwo", lines=True) == "one\ntwo"
