"""What a campaign tags is noted in the catalogue: listings do not tell of tags, and asking for them costs."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from curator.errors import StoreError

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.catalogue import Catalogue
    from curator.healthimaging import HealthImaging


class Noting:
    """Tells the project's catalogue of the data store, if there is one, of tags as they come and go; from any thread.

    A catalogue that cannot be written stops no campaign: the next reading of tags tells it.
    """

    def __init__(self, campaign: Campaign, imaging: HealthImaging) -> None:
        self._path = campaign.project.catalogues / f"{imaging.datastore_id}.sqlite"
        self._catalogue: Catalogue | None = None
        self._open = ExitStack()
        self._noted = False

    def __enter__(self) -> Noting:
        from curator.catalogue import Catalogue

        if self._path.exists():
            with suppress(StoreError):
                self._catalogue = self._open.enter_context(Catalogue(self._path))
        return self

    def __exit__(self, *error: object) -> None:
        with self._open, suppress(sqlite3.Error):
            if self._catalogue is not None and self._noted:
                self._catalogue.count_conflicts()

    def tags(self, image_set: str, put: Mapping[str, str], removed: Collection[str]) -> None:
        """Note what was put on an image set, and what was removed."""
        if self._catalogue is not None:
            with suppress(sqlite3.Error):
                self._catalogue.note_tags(image_set, put, removed)
                self._noted = True
