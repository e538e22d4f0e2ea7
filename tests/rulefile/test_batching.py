"""``batch:`` is read like all of a rule file: every mistake with its line, and nothing is guessed."""

from __future__ import annotations

import pytest

from curator.deid.words import VOCABULARY
from curator.errors import RuleFileError
from curator.rulefile import load
from curator.rulefile.batching import batch_of

HEAD = "version: 1\nname: monday\nwhy: A session.\nbatch:\n"


def test_a_file_may_be_nothing_but_what_batch_does() -> None:
    file = load(
        HEAD + "  resolve: majority\n  among: modality:CT\n  resolutions:\n"
        "    - {element: Study/StudyDescription, choice: value, value: Head}\n    - {element: '', choice: merge}\n"
        "  publish: research\n  decisions:\n    - {element: Series/Manufacturer, value: ACME, decision: keep}\n"
        "  pixels:\n    - {instance: 1.2.3, decision: clear, pixels: abc, by: ada, when: '2026-01-02T03:04:05+00:00'}\n",
        "monday.yaml",
        vocabulary=VOCABULARY,
    )
    batch = batch_of(file)
    assert batch is not None
    assert (batch.resolve, batch.among, batch.publish) == ("majority", "modality:CT", "research")
    assert [(each.element, each.choice, each.value) for each in batch.resolutions] == [
        ("Study/StudyDescription", "value", "Head"),
        ("", "merge", ""),
    ]
    assert [(each.value, each.decision) for each in batch.decisions] == [("ACME", "keep")]
    (seen,) = batch.pixels
    assert (seen.instance, seen.decision, seen.pixels, seen.by) == ("1.2.3", "clear", "abc", "ada")
    assert seen.when == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  resolve: all\n", "one of majority, newest"),
        ("  publish: ''\n", "text, 1 to"),
        ("  resolutions: [{element: '', choice: merge}]\n", "resolve: one of"),
        (
            "  resolve: majority\n  decisions: [{element: X, value: y, decision: keep}]\n",
            "publish: a profile",
        ),
        ("  resolve: majority\n  resolutions: [{element: X, choice: guess}]\n", "one of value, majority"),
        (
            "  resolve: majority\n  pixels: [{instance: 1.2.3, decision: clear}]\n",
            "publish: a profile",
        ),
        ("  publish: basic\n  pixels: [{instance: 1.2.3, decision: withdraw}]\n", "one of clear, exclude"),
        ("  {}\n", "resolve or publish"),
        ("  resolv: majority\n", "did you mean resolve?"),
    ],
)
def test_what_does_not_hold_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(RuleFileError) as error:
        load(HEAD + text, "monday.yaml", vocabulary=VOCABULARY)
    assert any(said in each and "monday.yaml:" in each for each in error.value.problems), error.value.problems
