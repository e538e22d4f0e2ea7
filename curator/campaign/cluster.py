"""Reading, checking, planning and verifying on a Dask cluster; writing stays with the coordinator.

Batches of image sets (whole studies for rules, whole subjects for publications) go to workers together with what they
need, and results come back in the order in which one machine would have made them: a plan made here has the digest of
a plan made alone. Workers read at an equal share of the one rate, so that all of them together never exceed it. A
batch whose worker dies is given to another one; every batch can be done twice, for none of them writes.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from curator.errors import CuratorError, StoreError, UsageError

if TYPE_CHECKING:
    from distributed import Client

    from curator.healthimaging import HealthImaging
    from curator.project import Project

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")

AHEAD: Final = 3
"""Batches given out beyond one for each worker: no worker waits, and no more is in memory."""
SPILL: Final = "spill"
"""The folder below the project to which local workers write what does not fit in memory; removed after the run."""
FORMS: Final = "--on dask (this machine) or --on dask://HOST:PORT (a cluster that is there)"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What travels to and from workers: pickled, and never shown by whatever logs arguments."""

    content: bytes = field(repr=False)

    @classmethod
    def of(cls, value: object) -> Sealed:
        """Seal a value."""
        return cls(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))

    def open(self) -> Any:
        """Return the value."""
        return pickle.loads(self.content)


@dataclass(frozen=True, slots=True)
class Access:
    """How a worker reaches the data store: its spec, its own share of the rates (None: not limited until throttled)."""

    spec: str
    datastore: str
    rates: tuple[tuple[str, float, float], ...] | None = None


class Cluster:
    """Workers that can be given batches."""

    def __init__(self, client: Client, access: Access, project: Path) -> None:
        self.client = client
        self.access = access
        self.project = project

    def map(self, work: Callable[[T], R], batches: Iterable[T]) -> Iterator[R]:
        """Yield ``work`` of each batch, in order, with a bounded number of batches given out."""
        return self._map(Sealed.of(work), batches)

    def map_with(self, work: Callable[[S, T], R], given: S, batches: Iterable[T]) -> Iterator[R]:
        """Yield ``work`` of what is ``given`` and each batch, as `map` does; ``given`` travels once to a worker."""
        # A result, not scattered data: where the workers that hold it die, the scheduler has it made anew.
        held = self.client.submit(_held, Sealed.of(given), pure=False)
        return self._map(Sealed.of(work), batches, held)

    def _map(self, work: Sealed, batches: Iterable[T], *given: Any) -> Iterator[R]:
        from distributed import KilledWorker

        most = AHEAD + len(self.client.scheduler_info(n_workers=-1)["workers"])
        running: deque[Any] = deque()

        def first() -> R:
            try:
                answer: Sealed = running.popleft().result()
            except KilledWorker:
                raise StoreError(
                    "One batch ended several workers of the cluster.",
                    hint="see the cluster's own logs (memory?), or run without --on; nothing was changed",
                ) from None
            value = answer.open()
            if isinstance(value, CuratorError):
                raise value
            result: R = value
            return result

        try:
            for batch in batches:
                running.append(self.client.submit(_done, work, Sealed.of(batch), *given, pure=False))
                if len(running) >= most:
                    yield first()
            while running:
                yield first()
        finally:
            for future in running:
                future.cancel()


def _held(given: Sealed) -> Sealed:
    """Keep on a worker what many batches need."""
    return given


def _done(work: Sealed, batch: Sealed, *given: Sealed) -> Sealed:
    """Do one batch on a worker. Errors of ours travel as values, so that no log of the cluster tells them."""
    try:
        return Sealed.of(work.open()(*(each.open() for each in given), batch.open()))
    except CuratorError as error:
        return Sealed.of(error)
    except Exception as error:
        # Its text might hold a value.
        return Sealed.of(StoreError(f"A worker of the cluster failed: {type(error).__name__}."))


