"""``plan`` and ``batch``: from rule files to a reviewable plan, or all the way to the report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curator.cli.catalogue import fresh_catalogue, heard
from curator.cli.excluding import exclude_options, write_amended
from curator.cli.output import Form, json_option
from curator.cli.walking import (
    adopt_plan_store,
    clustered,
    on_option,
    tell_cost,
)
from curator.cli.workbench import Workbench
from curator.errors import UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.campaign.planfile import PlanFile
    from curator.campaign.planning import Planning
    from curator.campaign.resolutions import Resolution, Resolutions
    from curator.catalogue import Catalogue, Tags
    from curator.plan.units import Unit
    from curator.rulefile import RuleFile

_ID = re.compile(r"[0-9a-z]{32}")

RESOLUTIONS = ("majority", "newest", "destination", "decided")


def choice_options(command: Any) -> Any:
    """Add the options that choose values where image sets disagree."""
    return click.option(
        "--choices",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="CSV",
        help="Decisions about conflicts, before the project's own; columns element and value are enough for right values.",
    )(command)


def planning_options(command: Any) -> Any:
    """Add the options that `plan` and `batch` share."""
    for option in (
        click.option("--where", default="", metavar="EXPR", help="Only image sets that match."),
        click.option(
            "--resolve",
            type=click.Choice(RESOLUTIONS),
            help="Merge torn series and align what disagrees, taking the value of the majority, of the newest, …; "
            "what was decided of a conflict comes first, and `decided` resolves nothing else.",
        ),
        click.option(
            "--payload", type=click.IntRange(200, 30_000), default=10_000, show_default=True,
            metavar="BYTES", help="The account's payload quota of one update.",
        ),
        click.option(
            "--copy-primary", is_flag=True,
            help="Change a copy where the image set is primary, which the service protects.",
        ),
        choice_options,
    ):  # fmt: skip
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked to be planned."""

    files: tuple[RuleFile, ...]
    ids: tuple[str, ...]
    where: str
    resolve: str | None
    payload: int
    choices: Path | None
    safe_only: bool = False
    copy_primary: bool = False
    without: frozenset[str] = (
        frozenset()
    )  # image sets that a merge emptied: they wait for `finish` as they are
    decided: tuple[
        Resolution, ...
    ] = ()  # what the files say of conflicts, after --choices and before the project

    @property
    def tags(self) -> Tags | None:
        """The tags that it takes to know what was merged already; None where nothing is to be merged."""
        from curator.catalogue import Tags

        return Tags.TORN if self.resolve else None

    @property
    def title(self) -> str:
        """A few words for lists."""
        names = [file.name for file in self.files]
        how = "conflicts as decided" if self.resolve == "decided" else f"conflicts resolved by {self.resolve}"
        return ", ".join([*names, *([how] if self.resolve else [])])


def asked_for(
    words: Sequence[str], where: str, resolve: str | None, payload: int, choices: Path | None, safe_only: bool,
    copy_primary: bool,
) -> Asked:  # fmt: skip
    """Sort words into rule files and image set ids; `UsageError` when nothing is asked for."""
    from curator.ruleshelf import open_rule_file

    ids = tuple(word for word in words if _ID.fullmatch(word) and not Path(word).exists())
    files = tuple(open_rule_file(word) for word in words if word not in ids)
    if not files and not resolve:
        raise UsageError(
            "There is nothing to plan: name rule files, or --resolve.",
            hint="`curator rules list` shows bundled ones",
        )
    return Asked(files, ids, where, resolve, payload, choices, safe_only, copy_primary)


def read_choices(path: Path | None) -> list[Resolution]:
    """Return decisions about conflicts from a CSV; columns element and value give right values, wherever they occur."""
    from curator.campaign.resolutions import read

    if path is None:
        return []
    with path.open(newline="", encoding="utf-8-sig") as file:
        return read(file, str(path))


def write_planned(
    workbench: Workbench, catalogue: Catalogue, asked: Asked, path: Path, cluster: Cluster | None = None
) -> tuple[PlanFile, Planning]:
    """Plan what was asked for and write the file; progress and what was skipped go to stderr."""
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import ALL, SAFE_ONLY, Planning, header
    from curator.campaign.resolutions import Resolutions, kept
    from curator.plan.packing import Payload

    rules = tuple(f"{file.name} ({file.source})" for file in asked.files)
    first = header(
        title=asked.title,
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        project=str(workbench.project().root),
        rules=rules,
        options={"payload": str(asked.payload), "where": asked.where, "resolve": asked.resolve or ""},
    )
    with heard(workbench, "planning") as progress:
        allowed = SAFE_ONLY if asked.safe_only else ALL
        planning = Planning(
            Payload(asked.payload),
            allowed,
            progress=progress,
            copies_of_primary=asked.copy_primary,
            keyed=workbench.project().keyed,
        )
        decided = Resolutions([*read_choices(asked.choices), *asked.decided, *kept(workbench.project())])
        units = _units(catalogue, asked, planning, cluster, decided)
        plan = write_plan(path, first, units, lambda: planning.skipped)
    _say_some(workbench, [f"skipped {image_set}: {reason}" for image_set, reason in planning.skipped])
    if asked.resolve and planning.skipped:
        workbench.say(
            "what a person has to decide: `curator conflicts --undecided --csv FILE`, then `curator conflicts decide FILE`"
        )
    _say_some(workbench, [f"lost: {loss}" for loss in planning.losses])
    for code, count in sorted(planning.findings.items()):
        workbench.say(f"{plural(count, 'finding')} of {code}: `curator check` and `rules explain` show them")
    return plan, planning


