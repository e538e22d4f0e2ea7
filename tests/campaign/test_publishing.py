"""De-identified publications: planned per subject, carried out, and without the original in any version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curator.campaign.attesting import attest, kept_attestation
from curator.campaign.deidentifying import into_crosswalk
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.catalogue import Catalogue
from curator.deid.ruled import load_profile
from curator.dicom import Json
from curator.errors import Refused
from curator.plan.leftout import Reason
from curator.plan.packing import Payload
from curator.plan.reimport import Route
from curator.plan.units import Copy, Delete, Tag, Unit
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import WHO, Ground, document, ground, node

RESEARCH = load_profile(open_rule_file("research"))


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def planned(
    place: Ground, *, how: Publishing | None = None, payload: int = 10_000, only: tuple[str, ...] = ()
) -> tuple[list[Unit], Published, Planning]:
    how = how or Publishing(RESEARCH, place.project.keyed)
    found, planning = Published(), Planning(Payload(payload))
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = [row for row in catalogue.rows() if not only or row.id in only]
        return list(plan_deidentification(catalogue, rows, how, planning, found)), found, planning


def with_element(tree: dict[str, Json], sop: str, **elements: Json) -> None:
    node(tree, "Study", "Series", "1.2.3.4", "Instances", sop, "DICOM").update(elements)


def patient(name: str, identifier: str) -> dict[str, Json]:
    return {"PatientName": name, "PatientID": identifier, "PatientBirthDate": "19600102"}


def test_no_version_of_the_published_set_holds_the_subject_and_the_original_stays(place: Ground) -> None:
    original = place.add(
        document(
            3, patient=patient("Roe^Richard", "MRN-4711"), AcquisitionDate="20200131", ImageComments="for Roe"
        ),
        frames=1,
    )
    before = place.imaging.metadata(original)
    units, found, _ = planned(place)
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    published = campaign.state()[0].names["$2"]
    versions = place.imaging.versions(published)
    assert len(versions) == 1
    text = place.imaging.document(published).encode().decode()
    for identifier in ("Roe", "MRN-4711", "19600102", "20200131", "1.2.3.4.1"):
        assert identifier not in text
    assert place.imaging.metadata(original) == before
    assert {each.id for each in place.imaging.search()} == {original, published}
    assert list(found.pseudonyms) == ["MRN-4711"]
    assert found.uids["1.2.3"] == place.imaging.document(published).study["StudyInstanceUID"]


def test_sets_of_one_subject_share_pseudonym_study_and_lexicon(place: Ground) -> None:
    place.add(document(1, patient=patient("Roe^Richard", "A1")))
    other = document(1, patient=patient("Roe^Richard", "A1"), first=2, ImageComments="Richard again")
    place.add(other)
    campaign = place.campaign(planned(place)[0])
    assert place.apply(campaign).complete
    made = [place.imaging.document(state.names["$2"]) for state in campaign.state().values()]
    assert len({str(doc.patient["PatientID"]) for doc in made}) == 1
    assert len({str(doc.study["StudyInstanceUID"]) for doc in made}) == 1
    assert not any(b"Richard" in doc.encode() for doc in made)


def test_instances_whose_pixels_may_identify_are_never_copied(place: Ground) -> None:
    tree = document(2)
    with_element(tree, "1.2.3.4.1", BurnedInAnnotation="YES")
    image_set = place.add(tree, frames=1)
    (unit,), _, _ = planned(place)
    assert [(each.reason, each.count) for each in unit.left_out] == [(Reason.PIXELS, 1)]
    first = unit.steps[0]
    assert isinstance(first, Copy)
    assert first.chosen == {"1.2.3.4": ["1.2.3.4.2"]}
    cleared = Publishing(RESEARCH, place.project.keyed, cleared=frozenset({"1.2.3.4.1"}))
    (unit,), _, _ = planned(place, how=cleared, only=(image_set,))
    assert unit.left_out == ()


def test_what_the_payload_cannot_change_is_left_out_not_published_half_clean(place: Ground) -> None:
    large: Json = [{"PersonName": "Roe^Richard", "TextValue": "x" * 900} for _ in range(3)]
    tree = document(2, patient=patient("Roe^Richard", "A1"))
    with_element(tree, "1.2.3.4.1", PerformedProtocolCodeSequence=large)
    place.add(tree)
    how = Publishing(RESEARCH, place.project.keyed, route=Route.UPDATE)
    units, found, _ = planned(place, how=how, payload=1_000)
    left = [each for unit in units for each in unit.left_out] + [each for _, each in found.refused]
    assert [(each.reason, each.count) for each in left if each.reason is Reason.UNCLEAN] == [
        (Reason.UNCLEAN, 1)
    ]
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    published = place.imaging.document(campaign.state()[0].names["$2"])
    assert published.instance_count == 1
    assert b"Roe" not in published.encode()


def test_the_working_copy_is_tagged_at_once_and_deleted_at_the_end(place: Ground) -> None:
    place.add(document(1))
    (unit,), _, _ = planned(place)
    kinds = [type(step) for step in unit.steps]
    assert kinds[:2] == [Copy, Tag]
    assert kinds[-2:] == [Tag, Delete]


def test_one_pseudonym_for_two_subjects_is_refused(place: Ground) -> None:
    place.add(document(1, patient=patient("Roe^Richard", "A1")))
    other = document(1, patient=patient("Poe^Edgar", "B2"))
    place.add(other)
    how = Publishing(RESEARCH, place.project.keyed, assigned={"A1": "S-1", "B2": "S-1"})
    with pytest.raises(Refused, match="same pseudonym"):
        planned(place, how=how)


def test_a_set_without_a_patient_id_is_published_by_its_study_and_reported(place: Ground) -> None:
    image_set = place.add(document(1, patient={"PatientName": None, "PatientID": None}))
    _, found, _ = planned(place)
    assert found.unnamed == [image_set]


def test_a_publication_is_held_against_its_original_by_another_reading(place: Ground) -> None:
    place.add(
        document(
            3, patient=patient("Roe^Richard", "MRN-4711"), AcquisitionDate="20200131", ImageComments="for Roe"
        ),
        frames=1,
    )
    campaign = place.campaign(planned(place)[0])
    assert place.apply(campaign).complete
    found = attest(campaign, place.imaging, RESEARCH, WHO)
    assert found.holds, found.violations
    assert (found.subjects, found.versions) == (1, 1)
    assert found.counts["not found by an original id"][0] >= 2
    assert found.counts["working copy gone"] == (1, 0)
    kept = kept_attestation(campaign)
    assert kept == found
    text = (campaign.folder / "attestation.json").read_text()
    assert "Roe" not in text
    assert "4711" not in text


def test_what_somebody_put_back_is_found(place: Ground) -> None:
    place.add(document(1, patient=patient("Roe^Richard", "MRN-4711")), frames=1)
    campaign = place.campaign(planned(place)[0])
    assert place.apply(campaign).complete
    published = campaign.state()[0].names["$2"]
    blob = b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientComments":"Mr. Roe"}}}'
    place.imaging.wait(published, place.imaging.update(published, "1", updatable=blob, removable=None))
    found = attest(campaign, place.imaging, RESEARCH, WHO)
    assert not found.holds
    assert any(each.version == "2" and "identifier" in each.check for each in found.violations)


def test_who_becomes_whom_tells_issuers_apart_and_says_what_a_profile_keeps(place: Ground) -> None:
    place.add(document(1, patient={**patient("Roe^Richard", "1"), "IssuerOfPatientID": "EAST"}))
    place.add(document(1, patient={**patient("Poe^Edgar", "1"), "IssuerOfPatientID": "WEST"}))
    _, found, _ = planned(place)
    assert found.pseudonyms.keys() == {"EAST\x001", "WEST\x001"}
    assert len(set(found.pseudonyms.values())) == 2
    keeping = load_profile(
        "version: 1\nname: keeping\nwhy: x\nprofile:\n  overrides:\n"
        "    - {element: PatientID, code: K, why: the ids are a trial's already}\n"
    )
    _, found, _ = planned(place, how=Publishing(keeping, place.project.keyed))
    assert found.pseudonyms == {"EAST\x001": "1", "WEST\x001": "1"}


def test_names_that_only_other_image_sets_of_the_subject_hold_are_looked_for_too(place: Ground) -> None:
    tree = document(1, patient=patient("Roe^Richard", "A1"))
    one = place.add(tree)
    place.add(
        document(1, first=2, patient={**patient("Roe^Richard", "A1"), "OtherPatientNames": ["Quimby^Max"]})
    )
    units, _, _ = planned(place, only=(one,))
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    published = campaign.state()[0].names["$2"]
    assert attest(campaign, place.imaging, RESEARCH, WHO).violations == []
    blob = b'{"SchemaVersion":1.1,"Study":{"DICOM":{"StudyDescription":"for Quimby"}}}'
    place.imaging.wait(published, place.imaging.update(published, "1", updatable=blob, removable=None))
    found = {each.check for each in attest(campaign, place.imaging, RESEARCH, WHO).violations}
    assert "no identifier of the subject" in found


def test_published_sets_are_searched_for_by_every_original_id_that_is_not_retained(place: Ground) -> None:
    place.add(document(1, patient=patient("Roe^Richard", "A1")))
    campaign = place.campaign(planned(place)[0])
    assert place.apply(campaign).complete
    made = attest(campaign, place.imaging, RESEARCH, WHO)
    assert made.counts["not found by an original id"] == (4, 0)  # PatientID, StudyID, study and series UID


@pytest.mark.parametrize("recorded", [True, False])
def test_instances_that_look_alike_are_told_apart(place: Ground, recorded: bool) -> None:
    if recorded:  # in one image set the crosswalk says which is which, among several where each comes from
        place.add(document(2, patient=patient("Roe^Richard", "A1"), InstanceNumber="1"))
    else:
        for number in (1, 2):
            place.add(document(1, first=number, patient=patient("Roe^Richard", "A1"), InstanceNumber="1"))
    units, found, _ = planned(place)
    campaign = place.campaign(units)
    if recorded:
        into_crosswalk(place.project, campaign.id, found)
    assert place.apply(campaign).complete
    assert attest(campaign, place.imaging, RESEARCH, WHO).violations == []
