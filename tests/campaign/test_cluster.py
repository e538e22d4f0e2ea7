"""On a cluster of two workers everything comes out as on one machine, also when a worker is killed meanwhile."""

from __future__ import annotations

import os
import signal
import stat
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.campaign.cluster import SPILL, Cluster, Sealed, open_cluster
from curator.campaign.planfile import write_plan
from curator.campaign.planning import Planning, plan_rules
from curator.campaign.spread import examiner, plan_rules_on, prover, reader
from curator.campaign.verifying import verify
from curator.catalogue import Catalogue
from curator.checks import run as run_checks
from curator.errors import StoreError, UsageError
from curator.plan.lines import Header
from curator.plan.units import Unit
from curator.project import Project
from curator.rulefile import RuleFile, load
from tests.campaign.ground import WHO, Ground, document, ground

pytest.importorskip("distributed", reason="pip install '.[dask]'")

SETS = 60
RULES = """
version: 1
name: spread
why: a test
rules:
  - id: say-so
    why: a test
    select: StudyDescription
    do: [{literal: Brain}]
    safety: safe
"""


def rule_file() -> RuleFile:
    return load(RULES, "spread.yaml")


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with ground() as made:
        for number in range(SETS):
            made.add(document(2, patient={"PatientID": f"P{number % 7}", "PatientSex": "?"}))
        yield made


@pytest.fixture(scope="module")
def cluster(place: Ground) -> Iterator[Cluster]:
    with open_cluster("dask", place.project, place.spec, place.imaging.datastore_id, workers=2) as opened:
        yield opened


def filled(place: Ground, folder: Path, cluster: Cluster | None) -> Catalogue:
    catalogue = Catalogue(folder / f"{'spread' if cluster else 'alone'}.sqlite")
    catalogue.refresh(place.imaging, fetch=reader(cluster) if cluster else None)
    return catalogue


def test_what_travels_is_not_shown() -> None:
    assert "Doe" not in repr(Sealed.of("Doe^Jane"))


def test_reads_checks_and_plans_are_those_of_one_machine(
    place: Ground, cluster: Cluster, tmp_path: Path
) -> None:
    with filled(place, tmp_path, None) as alone, filled(place, tmp_path, cluster) as spread:
        assert alone.rows(sort="id") == spread.rows(sort="id")
        for row in alone.rows():
            assert alone.shelf.document(row.id, row.version) == spread.shelf.document(row.id, row.version)
        found = list(run_checks(alone.view(now=0)))
        assert found == list(run_checks(spread.view(now=0), elsewhere=examiner(cluster, spread)))
        assert found
        rules = [rule_file()]
        here = write_plan(
            tmp_path / "here", Header(title="x"), plan_rules(alone, rules, alone.rows(), Planning())
        )
        there = write_plan(
            tmp_path / "there",
            Header(title="x"),
            plan_rules_on(cluster, spread, rules, spread.rows(), Planning()),
        )
        assert here.cost.units == SETS
        assert here.digest == there.digest
        assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


@pytest.mark.soak
def test_a_killed_worker_changes_nothing(place: Ground, cluster: Cluster, tmp_path: Path) -> None:
    """A campaign planned and proved while a worker dies equals the undisturbed one."""
    with filled(place, tmp_path, None) as catalogue:
        rules = [rule_file()]
        undisturbed = write_plan(
            tmp_path / "a", Header(), plan_rules(catalogue, rules, catalogue.rows(), Planning())
        )
        units = plan_rules_on(cluster, catalogue, rules, catalogue.rows(), Planning())
        disturbed = write_plan(tmp_path / "b", Header(), killing(units, cluster))
        assert undisturbed.digest == disturbed.digest
        # A batch that is at work when its worker dies is done again.
        started = list(cluster.map(_dies_once, [(str(tmp_path / f"mark{n}"), n) for n in range(4)]))
        assert started == [0, 1, 2, 3]
        assert (tmp_path / "mark1").exists()
        campaign = place.campaign(undisturbed.units())
        assert place.apply(campaign).complete
        here = verify(campaign, place.imaging, WHO)
        there = verify(campaign, place.imaging, WHO, elsewhere=prover(cluster, campaign))
        assert here == there
        assert len(here) == SETS
        assert all(proof.holds for proof in here)


def _dies_once(given: tuple[str, int]) -> int:
    mark, number = Path(given[0]), given[1]
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killing(units: Iterator[Unit], cluster: Cluster) -> Iterator[Unit]:
    """Pass units on; kill one worker after the first."""
    for number, unit in enumerate(units):
        if number == 0:
            kill_one(cluster)
        yield unit


def kill_one(cluster: Cluster) -> None:
    victim = next(iter(cluster.client.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)


@pytest.mark.soak
def test_workers_share_one_rate(place: Ground) -> None:
    """Reads of two workers together take what the rate demands; a share that was the whole would take half."""
    rates = {"GetImageSetMetadata": (20.0, 1.0)}
    with (
        open_cluster(
            "dask", place.project, place.spec, place.imaging.datastore_id, rates=rates, workers=2
        ) as paced,
        Catalogue(place.folder / "paced.sqlite") as catalogue,
    ):
        begin = time.monotonic()
        catalogue.refresh(place.imaging, fetch=reader(paced))
        assert time.monotonic() - begin >= (SETS - 4) / 20.0


@pytest.mark.soak
def test_local_spill_is_private_and_removed(tmp_path: Path) -> None:
    project = Project.open(tmp_path / "project")
    with ground() as place, open_cluster("dask", project, place.spec, place.imaging.datastore_id, workers=1):
        spill = project.root / SPILL
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [spill, *spill.rglob("*")]}
        assert len(modes) > 1
        assert all(not mode & 0o077 for mode in modes.values()), modes
        assert spill in project.purgeable()
    assert not spill.exists()


@pytest.mark.parametrize(
    ("where", "said"),
    [("dask:", "names no cluster"), ("spark", "names no cluster"), ("dask://192.0.2.1:8786", "clear")],
)
def test_a_cluster_that_cannot_be_is_refused(tmp_path: Path, where: str, said: str) -> None:
    project = Project.open(tmp_path)
    with pytest.raises(UsageError) as caught, open_cluster(where, project, "local", ""):
        pass
    assert said in caught.value.message


def test_a_large_image_set_travels_without_a_word(cluster: Cluster) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(cluster.map(len, [bytes(12_000_000)])) == [12_000_000]


def test_a_failing_worker_tells_no_value(cluster: Cluster) -> None:
    with pytest.raises(StoreError) as caught:
        list(cluster.map(_fails, ["Doe^Jane"]))
    assert "Doe" not in str(caught.value)
    assert "ValueError" in str(caught.value)


def _fails(name: str) -> str:
    raise ValueError(name)
