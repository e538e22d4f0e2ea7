"""The embedded data store for other programs: HTTP on loopback, every request signed (`curator serve`)."""

from __future__ import annotations
