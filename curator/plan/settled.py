"""What settling yields: treatments level by level, what goes whole, what gets a new UID, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from curator.dicom.levels import Level
from curator.findings import Change, Safety
from curator.imageset import ElementPath
from curator.plan.leftout import LeftOut, Reason
from curator.treatments import TreatedLevel

_RANK: Final = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be done to one image set, ordered as the document is; no two changes meet.

    ``removed`` are instances and series; ``rekeyed`` are changes of the UIDs that key the document.
    """

    levels: list[TreatedLevel] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    rekeyed: list[Change] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)

    def leave(self, change: Change, reason: Reason) -> None:
        """Note a change that is not made, and why."""
        self.left.append(left_out(change, reason))


def left_out(change: Change, reason: Reason) -> LeftOut:
    """Return the entry of a change that is not made."""
    return LeftOut(reason, change.why.rule, str(change.path.generic()))


def forbidden(safety: Safety, allow: frozenset[Safety]) -> Reason | None:
    """Return why a change may not be made without a person, None where it may."""
    if safety in allow:
        return None
    return Reason.REPORT_ONLY if safety is Safety.REPORT_ONLY else Reason.REVIEW


def document_order(place: ElementPath) -> tuple[int, str, str]:
    """Return the sort key of a level: as documents have them, series and instances by UID."""
    return _RANK[place.level], place.series, place.instance
