"""A publication as it is asked for, by whichever face: its options checked and read, its plan written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curator.campaign.beside_pixels import with_text_beside
from curator.campaign.deidentifying import decisions_of, given_of, open_profile, options_of, verdicts_of
from curator.campaign.planfile import PlanFile, write_plan
from curator.campaign.planning import Planning, chosen_rows, header
from curator.campaign.promoting import ASSUMES, taken_for_granted
from curator.campaign.published_before import (
    BEFORE,
    MERGED,
    deidentified_already,
    merged_away,
    published_before,
)
from curator.campaign.publishing import Published, Publishing, left_alone, plan_deidentification
from curator.campaign.reviewing import told_of_pixels, unheard
from curator.crosswalk import Crosswalk
from curator.deid.pixelreview import PixelDecision, PixelDecisions
from curator.dicom.confidentiality import Option
from curator.errors import UsageError
from curator.plan.packing import Payload
from curator.plan.reimport import Route

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.catalogue import Catalogue, Row
    from curator.deid.decisions import Decision, Decisions
    from curator.deid.ruled import Deidentification
    from curator.healthimaging import HealthImaging
    from curator.plan.cost import Cost
    from curator.project import Project

STAYS_READABLE = (
    "Changed in place, image sets keep every older version, with all that it holds, readable for good."
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a publication.

    ``profile`` is a bundled name or a file, ``ids`` none: all that are neither de-identified nor
    published by the profile before. ``to`` names another data
    store, with its id (`other_store`). ``aliases`` and ``assigned`` are CSVs as `curator.deid.people` reads them,
    ``cleared`` a file of SOP Instance UIDs. ``decisions`` hold before the project's own, ``seen`` (what was said of
    pixels) only where the project's reviewers never said anything. ``without`` are image sets
    that are passed over, chosen or not. ``narrowed`` says that ``ids`` only narrow what is asked for: of those, too,
    what is de-identified stays as it is.
    """

    profile: str
    ids: tuple[str, ...] = ()
    where: str = ""
    payload: int = Payload().limit
    route: Route = Route.AUTO
    to: str = ""
    bucket: str = ""
    role: str = ""
    promote: bool = False
    in_place: bool = False
    aliases: Path | None = None
    assigned: Path | None = None
    cleared: Path | None = None
    decisions: tuple[Decision, ...] = field(default=(), repr=False)
    seen: tuple[PixelDecision, ...] = field(default=(), repr=False)
    without: frozenset[str] = frozenset()
    narrowed: bool = False

    def check(self) -> None:
        """Raise UsageError for options that exclude each other."""
        if self.in_place and (self.to or self.route is Route.REIMPORT):
            raise UsageError(
                "In place, the sets themselves are changed: that imports nothing and goes nowhere else."
            )
        if self.to and self.route is Route.UPDATE:
            raise UsageError("Into another store goes what is imported: route update cannot go there.")
        if self.promote and (self.in_place or self.to or self.route is Route.REIMPORT):
            raise UsageError(
                "Only copies can be made primary, and nothing is published by copies here.",
                hint="drop --promote",
            )


@dataclass(frozen=True, slots=True)
class Written:
    """A written plan, and what planning found out beside it."""

    plan: PlanFile
    asked: Deidentification = field(repr=False)
    planning: Planning = field(repr=False)
    found: Published = field(repr=False)

    @property
    def all_done(self) -> bool:
        """Whether nothing is new: what can be published was published before."""
        return any(reason == BEFORE for _, reason in self.planning.skipped)


def other_store(spec: str, datastore_id: str, *, make: bool = True) -> str:
    """Return a store to publish into with the id of its data store, so that the plan means the same wherever applied.

    Without ``make`` a store that is not there is not made. UsageError where it is the store of the originals.
    """
    from curator.stores import pinned

    other, other_id = pinned(spec, make=make)
    if other_id == datastore_id:
        raise UsageError(
            "The store to publish into is the store of the originals.", hint="name another store, or none"
        )
    return other


