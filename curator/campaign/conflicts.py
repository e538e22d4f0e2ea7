"""Conflicts among image sets: torn series, and elements on which the sets of a patient, study or series disagree.

An element is decided once, for the largest scope in which it must agree: Patient elements for a patient, Study
elements for a study, Series elements for a torn series. Where the sets of a study bear several PatientIDs, or those of
a series several StudyInstanceUIDs, they are **misplaced**: a person says first which is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from curator.checks.view import Scope
from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key, vrs
from curator.dicom.levels import Level
from curator.findings import ABSENT, Absent
from curator.imageset import ElementPath
from curator.imageset.equality import canonical

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row
    from curator.checks.view import Member

PATIENT_ID: Final = "Patient/PatientID"
STUDY_UID: Final = "Study/StudyInstanceUID"
_IDENTITIES: Final = frozenset((PATIENT_ID, STUDY_UID))


@dataclass(frozen=True, slots=True)
class Holder:
    """An image set in a conflict; ``updated`` is its updatedAt in epoch seconds."""

    id: str
    version: str
    instances: int
    updated: float
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the values in use, and the image sets that hold it."""

    value: Json | Absent = field(repr=False)
    holders: tuple[Holder, ...]

    @property
    def filled(self) -> bool:
        """Whether it is a value at all: neither absent nor empty."""
        return not isinstance(self.value, Absent) and self.value not in (None, "", [])

    @property
    def instances(self) -> int:
        """In how many instances it stands."""
        return sum(each.instances for each in self.holders)

    @property
    def newest(self) -> float:
        """When the newest of the image sets was updated, epoch seconds."""
        return max(each.updated for each in self.holders)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One element that must agree and does not, or (``path`` None) one series that lies in several image sets.

    ``group`` is the PatientID, StudyInstanceUID or SeriesInstanceUID within which it must agree. ``values`` are those of
    the ``holders``, in their order. ``identity``: it says where misplaced sets belong.
    """

    scope: Scope
    group: str = field(repr=False)
    path: ElementPath | None
    vr: str
    holders: tuple[Holder, ...]
    values: tuple[Json | Absent, ...] = field(default=(), repr=False)
    identity: bool = False

    @property
    def element(self) -> str:
        """The element's path without UIDs; empty for the series itself."""
        return "" if self.path is None else str(self.path.generic())

    @property
    def key(self) -> tuple[str, str, str]:
        """What a decision about this conflict alone is keyed by."""
        return str(self.scope), self.group, self.element

    @property
    def torn(self) -> bool:
        """Whether it is a series in several image sets, to be merged or not."""
        return self.path is None

    def variants(self) -> tuple[Variant, ...]:
        """Return the values in use, the heaviest first: filled before empty, then by instances."""
        found: dict[bytes, tuple[Json | Absent, list[Holder]]] = {}
        for value, holder in zip(self.values, self.holders, strict=False):
            name = b"" if isinstance(value, Absent) else canonical(value)
            found.setdefault(name, (value, []))[1].append(holder)
        variants = [Variant(value, tuple(holders)) for value, holders in found.values()]
        return tuple(sorted(variants, key=lambda each: (not each.filled, -each.instances)))


@dataclass(frozen=True, slots=True)
class Group:
    """Image sets that must agree, the one that others are merged into first, and what they disagree about."""

    scope: Scope
    id: str = field(repr=False)
    holders: tuple[Holder, ...]
    conflicts: tuple[Conflict, ...]
    patients: frozenset[str] = field(repr=False)
    studies: frozenset[str] = field(repr=False)
    patient_of: Mapping[str, str] = field(repr=False)  # by image set

    @property
    def misplaced(self) -> bool:
        """Whether its sets stand under several patients or studies, as far as this scope can say so."""
        return any(each.identity for each in self.conflicts)


def gather(
    catalogue: Catalogue, within: frozenset[str] | None = None, refused: list[tuple[str, str]] | None = None
) -> list[Group]:
    """Return all groups that conflict: those of patients, then of studies, then torn series.

    Only image sets ``within`` (None: all) that can be planned for count; the others go to ``refused``, with why.
    """
    found = _Gathering(catalogue, within, [] if refused is None else refused)
    if refused is not None:
        away = (each for each in catalogue.merged_away() if within is None or each in within)
        refused += [(each, "it was merged before and waits for `curator finish`") for each in away]
    view = catalogue.view()
    groups = [
        *found.groups(Scope.PATIENT, view.disagreeing(Scope.PATIENT)),
        *found.groups(Scope.STUDY, view.disagreeing(Scope.STUDY)),
        *found.groups(Scope.SERIES, view.torn()),
    ]
    return [group for group in groups if group.conflicts]


