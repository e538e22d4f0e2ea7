"""A session of edits, saved as a rule file, makes the same edits again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curator.findings import Change, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.rulefile import load
from curator.rulefile.writing import written
from tests.rulefile.support import document, rules
from tests.rulefile.test_evaluate import EVERYWHERE, FILES, SOME, documents


def same(change: Change) -> tuple[str, str, str]:
    return str(change.path), repr(change.before), repr(change.after)


@given(documents(), st.sampled_from(FILES + SOME + EVERYWHERE))
def test_the_written_rules_make_every_change_that_was_not_left_out(
    doc: ImageSetMetadata, file: object
) -> None:
    from curator.rulefile import RuleFile

    assert isinstance(file, RuleFile)
    made = list(file.evaluate(doc))
    saved = written("session", "Saved.", made)
    kept = {same(change) for change in made if change not in saved.left_out}
    if not saved.text:
        assert kept == set()
        return
    assert kept <= {same(change) for change in load(saved.text, "session.yaml").evaluate(doc)}


def test_equal_decisions_become_one_rule_and_contradicting_ones_are_left_out() -> None:
    doc = document(None, None, None, {"ImageComments": "a"}, {"ImageComments": "a"}, {"ImageComments": "b"})
    made = list(rules("{select: ImageComments, do: {case: upper}}").evaluate(doc))
    saved = written("session", "Saved.", made)
    assert len(load(saved.text, "s").rules) == 2
    other = Change(made[0].path, "a", "C", "LT", Why("x", "y"))
    assert set(written("session", "Saved.", [*made, other]).left_out) == {made[0], made[1], other}


def test_what_no_rule_can_say_is_named() -> None:
    path = ElementPath.from_pointer("/Patient/DICOM/OtherPatientIDsSequence")
    change = Change(path, [{"PatientID": "1"}], None, "SQ", Why("x", "y"), Safety.SAFE)
    saved = written("session", "Saved.", [change])
    assert (saved.text, saved.left_out) == ("", (change,))
