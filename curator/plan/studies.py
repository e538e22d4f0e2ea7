"""Changes to the primary image sets of a study, which the service (edition 2025-07) keeps in agreement.

Study elements are changed in all of them by one update with ``includeStudyImageSets``, if the changes proposed for
each set are the same; the base versions of all are pinned. Instances are changed set by set. Patient and Series
elements and UIDs cannot be changed on primary sets at all: such changes are left out with the reason, or the user
asks for a changed copy (`curator.plan.publishing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from curator.dicom.levels import Level
from curator.findings import Change, Safety
from curator.imageset import content_hash
from curator.imageset.equality import canonical
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.merging import Party
from curator.plan.packing import Payload
from curator.plan.settled import left_out
from curator.plan.units import Kind, Member, Patch, Role, Step, Unit, Update, patch_of, replay, update_steps
from curator.plan.updates import FORCED_UIDS, plan_update


def plan_study(
    parties: Sequence[Party],
    changes: Mapping[str, Sequence[Change]],
    *,
    number: int = 0,
    payload: Payload | None = None,
    priority: Callable[[str], int] = lambda rule: 0,
    allow: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW}),
) -> Unit:
    """Plan the changes to all primary sets of one study (``parties``: every one of them) as one unit."""
    payload = payload or Payload()
    first = parties[0]
    shared = [change for change in changes.get(first.id, ()) if _of_study(change)]
    steps: list[Step] = []
    patches: list[Patch] = []
    left: list[LeftOut] = []
    count = least = 0
    docs = {party.id: party.doc for party in parties}
    others = tuple(party.id for party in parties[1:])
    if not _agree(parties, changes):
        for party in parties:
            left += [
                left_out(each, Reason.PRIMARY_STUDY) for each in changes.get(party.id, ()) if _of_study(each)
            ]
    elif shared:
        update = plan_update(first.doc, shared, payload=payload, priority=priority, allow=allow)
        steps += (
            Update(step.set, step.updatable, step.removable, step.because, True, others)
            for step in update_steps(first.id, update.calls)
        )
        docs = dict(replay(steps, docs))
        patches += (patch_of(party.id, update.operations) for party in parties)
        left += update.left_out
        count += update.changes * len(parties)
        least += update.least_bytes
    for party in parties:
        rest = [each for each in changes.get(party.id, ()) if not _of_study(each)]
        if rest:
            update = plan_update(
                docs[party.id], rest, payload=payload, priority=priority, allow=allow, primary=True
            )
            steps += update_steps(party.id, update.calls)
            docs[party.id] = update.predicted
            patches.append(patch_of(party.id, update.operations))
            left += update.left_out
            count += update.changes
            least += update.least_bytes
    return Unit(
        number,
        Kind.UPDATE,
        f"update the study of {first.id}",
        tuple(_member(party, docs[party.id], steps, index) for index, party in enumerate(parties)),
        tuple(steps),
        tuple(patches),
        tally(left),
        changes=count,
        least_bytes=least,
    )


def _of_study(change: Change) -> bool:
    return change.path.level is Level.STUDY and change.path.key not in FORCED_UIDS


def _agree(parties: Sequence[Party], changes: Mapping[str, Sequence[Change]]) -> bool:
    """Say whether every set is to get the same Study elements, from the same values."""
    wanted = []
    for party in parties:
        said = {
            str(change.path): (canonical(repr(change.before)), canonical(repr(change.after)))
            for change in changes.get(party.id, ())
            if _of_study(change)
        }
        wanted.append(said)
    return all(said == wanted[0] for said in wanted[1:])


def _member(party: Party, doc: object, steps: Sequence[Step], index: int) -> Member:
    from curator.imageset import ImageSetMetadata

    assert isinstance(doc, ImageSetMetadata)
    made = sum(1 for step in steps if isinstance(step, Update) and party.id in (step.set, *step.also))
    return Member(
        party.id,
        party.version,
        content_hash(party.doc),
        content_hash(doc),
        Role.STUDY if index else Role.TARGET,
        True,
        made,
        party.doc.instance_count,
    )
