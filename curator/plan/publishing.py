"""A publication: a changed copy without a history, beside the original, which stays as it is.

Every version of an image set stays readable, so changing one in place leaves what it held before. The way out:
copy the original, change the copy, copy its latest version once more, delete the copy in between.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

import msgspec

from curator.checks.tags import PUBLISHED_FROM, WORKING_COPY
from curator.errors import Refused
from curator.findings import Change, Safety
from curator.imageset import content_hash
from curator.plan.merging import Party, frame_bytes
from curator.plan.packing import Payload
from curator.plan.splitting import copy_steps
from curator.plan.units import Copy, Delete, Kind, Member, Role, Step, Tag, Unit, patch_of, update_steps
from curator.plan.updates import ImageSetUpdate, plan_update


def plan_publication(
    party: Party,
    changes: Iterable[Change],
    *,
    number: int = 0,
    payload: Payload | None = None,
    priority: Callable[[str], int] = lambda rule: 0,
    allow: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW}),
    promote: bool = False,
    replaces: bool = False,
    leave_out: Container[str] = frozenset(),
    planned: ImageSetUpdate | None = None,
) -> Unit:
    """Plan a publication of ``party`` with ``changes``; ``replaces`` lets ``finish`` delete the original.

    Instances in ``leave_out`` are not copied at all: removed later, their frames would stay. The copy in between
    is tagged at once as a working copy, the result with what it was published from. ``planned`` is what `plan_update`
    made of the same changes to all of ``party``, where that is known and nothing is left out. Raises
    `Conflict` when rules contradict each other, `Refused` when nothing is left or an instance cannot be copied.
    """
    if replaces and any(sop in leave_out for _, sop, _ in party.doc.instances()):
        raise Refused(f"{party.id} cannot be replaced: instances that are left out would be lost with it.")
    first, copied = copy_steps(party, leave_out=leave_out)
    update = planned or plan_update(copied, changes, payload=payload, priority=priority, allow=allow)
    if not update.predicted.instance_count:
        raise Refused(f"Nothing of {party.id} would be left to publish.")
    # assumption: a copy carries the latest version alone, not the history (guide, "Copying an image set").
    last, published = copy_steps(Party("$1", "", update.predicted), promote=promote)
    steps: list[Step] = [*first[:1], Tag("$1", {WORKING_COPY: f"{party.id}/{party.version}"}), *first[1:]]
    steps += update_steps("$1", update.calls)
    steps += [msgspec.structs.replace(each, set="$1", into="$2") for each in last if isinstance(each, Copy)]
    steps += [Tag("$2", {PUBLISHED_FROM: f"{party.id}/{party.version}"}), Delete("$1")]
    content = content_hash(party.doc)
    member = Member(
        party.id, party.version, content, content, Role.SOURCE, party.primary, 0, party.doc.instance_count
    )
    return Unit(
        number,
        Kind.PUBLISH,
        f"publish {party.id}",
        (member,),
        tuple(steps),
        (patch_of(party.id, update.operations),),
        update.left_out,
        made={"$2": content_hash(published)},
        emptied=(party.id,) if replaces else (),
        changes=update.changes,
        least_bytes=update.least_bytes,
        series=tuple(party.doc.series),
        frame_bytes=2 * frame_bytes(party.doc),
    )


def plan_in_place(
    party: Party,
    changes: Iterable[Change],
    *,
    number: int = 0,
    payload: Payload | None = None,
    priority: Callable[[str], int] = lambda rule: 0,
    allow: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW}),
) -> Unit:
    """Plan ``changes`` to the image set itself. Raises `Conflict` when rules contradict each other."""
    update = plan_update(
        party.doc, changes, payload=payload, priority=priority, allow=allow, primary=party.primary
    )
    member = Member(
        party.id,
        party.version,
        content_hash(party.doc),
        content_hash(update.predicted),
        Role.TARGET,
        party.primary,
        len(update.calls),
        party.doc.instance_count,
    )
    return Unit(
        number,
        Kind.UPDATE,
        f"update {party.id}",
        (member,),
        tuple(update_steps(party.id, update.calls)),
        (patch_of(party.id, update.operations),) if update.changes else (),
        update.left_out,
        changes=update.changes,
        least_bytes=update.least_bytes,
        series=tuple(party.doc.series),
    )
