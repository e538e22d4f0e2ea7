"""Laws of de-identification over arbitrary nested documents, judged by plain substrings and by verification."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.deid import Engine, Profile, subject
from curator.deid.keyed import Keyed
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.dictionary import attributes as attributes_of_the_standard
from curator.dicom.dictionary import key_of_tag
from curator.imageset import ImageSetMetadata
from tests.soak import soak_count
from tests.verify.publication import document, keyed_with, proved, publish

KEY = b"laws"
NAME, GIVEN, MRN = "Zwebasti", "Quimozzi", "QZ-7391846"
TEXTS = (
    "SegmentDescription",
    "BeamName",
    "DetectorDescription",
    "ContentDescription",
    "TextValue",
    "CodeMeaning",
)
SEQUENCES = ("AnatomicRegionSequence", "SegmentSequence", "ReferencedImageSequence", "ViewCodeSequence")

spellings = st.sampled_from(
    [
        NAME,
        NAME.upper(),
        f"{NAME}^{GIVEN}",
        f"{GIVEN}_{NAME}",
        f"{GIVEN}{NAME}",
        f"{GIVEN[0]}. {NAME}",
        MRN,
        MRN[3:],
    ]
)
surroundings = st.text(alphabet=st.sampled_from("abc xyz ,;:()[]-_/^=.'\"0%&éü\n"), max_size=8)
texts = st.builds("{} {} {}".format, surroundings, spellings, surroundings)
days = st.dates(date(1990, 1, 1), date(2020, 12, 31)).map(lambda day: day.strftime("%Y%m%d"))
leaves: st.SearchStrategy[dict[str, Json]] = st.dictionaries(st.sampled_from(TEXTS), texts, max_size=3)
named: st.SearchStrategy[dict[str, Json]] = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": st.just(f"{NAME}^{GIVEN}"),
        "PersonName": st.just(f"{GIVEN} {NAME}"),
        "OtherPatientIDs": st.just([MRN]),
        "AcquisitionDate": days,
        "00091001": texts,
        "20011050": texts,
        "20010010": st.just("Philips Imaging DD 001"),
    },
)


def _joined(*parts: dict[str, Json]) -> dict[str, Json]:
    return {key: value for part in parts for key, value in part.items()}


def nested(children: st.SearchStrategy[dict[str, Json]]) -> st.SearchStrategy[dict[str, Json]]:
    sequences: st.SearchStrategy[dict[str, Json]] = st.dictionaries(
        st.sampled_from(SEQUENCES), st.lists(children, min_size=1, max_size=2).map(list[Json]), max_size=2
    )
    return st.builds(_joined, leaves, named, sequences)


attributes = st.recursive(st.builds(_joined, leaves, named), nested, max_leaves=6)
profiles = st.sets(st.sampled_from(list(Option)), max_size=4).filter(
    lambda options: not {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= options
)
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def about(instance: dict[str, Json]) -> ImageSetMetadata:
    vrs = {key: "LO" for key in instance if len(key) == 8}
    return document(instance, patient={"PatientName": f"{NAME}^{GIVEN}", "PatientID": MRN}, vrs=vrs)


def published(instance: dict[str, Json], profile: Profile, keyed: Keyed) -> ImageSetMetadata:
    made = about(instance)
    return publish(made, Engine(profile, keyed), subject([made], profile, keyed))


@quick
@given(attributes, profiles)
def test_no_identifier_survives_in_what_is_written(instance: dict[str, Json], options: set[Option]) -> None:
    result = published(instance, Profile("law", frozenset(options)), keyed_with(KEY))
    flat = "".join(each for each in result.encode().decode().casefold() if each.isalnum())
    assert NAME.casefold() not in flat
    assert GIVEN.casefold() not in flat
    assert MRN[3:] not in flat


@quick
@given(attributes, profiles)
def test_verification_agrees_with_the_engine_on_any_document(
    instance: dict[str, Json], options: set[Option]
) -> None:
    _agree(instance, options)


def _agree(instance: dict[str, Json], options: set[Option]) -> None:
    verdict, _ = proved([about(instance)], Profile("law", frozenset(options)), keyed_with(KEY))
    assert verdict.violations == ()


@quick
@given(st.lists(days, min_size=2, max_size=4, unique=True))
def test_intervals_of_a_subject_survive_at_every_depth(found: list[str]) -> None:
    items: list[Json] = [{"ScheduledProcedureStepStartDate": day} for day in found]
    made = document({"AcquisitionDate": found[0], "AnatomicRegionSequence": items})
    profile = Profile("law", frozenset({Option.RETAIN_MODIFIED_DATES}))
    verdict, (result,) = proved([made], profile, keyed_with(KEY))
    assert verdict.passed
    _, _, instance = next(result.instances())
    moved: Any = instance.dicom["AnatomicRegionSequence"]
    shifted = [_day(item["ScheduledProcedureStepStartDate"]) for item in moved]
    assert [each - shifted[0] for each in shifted] == [_day(day) - _day(found[0]) for day in found]
    assert str(instance.dicom["AcquisitionDate"]) == moved[0]["ScheduledProcedureStepStartDate"]


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


@quick
@given(attributes, st.randoms(use_true_random=False))
def test_the_same_key_gives_the_same_in_any_order(instance: dict[str, Json], draw: Any) -> None:
    profile = Profile("law", frozenset({Option.RETAIN_MODIFIED_DATES, Option.RETAIN_SAFE_PRIVATE}))
    keys = list(instance)
    draw.shuffle(keys)
    one = published(instance, profile, keyed_with(KEY))
    other = published({key: instance[key] for key in keys}, profile, keyed_with(KEY))
    assert one.to_json() == other.to_json()


@quick
@given(
    st.sets(st.from_regex(r"1\.2\.[1-9][0-9]{3,9}\.[1-9][0-9]{0,5}", fullmatch=True), min_size=1, max_size=8)
)
def test_another_key_gives_disjoint_uids_and_pseudonyms_and_no_two_originals_meet(uids: set[str]) -> None:
    one, other = (Engine(Profile("law"), keyed_with(key)) for key in (b"one", b"other"))
    mine, theirs = {one.remap(uid) for uid in uids}, {other.remap(uid) for uid in uids}
    assert len(mine) == len(theirs) == len(uids)
    assert not mine & theirs
    made = document()
    names = {subject([made], Profile("law"), keyed_with(key)).pseudonym for key in (b"one", b"other")}
    assert len(names) == 2


KEYS = [
    *map(key_of_tag, attributes_of_the_standard()),
    *("00091001", "00090010", "20010010", "20011050", "2001109A", "60003000", "00189FF0", "no key", ""),
]
anything: st.SearchStrategy[Json] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**40), 2**70),
        st.floats(allow_nan=False),
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
        st.sampled_from(["20200131", "1.2.3.4", "AAAA", "Doe^Jane", "H4sIAAAA"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(list[Json]),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4).map(dict[str, Json]),
    ),
    max_leaves=10,
)
broken: st.SearchStrategy[dict[str, Json]] = st.dictionaries(st.sampled_from(KEYS), anything, max_size=12)


def _whatever(instance: dict[str, Json], patient: dict[str, Json], options: set[Option]) -> None:
    vrs = {key: "LO" for key in instance if len(key) == 8}
    verdict, _ = proved(
        [document(instance, patient=patient, vrs=vrs)], Profile("law", frozenset(options)), keyed_with(KEY)
    )
    assert verdict.summary()


@quick
@given(broken, broken, profiles)
def test_whatever_a_document_holds_it_is_published_and_judged(
    instance: dict[str, Json], patient: dict[str, Json], options: set[Option]
) -> None:
    _whatever(instance, patient, options)


@pytest.mark.soak
def test_a_long_run_of_documents_that_hold_anything_and_of_planted_ones() -> None:
    long = settings(quick, max_examples=soak_count(5_000))
    long(given(broken, broken, profiles)(_whatever))()
    long(given(attributes, profiles)(_agree))()


_ANOTHER_PROCESS = """
import sys
from tests.verify.test_laws import KEY, PROFILE, about, keyed_with, made_of_all, published
sys.stdout.write(published(made_of_all(), PROFILE, keyed_with(KEY)).encode().decode())
"""
PROFILE = Profile("law", frozenset({Option.RETAIN_MODIFIED_DATES, Option.CLEAN_DESCRIPTORS}))


def made_of_all() -> dict[str, Json]:
    return {
        "AcquisitionDate": "20110513",
        "StudyDescription": f"CT chest {NAME}",
        "AnatomicRegionSequence": [{"CodeMeaning": f"of {GIVEN}", "ReferencedSOPInstanceUID": "1.2.3.4.5.9"}],
        "FrameOfReferenceUID": "1.2.3.4.5.8",
    }


def test_another_process_gives_the_same_bytes() -> None:
    here = published(made_of_all(), PROFILE, keyed_with(KEY)).to_json()
    there = [
        subprocess.run(
            [sys.executable, "-c", _ANOTHER_PROCESS],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
        ).stdout
        for seed in ("1", "2")
    ]
    assert there[0] == there[1]
    assert json.loads(there[0]) == here