class _Gathering:
    """One pass over a catalogue's groups; rows and levels are read once."""

    def __init__(
        self, catalogue: Catalogue, within: frozenset[str] | None, refused: list[tuple[str, str]]
    ) -> None:
        self._catalogue = catalogue
        self._elements = catalogue.view().elements
        self._within = within
        self._refused = refused
        self._rows: dict[str, Row | None] = {}

    def groups(self, scope: Scope, found: Iterable[tuple[Member, ...]]) -> Iterator[Group]:
        """Yield the groups of a scope that still have two image sets."""
        for members in found:
            usable = [member for member in members if self._row(member) is not None]
            if len({member.set.id for member in usable}) > 1:
                yield self._group(scope, usable)

    def _row(self, member: Member) -> Row | None:
        name = member.set.id
        if name not in self._rows:
            row = self._catalogue.row(name)
            if row is None or (self._within is not None and name not in self._within):
                row = None
            elif row.state != "ACTIVE" or not row.read:
                why = (
                    f"it is {row.state} ({row.status})"
                    if row.state != "ACTIVE"
                    else "its metadata is not in the catalogue"
                )
                self._refused.append((name, why))
                row = None
            self._rows[name] = row
        return self._rows[name]

    def _group(self, scope: Scope, members: Sequence[Member]) -> Group:
        parts: dict[str, list[Member]] = {}
        for member in members:
            parts.setdefault(member.set.id, []).append(member)
        ordered = sorted(parts, key=self._rank)
        first = [parts[name][0] for name in ordered]
        holders = tuple(self._holder(parts[name]) for name in ordered)
        patients = frozenset(member.patient_id for member in members)
        studies = frozenset(member.study_uid for member in members)
        name = {
            Scope.PATIENT: members[0].patient_id,
            Scope.STUDY: members[0].study_uid,
            Scope.SERIES: members[0].series_uid,
        }[scope]
        conflicts: list[Conflict] = []
        if scope is Scope.SERIES:
            conflicts.append(Conflict(scope, name, None, "", holders))
        for level in _levels(scope, len(patients) > 1, len(studies) > 1):
            conflicts += self._compare(scope, name, level, first, holders)
        patient_of = {member.set.id: member.patient_id for member in members}
        return Group(scope, name, holders, tuple(conflicts), patients, studies, patient_of)

    def _rank(self, name: str) -> tuple[bool, int, float, str]:
        """Order as merges do: what is primary, then the largest, is the destination."""
        row = self._rows[name]
        assert row is not None
        return not row.primary, -row.instances, row.updated_at, name

    def _holder(self, members: Sequence[Member]) -> Holder:
        row = self._rows[members[0].set.id]
        assert row is not None
        count = sum(member.instances for member in members)
        return Holder(row.id, str(row.version), count, row.updated_at, bool(row.primary))

    def _compare(
        self, scope: Scope, name: str, level: Level, members: Sequence[Member], holders: tuple[Holder, ...]
    ) -> Iterator[Conflict]:
        if len({member.hashes[level] for member in members}) < 2:
            return
        nodes = [self._elements(member.hashes[level]) for member in members]
        place = ElementPath(level, name if level is Level.SERIES else "")
        for key in dict.fromkeys(key for node in nodes for key in node):
            values = tuple(node.get(key, ABSENT) if key in node else ABSENT for node in nodes)
            if len({b"" if isinstance(each, Absent) else canonical(each) for each in values}) < 2:
                continue
            path = place.child(key)
            identity = str(path) in _IDENTITIES
            if not (identity and scope is Scope.PATIENT):
                yield Conflict(scope, name, path, vr_of(key), holders, values, identity)


def _levels(scope: Scope, patients: bool, studies: bool) -> Iterator[Level]:
    """Yield the levels decided within a group; ``patients``, ``studies``: its sets stand under several."""
    if scope is Scope.PATIENT or (patients and (scope is Scope.STUDY or studies)):
        yield Level.PATIENT
    if scope is Scope.STUDY or (scope is Scope.SERIES and studies):
        yield Level.STUDY
    if scope is Scope.SERIES:
        yield Level.SERIES


def vr_of(key: str) -> str:
    """Return an element's VR by its key, ``UN`` where the dictionary does not know it."""
    tag = tag_of_key(key)
    return (vrs(tag) or ("UN",))[0] if tag is not None else "UN"
