"""Normalization conflicts resolved: one value chosen for each element on which image sets disagree, then merged.

The sets are aligned first; where they cannot be, the copy is forced, the destination's values stay, and the plan lists
what is lost.

assumption: CopyImageSet wants the Patient, Study and Series of both sets to agree in every listed element, not only in
the seven that group an import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from curator.checks.tags import MERGED_INTO
from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import Refused
from curator.findings import ABSENT, Absent, Change, Why
from curator.imageset import ElementPath, ImageSetMetadata, Instance, content_hash, parse_path
from curator.imageset.equality import canonical
from curator.plan.chunks import FRAMES_A_COPY, chunks
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.model import after_copy
from curator.plan.packing import Payload
from curator.plan.units import Copy, Kind, Member, Patch, Role, Step, Tag, Unit, patch_of, update_steps
from curator.plan.updates import plan_update
from curator.plan.values import same_value
from curator.printable import plural

_AGREE: Final = Why("merge", "image sets of one series must agree before they can be merged")


class Choice(StrEnum):
    """Which value wins where image sets disagree. A tie is won by none: a person says which is right."""

    MAJORITY = "majority"  # by instances; what is filled wins over what is empty
    NEWEST = "newest"  # of the set that was updated last
    DESTINATION = "destination"


TIES: Final = {
    Choice.MAJORITY: "no majority",
    Choice.NEWEST: "none is newest",
    Choice.DESTINATION: "",  # there is one
}
"""What a tie is called, by the choice that it leaves open."""


@dataclass(frozen=True, slots=True)
class Party:
    """An image set that takes part; ``updated`` is its updatedAt in epoch seconds."""

    id: str
    version: str
    doc: ImageSetMetadata = field(repr=False)
    primary: bool = False
    updated: float = 0.0

    @property
    def instances(self) -> int:
        """How many instances it holds."""
        return self.doc.instance_count


class Weighed(Protocol):
    """What weighs an image set's values against those of others."""

    @property
    def instances(self) -> int:
        """How many instances it holds."""

    @property
    def updated(self) -> float:
        """When it was updated, epoch seconds."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An element on which sets disagree: for each set its value, and the value that is chosen for all.

    ``tied``: none is, and ``chosen`` is the destination's.
    """

    path: ElementPath
    values: tuple[Json | Absent, ...] = field(repr=False)
    chosen: Json | Absent = field(repr=False)
    tied: bool = False


def disagreements(
    parties: Sequence[Party], how: Choice = Choice.MAJORITY, given: Mapping[str, Json | Absent] | None = None
) -> Iterator[Disagreement]:
    """Yield each Patient, Study and Series element that is not the same in all, with the value to take.

    ``given`` decides before ``how``: values by generic path (``Patient/PatientName``, ``Series[*]/Modality``).
    """
    given = given or {}
    for place in _level_places(parties):
        nodes = [party.doc.attributes(place) or {} for party in parties]
        named = [
            path.key for path in map(parse_path, given) if path.level is place.level and len(path.steps) == 1
        ]
        for key in dict.fromkeys([*(key for node in nodes for key in node), *named]):
            values: tuple[Json | Absent, ...] = tuple(node.get(key, ABSENT) for node in nodes)
            path = place.child(key)
            generic = str(path.generic())
            chosen = given.get(generic, None)
            agreed = all(same_value(values[0], other) for other in values[1:])
            tied = False
            if generic not in given and not agreed:
                winner = winning(values, parties, how)
                tied, chosen = winner is None, values[winner or 0]
            elif generic not in given or (agreed and same_value(values[0], chosen)):
                continue
            yield Disagreement(path, values, chosen, tied)


def _level_places(parties: Sequence[Party]) -> Iterator[ElementPath]:
    yield ElementPath(Level.PATIENT)
    yield ElementPath(Level.STUDY)
    for uid in parties[0].doc.series:
        yield ElementPath(Level.SERIES, uid)


