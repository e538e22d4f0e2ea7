"""A key for tests."""

from __future__ import annotations

from tests.deid.conftest import keyed

__all__ = ["keyed"]
