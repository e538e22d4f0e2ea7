"""The walk from findings to changes and back, as the workbench takes it: in `Work` threads only.

Everything it does is a plan first, kept as a campaign of the project; nothing here writes to an image set in any other way.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from curator.errors import Cancelled, Refused
from curator.findings import Finding, Safety
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.applying import Progress
    from curator.campaign.journal import Campaign, Status, UnitState
    from curator.campaign.verifying import Proof
    from curator.plan.units import Unit
    from curator.tui.session import Session
    from curator.tui.work import Ticket


@dataclass(frozen=True, slots=True)
class Told:
    """One unit of a campaign with what the ledger says of it; its changes and calls stay in the plan (``offset``)."""

    unit: Unit = field(repr=False)
    state: UnitState = field(repr=False)
    calls: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Alone:
    """An image set that a plan leaves alone, and why; what is known of it is for people to tell it by."""

    image_set: str
    why: str
    patient: str = field(default="", repr=False)
    modality: str = ""


def findings(session: Session, ids: Sequence[str], ticket: Ticket) -> list[Finding]:
    """Run all checks on what the catalogue holds, the gravest findings first.

    An embedded store is read up to date before; elsewhere that costs, and is left to `curator catalogue refresh`.
    """
    from curator.catalogue import Tags
    from curator.checks import run

    if session.embedded:
        session.read_documents(ticket, tags=Tags.COPIES)

    def progress(done: int, total: int) -> None:
        ticket.done, ticket.total = done, total
        ticket.changed()

    found: list[Finding] = []
    for finding in run(
        session.catalogue.view(), ids=ids, progress=progress, cancelled=lambda: ticket.cancelled
    ):
        ticket.check()
        found.append(finding)
    ticket.check()
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda each: (rank[each.severity], each.code, each.image_sets[:1]))


def plan_mending(session: Session, spec: str, found: Iterable[Finding]) -> Campaign:
    """Plan the safe changes of findings, one unit an image set. Where two would change one element, the first does."""
    from curator.campaign.mending import mending_units, safe_changes

    kept = list(found)
    rules = sorted({each.code for each in kept if any(c.safety is Safety.SAFE for _, c in each.changes)})
    units = mending_units(session.catalogue, safe_changes(kept))
    return keep_plan(session, spec, "safe changes of checks", rules, units)


def plan_resolution(session: Session, spec: str, ids: Sequence[str]) -> Campaign:
    """Plan what resolves conflicts: as the project decided, else merges, and the majority's value where sets disagree."""
    from curator.campaign.planning import Planning
    from curator.campaign.resolutions import Resolutions, kept
    from curator.campaign.resolving import resolve

    planning = Planning()
    within = frozenset(ids) if ids else None
    decided = Resolutions(kept(session.project))
    units = resolve(session.catalogue, planning, decided=decided, within=within)
    options = {"resolve": "majority"}
    try:
        return keep_plan(
            session, spec, "resolve conflicts", ["resolve"], units, lambda: planning.skipped, options
        )
    except Refused as error:
        why = next((why for _, why in planning.skipped), "")
        raise Refused(error.message, hint=f"{why}; X decides" if why else "") from error


def keep_plan(
    session: Session,
    spec: str,
    title: str,
    rules: Sequence[str],
    units: Iterable[Unit],
    skipped: Callable[[], Iterable[tuple[str, str]]] = tuple,
    options: dict[str, str] | None = None,
) -> Campaign:
    """Write the plan and return its campaign, kept in the project. `Refused` where there is nothing to plan."""
    from curator.campaign.journal import Campaign
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import header

    first = header(
        title=title,
        store=spec,
        datastore=session.imaging.datastore_id,
        project=str(session.project.root),
        rules=rules,
        options=options or {},
    )
    with tempfile.TemporaryDirectory(prefix="curator-plan-") as folder:
        path = Path(folder) / "plan.jsonl"
        if not write_plan(path, first, units, skipped).cost.units:
            raise Refused("there is nothing to plan: nothing here can be changed without a person's decision")
        return Campaign.begin(session.project, path)


def units_of(campaign: Campaign) -> list[Told]:
    """Return the campaign's units with where they stand, without what would not fit in memory for many."""
    from curator.campaign.journal import UnitState

    states = campaign.state()
    for state in states.values():
        state.steps.clear()  # the ledger is asked for calls
    return [
        Told(each.unit, states.get(each.unit.number, UnitState()), each.calls, each.offset)
        for each in campaign.plan.outline()
    ]


def alone_in(session: Session | None, campaign: Campaign) -> list[Alone]:
    """Return the image sets that the campaign's plan leaves alone, with what the catalogue knows of them."""
    found = []
    for name, why in campaign.plan.skipped():
        row = session.catalogue.row(name) if session is not None else None
        found.append(Alone(name, why, row.patient_id, row.modality) if row is not None else Alone(name, why))
    return found


Hears = Callable[["Progress", dict[int, tuple[str, str]]], None]
"""Hears how far an apply is, and where the units stand (status, reason) that moved since."""
_TELLS: Final = 0.2  # seconds between two tellings: screens need no more


