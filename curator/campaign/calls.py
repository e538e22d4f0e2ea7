"""Making one recorded call, exactly once, whatever happens to the answer.

The intent is on the disk before the call goes out, the outcome after its operation has ended. Whenever it is not
known whether a call was carried out (a lost answer, a kill between call and record), nothing is repeated before
the service has been asked: versions and contents tell, since the plan predicts both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from curator.campaign.journal import Phase, Status, StepState, UnitState
from curator.dicom import Json
from curator.errors import (
    Cancelled,
    LimitExceeded,
    Moved,
    NotFound,
    OperationFailed,
    ServiceError,
    Throttled,
    Unreachable,
)
from curator.imageset import content_hash

if TYPE_CHECKING:
    from curator.audit import Ledger
    from curator.healthimaging import HealthImaging, ImageSetProperties

ATTEMPTS: Final = 6
"""How often a call without a clear answer is made again, after looking each time."""
PATIENCE: Final = 900.0
"""Seconds to wait for a lock, others' or our own."""

REFUSALS: Final = frozenset({"ValidationException", "ServiceQuotaExceededException"})
"""Error codes by which the service says that the call itself is wrong: repeating it is of no use."""

Outcome = dict[str, Json]
"""What is recorded of a call that was carried out: ``set``, ``version``, for new image sets ``name``."""


OnTags: TypeAlias = Callable[[str, Mapping[str, str], Collection[str]], None]
"""Hears of an image set which tags were put on it, and which were removed."""


class Stopped(Exception):
    """The unit cannot go on: why, and where that leaves it. The text holds no values."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Action(Protocol):
    """One call as a campaign makes it."""

    def intent(self) -> Mapping[str, Json]:
        """Return what is recorded before: operation, image set, version."""

    def send(self, intent: Mapping[str, Json]) -> Outcome:
        """Make the call and wait for its operation to end."""

    def look(self, intent: Mapping[str, Json]) -> Outcome | None:
        """Return the outcome if the call was carried out, None if it was not; `Stopped` if others were there."""


@dataclass(slots=True)
class Caller:
    """Carries out actions of one unit: records, repeats, looks. Shared parts are safe across threads."""

    imaging: HealthImaging
    ledger: Ledger
    unit: int
    state: UnitState
    stopped: threading.Event
    patience: float = PATIENCE
    remote: bool = False  # whether a search may lag behind what was written
    on_outcome: Callable[[str], None] = lambda operation: None
    on_tags: OnTags = lambda image_set, put, removed: None

    def carry_out(self, phase: Phase, step: int, action: Action) -> Outcome:
        """Return the action's outcome: the recorded one, the one that is found, or that of making the call."""
        known = self.state.steps.get((phase, step))
        if known is not None and known.outcome is not None:
            return known.outcome
        outcome: Outcome | None = None
        if known is None:
            self.check_stopped()
            said = dict(action.intent())
            self.record("intent", phase=phase, step=step, **said)
            known = StepState({"event": "intent", "phase": str(phase), "step": step, **said})
            self.state.steps[(phase, step)] = known
        else:
            outcome = action.look(known.intent)
        if outcome is None:
            outcome = self._make(action, known.intent)
        self.record("outcome", phase=phase, step=step, state="done", **outcome)
        self.state.read({"event": "outcome", "phase": str(phase), "step": step, **outcome})
        self.on_outcome(str(known.intent.get("op", "")))
        return outcome

    def _make(self, action: Action, intent: Mapping[str, Json]) -> Outcome:
        for attempt in range(ATTEMPTS):
            self.check_stopped()
            try:
                return action.send(intent)
            except Throttled:
                self.pause(attempt)  # a throttled call was not accepted
                continue
            except OperationFailed as error:
                raise Stopped(Status.FAILED, error.message) from None
            except LimitExceeded as error:
                raise Stopped(Status.FAILED, error.message) from None
            except (Moved, NotFound, Unreachable, ServiceError) as error:
                found = self._after_doubt(action, intent, attempt)
                if found is not None:
                    return found
                if error.code in REFUSALS:
                    raise Stopped(Status.FAILED, error.message) from None
                if type(error) is ServiceError and not is_passing(error):
                    raise Stopped(Status.OPEN, error.message) from None  # permissions, credentials
                self.pause(attempt)
        raise Stopped(
            Status.OPEN,
            "the service gave no clear answer; what it shows is that the call was not carried out",
        )

    def _after_doubt(self, action: Action, intent: Mapping[str, Json], attempt: int) -> Outcome | None:
        for more in range(attempt, ATTEMPTS):
            try:
                return action.look(intent)
            except ServiceError as error:
                passing = isinstance(error, Unreachable | Throttled) or is_passing(error)
                if not passing or more == ATTEMPTS - 1:
                    raise Stopped(
                        Status.OPEN, f"whether the call was carried out is not known: {error.message}"
                    ) from None
                self.pause(more)
        return None

    def record(self, event: str, /, **members: Json) -> None:
        """Write a line about this unit."""
        self.ledger.append(event, unit=self.unit, **{name: _plain(value) for name, value in members.items()})

    def check_stopped(self) -> None:
        """Raise `Cancelled` when the user has stopped the campaign."""
        if self.stopped.is_set():
            raise Cancelled("Stopped. What was begun is recorded; the same command goes on from here.")

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt, longer each time, with `Cancelled` as soon as the user stops."""
        if self.stopped.wait(min(10.0, 0.05 * 2**attempt)):
            self.check_stopped()

    def settled(self, image_set: str, version: str | None = None) -> ImageSetProperties:
        """Return an image set's state once it is not LOCKED; `NotFound` when it is deleted.

        `Stopped` when that takes too long.
        """
        waited, pause = 0.0, 0.01
        while True:
            seen = self.imaging.image_set(image_set, version)
            if seen.state == "DELETED":
                raise NotFound(f"Image set {image_set} is deleted.")
            if not seen.locked:
                return seen
            if waited > self.patience:
                raise Stopped(Status.LOCKED, f"image set {image_set} is still LOCKED ({seen.workflow})")
            if self.stopped.wait(pause):
                self.check_stopped()
            waited += pause
            pause = min(5.0, pause * 1.5)

    def settle_made(self, image_set: str, version: str) -> None:
        """Wait for the operation that makes a version; `Stopped` (failed) when it ended in …_FAILED."""
        seen = self.settled(image_set)
        if seen.version != version:  # others are at it already: what became of ours?
            seen = self.settled(image_set, version)
        if seen.failed:
            raise Stopped(Status.FAILED, failure(image_set, version, seen))


def _plain(value: Json) -> Json:
    return str(value) if isinstance(value, str) else value


def is_passing(error: ServiceError) -> bool:
    """Say whether the service's own trouble is the cause, which passes."""
    return error.code in ("InternalServerException", "ServiceUnavailable", "InternalFailure", "")


def failure(image_set: str, version: str, seen: ImageSetProperties) -> str:
    """Say which version failed and why, without the UIDs that the service's message may repeat."""
    from curator.healthimaging.failures import without_uids

    return f"image set {image_set} version {version}: {seen.workflow}: {without_uids(seen.message)}"


def says_the_same(caller: Caller, image_set: str, one: str, other: str) -> bool:
    """Say whether two versions of an image set have one content: what came between was taken back."""
    first, second = (caller.imaging.document(image_set, each) for each in (one, other))
    return content_hash(first) == content_hash(second)


def next_version(version: str) -> str:
    """Return the version that the next write makes."""
    return str(int(version) + 1)
