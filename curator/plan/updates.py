"""`plan_update`: the changes of one image set become the calls that make them, and what they will make of it.

Order of the calls: values written (with short stand-ins for what is removed expensively), instances and series
removed; then elements removed; at the end, in calls of their own, new UIDs, instances before series and study,
because all addresses contain them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import attribute, is_private, multi_valued, tag_of_key
from curator.dicom.levels import Level
from curator.findings import ABSENT, Absent, Change, Safety
from curator.imageset import ElementPath, ImageSetMetadata
from curator.imageset.instance import collector_off
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.model import UID_OF, after_update
from curator.plan.operations import Operations, operations_of
from curator.plan.packing import Atom, Call, Payload, fits, pack, stream_bytes
from curator.plan.removing import Removal, removal
from curator.plan.settling import Settled, left_out, nested, normal, settle

_FEW: Final = 20

FORCED_UIDS: Final = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "StudyID"})
"""Attributes the service changes only with force (guide, "DICOM metadata constraints")."""


class Edit(NamedTuple):
    """One top-level element of one level, before and after all changes to it and inside it."""

    place: ElementPath
    key: str
    before: Json | Absent
    after: Json | Absent
    vr: str
    changes: tuple[Change, ...]

    def __repr__(self) -> str:
        return f"Edit({self.key})"  # values and UIDs stay out of tracebacks


@dataclass(frozen=True, slots=True)
class ImageSetUpdate:
    """What is planned for one image set.

    ``operations`` are the RFC 6902 patch with tests, each with its reason; ``least_bytes`` what an endless call
    in the cheapest encoding would weigh; ``predicted`` the document after the last call.
    """

    calls: tuple[Call, ...]
    operations: Operations
    left_out: tuple[LeftOut, ...]
    predicted: ImageSetMetadata
    changes: int
    least_bytes: int

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
    edits = list(_edits(doc, settled))
    edits, streams = _streams(doc, edits, settled, payload)
    rekeyed = _free_uids(doc, settled)
    calls, least = _cheapest(streams, payload)
    for layer in _layers(doc, rekeyed):
        atoms = [_uid_atom(change) for change in layer]
        calls += pack(atoms, payload)
        least += stream_bytes(atoms)
    made = [change for edit in edits for change in edit.changes]
    operations = operations_of(doc, made, settled.removed, rekeyed)
    predicted = doc
    for call in calls:
        predicted = after_update(predicted, call.updatable, call.removable)
    return ImageSetUpdate(
        tuple(calls),
        operations,
        tally(settled.left),
        predicted,
        len(made) + len(settled.removed) + len(rekeyed),
        least,
    )


# ── edits ────────────────────────────────────────────────────────────────────────────────────────────────


def _without_primary(settled: Settled) -> Settled:
    """Leave out what a plain update may not change on a primary image set (later editions of the guide)."""
    kept = Settled(removed=settled.removed, left=settled.left)
    for change in settled.changes:
        if change.path.level in (Level.PATIENT, Level.SERIES):
            kept.leave(change, Reason.PRIMARY)
        else:
            kept.changes.append(change)
    for change in settled.rekeyed:
        kept.leave(change, Reason.PRIMARY)
    return kept


def _edits(doc: ImageSetMetadata, settled: Settled) -> Iterator[Edit]:
    """Yield each top-level element with all that is done to it; they come ordered from `settle`."""
    group: list[Change] = []
    for change in settled.changes:
        if group and (group[0].path.top != change.path.top or not _same_place(group[0], change)):
            yield _edit(doc, group)
            group = []
        group.append(change)
    if group:
        yield _edit(doc, group)


def _same_place(a: Change, b: Change) -> bool:
    one, other = a.path, b.path
    return (one.level, one.series, one.instance) == (other.level, other.series, other.instance)


def _edit(doc: ImageSetMetadata, changes: list[Change]) -> Edit:
    first = changes[0]
    place = first.path.at_level()
    if len(first.path.steps) == 1:
        after = first.after if isinstance(first.after, Absent) else normal(first.after)
        return Edit(place, first.path.top, first.before, after, first.vr, tuple(changes))
    before = (doc.attributes(place) or {})[first.path.top]
    return Edit(place, first.path.top, before, nested(before, changes), "SQ", tuple(changes))


def force_reason(edit: Edit) -> str:
    """Say why the service takes this edit only with ``force``; "" when it takes it without."""
    # assumption: removing needs force where updating does; the guide's list does not tell them apart.
    tag = tag_of_key(edit.key)
    if edit.key in FORCED_UIDS:
        return edit.key
    if tag is None:
        return "an attribute that the service does not know"
    if is_private(tag):
        return "private elements"
    known = attribute(tag)
    if known is None or not known.serviceable:
        return "an attribute that the service does not know"
    if known.vr == "SQ" or edit.vr == "SQ":
        return "sequences"
    if multi_valued(tag) or isinstance(edit.after, list) or isinstance(edit.before, list):
        return "multi-valued attributes"
    return ""


# ── streams of atoms ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Stream:
    """What goes out first (values, stand-ins, removed instances) and what is removed after that."""

    first: list[Atom]
    then: list[Atom]

    @property
    def atoms(self) -> list[Atom]:
        return [*self.first, *self.then]


def _streams(
    doc: ImageSetMetadata, edits: list[Edit], settled: Settled, payload: Payload
) -> tuple[list[Edit], tuple[_Stream, _Stream]]:
    """Return the edits that can be done, and their atoms in two encodings: fewest bytes, and fewest stand-ins."""
    kept: list[Edit] = []
    cheap, plain = _Stream([], []), _Stream([], [])
    first = [Atom(change.path.at_level(), "", b"", removes=True) for change in settled.removed]
    cheap.first.extend(first)
    plain.first.extend(first)
    late_cheap: list[Atom] = []
    late_plain: list[Atom] = []
    for group in _by_place(edits):
        writes: list[Atom] = []
        removals: list[tuple[Edit, Removal, str]] = []
        for edit in group:
            if isinstance(edit.after, Absent):
                way = _removal(edit, payload, settled)
                if way is not None:
                    removals.append((edit, way, force_reason(edit)))
                    kept.append(edit)
            else:
                atom = _write_atom(doc, edit)
                if fits(atom, payload):
                    writes.append(atom)
                    kept.append(edit)
                else:
                    settled.left.extend(left_out(change, Reason.TOO_LARGE) for change in edit.changes)
        writes.sort(key=lambda atom: not _is_creator(atom.key))
        removals.sort(key=lambda each: _is_creator(each[0].key))
        must = {edit.key for edit, way, _ in removals if way.must_shorten}
        worth = _worth_it(group[0].place, removals, must, bool(writes))
        for stream, late, chosen in ((cheap, late_cheap, worth), (plain, late_plain, must)):
            stream.first.extend(writes)
            stream.first.extend(_stand_in(*each) for each in removals if each[0].key in chosen)
            target = late if chosen else stream.then
            target.extend(_removal_atom(*each, each[0].key in chosen) for each in removals)
    cheap.then.extend(late_cheap)
    plain.then.extend(late_plain)
    return kept, (cheap, plain)


def _by_place(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    group: list[Edit] = []
    for edit in edits:
        if group and group[0].place != edit.place:
            yield group
            group = []
        group.append(edit)
    if group:
        yield group


def _removal(edit: Edit, payload: Payload, settled: Settled) -> Removal | None:
    """Return how the element is removed; None, noted as left out, when it cannot be."""
    assert not isinstance(edit.before, Absent)
    way = removal(edit.key, edit.vr, edit.before)
    whole = Atom(edit.place, edit.key, way.exact, removes=True)
    if not way.must_shorten and not fits(whole, payload):
        way = msgspec.structs.replace(way, must_shorten=True)
    if way.must_shorten and way.short is None:
        reason = Reason.TOO_LARGE if not fits(whole, payload) else Reason.UNREMOVABLE
        settled.left.extend(left_out(change, reason) for change in edit.changes)
        return None
    return way


def _worth_it(
    place: ElementPath, removals: list[tuple[Edit, Removal, str]], must: set[str], writes: bool
) -> set[str]:
    """Return the keys that are cheaper with a stand-in, counting the place's address in the first call."""
    gains = {edit.key: way.gain for edit, way, _ in removals if way.gain > 0 and edit.key not in must}
    address = 0 if writes or must else len(place.instance or place.series or place.level) + 20
    return must | gains.keys() if sum(gains.values()) > address else must


