"""IODs: Types of attributes, as PS3.3's module tables have them, at every depth."""

from __future__ import annotations

import pytest

from curator.dicom.dictionary import by_keyword
from curator.dicom.iods import Type, Usage, iod_of, modules_of, required, required_in_items, type_of

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def kind(sop_class: str, *keywords: str) -> Type | None:
    tags = []
    for keyword in keywords:
        found = by_keyword(keyword)
        assert found is not None
        tags.append(found.tag)
    return type_of(sop_class, tuple(tags))


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("SOPInstanceUID", "1"),  # PS3.3 C.12.1
        ("StudyInstanceUID", "1"),  # C.7.2.1
        ("PatientName", "2"),  # C.7.1.1
        ("PatientBirthDate", "2"),
        ("StudyID", "2"),
        ("AccessionNumber", "2"),
        ("FrameOfReferenceUID", "1"),  # C.7.4.1
        ("SeriesDescription", "3"),  # C.7.3.1
        ("Laterality", "2C"),
        ("KVP", "2"),  # C.8.2.1
        ("ImagePositionPatient", "1"),  # C.7.6.2
        ("PatientComments", "3"),
        ("InstitutionName", "3"),
        ("RTROIObservationsSequence", None),
    ],
)
def test_types_of_a_ct_image(keyword: str, expected: str | None) -> None:
    assert kind(CT, keyword) == expected


def test_types_inside_sequences_macros_included() -> None:
    assert kind(CT, "ReferencedStudySequence", "ReferencedSOPInstanceUID") is Type.REQUIRED
    assert (
        kind(
            CT, "ReferringPhysicianIdentificationSequence", "PersonIdentificationCodeSequence", "CodeMeaning"
        )
        is Type.REQUIRED
    )
    assert (
        kind(
            ENHANCED_MR,
            "PerFrameFunctionalGroupsSequence",
            "FrameContentSequence",
            "FrameAcquisitionDateTime",
        )
        is Type.REQUIRED_IF
    )
    assert kind(SEGMENTATION, "SegmentSequence", "SegmentLabel") is Type.REQUIRED
    assert kind(RT_STRUCTURE_SET, "StructureSetROISequence", "ROIName") is Type.MAY_BE_EMPTY


@pytest.mark.parametrize("depth", [1, 2, 3, 12])
def test_a_content_tree_has_types_at_any_depth(depth: int) -> None:
    sequences = ["ContentSequence"] * depth
    assert kind(COMPREHENSIVE_SR, *sequences, "ValueType") is Type.REQUIRED
    assert kind(COMPREHENSIVE_SR, *sequences) is not None


def test_where_modules_differ_the_strictest_counts() -> None:
    assert kind(CT, "AcquisitionNumber") is Type.MAY_BE_EMPTY  # General Acquisition 3, CT Image 2
    assert kind(CT, "ImageType") is Type.REQUIRED  # General Image 3, CT Image 1


def test_required_are_type_1_and_2_of_mandatory_modules() -> None:
    found = required(CT)
    assert found[0x00080018] is Type.REQUIRED
    assert found[0x00100010] is Type.MAY_BE_EMPTY
    assert set(found.values()) == {Type.REQUIRED, Type.MAY_BE_EMPTY}
    assert all(type_of(CT, (tag,)) is not None for tag in found)
    assert 0x00081030 not in found  # StudyDescription, Type 3


def test_items_of_a_sequence_require_attributes_of_their_own() -> None:
    references = required_in_items(CT, (0x00081140,))
    assert {0x00081150, 0x00081155} <= references.keys()  # Referenced SOP Class and Instance UID
    assert required_in_items(COMPREHENSIVE_SR, (0x0040A730,) * 5)[0x0040A040] is Type.REQUIRED  # Value Type
    assert dict(required_in_items(CT, (0x00100010,))) == {}
    assert dict(required_in_items("1.2.3.4", (0x00081140,))) == {}


def test_modules_have_their_usage() -> None:
    usages = dict(modules_of(CT))
    assert usages["patient"] is Usage.MANDATORY
    assert usages["clinical-trial-subject"] is Usage.USER_OPTION


@pytest.mark.parametrize("uid", ["1.2.3.4", "", "1.2.840.10008.1.2.1"])
def test_what_is_no_known_sop_class_has_no_iod(uid: str) -> None:
    assert iod_of(uid) is None
    assert modules_of(uid) == ()
    assert dict(required(uid)) == {}
    assert type_of(uid, (0x00100010,)) is None


def test_no_path_has_no_type() -> None:
    assert type_of(CT, ()) is None
    assert iod_of(CT) == "ct-image"
