"""What was done, by whom, call by call, as the ledgers say it: in `Work` threads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator.dicom import Json
from curator.errors import CuratorError, Refused
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.tui.rows import Cell
    from curator.tui.session import Session
    from curator.tui.work import Ticket


@dataclass(frozen=True, slots=True)
class Outline:
    """One campaign in the list of all: what it was to do, how many units stand where, who did what last.

    ``verified`` counts the units of which that was said. ``amended`` is the campaign that took this one's place.
    """

    id: str
    title: str
    made: str
    units: int
    image_sets: int
    changes: int
    statuses: dict[str, int]
    by: str = ""
    last: str = ""
    verified: dict[str, int] = field(default_factory=dict)
    excluded: int = 0
    amended: str = ""


def campaigns_of(session: Session, ticket: Ticket) -> list[Outline]:
    """Return the project's campaigns, the newest first."""
    from curator.campaign.journal import Campaign

    campaigns = [Campaign.open(session.project, folder.name) for folder in session.project.campaigns()]
    instead = {each.plan.header.amends: each.id for each in campaigns if each.plan.header.amends}
    found = []
    for number, campaign in enumerate(campaigns):
        ticket.report(number, len(campaigns))
        found.append(_outline(campaign, instead.get(campaign.id, "")))
    return sorted(found, key=lambda each: each.made, reverse=True)


def _outline(campaign: Campaign, amended: str) -> Outline:
    from curator.campaign.journal import UnitState

    states: dict[int, UnitState] = {}
    by = last = ""
    for entry in campaign.entries():
        by, last = str(entry.get("user", by)), f"{entry['event']} {str(entry['time'])[:16].replace('T', ' ')}"
        if isinstance(number := entry.get("unit"), int):
            states.setdefault(number, UnitState()).read(entry)
    cost, header = campaign.plan.cost, campaign.plan.header
    statuses = Counter(str(state.status) for state in states.values())
    if waiting := cost.units - len(states):
        statuses["waiting"] += waiting
    return Outline(
        campaign.id,
        header.title,
        header.made,
        cost.units,
        cost.image_sets,
        cost.changes,
        dict(statuses),
        by,
        last,
        dict(Counter(state.verified for state in states.values() if state.verified)),
        sum(each.changes for each in header.excluded),
        amended if not states else "",
    )


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One thing that a ledger says: a call with its outcome, or what is said of a unit or of the whole.

    ``members`` are all that stands in its lines; ledgers hold no values of elements.
    """

    n: int
    time: str
    by: str
    what: str
    call: str
    image_set: str
    version: str
    came_to: str
    members: tuple[tuple[str, str], ...] = field(repr=False)


def ledger_of(campaign: Campaign, unit: int | None, ticket: Ticket) -> list[LedgerLine]:
    """Return what the ledger says of a unit, or of everything; a call's intent and outcome are one line."""
    lines: list[LedgerLine] = []
    waiting: dict[tuple[Json, Json, Json], int] = {}
    for entry in campaign.entries():
        ticket.check()
        if unit is not None and entry.get("unit") != unit:
            continue
        key = (entry.get("unit"), entry.get("phase"), entry.get("step"))
        if entry["event"] == "outcome" and key in waiting:
            place = waiting.pop(key)
            lines[place] = _with_outcome(lines[place], entry)
            continue
        if entry["event"] == "intent":
            waiting[key] = len(lines)
        lines.append(_line(entry))
    return lines


def _line(entry: dict[str, Json]) -> LedgerLine:
    event = str(entry["event"])
    call = event == "intent"
    return LedgerLine(
        int(str(entry["n"])),
        str(entry["time"]),
        str(entry.get("user", "")),
        str(entry.get("phase", "")) if call else event,
        str(entry.get("op", "")) if call else "",
        str(entry.get("set", "")),
        str(entry.get("version", "")),
        "no outcome recorded" if call else str(entry.get("state", "")),
        tuple(_members(entry)),
    )


def _with_outcome(line: LedgerLine, entry: dict[str, Json]) -> LedgerLine:
    before, after = line.version, str(entry.get("version", ""))
    return LedgerLine(
        line.n,
        line.time,
        line.by,
        line.what,
        line.call,
        str(entry.get("set", line.image_set)),
        f"{before} → {after}" if before and after else after or before,
        str(entry.get("state", "done")),
        (*line.members, ("", ""), *_members(entry)),
    )


def _members(entry: dict[str, Json]) -> Iterator[tuple[str, str]]:
    import json

    for name, value in entry.items():
        yield name, value if isinstance(value, str) else json.dumps(value)


def ledger_problems(campaign: Campaign) -> list[tuple[int, str]]:
    """Return (line, what is wrong) of the campaign's ledger; nothing where it is whole."""
    from curator.campaign.auditing import problems_of

    return problems_of(campaign)


def check_ledgers(session: Session, ticket: Ticket) -> tuple[list[tuple[str, Cell]], bool]:
    """Hold every campaign's ledger against its chain, its heads and its plan; return what is to be told, and if all hold."""
    from curator.campaign.journal import Campaign

    told: list[tuple[str, Cell]] = []
    whole = True
    folders = list(session.project.campaigns())
    for number, folder in enumerate(folders):
        ticket.report(number, len(folders))
        try:
            campaign = Campaign.open(session.project, folder.name)
            wrong = ledger_problems(campaign)
        except CuratorError as error:
            wrong = [(0, error.message)]
        if wrong:
            whole = False
            line, what = wrong[0]
            told.append((folder.name[:12], (f"{plural(len(wrong), 'problem')}; line {line}: {what}", "bad")))
        else:
            told.append((folder.name[:12], ("whole: it says what the plan says", "good")))
    return told, whole


def plan_undo_of_rule(session: Session, spec: str, campaign: Campaign, rule: str) -> Campaign:
    """Plan what takes one rule back and nothing else, from the image sets as they are now."""
    from curator.campaign.planning import done_as_now, plan_without_rule
    from curator.tui.walk import keep_plan

    title = f"takes back rule {rule} of campaign {campaign.id[:12]}"
    units = plan_without_rule(done_as_now(campaign, session.imaging), rule)
    try:
        return keep_plan(session, spec, title, [rule], units)
    except Refused:
        raise Refused(f"Rule {rule} changed nothing here that could be taken back.") from None