def publishing(project: Project, asked: Deidentification, request: Request) -> Publishing:
    """Return how to publish: by the request, the project's key, decisions and verdicts, and earlier pseudonyms.

    UsageError for a CSV that does not hold, or a profile that keeps UIDs where the originals are.
    """
    from curator.deid.people import read_aliases, read_assigned

    request.check()
    if Option.RETAIN_UIDS in asked.profile.options and not (request.in_place or request.to):
        raise UsageError(
            "A profile that retains UIDs (113110) cannot publish into the store of the originals: UIDs would meet.",
            hint="publish into another store, or drop the option",
        )
    aliases, assigned, cleared = request.aliases, request.assigned, request.cleared
    told = told_of_pixels(project)
    others = read_aliases(_text(aliases), aliases.name) if aliases else {}
    return Publishing(
        asked,
        project.keyed,
        aliases=others,
        assigned=read_assigned(_text(assigned), assigned.name, others) if assigned else {},
        decisions=_decisions(project, request.decisions),
        verdicts=verdicts_of(project),
        known=Crosswalk.open(project).entries().subjects,
        cleared=frozenset(_text(cleared).split()) if cleared else frozenset(),
        pixels=PixelDecisions([*told, *unheard(told, request.seen)]),
        in_place=request.in_place,
        promote=request.promote,
        route=request.route,
        to=request.to,
        bucket=request.bucket,
        role=request.role,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"The file {path} cannot be read: {why}.") from None


def _decisions(project: Project, more: Sequence[Decision]) -> Decisions | None:
    from curator.deid.decisions import Decisions

    own = decisions_of(project)
    return Decisions([*(own or ()), *more]) if more else own  # of two about one value the later one holds


def rows_of(catalogue: Catalogue, request: Request) -> list[Row]:
    """Return the image sets that a request is about, those that say that they are de-identified among them."""
    return [
        row for row in chosen_rows(catalogue, request.where, request.ids) if row.id not in request.without
    ]


def _named(request: Request) -> bool:
    """Tell whether each image set is asked for by name, whatever it says and whatever was published before."""
    return bool(request.ids) and not request.narrowed


def write_publication(
    catalogue: Catalogue,
    project: Project,
    imaging: HealthImaging,
    request: Request,
    path: Path,
    *,
    store: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cluster: Cluster | None = None,
) -> Written:
    """Plan what is asked for and write it to ``path``; nothing is published, and nobody is recorded, before it is begun.

    UsageError where copies are to be made primary in a store that is known to have no primary image sets.
    """
    asked = open_profile(request.profile)
    how = publishing(project, asked, request)
    rows = rows_of(catalogue, request)
    alone = {} if _named(request) else dict(deidentified_already(catalogue, rows, how))
    rows = [row for row in rows if row.id not in alone]
    alone |= dict.fromkeys(merged_away(imaging, catalogue, rows), MERGED)
    if not request.ids:
        alone |= dict.fromkeys(dict(published_before(imaging, catalogue, rows, how)), BEFORE)
    rows = [row for row in rows if row.id not in alone]
    assumed = taken_for_granted(catalogue, store) if request.promote else ""
    beside = with_text_beside(imaging, catalogue, rows, how.cleared, how.pixels, progress)
    how = replace(how, beside=beside)
    first = header(
        title=f"{'in place' if request.in_place else 'published'} by {asked.name}",
        store=store,
        datastore=imaging.datastore_id,
        project=str(project.root),
        rules=(asked.name,),
        options={
            "payload": str(request.payload),
            "where": request.where,
            **options_of(asked, asked.name),
            **({ASSUMES: assumed} if assumed else {}),
        },
        given=None if request.in_place else given_of(how, request.profile),
    )
    planning, found = Planning(Payload(request.payload), progress=progress), Published()
    planning.skipped += alone.items()
    if cluster is None:
        units = plan_deidentification(catalogue, rows, how, planning, found)
    else:
        from curator.campaign.spread_publishing import plan_deidentification_on

        units = plan_deidentification_on(cluster, catalogue, rows, how, planning, found)
    plan = write_plan(path, first, units, lambda: left_alone(planning, found))
    return Written(plan, asked, planning, found)


def readable_still(plan: PlanFile) -> tuple[int, int]:
    """Return how many older versions, of how many image sets, a change in place leaves readable."""
    versions = [int(member.version) for unit in plan.units() for member in unit.members]
    return sum(versions), len(versions)


def cost_in_words(cost: Cost) -> str:
    """Return what a route costs in one line."""
    from curator.plan.cost import spelled

    calls = [f"{count:,} {name}" for name, count in sorted([*cost.calls.items(), *cost.reads.items()])]
    storage = f"{cost.frame_bytes / 1e6:,.1f} MB of frames"
    return f"{', '.join(calls)}; {spelled(cost.seconds())} at the service's default rates; {storage}"
