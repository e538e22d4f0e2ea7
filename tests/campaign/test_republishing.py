"""What is published already is published again, by the same profile or another, and holds against what it came from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curator.campaign.attestation import Attestation
from curator.campaign.attesting import attest
from curator.campaign.deidentifying import given_of, into_crosswalk
from curator.campaign.journal import Campaign
from curator.campaign.planfile import write_plan
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.catalogue import Catalogue
from curator.crosswalk import Crosswalk
from curator.deid.ruled import load_profile
from curator.errors import Refused
from curator.plan.lines import Header
from curator.plan.packing import Payload
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import WHO, Ground, document, ground
from tests.test_part10 import bundled

FILES = (
    "CT_small.dcm",
    "rtplan.dcm",
    "examples_overlay.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "liver_1frame.dcm",
)
PAIRS = (
    ("research", "basic"),
    ("basic", "basic"),
    ("basic", "limited-data-set"),
    ("tcia", "research"),
    ("limited-data-set", "tcia"),
)


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def published(
    place: Ground, profile: str, ids: list[str], assigned: dict[str, str] | None = None
) -> tuple[list[str], Attestation]:
    """Publish image sets as the command line does, every pixel cleared."""
    asked = load_profile(open_rule_file(profile))
    cleared = frozenset(sop for each in ids for _, sop, _ in place.imaging.document(each).instances())
    known = Crosswalk.open(place.project).entries().subjects
    how = Publishing(asked, place.project.keyed, cleared=cleared, known=known, assigned=assigned or {})
    found = Published()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = [row for row in catalogue.rows() if row.id in ids]
        units = list(plan_deidentification(catalogue, rows, how, Planning(Payload()), found))
    header = Header(store=place.spec, datastore=place.imaging.datastore_id, given=given_of(how, profile))
    campaign = Campaign.begin(place.project, write_plan(place.folder / "plan.jsonl", header, units).path)
    into_crosswalk(place.project, campaign.id, found)
    assert place.apply(campaign).complete
    attested = attest(campaign, place.imaging, asked, WHO)
    states = campaign.state()
    return [states[unit.number].id_of(name) for unit in units for name in unit.made], attested


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" then ".join(pair) for pair in PAIRS])
def test_a_publication_of_a_publication_holds_against_it(place: Ground, first: str, second: str) -> None:
    originals = place.bring(*map(bundled, FILES))
    once, attested = published(place, first, originals)
    assert attested.violations == []
    twice, attested = published(place, second, once)
    assert attested.violations == []
    assert len(twice) == len(once) == len(originals)
    for before, after in zip(once, twice, strict=True):
        one, other = place.imaging.document(before), place.imaging.document(after)
        assert one.patient["PatientID"] != other.patient["PatientID"]
        assert one.study["StudyInstanceUID"] != other.study["StudyInstanceUID"]


def test_dates_that_were_removed_are_not_called_unmodified_by_those_who_come_later(place: Ground) -> None:
    original = place.add(document(1, AcquisitionDate="20200131"))
    marker = "LongitudinalTemporalInformationModified"
    for profile, said in (("research", "MODIFIED"), ("limited-data-set", "MODIFIED"), ("basic", "REMOVED"), ("research", "REMOVED")):  # fmt: skip
        (original,), attested = published(place, profile, [original])
        assert attested.violations == []
        ((_, _, instance),) = place.imaging.document(original).instances()
        assert instance.dicom[marker] == said


def test_a_pseudonym_that_is_the_id_of_another_original_is_still_refused(place: Ground) -> None:
    one = place.add(document(1, patient={"PatientID": "A1", "PatientName": "Roe^Richard"}))
    place.add(document(1, patient={"PatientID": "B2", "PatientName": "Poe^Edgar"}, first=2))
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
    other = place.add(document(1, patient={"PatientID": "B2", "PatientName": "Poe^Edgar"}, first=3))
    with pytest.raises(Refused, match="original id of another subject"):
        published(place, "basic", [one, other], assigned={"A1": "B2"})
