"""Aliases and assigned pseudonyms are read or refused by line, and no two subjects ever meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.deid.keyed import Keyed
from curator.deid.people import Register, read_aliases, read_assigned
from curator.deid.profile import Profile
from curator.deid.subject import Subject, subject
from curator.errors import Refused, UsageError
from tests.deid.documents import document


def test_chains_of_aliases_lead_to_their_end() -> None:
    assert read_aliases("id,same_as\nA,B\nB,C\nC,C\n", "a.csv") == {"A": "C", "B": "C"}


def test_an_alias_may_cross_issuers() -> None:
    text = "id,issuer,same_as,same_as_issuer\n1,EAST,7,WEST\n2,EAST,3,\n"
    assert read_aliases(text, "a.csv") == {"EAST\0001": "WEST\0007", "EAST\0002": "EAST\0003"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id\nA\n", "no column same_as"),
        ("id,same_as\nSECRET,B\nSECRET,C\n", "a.csv:3: the id of line 2"),
        ("id,same_as\nSECRET,B\nB,SECRET\n", "circle"),
        ("id,same_as\nSECRET,\n", "a.csv:2"),
        ('id,same_as\n"SECRET', "no CSV"),
    ],
)
def test_aliases_that_contradict_are_refused_by_line_without_naming_anybody(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_aliases(text, "a.csv")
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,pseudonym\nSECRET,P1\nOTHER,P1\n", "a.csv:3: the pseudonym of line 2"),
        ("id,pseudonym\nSECRET,P1\nOTHER,p1\n", "a.csv:3: the pseudonym of line 2"),
        ("id,pseudonym\nSECRET,P1\nSECRET,P2\n", "a.csv:3: the same person"),
        ("id,pseudonym\nSECRET,a\\b\n", "a.csv:2: a pseudonym of"),
        ("id,pseudonym\n,P1\n", "a.csv:2: an id"),
    ],
)
def test_assigned_pseudonyms_must_tell_people_apart(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_assigned(text, "a.csv")
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_aliases_of_one_person_may_be_given_one_pseudonym() -> None:
    aliases = read_aliases("id,same_as\nA,B\n", "a.csv")
    assert read_assigned("id,pseudonym\nA,P1\nB,P1\n", "b.csv", aliases) == {"B": "P1"}


def test_subjects_are_told_by_issuer_and_alias_and_given_what_was_assigned(keyed: Keyed) -> None:
    def one(patient_id: str, issuer: str = "") -> Subject:
        doc = document(patient={"PatientID": patient_id, "IssuerOfPatientID": issuer})
        return subject(
            [doc],
            Profile("p"),
            keyed,
            aliases=read_aliases("id,issuer,same_as,same_as_issuer\n1,EAST,7,WEST\nold,,new,\n", "a.csv"),
            assigned={"WEST\0007": "S-001", "new": "S-002"},
        )

    assert one("1", "EAST").identity == one("7", "WEST").identity
    assert one("1", "EAST").pseudonym == one("7", "WEST").pseudonym == "S-001"
    assert one("old").pseudonym == one("new").pseudonym == "S-002"
    assert one("1", "NORTH").identity != one("1", "EAST").identity
    assert one("1", "NORTH").pseudonym not in ("S-001", "S-002")


def test_a_register_refuses_two_originals_with_one_pseudonym() -> None:
    register = Register()
    register.add(Subject("patient\0\0A", "P1", 0))
    register.add(Subject("patient\0\0A", "P1", 0))
    with pytest.raises(Refused, match="same pseudonym"):
        register.add(Subject("patient\0\0B", "p1", 0))


def test_a_register_refuses_another_pseudonym_than_before_and_one_that_is_an_original() -> None:
    register = Register()
    register.know("patient\0\0A", "P1")
    with pytest.raises(Refused, match="another pseudonym than before"):
        register.add(Subject("patient\0\0A", "P2", 0))
    register.add(Subject("patient\0\0B", "A", 0))
    with pytest.raises(Refused, match="original id of another"):
        register.check()


def test_unnamed_subjects_are_counted_once() -> None:
    register = Register()
    for _ in range(2):
        register.add(Subject("study\x001.2", "P1", 0, unnamed=True))
    assert register.unnamed == 1


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=8), st.text(max_size=60))
def test_any_text_is_taken_or_refused(rows: list[tuple[str, str]], junk: str) -> None:
    for text in ("id,same_as\n" + "\n".join(f"{a},{b}" for a, b in rows), junk):
        try:
            found = read_aliases(text, "a.csv")
        except UsageError:
            continue
        assert all(target not in found for target in found.values())
