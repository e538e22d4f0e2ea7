"""Publications are held against their originals one subject at a time: in little memory, whatever the plan's order."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest

from curator.campaign.attestation import Attestation
from curator.campaign.attesting import attest
from curator.campaign.cases import cases
from curator.campaign.deidentifying import into_crosswalk
from curator.campaign.journal import Campaign
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.catalogue import Catalogue
from curator.deid.ruled import load_profile
from curator.dicom import Json
from curator.errors import StoreError
from curator.plan.packing import Payload
from curator.plan.units import Unit
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import WHO, Ground, document, ground

RESEARCH = load_profile(open_rule_file("research"))
ALIASES = {"MRN-2": "MRN-1"}


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def add_subjects(place: Ground, count: int, instances: int = 2, text: str = "for Roe") -> None:
    """Store one to three image sets of each subject; every one speaks of an instance of the next subject."""
    for number in range(count):
        for nth in range(1 + number % 3):
            other: Json = [
                {"ReferencedSOPInstanceUID": f"1.2.3.4.{10_000 * ((number + 1) % count) + 1}"},
            ]
            tree = document(
                instances,
                patient={"PatientName": f"Roe^Richard {number}", "PatientID": f"MRN-{number}"},
                first=10_000 * number + 1_000 * nth + 1,
                ImageComments=text,
                ReferencedImageSequence=other,
            )
            place.add(tree, frames=1)


def published(place: Ground, *, leave: int = 0, mixed: bool = False) -> Campaign:
    """Publish all image sets but the last ``leave`` ones; ``mixed``: no subject's units follow each other."""
    how = Publishing(RESEARCH, place.project.keyed, aliases=ALIASES)
    found, planning = Published(), Planning(Payload())
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = [row for row in catalogue.rows(sort="id") if not row.deidentified]
        units = list(plan_deidentification(catalogue, rows[: len(rows) - leave], how, planning, found))
    campaign = place.campaign(units if not mixed else shuffled(units))
    into_crosswalk(place.project, campaign.id, found)
    assert place.apply(campaign).complete
    return campaign


def shuffled(units: list[Unit]) -> list[Unit]:
    order = [*units[::3], *units[1::3], *units[2::3]]
    return [msgspec.structs.replace(unit, number=number) for number, unit in enumerate(order)]


def spoil(place: Ground, campaign: Campaign, *numbers: int) -> None:
    """Put something back into what some units published."""
    for number in numbers:
        made = campaign.state()[number].names["$2"]
        blob = b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientComments":"Mr. Roe"}}}'
        place.imaging.wait(made, place.imaging.update(made, "1", updatable=blob, removable=None))


def told(made: Attestation) -> tuple[object, ...]:
    """Return what was found, whatever the order of the subjects."""
    found = [sorted((each.check, each.place, each.message, each.count) for each in made.violations)]
    return made.subjects, made.versions, made.counts, made.weak_terms, found


def test_a_case_is_everything_of_one_subject_whichever_id_it_goes_by(place: Ground) -> None:
    add_subjects(place, 5)
    campaign = published(place, leave=3)
    found = list(cases(campaign, place.imaging, ALIASES))
    assert len({case.known_by for case in found}) == len(found) <= 4
    sets = [unit.members[0].id for case in found for unit, _ in case.units]
    beside = {other.id for case in found for other in case.beside}
    assert sorted(sets) == sorted(unit.members[0].id for unit in campaign.plan.units())
    assert not beside.intersection(sets)
    assert all(case.recorded for case in found)
    assert "MRN" not in repr(found)


def test_the_order_of_a_plan_does_not_matter(place: Ground) -> None:
    add_subjects(place, 6)
    in_order, mixed = published(place), published(place, mixed=True)
    first = attest(in_order, place.imaging, RESEARCH, WHO, aliases=ALIASES)
    assert first.holds, first.violations
    assert first.subjects == 5
    assert told(first) == told(attest(mixed, place.imaging, RESEARCH, WHO, aliases=ALIASES))


def test_without_a_catalogue_the_originals_themselves_say_whose_they_are(place: Ground) -> None:
    add_subjects(place, 4)
    campaign = published(place)
    spoil(place, campaign, 1)
    with_it = attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES)
    (place.project.catalogues / f"{place.imaging.datastore_id}.sqlite").unlink()
    assert told(attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES)) == told(with_it)
    assert not with_it.holds


def test_a_catalogue_that_says_another_subject_than_the_service_is_not_believed(place: Ground) -> None:
    add_subjects(place, 2)
    campaign = published(place)
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.shelf.run("UPDATE document SET patient = (SELECT min(patient) FROM document)")
    with pytest.raises(StoreError, match="another subject"):
        attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES)


def test_memory_does_not_grow_with_the_subjects() -> None:
    few, many = (peak(count) for count in (3, 12))
    assert (
        many <= 1.6 * few
    )  # all documents at once would be 4 times as much; UIDs and their replacements are kept


def peak(subjects: int) -> int:
    """Return how many bytes holding so many subjects against their originals takes at most."""
    with ground() as place:
        add_subjects(place, subjects, 20, "x" * 10_000)
        campaign = published(place)
        attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES)  # what is read once for all is there
        tracemalloc.start()
        try:
            assert attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES).subjects
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
