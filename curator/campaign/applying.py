"""`apply`: the plan's calls, exactly; image sets beside each other, the calls of one unit in order."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from curator.audit import Ledger
from curator.campaign.actions import (
    CopyAction,
    DeleteAction,
    MergeAction,
    NotPromoted,
    TagAction,
    UpdateAction,
    as_is,
)
from curator.campaign.calls import Action, Caller, OnTags, Stopped
from curator.campaign.elsewhere import Doors
from curator.campaign.importing import SHORT, ImportAction
from curator.campaign.journal import Campaign, Phase, Status, UnitState, anchor
from curator.campaign.noting import Noting
from curator.campaign.promoting import NOT_BEGUN
from curator.campaign.sealing import DOMAIN, sealed_payload, sealed_values
from curator.errors import (
    Cancelled,
    CuratorError,
    LimitExceeded,
    NotFound,
    ReadOnly,
    ServiceError,
    StoreError,
)
from curator.imageset import ImageSetMetadata
from curator.plan.importing import as_imported
from curator.plan.units import Copy, Delete, Import, Step, Tag, Unit, Update, by_import, replay

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

WORKERS: Final = 16
"""Image sets in work at once: enough to keep every rate busy while operations are LOCKED; the quota is 100."""

_LOOK: Final = 0.5
"""Seconds after which a worker that was told to pause looks whether the run was stopped."""

SETTLED: Final = frozenset({Status.DONE, Status.UNDONE, Status.FINISHED, Status.REBUILT})
"""Units that apply does not touch again."""
RETRIED: Final = frozenset({Status.WAITING, Status.BEGUN, Status.LOCKED, Status.OPEN})


Told: TypeAlias = Callable[[int, Status, str], None]
"""Hears a unit's number, where it stands, and why."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is. ``rate`` is calls a second so far; ``seconds_left`` None when nobody can say."""

    units: int
    units_done: int
    calls: int
    calls_done: int
    stopped_units: int
    throttles: int
    rate: float
    seconds_left: float | None


