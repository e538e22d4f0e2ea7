"""Quotas and throttles of the service, as data (guide, "Service quotas" and "Throttling limits")."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from curator.localstore.faults import throttled

TOUCH_DAYS = 30
"""Days without a touch after which an image set moves to Archive Instant Access (guide, "storage tiers")."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """A token bucket: ``rate`` calls a second, ``burst`` at once."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the store refuses. The defaults are the quotas that decide what a call may hold; rates are off."""

    # assumption: the guide says "10 Kilobytes", not whether of raw or base64 bytes, of one blob or of both.
    # We count raw bytes over both.
    payload_bytes: int = 10_000
    metadata_bytes: int = 50_000_000
    copied_frames: int = 1_000
    tags: int = 50
    datastores: int | None = None
    concurrent: int | None = None
    """Updates, copies and deletes in flight a data store, each."""
    import_files: int = 5_000
    throttles: Mapping[str, Throttle] = field(default_factory=dict)

    def times(self, scale: float) -> Limits:
        """Return the quotas with ``scale`` times the rates, as an account has whose limits were raised."""
        raised = {name: Throttle(each.rate * scale, each.burst) for name, each in self.throttles.items()}
        return replace(self, throttles=raised)


DEFAULT = Limits()

AWS = replace(
    DEFAULT,
    datastores=10,
    concurrent=100,
    throttles={
        "CreateDatastore": Throttle(0.085, 1),
        "GetDatastore": Throttle(10, 20),
        "ListDatastores": Throttle(5, 10),
        "DeleteDatastore": Throttle(0.085, 1),
        "StartDICOMImportJob": Throttle(0.25, 1),
        "GetDICOMImportJob": Throttle(25, 50),
        "ListDICOMImportJobs": Throttle(10, 20),
        "SearchImageSets": Throttle(25, 50),
        "GetImageSet": Throttle(25, 50),
        "GetImageSetMetadata": Throttle(50, 100),
        "GetImageFrame": Throttle(1000, 2000),
        "ListImageSetVersions": Throttle(25, 50),
        "UpdateImageSetMetadata": Throttle(0.25, 1),
        "CopyImageSet": Throttle(0.25, 1),
        "DeleteImageSet": Throttle(0.25, 1),
        "TagResource": Throttle(10, 20),
        "ListTagsForResource": Throttle(10, 20),
        "UntagResource": Throttle(10, 20),
        "GetDICOMInstance": Throttle(50, 100),
        "GetDICOMInstanceMetadata": Throttle(50, 100),
        "GetDICOMInstanceFrames": Throttle(50, 100),
    },
)
"""The guide's numbers for an account that asked for nothing more."""


class Meter:
    """The token buckets of one open store, by operation."""

    def __init__(self, limits: Limits) -> None:
        self._throttles = limits.throttles
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens left, as of when
        self._lock = threading.Lock()

    def take(self, operation: str, now: float) -> None:
        """Take one token; ThrottlingException when the bucket is empty."""
        throttle = self._throttles.get(operation)
        if throttle is None:
            return
        with self._lock:
            tokens, since = self._buckets.get(operation, (throttle.burst, now))
            tokens = min(throttle.burst, tokens + max(0.0, now - since) * throttle.rate)
            # A refused call costs nothing; the sliver makes a wait of exactly 1/rate enough.
            allowed = tokens >= 1 - 1e-9
            self._buckets[operation] = (tokens - 1 if allowed else tokens, now)
        if not allowed:
            raise throttled()
