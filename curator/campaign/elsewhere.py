"""The data stores that a campaign works at: its own, and those that it publishes into."""

from __future__ import annotations

import threading
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, cast

from curator.errors import Refused
from curator.plan.units import Import, Unit

if TYPE_CHECKING:
    from curator.buckets import Bucket
    from curator.campaign.journal import Campaign
    from curator.healthimaging import HealthImaging
    from curator.plan.lines import Header
    from curator.stores import OpenStore

LOCAL_ROLE = "arn:aws:iam::000000000000:role/curator"
"""A role's form, for stores that have no roles."""


class Doors:
    """Opens other data stores when they are first needed, and closes them with the campaign's run."""

    def __init__(self, campaign: Campaign, imaging: HealthImaging) -> None:
        self.own = imaging
        self.folder = campaign.folder
        self.digest = campaign.id
        self._spec = imaging.spec or campaign.plan.header.store
        self._opened: dict[str, OpenStore] = {}
        self._opening = threading.Lock()

    @classmethod
    def on_worker(cls, campaign_id: str, header: Header, imaging: HealthImaging) -> Doors:
        """Return those that proofs need where the campaign's folder is not: what it wrote to, and nothing to keep."""
        named = SimpleNamespace(folder=None, id=campaign_id, plan=SimpleNamespace(header=header))
        return cls(cast("Campaign", named), imaging)

    def __enter__(self) -> Doors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in self._opened.values():
            opened.close()

    def at(self, store: str) -> HealthImaging:
        """Return the door to the store of an import step. Raises `Refused` when that is the campaign's own."""
        if not store:
            return self.own
        with self._opening:
            if store not in self._opened:
                from curator.stores import open_store

                opened = open_store(store, read_only=self.own.read_only, limiter=self.own.limiter)
                self._opened[store] = opened
            imaging = self._opened[store].imaging
        if imaging.datastore_id == self.own.datastore_id:
            raise Refused("The store to publish into is the store of the originals.")
        return imaging

    def of(self, unit: Unit, name: str) -> HealthImaging:
        """Return the door to the store that one of the unit's image sets is in."""
        return self.at(store_of(unit, name))

    def bucket(self, step: Import) -> Bucket:
        """Return the bucket through which a step imports."""
        from curator.stores import import_bucket

        return import_bucket(step.store or self._spec, step.bucket)


def store_of(unit: Unit, name: str) -> str:
    """Return the store that an image set of the unit is in; "" for the campaign's own."""
    return next(
        (step.store for step in unit.steps if isinstance(step, Import) and step.into == name and step.store),
        "",
    )
