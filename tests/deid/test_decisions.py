"""A value decided once is treated so everywhere: before anything else is made of it, and named in the reason."""

from __future__ import annotations

import pytest

from curator.deid.decisions import Decision, Decisions
from curator.deid.engine import Engine
from curator.deid.keyed import Keyed
from curator.deid.profile import Profile
from curator.deid.subject import subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.errors import UsageError
from curator.findings import ABSENT, Change
from tests.deid.documents import document

STUDY = "Study/StudyDescription"
NESTED = "Series[*]/RequestAttributesSequence[*]/RequestedProcedureDescription"


def decided(*decisions: Decision, keyed: Keyed, options: frozenset[Option] = frozenset()) -> Engine:
    return Engine(Profile("p", options), keyed, decisions=Decisions(decisions))


def change_of(engine: Engine, keyed: Keyed, value: str) -> Change | None:
    doc = document(study={"StudyDescription": value})
    about = subject([doc], engine.profile, keyed)
    return next((c for c in engine.changes(doc, about) if c.path.key == "StudyDescription"), None)


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        (Decision(STUDY, "LO", "Zaphod chest", "remove"), ABSENT),
        (Decision(STUDY, "LO", "Zaphod chest", "empty"), None),
        (Decision(STUDY, "LO", "Zaphod chest", "replace", "Chest"), "Chest"),
        (Decision(STUDY, "LO", "Zaphod chest", "clean"), "chest"),
    ],
)
def test_a_decision_is_the_last_word_and_its_reason_says_whose(
    decision: Decision, after: object, keyed: Keyed
) -> None:
    from dataclasses import replace

    said = replace(decision, by="ab", when="2026-01-02", why="seen")
    found = change_of(decided(said, keyed=keyed), keyed, "Zaphod chest")
    assert found is not None
    assert found.after is after if after is ABSENT else found.after == after
    detail = dict(found.why.detail)
    assert detail["value decision"] == f"{decision.decision} by ab on 2026-01-02 because seen"
    assert detail["row"].startswith("PS3.15 E.1-1 00081030")


def test_keep_keeps_the_value_but_for_what_names_the_subject(keyed: Keyed) -> None:
    engine = decided(
        Decision(STUDY, "LO", "Zaphod", "keep"), Decision(STUDY, "LO", "Zaphod of Doe", "keep"), keyed=keyed
    )
    assert change_of(engine, keyed, "Zaphod") is None
    found = change_of(engine, keyed, "Zaphod of Doe")
    assert found is not None
    assert found.after == "Zaphod of"


def test_other_values_are_treated_as_ever(keyed: Keyed) -> None:
    found = change_of(decided(Decision(STUDY, "LO", "Zaphod", "keep"), keyed=keyed), keyed, "zaphod")
    assert found is not None
    assert found.after is ABSENT


def test_a_decision_holds_at_its_path_in_every_item_and_only_there(keyed: Keyed) -> None:
    engine = decided(
        Decision(NESTED, "LO", "knee", "replace", "Knee"),
        keyed=keyed,
        options=frozenset({Option.CLEAN_DESCRIPTORS}),
    )
    items: list[Json] = [{"RequestedProcedureDescription": "knee"}, {"RequestedProcedureDescription": "knee"}]
    doc = document(study={"StudyDescription": "knee"}, series={"RequestAttributesSequence": items})
    after = {
        str(change.path): change.after
        for change in engine.changes(doc, subject([doc], engine.profile, keyed))
        if change.path.key in ("RequestedProcedureDescription", "StudyDescription")
    }
    assert sorted(after.values(), key=str) == ["Knee", "Knee"]


@pytest.mark.parametrize(
    ("element", "vr"),
    [
        ("Patient/PatientID", "LO"),
        ("Patient/PatientName", "PN"),
        ("Study/StudyInstanceUID", "UI"),
        ("no path", "LO"),
    ],
)
def test_subjects_and_uids_are_not_decided_value_by_value(element: str, vr: str) -> None:
    with pytest.raises(UsageError):
        Decisions([Decision(element, vr, "x", "keep")])
