"""Element paths: what people write, what stands in the document, and what may be shown."""

from __future__ import annotations

import pytest

from curator.dicom.levels import Level
from curator.errors import UsageError
from curator.imageset import ElementPath, PrivateStep, parse_path
from tests.imageset.documents import answer, document, small


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Patient/PatientName", "Patient/PatientName"),
        ("Study/StudyDate", "Study/StudyDate"),
        ("Series[*]/Modality", "Series[*]/Modality"),
        ("Series/Modality", "Series[*]/Modality"),
        ("Series[1.2.3]/Modality", "Series[1.2.3]/Modality"),
        ("Instances/SOPClassUID", "Instances[*]/SOPClassUID"),
        ("Instances[1.2]/SOPClassUID", "Instances[1.2]/SOPClassUID"),
        ("Series[1.2]/Instances[1.2.3]/SOPClassUID", "Series[1.2]/Instances[1.2.3]/SOPClassUID"),
        ("Series[1.2]/Instances", "Series[1.2]/Instances[*]"),
        ("Series[1.2]", "Series[1.2]"),
        ("Series[1.2]/Instances[1.2.3]", "Series[1.2]/Instances[1.2.3]"),
        (
            "Instances[*]/ReferencedImageSequence[0]/ReferencedSOPInstanceUID",
            "Instances[*]/ReferencedImageSequence[0]/ReferencedSOPInstanceUID",
        ),
        ("Instances[*]/ReferencedImageSequence[*]", "Instances[*]/ReferencedImageSequence[*]"),
        ("PatientID", "Patient/PatientID"),
        ("Modality", "Series[*]/Modality"),
        ("InstanceNumber", "Instances[*]/InstanceNumber"),
        ("(0010,0010)", "Patient/PatientName"),
        ("00100010", "Patient/PatientName"),
        ("Patient/( 0010 , 0010 )", "Patient/PatientName"),
        ('Instances[*]/(0019,"GEMS_ACQU_01",10F9)', 'Instances[*]/(0019,"GEMS_ACQU_01",10F9)'),
        ('(0019,"GEMS_ACQU_01",F9)', 'Instances[*]/(0019,"GEMS_ACQU_01",10F9)'),
        ('(0019,"GEMS_ACQU_01",xxF9)', 'Instances[*]/(0019,"GEMS_ACQU_01",10F9)'),
        (r'(0019,"A \"B\" \\ C",1001)', r'Instances[*]/(0019,"A \"B\" \\ C",1001)'),
        ("Instances[*]/001910F9", "Instances[*]/001910F9"),
        ("Instances[*]/(0019,10f9)", "Instances[*]/001910F9"),
        # newer than the keywords the service knows: it stands under its tag
        ("Patient/PersonNamesToUseSequence[0]/NameToUse", "Patient/00100011[0]/00100012"),
        ("Instances[*]/00191001[0]/PatientID", "Instances[*]/00191001[0]/PatientID"),
        ("  Patient/PatientName ", "Patient/PatientName"),
    ],
)
def test_what_people_write_has_one_canonical_text(text: str, canonical: str) -> None:
    path = parse_path(text)
    assert str(path) == canonical
    assert parse_path(canonical) == path


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, "an element"),
        ("Patiant/PatientName", 1, "keyword"),
        ("Patient.PatientName", 8, "/ and an element"),
        ("Patient/", 9, "a keyword, a tag"),
        ("Patient/PatientNam", 9, "did you mean PatientName"),
        ("Patient/PatientName[0]", 20, "no sequence"),
        ("Series[", 8, "Series Instance UID"),
        ("Series[1.2", 11, "]"),
        ("Instances[]/Modality", 11, "SOP Instance UID"),
        ("Instances[*]/ReferencedImageSequence/ReferencedSOPInstanceUID", 38, "Sequence[0]"),
        ("Instances[*]/ReferencedImageSequence[x]", 38, "index from 0"),
        (
            "Instances[*]/ReferencedImageSequence[0]ReferencedSOPInstanceUID",
            40,
            "/ and an element of the item",
        ),
        ('Instances[*]/(0018,"A",10F9)', 15, "odd group"),
        ("Instances[*]/(0018;1000)", 14, "(gggg,eeee)"),
        ("Patient/PatientName x", 20, "the end"),
    ],
)
def test_a_wrong_text_is_told_by_column_and_what_was_expected(text: str, column: int, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_path(text)
    assert f"column {column}:" in str(caught.value)
    assert expected in str(caught.value)


def test_every_element_of_a_real_document_has_a_path_there_and_back() -> None:
    doc = document(answer())
    seen = 0
    for path, value in doc.elements():
        assert parse_path(str(path)) == path
        assert ElementPath.from_pointer(path.pointer()) == path
        assert doc.get(path) == value
        seen += 1
    assert seen > 800


def test_a_pointer_is_rfc_6901_into_the_document() -> None:
    path = parse_path("Series[1.2.1]/Instances[1.2.1.1]/ReferencedImageSequence[1]/ReferencedSOPInstanceUID")
    assert path.pointer() == (
        "/Study/Series/1.2.1/Instances/1.2.1.1/DICOM/ReferencedImageSequence/1/ReferencedSOPInstanceUID"
    )
    assert parse_path("Study/StudyDate").pointer() == "/Study/DICOM/StudyDate"
    assert parse_path("Series[1.2.1]/Instances[1.2.1.1]").pointer() == "/Study/Series/1.2.1/Instances/1.2.1.1"
    assert (
        ElementPath(Level.SERIES, "a/b~", steps=("Modality",)).pointer()
        == "/Study/Series/a~1b~0/DICOM/Modality"
    )


@pytest.mark.parametrize(
    "pointer",
    [
        "/SchemaVersion",
        "",
        "/Patient/Other",
        "/Patient/DICOM",
        "/Study/Series",
        "/Patient/DICOM/OtherPatientIDsSequence/x",
    ],
)
def test_a_pointer_to_something_else_has_no_path(pointer: str) -> None:
    with pytest.raises(ValueError):
        ElementPath.from_pointer(pointer)


@pytest.mark.parametrize(
    "text", ["Modality", "Instances[1.2]/SOPClassUID", 'Series[1]/Instances[2]/(0019,"A",1001)']
)
def test_a_pattern_has_no_pointer(text: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        parse_path(text).pointer()


def test_patterns_find_every_element_they_stand_for_under_its_concrete_path() -> None:
    doc = document(small())

    def found(text: str) -> list[str]:
        return [str(path) for path, _ in doc.find(parse_path(text))]

    first = "Series[1.2.1]/Instances[1.2.1.1]"
    assert found("Modality") == ["Series[1.2.1]/Modality", "Series[1.2.2]/Modality"]
    assert found("Instances[1.2.1.1]/InstanceNumber") == [f"{first}/InstanceNumber"]
    assert found("Series[1.2.2]/Instances[*]/InstanceNumber") == [
        "Series[1.2.2]/Instances[1.2.2.1]/InstanceNumber"
    ]
    assert found("Series[1.2.2]/Instances[1.2.1.1]/InstanceNumber") == []
    assert found("ReferencedImageSequence[*]/ReferencedSOPInstanceUID") == [
        f"{first}/ReferencedImageSequence[{item}]/ReferencedSOPInstanceUID" for item in (0, 1)
    ]
    assert found("ReferencedImageSequence[2]/ReferencedSOPInstanceUID") == []
    assert found("Patient/PatientSex") == []
    assert found("Instances[1.2.1.1]") == [first]


def test_a_private_element_is_found_by_its_creator_in_whichever_block_it_stands() -> None:
    doc = document(small())
    pattern = parse_path('(0019,"GEMS_ACQU_01",10F9)')
    assert [(path.key, value) for path, value in doc.find(pattern)] == [("001910F9", "4"), ("001911F9", "5")]
    assert [doc.vr_of(path) for path, _ in doc.find(pattern)] == ["DS", "DS"]
    assert list(doc.find(parse_path('(0019,"NOBODY",10F9)'))) == []


def test_a_private_step_is_its_text() -> None:
    step = PrivateStep(0x0019, "GEMS_ACQU_01", 0xF9)
    assert PrivateStep.of(str(step)) == step
    assert PrivateStep.of("PatientName") is None


def test_what_a_path_says_of_its_element() -> None:
    path = parse_path("Series[1.2.1]/Instances[1.2.1.1]/ReferencedImageSequence[1]/ReferencedSOPInstanceUID")
    assert (path.key, path.top, path.depth, path.tag) == (
        "ReferencedSOPInstanceUID",
        "ReferencedImageSequence",
        1,
        0x00081155,
    )
    assert path.keys == ("ReferencedImageSequence", "ReferencedSOPInstanceUID")
    assert str(path.generic()) == "Instances[*]/ReferencedImageSequence[*]/ReferencedSOPInstanceUID"
    assert str(path.at_level()) == "Series[1.2.1]/Instances[1.2.1.1]"
    assert path.at_level().child("InstanceNumber") == parse_path(
        "Series[1.2.1]/Instances[1.2.1.1]/InstanceNumber"
    )
    assert parse_path('(0019,"A",1001)').is_private
    assert parse_path("Instances[*]/00191001").is_private
    assert not path.is_private


def test_the_vr_comes_from_the_dictionary_the_instance_or_the_signedness_of_its_pixels() -> None:
    doc = document(small())

    def vr(text: str) -> str:
        return doc.vr_of(next(path for path, _ in doc.find(parse_path(text))))

    assert vr("PatientName") == "PN"
    assert vr("Instances[1.2.1.1]/001910F9") == "DS"
    assert vr("Instances[1.2.1.1]/00190010") == "LO"
    assert vr("Instances[1.2.1.1]/SmallestImagePixelValue") == "SS"
    assert vr("ReferencedImageSequence[0]/ReferencedSOPInstanceUID") == "UI"


def test_the_text_for_logs_has_ordinals_instead_of_uids() -> None:
    doc = document(small())

    def text(path: str) -> str:
        return doc.anonymous(parse_path(path))

    assert text("Series[1.2.1]/Instances[1.2.1.2]/InstanceNumber") == "instance 2 of 3/InstanceNumber"
    assert text("Series[1.2.2]/Modality") == "series 2 of 2/Modality"
    assert text("Series[1.2.2]/Instances[*]/InstanceNumber") == "series 2 of 2/Instances[*]/InstanceNumber"
    assert text("Instances[1.2.2.1]") == "instance 3 of 3"
    assert text("Patient/PatientName") == "Patient/PatientName"
    assert text("Modality") == "Series[*]/Modality"
    assert "9.9.9" not in text("Instances[9.9.9]/InstanceNumber")


def test_paths_sort_as_the_document_is() -> None:
    texts = [
        "Patient/PatientID",
        "Study/StudyDate",
        "Series[1.2]/Modality",
        "Series[1.2]/Instances[1.1]/InstanceNumber",
        "Series[1.2]/Instances[1.1]/ReferencedImageSequence[*]",
        "Series[1.2]/Instances[1.1]/ReferencedImageSequence[2]",
        "Series[1.2]/Instances[1.1]/ReferencedImageSequence[10]",
    ]
    paths = [parse_path(text) for text in texts]
    in_order = sorted([*paths[4:], *paths[:4]])
    assert [str(path) for path in in_order[:4]] == texts[:4]
    assert in_order[4:] == [paths[5], paths[6], paths[4]]  # by number, and the pattern after
    assert len({*paths, *map(parse_path, texts)}) == len(paths)
