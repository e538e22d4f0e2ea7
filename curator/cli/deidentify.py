"""``deidentify``: publish image sets by a confidentiality profile, verified, with the original kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.asking import agree
from curator.cli.attesting import hold_against_originals, verdict
from curator.cli.catalogue import fresh_catalogue, heard
from curator.cli.output import Form, json_option, write, write_json
from curator.cli.reporting import keep_report
from curator.cli.walking import begin, clustered, on_option, plan_path, run_apply, run_verify, tell_cost
from curator.cli.workbench import Workbench
from curator.errors import ConfirmationMissing, LimitExceeded, VerificationFailed
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.campaign.planfile import PlanFile
    from curator.campaign.publications import Request, Written

_NAMED = 20
"""Image sets left alone that are named on a terminal."""
_CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("image_set_ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--profile", required=True, metavar="PROFILE", help="A bundled profile (`curator rules list`) or a file."
)
@click.option("--where", default="", metavar="EXPR", help="Only image sets that match.")
@click.option(
    "--in-place", is_flag=True, help="Change the sets themselves; their older versions stay readable."
)
@click.option(
    "--route",
    type=click.Choice(["auto", "update", "reimport"]),
    default="auto",
    show_default=True,
    help="By copies and updates, by import of rewritten files, or for each instance what is possible.",
)
@click.option(
    "--to", metavar="STORE", help="Publish into another data store, by import: access is then separate."
)
@click.option(
    "--bucket", metavar="NAME", default="", help="aws: the S3 bucket for imports; cleaned up after."
)
@click.option(
    "--role", metavar="ARN", default="", help="aws: the role by which HealthImaging uses the bucket."
)
@click.option("--promote", is_flag=True, help="Ask the service to make the published sets primary.")
@click.option("--aliases", type=_CSV, metavar="CSV", help="Ids that mean one person: id,same_as.")
@click.option("--assigned", type=_CSV, metavar="CSV", help="Pseudonyms fixed beforehand: id,pseudonym.")
@click.option(
    "--cleared",
    type=_CSV,
    metavar="FILE",
    help="SOP Instance UIDs whose pixels a person has looked at, beside what `curator pixels` decided.",
)
@click.option(
    "--payload",
    type=click.IntRange(200, 30_000),
    default=10_000,
    show_default=True,
    metavar="BYTES",
    help="The account's payload quota of one update.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="PLAN",
              help="Only write the plan, to be reviewed and applied.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Plan and say what it costs and leaves out; change nothing.")
@click.option("--max-image-sets", type=click.IntRange(1), metavar="N", help="Refuse to publish more.")
@click.option("--yes", is_flag=True, help="With --in-place: I know that older versions stay readable.")
@click.option("--report", "report_to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the report there too.")  # fmt: skip
@on_option
@json_option
@click.pass_obj
def deidentify(
    workbench: Workbench, image_set_ids: tuple[str, ...], profile: str, where: str, in_place: bool, route: str,
    to: str | None, bucket: str, role: str, promote: bool, aliases: Path | None, assigned: Path | None, cleared: Path | None, payload: int, output: Path | None,
    dry_run: bool, max_image_sets: int | None, yes: bool, report_to: Path | None, on: str | None, form: Form | None,
) -> int:  # fmt: skip
    """Publish de-identified copies of image sets; the originals stay as they are.

    Without ID: every set (that matches) that is neither de-identified nor published by this profile before. A
    published set has one version and no history. What cannot be cleaned is left out and counted, never published half
    clean. Exit codes: 0 done (what is left out is named, and is no failure), 1 something is open, or nothing can be
    published, 5 verification failed.

    \b
    Examples:
      curator deidentify --profile research --dry-run
      curator deidentify --profile research --where 'modality:CT' --report evidence.html
      curator deidentify ID --profile basic -o publish.plan
      curator deidentify --profile basic --to local:/data/public
      curator deidentify --profile basic --on dask
    """
    from curator.campaign.publications import STAYS_READABLE, Request, other_store
    from curator.plan.reimport import Route

    if in_place and not (yes or dry_run or output):
        agree(ConfirmationMissing(STAYS_READABLE, hint="publish instead (drop --in-place), or say --yes"))
    request = Request(
        profile, image_set_ids, where, payload, Route(route), to or "", bucket, role, promote, in_place, aliases,
        assigned, cleared,
    )  # fmt: skip
    request.check()
    if to:
        request = replace(request, to=other_store(to, workbench.imaging.datastore_id, make=not dry_run))
    with clustered(workbench, on) as cluster:
        outcome = published(workbench, request, Wanted(output, dry_run, max_image_sets, report_to), cluster)
    _tell(outcome.summary, outcome.made, form, payload)
    if output is not None:
        name = outcome.made.digest[:12]
        workbench.say(f"{output}: campaign {name}; review it, then `curator apply {output}`")
    return outcome.hold()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How far a publication is to go, and where its report goes too."""

    output: Path | None = None
    dry_run: bool = False
    most: int | None = None
    report_to: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a publication: what is told of it, its plan, the exit code, and whether it is NOT proved."""

    summary: dict[str, object]
    made: PlanFile
    code: int
    failed: bool = False

    def hold(self) -> int:
        """Return the exit code; raises VerificationFailed where the publication is not proved."""
        if self.failed:
            name = self.made.digest[:12]
            raise VerificationFailed(
                "The publication does not hold against its originals.",
                hint=f"`curator report {name}` says where; `curator undo {name}` deletes it again",
            )
        return self.code


def published(workbench: Workbench, request: Request, wanted: Wanted, cluster: Cluster | None) -> Outcome:
    """Plan, publish, verify and report, as far as it is wanted."""
    from curator.campaign.deidentifying import into_crosswalk
    from curator.campaign.publications import write_publication

    output = wanted.output
    with (
        fresh_catalogue(workbench, cluster=cluster) as catalogue,
        plan_path(workbench, output) as path,
        heard(workbench, "planning") as progress,
    ):
        written = write_publication(
            catalogue,
            workbench.project(),
            workbench.imaging,
            request,
            path,
            store=workbench.spec(),
            progress=progress,
            cluster=cluster,
        )
        made = written.plan
        summary = _told(request, written)
        if wanted.dry_run or output is not None or not made.cost.calls:
            if output is not None:
                # before anybody applies it: what is not recorded could never be traced back
                into_crosswalk(workbench.project(), made.digest, written.found)
            return Outcome(summary, made, 0 if made.cost.calls or wanted.dry_run or written.all_done else 1)
        if wanted.most is not None and made.cost.image_sets > wanted.most:
            raise LimitExceeded(
                f"{made.cost.image_sets} image sets would be published; the limit is {wanted.most}."
            )
        campaign = begin(workbench, path)
    into_crosswalk(workbench.project(), campaign.id, written.found)
    applied = run_apply(workbench, campaign, wanted.most)
    failed = sum(not proof.holds for proof in run_verify(workbench, campaign, cluster))
    attested = (
        None if request.in_place else hold_against_originals(workbench, campaign, written.asked, cluster)
    )
    summary |= {
        "applied": ", ".join(f"{count} {status}" for status, count in applied.statuses.items()),
        "open": [f"{title}: {status}: {reason}" for _, title, status, reason in applied.open[:20]],
        "verified": f"{failed} image sets NOT as planned" if failed else "as planned",
        "attested": verdict(attested),
        "report": str(keep_report(campaign, wanted.report_to)),
    }
    unproved = bool(failed or (attested is not None and not attested.holds))
    return Outcome(summary, made, int(bool(applied.open)), unproved)


def _told(request: Request, written: Written) -> dict[str, object]:
    from curator.campaign.promoting import ASSUMES
    from curator.campaign.publications import cost_in_words
    from curator.plan.leftout import OF_INSTANCES, tally

    made, asked, planning, found = written.plan, written.asked, written.planning, written.found
    left = [each for unit in made.units() for each in unit.left_out if each.reason in OF_INSTANCES]
    left += [each for _, each in found.refused]
    return {
        "profile": f"{asked.name} (PS3.15 {asked.profile.table.edition})",
        "campaign": made.digest[:12],
        "assumes": made.header.options.get(ASSUMES, ""),
        "image_sets": made.cost.units,
        "changes": made.cost.changes,
        "calls": made.cost.calls,
        "routes": [f"{count} × {name}: {route}" for (route, name), count in sorted(found.routes.items())],
        "route_costs": [f"{route}: {cost_in_words(cost)}" for route, cost in sorted(found.costs.items())],
        "left_out": [f"{each.count} × {each.element}: {each.reason}" for each in tally(left)],
        "cleared": _cleared(made),
        "refused": [
            f"{image_set}: {'a part of it cannot be de-identified' if request.in_place else 'no instance can be published'}"
            for image_set in dict.fromkeys(one for one, _ in found.refused)
        ],
        **({"stays_readable": _readable(made)} if request.in_place else {}),
        "without_patient_id": found.unnamed,
        "left_alone": [
            f"{plural(count, 'image set')}: {reason}"
            for reason, count in Counter(reason for _, reason in planning.skipped).most_common()
        ],
        "skipped": [f"{image_set}: {reason}" for image_set, reason in planning.skipped],
        "findings": planning.findings,
    }


def _readable(made: PlanFile) -> str:
    """Return what a change in place leaves for whoever may read the data store."""
    from curator.campaign.publications import readable_still

    versions, sets = readable_still(made)
    return (
        f"{plural(versions, 'older version')} of {plural(sets, 'image set')}, with all that {'it holds' if versions == 1 else 'they hold'}: publish instead, "
        "or delete the image sets later"
    )


def _cleared(made: PlanFile) -> list[str]:
    from curator.campaign.reviewing import cleared_in

    return [
        f"{plural(count, 'instance at pixel risk goes', 'instances at pixel risk go')} along: cleared by {by}"
        for by, count in cleared_in(made.units()).items()
    ]


def _tell(summary: dict[str, object], made: PlanFile, form: Form | None, payload: int) -> None:
    from curator.plan.packing import Payload

    if form is Form.JSON:
        write_json(summary)
        return
    for name, value in summary.items():
        if name == "skipped" and isinstance(value, list):
            for each in value[:_NAMED]:
                write(f"{name:<20} {str(each).partition(':')[0]}")  # the reasons are counted above
            if len(value) > _NAMED:
                write(f"{name:<20} and {len(value) - _NAMED:,} more; --json and the plan name all of them")
        elif isinstance(value, list):
            for each in value:
                write(f"{name:<20} {each}")
        elif value not in ("", {}) and name != "calls":  # the cost below tells of them
            write(f"{name:<20} {value}")
    tell_cost(made.cost, form, Payload(payload))