def _write_atom(doc: ImageSetMetadata, edit: Edit) -> Atom:
    value = msgspec.json.encode(edit.after)
    vr = ""
    tag = tag_of_key(edit.key)
    if tag is not None and is_private(tag) and edit.place.level is Level.INSTANCE:
        known = doc.series[edit.place.series].instances[edit.place.instance].node.get("DICOMVRs")
        present = known.get(edit.key) if isinstance(known, dict) else None
        # A private sequence's entry is an object, the VRs of its items: it stays as it is.
        other = isinstance(present, str) and present != edit.vr
        vr = edit.vr if isinstance(edit.before, Absent) or other else ""
    return Atom(edit.place, edit.key, value, vr=vr, force=force_reason(edit))


def _stand_in(edit: Edit, way: Removal, force: str) -> Atom:
    assert way.short is not None
    return Atom(edit.place, edit.key, way.short, force=force)


def _removal_atom(edit: Edit, way: Removal, force: str, shortened: bool) -> Atom:
    value = way.short if shortened and way.short is not None else way.exact
    return Atom(edit.place, edit.key, value, removes=True, force=force, follows=shortened)


def _is_creator(key: str) -> bool:
    tag = tag_of_key(key)
    return tag is not None and is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF


def _cheapest(streams: tuple[_Stream, _Stream], payload: Payload) -> tuple[list[Call], int]:
    """Return the calls of the encoding that needs fewest, and the bytes of the one that weighs least."""
    cheap, plain = streams
    calls = pack(cheap.atoms, payload)
    # Stand-ins cost one call at most, the one that parts them from their removal: it shows in few calls only.
    if len(calls) <= _FEW:
        calls = min(
            pack(plain.atoms, payload),
            calls,
            key=lambda found: (len(found), sum(call.size for call in found)),
        )
    return calls, stream_bytes(cheap.atoms)


