"""Conflicts as the workbench decides them: in `Work` threads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator.errors import Refused
from curator.tui.walk import keep_plan

if TYPE_CHECKING:
    from curator.campaign.conflicts import Group
    from curator.campaign.journal import Campaign
    from curator.campaign.resolutions import Key, Resolution
    from curator.plan.cost import Cost
    from curator.plan.units import Unit
    from curator.tui.session import Session
    from curator.tui.work import Ticket


@dataclass(frozen=True, slots=True)
class Expected:
    """What one unit will do: in words (``alone``: to one image set in place), and its calls."""

    title: str
    alone: bool
    calls: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the decisions come to: the cost of all, the unit of each image set, and why some sets wait."""

    cost: Cost
    units: Mapping[str, Expected] = field(repr=False)
    waiting: Mapping[str, str] = field(repr=False)


def conflicts_of(
    session: Session, ids: Sequence[str], ticket: Ticket
) -> tuple[list[Group], list[Resolution]]:
    """Return the conflicts among ``ids`` (or all image sets), and what the project decided."""
    from curator.campaign.conflicts import gather
    from curator.campaign.resolutions import kept

    if session.embedded:
        session.read_documents(ticket)
    ticket.check()
    found = gather(session.catalogue, frozenset(ids) if ids else None)
    return found, kept(session.project)


def decide_conflicts(
    session: Session, new: Sequence[Resolution], withdrawn: Sequence[Key]
) -> list[Resolution]:
    """Keep decisions or take them back; return all that the project holds."""
    from curator.campaign.resolutions import decide

    return decide(session.project, new, withdrawn=withdrawn)


def foresee(
    session: Session, groups: Sequence[Group], decided: Sequence[Resolution], ticket: Ticket
) -> Foreseen:
    """Plan what is decided, keep nothing of it, and return what it would do and cost."""
    from curator.campaign.planning import Planning
    from curator.campaign.resolutions import Resolutions
    from curator.campaign.resolving import resolve
    from curator.plan.cost import Cost
    from curator.plan.units import Kind

    planning, cost = Planning(), Cost()
    units: dict[str, Expected] = {}
    for unit in resolve(session.catalogue, planning, how=None, decided=Resolutions(decided), groups=groups):
        ticket.check()
        cost.add(unit)
        expected = Expected(_short(unit), unit.kind is Kind.UPDATE, _calls(unit))
        units |= {member.id: expected for member in unit.members}
    return Foreseen(cost, units, dict(planning.skipped))


_WORDS = {
    "UpdateImageSetMetadata": ("update", "updates"),
    "CopyImageSet": ("copy", "copies"),
    "TagResource": ("tag", "tags"),
}


def calls_text(calls: Mapping[str, int]) -> str:
    """Return calls in few words: ``2 updates, 1 copy``."""
    told = [(count, *_WORDS.get(name, (name, name))) for name, count in calls.items()]
    return (
        ", ".join(
            f"{n:,} {one if n == 1 else many}"
            for n, one, many in sorted(told, key=lambda x: x[1:], reverse=True)
        )
        or "no calls"
    )


def _short(unit: Unit) -> str:
    """Return the unit's title with ids as lists show them."""
    title = unit.title
    for member in unit.members:
        title = title.replace(member.id, f"{member.id[:8]}…")
    return title


def _calls(unit: Unit) -> dict[str, int]:
    from curator.plan.units import OPERATIONS

    return dict(Counter(OPERATIONS[type(step)] for step in unit.steps))


def plan_decided(session: Session, spec: str, ids: Sequence[str]) -> Campaign:
    """Plan what is decided of conflicts, and nothing else."""
    from curator.campaign.planning import Planning
    from curator.campaign.resolutions import Resolutions, kept
    from curator.campaign.resolving import resolve

    planning = Planning()
    units = resolve(
        session.catalogue,
        planning,
        how=None,
        decided=Resolutions(kept(session.project)),
        within=frozenset(ids) if ids else None,
    )
    try:
        return keep_plan(
            session,
            spec,
            "conflicts as decided",
            ["resolve"],
            units,
            lambda: planning.skipped,
            {"resolve": "decided"},
        )
    except Refused as error:
        why = next((why for _, why in planning.skipped), "decide first; all that is decided may hold already")
        raise Refused("There is nothing to plan.", hint=why) from error
