"""A key for tests, and small documents."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import pytest

from curator.deid.keyed import Keyed


def keyed_with(key: bytes) -> Keyed:
    """Return the keyed digests of one key, as `curator.project.Project.keyed` gives them."""

    def keyed(domain: str) -> Callable[[bytes], bytes]:
        subkey = hmac.digest(key, domain.encode(), "sha256")
        return lambda data: hmac.digest(subkey, data, "sha256")

    return keyed


@pytest.fixture(scope="session")
def keyed() -> Keyed:
    return keyed_with(b"k" * 32)
