"""`undo`: the image sets are again what they were, proved by diff; what others did since is never overwritten.

Before `finish` undo is exact: ``revertToVersionId`` to the version that the plan was made for, and deletion of the
image sets that the campaign made. After it the deleted ones are rebuilt (`curator.campaign.rebuilding`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curator.audit import Ledger
from curator.campaign.actions import DeleteAction, RevertAction, TagAction
from curator.campaign.applying import WORKERS, base_documents, states_of
from curator.campaign.calls import Action, Caller, Stopped, next_version, says_the_same
from curator.campaign.elsewhere import Doors
from curator.campaign.importing import ImportAction, at
from curator.campaign.journal import Campaign, Phase, Status, UnitState, anchor
from curator.campaign.noting import Noting
from curator.campaign.rebuilding import rebuild, where_it_went
from curator.campaign.verifying import side_by_side
from curator.errors import Cancelled, CuratorError, NotFound, ReadOnly
from curator.imageset import content_hash
from curator.plan.units import Copy, Delete, Import, Step, Tag, Unit

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

REBUILD_STEPS = 1_000_000
"""Undo's own calls are numbered from here, after those of the unit's rebuilding."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one unit: ``reason`` says why it is not as before, or in what it differs (ids, history)."""

    unit: int
    title: str
    status: Status
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether the image sets are as they were."""
        return self.status in (Status.UNDONE, Status.REBUILT)


def undo(
    campaign: Campaign,
    imaging: HealthImaging,
    who: dict[str, str],
    *,
    image_set: str | None = None,
    stopped: threading.Event | None = None,
    remote: bool = False,
    progress: Callable[[Undone], None] = lambda _: None,
) -> list[Undone]:
    """Take back what the campaign did: all of it, or the units that have to do with one image set.

    Safe to run again after any interruption. Raises `ReadOnly`, `Cancelled`.
    """
    if imaging.read_only:
        raise ReadOnly("The store was opened read-only; nothing was undone.", hint="drop --read-only")
    campaign.require_store(imaging.datastore_id)
    stopping = stopped or threading.Event()
    results: list[Undone] = []
    with (
        campaign.open_ledger(who) as ledger,
        Doors(campaign, imaging) as doors,
        Noting(campaign, imaging) as noting,
    ):
        ledger.append("undo", state="begun")

        def taken_back(chain: list[tuple[Unit, UnitState]]) -> list[Undone]:
            callers = (
                (
                    unit,
                    Caller(
                        imaging,
                        ledger,
                        unit.number,
                        state,
                        stopping,
                        remote=remote,
                        on_tags=noting.tags,
                    ),
                )
                for unit, state in chain
            )
            return [_undo_unit(campaign, caller, ledger, unit, doors) for unit, caller in callers]

        try:
            for found in side_by_side(_chains(campaign, image_set), taken_back, workers=WORKERS):
                results += found
                for result in found:
                    progress(result)
        except BaseException:
            stopping.set()  # the others end as soon as what they have begun is recorded
            raise
        ledger.append(
            "undo", state="ended", units=len(results), open=sum(not each.complete for each in results)
        )
        head = ledger.head
    anchor(campaign.project, who, "campaign", [("campaign", campaign.id), ("head", str(head))])
    return sorted(results, key=lambda each: each.unit)


def _chains(campaign: Campaign, image_set: str | None) -> Iterator[list[tuple[Unit, UnitState]]]:
    """Yield units that can be taken back side by side, and lists of those that must go one after the other.

    In later editions imports of one series extend one image set: what extended it last is taken back first.
    """
    counts = Counter(each for state in campaign.state().values() for each in set(state.names.values()))
    shared = {each for each, count in counts.items() if count > 1}
    chains: dict[str, list[tuple[Unit, UnitState]]] = {}
    for unit, state in _concerned(campaign, image_set):
        common = shared.intersection(state.names.values())
        if not common:
            yield [(unit, state)]
            continue
        joined = {id(chain): chain for each in common if (chain := chains.get(each)) is not None}
        whole = [pair for chain in joined.values() for pair in chain] + [(unit, state)]
        for each in {name for _, other in whole for name in shared.intersection(other.names.values())}:
            chains[each] = whole
    for chain in {id(chain): chain for chain in chains.values()}.values():
        yield sorted(chain, key=lambda pair: _imported_last(pair[1]), reverse=True)


def _imported_last(state: UnitState) -> int:
    """Return the highest version that an import of the unit made of an image set."""
    outcomes = (known.outcome for known in state.steps.values() if known.outcome and "job" in known.outcome)
    return max((int(str(outcome.get("version", 0))) for outcome in outcomes), default=0)


def _concerned(campaign: Campaign, image_set: str | None) -> Iterator[tuple[Unit, UnitState]]:
    """Yield the units that did something, of one image set or of all."""
    for unit, state in states_of(campaign):
        chosen = image_set is None or image_set in _sets_of(unit, state)
        if chosen and (state.steps or state.status is Status.FINISHED):
            yield unit, state


def _sets_of(unit: Unit, state: UnitState) -> set[str]:
    return {member.id for member in unit.members} | set(state.names.values())


def _undo_unit(campaign: Campaign, caller: Caller, ledger: Ledger, unit: Unit, doors: Doors) -> Undone:
    state = caller.state
    if state.status in (Status.UNDONE, Status.REBUILT):
        return Undone(unit.number, unit.title, state.status, state.reason)
    finished = state.status is Status.FINISHED
    try:
        _settle_doubt(caller, unit, doors)
        if finished and unit.emptied:
            _ours(caller, unit, where_it_went(unit)[0])  # before anything is rebuilt from it
        reason = rebuild(campaign, caller, unit) if finished else ""
        gone = set(unit.emptied) if finished else set()
        for index, action in enumerate(_actions(caller, unit, gone, doors), REBUILD_STEPS):
            caller.carry_out(Phase.UNDO, index, action)
        _prove(caller, unit, gone)
        status = Status.REBUILT if finished and unit.emptied else Status.UNDONE
    except Stopped as stop:
        return Undone(unit.number, unit.title, stop.status, stop.reason)
    except Cancelled:
        raise
    except CuratorError as error:
        return Undone(unit.number, unit.title, Status.OPEN, error.message)
    said = {"reason": reason} if reason else {}
    ledger.append("unit", unit=unit.number, state=str(status), **said)
    return Undone(unit.number, unit.title, status, reason)


def _settle_doubt(caller: Caller, unit: Unit, doors: Doors) -> None:
    """Find out what became of a call that apply was killed in, and record it if it was carried out."""
    from curator.campaign.applying import doubtful_action

    for (phase, index), known in sorted(caller.state.steps.items()):
        if phase != Phase.APPLY or known.outcome is not None:
            continue
        action = doubtful_action(caller, unit, index, doors)
        try:
            outcome = action.look(known.intent)
        except Stopped as stop:
            if stop.status is not Status.FAILED:
                raise
            continue
        if outcome is not None:
            caller.record("outcome", phase=Phase.APPLY, step=index, state="done", **outcome)
            caller.state.read({"event": "outcome", "phase": "apply", "step": index, **outcome})
    for index, step in enumerate(unit.steps):
        if isinstance(step, Import):
            ImportAction(caller, unit, index, step, doors).clean()


def _actions(caller: Caller, unit: Unit, gone: set[str], doors: Doors) -> Iterator[Action]:
    """Yield what takes the unit back: first what is there returns, then what was made goes."""
    state = caller.state
    done = [unit.steps[index] for index in _done(state) if index < len(unit.steps)]
    changed = dict.fromkeys(name for step in done for name in _changed(step) if not name.startswith("$"))
    for name in changed:
        member = unit.member(name)
        if member is not None and name not in gone:
            yield RevertAction(caller, name, _ours(caller, unit, name), member.version)
    for step in done:
        if isinstance(step, Tag) and step.set not in gone and not step.set.startswith("$"):
            yield TagAction(caller, state.id_of(step.set), step.tags, remove=True)
    deleted = {step.set for step in done if isinstance(step, Delete)}
    for name in reversed(list(state.names)):
        if name not in deleted and not name.startswith("$r"):
            there = at(caller, doors.of(unit, name))
            version = _ours(there, unit, name)
            before = _before_import(state, name)
            if before:  # later editions: the import went into a set that was there, and is not the campaign's
                yield RevertAction(there, state.id_of(name), version, before)
                continue
            yield DeleteAction(there, state.id_of(name))
            for other in _made_beside(state, state.id_of(name)):
                yield DeleteAction(there, other)


def _before_import(state: UnitState, name: str) -> str:
    """Return the version that an image set had before an import extended it; "" for one that the import made."""
    for known in state.steps.values():
        if known.outcome and known.outcome.get("name") == name and "job" in known.outcome:
            version = int(str(known.outcome["version"]))
            return str(version - 1) if version > 1 else ""
    return ""


def _made_beside(state: UnitState, image_set: str) -> list[str]:
    """Return what an import job made beside the one image set that it was to make."""
    found: list[str] = []
    for known in state.steps.values():
        others = known.outcome.get("others") if known.outcome else None
        if known.outcome and known.outcome.get("set") == image_set and isinstance(others, list):
            found += map(str, others)
    return found


def _done(state: UnitState) -> list[int]:
    return sorted(
        index for (phase, index), known in state.steps.items() if phase == Phase.APPLY and known.outcome
    )


def _changed(step: Step) -> tuple[str, ...]:
    if isinstance(step, Copy):
        return (step.into,)
    return () if isinstance(step, Tag | Delete | Import) else (step.set, *step.also)


def _ours(caller: Caller, unit: Unit, name: str) -> str:
    """Return the version to revert from; `Stopped` when others have changed the image set since."""
    state = caller.state
    image_set, version = state.id_of(name), state.version_of(unit, name)
    if _has_outcome(state, image_set):
        return version
    try:
        latest = caller.settled(image_set)
    except NotFound:
        if name.startswith("$"):
            return version  # deleted already, by this undo or by others: nothing is left to do
        raise Stopped(Status.MOVED, f"image set {image_set} is not there any more") from None
    if latest.version == version:
        return version
    begun = _begun_at(state, image_set)
    if begun and latest.version in (begun, next_version(begun)):
        return begun  # this undo's own call, interrupted: it is recognised by its content
    if latest.failed and latest.version == next_version(version):
        return latest.version  # a failed operation used up a version and changed nothing
    if says_the_same(caller, image_set, version, latest.version):
        state.versions[image_set] = latest.version
        return latest.version
    raise Stopped(
        Status.MOVED,
        f"others made version {latest.version} of image set {image_set} after this campaign's {version}: "
        "left as it is (a later campaign is undone first)",
    )


def _begun_at(state: UnitState, image_set: str) -> str:
    """Return the version from which an interrupted call of this undo went out; "" if there is none."""
    for (phase, _), known in state.steps.items():
        if phase == Phase.UNDO and known.outcome is None and known.intent.get("set") == image_set:
            return str(known.intent.get("version", ""))
    return ""


def _has_outcome(state: UnitState, image_set: str) -> bool:
    """Say whether undo has dealt with this image set already."""
    return any(
        phase == Phase.UNDO and known.outcome is not None and known.intent.get("set") == image_set
        for (phase, _), known in state.steps.items()
    )


def _prove(caller: Caller, unit: Unit, gone: set[str]) -> None:
    """Require the diff between every image set and what it was to be empty, and copies to be gone."""
    base = base_documents(caller.imaging, unit, without=gone)
    for member in unit.members:
        if member.id in gone:
            continue
        now = caller.imaging.document(member.id)
        if content_hash(now) != content_hash(base[member.id]):
            raise Stopped(
                Status.OPEN, f"image set {member.id} is not what it was, though every call was carried out"
            )
