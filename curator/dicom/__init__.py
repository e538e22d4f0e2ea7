"""Facts of the DICOM standard and of HealthImaging's reading of it, as data."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Any JSON value, as HealthImaging's metadata documents hold them."""