@dataclass(slots=True)
class Applied:
    """What came of an apply: units by status, and those not done with their reasons."""

    statuses: dict[Status, int] = field(default_factory=dict)
    open: list[tuple[int, str, Status, str]] = field(default_factory=list)  # unit, title, status, reason
    calls: int = 0

    @property
    def complete(self) -> bool:
        """Whether every unit is done."""
        return not self.open

    def count(self, unit: Unit, status: Status, reason: str) -> None:
        """Add one unit."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status not in SETTLED:
            self.open.append((unit.number, unit.title, status, reason))


class _Meter:
    """Counts calls and units across threads, and tells whoever listens."""

    def __init__(
        self, campaign: Campaign, throttles: Callable[[], int], listen: Callable[[Progress], None]
    ) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._throttles = throttles
        self._listen = listen
        cost = campaign.plan.cost
        self.now = Progress(cost.units, 0, sum(cost.calls.values()), 0, 0, 0, 0.0, None)
        self._made = 0

    def step(self, *, calls: int = 0, made: int = 0, units: int = 0, stopped: int = 0) -> None:
        with self._lock:
            self._made += made
            seen = self.now
            rate = self._made / max(1e-6, time.monotonic() - self._began)
            done = seen.calls_done + calls
            left = (seen.calls - done) / rate if self._made else None
            self.now = replace(
                seen,
                units_done=seen.units_done + units,
                calls_done=done,
                stopped_units=seen.stopped_units + stopped,
                throttles=self._throttles(),
                rate=rate,
                seconds_left=left,
            )
            self._listen(self.now)


def apply(
    campaign: Campaign,
    imaging: HealthImaging,
    who: dict[str, str],
    *,
    stopped: threading.Event | None = None,
    going: threading.Event | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    told: Told = lambda number, status, reason: None,
    max_image_sets: int | None = None,
    workers: int = WORKERS,
    remote: bool = False,
) -> Applied:
    """Carry out a plan, from wherever it stands, and return what came of each unit.

    While ``going`` is cleared no unit is begun; those that were begun are ended. ``told`` hears from threads where a
    unit stands, each time that changes.
    Raises `ReadOnly`, `LimitExceeded` and `Refused` (another data store, another process at it) before anything
    is done, `Cancelled` after what was begun is recorded. A unit that cannot go on stops nobody else.
    """
    plan = campaign.plan
    if imaging.read_only:
        raise ReadOnly("The store was opened read-only; nothing was applied.", hint="drop --read-only")
    campaign.require_store(imaging.datastore_id)
    if max_image_sets is not None and plan.cost.image_sets > max_image_sets:
        raise LimitExceeded(
            f"The plan changes {plan.cost.image_sets} image sets; --max-image-sets allows {max_image_sets}.",
            hint="nothing was done; raise the limit if that is right",
        )
    with (
        campaign.open_ledger(who) as ledger,
        Doors(campaign, imaging) as doors,
        Noting(campaign, imaging) as noting,
    ):
        watched = _Watched(stopped or threading.Event(), going, progress, told)
        run = _Run(campaign, doors, ledger, watched, remote, noting.tags)
        ledger.append(
            "apply", state="begun", plan=campaign.id, store=plan.header.store, datastore=imaging.datastore_id
        )
        try:
            applied = run.all(workers)
        except Cancelled:
            ledger.append("apply", state="stopped")
            raise
        ledger.append(
            "apply", state="ended", units={str(name): count for name, count in applied.statuses.items()}
        )
        head = ledger.head
    anchor(campaign.project, who, "campaign", [("campaign", campaign.id), ("head", str(head))])
    return applied


@dataclass(frozen=True, slots=True)
class _Watched:
    """How whoever asked for the run steers it, and hears of it."""

    stopped: threading.Event
    going: threading.Event | None
    progress: Callable[[Progress], None]
    told: Told

    def hold(self) -> None:
        """Wait while nothing new is to be begun; a stop ends that, too."""
        while self.going is not None and not self.going.wait(_LOOK) and not self.stopped.is_set():
            pass


class _Run:
    """One run of apply."""

    def __init__(
        self,
        campaign: Campaign,
        doors: Doors,
        ledger: Ledger,
        watched: _Watched,
        remote: bool,
        on_tags: OnTags,
    ) -> None:
        self.campaign = campaign
        self.on_tags = on_tags
        self.doors = doors
        self.imaging = imaging = doors.own
        self.ledger = ledger
        self.watched = watched
        self.stopped = watched.stopped
        self.remote = remote
        self.states = campaign.state()
        self.keyed = campaign.project.keyed(DOMAIN)
        limiter = imaging.limiter
        self.meter = _Meter(campaign, lambda: int(getattr(limiter, "throttles", 0)), watched.progress)
        self.made = {id for state in self.states.values() for id in state.names.values()}
        self.made_lock = threading.Lock()
        self.copying: dict[str, threading.Lock] = {}
        self.promoted = self.unpromoted = False  # whether the store made a copy primary, or refused to

    def all(self, workers: int) -> Applied:
        """Carry out all units, some at once, reading the plan only as fast as they are done."""
        applied = Applied()
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="campaign") as pool:
            running: dict[Future[tuple[Status, str]], Unit] = {}
            try:
                for unit in self.campaign.plan.units():
                    while len(running) >= 2 * workers:
                        _collect(running, applied)
                    running[pool.submit(self.unit, unit)] = _light(unit)
                while running:
                    _collect(running, applied)
            except BaseException:
                self.stopped.set()
                raise
        applied.calls = self.meter.now.calls_done
        return applied

    def unit(self, unit: Unit) -> tuple[Status, str]:
        """Carry out one unit and return where it stands."""
        with self.made_lock:
            state = self.states.setdefault(unit.number, UnitState())
        self.meter.step(calls=state.done_steps())
        if state.status not in RETRIED:
            self.meter.step(units=1, stopped=state.status not in SETTLED)
            return state.status, state.reason
        if self.unpromoted and not state.steps and unit.promotes:
            self.meter.step(units=1, stopped=1)
            return Status.WAITING, NOT_BEGUN  # each would fail at its last copy
        caller = Caller(
            self.imaging,
            self.ledger,
            unit.number,
            state,
            self.stopped,
            remote=self.remote,
            on_outcome=lambda operation: self.meter.step(calls=1, made=1),
            on_tags=self.on_tags,
        )
        try:
            self.watched.hold()
            caller.check_stopped()
            self.watched.told(unit.number, Status.BEGUN, "")
            if unit.steps and not state.steps:
                _check_versions(caller, unit)
            if unit.steps and state.status is Status.WAITING:
                self._begin(caller, unit)
            for index in range(len(unit.steps)):
                with self._alone(unit.steps[index]):
                    self._carry_out(caller, unit, index)
            status, reason = Status.DONE, ""
        except Stopped as stop:
            status, reason = stop.status, stop.reason
            if isinstance(stop, NotPromoted) and not self.promoted:
                self.unpromoted = True
        except Cancelled:
            raise
        except (ServiceError, StoreError) as error:
            status, reason = Status.OPEN, error.message
        except CuratorError as error:
            status, reason = Status.FAILED, error.message
        if (status, reason) != (state.status, state.reason):
            said = {"reason": reason} if reason else {}
            caller.record("unit", state=str(status), **said)
        self.watched.told(unit.number, status, reason)
        self.meter.step(units=1, stopped=status not in SETTLED)
        return status, reason

    def _carry_out(self, caller: Caller, unit: Unit, index: int) -> None:
        action = self._action(caller, unit, index)
        outcome = caller.carry_out(Phase.APPLY, index, action)
        if isinstance(action, ImportAction):
            action.clean()  # the outcome is on the disk: nobody needs the files any more
            if SHORT in outcome:
                raise Stopped(Status.FAILED, str(outcome[SHORT]))
        if isinstance(action, CopyAction) and action.step.promote:
            self.promoted = True
        if "name" in outcome:
            with self.made_lock:
                self.made.add(str(outcome["set"]))

    def _alone(self, step: Step) -> AbstractContextManager[object]:
        """Let one new copy of a series at a time be on its way.

        In doubt a copy is told by its series and content. Two sets of one series may be alike; a copy of one must
        not be taken for the other's, whose answer is just arriving.
        """
        if not (isinstance(step, Copy) and step.new):
            return nullcontext()
        with self.made_lock:
            return self.copying.setdefault(step.series, threading.Lock())

    def _begin(self, caller: Caller, unit: Unit) -> None:
        """Record what the unit is about and why: its image sets, its rules, and a keyed hash of all its values."""
        rules = Counter(change.why.rule for patch in unit.patches for change in patch.changes())
        values = sealed_values(self.keyed, unit)
        caller.record(
            "unit",
            state=str(Status.BEGUN),
            kind=str(unit.kind),
            sets=[[member.id, member.version] for member in unit.members],
            rules=dict(rules),
            changes=unit.changes,
            values=values,
        )
        caller.state.status = Status.BEGUN

    def _action(self, caller: Caller, unit: Unit, index: int) -> Action:
        step = unit.steps[index]
        payload = ""
        if isinstance(step, Update):
            payload = sealed_payload(self.keyed, step)
        return action_of(caller, unit, index, payload, self._taken, self.doors)

    def _taken(self, image_set: str) -> bool:
        with self.made_lock:
            return image_set in self.made


def action_of(
    caller: Caller, unit: Unit, index: int, payload: str, taken: Callable[[str], bool], doors: Doors
) -> Action:
    """Return the action of a step; what it predicts is computed only in doubt."""
    state, step = caller.state, unit.steps[index]

    def predict(name: str) -> ImageSetMetadata:
        base = base_documents(caller.imaging, unit)
        return replay(unit.steps, base, index + 1, patches=unit.patches)[name]

    def at(name: str) -> tuple[str, str]:
        return state.id_of(name), state.version_of(unit, name)

    match step:
        case Update():
            also = dict(map(at, step.also))
            return UpdateAction(caller, step, *at(step.set), payload, partial(predict, step.set), also)
        case Copy(new=True):
            return CopyAction(caller, step, step.into, at(step.set), partial(predict, step.into), taken)
        case Copy():
            form = as_imported if step.into in by_import(unit.steps[: index + 1]) else as_is
            return MergeAction(caller, step, at(step.set), at(step.into), partial(predict, step.into), form)
        case Delete():
            return DeleteAction(caller, state.id_of(step.set))
        case Tag():
            return TagAction(caller, state.id_of(step.set), step.tags)
        case Import():
            return ImportAction(caller, unit, index, step, doors)


def base_documents(
    imaging: HealthImaging, unit: Unit, *, without: Collection[str] = ()
) -> Mapping[str, ImageSetMetadata]:
    """Return the documents of the unit's image sets at the versions that the plan was made for."""
    return {
        member.id: imaging.document(member.id, member.version)
        for member in unit.members
        if member.id not in without
    }


