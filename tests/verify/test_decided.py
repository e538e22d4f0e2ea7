"""What a reviewer decided is what must be there; no decision makes an identifier harmless."""

from __future__ import annotations

from typing import Any

import pytest

from curator.deid import Engine, Profile, subject
from curator.deid.decisions import Decision, Decisions
from curator.dicom.confidentiality import Option
from curator.dicom.dictionary import tag_of_key
from curator.imageset import ImageSetMetadata, parse_path
from curator.verify import Check, Decided, Held, Maps, Verification, verify
from tests.verify.publication import claim_of, document, keyed_with, publish

KEYED = keyed_with(b"decided")
CLEANING = Profile("cleaning", frozenset({Option.CLEAN_DESCRIPTORS}))
BODY, STATION, DATE = "Series/BodyPartExamined", "Series/StationName", "Study/StudyDate"


def original(**instance: Any) -> ImageSetMetadata:
    return document(
        {"ImageComments": "fine grained xyzzy", "20010010": "SOMEBODY", "20011050": "fast scan", **instance},
        study={"StudyDescription": "CT Chest xyzzy", "StudyDate": "20200131"},
        vrs={"20010010": "LO", "20011050": "LO"},
    )


def decided(element: str, vr: str, value: str, word: str, replacement: str = "") -> tuple[Decision, Decided]:
    tags = tuple(tag_of_key(key) or 0 for key in parse_path(element).keys)
    return Decision(element, vr, value, word, replacement), Decided(tags, vr, value, word, replacement)


def judged(
    said: tuple[Decision, Decided],
    *,
    done: bool = True,
    claimed: bool = True,
    found: ImageSetMetadata | None = None,
    profile: Profile = CLEANING,
) -> Verification:
    """Verify a publication by a decision that was carried out or not, and is claimed or not."""
    made = found or original()
    engine = Engine(profile, KEYED, decisions=Decisions([said[0]] if done else []))
    result = publish(made, engine, subject([made], profile, KEYED))
    claim = claim_of(profile, [made], decisions=(said[1],) if claimed else ())
    return verify([Held("a", "1", made)], [Held("b", "1", result)], claim)


DECISIONS = {
    "keep of what the table cleans": ("Study/StudyDescription", "LO", "CT Chest xyzzy", "keep", ""),
    "keep of what the table empties": (DATE, "DA", "20200131", "keep", ""),
    "replace of what the table cleans": ("Study/StudyDescription", "LO", "CT Chest xyzzy", "replace", "Thorax"),
    "replace of what the table keeps": ("Series[*]/Instances[*]/ImageType", "CS", "ORIGINAL\\PRIMARY", "replace", "DERIVED\\PRIMARY"),
    "remove of what the table keeps": ("Series[*]/Instances[*]/ImageType", "CS", "ORIGINAL\\PRIMARY", "remove", ""),
    "empty of what the table keeps": ("Series[*]/Instances[*]/ScanOptions", "CS", "HELIX", "empty", ""),
    "keep of a private element": ("Series[*]/Instances[*]/20011050", "LO", "fast scan", "keep", ""),
    "replace of a private element": ("Series[*]/Instances[*]/20011050", "LO", "fast scan", "replace", "quick"),
}  # fmt: skip


@pytest.mark.parametrize("what", DECISIONS)
def test_a_decision_is_held_to_in_place_of_the_table(what: str) -> None:
    said = decided(*DECISIONS[what])
    found = original(ImageType=["ORIGINAL", "PRIMARY"], ScanOptions="HELIX")
    verdict = judged(said, found=found)
    kept_date = DATE in DECISIONS[what]
    assert {each.check for each in verdict.violations} == ({Check.AS_DECIDED} if kept_date else set())
    undone, unclaimed = judged(said, found=found, done=False), judged(said, found=found, claimed=False)
    assert kept_date or Check.AS_DECIDED in {each.check for each in undone.violations}
    assert not unclaimed.passed


def test_a_decision_about_another_value_decides_nothing() -> None:
    said = decided("Study/StudyDescription", "LO", "CT Head", "keep")
    verdict = judged(said)
    assert verdict.passed
    assert Check.AS_DECIDED not in verdict.counts


def test_a_kept_identifier_is_a_violation_all_the_same() -> None:
    made = original(ContrastBolusAgent="Ferguson mix")
    said = decided("Series[*]/Instances[*]/ContrastBolusAgent", "LO", "Ferguson mix", "keep")
    assert judged(said, found=made).passed  # the engine cuts the name out of what a person keeps
    plain: Any = publish(made, Engine(CLEANING, KEYED), subject([made], CLEANING, KEYED)).to_json()
    ((_, series),) = plain["Study"]["Series"].items()
    ((_, instance),) = series["Instances"].items()
    instance["DICOM"]["ContrastBolusAgent"] = "Ferguson mix"
    spoiled = Held("b", "1", ImageSetMetadata.from_json(plain))
    verdict = verify([Held("a", "1", made)], [spoiled], claim_of(CLEANING, [made], decisions=(said[1],)))
    assert {each.check for each in verdict.violations} == {Check.AS_DECIDED, Check.NO_IDENTIFIER}


def test_a_replacement_that_names_the_subject_is_found() -> None:
    said = decided("Study/StudyDescription", "LO", "CT Chest xyzzy", "replace", "of Ferguson")
    assert {each.check for each in judged(said).violations} == {Check.NO_IDENTIFIER}


def test_a_subject_of_two_ids_has_one_pseudonym_and_one_id_of_two_issuers_has_two() -> None:
    maps = Maps()
    aliases = {"OLD-77123": "MRN-0047119"}

    def published(sets: list[ImageSetMetadata]) -> Verification:
        about = subject(sets, CLEANING, KEYED, aliases=aliases)
        engine = Engine(CLEANING, KEYED)
        results = [Held(f"b{n}", "1", publish(each, engine, about)) for n, each in enumerate(sets)]
        originals = [Held(f"a{n}", "1", each) for n, each in enumerate(sets)]
        claim = claim_of(CLEANING, sets)
        maps.uids.forward.update((old, new) for old, new in engine.remapped.items() if old != new)
        return verify(originals, results, claim, maps=maps)

    both = [document(), document(patient={"PatientID": "OLD-77123"}, sop="1.2.3.4.5.7")]
    assert published(both).passed
    east = document(
        patient={"IssuerOfPatientID": "EAST"}, study={"StudyInstanceUID": "1.2.3.4.7.9"}, sop="1.2.3.4.5.8"
    )
    verdict = published([east])
    assert Check.PATIENT_ID_CONSISTENT not in {each.check for each in verdict.violations}
