"""The profile engine: every level, every depth, by Type, explained, and the same in every run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from curator.deid.engine import Engine
from curator.deid.keyed import Keyed
from curator.deid.markers import patient_markers
from curator.deid.profile import Override, Profile
from curator.deid.subject import Subject, subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.errors import UsageError
from curator.findings import ABSENT
from curator.imageset import ImageSetMetadata
from tests.deid.conftest import keyed_with
from tests.deid.documents import document as plain_document

CT = "1.2.840.10008.5.1.4.1.1.2"
PHILIPS = "Philips PET Private Group"


def document(**instance: Any) -> ImageSetMetadata:
    dicom: dict[str, Json] = {"SOPClassUID": CT, "SOPInstanceUID": "1.2.3.4", **instance}
    vrs: dict[str, Json] = {key: "LO" for key in dicom if len(key) == 8 and int(key[3], 16) % 2}
    return ImageSetMetadata.from_json(
        {
            "SchemaVersion": "1.1",
            "DatastoreID": "d" * 32,
            "ImageSetID": "i" * 32,
            "Patient": {
                "DICOM": {"PatientName": "Doe^Jane", "PatientID": "MRN-4711", "PatientBirthDate": "19600102"}
            },
            "Study": {
                "DICOM": {"StudyInstanceUID": "1.2.3", "StudyDate": "20200131", "AccessionNumber": "A-99"},
                "Series": {
                    "1.2.3.9": {
                        "DICOM": {
                            "SeriesInstanceUID": "1.2.3.9",
                            "Modality": "CT",
                            "SeriesDescription": "Doe chest",
                        },
                        "Instances": {"1.2.3.4": {"DICOM": dicom, "DICOMVRs": vrs, "ImageFrames": []}},
                    }
                },
            },
        }
    )


def cleaned(
    found: ImageSetMetadata, profile: Profile, keyed: Keyed
) -> tuple[dict[str, Any], Subject, Engine]:
    engine = Engine(profile, keyed)
    about = subject([found], profile, keyed)
    _, _, instance = next(found.instances())
    return engine.apply(instance.dicom, about, sop_class=CT, private_vrs=instance.vrs), about, engine


def profile(*options: Option) -> Profile:
    return Profile("test", frozenset(options))


def test_the_basic_profile_acts_on_every_level(keyed: Keyed) -> None:
    found = document(AcquisitionDate="20200131", StationName="DOE-CT1")
    engine = Engine(profile(), keyed)
    after = {
        change.path.key: change.after for change in engine.changes(found, subject([found], profile(), keyed))
    }
    assert {
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "StudyDate",
        "SeriesDescription",
        "StationName",
    } <= set(after)
    assert after["PatientBirthDate"] is None
    assert after["PatientID"] == after["PatientName"] != "MRN-4711"


def test_a_sequence_is_cleaned_at_every_depth(keyed: Keyed) -> None:
    deep = {"OtherElement": "x", "PersonName": "Doe^Jane", "ReferencedSOPInstanceUID": "1.2.3.4"}
    found = document(SourceImageEvaluationSequence=[{"ReferencedImageSequence": [deep]}])
    out, _, engine = cleaned(found, profile(), keyed)
    assert "Doe" not in str(out)
    assert engine.remap("1.2.3.4") in str(out)


def test_references_resolve_after_remapping_and_registered_uids_stay(keyed: Keyed) -> None:
    found = document(
        ReferencedImageSequence=[{"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3.4"}]
    )
    keeping_references = Profile("test", overrides={0x00081140: Override("U", "references are wanted")})
    out, _, _ = cleaned(found, keeping_references, keyed)
    assert out["SOPClassUID"] == CT
    assert out["ReferencedImageSequence"][0]["ReferencedSOPClassUID"] == CT
    assert out["ReferencedImageSequence"][0]["ReferencedSOPInstanceUID"] == out["SOPInstanceUID"]


def test_modified_dates_move_by_the_subjects_offset_and_full_dates_stay(keyed: Keyed) -> None:
    found = document(AcquisitionDate="20200131", AcquisitionTime="101500", ContentDate="20200201")
    out, about, _ = cleaned(found, profile(Option.RETAIN_MODIFIED_DATES), keyed)
    assert out["AcquisitionDate"] != "20200131"
    assert out["AcquisitionTime"] == "101500"
    assert about.days < 0
    full, _, _ = cleaned(found, profile(Option.RETAIN_FULL_DATES), keyed)
    assert (full["AcquisitionDate"], full["ContentDate"]) == ("20200131", "20200201")


def test_full_and_modified_dates_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="113106 and 113107"):
        profile(Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES)


def test_patient_echo_is_taken_out_of_text_that_no_row_names(keyed: Keyed) -> None:
    found = document(
        DerivationDescription="made for Jane Doe", ConvolutionKernel=["DOE", "B30f"], ImageType=["ORIGINAL"]
    )
    out, _, _ = cleaned(found, profile(Option.CLEAN_DESCRIPTORS), keyed)
    assert "Doe" not in str(out)
    assert "DOE" not in str(out)
    assert out["ImageType"] == ["ORIGINAL"]


def test_private_elements_go_unless_the_standard_calls_them_safe_and_the_option_is_on(keyed: Keyed) -> None:
    private = {
        "70530010": PHILIPS,
        "70531000": "0.5",
        "70531001": "Doe",
        "00090010": "SOMEBODY",
        "00091001": "x",
    }
    bare, _, _ = cleaned(document(**private), profile(), keyed)
    assert not [key for key in bare if key in private]
    kept, _, _ = cleaned(document(**private), profile(Option.RETAIN_SAFE_PRIVATE), keyed)
    assert [key for key in kept if key in private] == ["70530010", "70531000"]


def test_a_private_sequence_whose_items_vrs_are_told_goes_or_is_looked_into(keyed: Keyed) -> None:
    told: Any = {"00091003": {"00091004": "LO"}}
    private: Any = {"00090010": "SOMEBODY", "00091003": [{"00090010": "SOMEBODY", "00091004": "Doe"}]}
    found = plain_document(private, vrs=told)
    changes = list(Engine(profile(), keyed).changes(found, subject([found], profile(), keyed)))
    (gone,) = (change for change in changes if change.path.key == "00091003")
    assert (gone.after, gone.vr) == (ABSENT, "SQ")

    def safe(node: Mapping[str, Json], tag: int, vr: str) -> str:
        return "the list calls it safe"

    asked = profile(Option.RETAIN_SAFE_PRIVATE)
    engine = Engine(asked, keyed, private=(safe,))
    changes = list(engine.changes(found, subject([found], asked, keyed)))
    assert [change.path.steps for change in changes if "00091003" in change.path.steps] == [
        ("00091003", 0, "00091004")
    ]


def test_repeating_groups_and_group_lengths_and_directory_elements_go(keyed: Keyed) -> None:
    out, _, _ = cleaned(document(**{"60003000": "AAAA", "00080000": 4, "00041500": ["A"]}), profile(), keyed)
    assert not {"60003000", "00080000", "00041500"} & set(out)


def test_an_override_decides_over_the_table_and_is_named_in_the_reason(keyed: Keyed) -> None:
    mine = Profile("mine", overrides={0x00081010: Override("K", "the site agreed")})
    found = document(StationName="CT1")
    out, _, engine = cleaned(found, mine, keyed)
    assert out["StationName"] == "CT1"
    _, _, instance = next(found.instances())
    reason = engine.reason(instance.dicom, "StationName", sop_class=CT, private_vrs=instance.vrs)
    assert ("override", "the site agreed") in reason.why(mine).detail


def test_every_change_says_its_row_edition_code_type_and_action(keyed: Keyed) -> None:
    found = document(AcquisitionDate="20200131")
    for change in Engine(profile(), keyed).changes(found, subject([found], profile(), keyed)):
        detail = dict(change.why.detail)
        assert detail["row"] == "PS3.15 E.1.1" or {"edition", "code", "Type", "action"} <= set(detail)
        assert "2020" not in str(change.why.text)


def test_the_same_key_gives_the_same_output_and_another_key_a_disjoint_one() -> None:
    found = document(AcquisitionDate="20200131", FrameOfReferenceUID="1.2.3.77")
    asked = profile(Option.RETAIN_MODIFIED_DATES)
    one, again, other = (cleaned(found, asked, keyed_with(key * 32))[0] for key in (b"a", b"a", b"b"))
    assert one == again
    for key in ("SOPInstanceUID", "FrameOfReferenceUID"):
        assert one[key] != other[key]


def test_an_empty_patient_id_is_replaced_by_a_pseudonym_of_the_study(keyed: Keyed) -> None:
    found = document()
    found.patient["PatientID"] = None  # type: ignore[index]
    about = subject([found], profile(), keyed)
    assert about.unnamed
    assert Engine(profile(), keyed).apply(found.patient, about)["PatientID"] == about.pseudonym


def test_the_result_says_what_was_done_at_both_levels_and_a_second_run_adds_nothing(keyed: Keyed) -> None:
    found = document()
    asked = profile(Option.RETAIN_MODIFIED_DATES, Option.CLEAN_PIXEL_DATA)
    engine, about = Engine(asked, keyed), subject([found], asked, keyed)
    after = {str(change.path): change.after for change in engine.changes(found, about)}
    assert after["Patient/PatientIdentityRemoved"] == "YES"
    codes = after["Patient/DeidentificationMethodCodeSequence"]
    assert [item["CodeValue"] for item in codes] == ["113100", "113107"]  # type: ignore[union-attr,index,call-overload]
    instance = next(path for path in after if path.endswith("/LongitudinalTemporalInformationModified"))
    assert after[instance] == "MODIFIED"
    again = next(engine.levels(found, about)).after
    assert {key: again[key] for key in patient_markers(again, asked)} == patient_markers(again, asked)


def test_a_series_own_sop_class_decides_types_at_its_level(keyed: Keyed) -> None:
    tree: Any = document().to_json()
    held = document(SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4", SOPInstanceUID="1.2.3.5").to_json()
    segmentation: Any = held["Study"]["Series"]["1.2.3.9"]  # type: ignore[index,call-overload]
    for series in (tree["Study"]["Series"]["1.2.3.9"], segmentation):
        series["DICOM"]["DeviceSerialNumber"] = "SN-12345"
    tree["Study"]["Series"]["1.2.3.10"] = segmentation
    found = ImageSetMetadata.from_json(tree)
    engine = Engine(profile(), keyed)
    about = subject([found], profile(), keyed)
    levels = {str(each.place): each.after for each in engine.levels(found, about)}
    assert "DeviceSerialNumber" not in levels["Series[1.2.3.9]"]  # Type 3 in a CT image
    assert levels["Series[1.2.3.10]"]["DeviceSerialNumber"]  # Type 1 in a segmentation


def test_what_is_remembered_of_a_subject_is_bounded_and_changes_nothing(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = document(AcquisitionDate="20200131", StationName="DOE-CT1", ImageComments="for Jane Doe " * 500)
    asked = profile(Option.RETAIN_MODIFIED_DATES)
    about = subject([found], asked, keyed)
    once = list(Engine(asked, keyed).changes(found, about))
    engine = Engine(asked, keyed)
    assert [list(engine.changes(found, about)) for _ in range(2)] == [once, once]
    monkeypatch.setattr("curator.deid.treating._MOST_REMEMBERED", 0)
    assert [list(engine.changes(found, about)) for _ in range(2)] == [once, once]
