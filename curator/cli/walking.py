"""What the verbs of the walk (plan, apply, verify, finish, undo, batch) share: opening, running, telling."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curator.cli.interrupting import stopping
from curator.cli.output import Form, write, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import UsageError
from curator.printable import plural

if TYPE_CHECKING:
    import threading

    from curator.campaign.applying import Applied, Progress
    from curator.campaign.cluster import Cluster
    from curator.campaign.journal import Campaign
    from curator.campaign.planfile import PlanFile
    from curator.campaign.undoing import Undone
    from curator.campaign.verifying import Proof
    from curator.plan.cost import Cost
    from curator.plan.packing import Payload


class CampaignArgument(click.Argument):
    """Says what may be given, where nothing was."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the argument's name, and what it may be."""
        return "CAMPAIGN: the beginning of its id, its plan file, or `latest`"


campaign_argument = click.argument("campaign", metavar="CAMPAIGN", cls=CampaignArgument)


def campaign_of(workbench: Workbench, name: str) -> Campaign:
    """Return the campaign that a word means: the beginning of an id, a plan file, ``latest``."""
    from curator.campaign.journal import Campaign

    project = workbench.project()
    if name == "latest":
        folders = list(project.campaigns())
        if not folders:
            raise UsageError(
                "There is no campaign in this project yet.", hint="`curator apply PLAN` begins one"
            )
        name = folders[-1].name
    return Campaign.open(project, name)


@contextmanager
def plan_path(workbench: Workbench, output: Path | None = None) -> Iterator[Path]:
    """Yield where a plan is written; without ``output`` it goes again, since a campaign keeps its own.

    No other process takes the name: two that plan at once must not begin each other's plans.
    """
    path = output or workbench.project().folder("plans") / f"{secrets.token_hex(8)}.jsonl"
    try:
        yield path
    finally:
        if output is None:
            path.unlink(missing_ok=True)


def begin(workbench: Workbench, plan: Path) -> Campaign:
    """Return the campaign of a plan file, and open the plan's own store when none was named."""
    from curator.campaign.journal import Campaign

    campaign = Campaign.begin(workbench.project(), plan)
    adopt_store(workbench, campaign)
    return campaign


def adopt_store(workbench: Workbench, campaign: Campaign) -> None:
    """Work at the store that the campaign was planned for, unless the user names one."""
    adopt_plan_store(workbench, campaign.plan)


def adopt_plan_store(workbench: Workbench, plan: PlanFile) -> None:
    """Work at the store that a plan was made for, unless the user names one."""
    import os

    if workbench.store_spec is None and not os.environ.get("CURATOR_STORE") and plan.header.store:
        workbench.store_spec = plan.header.store


def is_remote(workbench: Workbench) -> bool:
    """Say whether the store is the service itself."""
    return workbench.spec().startswith("aws:")


def rate_scale(workbench: Workbench) -> float:
    """Return how many times the guide's rates the account has, as the project's configuration says."""
    configured = workbench.project().config.get("rate_scale", 1.0)
    return float(configured) if isinstance(configured, int | float) else 1.0


@contextmanager
def paced(workbench: Workbench) -> Iterator[threading.Event]:
    """Put the one rate limiter before the store, and yield the event that stops the run."""
    from curator.campaign.limits import RateLimiter

    with stopping() as stopped:
        scale = rate_scale(workbench)
        imaging = workbench.imaging
        imaging.limiter = RateLimiter.for_store(workbench.spec(), scale=scale, stopped=stopped)
        yield stopped


@contextmanager
def told_progress(workbench: Workbench, what: str) -> Iterator[Callable[[Progress], None]]:
    """Show calls, rate and time left on stderr where a person looks."""
    if workbench.quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    from curator.plan.cost import spelled

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Bars(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, told="")

        def tell(seen: Progress) -> None:
            left = f", {spelled(seen.seconds_left)} left" if seen.seconds_left is not None else ""
            throttled = f", throttled {plural(seen.throttles, 'time')}" if seen.throttles else ""
            told = f"{seen.calls_done:,}/{plural(seen.calls, 'call')}, {seen.rate:.2f}/s{left}{throttled}"
            shown.update(task, completed=seen.calls_done, total=seen.calls, told=told)

        yield tell


def run_apply(workbench: Workbench, campaign: Campaign, max_image_sets: int | None) -> Applied:
    """Apply a campaign and tell what came of it on stderr."""
    from curator.campaign.applying import apply
    from curator.campaign.identity import who

    with paced(workbench) as stopped, told_progress(workbench, "applying") as progress:
        applied = apply(
            campaign,
            workbench.imaging,
            who(workbench.spec()),
            stopped=stopped,
            progress=progress,
            max_image_sets=max_image_sets,
            remote=is_remote(workbench),
        )
    counts = ", ".join(f"{count:,} {status}" for status, count in applied.statuses.items()) or "nothing to do"
    workbench.say(f"campaign {campaign.id[:12]}: {counts}")
    return applied


