"""A campaign's publications, subject by subject: what one proof is about, found without holding any other.

Whose a publication is, its original says. It is read from the catalogue where that has the version that was
published, which never changes; the proof reads it from the service once more, and compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from curator.campaign.journal import Campaign, Status, UnitState
from curator.deid.subject import identity
from curator.errors import NotFound
from curator.imageset import ImageSetMetadata
from curator.plan.renames import Renames
from curator.plan.units import Copy, Import, Kind, Unit

if TYPE_CHECKING:
    from curator.catalogue import Catalogue
    from curator.healthimaging import HealthImaging


@dataclass(frozen=True, slots=True)
class Beside:
    """An image set of the subject that the campaign did not publish, as the catalogue has read it."""

    id: str
    version: str
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """The publications of one subject, and what is known of it beside them.

    ``units`` say what was copied and imported, no changes. ``recorded`` is what the crosswalk says of their
    instances: original to published SOP Instance UID. ``size`` is about how many bytes the originals have.
    """

    known_by: str = field(repr=False)
    units: list[tuple[Unit, UnitState]] = field(default_factory=list, repr=False)
    beside: list[Beside] = field(default_factory=list, repr=False)
    recorded: dict[str, str] = field(default_factory=dict, repr=False)
    size: int = 0


def cases(campaign: Campaign, imaging: HealthImaging, aliases: Mapping[str, str]) -> Iterator[Case]:
    """Yield the subjects of whom anything was published, each when the plan has no more of it.

    In a plan as it is written the units of a subject follow each other; in any other more than one case is held.
    """
    from curator.crosswalk import Crosswalk

    with ExitStack() as stack:
        known = _Known(campaign, stack)
        whose: dict[int, str] = {}
        last: dict[str, int] = {}
        published: set[str] = set()
        for unit, _ in _published(campaign):
            source = unit.members[0]
            document = known.document(source.id, source.version, imaging)
            if document is not None:
                whose[unit.number] = known_by = identity(document, aliases)[0]
                last[known_by] = unit.number
                published.add(source.id)
        recorded = dict(Crosswalk.open(campaign.project).entries().uids)
        beside = known.beside(published)
        held: dict[str, Case] = {}
        for unit, state in _published(campaign):
            known_by = whose.get(unit.number, "")
            if not known_by:
                continue
            case = held.setdefault(known_by, Case(known_by))
            case.units.append((_bare(unit), replace(state, steps={}, versions={})))
            renamed = Renames.of(operation for patch in unit.patches for operation in patch.patch).instances
            case.recorded.update((old, recorded[old]) for old in renamed if old in recorded)
            if last[known_by] == unit.number:
                size = sum(known.size(each.members[0].id) for each, _ in case.units)
                others = [*beside.of(known_by, aliases)]
                yield replace(held.pop(known_by), beside=others, size=size)


def _published(campaign: Campaign) -> Iterator[tuple[Unit, UnitState]]:
    states = campaign.state()
    for unit in campaign.plan.units():
        state = states.get(unit.number, UnitState())
        if unit.kind is Kind.PUBLISH and state.status in (Status.DONE, Status.FINISHED):
            yield unit, state


def _bare(unit: Unit) -> Unit:
    """Return the unit without its changes: a proof takes none of them on trust."""
    steps = tuple(step for step in unit.steps if isinstance(step, Copy | Import))
    return msgspec.structs.replace(unit, steps=steps, patches=())


class _Known:
    """What the project's catalogue has read of the campaign's data store; nothing where there is none."""

    def __init__(self, campaign: Campaign, stack: ExitStack) -> None:
        from curator.catalogue import Catalogue

        datastore = campaign.plan.header.datastore
        self.catalogue: Catalogue | None = None
        if datastore and (campaign.project.catalogues / f"{datastore}.sqlite").exists():
            self.catalogue = stack.enter_context(Catalogue.open(campaign.project, datastore))
        self.rows = [] if self.catalogue is None else self.catalogue.rows(sort="id")
        self._sizes = {row.id: row.size for row in self.rows}

    def document(self, image_set: str, version: str, imaging: HealthImaging) -> ImageSetMetadata | None:
        """Return a version, read from the service where it was not read before; None where it is gone."""
        document = None if self.catalogue is None else self.catalogue.document(image_set, int(version))
        if document is not None:
            return document
        try:
            return imaging.document(image_set, version)
        except NotFound:
            return None

    def size(self, image_set: str) -> int:
        """Return how many bytes of JSON an image set has."""
        return self._sizes.get(image_set, 0)

    def beside(self, published: set[str]) -> _Others:
        """Return the image sets that were read and are none of ``published``."""
        others = _Others(self.catalogue)
        for row in self.rows:
            if row.read and row.id not in published:
                who = row.patient_id.strip() or f"study\0{row.study_uid}"
                others.listed.setdefault(who, []).append((row.id, row.version))
        return others


@dataclass(frozen=True, slots=True)
class _Others:
    """Image sets of the catalogue by PatientID, or by study where that is empty."""

    catalogue: Catalogue | None
    listed: dict[str, list[tuple[str, int]]] = field(default_factory=dict, repr=False)

    def of(self, known_by: str, aliases: Mapping[str, str]) -> Iterator[Beside]:
        """Yield those of one subject, whichever of its ids they bear."""
        own = known_by.rpartition("\0")[2]
        ids = {known_by} if known_by.startswith("study\0") else {own}
        ids |= {
            name.rpartition("\0")[2] for name, other in aliases.items() if other.rpartition("\0")[2] == own
        }
        for image_set, version in sorted(each for one in ids for each in self.listed.get(one, ())):
            from curator.campaign.spread import kept_text

            assert self.catalogue is not None
            text = kept_text(self.catalogue, image_set, version)
            if text is not None and identity(ImageSetMetadata.parse(text), aliases)[0] == known_by:
                yield Beside(image_set, str(version), text)
