"""After `finish`: what was deleted is rebuilt from where its instances went, by copies and updates.

The rebuilt image set equals the original except in its ids (of the set and of its frames) and its history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from curator.campaign.actions import CopyAction, MergeAction, UpdateAction
from curator.campaign.calls import Action, Caller, Stopped
from curator.campaign.journal import Campaign, Phase, Status, UnitState
from curator.dicom import Json
from curator.findings import ABSENT, Absent, Change, Safety, Why
from curator.imageset import ImageSetMetadata
from curator.imageset.equality import canonical, same_value
from curator.plan.chunks import chunks
from curator.plan.model import after_copy, after_update
from curator.plan.renames import Renames
from curator.plan.units import Copy, Kind, Step, Unit, Update, update_steps
from curator.plan.updates import plan_update
from curator.project import write_private

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

_REBUILD = Why("undo", "the image set is rebuilt as it was")


def keep_original(campaign: Campaign, imaging: HealthImaging, image_set: str, version: str) -> None:
    """Keep an image set's document (0600) before it is deleted: rebuilding needs what it said."""
    path = campaign.originals / f"{image_set}.json.gz"
    if not path.exists():
        write_private(path, imaging.metadata(image_set, version))


def read_original(campaign: Campaign, image_set: str) -> ImageSetMetadata:
    """Return a deleted image set's document; `Stopped` when it was purged."""
    path = campaign.originals / f"{image_set}.json.gz"
    if not path.exists():
        raise Stopped(
            Status.OPEN, f"the document of the deleted image set {image_set} was purged: it cannot be rebuilt"
        )
    return ImageSetMetadata.parse(path.read_bytes())


def rebuild(campaign: Campaign, caller: Caller, unit: Unit) -> str:
    """Rebuild the unit's deleted image sets and return what differs from before, in words."""
    said: list[str] = []
    index = 0
    for number, image_set in enumerate(unit.emptied):
        original = read_original(campaign, image_set)
        name = f"$r{number + 1}"
        source, renames = where_it_went(unit)
        now = caller.imaging.document(caller.state.id_of(source), applied_version(caller.state, unit, source))
        steps, documents = _steps(original, now, source, name, renames)
        for step, after in zip(steps, documents, strict=True):
            caller.carry_out(Phase.UNDO, index, _action(caller, unit, step, after, name))
            index += 1
        made = caller.state.id_of(name)
        if _comparable(caller.imaging.document(made)) != _comparable(original):
            raise Stopped(Status.OPEN, f"image set {made}, rebuilt for {image_set}, is not what that was")
        said.append(f"{image_set} was rebuilt as {made}: equal except ids and history")
    return "; ".join(said)


def applied_version(state: UnitState, unit: Unit, name: str) -> str:
    """Return the version that apply left of an image set, whatever undo has made of it since."""
    image_set = state.id_of(name)
    made = [
        str(known.outcome["version"])
        for (phase, _), known in state.steps.items()
        if phase == Phase.APPLY
        and known.outcome
        and known.outcome.get("set") == image_set
        and "version" in known.outcome
    ]
    return max(made, key=int) if made else state.version_of(unit, name)


def where_it_went(unit: Unit) -> tuple[str, Renames]:
    """Return the name of the image set that holds what the deleted ones held, and its new UIDs."""
    if unit.kind is Kind.PUBLISH:
        return "$2", Renames.of(operation for patch in unit.patches for operation in patch.patch)
    return unit.members[0].id, Renames()


def _steps(
    original: ImageSetMetadata, now: ImageSetMetadata, source: str, name: str, renames: Renames
) -> tuple[list[Step], list[ImageSetMetadata]]:
    """Return the calls that make ``original`` of what ``now`` holds, and the document after each."""
    chosen: dict[str, list[str]] = {}
    for uid, sop, _ in original.instances():
        series, instance = renames.series.get(uid, uid), renames.instances.get(sop, sop)
        if series not in now.series or instance not in now.series[series].instances:
            raise Stopped(
                Status.OPEN, "an instance of the deleted image set is in none of those that are left"
            )
        chosen.setdefault(series, []).append(instance)
    steps: list[Step] = []
    documents: list[ImageSetMetadata] = []
    copied: ImageSetMetadata | None = None
    for part in chunks(now, chosen, new=True):
        whole = part if len(part) > 1 or sum(map(len, part.values())) < now.instance_count else None
        steps.append(Copy(source, name, copied is None, whole, series=next(iter(part))))
        copied = after_copy(now, copied, whole)
        documents.append(copied)
    assert copied is not None
    update = plan_update(copied, list(changes_between(copied, original, renames.reversed())))
    for step in update_steps(name, update.calls):
        steps.append(step)
        copied = after_update(copied, *step.blobs)
        documents.append(copied)
    return steps, documents


def _action(caller: Caller, unit: Unit, step: Step, after: ImageSetMetadata, name: str) -> Action:
    state = caller.state
    match step:
        case Copy(new=True):
            source = state.id_of(step.set), state.version_of(unit, step.set)
            return CopyAction(
                caller, step, name, source, lambda: after, lambda other: other in state.names.values()
            )
        case Copy():
            source = state.id_of(step.set), state.version_of(unit, step.set)
            return MergeAction(
                caller, step, source, (state.id_of(name), state.version_of(unit, name)), lambda: after
            )
        case Update():
            return UpdateAction(
                caller, step, state.id_of(name), state.version_of(unit, name), "", lambda: after, {}
            )
        case _:
            raise AssertionError("rebuilding copies and updates")


def changes_between(
    a: ImageSetMetadata, b: ImageSetMetadata, renames: Renames | None = None
) -> Iterator[Change]:
    """Yield the top-level elements to change so that ``a`` says what ``b`` says; ``renames`` lead from a to b."""
    renames = renames or Renames()
    for place in a.places():
        there = renames.path(place)
        before, after = a.attributes(place) or {}, b.attributes(there)
        if after is None:
            continue
        for key in dict.fromkeys([*before, *after]):
            old: Json | Absent = before.get(key, ABSENT)
            new: Json | Absent = after.get(key, ABSENT)
            if isinstance(old, Absent) or isinstance(new, Absent) or not same_value(old, new):
                source = a if isinstance(new, Absent) else b
                vr = source.vr_of((place if isinstance(new, Absent) else there).child(key))
                yield Change(place.child(key), old, new, vr, _REBUILD, Safety.SAFE)


def _comparable(document: ImageSetMetadata) -> bytes:
    """Return the document without what a copy cannot keep: the ids of set, store and frames."""
    tree = document.to_json()
    tree.pop("ImageSetID", None)
    tree.pop("DatastoreID", None)
    bare = ImageSetMetadata.from_json(tree)
    for _, _, instance in bare.instances():
        frames = instance.node.get("ImageFrames")
        for frame in frames if isinstance(frames, list) else ():
            if isinstance(frame, dict):
                frame.pop("ID", None)
    return canonical(tree)
