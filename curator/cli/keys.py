"""``key`` and ``purge``: what this machine keeps that must stay secret, or must go."""

from __future__ import annotations

import click

from curator.cli.output import Form, json_option, write, write_json
from curator.cli.workbench import Workbench
from curator.errors import ConfirmationMissing

KINDS = ("catalogues", "campaigns", "decisions", "crosswalk")


@click.group()
def key() -> None:
    """The project's key, from which pseudonyms, UIDs, offsets and ledger hashes derive.

    \b
    Example:
      curator --project trial key new
    """


@key.command()
@click.pass_obj
def new(workbench: Workbench) -> None:
    """Make the project's key (0600) where there is none; one that is there is never replaced.

    \b
    Example:
      curator --project trial key new
    """
    from curator.campaign.identity import who
    from curator.campaign.journal import anchor

    project = workbench.project()
    path = project.new_key()
    anchor(project, who("local"), "key", [("state", "made")])
    workbench.say(
        "Keep a copy apart from the data: without it nothing can be repeated; with it pseudonyms can."
    )
    write(str(path))


@click.command()
@click.option("--yes", is_flag=True, help="Delete.")
@click.option("--keep", multiple=True, type=click.Choice(KINDS), help="Leave this.")
@json_option
@click.pass_obj
def purge(workbench: Workbench, yes: bool, keep: tuple[str, ...], form: Form | None) -> None:
    """Delete the identified data that work left in the project: catalogues, plans and ledgers, decisions, crosswalk.

    The key and the project's own ledger stay. After it undo, verify and reports of its campaigns are not possible.

    \b
    Example:
      curator purge --keep campaigns --yes
    """
    from curator.campaign.identity import who
    from curator.campaign.journal import anchor

    project = workbench.project()
    kept = frozenset("decisions.csv" if each == "decisions" else each for each in keep)
    wanted = [path for path in project.purgeable() if path.name not in kept]
    if wanted and not yes:
        names = ", ".join(path.name for path in wanted)
        raise ConfirmationMissing(
            f"{names} of {project.root} would be deleted.", hint="say --yes if that is meant"
        )
    gone = project.purge(keep=kept)
    anchor(project, who("local"), "purge", [("deleted", [path.name for path in gone])])
    if form is Form.JSON:
        write_json([str(path) for path in gone])
    else:
        for path in gone:
            write(str(path))
