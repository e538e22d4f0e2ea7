"""What is de-identified stays a valid instance: nothing is left that means nothing without what went (PS3.3)."""

from __future__ import annotations

from typing import Any

import pytest

from curator.deid import Engine, Profile, subject
from curator.deid.explain import explain
from curator.deid.keyed import Keyed
from curator.deid.ruled import load_profile
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.imageset import ImageSetMetadata, parse_path
from tests.deid.documents import CT, document
from tests.verify.publication import proved

ROOT = "1.2.840.10008.5.1.4.1.1."
SEG, ECG, PRESENTATION = ROOT + "66.4", ROOT + "9.1.1", ROOT + "11.1"
SERIES: Json = [
    {"SeriesInstanceUID": "1.2.3.9", "ReferencedInstanceSequence": [{"ReferencedSOPInstanceUID": "1.2.3.8"}]}
]
SOURCE: Json = [
    {"SourceImageSequence": [{"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3.8"}]}
]
OVERLAY: dict[str, Json] = {
    "60000010": 2,
    "60000011": 2,
    "60000040": "G",
    "60000050": [1, 1],
    "60000100": 1,
    "60000102": 0,
    "60003000": "AAA=",
    "60020010": 2,
}


def cleaned(found: ImageSetMetadata, profile: Profile, keyed: Keyed) -> dict[str, Any]:
    """Return the instance as the profile leaves it; verification must agree."""
    assert proved([found], profile, keyed)[0].violations == ()
    engine = Engine(profile, keyed)
    *_, last = engine.levels(found, subject([found], profile, keyed))
    return last.after


def test_an_overlay_plane_goes_whole_with_its_data(keyed: Keyed) -> None:
    out = cleaned(document(OVERLAY), Profile("basic"), keyed)
    assert not [key for key in out if key.startswith("6000")]
    assert out["60020010"] == 2  # another plane, whose data were never there: they are in the pixels


def test_an_overlay_plane_stays_whole_where_graphics_are_cleaned(keyed: Keyed) -> None:
    embedded = {key: value for key, value in OVERLAY.items() if not key.endswith("3000")}
    out = cleaned(document(embedded), Profile("basic"), keyed)
    assert embedded.items() <= out.items()


def test_a_list_of_references_goes_with_the_last_reference(keyed: Keyed) -> None:
    found = document(
        {"SOPClassUID": SEG, "ReferencedSeriesSequence": SERIES, "PerFrameFunctionalGroupsSequence": [{"DerivationImageSequence": SOURCE}]}
    )  # fmt: skip
    out = cleaned(found, Profile("basic"), keyed)
    assert "1.2.3.8" not in str(out)
    assert "ReferencedSeriesSequence" not in out
    engine = Engine(Profile("basic"), keyed)
    (change,) = [
        each
        for each in engine.changes(found, subject([found], Profile("basic"), keyed))
        if each.path.key == "ReferencedSeriesSequence"
    ]
    assert dict(change.why.detail)["goes with"] == "ReferencedSOPInstanceUID"


@pytest.mark.parametrize("references", [True, False])
def test_a_list_of_references_stays_with_one_and_where_it_was_alone_before(
    keyed: Keyed, references: bool
) -> None:
    more: dict[str, Json] = {"DerivationImageSequence": SOURCE} if references else {}
    found = document({"SOPClassUID": SEG, "ReferencedSeriesSequence": SERIES, **more})
    profile = Profile("references", retain_references=True)
    engine = Engine(profile, keyed)
    *_, last = engine.levels(found, subject([found], profile, keyed))
    assert engine.remap("1.2.3.8") in str(last.after["ReferencedSeriesSequence"])


def test_explain_says_with_what_an_element_goes(keyed: Keyed) -> None:
    found = document(
        {"SOPClassUID": SEG, "ReferencedSeriesSequence": SERIES, "SourceImageSequence": SOURCE, **OVERLAY}
    )
    asked = load_profile("version: 1\nname: basic\nwhy: x\nprofile: {}\n")
    engine, about = asked.engine(keyed), subject([found], asked.profile, keyed)
    for path, what in (("60000010", "OverlayData"), ("ReferencedSeriesSequence", "ReferencedSOPInstanceUID")):
        (one,) = explain(asked, engine, found, about, parse_path(f"Series[*]/Instances[*]/{path}"))
        assert one.done == "removed"
        assert what in dict(one.whys[0].detail)["goes with"]


