"""A pytest plugin: the fixture ``medical_imaging``, a boto3 client on an empty data store of the test's own.

Nothing but pytest is imported until a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient


@pytest.fixture
def medical_imaging(tmp_path: Path) -> Iterator[HealthImagingClient]:
    """A boto3 ``medical-imaging`` client on an empty data store in ``tmp_path``: no delay, no network, no account.

    Import jobs read ``s3://bucket/…`` from ``tmp_path / "bucket"``; ``client.list_datastores()`` names the data store.
    """
    from curator.stores import open_store

    bucket = tmp_path / "bucket"
    bucket.mkdir(exist_ok=True)
    store = open_store(f"local:{tmp_path / 'medical-imaging'}", buckets={"bucket": bucket})
    yield store.imaging.client
    store.close()
