"""One image set taken apart, or copied: by an element's value, by SOP class, by a list of instances."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from curator.dicom.levels import Level
from curator.errors import Refused
from curator.findings import ABSENT, Change, Safety, Why
from curator.imageset import ANY, ElementPath, ImageSetMetadata, content_hash
from curator.imageset.equality import canonical
from curator.plan.chunks import FRAMES_A_COPY, chunks, together
from curator.plan.merging import Party, frame_bytes
from curator.plan.model import after_copy
from curator.plan.packing import Payload
from curator.plan.units import Copy, Kind, Member, Role, Step, Unit, patch_of, update_steps
from curator.plan.updates import plan_update

_SPLIT = Why("split", "the instance goes to an image set of its own kind")


def groups_by(doc: ImageSetMetadata, element: ElementPath) -> list[list[str]]:
    """Return the SOP Instance UIDs grouped by the element's value, the largest group first.

    An element of the series groups by series; raises `Refused` for one that all instances share.
    """
    if element.level in (Level.PATIENT, Level.STUDY):
        raise Refused(f"All instances of an image set share {element.generic()}: it splits nothing.")
    groups: dict[bytes, list[str]] = {}
    for uid, sop, _ in doc.instances():
        instance = sop if element.level is Level.INSTANCE else ""
        value = doc.get(ElementPath(element.level, uid, instance, element.steps))
        groups.setdefault(canonical(value), []).append(sop)
    return sorted(groups.values(), key=len, reverse=True)


def groups_of(doc: ImageSetMetadata, listed: Iterable[str]) -> list[list[str]]:
    """Return the instances that stay and those that are listed; `Refused` when a listed one is not there."""
    wanted = dict.fromkeys(listed)
    present = [sop for _, sop, _ in doc.instances()]
    missing = wanted.keys() - set(present)
    if missing:
        raise Refused(f"{len(missing)} of the {len(wanted)} listed instances are not in the image set.")
    return [[sop for sop in present if sop not in wanted], [sop for sop in present if sop in wanted]]


def plan_split(
    party: Party, groups: Sequence[Sequence[str]], *, number: int = 0, payload: Payload | None = None
) -> Unit:
    """Plan a split: the first group stays, each other group is copied to a new image set and then removed here.

    Nothing is removed before its copy is there. Raises `Refused` when there is nothing to split, or an instance
    is too large to be copied.
    """
    doc = party.doc
    parted = [list(group) for group in groups if group]
    if len(parted) < 2:
        raise Refused(f"There is nothing to split: all instances of {party.id} belong together.")
    steps: list[Step] = []
    made: dict[str, str] = {}
    copied_bytes = 0
    for index, group in enumerate(parted[1:], 1):
        copied = _copy_out(doc, party.id, f"${index}", group, steps)
        copied_bytes += frame_bytes(copied)
        made[f"${index}"] = content_hash(copied)
    moved = [
        Change(ElementPath(Level.INSTANCE, ANY, sop), None, ABSENT, "", _SPLIT, Safety.REVIEW)
        for group in parted[1:]
        for sop in group
    ]
    update = plan_update(doc, moved, payload=payload)
    steps += update_steps(party.id, update.calls)
    member = Member(
        party.id,
        party.version,
        content_hash(doc),
        content_hash(update.predicted),
        Role.SOURCE,
        party.primary,
        len(update.calls),
        doc.instance_count,
    )
    return Unit(
        number,
        Kind.SPLIT,
        f"split {party.id} into {len(parted)} image sets",
        (member,),
        tuple(steps),
        (patch_of(party.id, update.operations),),
        update.left_out,
        made=made,
        changes=update.changes,
        least_bytes=update.least_bytes,
        series=tuple(doc.series),
        frame_bytes=copied_bytes,
    )


def copy_steps(
    party: Party, *, promote: bool = False, leave_out: Container[str] = frozenset()
) -> tuple[list[Step], ImageSetMetadata]:
    """Return the steps that copy an image set to ``$1`` without what is left out, and what that will be.

    Raises `Refused` when an instance is too large to be copied, or none is left.
    """
    sops = [sop for _, sop, _ in party.doc.instances() if sop not in leave_out]
    if not sops:
        raise Refused(f"Nothing of {party.id} would be left to copy.")
    steps: list[Step] = []
    return steps, _copy_out(party.doc, party.id, "$1", sops, steps, promote=promote)


def _copy_out(
    doc: ImageSetMetadata,
    source: str,
    name: str,
    sops: Sequence[str],
    steps: list[Step],
    *,
    promote: bool = False,
) -> ImageSetMetadata:
    """Add the steps that copy ``sops`` to a new image set; return what that will be."""
    chosen: dict[str, list[str]] = {}
    for sop in sops:
        uid = doc.series_of(sop)
        assert uid is not None
        if len(doc.series[uid].instances[sop].frames) > FRAMES_A_COPY:
            raise Refused(f"An instance of {source} has more than 1,000 frames: the service cannot copy it.")
        chosen.setdefault(uid, []).append(sop)
    if len(together(doc, chosen)) < len(chosen):
        raise Refused(
            f"The series of {source} cannot be copied into one image set: a copy takes 1,000 frames, and the first "
            "needs an instance of each.",
            hint="split it by Series[*]/SeriesInstanceUID first",
        )
    copied: ImageSetMetadata | None = None
    for part in chunks(doc, chosen, new=True):
        # All series are named, so that in doubt the copy is found by whichever a search knows it.
        subset = part if len(part) > 1 or sum(map(len, part.values())) < doc.instance_count else None
        frames = sum(
            len(doc.series[uid].instances[sop].frames) for uid, found in part.items() for sop in found
        )
        new = copied is None
        steps.append(
            Copy(source, name, new, subset, promote=promote and new, frames=frames, series=next(iter(part)))
        )
        copied = after_copy(doc, copied, subset)
    assert copied is not None
    return copied