@contextmanager
def open_cluster(
    where: str,
    project: Project,
    spec: str,
    datastore: str,
    *,
    scale: float = 1.0,
    rates: Mapping[str, tuple[float, float]] | None = None,
    workers: int | None = None,
) -> Iterator[Cluster]:
    """Open ``dask`` (workers on this machine) or ``dask://HOST:PORT``; `UsageError` where that cannot be.

    ``rates`` are those of the account (default: the guide's times ``scale`` on AWS, none elsewhere).
    """
    from curator.stores import whole

    try:
        import dask
        import distributed
    except ImportError:
        raise UsageError("Dask is not installed.", hint="pip install '.[dask]'") from None
    address = where.removeprefix("dask").removeprefix("://")
    if where != "dask" and not (where.startswith("dask://") and address):
        raise UsageError(f"{where!r} names no cluster.", hint=FORMS)
    # Workers may have another working folder and another home than this process.
    named = whole(spec, datastore) if spec.startswith("local") else spec
    opened = _existing(distributed, address, spec) if address else _local(distributed, project, workers)
    # One image set may be 50 MB, and travels whole: that is no mistake to warn a user of.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}), opened as client:
        count = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
        yield Cluster(
            client, Access(named, datastore, _share(spec, count, scale, rates)), project.root.absolute()
        )


def _share(
    spec: str, count: int, scale: float, rates: Mapping[str, tuple[float, float]] | None
) -> tuple[tuple[str, float, float], ...] | None:
    from curator.plan.buckets import PACE
    from curator.plan.cost import RATES

    if rates is None and not spec.startswith("aws:"):
        return None
    given = RATES if rates is None else rates
    return tuple(
        (name, rate * scale * PACE / count, max(1.0, burst / count)) for name, (rate, burst) in given.items()
    )


@contextmanager
def _local(distributed: Any, project: Project, workers: int | None) -> Iterator[Client]:
    """Start workers on this machine: TLS between them, since other users can reach the ports, and files 0600."""
    import dask

    spill = project.folder(SPILL)
    before = os.umask(0o077)
    # The diagnostic pages need no key, and show what is being done.
    quiet = dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []})
    try:
        cluster = distributed.LocalCluster(
            n_workers=workers or max(2, os.cpu_count() or 1),
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls",
            security=distributed.Security.temporary(),
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            local_directory=str(spill),
            silence_logs=50,
        )
        with quiet, cluster, distributed.Client(cluster) as client:
            yield client
    finally:
        os.umask(before)
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def _existing(distributed: Any, address: str, spec: str) -> Iterator[Client]:
    from curator.stores import is_loopback

    host = urlsplit(f"tcp://{address}").hostname or ""
    near = is_loopback(host)
    security = distributed.Security()
    encrypted = security.get_connection_args("client").get("ssl_context") is not None
    if not near and not encrypted:
        raise UsageError(
            "Patients' data would cross the network to the cluster in the clear.",
            hint="configure TLS for Dask (distributed.comm.tls), then name the cluster again",
        )
    if not near and spec.startswith("local"):
        raise UsageError("Workers elsewhere cannot read a local store.", hint="--on dask, or a store at AWS")
    try:
        client = distributed.Client(
            f"{'tls' if encrypted else 'tcp'}://{address}", security=security, timeout=10
        )
    except (OSError, TimeoutError) as error:
        raise StoreError(
            f"No Dask scheduler answers at {address} ({type(error).__name__}).", hint=FORMS
        ) from None
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise StoreError(f"The Dask cluster at {address} has no workers.")
        yield client


@lru_cache(maxsize=4)
def door(access: Access) -> HealthImaging:
    """Return a worker's own door to the data store, which writes nothing; opened once a process."""
    from curator.campaign.limits import RateLimiter
    from curator.stores import open_store

    rates = None if access.rates is None else {name: (rate, burst) for name, rate, burst in access.rates}
    return open_store(access.spec, read_only=True, limiter=RateLimiter(rates)).imaging