def winning(values: Sequence[Json | Absent], parties: Sequence[Weighed], how: Choice) -> int | None:
    """Return whose value to take; the first party is the destination. None: several values weigh the same.

    Between the ways to say nothing there is no tie: an element that is empty wins over one that is absent.
    """
    if how is Choice.DESTINATION:
        return 0
    found: dict[bytes, tuple[int, list[Weighed]]] = {}
    for index, (value, party) in enumerate(zip(values, parties, strict=True)):
        found.setdefault(_name(value), (index, []))[1].append(party)
    weights = {
        index: max(each.updated for each in holders)
        if how is Choice.NEWEST
        else (_filled(values[index]), sum(each.instances for each in holders))
        for index, holders in found.values()
    }
    heaviest = max(weights.values())
    first, *others = (index for index, weight in weights.items() if weight == heaviest)
    return None if others and any(_filled(values[index]) > 1 for index in (first, *others)) else first


def _name(value: Json | Absent) -> bytes:
    return b"" if isinstance(value, Absent) else canonical(value)


def _filled(value: Json | Absent) -> int:
    return 0 if isinstance(value, Absent) else 1 if value in (None, "", []) else 2


def plan_merge(
    parties: Sequence[Party],
    *,
    number: int = 0,
    how: Choice = Choice.MAJORITY,
    given: Mapping[str, Json | Absent] | None = None,
    align: bool = True,
    payload: Payload | None = None,
    whys: Mapping[str, Why] | None = None,
) -> Unit:
    """Plan the merge of all parties into the first. Raises `Refused` when they hold different series, or at a tie.

    ``whys`` are reasons of values ``given``, by generic path. ``align=False`` leaves the sources as they are and forces
    the copies, which saves updates and gives up what the sources say otherwise (``losses``); a tie leaves the destination.
    """
    destination = parties[0]
    for source in parties[1:]:
        if not source.doc.series.keys() <= destination.doc.series.keys():
            raise Refused(
                f"Image sets {source.id} and {destination.id} hold different series.",
                hint="merge sets of one series; a wrong SeriesInstanceUID is mended by a rule first",
            )
    merge = _Merge(number, tuple(parties), payload or Payload(), whys or {})
    found = tuple(disagreements(parties, how, given))
    tied = [str(each.path.generic()) for each in found if each.tied]
    if tied and align:
        raise Refused(
            f"{TIES[how].capitalize()} for {', '.join(tied)}: values weigh the same.",
            hint="say which is right; another choice (newest, destination) may decide, too",
        )
    merge.settle(tuple(each for each in found if not each.tied), align)
    for source in parties[1:]:
        merge.copy(source)
    return merge.unit()


