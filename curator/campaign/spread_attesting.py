"""Publications held against their originals on a cluster, subject by subject.

Workers read and compare; what they return names no value, but for the maps of UIDs and pseudonyms, which are brought
together here: whether two subjects share a replacement no worker can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from curator.campaign.attestation import Attestation
from curator.campaign.cases import Case
from curator.campaign.cluster import Access, Cluster, door
from curator.campaign.elsewhere import Doors
from curator.campaign.proving import About, proved
from curator.campaign.service_checks import Hits, Searches
from curator.campaign.spread import batches_of
from curator.plan.lines import Header
from curator.verify import Maps

if TYPE_CHECKING:
    from curator.campaign.attesting import Elsewhere
    from curator.campaign.journal import Campaign


@dataclass(frozen=True, slots=True)
class _Given:
    """What every batch needs. ``run`` tells the searches of one proof from those of another, which are older."""

    access: Access
    campaign: str
    header: Header = field(repr=False)
    about: About = field(repr=False)
    run: str


def attester(cluster: Cluster, campaign: Campaign) -> Elsewhere:
    """Return what proves subjects for `curator.campaign.attesting.attest`."""

    def prove(about: About, found: Iterable[Case]) -> Iterator[tuple[Attestation, Maps]]:
        header = msgspec.structs.replace(campaign.plan.header, given=None)
        given = _Given(cluster.access, str(campaign.id), header, about, uuid4().hex)
        batches = batches_of(([case], case.size) for case in found)
        for made in cluster.map_with(_prove, given, batches):
            yield from made

    return prove


def _prove(given: _Given, batch: list[Case]) -> list[tuple[Attestation, Maps]]:
    searches = Searches(given.about.asked.profile, _hits(given.run))
    made = []
    with Doors.on_worker(given.campaign, given.header, door(given.access)) as doors:
        for case in batch:
            maps = Maps()
            made.append((proved(case, doors, given.about, searches, maps), maps))
    return made


@lru_cache(maxsize=1)
def _hits(run: str) -> Hits:
    """Keep what searches found on a worker for all batches of one run: a StudyID of "1" stands everywhere."""
    return {}
