"""The actions that need a key and a subject do what their examples show, in every run the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.deid.engine import Engine
from curator.deid.keyed import Keyed
from curator.deid.profile import Profile
from curator.deid.ruled import run_cases
from curator.deid.subject import subject
from curator.deid.words import ACTIONS, VOCABULARY
from curator.errors import RuleFileError
from curator.findings import Change
from curator.imageset import ImageSetMetadata
from curator.rulefile import Action, load
from curator.rulefile.docs import example_file, manual, summary
from tests.deid.conftest import keyed_with
from tests.deid.documents import document

FILE = "version: 1\nname: x\nwhy: y\nrules:\n  - {{id: a, why: b, select: {select}, do: {do}}}\n"


def changes(select: str, do: str, doc: ImageSetMetadata, keyed: Keyed) -> list[Change]:
    engine = Engine(Profile("rules"), keyed)
    file = load(FILE.format(select=select, do=do), "x.yaml", vocabulary=VOCABULARY)
    return list(file.evaluate(doc, engine, subject([doc], engine.profile, keyed)))


@pytest.mark.parametrize("word", ACTIONS, ids=[word.name for word in ACTIONS])
def test_the_example_does_what_it_shows(word: type[Action]) -> None:
    file = load(example_file(word), "example.yaml", vocabulary=VOCABULARY)
    results = list(run_cases(file))
    assert results
    assert [result.differences for result in results if not result.passed] == []
    assert manual("action", word.name, word).startswith(word.name)
    assert summary(word).endswith(".")


@pytest.mark.parametrize(
    ("select", "do"),
    [
        ("PatientName", "remap-uid"),
        ("StudyDate", "{hash: 8}"),
        ("Modality", "shift-date"),
        ("StudyDate", "age-cap"),
        ("PatientAge", "{jitter: '0'}"),
        ("PatientID", "{hash: 99}"),
        ("PatientID", "keep-private"),
    ],
)
def test_what_cannot_work_is_told_when_the_file_is_read(select: str, do: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        load(FILE.format(select=select, do=do), "x.yaml", vocabulary=VOCABULARY)
    assert "x.yaml:5" in caught.value.problems[0]


def test_an_evaluation_without_a_key_says_what_it_lacks() -> None:
    file = load(FILE.format(select="PatientID", do="hash"), "x.yaml", vocabulary=VOCABULARY)
    with pytest.raises(LookupError, match="Engine"):
        list(file.evaluate(document()))


def test_another_key_gives_other_hashes_and_the_same_key_the_same(keyed: Keyed) -> None:
    def made(key: Keyed) -> object:
        return changes("PatientID", "{hash: 12}", document(), key)[0].after

    assert made(keyed) == made(keyed)
    assert made(keyed) != made(keyed_with(b"other" * 8))


def test_equal_values_hash_equally_wherever_they_stand(keyed: Keyed) -> None:
    doc = document({"AcquisitionComments": "same"}, series={"SeriesDescription": "same"})
    found = changes("[SeriesDescription, AcquisitionComments]", "{hash: 12}", doc, keyed)
    assert len(found) == 2
    assert len({str(change.after) for change in found}) == 1


def test_dates_move_with_their_subject_and_partial_ones_go(keyed: Keyed) -> None:
    doc = document(series={"SeriesDate": "20200203", "PerformedProcedureStepEndDate": "2020"})
    found = {
        change.path.key: change.after
        for change in changes(
            "[StudyDate, SeriesDate, PerformedProcedureStepEndDate]", "shift-date", doc, keyed
        )
    }
    from datetime import date

    def day(text: object) -> date:
        return date(int(str(text)[:4]), int(str(text)[4:6]), int(str(text)[6:]))

    assert (day(found["SeriesDate"]) - day(found["StudyDate"])).days == 3
    assert found["PerformedProcedureStepEndDate"] is None


def test_weekdays_stay_where_asked(keyed: Keyed) -> None:
    from datetime import date

    (change,) = changes("StudyDate", "{shift-date: {keep-weekday: true}}", document(), keyed)
    after = str(change.after)
    moved = date(int(after[:4]), int(after[4:6]), int(after[6:]))
    assert (moved - date(2020, 1, 31)).days % 7 == 0
    assert moved != date(2020, 1, 31)


@given(weight=st.integers(200, 1500), key=st.binary(min_size=32, max_size=32))
def test_jitter_stays_within_its_bound_and_is_the_keys_alone(weight: int, key: bytes) -> None:
    doc = document(study={"PatientWeight": f"{weight / 10:.1f}"})
    keyed = keyed_with(key)
    found = [change.after for change in changes("PatientWeight", "{jitter: '2.5'}", doc, keyed)]
    assert found == [change.after for change in changes("PatientWeight", "{jitter: '2.5'}", doc, keyed)]
    assert all(abs(float(str(after)) - weight / 10) <= 2.55 for after in found)
