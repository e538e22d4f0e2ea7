"""What a reviewer is asked: each undecided value, with what the profile would do."""

from __future__ import annotations

from curator.deid.decisions import Decision, Decisions
from curator.deid.keyed import Keyed
from curator.deid.ruled import load_profile
from curator.deid.subject import subject
from curator.deid.undecided import in_words, undecided, would_do
from tests.deid.documents import document

TEXT = "version: 1\nname: mine\nwhy: x\nprofile: {options: [clean-descriptors]}\n"
PATH = "Study/StudyDescription"


def test_only_undecided_values_come_up_again_with_what_would_become_of_them(keyed: Keyed) -> None:
    asked = load_profile(TEXT)
    doc = document(
        study={"StudyDescription": "chest Zaphod"},
        series={"SeriesDescription": "axial", "OperatorsName": "Roe"},
    )
    about = subject([doc], asked.profile, keyed)

    def asks(decisions: Decisions) -> dict[str, str]:
        engine = asked.engine(keyed, decisions=decisions)
        return {str(one.path.generic()): one.would for one in undecided(asked, engine, doc, about)}

    first = asks(Decisions())
    assert first[PATH] == "becomes chest"
    assert first["Series[*]/SeriesDescription"] == "keep"
    assert first["Series[*]/OperatorsName"] == "remove"
    assert not any(path in first for path in ("Patient/PatientID", "Study/StudyInstanceUID"))
    assert first.keys() - asks(Decisions([Decision(PATH, "LO", "chest Zaphod", "keep")])).keys() == {PATH}


def test_answers_of_several_subjects_are_put_together(keyed: Keyed) -> None:
    asked = load_profile(TEXT)
    words: set[str] = set()
    for name in ("Head^Ann", "Doe^Jane"):
        doc = document(patient={"PatientName": name}, study={"StudyDescription": "Head"})
        about = subject([doc], asked.profile, keyed)
        words |= would_do(asked, asked.engine(keyed), about, [doc])[PATH, "LO", "Head"]
    assert in_words(words) == "keep | remove"