@contextmanager
def clustered(workbench: Workbench, where: str | None) -> Iterator[Cluster | None]:
    """Open the cluster that ``--on`` names; None where it names none."""
    if where is None:
        yield None
        return
    from curator.campaign.cluster import open_cluster

    datastore = workbench.imaging.datastore_id
    with open_cluster(
        where, workbench.project(), workbench.spec(), datastore, scale=rate_scale(workbench)
    ) as cluster:
        yield cluster


def on_option(command: Any) -> Any:
    """Add the option that names where reading, checking, planning and proving run."""
    return click.option(
        "--on",
        metavar="dask[://HOST:PORT]",
        help="Read, check, plan and prove on Dask workers: of this machine, or of a cluster.",
    )(command)


def run_verify(workbench: Workbench, campaign: Campaign, cluster: Cluster | None = None) -> list[Proof]:
    """Verify a campaign and tell the outcome on stderr."""
    from curator.campaign.identity import who
    from curator.campaign.verifying import verify

    elsewhere = None
    if cluster is not None:
        from curator.campaign.spread import prover

        elsewhere = prover(cluster, campaign)
    proofs = verify(campaign, workbench.imaging, who(workbench.spec()), elsewhere=elsewhere)
    checked = [proof for proof in proofs if proof.checked]
    failed = sum(not proof.holds for proof in checked)
    sets = sum(proof.image_sets for proof in checked)
    if not checked:
        workbench.say("nothing was verified: no unit is done")
        return proofs
    workbench.say(
        f"verified {plural(sets, 'image set')} of {plural(len(checked), 'unit')}: "
        + (
            f"{plural(failed, 'unit is', 'units are')} NOT as planned"
            if failed
            else "all as planned, nothing removed is left"
        )
    )
    return proofs


def tell_open(applied: Applied, form: Form | None, campaign: str) -> None:
    """Write the units that are not done, with reason and next step."""
    from curator.campaign.journal import NEXT_STEP

    rows = [
        {"unit": title, "status": str(status), "reason": reason, "next": NEXT_STEP.get(status, "")}
        for _, title, status, reason in applied.open
    ]
    if form is Form.JSON:
        told = {str(status): count for status, count in applied.statuses.items()}
        write_json({"campaign": campaign, "calls": applied.calls, "units": told, "open": rows})
    else:
        write_rows(("unit", "status", "reason", "next"), rows, form, empty="nothing is open")


def tell_undone(results: Sequence[Undone], form: Form | None) -> None:
    """Write what became of each unit."""
    rows = [{"unit": each.title, "status": str(each.status), "reason": each.reason} for each in results]
    write_rows(("unit", "status", "reason"), rows, form, empty="nothing to undo")


def tell_cost(cost: Cost, form: Form | None, payload: Payload, simulated: float | None = None) -> None:
    """Write what a plan costs before anybody applies it; ``simulated``: seconds on the virtual clock."""
    from curator.plan.cost import spelled

    saved, copies = cost.saved_by_merging(payload)
    told = {
        "units": cost.units,
        "image_sets": cost.image_sets,
        "changes": cost.changes,
        "calls": cost.calls,
        "forced_calls": cost.forced,
        "versions": cost.versions,
        "seconds": round(cost.seconds(), 1),
        "simulated_seconds": None if simulated is None else round(simulated, 1),
        "touches": cost.touches,
        "reads": cost.reads,
        "reimported_instances": cost.reimported,
        "frame_bytes_copied": cost.frame_bytes,
        "payload_bytes": cost.payload_bytes,
        "left_out": cost.left_out,
        "merging_first_saves_updates": saved,
        "merging_first_costs_copies": copies,
    }
    if form is Form.JSON:
        write_json(told)
        return
    calls = ", ".join(f"{count:,} {name}" for name, count in sorted(cost.calls.items())) or "none"
    write(f"changes        {cost.changes:,} in {plural(cost.image_sets, 'image set')}")
    write(f"calls          {calls}" + (f"; {cost.forced:,} with force" if cost.forced else ""))
    more = "" if simulated is None else f"; {spelled(simulated)} simulated, with reads, waiting and proof"
    write(f"time           {spelled(cost.seconds())} at the service's default rates{more}")
    write(f"new versions   {cost.versions:,}; touches {cost.touches:,} (each moves a set to the dearer tier)")
    if cost.frame_bytes:
        write(f"extra storage  {cost.frame_bytes / 1e6:,.1f} MB of frames in copies and imports")
    if cost.reimported:
        reads = ", ".join(f"{count:,} {name}" for name, count in sorted(cost.reads.items()))
        write(f"by import      {plural(cost.reimported, 'instance')}; {reads}")
    if cost.left_out:
        write(f"left out       {plural(cost.left_out, 'change')}; the plan and its report say why")
    if saved:
        write(
            f"merging first  saves {plural(saved, 'update')} and takes {plural(copies, 'copy', 'copies')} (--resolve)"
        )
