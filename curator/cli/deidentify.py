"""``deidentify``: publish image sets by a confidentiality profile, verified, with the original kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.attesting import hold_against_originals, open_profile, verdict
from curator.cli.catalogue import fresh_catalogue, heard
from curator.cli.decided import decisions_of, verdicts_of
from curator.cli.output import Form, json_option, write, write_json
from curator.cli.reporting import keep_report
from curator.cli.walking import begin, clustered, on_option, run_apply, run_verify, tell_cost
from curator.cli.workbench import Workbench
from curator.errors import ConfirmationMissing, LimitExceeded, UsageError, VerificationFailed

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.campaign.planfile import PlanFile
    from curator.campaign.planning import Planning
    from curator.campaign.publishing import Published, Publishing
    from curator.catalogue import Catalogue, Row
    from curator.deid.ruled import Deidentification
    from curator.plan.cost import Cost

_CSV = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Asked:
    profile: Deidentification
    ids: tuple[str, ...]
    where: str
    payload: int
    in_place: bool
    to: str
    spec: str
    """How the profile is named: by that it is opened again."""


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

    Without ID and --where: every set that is not de-identified yet. A published set has one version and no
    history. What cannot be cleaned is left out and counted, never published half clean. Exit codes: 0 done,
    1 something is open or was left out, 5 verification failed.

    \b
    Examples:
      curator deidentify --profile research --dry-run
      curator deidentify --profile research --where 'modality:CT' --report evidence.html
      curator deidentify ID --profile basic -o publish.plan
      curator deidentify --profile basic --to local:/data/public
      curator deidentify --profile basic --on dask
    """
    if in_place and not (yes or dry_run or output):
        raise ConfirmationMissing(
            "Changed in place, image sets keep every older version, with all that it holds, readable for good.",
            hint="publish instead (drop --in-place), or say --yes",
        )
    if in_place and (to or route == "reimport"):
        raise UsageError("--in-place changes the sets themselves: it imports nothing and goes nowhere else.")
    other = _other_store(workbench, to, make=not dry_run) if to else ""
    asked = _Asked(open_profile(profile), image_set_ids, where, payload, in_place, other, profile)
    how = _publishing(workbench, asked, aliases, assigned, cleared, promote)
    how = replace(how, route=type(how.route)(route), to=other, bucket=bucket, role=role)
    with clustered(workbench, on) as cluster:
        return _published(
            workbench, asked, how, _Wanted(output, dry_run, max_image_sets, report_to, form), cluster
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    output: Path | None
    dry_run: bool
    most: int | None
    report_to: Path | None
    form: Form | None


def _published(
    workbench: Workbench, asked: _Asked, how: Publishing, wanted: _Wanted, cluster: Cluster | None
) -> int:
    """Plan, publish, verify and report, as far as it is wanted; return the exit code."""
    from curator.campaign.deidentifying import into_crosswalk

    output, form = wanted.output, wanted.form
    with (
        fresh_catalogue(workbench, cluster=cluster) as catalogue,
        _plan_path(workbench, output) as path,
    ):
        made, planning, found = _planned(workbench, catalogue, asked, how, path, cluster)
        summary = _told(asked, made, planning, found)
        if wanted.dry_run or output is not None or not made.cost.calls:
            _tell(summary, made, form, asked.payload)
            if output is not None:
                # before anybody applies it: what is not recorded could never be traced back
                into_crosswalk(workbench.project(), made.digest, found)
                workbench.say(
                    f"{output}: campaign {made.digest[:12]}; review it, then `curator apply {output}`"
                )
            return 0 if made.cost.calls or wanted.dry_run else 1
        if wanted.most is not None and made.cost.image_sets > wanted.most:
            raise LimitExceeded(
                f"{made.cost.image_sets} image sets would be published; the limit is {wanted.most}."
            )
        campaign = begin(workbench, path)
    into_crosswalk(workbench.project(), campaign.id, found)
    applied = run_apply(workbench, campaign, wanted.most)
    failed = sum(not proof.holds for proof in run_verify(workbench, campaign, cluster))
    attested = None if asked.in_place else hold_against_originals(workbench, campaign, asked.profile)
    summary |= {
        "applied": ", ".join(f"{count} {status}" for status, count in applied.statuses.items()),
        "open": [f"{title}: {status}: {reason}" for _, title, status, reason in applied.open[:20]],
        "verified": f"{failed} image sets NOT as planned" if failed else "as planned",
        "attested": verdict(attested),
        "report": str(keep_report(campaign, wanted.report_to)),
    }
    _tell(summary, made, form, asked.payload)
    if failed or (attested is not None and not attested.holds):
        raise VerificationFailed(
            "The publication does not hold against its originals.",
            hint=f"`curator report {campaign.id[:12]}` says where; `curator undo {campaign.id[:12]}` deletes it again",
        )
    return int(bool(applied.open))


def _other_store(workbench: Workbench, spec: str, *, make: bool) -> str:
    """Return ``--to`` with the id of its data store, so that the plan means the same wherever it is applied.

    Without ``make`` a store that is not there is not made: a dry run writes nothing.
    """
    from curator.stores import pinned

    other, datastore_id = pinned(spec, make=make)
    if datastore_id == workbench.imaging.datastore_id:
        raise UsageError("--to names the store of the originals.", hint="drop --to, or name another store")
    return other


def _publishing(
    workbench: Workbench, asked: _Asked, aliases: Path | None, assigned: Path | None, cleared: Path | None, promote: bool
) -> Publishing:  # fmt: skip
    from curator.campaign.publishing import Publishing
    from curator.deid.people import read_aliases, read_assigned
    from curator.dicom.confidentiality import Option

    if Option.RETAIN_UIDS in asked.profile.profile.options and not (asked.in_place or asked.to):
        raise UsageError(
            "A profile that retains UIDs (113110) cannot publish into the store of the originals: UIDs would meet.",
            hint="publish into another store (--to), or drop the option",
        )
    from curator.campaign.reviewing import pixel_decisions_of
    from curator.crosswalk import Crosswalk

    project = workbench.project()
    others = read_aliases(_text(aliases), aliases.name) if aliases else {}
    given = read_assigned(_text(assigned), assigned.name, others) if assigned else {}
    return Publishing(
        asked.profile,
        project.keyed,
        aliases=others,
        assigned=given,
        decisions=decisions_of(workbench),
        verdicts=verdicts_of(workbench),
        known=Crosswalk.open(project).entries().subjects,
        cleared=frozenset(_text(cleared).split()) if cleared else frozenset(),
        pixels=pixel_decisions_of(project),
        in_place=asked.in_place,
        promote=promote,
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


@contextmanager
def _plan_path(workbench: Workbench, output: Path | None) -> Iterator[Path]:
    """Yield where the plan is written; without ``output`` it goes again, since a campaign keeps its own."""
    path = output or workbench.project().folder("plans") / "deidentify.jsonl"
    try:
        yield path
    finally:
        if output is None:
            path.unlink(missing_ok=True)


def _rows(catalogue: Catalogue, asked: _Asked) -> Sequence[Row]:
    from curator.campaign.planning import chosen_rows

    rows = chosen_rows(catalogue, asked.where, asked.ids)
    return rows if asked.ids else [row for row in rows if not row.deidentified]


def _planned(
    workbench: Workbench,
    catalogue: Catalogue,
    asked: _Asked,
    how: Publishing,
    path: Path,
    cluster: Cluster | None,
) -> tuple[PlanFile, Planning, Published]:
    from curator.campaign.beside_pixels import with_text_beside
    from curator.campaign.deidentifying import given_of
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import Planning, header
    from curator.campaign.publishing import Published, left_alone, plan_deidentification
    from curator.plan.packing import Payload

    profile = asked.profile.profile
    first = header(
        title=f"{'in place' if asked.in_place else 'published'} by {asked.profile.name}",
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        project=str(workbench.project().root),
        rules=(asked.profile.name,),
        options={
            "payload": str(asked.payload),
            "where": asked.where,
            "profile": asked.profile.name,
            "edition": f"PS3.15 {profile.table.edition}",
            "codes": ", ".join(code for code, _ in profile.codes),
        },
        given=None if asked.in_place else given_of(how, asked.spec),
    )
    found = Published()
    rows = _rows(catalogue, asked)
    if not asked.in_place:
        with heard(workbench, "reading frames that are kept as received") as progress:
            how = replace(how, beside=with_text_beside(workbench.imaging, catalogue, rows, how, progress))
    with heard(workbench, "planning") as progress:
        planning = Planning(Payload(asked.payload), progress=progress)
        if cluster is None:
            units = plan_deidentification(catalogue, rows, how, planning, found)
        else:
            from curator.campaign.spread_publishing import plan_deidentification_on

            units = plan_deidentification_on(cluster, catalogue, rows, how, planning, found)
        return write_plan(path, first, units, lambda: left_alone(planning, found)), planning, found


def _told(asked: _Asked, made: PlanFile, planning: Planning, found: Published) -> dict[str, object]:
    from curator.plan.leftout import OF_INSTANCES, tally

    left = [each for unit in made.units() for each in unit.left_out if each.reason in OF_INSTANCES]
    left += [each for _, each in found.refused]
    return {
        "profile": f"{asked.profile.name} (PS3.15 {asked.profile.profile.table.edition})",
        "campaign": made.digest[:12],
        "image_sets": made.cost.units,
        "changes": made.cost.changes,
        "calls": made.cost.calls,
        "routes": [f"{count} × {name}: {route}" for (route, name), count in sorted(found.routes.items())],
        "route_costs": [f"{route}: {_spelled(cost)}" for route, cost in sorted(found.costs.items())],
        "left_out": [f"{each.count} × {each.element}: {each.reason}" for each in tally(left)],
        "cleared": _cleared(made),
        "refused": [
            f"{image_set}: no instance can be published"
            for image_set in dict.fromkeys(one for one, _ in found.refused)
        ],
        **({"stays_readable": _readable(made)} if asked.in_place else {}),
        "without_patient_id": found.unnamed,
        "skipped": [f"{image_set}: {reason}" for image_set, reason in planning.skipped],
        "findings": planning.findings,
    }


def _readable(made: PlanFile) -> str:
    """Return what a change in place leaves for whoever may read the data store."""
    versions = [int(member.version) for unit in made.units() for member in unit.members]
    return (
        f"{sum(versions):,} older versions of {len(versions):,} image sets, with all that they hold: publish instead, "
        "or delete the image sets later"
    )


def _cleared(made: PlanFile) -> list[str]:
    from curator.campaign.reviewing import cleared_in

    return [
        f"{count} instances at pixel risk go along: cleared by {by}"
        for by, count in cleared_in(made.units()).items()
    ]


def _spelled(cost: Cost) -> str:
    from curator.plan.cost import spelled

    calls = [f"{count:,} {name}" for name, count in sorted([*cost.calls.items(), *cost.reads.items()])]
    storage = f"{cost.frame_bytes / 1e6:,.1f} MB of frames"
    return f"{', '.join(calls)}; {spelled(cost.seconds())} at the service's default rates; {storage}"


def _tell(summary: dict[str, object], made: PlanFile, form: Form | None, payload: int) -> None:
    from curator.plan.packing import Payload

    if form is Form.JSON:
        write_json(summary)
        return
    for name, value in summary.items():
        if isinstance(value, list):
            for each in value:
                write(f"{name:<20} {each}")
        elif value not in ("", {}) and name != "calls":  # the cost below tells of them
            write(f"{name:<20} {value}")
    tell_cost(made.cost, form, Payload(payload))
