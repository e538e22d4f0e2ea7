"""The embedded data store: one folder that answers as AWS HealthImaging does."""

from __future__ import annotations

import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal

from curator.dicom import Json
from curator.errors import StoreError, UsageError
from curator.localstore import wire
from curator.localstore.database import explain
from curator.localstore.editions import edition as edition_named
from curator.localstore.events import changed_since, events_after
from curator.localstore.folder import Folder
from curator.localstore.limits import AWS, DEFAULT, Limits
from curator.localstore.storage import Storage
from curator.localstore.wire import WireRequest, WireResponse

_log = logging.getLogger(__name__)
_BUCKET = re.compile(r"[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9]")  # as the service model's S3Uri has it


def _shape(path: str) -> str:
    """Return a path's fixed words: DICOMweb's hold UIDs."""
    return "/".join(word if word.isalpha() else "…" for word in path.split("/"))


class LocalStore(Folder):
    """An open folder of data stores. Threads may share one object, processes one folder."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        edition: str = "2025-01",
        delay: float = 0.0,
        limits: Literal["aws"] | Limits | None = None,
        buckets: Mapping[str, Path] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> LocalStore:
        """Open the folder, making it (0700) where it is missing.

        ``delay`` is for how many seconds an operation shows LOCKED. Raises StoreError when the folder cannot
        be used, or holds something that is not a data store or is newer than this release, UsageError for a
        bucket that no S3 URI can name.
        """
        for name in buckets or {}:
            if not _BUCKET.fullmatch(name):
                raise UsageError(
                    f"{name!r} is no name of an S3 bucket",
                    hint="3 to 63 characters of a-z, 0-9, hyphen and dot",
                )

        def milliseconds() -> float:
            """The service's times have three decimals, and a search by one must find it again."""
            return round(clock(), 3)

        quotas = AWS if limits == "aws" else limits or DEFAULT
        storage = Storage(
            path, edition=edition_named(edition), limits=quotas, delay=delay, clock=milliseconds
        )
        store = cls(storage, buckets=buckets or {}, clock=milliseconds)
        storage.finish_purge()
        if storage.has_abandoned_imports():
            store.imports.resume()
        return store

    def answer(self, request: WireRequest) -> WireResponse:
        """Answer a request; StoreError when the folder cannot be used."""
        try:
            return wire.answer(self, request)
        except sqlite3.DatabaseError as error:
            database = self.storage.database
            raise explain(error, database.path) or error from error

    def handle(self, request: WireRequest) -> WireResponse:
        """Answer a request, whatever happens: trouble with the folder is an InternalServerException."""
        try:
            return self.answer(request)
        except StoreError as error:
            return wire.refusal("InternalServerException", error.message)
        except Exception as error:
            # A mistake of ours; its text might hold a value, so only its kind is told.
            _log.error("%s %s: %s", request.method, _shape(request.path), type(error).__name__)
            return wire.refusal("InternalServerException", "Internal error")

    def events(self, after: int = 0, limit: int = 1000) -> Iterator[tuple[int, dict[str, Json]]]:
        """Iterate over changes of state as EventBridge events, each with its number, from the one after ``after``."""
        self.storage.settle()
        with self.storage.reading() as connection:
            found = list(events_after(connection, after, limit))
        yield from found

    def changed_since(self, datastore_id: str, mark: str) -> tuple[str, list[str] | None]:
        """Return the mark of now, and the ids of the image sets that changed since ``mark`` was that of now.

        None in their place where ``mark`` is none of this folder's: everything may have changed.
        """
        self.storage.settle()
        with self.storage.reading() as connection:
            return changed_since(connection, datastore_id, mark)

    def check(self) -> list[str]:
        """Return what is damaged, in words; nothing when all is well."""
        from curator.localstore.integrity import problems

        return list(problems(self.storage))

    def close(self) -> None:
        """Stop imports, which the next to open the folder takes up, and close the files."""
        if self._runner is not None:
            self._runner.close()
        self.storage.database.close()

    def __enter__(self) -> LocalStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
