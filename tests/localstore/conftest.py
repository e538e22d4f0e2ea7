"""The services that the conformance suite runs against.

``CURATOR_TEST_STORE=aws:DATASTORE`` with ``CURATOR_TEST_BUCKET=NAME`` and ``CURATOR_TEST_ROLE=ARN`` runs it on
that data store of a real account, where it deletes what it made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from curator.localstore import Limits, LocalStore, inprocess_client
from tests.localstore.imaging import FolderBucket, Imaging, S3Bucket, on_aws
from tests.served import serving


@contextmanager
def in_process(
    root: Path,
    *,
    edition: str = "2025-01",
    delay: float = 0.0,
    limits: Literal["aws"] | Limits | None = None,
    clock: Callable[[], float] = time.time,
    pass_time: Callable[[float], None] = time.sleep,
) -> Iterator[Imaging]:
    """Open a store in this process, with one data store and one bucket."""
    bucket = FolderBucket("inbox", root / "inbox")
    bucket.folder.mkdir()
    with LocalStore.open(
        root / "store",
        edition=edition,
        delay=delay,
        limits=limits,
        buckets={"inbox": bucket.folder},
        clock=clock,
    ) as store:
        client = inprocess_client(store, attempts=1)
        made = client.create_datastore(datastoreName="suite", clientToken="suite")["datastoreId"]
        found = Imaging(client, made, bucket, "in-process", pass_time=pass_time)
        pass_time(delay)  # CREATING until then
        yield found


@contextmanager
def over_http(root: Path) -> Iterator[Imaging]:
    """Serve a store from another process, and reach it as any program would: by three variables."""
    import boto3

    bucket = FolderBucket("inbox", root / "inbox")
    bucket.folder.mkdir()
    with serving(root / "store", root / "ready.json", "--bucket", f"inbox={bucket.folder}") as served:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in served.environment.items():
                if name.startswith("AWS_"):
                    patch.setenv(name, value)
            client = boto3.session.Session().client("medical-imaging")
            # Credentials and the configuration are read late: make one call while the variables are there.
            client.list_datastores()
        yield Imaging(client, served.datastore_id, bucket, "http")


@contextmanager
def on_account() -> Iterator[Imaging]:
    """Use a data store of a real account."""
    import boto3

    client = boto3.session.Session().client("medical-imaging")
    datastore_id = os.environ["CURATOR_TEST_STORE"].removeprefix("aws:")
    bucket, role = S3Bucket(os.environ["CURATOR_TEST_BUCKET"]), os.environ["CURATOR_TEST_ROLE"]
    imaging = Imaging(client, datastore_id, bucket, "aws", role)
    yield imaging
    for image_set_id in set(imaging.made):
        if imaging.wait(image_set_id)["imageSetState"] == "ACTIVE":
            client.delete_image_set(datastoreId=datastore_id, imageSetId=image_set_id)


@pytest.fixture(scope="session", params=["aws"] if on_aws() else ["in-process", "http"])
def imaging(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imaging]:
    """A data store, reached in each of the ways there are."""
    root = tmp_path_factory.mktemp("imaging")
    ways = {"in-process": lambda: in_process(root), "http": lambda: over_http(root), "aws": on_account}
    with ways[request.param]() as found:
        yield found


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Imaging]:
    """A data store of the test's own, in this process."""
    with in_process(tmp_path) as found:
        yield found


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Imaging]:
    """A data store of the test's own, whose operations take ten seconds of a clock that waiting moves."""
    clock = Clock()
    with in_process(tmp_path, delay=10.0, clock=clock, pass_time=clock.pass_time) as found:
        yield found


@pytest.fixture
def newer(tmp_path: Path) -> Iterator[Imaging]:
    """A data store of the test's own that behaves as edition 2025-07."""
    with in_process(tmp_path, edition="2025-07") as found:
        yield found
