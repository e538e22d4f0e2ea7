"""Every word of the vocabulary shows an example, and the example does what it shows."""

from __future__ import annotations

import pytest

from curator.rulefile import BASE, load
from curator.rulefile.docs import example, example_file, manual, said, summary
from curator.rulefile.shapes import Word, fields_of
from tests.rulefile.support import TABLES

WORDS = BASE.words()


@pytest.mark.parametrize(("kind", "word"), list(WORDS.values()), ids=list(WORDS))
def test_the_example_loads_and_its_cases_hold(kind: str, word: type[Word]) -> None:
    file = load(example_file(word), "example.yaml", files=TABLES.__getitem__)
    results = list(file.test())
    assert results, "an example without cases shows nothing"
    assert [result.differences for result in results if not result.passed] == []
    assert word.name in example(word)


@pytest.mark.parametrize(("kind", "word"), list(WORDS.values()), ids=list(WORDS))
def test_the_manual_says_what_it_does_and_what_it_takes(kind: str, word: type[Word]) -> None:
    page = manual(kind, word.name, word)
    assert page.startswith(f"{word.name} ({kind})")
    assert len(summary(word)) > 15
    assert summary(word).endswith((".", "):", ")"))
    assert "Example" not in said(word)
    assert all(f"  {name}" in page for name in fields_of(word))
    assert not word.main or word.main in fields_of(word)


def test_the_vocabulary_has_what_de_identification_lists_without_a_subject() -> None:
    assert set(BASE.selectors) == {"keyword", "tag", "mask", "vr", "creator", "path", "level", "value"}
    assert {
        "exists",
        "empty",
        "equals",
        "in",
        "matches",
        "compare",
        "vr",
        "sop-class",
        "modality",
        "same-as",
    } <= set(BASE.conditions)
    assert {"all", "any", "not"} <= set(BASE.conditions)
    for action in [
        "keep",
        "remove",
        "empty",
        "dummy",
        "literal",
        "template",
        "copy",
        "lookup",
        "interval",
        "truncate",
        "round",
        "bin",
        "replace",
        "extract",
        "case",
        "whitespace",
        "format",
        "add-item",
        "delete-item",
        "add",
        "quarantine",
        "require",
        "assert",
        "review",
    ]:
        assert action in BASE.actions