def doubtful_action(caller: Caller, unit: Unit, index: int, doors: Doors) -> Action:
    """Return the action of a step whose intent is recorded and whose outcome is not, to look what became of it."""
    return action_of(
        caller, unit, index, "", lambda image_set: image_set in caller.state.names.values(), doors
    )


def _check_versions(caller: Caller, unit: Unit) -> None:
    """Refuse a unit whose image sets moved on since the plan was made: it is planned again, never forced."""
    for member in unit.members:
        try:
            seen = caller.settled(member.id)
        except NotFound:
            raise Stopped(Status.MOVED, f"image set {member.id} is not there any more") from None
        if seen.version != member.version:
            raise Stopped(
                Status.MOVED,
                f"image set {member.id} is at version {seen.version}, planned was {member.version}",
            )


def _light(unit: Unit) -> Unit:
    return msgspec.structs.replace(unit, steps=(), patches=())


def _collect(running: dict[Future[tuple[Status, str]], Unit], applied: Applied) -> None:
    """Take in the units that are done, waiting for one at least."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        unit = running.pop(future)
        applied.count(unit, *future.result())


def states_of(campaign: Campaign) -> Iterator[tuple[Unit, UnitState]]:
    """Yield each unit of the plan with what the ledger knows of it."""
    states = campaign.state()
    for unit in campaign.plan.units():
        yield unit, states.get(unit.number, UnitState())