def _say_some(workbench: Workbench, lines: Sequence[str]) -> None:
    for line in lines[:5]:
        workbench.say(line)
    if len(lines) > 5:
        workbench.say(f"… and {len(lines) - 5:,} more")


def _units(
    catalogue: Catalogue, asked: Asked, planning: Planning, cluster: Cluster | None, decided: Resolutions
) -> Iterator[Unit]:
    import msgspec

    from curator.campaign.planning import chosen_rows, plan_rules
    from curator.campaign.resolving import resolve
    from curator.plan.merging import Choice

    rows = [row for row in chosen_rows(catalogue, asked.where, asked.ids) if row.id not in asked.without]
    number = 0
    busy: set[str] = set()
    if asked.resolve:
        within = frozenset(row.id for row in rows)
        how = None if asked.resolve == "decided" else Choice(asked.resolve)
        for unit in resolve(catalogue, planning, how=how, decided=decided, within=within):
            busy |= {member.id for member in unit.members}
            planning.losses += unit.losses
            yield msgspec.structs.replace(unit, number=number)
            number += 1
    if asked.files:
        # An image set is in one unit of a plan: what the rules say of a merged one is for the next plan.
        free = [row for row in rows if row.id not in busy]
        if cluster is None:
            planned = plan_rules(catalogue, asked.files, free, planning)
        else:
            from curator.campaign.spread import plan_rules_on

            planned = plan_rules_on(cluster, catalogue, asked.files, free, planning)
        for unit in planned:
            yield msgspec.structs.replace(unit, number=number)
            number += 1


@click.command()
@click.argument("words", nargs=-1, metavar="[RULES...] [ID...]")
@planning_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PLAN",
    help="The plan file (0600: it holds identified data).",
)
@click.option("--estimate", is_flag=True, help="Only say what it would cost.")
@click.option("--safe-only", is_flag=True, help="Leave out changes that want a person's review.")
@click.option("--no-refresh", is_flag=True, help="Plan from the catalogue as it is.")
@exclude_options
@on_option
@json_option
@click.pass_obj
def plan(
    workbench: Workbench, words: tuple[str, ...], where: str, resolve: str | None, payload: int, choices: Path | None, copy_primary: bool,
    output: Path | None, estimate: bool, safe_only: bool, no_refresh: bool, excluded: tuple[str, ...], amend: Path | None,
    on: str | None, form: Form | None,
) -> None:  # fmt: skip
    """Write a plan: every change with its reason, and the exact calls, to be reviewed and applied.

    RULES are names of bundled rule files or paths. Nothing in the data store is changed. What a reviewer does not
    approve is taken out by --exclude: that makes another plan, which says what was excluded and by whom.

    \b
    Examples:
      curator plan tidy-descriptions -o tidy.plan
      curator plan --resolve majority --where 'modality:CT' -o merge.plan
      curator plan my-rules.yaml --estimate
      curator plan --amend tidy.plan --exclude rule=number-in-description -o approved.plan
    """
    import tempfile

    from curator.plan.packing import Payload
    from curator.rulefile.batching import batch_of

    if amend is not None:
        _amended(workbench, words, amend, excluded, output, estimate, form)
        return
    asked = asked_for(words, where, resolve, payload, choices, safe_only, copy_primary)
    for file in asked.files:
        if batch_of(file) is not None:
            workbench.say(
                f"{file.source}: a plan is of its rules alone; `curator batch` does what batch: asks for"
            )
    if output is None and not estimate:
        raise UsageError("Say where the plan goes (-o PLAN), or ask for the cost alone (--estimate).")
    with (
        clustered(workbench, on) as cluster,
        fresh_catalogue(workbench, tags=asked.tags, refresh=not no_refresh, cluster=cluster) as catalogue,
        tempfile.TemporaryDirectory() as folder,
    ):
        first = Path(folder) / "whole"
        made, _ = write_planned(workbench, catalogue, asked, first if excluded else output or first, cluster)
        if excluded:
            made = write_amended(workbench, made, excluded, output or Path(folder) / "plan")
        tell_cost(made.cost, form, Payload(payload), _simulated(made) if estimate else None)
        if output is not None:
            then = (
                f"review it, then `curator apply {output}`"
                if made.cost.units
                else "there is nothing to apply"
            )
            workbench.say(f"{output}: campaign {made.digest[:12]}; {then}")


def _amended(
    workbench: Workbench, words: Sequence[str], plan: Path, excluded: Sequence[str], output: Path | None, estimate: bool,
    form: Form | None,
) -> None:  # fmt: skip
    """Write a plan that exists without what is excluded, and tell its cost."""
    import tempfile

    from curator.campaign.planfile import PlanFile
    from curator.plan.packing import Payload

    if words or not excluded:
        raise UsageError("--amend takes a plan as it is: name what to --exclude, and no rules.")
    if output is None and not estimate:
        raise UsageError("Say where the plan goes (-o PLAN), or ask for the cost alone (--estimate).")
    whole = PlanFile.open(plan)
    adopt_plan_store(workbench, whole)
    with tempfile.TemporaryDirectory() as folder:
        made = write_amended(workbench, whole, excluded, output or Path(folder) / "plan")
        payload = Payload(int(made.header.options.get("payload") or Payload().limit))
        tell_cost(made.cost, form, payload, _simulated(made) if estimate else None)
    if output is not None:
        workbench.say(f"{output}: campaign {made.digest[:12]}; review it, then `curator apply {output}`")


def _simulated(made: PlanFile) -> float:
    """Return the seconds that the plan's own calls take on the virtual clock."""
    from curator.plan.simulation import calls_of, seconds_of

    return seconds_of(calls_of(unit) for unit in made.units())
