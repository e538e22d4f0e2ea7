"""Lists of private elements: TCIA's form, the project's verdicts, which of them has the word."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.deid.keyed import Keyed
from curator.deid.privateelements import merged_verdicts, private_elements
from curator.deid.ruled import load_profile
from curator.deid.subject import subject
from curator.deid.taglist import read_private_list
from curator.dicom import Json
from curator.errors import RuleFileError, UsageError
from tests.deid.documents import document

KNOWLEDGE = """element_sig_pattern,tag_name,vr,private_disposition
"(0019,""ACME"",02)",Gain,LO,k
"(0019,""ACME"",03)",Operator,LO,d
"(300a,0010)[<0>](0019,""ACME"",04)",Here,LO,k
"(300a,00b0)[<0>](0019,""ACME"",04)",There,LO,d
"(0019,""ACME"",05)",Frame,UI,h
"(0010,0010)",Name,PN,
"""
VERDICTS = 'creator,element,verdict,by,when,why\nACME,"0019,xx06",keep,ab,2026-01-02,a gain\nacme,0019xx02,remove,,,\n'
PROFILE = """version: 1
name: mine
why: x
profile:
  options: [retain-safe-private]
  private: tcia.csv
"""
FILES = {"tcia.csv": KNOWLEDGE, "mine.csv": VERDICTS}


def kept(
    instance: dict[str, Json], vrs: dict[str, str], keyed: Keyed, *, verdicts: bool = False
) -> dict[str, Json]:
    asked = load_profile(PROFILE, files=FILES.__getitem__)
    lists = [read_private_list(VERDICTS, "private-verdicts.csv")] if verdicts else []
    engine = asked.engine(keyed, verdicts=lists)
    doc = document(instance, vrs=vrs)
    about = subject([doc], asked.profile, keyed)
    (_, _, one), *_ = doc.instances()
    out = engine.apply(one.dicom, about, sop_class=str(one.dicom["SOPClassUID"]), private_vrs=one.vrs)
    return {key: value for key, value in out.items() if len(key) == 8}


def test_the_knowledge_base_keeps_by_creator_in_any_block(keyed: Keyed) -> None:
    elements: dict[str, Json] = {
        "00190042": "ACME",
        "00194202": "gain",
        "00194203": "who",
        "00194204": "both",
    }
    vrs = dict.fromkeys(elements, "LO")
    assert kept(elements, vrs, keyed) == {"00190042": "ACME", "00194202": "gain"}


def test_verdicts_have_the_word_over_the_knowledge_base(keyed: Keyed) -> None:
    elements: dict[str, Json] = {"00190010": "ACME", "00191002": "gain", "00191006": "more"}
    vrs = dict.fromkeys(elements, "LO")
    assert kept(elements, vrs, keyed, verdicts=True) == {"00190010": "ACME", "00191006": "more"}


def test_the_reason_names_who_judged(keyed: Keyed) -> None:
    found = read_private_list(VERDICTS, "private-verdicts.csv")
    assert found.says({"00190010": "ACME"}, 0x00191006) == (
        "private-verdicts.csv: keep (by ab, when 2026-01-02, why a gain)"
    )


def test_uids_in_kept_private_elements_are_remapped_and_names_and_dates_in_them_go(keyed: Keyed) -> None:
    elements: dict[str, Json] = {"00190010": "ACME", "00191005": "1.2.3.4", "00191002": "20200131"}
    found = kept(elements, {"00190010": "LO", "00191005": "UI", "00191002": "DA"}, keyed)
    assert str(found["00191005"]).startswith("2.25.")
    assert "00191002" not in found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "latin-1"])
def test_bytes_of_kept_private_elements_are_read_as_text(encoding: str, keyed: Keyed) -> None:
    value = base64.b64encode("gain 3 Doe".encode(encoding)).decode()
    clean = base64.b64encode("gain 33 ok".encode(encoding)).decode()
    vrs = {"00190010": "LO", "00191002": "UN"}
    found = kept({"00190010": "ACME", "00191002": value}, vrs, keyed)
    assert base64.b64decode(str(found["00191002"])).decode(encoding).rstrip("\0 ") == "gain 3"
    assert kept({"00190010": "ACME", "00191002": clean}, vrs, keyed)["00191002"] == clean


def test_bytes_that_are_no_text_and_hold_a_name_go(keyed: Keyed) -> None:
    hidden = base64.b64encode(b"\x01\x02\x00 Doe \x03\x04").decode()
    plain = base64.b64encode(b"\x01\x02\x00\x07\x03\x04").decode()
    vrs = {"00190010": "LO", "00191002": "UN"}
    assert "00191002" not in kept({"00190010": "ACME", "00191002": hidden}, vrs, keyed)
    assert kept({"00190010": "ACME", "00191002": plain}, vrs, keyed)["00191002"] == plain


def test_items_of_other_creators_with_the_same_keys_are_judged_by_their_own(keyed: Keyed) -> None:
    asked = load_profile(PROFILE, files=FILES.__getitem__)
    items: list[Json] = [{"00190010": "ACME", "00191002": "gain"}, {"00190010": "OTHER", "00191002": "gain"}]
    doc = document({"DerivationCodeSequence": items})
    about = subject([doc], asked.profile, keyed)
    (_, _, one), *_ = doc.instances()
    out = asked.engine(keyed).apply(one.dicom, about, sop_class="1.2.840.10008.5.1.4.1.1.2")
    assert out["DerivationCodeSequence"] == [{"00190010": "ACME", "00191002": "gain"}, {}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no list of private elements"),
        ("creator,element,verdict\nACME,0019xx02,perhaps\n", "x.csv:2: the verdict is keep or remove"),
        ("creator,element,verdict\nACME,0018xx02,keep\n", "x.csv:2: an element such as"),
        ("creator,element,verdict\nACME,0019xx02,keep\nACME,0019xx02,remove\n", "x.csv:3: the same element"),
    ],
)
def test_lists_that_cannot_be_taken_are_told_by_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_private_list(text, "x.csv")
    assert said in str(caught.value)


def test_a_profile_names_its_list_or_is_told_why_not() -> None:
    assert load_profile(PROFILE, files=FILES.__getitem__).private[0].name == "tcia.csv"
    with pytest.raises(RuleFileError, match="readable CSV"):
        load_profile(PROFILE, files=dict[str, str]().__getitem__)
    with pytest.raises(RuleFileError, match="retain-safe-private"):
        load_profile(PROFILE.replace("retain-safe-private", "clean-descriptors"), files=FILES.__getitem__)


def test_an_archives_private_elements_are_listed_by_creator_with_who_judges_them() -> None:
    doc = document(
        {
            "00190010": "ACME",
            "00191002": "gain",
            "00191003": "who",
            "DerivationCodeSequence": [{"00190020": "ACME", "00192002": "more"}],
        },
        vrs={"00190010": "LO", "00191002": "LO", "00191003": "LO"},
    )
    found = private_elements([doc, doc], [read_private_list(KNOWLEDGE, "tcia.csv")])
    assert [(one.creator, one.element, one.stays, one.count) for one in found] == [
        ("ACME", "0019,xx02", True, 4),
        ("ACME", "0019,xx03", False, 2),
    ]
    assert found[0].judged == "tcia.csv: keep"
    assert sorted(found[0].examples) == ["gain", "more"]


def test_new_verdicts_replace_old_ones_of_their_element() -> None:
    first = {"creator": "ACME", "element": "0019,xx02", "verdict": "keep", "by": "ab", "when": "", "why": ""}
    text, changed = merged_verdicts("", [first])
    assert changed == 1
    text, changed = merged_verdicts(text, [first, {**first, "creator": "acme", "verdict": "remove"}])
    assert changed == 1
    said = read_private_list(text, "v.csv").says({"00190010": "ACME"}, 0x00191002)
    assert said == "v.csv: remove (by ab)"


@given(st.text(max_size=120) | st.text(max_size=80).map(lambda text: "creator,element,verdict\n" + text))
def test_any_text_is_a_list_or_an_error(text: str) -> None:
    for junk in (text, text.replace("creator,element,verdict", "element_sig_pattern,private_disposition")):
        try:
            found = read_private_list(junk, "x.csv")
        except UsageError:
            continue
        assert all(group % 2 and creator == creator.upper() for group, creator, _ in found.rows)
