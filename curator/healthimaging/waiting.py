"""Waiting for the service's asynchronous operations; it offers no waiters of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from curator.errors import OperationFailed
from curator.healthimaging.failures import without_uids
from curator.healthimaging.shapes import ImageSetProperties, ImportJob

PATIENCE = 900.0
"""Seconds after which a LOCKED image set is given up."""


def until_unlocked(
    look: Callable[[], ImageSetProperties], image_set_id: str, timeout: float
) -> ImageSetProperties:
    """Look until the image set is not LOCKED; raises `OperationFailed` for …_FAILED or when ``timeout`` is over."""
    for _ in _pauses(0.02, 5.0, timeout):
        seen = look()
        if seen.locked:
            continue
        if seen.failed:
            raise OperationFailed(
                f"image set {image_set_id} version {seen.version}: {seen.workflow}: {without_uids(seen.message)}",
                code=seen.workflow,
                hint="the version is used up, the content is that of the version before",
            )
        return seen
    raise OperationFailed(
        f"image set {image_set_id} is still LOCKED after {timeout:.0f} s",
        hint="look again: curator versions ID",
    )


def until_ended(
    look: Callable[[], ImportJob], progress: Callable[[ImportJob], None], timeout: float, longest: float
) -> ImportJob:
    """Look until the job has ended; raises `OperationFailed` when it FAILED or when ``timeout`` is over."""
    for _ in _pauses(0.05, longest, timeout):
        job = look()
        progress(job)
        if job.status == "FAILED":
            raise OperationFailed(f"import job {job.id} FAILED: {without_uids(job.message)}", code=job.status)
        if job.ended:
            return job
    raise OperationFailed(f"import job {look().id} has not ended after {timeout:.0f} s")


def _pauses(first: float, longest: float, timeout: float) -> Iterator[None]:
    """Yield at once, then after pauses (seconds) that grow by half each time, until ``timeout`` is over."""
    deadline, pause = time.monotonic() + timeout, first
    yield
    while time.monotonic() < deadline:
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        yield
        pause = min(pause * 1.5, longest)
