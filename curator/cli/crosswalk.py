"""``crosswalk``: what became of which original, decrypted only here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, json_option, write, write_json
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.errors import VerificationFailed
from curator.printable import plural

if TYPE_CHECKING:
    from curator.project import Project


@click.group(cls=WholeHelp, invoke_without_command=True)
@json_option
@click.pass_context
def crosswalk(context: click.Context, form: Form | None) -> None:
    """Say how much the crosswalk holds; export it.

    It is encrypted under the project's key; losing the key loses it. A publication of the project that it does not know
    shows that it is an older copy (exit 5).

    \b
    Example:
      curator crosswalk
      curator crosswalk export ~/crosswalk
    """
    if context.invoked_subcommand is not None:
        return
    from curator.crosswalk import Crosswalk

    workbench: Workbench = context.obj
    project = workbench.project()
    found = Crosswalk.open(project).entries()
    missing = _not_recorded(project, frozenset(found.campaigns))
    facts: dict[str, object] = {
        "patients": len(found.patients),
        "uids": len(found.uids),
        "campaigns": len(found.campaigns),
        "keys": found.generation + 1,
        **({"missing": missing} if missing else {}),
    }
    if form is Form.JSON:
        write_json(facts)
    else:
        for name, value in facts.items():
            write(f"{name:<10} {value}")
    if missing:
        raise VerificationFailed(
            f"{plural(len(missing), 'publication of this project is', 'publications of this project are')} not in the crosswalk: it was purged, or is an older copy of itself.",
            hint="put the newest copy back; what was published then cannot be traced by this one",
        )


def _not_recorded(project: Project, recorded: frozenset[str]) -> list[str]:
    """Return the ids of publications that were begun, and of which the crosswalk knows nothing."""
    from curator.campaign.amending import original_of
    from curator.campaign.journal import Campaign

    found = []
    for folder in project.campaigns():
        campaign = Campaign.open(project, folder.name)
        if campaign.plan.header.given is not None and campaign.ledger_path.exists():
            found += [] if original_of(campaign).id in recorded else [campaign.id[:12]]
    return found


@crosswalk.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def export(workbench: Workbench, folder: Path) -> None:
    """Write patients.csv and uids.csv (id_old,id_new; 0600) into FOLDER: from then on they are yours to guard.

    \b
    Example:
      curator crosswalk export ~/crosswalk
    """
    from curator.campaign.identity import who
    from curator.campaign.journal import anchor
    from curator.crosswalk import Crosswalk

    project = workbench.project()
    paths = Crosswalk.open(project).export(folder)
    anchor(project, who("local"), "crosswalk", [("state", "exported")])
    for path in paths:
        write(str(path))
    workbench.say("These files are not encrypted: whoever reads them knows everybody. Delete them after use.")
