"""The one door to HealthImaging: every call to the service, in AWS or embedded, goes through `HealthImaging`.

It pages, waits for LOCKED image sets, never repeats a write whose outcome is unknown, and turns what boto3 raises
into `curator.errors`. Sources: the developer guide's API pages and botocore's model (healthimaging.md §1–5).
"""

from __future__ import annotations

from curator.healthimaging.door import HealthImaging, Limiter
from curator.healthimaging.shapes import (
    CopyOutcome,
    DatastoreSummary,
    ImageSetProperties,
    ImageSetSummary,
    ImportJob,
)

__all__ = [
    "CopyOutcome",
    "DatastoreSummary",
    "HealthImaging",
    "ImageSetProperties",
    "ImageSetSummary",
    "ImportJob",
    "Limiter",
]
