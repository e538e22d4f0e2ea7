"""Patient echo finds identifiers whatever their spelling, and leaves other people's words alone."""

from __future__ import annotations

import pytest

from curator.deid.descriptors import clean
from curator.deid.text import Lexicon, cut, replace, uids_in


@pytest.fixture
def lexicon() -> Lexicon:
    known = Lexicon()
    known.add_name("Müller^Anna Maria")
    known.add_identifier("MRN-00123456")
    known.add_date("20200131")
    return known


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("pt Mueller, Anna seen", "pt seen"),
        ("A. Muller follow-up", "follow-up"),
        ("ANNA_MÜLLER/chest", "chest"),
        ("AnnaMüller chest", "chest"),
        ("MÃ¼ller chest", "chest"),
        ("chest (Müller)", "chest"),
        ("id MRN00123456 ok", "id ok"),
        ("id mrn 00123456 ok", "id ok"),
        ("seen 31.01.2020 again", "seen again"),
        ("seen 1/31/2020 again", "seen again"),
        ("seen Jan 31st, 2020 again", "seen again"),
        ("seen 31-JAN-2020 again", "seen again"),
        ("seen 2020-01-31 again", "seen again"),
        ("seen 20200131 again", "seen again"),
    ],
)
def test_an_identifier_is_found_in_its_spellings(lexicon: Lexicon, text: str, left: str) -> None:
    assert cut(text, lexicon.spans(text, weak=True)) == left


@pytest.mark.parametrize(
    "text", ["annals of May", "Mulleroma", "2020-01-30", "Paget disease", "Rose bengal", "b1000"]
)
def test_words_that_only_look_alike_stay(lexicon: Lexicon, text: str) -> None:
    assert lexicon.spans(text, weak=True) == []


def test_short_names_are_looked_for_in_text_elements_only() -> None:
    lexicon = Lexicon()
    lexicon.add_name("Li^Wei")
    assert lexicon.spans("Li seen", weak=True)
    assert lexicon.spans("LI", weak=False) == []
    assert lexicon.spans("Wei Li", weak=False)


def test_uids_inside_text_are_found_whole() -> None:
    text = "see 1.2.840.113619.2.55.3.604 and v1.2.3"
    assert replace(text, uids_in(text), lambda uid: f"<{len(uid)}>") == "see <25> and v1.2.3"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("AX T2 FLAIR 5mm", "AX T2 FLAIR 5mm"),
        ("DWI b1000 3.0T", "DWI b1000 3.0T"),
        ("Knie rechts Dr. Huber", "Knie rechts"),
        ("CT Thorax, Huber 12345678", "CT Thorax"),
        ("chest_Huber_lateral", "chest_lateral"),
        ("Paget disease", "Paget disease"),
    ],
)
def test_clean_descriptors_keep_known_words_only(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "vanderberghausen",
        "MBerghausen",
        "berghausenm",
        "the Berghausens",
        "B e r g h a u s e n",
        "Berg\u00adhausen",
        "0012345",
        "00012345",
        "089 1234 5678",
        "(089)12345678",
        "2. Januar 1960",
        "2-Jan-60",
        "60-01-02",
        "0102 1960",
        "2 janvier 1960",
    ],
)
def test_usual_spellings_of_names_numbers_and_dates_are_found(text: str) -> None:
    known = Lexicon()
    known.add_name("van der Berghausen^Marie-Claire^Ann^Dr")
    known.add_identifier("00012345")
    known.add_identifier("+49 (89) 1234-5678")
    known.add_date("19600102")
    spans = known.spans(text, weak=False)
    assert spans
    assert not any(letter.isalnum() for letter in cut(text, spans).removeprefix("the"))


@pytest.mark.parametrize("text", ["123456", "1.2345", "May 1960", "60-02-01", "Berghausenstrasse", "Dr A"])
def test_what_only_resembles_them_is_not(text: str) -> None:
    known = Lexicon()
    known.add_name("van der Berghausen^Marie-Claire^Ann^Dr")
    known.add_identifier("00012345")
    known.add_date("19600102")
    assert known.spans(text, weak=False) == []
