"""On a cluster publications are held against their originals as on one machine, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from curator.campaign import spread
from curator.campaign.attestation import Attestation
from curator.campaign.attesting import KEPT, attest
from curator.campaign.cases import Case
from curator.campaign.cluster import Cluster, open_cluster
from curator.campaign.journal import Campaign
from curator.campaign.proving import About
from curator.campaign.spread_attesting import attester
from curator.verify import Maps
from tests.campaign.ground import WHO, Ground, ground
from tests.campaign.test_attesting import ALIASES, RESEARCH, add_subjects, published, spoil
from tests.campaign.test_cluster import kill_one

pytest.importorskip("distributed", reason="pip install '.[dask]'")


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    with ground() as made:
        add_subjects(made, 8)
        yield made


@pytest.fixture(scope="module")
def campaign(place: Ground) -> Campaign:
    """A publication of most image sets, some of which somebody changed afterwards."""
    made = published(place, leave=2)
    spoil(place, made, 0, 4)
    return made


@pytest.fixture(scope="module")
def cluster(place: Ground) -> Iterator[Cluster]:
    with open_cluster("dask", place.project, place.spec, place.imaging.datastore_id, workers=2) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "SETS", 2)


def kept(campaign: Campaign) -> bytes:
    return (campaign.folder / KEPT).read_bytes()


@pytest.mark.parametrize("aliases", [ALIASES, {}], ids=["as planned", "two subjects of one pseudonym"])
def test_what_workers_find_is_what_one_machine_finds(
    place: Ground, campaign: Campaign, cluster: Cluster, aliases: dict[str, str]
) -> None:
    """Also what no worker can see alone: without the aliases two subjects share a pseudonym."""
    here = attest(campaign, place.imaging, RESEARCH, WHO, aliases=aliases)
    alone = kept(campaign)
    there = attest(
        campaign, place.imaging, RESEARCH, WHO, aliases=aliases, elsewhere=attester(cluster, campaign)
    )
    assert kept(campaign) == alone
    assert here == there
    assert not there.holds
    shared = [each for each in there.violations if each.message == "two originals became the same value"]
    assert bool(shared) == (not aliases)


@pytest.mark.soak
def test_a_worker_killed_meanwhile_changes_nothing(
    place: Ground, campaign: Campaign, cluster: Cluster
) -> None:
    attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES)
    alone = kept(campaign)
    prove = attester(cluster, campaign)

    def killing(about: About, found: Iterable[Case]) -> Iterator[tuple[Attestation, Maps]]:
        for number, each in enumerate(prove(about, found)):
            if number == 0:
                kill_one(cluster)
            yield each

    attest(campaign, place.imaging, RESEARCH, WHO, aliases=ALIASES, elsewhere=killing)
    assert kept(campaign) == alone
