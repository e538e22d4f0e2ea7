"""Verification passes what the engine publishes, and catches every way to spoil it: absence, too, is no pass."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from curator.deid import Engine, Profile, subject
from curator.dicom.confidentiality import Option
from curator.imageset import ImageSetMetadata
from curator.verify import Check, Claim, Held, Maps, ServiceCheck, Verification, verify
from tests.verify.publication import CT, claim_of, document, keyed_with, proved, publish

KEYED = keyed_with(b"verify")
RESEARCH = Profile(
    "research",
    frozenset({Option.RETAIN_MODIFIED_DATES, Option.CLEAN_DESCRIPTORS, Option.RETAIN_SAFE_PRIVATE}),
)
Tree = dict[str, Any]
Tamper = Callable[[Tree], None]


def original() -> ImageSetMetadata:
    return document(
        {
            "AcquisitionDate": "20200131",
            "ContentDate": "20200201",
            "ContentTime": "101112",
            "ConvolutionKernel": ["B30f"],
            "BodyPartExamined": "CHEST",
            "AdmissionID": "17",
            "AnatomicRegionSequence": [
                {"CodeValue": "1", "CodeMeaning": "Chest", "ReferencedSOPInstanceUID": "1.2.3.4.5.6"}
            ],
            "20010010": "Philips Imaging DD 001",
            "20011050": "fast scan",
            "00090010": "SOMEBODY",
            "00091001": "Ferguson",
        },
        patient={
            "OtherPatientNames": [
                "Müller^Anna",
                "\u042e\u043b\u0438\u044f^\u0421",
                "\u0411\u043e\u0440\u0438\u0441",
            ]
        },
        study={"AccessionNumber": "ACC-20391", "StudyDescription": "CT Chest Ferguson"},
        vrs={"20010010": "LO", "20011050": "LO", "00090010": "LO", "00091001": "LO"},
    )


def spoiled(tamper: Tamper, profile: Profile = RESEARCH) -> Verification:
    return proved([original()], profile, KEYED, tamper)[0]


def failed(verdict: Verification) -> set[Check]:
    return {each.check for each in verdict.violations}


def instance(tree: Tree) -> Tree:
    series = next(iter(tree["Study"]["Series"].values()))
    found: Tree = next(iter(series["Instances"].values()))
    return found


def dicom(tree: Tree) -> Tree:
    found: Tree = instance(tree)["DICOM"]
    return found


@pytest.mark.parametrize("option", [None, *Option], ids=lambda option: option.name if option else "basic")
def test_what_the_engine_publishes_is_verified(option: Option | None) -> None:
    profile = Profile("test", frozenset({option} if option else ()))
    verdict, _ = proved([original()], profile, KEYED)
    assert verdict.violations == ()
    assert verdict.passed


SPOILERS: dict[str, tuple[Check, Tamper]] = {
    "a name is back": (
        Check.NO_IDENTIFIER,
        lambda tree: tree["Patient"]["DICOM"].update(PatientName="FERGUSON^A"),
    ),
    "a removed row is back": (Check.TEXT_REMOVED, lambda tree: dicom(tree).update(AdmissionID="17")),
    "a private element nobody calls safe": (
        Check.PRIVATE_IS_SAFE,
        lambda tree: dicom(tree).update({"00091001": "x"}),
    ),
    "a kept element is gone": (Check.TAG_RETAINED, lambda tree: dicom(tree).pop("BodyPartExamined")),
    "a kept text is changed": (
        Check.TEXT_RETAINED,
        lambda tree: dicom(tree).update(BodyPartExamined="HEAD"),
    ),
    "a kept code is emptied": (
        Check.TEXT_RETAINED,
        lambda tree: dicom(tree)["AnatomicRegionSequence"][0].update(CodeMeaning=None),
    ),
    "a date is gone": (Check.DATE_SHIFTED, lambda tree: dicom(tree).pop("AcquisitionDate")),
    "a date did not move": (
        Check.DATE_SHIFTED,
        lambda tree: dicom(tree).update(AcquisitionDate="20200131"),
    ),
    "a date moved by other days": (
        Check.DATE_SHIFTED,
        lambda tree: dicom(tree).update(AcquisitionDate="20150101"),
    ),
    "a time moved": (Check.TEXT_RETAINED, lambda tree: dicom(tree).update(ContentTime="111112")),
    "a UID did not change": (
        Check.UID_CHANGED,
        lambda tree: tree["Study"]["DICOM"].update(StudyInstanceUID="1.2.3.4.77"),
    ),
    "a reference went elsewhere": (
        Check.UID_CONSISTENT,
        lambda tree: dicom(tree)["AnatomicRegionSequence"][0].update(
            ReferencedSOPInstanceUID="2.25.1234567890123"
        ),
    ),
    "two UIDs met in one": (
        Check.MAP_IS_BIJECTIVE,
        lambda tree: tree["Study"]["DICOM"].update(StudyInstanceUID=dicom(tree)["SOPInstanceUID"]),
    ),
    "a SOP class was remapped": (
        Check.TEXT_RETAINED,
        lambda tree: dicom(tree).update(SOPClassUID="2.25.123456789012"),
    ),
    "the patient id is empty": (
        Check.PATIENT_ID_CONSISTENT,
        lambda tree: tree["Patient"]["DICOM"].update(PatientID=None),
    ),
    "an element was added": (
        Check.NOTHING_ADDED,
        lambda tree: dicom(tree).update(ImageComments="nice picture"),
    ),
    "a value is not valid": (
        Check.VALUE_IS_VALID,
        lambda tree: tree["Patient"]["DICOM"].update(PatientBirthDate="last spring"),
    ),
    "an instance is missing": (
        Check.INSTANCE_PUBLISHED,
        lambda tree: next(iter(tree["Study"]["Series"].values()))["Instances"].clear(),
    ),
    "it does not say that it was de-identified": (
        Check.MARKERS_ARE_TRUE,
        lambda tree: tree["Patient"]["DICOM"].pop("PatientIdentityRemoved"),
    ),
    "it says dates were removed": (
        Check.MARKERS_ARE_TRUE,
        lambda tree: dicom(tree).update(LongitudinalTemporalInformationModified="REMOVED"),
    ),
    "it claims clean pixels": (
        Check.MARKERS_ARE_TRUE,
        lambda tree: tree["Patient"]["DICOM"]["DeidentificationMethodCodeSequence"].append(
            {
                "CodeValue": "113101",
                "CodingSchemeDesignator": "DCM",
                "CodeMeaning": "Clean Pixel Data Option",
            }
        ),
    ),
    "it claims that nothing is burned in": (
        Check.MARKERS_ARE_TRUE,
        lambda tree: dicom(tree).update(BurnedInAnnotation="NO"),
    ),
    "a Type 2 attribute is gone": (
        Check.REQUIRED_IS_THERE,
        lambda tree: tree["Patient"]["DICOM"].pop("PatientBirthDate"),
    ),
}


@pytest.mark.parametrize("what", SPOILERS)
def test_what_is_spoiled_is_found(what: str) -> None:
    check, tamper = SPOILERS[what]
    assert check in failed(spoiled(tamper))


def b64(data: bytes) -> str:
    return base64.b64encode(data + b"\0" * (len(data) % 2)).decode()


def zipped(name: str, text: str | bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


LEAKS: dict[str, tuple[str, Any]] = {
    "in other case": ("ImageComments", "seen: FERGUSON"),
    "joined": ("ImageComments", "adelaideferguson"),
    "split": ("ImageComments", "Fergu-son"),
    "camel case": ("ImageComments", "FergusonChest"),
    "accents": ("ImageComments", "Férgüsön"),
    "full width": ("ImageComments", "Ｆｅｒｇｕｓｏｎ"),
    "letters that look alike": ("ImageComments", "\u0410delaide F\u0435rgus\u03bfn"),
    "capitals that look alike": ("ImageComments", "F\u0415RGUS\u041e\u039d"),
    "invisible letters": ("ImageComments", "Fer\u00adgu\u200bson"),
    "mojibake": ("ImageComments", "M\u00c3\u00bcller"),
    "base64 of another character set": (
        "ImageComments",
        base64.b64encode("\u042e\u043b\u0438\u044f".encode("iso8859_5")).decode(),
    ),
    "hexadecimal": ("ImageComments", b"Ferguson".hex()),
    "bytes, gzip in zip": ("ICCProfile", b64(zipped("x.gz", gzip.compress(b"of Ferguson", mtime=0)))),
    "initial": ("ImageComments", "A.Ferguson"),
    "NULs": ("ImageComments", "F\0e\0r\0g\0u\0s\0o\0n\0"),
    "base64": ("ImageComments", base64.b64encode(b"Ferguson").decode()),
    "percent signs": ("RetrieveURI", "http://x.example/%46erguson"),
    "entities": ("ImageComments", "Fergus&#111;n"),
    "id without separators": ("ImageComments", "MRN0047119"),
    "id without zeros": ("ImageComments", "no 47119 here"),
    "id as a number": ("IS", "0047119"),
    "accession": ("ImageComments", "acc 20391"),
    "date, ISO": ("ImageComments", "on 2020-01-31"),
    "date, written": ("ImageComments", "31st January 2020"),
    "date, short": ("ImageComments", "on 31.01.20"),
    "birth date": ("ImageComments", "born 2/1/1960, or 02.01.1960"),
    "UID": ("ImageComments", "see 1.2.3.4.5.6 there"),
    "code meaning": ("ViewCodeSequence", [{"CodeMeaning": "Adelaide view"}]),
    "bytes": ("ICCProfile", b64(b"\x01\x02 Ferguson \x03")),
    "bytes, UTF-16": ("ICCProfile", b64("of Ferguson".encode("utf-16-le"))),
    "bytes, UTF-16 big end": ("ICCProfile", b64("of Ferguson".encode("utf-16-be"))),
    "bytes, gzip": ("ICCProfile", b64(gzip.compress(b"of Ferguson", mtime=0))),
    "bytes, zip": ("ICCProfile", b64(zipped("x.txt", "of Ferguson"))),
    "bytes, name of a zipped file": ("ICCProfile", b64(zipped("ferguson.txt", "x"))),
    "a key": ("Ferguson", "x"),
    "a private key's creator": ("00110010", "FERGUSON 1.0"),
}


@pytest.mark.parametrize("how", LEAKS)
def test_an_identifier_is_found_however_it_is_written(how: str) -> None:
    key, value = LEAKS[how]
    found = spoiled(lambda tree: dicom(tree).update({"InstanceNumber" if key == "IS" else key: value}))
    assert Check.NO_IDENTIFIER in failed(found)


def test_keys_and_vrs_beside_the_attributes_are_searched() -> None:
    assert Check.NO_IDENTIFIER in failed(
        spoiled(lambda tree: instance(tree)["DICOMVRs"].update({"00091001": "Ferguson"}))
    )
    assert Check.NO_IDENTIFIER in failed(spoiled(lambda tree: instance(tree).update(Note="by Ferguson")))

    def rekey(tree: Tree) -> None:
        series = tree["Study"]["Series"]
        series["1.2.3.4.5"] = series.pop(next(iter(series)))

    assert Check.NO_IDENTIFIER in failed(spoiled(rekey))


@pytest.mark.parametrize(
    "text", ["fergusonite", "Adelaidean", "2020-02-31", "1000471199", "v1.2.3.4", "1.2.3.4.5.60", "20391.5"]
)
def test_what_only_looks_alike_is_no_identifier(text: str) -> None:
    found = spoiled(lambda tree: dicom(tree).update(ImageComments=text))
    assert Check.NO_IDENTIFIER not in failed(found)


def test_a_name_of_three_letters_counts_in_text_elements_only() -> None:
    made = document({"ConvolutionKernel": ["LEE"]}, patient={"PatientName": "Lee^Ann"})
    text, _ = proved([made], Profile("basic"), KEYED, lambda tree: dicom(tree).update(ImageComments="of Lee"))
    code, _ = proved([made], Profile("basic"), KEYED, lambda tree: dicom(tree).update(ContentLabel="LEE"))
    assert Check.NO_IDENTIFIER in failed(text)
    assert Check.NO_IDENTIFIER not in failed(code)
    assert text.weak_terms >= 2
    assert any("weakly covered" in line for line in text.summary())


def test_binary_that_nobody_can_read_is_named_and_never_passed() -> None:
    noise = bytes(range(128, 256)) * 2
    made = document({"ICCProfile": b64(noise)})
    verdict, _ = proved([made], Profile("basic"), KEYED)
    assert verdict.passed
    assert [each.check for each in verdict.notes] == [Check.BINARY_IS_READ]
    assert verdict.counts[Check.BINARY_IS_READ].passed == 0


@pytest.mark.parametrize(
    "text",
    [
        "mail x.y@clinic.example",
        "call (312) 555-0143",
        "ssn 078-05-1120",
        "see www.clinic.example",
        "on 3 May 2011",
        "MRN: 0815-4711",
        "patient no. 99123",
    ],
)
def test_what_looks_like_an_identifier_is_named_whoever_it_belongs_to(text: str) -> None:
    found = spoiled(lambda tree: dicom(tree).update(ImageComments=text))
    assert Check.NO_PATTERN in {each.check for each in found.notes}


def test_an_older_version_with_the_name_fails_though_the_last_is_clean() -> None:
    made = original()
    engine = Engine(RESEARCH, KEYED)
    clean = publish(made, engine, subject([made], RESEARCH, KEYED))
    originals = [Held("a", "1", made)]
    claim = claim_of(RESEARCH, [made])
    assert verify(originals, [Held("b", "1", clean), Held("b", "2", clean)], claim).passed
    verdict = verify(originals, [Held("b", "1", made), Held("b", "2", clean)], claim)
    assert {each.version for each in verdict.violations if each.check is Check.NO_IDENTIFIER} == {"1"}


def test_identifiers_are_gathered_from_every_version_of_the_original() -> None:
    earlier = document(patient={"PatientName": "Bellweather^Adelaide"})
    now = document({"ConvolutionKernel": ["Bellweather"]})
    engine = Engine(Profile("basic"), KEYED)
    clean = publish(now, engine, subject([now], Profile("basic"), KEYED))
    claim = claim_of(Profile("basic"), [now])
    assert verify([Held("a", "2", now)], [Held("b", "1", clean)], claim).passed
    verdict = verify([Held("a", "1", earlier), Held("a", "2", now)], [Held("b", "1", clean)], claim)
    assert failed(verdict) == {Check.NO_IDENTIFIER}


def test_a_left_out_instance_is_not_missing_and_a_reference_to_it_is_listed() -> None:
    one = document(
        {"InstanceNumber": "1", "AnatomicRegionSequence": [{"ReferencedSOPInstanceUID": "1.2.3.4.5.7"}]}
    )
    other = document({"InstanceNumber": "2"}, sop="1.2.3.4.5.7")
    profile = Profile("basic")
    engine = Engine(profile, KEYED)
    about = subject([one, other], profile, KEYED)
    originals = [Held("a", "1", one), Held("b", "1", other)]
    result = [Held("c", "1", publish(one, engine, about))]
    all_of_them = claim_of(profile, [one, other])
    without_one = claim_of(profile, [one, other], left_out=frozenset({"1.2.3.4.5.7"}))
    assert failed(verify(originals, result, all_of_them)) == {Check.INSTANCE_PUBLISHED}
    verdict = verify(originals, result, without_one)
    assert verdict.passed
    assert Check.REFERS_TO_LEFT_OUT in {each.check for each in verdict.notes}


def test_pixels_must_be_the_same_and_risky_ones_cleared() -> None:
    tree: Any = document({"BurnedInAnnotation": "YES"}).to_json()
    frame = {"ID": "f" * 32, "PixelDataChecksumFromBaseToFullResolution": [{"Checksum": 1}]}
    instance(tree)["ImageFrames"] = [frame]
    made = ImageSetMetadata.from_json(tree)
    engine = Engine(Profile("basic"), KEYED)
    clean = publish(made, engine, subject([made], Profile("basic"), KEYED))
    originals, result = [Held("a", "1", made)], [Held("b", "1", clean)]
    assert failed(verify(originals, result, Claim())) == {Check.PIXELS_HIDDEN}
    assert verify(originals, result, claim_of(Profile("basic"), [made])).passed
    changed: Any = clean.to_json()
    instance(changed)["ImageFrames"] = [
        {**frame, "PixelDataChecksumFromBaseToFullResolution": [{"Checksum": 2}]}
    ]
    verdict = verify(
        originals, [Held("b", "1", ImageSetMetadata.from_json(changed))], claim_of(Profile("basic"), [made])
    )
    assert failed(verdict) == {Check.PIXELS_RETAINED}


def test_two_subjects_never_share_a_pseudonym_over_a_whole_publication() -> None:
    maps = Maps()
    verdicts = []
    for number in range(2):
        made = document(
            patient={"PatientID": f"MRN-{number}0047119"},
            study={"StudyInstanceUID": f"1.2.3.4.7.{number}"},
            sop=f"1.2.3.4.5.{number}",
        )
        about = subject([made], Profile("basic"), KEYED, assigned={f"MRN-{number}0047119": "SAME"})
        clean = publish(made, Engine(Profile("basic"), KEYED), about)
        verdicts.append(
            verify(
                [Held("a", "1", made)], [Held("b", "1", clean)], claim_of(Profile("basic"), [made]), maps=maps
            )
        )
    assert verdicts[0].passed
    assert Check.PATIENT_ID_CONSISTENT in failed(verdicts[1])


def test_what_the_caller_found_over_the_service_counts() -> None:
    made = original()
    clean = publish(made, Engine(RESEARCH, KEYED), subject([made], RESEARCH, KEYED))
    checks = [
        ServiceCheck(Check.NOT_FOUND_BY_ORIGINAL_ID, "b", True, "search by PatientID"),
        ServiceCheck(Check.WORKING_COPY_GONE, "w", False, "the working copy is still there"),
    ]
    verdict = verify(
        [Held("a", "1", made)], [Held("b", "1", clean)], claim_of(RESEARCH, [made]), service=checks
    )
    assert failed(verdict) == {Check.WORKING_COPY_GONE}
    assert verdict.counts[Check.NOT_FOUND_BY_ORIGINAL_ID].passed == 1


def test_the_summary_counts_every_check_and_lists_what_lies_outside() -> None:
    verdict, _ = proved([original()], RESEARCH, KEYED)
    lines = verdict.summary()
    assert lines[0].startswith("verified: 0 violations")
    assert any("CloudTrail" in line for line in lines)
    assert [name for name, *_ in verdict.midi_b()] == [
        *("tag_retained", "text_notnull", "text_retained", "text_removed", "date_shifted"),
        *("uid_changed", "uid_consistent", "patid_consistent", "pixels_hidden", "pixels_retained"),
    ]
    assert all(share == 100 for *_, share in verdict.midi_b())


def test_no_value_and_no_uid_stands_in_what_verification_says() -> None:
    for _, tamper in SPOILERS.values():
        verdict = spoiled(tamper)
        said = "\n".join([repr(verdict), *map(str, verdict.violations), *verdict.summary()]).casefold()
        assert not [
            word
            for word in ("ferguson", "adelaide", "0047119", "20391", "1.2.3.4", "2.25.", "20200131", "spring")
            if word in said
        ]
        assert all(each in verdict.evidence for each in verdict.violations)


def test_maps_are_read_from_the_documents_when_none_are_claimed_and_held_to_when_they_are() -> None:
    made = original()
    engine = Engine(RESEARCH, KEYED)
    clean = publish(made, engine, subject([made], RESEARCH, KEYED))
    originals, result = [Held("a", "1", made)], [Held("b", "1", clean)]
    claimed = claim_of(RESEARCH, [made], uids={**engine.remapped, CT: CT})
    assert verify(originals, result, claimed).passed
    wrong = claim_of(RESEARCH, [made], uids={"1.2.3.4.77": "2.25.99"})
    assert Check.UID_CONSISTENT in failed(verify(originals, result, wrong))


@pytest.mark.parametrize(
    ("item", "passes"),
    [
        ({"ValueType": "TEXT", "RelationshipType": "CONTAINS", "TextValue": "ANONYMIZED", "ConceptNameCodeSequence": [{"CodeValue": "121106", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Comment"}]}, True),
        ({"ValueType": "TEXT", "RelationshipType": "CONTAINS", "TextValue": "small nodule", "ConceptNameCodeSequence": [{"CodeValue": "121106", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Comment"}]}, False),
        ({"ValueType": "TEXT", "RelationshipType": "CONTAINS", "TextValue": "ANONYMIZED", "ConceptNameCodeSequence": [{"CodeValue": "121106", "CodingSchemeDesignator": "DCM", "CodeMeaning": "xyzzy ward"}]}, False),
    ],
)  # fmt: skip
def test_a_sequence_may_stay_under_a_dummys_row_only_if_it_was_a_dummy(item: Tree, passes: bool) -> None:
    report = "1.2.840.10008.5.1.4.1.1.88.33"
    made = document({"SOPClassUID": report, "ContentSequence": [item]})
    verdict, _ = proved(
        [made], Profile("basic"), KEYED, lambda tree: dicom(tree).update(ContentSequence=[item])
    )
    assert (Check.TEXT_REMOVED not in failed(verdict)) is passes
