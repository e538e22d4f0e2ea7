"""De-identified publications planned by two workers are those of one machine, also when a worker is killed meanwhile."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.campaign import spread
from curator.campaign.cluster import Cluster, Sealed, open_cluster
from curator.campaign.planfile import PlanFile, write_plan
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.campaign.spread import KeyThere
from curator.campaign.spread_publishing import STAYS, plan_deidentification_on
from curator.catalogue import Catalogue, Row
from curator.deid.decisions import Decision, Decisions
from curator.deid.ruled import load_profile
from curator.dicom import Json
from curator.errors import Refused, UsageError
from curator.plan.lines import Header
from curator.plan.packing import Payload
from curator.plan.units import Unit
from curator.project import Project
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import Ground, document, ground, node
from tests.campaign.test_cluster import killing

pytest.importorskip("distributed", reason="pip install '.[dask]'")

SUBJECTS = 12
RESEARCH = load_profile(open_rule_file("research"))
TCIA = load_profile(open_rule_file("tcia"))
Plan = Callable[[Catalogue, list[Row], Publishing, Planning, Published], Iterator[Unit]]


def patient(number: int) -> dict[str, Json]:
    return {
        "PatientName": f"Roe^Richard {number}",
        "PatientID": f"MRN-{number}",
        "PatientBirthDate": "19600102",
    }


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """Subjects of one to three image sets, which name each other; some without PatientID, some not publishable."""
    with ground() as made:
        for number in range(SUBJECTS):
            for nth in range(1 + number % 3):
                tree = document(
                    2,
                    patient=patient(number) if number != 5 else {"PatientName": None, "PatientID": None},
                    first=10 * number + 3 * nth + 1,
                    ImageComments=f"Richard {number} on 20200131, seen with MRN-{number}",
                )
                instance = next(iter(node(tree, "Study", "Series", "1.2.3.4", "Instances").values()))
                assert isinstance(instance, dict)
                if number == 7:
                    node(instance, "DICOM")["BurnedInAnnotation"] = "YES"
                if number == 8:
                    large: Json = [{"PersonName": "Roe^Richard 8", "TextValue": "x" * 900} for _ in range(3)]
                    node(instance, "DICOM")["PerformedProtocolCodeSequence"] = large
                made.add(tree, frames=1)
        yield made


@pytest.fixture(scope="module")
def cluster(place: Ground) -> Iterator[Cluster]:
    with open_cluster("dask", place.project, place.spec, place.imaging.datastore_id, workers=2) as opened:
        yield opened


@pytest.fixture(scope="module")
def catalogue(place: Ground) -> Iterator[Catalogue]:
    with Catalogue.open(place.project, place.imaging.datastore_id) as opened:
        opened.refresh(place.imaging)
        yield opened


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "SETS", 3)


def publishing(place: Ground) -> Publishing:
    return Publishing(
        RESEARCH,
        place.project.keyed,
        aliases={"MRN-2": "MRN-1"},
        assigned={"MRN-3": "CASE-3"},
        decisions=Decisions([Decision("Study/StudyDescription", "LO", "Head", "keep")]),
    )


def made(
    catalogue: Catalogue, path: Path, how: Publishing, plan: Plan, rows: list[Row] | None = None
) -> tuple[PlanFile, Published, Planning]:
    found, planning = Published(), Planning(Payload(1_000))
    rows = catalogue.rows(sort="id") if rows is None else rows
    return write_plan(path, Header(title="x"), plan(catalogue, rows, how, planning, found)), found, planning


def on(cluster: Cluster) -> Plan:
    return lambda catalogue, rows, how, planning, found: plan_deidentification_on(
        cluster, catalogue, rows, how, planning, found
    )


def assert_same(
    here: tuple[PlanFile, Published, Planning], there: tuple[PlanFile, Published, Planning]
) -> None:
    assert here[0].digest == there[0].digest
    assert here[0].path.read_bytes() == there[0].path.read_bytes()
    for name in ("pseudonyms", "uids"):
        mine, theirs = getattr(here[1], name), getattr(there[1], name)
        assert list(mine.items()) == list(theirs.items())
    assert here[1] == there[1]
    assert list(here[1].register.pairs) == list(there[1].register.pairs)
    assert (here[2].findings, here[2].skipped) == (there[2].findings, there[2].skipped)


def test_a_publication_planned_by_workers_is_that_of_one_machine(
    place: Ground, catalogue: Catalogue, cluster: Cluster, tmp_path: Path
) -> None:
    how = publishing(place)
    here = made(catalogue, tmp_path / "here", how, plan_deidentification)
    assert_same(here, made(catalogue, tmp_path / "there", how, on(cluster)))
    assert here[1].refused or here[1].routes
    assert here[1].unnamed
    assert here[1].register.unnamed == 1
    assert len(here[1].costs) == 2
    assert here[0].cost.units >= SUBJECTS


def test_a_part_of_a_subject_is_cleaned_of_what_its_other_sets_say(
    place: Ground, catalogue: Catalogue, cluster: Cluster, tmp_path: Path
) -> None:
    among = [row for row in catalogue.rows() if row.patient_id in {"MRN-1", "MRN-4", "MRN-8"}]
    chosen = sorted(among, key=lambda row: row.patient_id)[::2]
    how = replace(publishing(place), asked=TCIA, known={"patient\0\0MRN-1": "P-before"})
    with pytest.raises(Refused, match="another pseudonym than before"):
        made(catalogue, tmp_path / "refused", how, on(cluster), chosen)
    how = replace(how, known={})
    here = made(catalogue, tmp_path / "here", how, plan_deidentification, chosen)
    assert_same(here, made(catalogue, tmp_path / "there", how, on(cluster), chosen))


def test_subjects_of_different_batches_cannot_share_a_pseudonym(
    place: Ground, catalogue: Catalogue, cluster: Cluster, tmp_path: Path
) -> None:
    how = replace(publishing(place), assigned={"MRN-0": "S-1", "MRN-11": "s-1"})
    with pytest.raises(Refused, match="same pseudonym"):
        made(catalogue, tmp_path / "refused", how, on(cluster))
    how = replace(publishing(place), assigned={"MRN-0": "MRN-11"})
    with pytest.raises(Refused, match="original id of another subject"):
        made(catalogue, tmp_path / "refused too", how, on(cluster))


@pytest.mark.soak
def test_a_worker_killed_while_publications_are_planned_changes_nothing(
    place: Ground, catalogue: Catalogue, cluster: Cluster, tmp_path: Path
) -> None:
    """Whichever worker dies: also the one that holds what all batches need."""
    how = publishing(place)
    here = made(catalogue, tmp_path / "here", how, plan_deidentification)
    for turn in range(2):
        disturbed = made(
            catalogue,
            tmp_path / f"there{turn}",
            how,
            lambda *given: killing(plan_deidentification_on(cluster, *given), cluster),
        )
        assert_same(here, disturbed)


def test_the_key_does_not_travel(place: Ground) -> None:
    how = publishing(place)
    told = {name: getattr(how, name) for name in how.__slots__ if name not in STAYS}
    key = place.project.key_file.read_bytes().strip()
    assert key
    assert key not in pickle.dumps(told)
    assert "MRN" not in repr(Sealed.of(told))


def test_workers_with_another_key_or_none_are_refused(
    place: Ground, catalogue: Catalogue, cluster: Cluster, tmp_path: Path
) -> None:
    """Another key would give the same people other pseudonyms, unseen."""
    mine = Project.open(tmp_path / "mine")
    there = KeyThere.of(mine.root)
    assert there.keyed("dates")(b"x") == mine.hmac("dates", b"x")
    for name, said in (("another", "another key"), ("none", "do not find")):
        other = Project.open(tmp_path / name)
        if name == "another":
            assert other.key
        with pytest.raises(UsageError, match=said):
            list(cluster.map(_keyed, [replace(there, root=other.root)]))
        assert name == "another" or not other.key_file.exists()


def _keyed(there: KeyThere) -> bytes:
    return there.keyed("dates")(b"x")