def test_the_dummy_of_an_annotation_says_something(keyed: Keyed) -> None:
    told: Json = [{"ReferencedWaveformChannels": [1, 0], "UnformattedTextValue": "Doe^Jane, seen by Roe"}]
    out = cleaned(document({"SOPClassUID": ECG, "WaveformAnnotationSequence": told}), Profile("basic"), keyed)
    (item,) = out["WaveformAnnotationSequence"]
    assert item == {"ReferencedWaveformChannels": [0, 0], "UnformattedTextValue": "ANONYMIZED"}


def test_what_no_instance_of_the_class_can_be_without_becomes_a_dummy_though_its_row_removes(
    keyed: Keyed,
) -> None:
    made = {"PresentationCreationDate": "20200131", "PresentationCreationTime": "101112"}
    out = cleaned(document({"SOPClassUID": PRESENTATION, **made}), Profile("basic"), keyed)
    assert (out["PresentationCreationDate"], out["PresentationCreationTime"]) == ("19000101", "000000")
    assert not made.keys() & cleaned(document(made), Profile("basic"), keyed).keys()


def test_a_defined_term_stays_whoever_is_called_so(keyed: Keyed) -> None:
    named = {"PatientName": "Headneck^Ann"}
    found = document({"BodyPartExamined": "HEADNECK", "ImageComments": "of Headneck"}, patient=named)
    out = cleaned(found, Profile("basic", frozenset({Option.CLEAN_DESCRIPTORS})), keyed)
    assert out["BodyPartExamined"] == "HEADNECK"
    assert "eadneck" not in str(out.get("ImageComments"))
    content: Json = [
        {"ValueType": "TEXT", "RelationshipType": "HAS OBS CONTEXT", "TextValue": "of Text, Ann"}
    ]
    structured = Profile("structured", frozenset({Option.CLEAN_STRUCTURED_CONTENT}))
    report = document(
        {"SOPClassUID": ROOT + "88.33", "ContentSequence": content}, patient={"PatientName": "Text^Has"}
    )
    (item,) = cleaned(report, structured, keyed)["ContentSequence"]
    assert (item["ValueType"], item["RelationshipType"]) == ("TEXT", "HAS OBS CONTEXT")
    own = document({"BodyPartExamined": "ROEBLING"}, patient={"PatientName": "Roebling^Ann"})
    unknown = cleaned(own, Profile("basic"), keyed)
    assert unknown.get("BodyPartExamined") != "ROEBLING"


def test_what_several_classes_share_suits_all_of_them(keyed: Keyed) -> None:
    tree: Any = document(
        {"SOPClassUID": CT},
        series={"ReferencedPerformedProcedureStepSequence": [{"ReferencedSOPInstanceUID": "1.2.3.7"}]},
    ).to_json()
    instances = tree["Study"]["Series"]["1.2.3.9"]["Instances"]
    report = {"SOPClassUID": ROOT + "88.33", "SOPInstanceUID": "1.2.3.5"}
    instances["1.2.3.5"] = {"DICOM": report, "DICOMVRs": {}, "ImageFrames": []}
    found = ImageSetMetadata.from_json(tree)
    assert proved([found], Profile("basic"), keyed)[0].violations == ()
    engine = Engine(Profile("basic"), keyed)
    (series,) = [
        each.after
        for each in engine.levels(found, subject([found], Profile("basic"), keyed))
        if each.place.level == "Series"
    ]
    assert series["ReferencedPerformedProcedureStepSequence"] is None  # Type 2 in a report, none in an image


@pytest.mark.parametrize("zone", ["+0000", "-0500", "+0530", "+1245"])
def test_a_time_zone_is_no_telephone_number(keyed: Keyed, zone: str) -> None:
    full = Profile("full", frozenset({Option.RETAIN_FULL_DATES}))
    out = cleaned(
        document({"TimezoneOffsetFromUTC": zone, "ImageComments": "call +49 30 1234567"}), full, keyed
    )
    assert out["TimezoneOffsetFromUTC"] == zone
    assert "ImageComments" not in out


def test_a_term_in_a_safe_private_element_of_a_sequence_stays_whoever_is_called_so(keyed: Keyed) -> None:
    dose: Json = [{"01E10010": "ELSCINT1", "01E11026": "HEAD 16 CM"}]
    found = document({"ExposureDoseSequence": dose}, patient={"PatientName": "Head^Ann"})
    out = cleaned(found, Profile("safe", frozenset({Option.RETAIN_SAFE_PRIVATE})), keyed)
    assert out["ExposureDoseSequence"] == dose
