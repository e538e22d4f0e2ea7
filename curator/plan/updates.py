"""`plan_update`: the changes of one image set become the calls that make them, and what they will make of it.

Order of the calls: values written (with short stand-ins for what is removed expensively), instances and series
removed; then elements removed; at the end, in calls of their own, new UIDs, instances before series and study,
because all addresses contain them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

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
from curator.plan.packing import ROOM, Atom, Call, Payload, fits, pack, stream_bytes
from curator.plan.removing import Removal, removal
from curator.plan.settling import Settled, left_out, nested, normal, settle

_FEW: Final = 20
_SHORT: Final = 200
"""Bytes of values that may come again and again."""

FORCED_UIDS: Final = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "StudyID"})
"""Attributes the service changes only with force (guide, "DICOM metadata constraints")."""


class Edit(msgspec.Struct, frozen=True, gc=False):
    """One top-level element of one level, before and after all changes to it and inside it."""

    place: ElementPath
    key: str
    before: Json | Absent
    after: Json | Absent
    vr: str
    changes: tuple[Change, ...]

    def __repr__(self) -> str:
        return f"Edit({self.key})"  # values and UIDs stay out of tracebacks


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
            return operations_of(self.doc, self.made.changes, self.made.removed, self.made.rekeyed)

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
    edits, places = _atoms(doc, _edits(doc, settled), settled, payload)
    rekeyed = _free_uids(doc, settled)
    calls, least = _cheapest(settled.removed, places, payload)
    for layer in _sorted_layers(rekeyed):
        atoms = [_uid_atom(change) for change in layer]
        calls += pack(atoms, payload)
        least += stream_bytes(atoms)
    made = [change for edit in edits for change in edit.changes]
    return ImageSetUpdate(
        tuple(calls),
        tally(settled.left),
        len(made) + len(settled.removed) + len(rekeyed),
        least,
        doc,
        Settled(made, settled.removed, rekeyed),
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


def _edits(doc: ImageSetMetadata, settled: Settled) -> Iterator[list[Edit]]:
    """Yield the top-level elements of each level with all that is done to them; they come ordered from `settle`."""
    place = ElementPath(Level.PATIENT)
    attributes: Mapping[str, Json] = doc.patient
    edits: list[Edit] = []
    nest: list[Change] = []
    for change in settled.changes:
        path = change.path
        steps = path.steps
        top = steps[0]
        assert isinstance(top, str)
        same = path.instance == place.instance and path.series == place.series and path.level is place.level
        if nest and not (same and nest[0].path.top == top):
            edits.append(_nested_edit(place, attributes, nest))
            nest = []
        if not same:
            if edits:
                yield edits
            place, edits = path.at_level(), []
            attributes = doc.attributes(place) or {}
        if len(steps) > 1:
            nest.append(change)
        else:
            after = change.after
            done = after if isinstance(after, Absent) else normal(after)
            edits.append(Edit(place, top, change.before, done, change.vr, (change,)))
    if nest:
        edits.append(_nested_edit(place, attributes, nest))
    if edits:
        yield edits


def _nested_edit(place: ElementPath, attributes: Mapping[str, Json], changes: list[Change]) -> Edit:
    top = changes[0].path.top
    before = attributes[top]
    return Edit(place, top, before, nested(before, changes), "SQ", tuple(changes))


def force_reason(edit: Edit) -> str:
    """Say why the service takes this edit only with ``force``; "" when it takes it without."""
    # assumption: removing needs force where updating does; the guide's list does not tell them apart.
    reason = _force_reason(edit.key, edit.vr == "SQ")
    if not reason and (isinstance(edit.after, list) or isinstance(edit.before, list)):
        return "multi-valued attributes"
    return reason


@lru_cache(maxsize=4096)
def _force_reason(key: str, sequence: bool) -> str:
    tag = tag_of_key(key)
    if key in FORCED_UIDS:
        return key
    if tag is None:
        return "an attribute that the service does not know"
    if is_private(tag):
        return "private elements"
    known = attribute(tag)
    if known is None or not known.serviceable:
        return "an attribute that the service does not know"
    if known.vr == "SQ" or sequence:
        return "sequences"
    return "multi-valued attributes" if multi_valued(tag) else ""


# ── streams of atoms ─────────────────────────────────────────────────────────────────────────────────────


class _Way(msgspec.Struct, frozen=True, gc=False):
    """How an element is removed, how many bytes a stand-in saves, why it needs force, and whether it is a private creator."""

    how: Removal
    gain: int
    force: str
    creator: bool


class _Place(msgspec.Struct, frozen=True, gc=False):
    """What is done on one level: values written, and elements removed, each with its ways and why it needs force.

    ``must`` are the removed keys that need a stand-in, ``worth`` those that are cheaper with one.
    """

    writes: list[Atom]
    removals: list[tuple[Edit, _Way]]
    must: set[str]
    worth: set[str]


def _atoms(
    doc: ImageSetMetadata, edits: Iterable[list[Edit]], settled: Settled, payload: Payload
) -> tuple[list[Edit], list[_Place]]:
    """Return the edits that can be done, and what they are on each level."""
    kept: list[Edit] = []
    places: list[_Place] = []
    ways = _Removals(payload)
    for group in edits:
        writes: list[Atom] = []
        removals: list[tuple[Edit, _Way]] = []
        gains: dict[str, int] = {}
        must: set[str] = set()
        creators = False
        for edit in group:
            if isinstance(edit.after, Absent):
                way = ways.of(edit)
                if isinstance(way, Reason):
                    settled.left.extend(left_out(change, way) for change in edit.changes)
                else:
                    removals.append((edit, way))
                    kept.append(edit)
                    creators = creators or way.creator
                    if way.how.must_shorten:
                        must.add(edit.key)
                    elif way.gain > 0:
                        gains[edit.key] = way.gain
            else:
                atom = _write_atom(doc, edit)
                if fits(atom, payload):
                    writes.append(atom)
                    kept.append(edit)
                else:
                    settled.left.extend(left_out(change, Reason.TOO_LARGE) for change in edit.changes)
        writes.sort(key=lambda atom: not _is_creator(atom.key))
        if creators:
            removals.sort(key=lambda each: each[1].creator)
        worth = _worth_it(group[0].place, gains, must, bool(writes))
        places.append(_Place(writes, removals, must, worth))
    return kept, places


def _stream(removed: list[Change], places: list[_Place], *, cheap: bool) -> list[Atom]:
    """Return all atoms, in one of two encodings: fewest bytes, or fewest stand-ins.

    What goes out first are values, stand-ins and removed instances; then elements are removed, those with stand-ins last.
    """
    first = [Atom(change.path.at_level(), "", b"", removes=True) for change in removed]
    then: list[Atom] = []
    late: list[Atom] = []
    for place in places:
        first += place.writes
        chosen = place.worth if cheap else place.must
        target = late if chosen else then
        for edit, way in place.removals:
            if edit.key in chosen:
                assert way.how.short is not None
                first.append(Atom(edit.place, edit.key, way.how.short, False, "", way.force))
                target.append(Atom(edit.place, edit.key, way.how.short, True, "", way.force, True))
            else:
                target.append(Atom(edit.place, edit.key, way.how.exact, True, "", way.force))
    return [*first, *then, *late]


class _Removals:
    """How elements are removed, what a stand-in gains and why force is needed: found once for equal ones."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._most = min(payload.limit, payload.blob) - ROOM
        self._known: dict[tuple[str, str, str | bytes], _Way] = {}

    def of(self, edit: Edit) -> _Way | Reason:
        """Return how the element is removed, or why it cannot be."""
        value = edit.before
        assert not isinstance(value, Absent)
        known = edit.key, edit.vr, value if isinstance(value, str) else msgspec.json.encode(value)
        found = self._known.get(known)
        if found is not None:
            return found
        way = self._way(edit, value)
        if isinstance(way, Reason):
            return way
        found = _Way(way, way.gain, force_reason(edit), _is_creator(edit.key))
        # Where room is short it depends on the place's address.
        if len(way.exact) < min(self._most, _SHORT):
            self._known[known] = found
        return found

    def _way(self, edit: Edit, value: Json) -> Removal | Reason:
        way = removal(edit.key, edit.vr, value)
        whole = Atom(edit.place, edit.key, way.exact, removes=True)
        if not way.must_shorten and not fits(whole, self._payload):
            way = msgspec.structs.replace(way, must_shorten=True)
        if way.must_shorten and way.short is None:
            return Reason.TOO_LARGE if not fits(whole, self._payload) else Reason.UNREMOVABLE
        return way


def _worth_it(place: ElementPath, gains: Mapping[str, int], must: set[str], writes: bool) -> set[str]:
    """Return the keys that are cheaper with a stand-in, counting the place's address in the first call."""
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


@lru_cache(maxsize=4096)
def _is_creator(key: str) -> bool:
    tag = tag_of_key(key)
    return tag is not None and is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF


def _cheapest(removed: list[Change], places: list[_Place], payload: Payload) -> tuple[list[Call], int]:
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


def _uid_atom(change: Change) -> Atom:
    key = UID_OF[change.path.level]
    return Atom(change.path.at_level(), key, msgspec.json.encode(change.after), force=key)


__all__ = ["ABSENT", "Edit", "ImageSetUpdate", "force_reason", "plan_update"]