# ── UIDs ─────────────────────────────────────────────────────────────────────────────────────────────────


def _free_uids(doc: ImageSetMetadata, settled: Settled) -> list[Change]:
    """Return the UID changes that lead to different UIDs for all; those that collide are left out."""
    kept: list[Change] = []
    gone = {change.path.at_level() for change in settled.removed}
    for level in (Level.INSTANCE, Level.SERIES, Level.STUDY):
        wanted = [change for change in settled.rekeyed if change.path.level is level]
        if level is Level.STUDY:
            kept += wanted
            continue
        targets: dict[Json, int] = {}
        for change in wanted:
            assert not isinstance(change.after, Absent)
            targets[_text(change.after)] = targets.get(_text(change.after), 0) + 1
        moving = {change.path.instance or change.path.series for change in wanted}
        staying = _uids(doc, level, gone) - moving
        for change in wanted:
            target = _text(change.after)
            if targets[target] > 1 or target in staying:
                settled.leave(change, Reason.SAME_UID)
            else:
                kept.append(change)
    return _without_cycles(kept, settled)


def _uids(doc: ImageSetMetadata, level: Level, gone: set[ElementPath]) -> set[str]:
    if level is Level.SERIES:
        return {uid for uid in doc.series if ElementPath(Level.SERIES, uid) not in gone}
    return {
        sop
        for uid, sop, _ in doc.instances()
        if ElementPath(Level.SERIES, uid) not in gone and ElementPath(Level.INSTANCE, uid, sop) not in gone
    }


def _text(value: Json | Absent) -> str:
    return value if isinstance(value, str) else ""


def _without_cycles(changes: list[Change], settled: Settled) -> list[Change]:
    """Leave out UIDs that swap in a ring, and what waits for one that was left out: no order of calls does that."""
    kept = list(changes)
    while True:
        doable = {id(change) for layer in _sorted_layers(kept) for change in layer}
        stuck = [change for change in kept if id(change) not in doable]
        if not stuck:
            return kept
        for change in stuck:
            settled.leave(change, Reason.SAME_UID)
        kept = [change for change in kept if id(change) in doable]


def _sorted_layers(changes: list[Change]) -> list[list[Change]]:
    """Return UID changes in layers: a UID is taken only after its bearer has given it up in an earlier layer."""
    layers: list[list[Change]] = []
    for level in (Level.INSTANCE, Level.SERIES):
        waiting = [change for change in changes if change.path.level is level]
        while waiting:
            held = {change.path.instance or change.path.series for change in waiting}
            ready = [change for change in waiting if _text(change.after) not in held]
            if not ready:
                break
            layers.append(ready)
            waiting = [change for change in waiting if _text(change.after) in held]
    study = [change for change in changes if change.path.level is Level.STUDY]
    if study:
        # No address contains the study's UID, so it may share the last call with the series'.
        if layers and layers[-1][0].path.level is Level.SERIES:
            layers[-1] = [*study, *layers[-1]]
        else:
            layers.append(study)
    return layers


def _layers(doc: ImageSetMetadata, changes: list[Change]) -> list[list[Change]]:
    return _sorted_layers(changes)


def _uid_atom(change: Change) -> Atom:
    key = UID_OF[change.path.level]
    return Atom(change.path.at_level(), key, msgspec.json.encode(change.after), force=key)


__all__ = ["ABSENT", "Edit", "ImageSetUpdate", "force_reason", "plan_update"]
