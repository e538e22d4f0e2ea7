"""Edits made by hand: over each other, taken back, and held against what others did meanwhile."""

from __future__ import annotations

from curator.dicom import Json
from curator.findings import ABSENT, Absent
from curator.imageset import ImageSetMetadata, parse_path
from curator.plan.edits import Edits, edit, refusal
from curator.plan.leftout import Reason
from tests.campaign.ground import document

ITEMS: list[Json] = [{"PatientID": "A"}, {"PatientID": "B"}]


def made(**patient: Json) -> ImageSetMetadata:
    import json

    return ImageSetMetadata.parse(json.dumps(document(2, patient=patient)).encode())


def after(edits: Edits, image_set: str = "s") -> dict[str, Json | Absent]:
    return {str(path): change.after for path, change in edits.of(image_set).items()}


def test_a_second_edit_of_an_element_keeps_what_stood_there_at_first() -> None:
    doc, edits, path = made(), Edits(), parse_path("Patient/PatientName")
    edits.put([("s", edit(doc, path, "A"))])
    edits.put([("s", edit(doc, path, "B"))])
    (change,) = edits.of("s").values()
    assert (change.before, change.after) == ("Doe^Jane", "B")


def test_an_edit_back_to_what_stood_there_is_none() -> None:
    doc, edits, path = made(), Edits(), parse_path("Patient/PatientName")
    edits.put([("s", edit(doc, path, "A"))])
    edits.put([("s", edit(doc, path, "Doe^Jane"))])
    assert not len(edits)
    assert edits.image_sets == ()


def test_removing_a_sequence_forgets_the_edits_inside_it() -> None:
    doc, edits = made(OtherPatientIDsSequence=ITEMS), Edits()
    edits.put([("s", edit(doc, parse_path("Patient/OtherPatientIDsSequence[1]/PatientID"), "C"))])
    edits.put([("s", edit(doc, parse_path("Patient/OtherPatientIDsSequence"), ABSENT))])
    assert after(edits) == {"Patient/OtherPatientIDsSequence": ABSENT}


def test_what_was_made_together_is_taken_back_together() -> None:
    doc, edits = made(), Edits()
    name, number = parse_path("Patient/PatientName"), parse_path("Patient/PatientID")
    edits.put([("s", edit(doc, name, "A"))])
    edits.put([("s", edit(doc, number, "1")), ("t", edit(doc, number, "1"))])
    assert len(edits) == 3
    assert edits.take_back_last() == 2
    assert edits.image_sets == ("s",)
    assert edits.take_back_last() == 1
    assert edits.take_back_last() == 0


def test_one_that_was_taken_back_alone_is_not_counted_again() -> None:
    doc, edits, path = made(), Edits(), parse_path("Patient/PatientName")
    edits.put([("s", edit(doc, path, "A"))])
    edits.put([("s", edit(doc, parse_path("Patient/PatientID"), "1"))])
    assert edits.take_back("s", parse_path("Patient/PatientID"))
    assert edits.take_back_last() == 1
    assert not len(edits)


def test_edits_are_dropped_where_they_are_made_by_now_and_counted_where_others_came_first() -> None:
    doc, edits = made(PatientSex="F", PatientAge="040Y"), Edits()
    for keyword, value in (("PatientName", "A"), ("PatientSex", "M"), ("PatientAge", "041Y")):
        edits.put([("s", edit(doc, parse_path(f"Patient/{keyword}"), value))])
    lost = edits.hold_against("s", made(PatientName="A", PatientSex="O", PatientAge="040Y"))
    assert lost == 1
    assert after(edits) == {"Patient/PatientAge": "041Y"}


def test_what_cannot_be_planned_is_refused_with_its_reason() -> None:
    doc = made()
    assert refusal(doc, edit(doc, parse_path("Study/StudyInstanceUID"), ABSENT)) is Reason.KEYS
    assert refusal(doc, edit(doc, parse_path("Patient/PatientSex"), "not a code")) is Reason.VALUE
    assert refusal(doc, edit(doc, parse_path("Patient/PatientName"), "A")) is None
