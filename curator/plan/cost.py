"""What a plan costs before anybody applies it: calls by rate, hours, touches, storage, and what would save some."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

import msgspec

from curator.plan.packing import Payload
from curator.plan.units import OPERATIONS, Copy, Import, Unit, Update

RATES: Final[dict[str, tuple[float, float]]] = {
    "UpdateImageSetMetadata": (0.25, 1),
    "CopyImageSet": (0.25, 1),
    "DeleteImageSet": (0.25, 1),
    "StartDICOMImportJob": (0.25, 1),
    "GetDICOMImportJob": (25, 50),
    "ListDICOMImportJobs": (10, 20),
    "SearchImageSets": (25, 50),
    "GetImageSet": (25, 50),
    "ListImageSetVersions": (25, 50),
    "GetImageSetMetadata": (50, 100),
    "GetImageFrame": (1000, 2000),
    "TagResource": (10, 20),
    "UntagResource": (10, 20),
    "ListTagsForResource": (10, 20),
    "GetDatastore": (10, 20),
    "ListDatastores": (5, 10),
    "CreateDatastore": (0.085, 1),
    "DeleteDatastore": (0.085, 1),
    "GetDICOMInstance": (50, 100),
    "GetDICOMInstanceMetadata": (50, 100),
    "GetDICOMInstanceFrames": (50, 100),
}
"""Calls a second, and how many at once: the guide's default throttling limits, operation by operation."""


_TOUCHES: Final = ("UpdateImageSetMetadata", "CopyImageSet", "StartDICOMImportJob")


class Cost(msgspec.Struct):
    """What a plan costs. Calls by API operation; ``touches`` move image sets to the dearer storage tier.

    ``reads`` are calls beside the plan's own steps. ``series`` are the update calls and bytes of
    image sets that share a series, for what merging them first would save.
    """

    units: int = 0
    image_sets: int = 0
    changes: int = 0
    calls: dict[str, int] = {}
    versions: int = 0
    frame_bytes: int = 0
    payload_bytes: int = 0
    least_bytes: int = 0
    forced: int = 0
    left_out: int = 0
    series: dict[str, tuple[int, int, int]] = {}
    reads: dict[str, int] = {}
    reimported: int = 0

    def add(self, unit: Unit) -> None:
        """Count one unit."""
        self.units += 1
        self.image_sets += len(unit.members) if unit.steps else 0
        self.changes += unit.changes
        self.frame_bytes += unit.frame_bytes
        self.least_bytes += unit.least_bytes
        self.left_out += sum(each.count for each in unit.left_out)
        updates = 0
        for step in unit.steps:
            name = OPERATIONS[type(step)]
            self.calls[name] = self.calls.get(name, 0) + 1
            self.versions += isinstance(step, Update | Copy | Import)
            if isinstance(step, Import):
                self.reads["GetDICOMInstance"] = self.reads.get("GetDICOMInstance", 0) + step.files
                self.reimported += step.files
            if isinstance(step, Update):
                updates += 1
                self.forced += bool(step.because)
                self.payload_bytes += sum(len(blob or b"") for blob in step.blobs)
        if len(unit.series) == 1 and len(unit.members) == 1 and updates:
            sets, calls, size = self.series.get(unit.series[0], (0, 0, 0))
            self.series[unit.series[0]] = sets + 1, calls + updates, size + unit.least_bytes

    def take(self, other: Cost) -> None:
        """Count what another cost counted, of other units."""
        self.units += other.units
        self.image_sets += other.image_sets
        self.changes += other.changes
        self.versions += other.versions
        self.frame_bytes += other.frame_bytes
        self.payload_bytes += other.payload_bytes
        self.least_bytes += other.least_bytes
        self.forced += other.forced
        self.left_out += other.left_out
        self.reimported += other.reimported
        for mine, theirs in ((self.calls, other.calls), (self.reads, other.reads)):
            for operation, count in theirs.items():
                mine[operation] = mine.get(operation, 0) + count
        for uid, counts in other.series.items():
            sets, calls, size = self.series.get(uid, (0, 0, 0))
            self.series[uid] = sets + counts[0], calls + counts[1], size + counts[2]

    @property
    def touches(self) -> int:
        """Reads and writes that count as access: what applying takes, and one read a set to verify."""
        return sum(self.calls.get(name, 0) for name in _TOUCHES) + self.image_sets

    def seconds(self, rates: dict[str, tuple[float, float]] | None = None) -> float:
        """Return the least wall-clock time at these rates: the buckets run beside each other."""
        rates = RATES if rates is None else rates
        return max(
            (
                max(0.0, count - rates[name][1]) / rates[name][0]
                for name, count in (*self.calls.items(), *self.reads.items())
            ),
            default=0,
        )

    def saved_by_merging(self, payload: Payload | None = None) -> tuple[int, int]:
        """Return how many update calls merging each torn series first would save, and the copies that costs."""
        limit = (payload or Payload()).limit
        saved = copies = 0
        for sets, calls, size in self.series.values():
            if sets > 1:
                merged = max(1, ceil(size / limit))
                if calls - merged > 0:
                    saved += calls - merged
                    copies += sets - 1
        return saved, copies


def cost_of(units: Iterable[Unit]) -> Cost:
    """Return the cost of all units."""
    cost = Cost()
    for unit in units:
        cost.add(unit)
    return cost


def spelled(seconds: float) -> str:
    """Return a time as people say it: ``3.7 min``, ``11 h``, ``<1 s``."""
    for size, name in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.3g} s" if seconds >= 1 else "<1 s"
