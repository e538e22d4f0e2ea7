"""`finish`: deletes what the campaign emptied or replaced. It ends exact undo, and says so beforehand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curator.campaign.actions import DeleteAction
from curator.campaign.applying import states_of
from curator.campaign.calls import Caller, Stopped, says_the_same
from curator.campaign.elsewhere import Doors
from curator.campaign.journal import Campaign, Phase, Status, UnitState, anchor
from curator.campaign.rebuilding import keep_original
from curator.campaign.verifying import Proof, prove
from curator.errors import Cancelled, ConfirmationMissing, CuratorError, ReadOnly
from curator.plan.merging import same_pixels
from curator.plan.units import Kind, Unit
from curator.printable import plural

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of one unit: the image sets deleted, or why none was."""

    unit: int
    title: str
    deleted: tuple[str, ...] = ()
    reason: str = ""


def to_delete(campaign: Campaign) -> list[str]:
    """Return the ids of the image sets that `finish` would delete."""
    return [
        name for unit, state in states_of(campaign) if state.status is Status.DONE for name in unit.emptied
    ]


def finish(
    campaign: Campaign,
    imaging: HealthImaging,
    who: dict[str, str],
    *,
    confirmed: bool,
    stopped: threading.Event | None = None,
    remote: bool = False,
    progress: Callable[[Finished], None] = lambda _: None,
) -> list[Finished]:
    """Delete the emptied and replaced image sets of every unit that is done and still verifies.

    Their documents are kept in the campaign's folder (PHI, 0600; `purge` removes them), so that undo can rebuild
    them. Raises `ConfirmationMissing` unless ``confirmed``; `ReadOnly`; `Cancelled`.
    """
    if imaging.read_only:
        raise ReadOnly("The store was opened read-only; nothing was deleted.", hint="drop --read-only")
    campaign.require_store(imaging.datastore_id)
    wanted = to_delete(campaign)
    if wanted and not confirmed:
        raise ConfirmationMissing(
            f"{plural(len(wanted), 'image set')} would be deleted with all their versions, for good; after that undo can "
            "only rebuild them, with other ids and without their history.",
            hint="say --yes if that is meant",
        )
    results: list[Finished] = []
    stopping = stopped or threading.Event()
    with campaign.open_ledger(who) as ledger, Doors(campaign, imaging) as doors:
        ledger.append("finish", state="begun", image_sets=len(wanted))
        for unit, state in states_of(campaign):
            if unit.emptied and state.status is Status.DONE:
                caller = Caller(imaging, ledger, unit.number, state, stopping, remote=remote)
                result = _finish_unit(campaign, caller, unit, state, doors)
                results.append(result)
                progress(result)
        ledger.append("finish", state="ended", image_sets=sum(len(each.deleted) for each in results))
        head = ledger.head
    anchor(campaign.project, who, "campaign", [("campaign", campaign.id), ("head", str(head))])
    return results


def _finish_unit(campaign: Campaign, caller: Caller, unit: Unit, state: UnitState, doors: Doors) -> Finished:
    begun = any(phase == Phase.FINISH for phase, _ in state.steps)
    if not begun:  # afterwards some of the sets are gone, as they should be
        proof = prove(doors, unit, state)
        if not proof.holds:
            return Finished(unit.number, unit.title, reason=f"not verified: {proof.problems[0]}")
        if proof.notes and (reason := _in_the_way(caller, unit, proof)):
            return Finished(unit.number, unit.title, reason=reason)
    try:
        for index, name in enumerate(unit.emptied):
            member = unit.member(name)
            if member is not None and (Phase.FINISH, index) not in state.steps:
                keep_original(campaign, caller.imaging, name, member.version)
            caller.carry_out(Phase.FINISH, index, DeleteAction(caller, name))
    except Stopped as stop:
        return Finished(unit.number, unit.title, reason=stop.reason)
    except Cancelled:
        raise
    except CuratorError as error:
        return Finished(unit.number, unit.title, reason=error.message)
    caller.record("unit", state=str(Status.FINISHED))
    return Finished(unit.number, unit.title, unit.emptied)


def _in_the_way(caller: Caller, unit: Unit, proof: Proof) -> str:
    """Say why nothing is deleted after what others did since; "" where a merge's sources lose nothing by it.

    A later campaign may have changed what was merged: it must still hold every instance of every source, and the
    sources must say what they said.
    """
    if unit.kind is not Kind.MERGE:
        return proof.notes[0]
    imaging, merged = caller.imaging, unit.members[0].id
    kept = imaging.document(merged)
    for name in unit.emptied:
        version = caller.state.version_of(unit, name)
        latest = caller.settled(name).version
        if latest != version and not says_the_same(caller, name, version, latest):
            return f"image set {name}: others made version {latest} after this campaign's {version}"
        for _, sop, instance in imaging.document(name, version).instances():
            there = kept.instance(sop)
            if there is None or not same_pixels(instance, there):
                return f"image set {merged} no longer holds every instance of {name}"
    return ""
