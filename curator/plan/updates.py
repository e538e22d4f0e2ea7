"""`plan_update`: the changes of one image set become the calls that make them, and what they will make of it.

Order of the calls: values written (with short stand-ins for what is removed expensively), instances and series
removed; then elements removed; at the end, in calls of their own, new UIDs, instances before series and study,
because all addresses contain them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec

from curator.dicom.levels import Level
from curator.findings import ABSENT, Change, Safety
from curator.imageset import ElementPath, ImageSetMetadata
from curator.imageset.instance import collector_off
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.model import UID_OF, after_update
from curator.plan.operations import Operations, operations_of
from curator.plan.packing import Call, Member, Payload, Run, Said, member, pack, stream_bytes
from curator.plan.rekeying import free_uids, in_layers
from curator.plan.settled import Settled, left_out
from curator.plan.settling import settle
from curator.plan.ways import FORCED_UIDS, Removals, Remove, Ways
from curator.treatments import TreatedLevel, Treatment, count_parts

_FEW: Final = 20


@dataclass(frozen=True)
class ImageSetUpdate:
    """What is planned for one image set; ``least_bytes`` is what an endless call in the cheapest encoding would weigh."""

    calls: tuple[Call, ...]
    left_out: tuple[LeftOut, ...]
    changes: int
    least_bytes: int
    doc: ImageSetMetadata = field(repr=False)
    made: Settled = field(repr=False)
    """The changes that the calls make."""

    @cached_property
    def operations(self) -> Operations:
        """The RFC 6902 patch with tests, each operation with its reason; made when somebody asks."""
        with collector_off():
            return operations_of(self.doc, self.made.levels, self.made.removed, self.made.rekeyed)

    @cached_property
    def predicted(self) -> ImageSetMetadata:
        """The document after the last call; made when somebody asks."""
        with collector_off():
            return self.after(self.doc, len(self.calls))

    def after(self, doc: ImageSetMetadata, calls: int) -> ImageSetMetadata:
        """Return the document as it is after the first ``calls`` calls."""
        for call in self.calls[:calls]:
            doc = after_update(doc, call.updatable, call.removable)
        return doc


def plan_update(
    doc: ImageSetMetadata,
    changes: Iterable[Change],
    *,
    payload: Payload | None = None,
    priority: Callable[[str], int] = lambda rule: 0,
    allow: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW}),
    primary: bool = False,
) -> ImageSetUpdate:
    """Plan ``changes`` to ``doc``. Raises `Conflict` when rules contradict each other.

    ``primary``: the set is in the study's primary hierarchy, where the service (edition 2025-07) lets neither
    Patient- nor Series-level elements nor UIDs be changed by a plain update.
    """
    with collector_off():  # a hundred thousand small objects, and not one cycle
        return _planned(doc, changes, payload or Payload(), priority, allow, primary)


def _planned(
    doc: ImageSetMetadata,
    changes: Iterable[Change],
    payload: Payload,
    priority: Callable[[str], int],
    allow: frozenset[Safety],
    primary: bool,
) -> ImageSetUpdate:
    settled = settle(doc, changes, priority=priority, allow=allow)
    if primary:
        settled = _without_primary(settled)
    places = _places(doc, settled, payload)
    rekeyed = free_uids(doc, settled)
    calls, least = _cheapest(settled.removed, places, payload)
    for layer in in_layers(rekeyed):
        runs = [Run(change.path.at_level(), Said.of((_uid_member(change),))) for change in layer]
        calls += pack(runs, payload)
        least += stream_bytes(runs)
    made = [place.level for place in places]
    return ImageSetUpdate(
        tuple(calls),
        tally(settled.left),
        sum(map(count_parts, made)) + len(settled.removed) + len(rekeyed),
        least,
        doc,
        Settled(made, settled.removed, rekeyed),
    )


def _uid_member(change: Change) -> Member:
    key = UID_OF[change.path.level]
    return member(key, msgspec.json.encode(change.after), force=key)


def _without_primary(settled: Settled) -> Settled:
    """Leave out what a plain update may not change on a primary image set (later editions of the guide)."""
    kept = Settled(removed=settled.removed, left=settled.left)
    for level in settled.levels:
        if level.place.level in (Level.PATIENT, Level.SERIES):
            kept.left.extend(left_out(change, Reason.PRIMARY) for change in level.changes())
        else:
            kept.levels.append(level)
    for change in settled.rekeyed:
        kept.leave(change, Reason.PRIMARY)
    return kept


# ── streams of members ───────────────────────────────────────────────────────────────────────────────────


class _Place(msgspec.Struct, frozen=True, gc=False):
    """What is said of one level: members that write, and what is removed.

    ``shortened`` says whether stand-ins are worth their bytes where they are not needed.
    """

    level: TreatedLevel
    writes: list[Member]
    removals: Removals
    shortened: bool


def _places(doc: ImageSetMetadata, settled: Settled, payload: Payload) -> list[_Place]:
    """Return what is said of each level; what cannot be done is noted as left out."""
    ways = Ways(doc, payload)
    return [_place(level, ways, settled) for level in settled.levels]


def _place(level: TreatedLevel, ways: Ways, settled: Settled) -> _Place:
    place = level.place
    group = ways.of_group(place, level.group)
    treatments = level.treatments if group is None else level.own
    writes, removed, undone = _sorted_out(place, treatments, ways)
    removals = Removals(removed) if group is None else group.and_also(removed)
    if undone:
        for treatment, reason in undone.items():
            settled.left.extend(left_out(part.at(place), reason) for part in treatment.parts)
        done = [each for each in level.treatments if each not in undone]
        level = TreatedLevel(place, level.attributes, done)
    # The address of the place is spent in the first call, too, where only stand-ins need it there.
    address = 0 if writes or removals.must else len(place.instance or place.series or place.level) + 20
    return _Place(level, writes, removals, removals.gain > address)


def _sorted_out(
    place: ElementPath, treatments: Iterable[Treatment], ways: Ways
) -> tuple[list[Member], list[Remove], dict[Treatment, Reason]]:
    """Return what is written on a level, private creators first, what is removed, and what cannot be done."""
    creators: list[Member] = []
    writes: list[Member] = []
    removed: list[Remove] = []
    undone: dict[Treatment, Reason] = {}
    for treatment in treatments:
        way = ways.of(place, treatment)
        if isinstance(way, Remove):
            removed.append(way)
        elif isinstance(way, Reason):
            undone[treatment] = way
        else:
            said = ways.declared(place, treatment, way) if way.private else way.said
            (creators if way.creator else writes).append(said)
    return [*creators, *writes], removed, undone


def _stream(removed: Sequence[Change], places: Sequence[_Place], *, cheap: bool) -> list[Run]:
    """Return all runs, in one of two encodings: fewest bytes, or fewest stand-ins.

    What goes out first are values, stand-ins and removed instances; then elements are removed, those with stand-ins last.
    """
    first = [Run(change.path.at_level(), None, True) for change in removed]
    then: list[Run] = []
    late: list[Run] = []
    for each in places:
        place, writes = each.level.place, each.writes
        if each.removals:
            said, shorts = each.removals.said(shortened=cheap and each.shortened)
            if shorts:
                writes = [*writes, *shorts]
                late.append(Run(place, said, True, frozenset([short.text for short in shorts])))
            else:
                then.append(Run(place, said, True))
        if writes:
            first.append(Run(place, Said.of(writes)))
    return [*first, *then, *late]


def _cheapest(
    removed: Sequence[Change], places: Sequence[_Place], payload: Payload
) -> tuple[list[Call], int]:
    """Return the calls of the encoding that needs fewest, and the bytes of the one that weighs least."""
    cheap = _stream(removed, places, cheap=True)
    calls = pack(cheap, payload)
    # Stand-ins cost one call at most, the one that parts them from their removal: it shows in few calls only.
    if len(calls) <= _FEW:
        calls = min(
            pack(_stream(removed, places, cheap=False), payload),
            calls,
            key=lambda found: (len(found), sum(call.size for call in found)),
        )
    return calls, stream_bytes(cheap)


__all__ = ["ABSENT", "FORCED_UIDS", "ImageSetUpdate", "plan_update"]
