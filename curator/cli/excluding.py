"""``plan --exclude``: a plan without what its reviewer takes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curator.cli.catalogue import heard
from curator.cli.workbench import Workbench
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.planfile import PlanFile


def exclude_options(command: Any) -> Any:
    """Add the options that take something out of a plan."""
    for option in (
        click.option(
            "--exclude", "excluded", multiple=True, metavar="WHAT",
            help="Take this out again: rule=ID, element=PATH, set=ID or change=PATH; joined by commas all must fit.",
        ),
        click.option(
            "--amend", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN",
            help="With --exclude: take it out of this plan, as it was reviewed, instead of planning anew.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def write_amended(workbench: Workbench, plan: PlanFile, texts: Sequence[str], target: Path) -> PlanFile:
    """Write the plan without what the texts exclude; its head says by whom, and stderr how much that was."""
    from curator.campaign.amending import amend, excluded
    from curator.campaign.identity import who
    from curator.plan.excluding import Exclusion

    person = who(plan.header.store or workbench.spec())
    told = excluded([Exclusion.parse(text) for text in texts], person.get("arn") or person["user"])
    with heard(workbench, "excluding") as progress:
        made = amend(plan, told, target, workbench.imaging.document, progress=progress)
    for each in made.header.excluded:
        workbench.say(f"excluded by {each.by}: {each.what} ({plural(each.changes, 'change')})")
    return made
