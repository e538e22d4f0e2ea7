"""``apply``, ``verify``, ``finish``, ``undo``, ``campaigns``: the walk on a plan that was reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.asking import agree
from curator.cli.attesting import hold_against_originals
from curator.cli.output import Form, form_options, json_option, write_rows
from curator.cli.walking import (
    adopt_store,
    begin,
    campaign_argument,
    campaign_of,
    clustered,
    is_remote,
    on_option,
    paced,
    plan_path,
    run_apply,
    run_verify,
    tell_open,
    tell_undone,
)
from curator.cli.workbench import Workbench
from curator.errors import ConfirmationMissing, UsageError, VerificationFailed
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.campaign.finishing import Finished
    from curator.campaign.journal import Campaign


@click.command()
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--max-image-sets", type=click.IntRange(1), metavar="N", help="Refuse a plan that changes more."
)
@json_option
@click.pass_obj
def apply(workbench: Workbench, plan: Path, max_image_sets: int | None, form: Form | None) -> int:
    """Carry out a plan, exactly; on a begun one, go on where it stopped. Ctrl-C stops it well.

    \b
    Example:
      curator apply tidy.plan --max-image-sets 500
    """
    campaign = begin(workbench, plan)
    applied = run_apply(workbench, campaign, max_image_sets)
    tell_open(applied, form, campaign.id)
    return 0 if applied.complete else 1


@click.command()
@campaign_argument
@on_option
@form_options
@click.pass_obj
def verify(workbench: Workbench, campaign: str, on: str | None, form: Form | None) -> None:
    """Read every changed image set again and hold it against the plan; exit 5 if anything differs.

    A de-identified publication is also held against its originals, every version of both read back.

    CAMPAIGN is the beginning of its id, its plan file, or `latest`.

    \b
    Example:
      curator verify latest
      curator verify latest --on dask
    """
    found = campaign_of(workbench, campaign)
    adopt_store(workbench, found)
    with clustered(workbench, on) as cluster:
        _hold(workbench, found, cluster, form)


def _hold(workbench: Workbench, found: Campaign, cluster: Cluster | None, form: Form | None) -> None:
    """Hold a campaign against its plan, and a publication against its originals. Raises `VerificationFailed`."""
    from curator.campaign.deidentifying import profile_planned

    with paced(workbench):
        proofs = run_verify(workbench, found, cluster)
    rows = [
        {"unit": proof.title, "holds": proof.holds if proof.checked else None, "problem": text}
        for proof in proofs
        for text in (*proof.problems, *proof.notes)
    ]
    write_rows(("unit", "holds", "problem"), rows, form, empty="nothing to say: all as planned")
    failed = sum(not proof.holds for proof in proofs)
    if failed:
        raise VerificationFailed(
            f"{failed:,} of {plural(len(proofs), 'unit')} not as planned.",
            hint=f"curator undo {found.id[:12]} takes it back",
        )
    if (profile := profile_planned(found)) is not None:
        made = hold_against_originals(workbench, found, profile, cluster)
        if not made.holds:
            raise VerificationFailed(
                "The publication does not hold against its originals.",
                hint=f"`curator report {found.id[:12]}` says where; `curator undo {found.id[:12]}` deletes it",
            )


@click.command()
@campaign_argument
@click.option("--yes", is_flag=True, help="Delete; undo can afterwards only rebuild.")
@form_options
@click.pass_obj
def finish(workbench: Workbench, campaign: str, yes: bool, form: Form | None) -> int:
    """Delete the image sets that merges emptied and publications replaced. Ends exact undo.

    CAMPAIGN is the beginning of its id, its plan file, or `latest`.

    \b
    Example:
      curator finish latest --yes
    """
    from curator.campaign.finishing import finish as finish_campaign
    from curator.campaign.identity import who

    found = campaign_of(workbench, campaign)
    adopt_store(workbench, found)

    def delete(confirmed: bool) -> list[Finished]:
        with paced(workbench) as stopped:
            return finish_campaign(
                found,
                workbench.imaging,
                who(workbench.spec()),
                confirmed=confirmed,
                stopped=stopped,
                remote=is_remote(workbench),
            )

    try:
        results = delete(yes)
    except ConfirmationMissing as missing:
        agree(missing)
        results = delete(True)
    rows = [{"unit": each.title, "deleted": len(each.deleted), "reason": each.reason} for each in results]
    write_rows(("unit", "deleted", "reason"), rows, form, empty="nothing to delete")
    return int(any(each.reason for each in results))


@click.command()
@campaign_argument
@click.option("--image-set", metavar="ID", help="Only what has to do with this image set.")
@click.option("--rule", metavar="RULE", help="Only what this rule did, from the image sets as they are now.")
@form_options
@click.pass_obj
def undo(
    workbench: Workbench, campaign: str, image_set: str | None, rule: str | None, form: Form | None
) -> int:
    """Take a campaign back, proved by diff. What others changed since is reported, not overwritten.

    CAMPAIGN is the beginning of its id, its plan file, or `latest`.

    \b
    Examples:
      curator undo latest
      curator undo 3f2a --image-set ID
      curator undo 3f2a --rule tidy-description
    """
    from curator.campaign.identity import who
    from curator.campaign.undoing import undo as undo_campaign

    found = campaign_of(workbench, campaign)
    adopt_store(workbench, found)
    if rule is not None:
        return _undo_rule(workbench, found, rule, image_set, form)
    with paced(workbench) as stopped:
        results = undo_campaign(
            found,
            workbench.imaging,
            who(workbench.spec()),
            image_set=image_set,
            stopped=stopped,
            remote=is_remote(workbench),
        )
    if image_set is not None and not results:
        raise UsageError(f"Image set {image_set} has nothing to do with campaign {found.id[:12]}.")
    tell_undone(results, form)
    return int(not all(each.complete for each in results))


def _undo_rule(
    workbench: Workbench, campaign: Campaign, rule: str, image_set: str | None, form: Form | None
) -> int:
    """Undo one rule by a campaign of its own: other rules' and other people's changes stay."""
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import done_as_now, header, plan_without_rule

    project = workbench.project()
    first = header(
        title=f"takes back rule {rule} of campaign {campaign.id[:12]}",
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        project=str(project.root),
        rules=(rule,),
        options={},
    )
    with plan_path(workbench) as path:
        done = done_as_now(campaign, workbench.imaging, image_set)
        plan = write_plan(path, first, plan_without_rule(done, rule))
        if not plan.cost.units:
            raise UsageError(f"Rule {rule} changed nothing in campaign {campaign.id[:12]}.")
        taken_back = begin(workbench, path)
    applied = run_apply(workbench, taken_back, None)
    run_verify(workbench, taken_back)
    if plan.cost.left_out:
        workbench.say(
            f"{plural(plan.cost.left_out, 'element was', 'elements were')} changed by others since and stay: see the report"
        )
    tell_open(applied, form, taken_back.id)
    return int(not applied.complete or bool(plan.cost.left_out))


@click.command()
@form_options
@click.pass_obj
def campaigns(workbench: Workbench, form: Form | None) -> None:
    """List this project's campaigns, the newest last.

    \b
    Example:
      curator campaigns --json
    """
    rows = (_summary(folder.name, workbench) for folder in workbench.project().campaigns())
    columns = ("campaign", "title", "made", "units", "changes", "states", "verified")
    write_rows(columns, rows, form, empty="no campaigns yet")


def _summary(name: str, workbench: Workbench) -> dict[str, object]:
    from collections import Counter

    from curator.campaign.journal import Campaign

    found = Campaign.open(workbench.project(), name)
    states = found.state()
    counts = Counter(str(state.status) for state in states.values())
    waiting = found.plan.cost.units - len(states)
    if waiting:
        counts["waiting"] += waiting
    verified = Counter(state.verified for state in states.values() if state.verified)
    return {
        "campaign": name[:12],
        "title": found.plan.header.title,
        "made": found.plan.header.made,
        "units": found.plan.cost.units,
        "changes": found.plan.cost.changes,
        "states": ", ".join(f"{count} {state}" for state, count in counts.items()),
        "verified": ", ".join(f"{count} {state}" for state, count in verified.items()),
    }
