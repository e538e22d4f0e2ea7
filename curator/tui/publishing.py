"""De-identification as the workbench takes it, in `Work` threads only: profiles, the plan, and holding it to its originals."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curator.errors import Refused
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.campaign.planfile import PlanFile
    from curator.campaign.publications import Request
    from curator.campaign.publishing import Published
    from curator.catalogue.values import DistinctValue
    from curator.deid.decisions import Decision
    from curator.plan.leftout import LeftOut
    from curator.tui.rows import Cell
    from curator.tui.session import Session
    from curator.tui.work import Ticket

Pairs = list[tuple[str, "Cell"]]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile to choose: by ``spec`` it is opened."""

    spec: str
    edition: str
    options: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A planned publication, and what is to be known before it is applied."""

    campaign: Campaign
    told: Pairs


def profile_of(spec: str) -> Profile:
    """Return what a bundled profile or a file says of itself; UsageError where it is no profile."""
    from curator.deid.profilefile import OPTIONS, section_of
    from curator.ruleshelf import open_rule_file

    file = open_rule_file(spec)
    section = section_of(file)
    if section is None:
        raise Refused(f"{Path(spec).name} is a rule file, but no profile", hint="a profile has `profile:`")
    options = tuple(name for name, option in OPTIONS.items() if option in section.options)
    return Profile(spec, section.table.edition, options, " ".join(file.why.split()))


def profiles(ticket: Ticket) -> list[Profile]:
    """Return the bundled profiles, those with the fewest options first."""
    from curator.ruleshelf import bundled

    found = []
    for number, name in enumerate(shelf := bundled()):
        ticket.report(number, len(shelf))
        try:
            found.append(profile_of(name))
        except Refused:
            continue
    return sorted(found, key=lambda each: (each.spec.startswith("basic-"), each.spec))


def plan_publication(session: Session, spec: str, request: Request, ticket: Ticket) -> Publication:
    """Plan what is asked for. Who becomes whom is recorded before the plan can be applied by anybody, today or later."""
    from curator.campaign.deidentifying import into_crosswalk
    from curator.campaign.journal import Campaign

    with tempfile.TemporaryDirectory(prefix="curator-plan-") as folder:
        path = Path(folder) / "plan.jsonl"
        made, found, told = write_publication(session, spec, request, path, ticket)
        ticket.check()
        into_crosswalk(session.project, made.digest, found)
        campaign = Campaign.begin(session.project, path)
    return Publication(campaign, told)


def write_publication(
    session: Session, spec: str, request: Request, path: Path, ticket: Ticket
) -> tuple[PlanFile, Published, Pairs]:
    """Write the plan of a publication; return it with what planning found out and what is to be told.

    `Refused`, with the reasons, when nothing can be published.
    """
    from curator.campaign import publications

    request.check()
    if session.embedded:
        session.read_documents(ticket)
    if request.to:
        request = replace(request, to=publications.other_store(request.to, session.imaging.datastore_id))
    written = publications.write_publication(
        session.catalogue,
        session.project,
        session.imaging,
        request,
        path,
        store=spec,
        progress=ticket.report,
    )
    made, found, skipped = written.plan, written.found, written.planning.skipped
    if not made.cost.calls:
        raise Refused(_nothing(found, skipped))
    told: Pairs = costs(made, _beside(found, skipped))
    told += [
        (f"Route {route}", f"would cost {publications.cost_in_words(cost)}")
        for route, cost in sorted(found.costs.items())
    ]
    told += [
        ("Goes by", f"{count:,} × {name}: {route}") for (route, name), count in sorted(found.routes.items())
    ]
    if request.in_place:
        versions, sets = publications.readable_still(made)
        told.append(("Stays readable", (_older(versions, sets), "warn")))
    return made, found, told


def _older(versions: int, sets: int) -> str:
    return f"{plural(versions, 'older version')} of {plural(sets, 'image set')}"


def _nothing(found: Published, skipped: Sequence[tuple[str, str]]) -> str:
    from curator.campaign.deidentifying import instances_left_out

    why = [f"{each.count:,} × {each.element}: {each.reason}" for each in instances_left_out((), found)]
    why += sorted({reason for _, reason in skipped})
    return f"nothing can be published: {'; '.join(why) or 'there is no image set that is not de-identified'}"


def _beside(found: Published, skipped: Sequence[tuple[str, str]]) -> Pairs:
    """Return what no unit of the plan tells of: image sets that are not in it."""
    from curator.plan.leftout import tally

    told = _left_alone(reason for _, reason in skipped)
    told += _left_out(tally(left for _, left in found.refused))
    for name in dict.fromkeys(image_set for image_set, _ in found.refused):
        told.append(("Not published", name))
    for image_set in found.unnamed:
        told += [("No PatientID", image_set), ("", ("its study stands for the subject", "warn"))]
    return told


def _left_out(entries: Iterable[LeftOut]) -> Pairs:
    told: Pairs = []
    for each in entries:
        told += [
            ("Left out", f"{each.count:,} × {each.element or each.rule}"),
            ("", (str(each.reason), "warn")),
        ]
    return told


def summary(campaign: Campaign) -> Pairs:
    """Return what a campaign's plan costs, and what it leaves out or alone with the reasons."""
    return costs(campaign.plan, _left_alone(why for _, why in campaign.plan.skipped()))