class _Merge:
    """A merge being planned: what every set is by now, and the steps that made it so."""

    def __init__(
        self, number: int, parties: tuple[Party, ...], payload: Payload, whys: Mapping[str, Why]
    ) -> None:
        self.number = number
        self.whys = whys
        self.parties = parties
        self.payload = payload
        self.docs = {party.id: party.doc for party in parties}
        self.steps: list[Step] = []
        self.patches: list[Patch] = []
        self.left: list[LeftOut] = []
        self.losses: list[str] = []
        self.emptied: list[str] = []
        self.changes = 0
        self.least = 0
        self.frame_bytes = 0

    def settle(self, found: Sequence[Disagreement], align: bool) -> None:
        """Bring the destination, and the sources if ``align``, to the chosen values."""
        for index, party in enumerate(self.parties):
            if index and not align:
                continue
            changes = [
                Change(
                    each.path,
                    each.values[index],
                    each.chosen,
                    party.doc.vr_of(each.path),
                    self.whys.get(str(each.path.generic()), _AGREE),
                )
                for each in found
                if not same_value(each.values[index], each.chosen)
            ]
            if not changes:
                continue
            update = plan_update(party.doc, changes, payload=self.payload, primary=party.primary)
            self.steps += update_steps(party.id, update.calls)
            self.patches.append(patch_of(party.id, update.operations))
            self.left += update.left_out
            self.changes += update.changes
            self.least += update.least_bytes
            self.docs[party.id] = update.predicted

    def copy(self, source: Party) -> None:
        """Copy what the destination does not hold yet; say what is lost, left out, and whether nothing is."""
        target = self.parties[0].id
        destination, doc = self.docs[target], self.docs[source.id]
        lost = list(disagreements([Party("", "", destination), Party("", "", doc)], Choice.DESTINATION))
        because = ("Patient, Study or Series elements differ",) if lost else ()
        self.losses += [
            f"{source.id}: {each.path.generic()} differs, the destination's value stays" for each in lost
        ]
        chosen, complete = self._chosen(destination, doc, source)
        self.frame_bytes += frame_bytes(doc, chosen)
        for part in chunks(doc, chosen):
            whole = part if sum(map(len, part.values())) < doc.instance_count else None
            frames = sum(
                len(doc.series[uid].instances[sop].frames) for uid, sops in part.items() for sop in sops
            )
            self.steps.append(Copy(source.id, target, chosen=whole, because=because, frames=frames))
            destination = after_copy(doc, destination, whole)
        self.docs[target] = destination
        self.steps.append(Tag(source.id, {MERGED_INTO: target}))
        if complete:
            self.emptied.append(source.id)

    def _chosen(
        self, destination: ImageSetMetadata, doc: ImageSetMetadata, source: Party
    ) -> tuple[dict[str, list[str]], bool]:
        """Return the instances to copy by series, and whether all the others are in the destination anyway."""
        chosen: dict[str, list[str]] = {}
        complete = True
        for uid, sop, instance in doc.instances():
            there = destination.instance(sop)
            if there is not None and same_pixels(instance, there):
                self.left.append(LeftOut(Reason.DUPLICATE, "merge"))
                if canonical(instance.node.get("DICOM")) != canonical(there.node.get("DICOM")):
                    self.losses.append(
                        f"{source.id}: a duplicate's attributes differ, the destination's stay"
                    )
            elif there is not None or len(instance.frames) > FRAMES_A_COPY:
                self.left.append(LeftOut(Reason.SAME_SOP if there is not None else Reason.FRAMES, "merge"))
                complete = False
            else:
                chosen.setdefault(uid, []).append(sop)
        return chosen, complete

    def unit(self) -> Unit:
        """Return the merge as planned."""
        added = {
            party.id: sum(1 for step in self.steps if _changes_set(step, party.id)) for party in self.parties
        }
        members = tuple(
            Member(
                party.id,
                party.version,
                content_hash(party.doc),
                content_hash(self.docs[party.id]),
                Role.SOURCE if index else Role.DESTINATION,
                party.primary,
                added[party.id],
                party.doc.instance_count,
            )
            for index, party in enumerate(self.parties)
        )
        return Unit(
            self.number,
            Kind.MERGE,
            f"merge {plural(len(members) - 1, 'image set')} into {members[0].id}",
            members,
            tuple(self.steps),
            tuple(self.patches),
            tally(self.left),
            emptied=tuple(self.emptied),
            losses=tuple(self.losses),
            changes=self.changes,
            least_bytes=self.least,
            series=tuple(self.parties[0].doc.series),
            frame_bytes=self.frame_bytes,
        )


def _changes_set(step: Step, name: str) -> bool:
    """Say whether the step makes a new version of the image set."""
    return step.into == name if isinstance(step, Copy) else not isinstance(step, Tag) and step.set == name


def same_pixels(a: Instance, b: Instance) -> bool:
    """Say whether two instances of one SOP Instance UID have the same frames, by the service's own checksums."""
    return bool(_checksums(a) == _checksums(b) and (a.frames or canonical(a.node) == canonical(b.node)))


def _checksums(instance: Instance) -> list[Json]:
    return [frame.get("PixelDataChecksumFromBaseToFullResolution") for frame in instance.frames]


def frame_bytes(doc: ImageSetMetadata, chosen: Mapping[str, Sequence[str]] | None = None) -> int:
    """Return the bytes of the image frames of all instances, or of those ``chosen`` by series; from the document."""
    chosen = {uid: tuple(node.instances) for uid, node in doc.series.items()} if chosen is None else chosen
    instances = (doc.series[uid].instances[sop] for uid, sops in chosen.items() for sop in sops)
    sizes = (frame.get("FrameSizeInBytes") for instance in instances for frame in instance.frames)
    return sum(size for size in sizes if isinstance(size, int))