class _Teller:
    """Gathers what threads tell, and passes it on at most every `_TELLS` seconds; the last of it always comes."""

    def __init__(self, ticket: Ticket, hears: Hears) -> None:
        self._ticket, self._hears = ticket, hears
        self._lock = threading.Lock()
        self._now: dict[int, tuple[str, str]] = {}
        self._seen: Progress | None = None
        self._timer: threading.Timer | None = None

    def unit(self, number: int, status: Status, reason: str) -> None:
        with self._lock:
            self._now[number] = str(status), reason
        self._soon()

    def progress(self, seen: Progress) -> None:
        self._ticket.done, self._ticket.total = seen.calls_done, seen.calls
        self._ticket.changed()
        with self._lock:
            self._seen = seen
        self._soon()

    def _soon(self) -> None:
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(_TELLS, self.tell)
                self._timer.daemon = True
                self._timer.start()

    def tell(self) -> None:
        """Pass on what was gathered."""
        with self._lock:
            self._timer, seen = None, self._seen
            now, self._now = self._now, {}
        if seen is not None:
            self._hears(seen, now)


def apply_campaign(
    session: Session, spec: str, campaign: Campaign, ticket: Ticket, hears: Hears = lambda seen, now: None
) -> str:
    """Carry out the plan, from wherever it stands; return what came of it in words."""
    from curator.campaign.applying import apply
    from curator.campaign.identity import who

    teller = _Teller(ticket, hears)
    if campaign.id not in session.walked:
        session.walked.append(campaign.id)
    with _paced(session, spec, ticket):
        applied = apply(
            campaign,
            session.imaging,
            who(spec),
            stopped=ticket.stop,
            going=ticket.going,
            progress=teller.progress,
            told=teller.unit,
            remote=spec.startswith("aws:"),
        )
    teller.tell()
    counts = ", ".join(f"{count:,} {status}" for status, count in applied.statuses.items())
    return counts or "nothing to do"


def verify_campaign(session: Session, spec: str, campaign: Campaign, ticket: Ticket) -> list[Proof]:
    """Hold every changed image set against the plan."""
    from curator.campaign.identity import who
    from curator.campaign.verifying import verify

    with _paced(session, spec, ticket):
        return verify(campaign, session.imaging, who(spec), progress=lambda proof: ticket.check())


def undo_campaign(
    session: Session, spec: str, campaign: Campaign, ticket: Ticket, sets: Sequence[str] = ()
) -> str:
    """Take back what was done, to all or to these image sets; return what came of it in words."""
    from collections import Counter

    from curator.campaign.identity import who
    from curator.campaign.undoing import undo

    counts: Counter[str] = Counter()
    with _paced(session, spec, ticket):
        for number, each in enumerate(sets or (None,)):
            results = undo(
                campaign,
                session.imaging,
                who(spec),
                image_set=each,
                stopped=ticket.stop,
                remote=spec.startswith("aws:"),
            )
            counts.update(str(result.status) for result in results)
            ticket.done, ticket.total = number + 1, len(sets)
            ticket.changed()
    return ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "nothing to undo"


def finish_campaign(session: Session, spec: str, campaign: Campaign, ticket: Ticket) -> tuple[str, bool]:
    """Delete what is emptied; return what came of it in words, and whether all was deleted."""
    from curator.campaign.finishing import finish
    from curator.campaign.identity import who

    with _paced(session, spec, ticket):
        results = finish(
            campaign,
            session.imaging,
            who(spec),
            confirmed=True,
            stopped=ticket.stop,
            remote=spec.startswith("aws:"),
        )
    kept = [each.reason for each in results if each.reason]
    text = f"finished: {plural(sum(len(each.deleted) for each in results), 'image set')} deleted"
    return (
        (f"{text}; {plural(len(kept), 'unit kept its own', 'units kept theirs')}: {kept[0]}", False)
        if kept
        else (text, True)
    )


def report_campaign(campaign: Campaign, path: str) -> Path:
    """Write the campaign's report in the form that the file's name asks for; return where it lies."""
    from curator.report.writing import form_of, write_report

    target = Path(path).expanduser().resolve()
    write_report(campaign, form_of(target), target)
    return target


def report_lines(campaign: Campaign) -> list[str]:
    """Return the campaign's report as Markdown."""
    from curator.report.writing import report_text

    return report_text(campaign, "md").splitlines()


class _paced:
    """Put the one rate limiter before the store while a campaign runs."""

    def __init__(self, session: Session, spec: str, ticket: Ticket) -> None:
        self._session, self._spec, self._ticket = session, spec, ticket

    def __enter__(self) -> None:
        from curator.campaign.limits import RateLimiter

        configured = self._session.project.config.get("rate_scale", 1.0)
        scale = float(configured) if isinstance(configured, int | float) else 1.0
        self._session.imaging.limiter = RateLimiter.for_store(
            self._spec, scale=scale, stopped=self._ticket.stop
        )

    def __exit__(self, *error: object) -> None:
        self._session.imaging.limiter = None
        if self._ticket.cancelled and error[0] is None:
            raise Cancelled("cancelled; what was begun is recorded and can go on")
