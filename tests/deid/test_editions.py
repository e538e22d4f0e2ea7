"""Another edition of the table can be loaded, and what it changes is told: by row, and on one's own data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.deid import editions
from curator.deid.keyed import Keyed
from curator.deid.profilefile import read_table
from curator.deid.ruled import load_profile
from curator.dicom import _confidentiality, confidentiality
from curator.errors import RuleFileError
from tests.deid.documents import document

OLDER = "# made up\nedition 2020x\n" + "\n".join(
    line.replace("|X|", "|Z|") if line.startswith("00081030") else line
    for line in _confidentiality.E_1_1.splitlines()
    if not line.startswith("00080012")
)
FILE = "version: 1\nname: mine\nwhy: x\nprofile:\n  table: older.txt\n"


def test_a_profile_may_name_a_table_beside_it() -> None:
    asked = load_profile(FILE, files={"older.txt": OLDER}.__getitem__)
    assert asked.profile.table.edition == "2020x"
    assert asked.profile.verdict(0x00081030, "LO").code == "Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "edition x\n",
        "no edition\n0010|a|X|\n",
        "edition x\n00100010|a|Q|\nPRIVATE|p|X|\n",
        "edition x\n00100010|a\n",
        "edition x\n00100010|a|X|\n",
        "edition x\n00100010|a|X|999=K\nPRIVATE|p|X|\n",
    ],
)
def test_a_table_that_is_none_is_a_problem_with_its_line(text: str) -> None:
    with pytest.raises(ValueError):
        read_table(text)
    with pytest.raises(RuleFileError, match="profile:5"):
        load_profile(FILE, files={"older.txt": text}.__getitem__)


def test_rows_that_differ_are_listed() -> None:
    found = {one.tag: one for one in editions.rows(read_table(OLDER), confidentiality.table())}
    assert found.keys() == {"00080012", "00081030"}
    assert found["00080012"].before is None
    before, after = found["00081030"].before, found["00081030"].after
    assert before is not None
    assert after is not None
    assert (before.basic, after.basic) == ("Z", "X")


def test_on_ones_own_data_only_what_is_there_counts(keyed: Keyed) -> None:
    engine = load_profile(FILE, files={"older.txt": OLDER}.__getitem__).engine(keyed)
    documents = [document(study={"StudyDescription": "x"}), document(study={"StudyDescription": "y"})]
    (found,) = editions.on_documents(engine, confidentiality.table(), documents)
    assert (found.element, found.before, found.after, found.count) == (
        "Study/StudyDescription",
        "Z (empty)",
        "X (remove)",
        2,
    )
    assert editions.on_documents(engine, engine.profile.table, documents) == []


ROW = st.sampled_from(
    [
        "edition x",
        "00100010|a|X|",
        "PRIVATE|p|X|",
        "60xx3000|o|X|113103=C",
        "x|y",
        "0010|a|Z/D|113106",
        "#",
        "|||",
    ]
)


@given(st.text(max_size=80) | st.lists(ROW, max_size=6).map("\n".join))
def test_any_text_is_a_table_or_an_error(text: str) -> None:
    try:
        found = read_table(text)
    except ValueError:
        return
    assert found.edition
    assert found.private.basic
