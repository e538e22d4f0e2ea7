"""curator: a terminal workbench for curating and de-identifying images held in AWS HealthImaging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

__all__ = ["__version__", "connect"]
__version__ = "0.1.0"


def connect(store: str = "local", **options: Any) -> HealthImagingClient:
    """Return a boto3 ``medical-imaging`` client for a ``--store`` form; see `curator.stores.connect`."""
    from curator.stores import connect

    return connect(store, **options)
