"""One rate limiter for all threads: the guide's token buckets, slower when the service says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from curator.errors import Cancelled
from curator.plan.buckets import PACE, Bucket
from curator.plan.cost import RATES


class RateLimiter:
    """Paces calls by API operation; `curator.healthimaging.Limiter`.

    ``rates`` are calls a second and burst by operation; an operation that is not named is not limited until the
    service throttles it, and then at the guide's rate. ``stopped`` ends all waiting with `Cancelled`.
    """

    def __init__(
        self,
        rates: Mapping[str, tuple[float, float]] | None = None,
        *,
        scale: float = 1.0,
        stopped: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._scale = scale
        self._lock = threading.Lock()
        self.stopped = stopped or threading.Event()
        self.throttles = 0
        self._buckets = {
            operation: self._bucket(rate, burst) for operation, (rate, burst) in (rates or {}).items()
        }

    @classmethod
    def for_store(
        cls, spec: str, *, scale: float = 1.0, stopped: threading.Event | None = None
    ) -> RateLimiter:
        """Return the limiter that fits a ``--store``: the guide's rates on AWS, none until throttled elsewhere."""
        return cls(RATES if spec.startswith("aws:") else None, scale=scale * PACE, stopped=stopped)

    def _bucket(self, rate: float, burst: float) -> Bucket:
        return Bucket(rate * self._scale, burst, burst, self._clock())

    def acquire(self, operation: str) -> None:
        """Wait until one more call of this operation may go out."""
        with self._lock:
            bucket = self._buckets.get(operation)
            pause = bucket.reserve(self._clock()) if bucket else 0.0
        if self.stopped.wait(pause) if pause > 0 else self.stopped.is_set():
            raise Cancelled("Stopped. What was begun is recorded; the same command goes on from here.")

    def throttled(self, operation: str) -> None:
        """Learn that the service refused a call for its rate."""
        with self._lock:
            self.throttles += 1
            bucket = self._buckets.get(operation)
            if bucket is None:
                rate, burst = RATES.get(operation, (1.0, 1.0))
                bucket = self._buckets[operation] = self._bucket(rate, burst)
                bucket.free = 0.0
            else:
                bucket.slow(self._clock())

    def rate(self, operation: str) -> float | None:
        """Return the present rate of an operation in calls a second, None when it is not limited."""
        with self._lock:
            bucket = self._buckets.get(operation)
            return bucket.rate * bucket.factor if bucket else None
