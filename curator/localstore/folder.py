"""The open folder that operations work on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from curator.localstore.limits import Meter
from curator.localstore.storage import Storage

if TYPE_CHECKING:
    from curator.localstore.imports.runner import JobRunner


class Folder:
    """What is stored, the buckets beside it, and what of the service depends on time: clock, quotas, import jobs."""

    def __init__(
        self,
        storage: Storage,
        *,
        buckets: Mapping[str, Path],
        clock: Callable[[], float],
    ) -> None:
        self.storage = storage
        self.buckets = dict(buckets)
        """``s3://NAME`` → the folder that stands for it."""
        self.clock = clock
        self.limits = storage.limits
        self.edition = storage.edition
        self.meter = Meter(storage.limits)
        self._runner: JobRunner | None = None
        self._making_runner = threading.Lock()

    @property
    def imports(self) -> JobRunner:
        """The import jobs of this process, made when first asked for."""
        with self._making_runner:
            if self._runner is None:
                from curator.localstore.imports.runner import JobRunner

                self._runner = JobRunner(self.storage, self.buckets)
            return self._runner