def _left_alone(reasons: Iterable[str]) -> Pairs:
    told: Pairs = []
    for reason, count in Counter(reasons).most_common():
        told += [("Left alone", plural(count, "image set")), ("", (reason, "warn"))]
    return told


def costs(plan: PlanFile, beside: Iterable[tuple[str, Cell]] = ()) -> Pairs:
    """Return what a plan leaves out with the reasons, what is to be told ``beside`` its units, and what it costs.

    What is left out stands first: who reads only the beginning must not miss it.
    """
    from curator.campaign.promoting import ASSUMES
    from curator.campaign.reviewing import cleared_in
    from curator.plan.cost import spelled
    from curator.plan.leftout import tally

    cost, options = plan.cost, plan.header.options
    told: Pairs = [
        (name, options[key])
        for key, name in (("profile", "Profile"), ("edition", "Edition"), (ASSUMES, "Assumes"))
        if options.get(key)
    ]
    told.append(("Changes", f"{cost.changes:,} in {plural(cost.image_sets, 'image set')}"))
    told += beside
    told += _left_out(tally(each for unit in plan.units() for each in unit.left_out))
    told += [(name, plural(count, "call")) for name, count in sorted(cost.calls.items())]
    told.append(("Time", f"{spelled(cost.seconds())} at the service's default rates"))
    told.append(("New versions", f"{cost.versions:,}; touches {cost.touches:,}, each to the dearer tier"))
    if cost.frame_bytes:
        told.append(("Extra storage", f"{cost.frame_bytes / 1e6:,.1f} MB of frames in copies and imports"))
    for by, count in cleared_in(plan.units()).items():
        told += [
            ("Pixels cleared", f"{plural(count, 'instance at risk goes', 'instances at risk go')} along"),
            ("", f"cleared by {by}"),
        ]
    return told


def values_of(
    session: Session, profile: str, ids: Sequence[str], ticket: Ticket
) -> tuple[list[DistinctValue], list[Decision]]:
    """Return the distinct values of ``ids`` (or of all) with what the profile would do, and what was decided."""
    from curator.campaign.deciding import foretell, kept_decisions
    from curator.campaign.deidentifying import open_profile
    from curator.campaign.planning import chosen_rows

    if session.embedded:
        session.read_documents(ticket)
    rows = chosen_rows(session.catalogue, "", ids)
    found = session.catalogue.values(None, ids)
    ticket.check()
    foretell(session.catalogue, session.project, rows, open_profile(profile), found, ticket.report)
    return found, kept_decisions(session.project)


def decide_values(
    session: Session, new: Sequence[Decision], withdrawn: Sequence[tuple[str, str, str]]
) -> tuple[int, list[Decision]]:
    """Keep decisions or take them back; return how many changed, and all that the project holds."""
    from curator.campaign.deciding import decide, kept_decisions

    changed, _ = decide(session.project, new, withdrawn=withdrawn)
    return changed, kept_decisions(session.project)


def hold_against_originals(session: Session, spec: str, campaign: Campaign) -> tuple[str, bool]:
    """Read published and original sets back, every version; return what was found in words, and whether it holds."""
    from curator.campaign.attesting import attest
    from curator.campaign.deidentifying import profile_planned
    from curator.campaign.identity import who
    from curator.campaign.reviewing import pixel_decisions_of

    asked = profile_planned(campaign)
    assert asked is not None
    made = attest(campaign, session.imaging, asked, who(spec), pixels=pixel_decisions_of(session.project))
    failed = sum(each.count for each in made.violations)
    checks = sum(count for count, _ in made.counts.values())
    if failed:
        return (
            f"{failed:,} of {plural(checks, 'check')} against the originals FAILED; the report says where",
            False,
        )
    looked = f", {plural(len(made.notes), 'place wants', 'places want')} a look" if made.notes else ""
    return (
        f"all {plural(checks, 'check')} against the originals {'holds' if checks == 1 else 'hold'}{looked}",
        True,
    )
