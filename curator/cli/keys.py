"""``key`` and ``purge``: what this machine keeps that must stay secret, or must go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curator.cli.asking import agree
from curator.cli.output import Form, json_option, write, write_json
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.errors import ConfirmationMissing
from curator.printable import plural

if TYPE_CHECKING:
    from curator.crosswalk import Entries

KINDS = ("catalogues", "campaigns", "decisions", "crosswalk")


@click.group(cls=WholeHelp)
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


@key.command()
@click.option("--yes", is_flag=True, help="Make a new key.")
@click.pass_obj
def rotate(workbench: Workbench, yes: bool) -> None:
    """Make a new key, re-encrypt the crosswalk under it, and set the old key aside.

    What was published stays as it is. What is published from now on, of the same subjects too, bears other
    pseudonyms, other UIDs and other date offsets: only the crosswalk links the two.

    \b
    Example:
      curator --project trial key rotate --yes
    """
    from curator.campaign.identity import who
    from curator.campaign.journal import anchor
    from curator.crosswalk import Crosswalk

    project = workbench.project()
    old = Crosswalk.open(project)
    if not yes:
        found = old.entries()
        missing = ConfirmationMissing(
            f"{plural(len(found.patients), 'patient')} and {plural(len(found.uids), 'UID')} were published under the present key; what "
            "is published under a new one cannot be linked to them but by the crosswalk.",
            hint="say --yes if that is meant",
        )
        agree(missing)
    linked: list[Entries] = []
    aside = project.rotate_key(lambda keyed: linked.append(old.rotate(keyed)))
    found = linked[0]
    anchor(project, who("local"), "key", [("state", "rotated")])
    workbench.say(
        f"{plural(len(found.patients), 'patient')} and {plural(len(found.uids), 'UID')} stay linked by the crosswalk alone, which now opens "
        "with the new key. Value hashes in ledgers written so far are checked with the old key only."
    )
    workbench.say(
        f"The old key lies at {aside}. If it was seen by others, delete it: it repeats old pseudonyms."
    )
    write(str(project.key_file))


@click.command()
@click.option("--yes", is_flag=True, help="Delete.")
@click.option("--keep", multiple=True, type=click.Choice(KINDS), help="Leave this.")
@json_option
@click.pass_obj
def purge(workbench: Workbench, yes: bool, keep: tuple[str, ...], form: Form | None) -> None:
    """Delete the identified data that work left in the project.

    That is: catalogues; campaigns and plans with their ledgers and reports; what people decided of values
    (decisions.csv, the only one that `--keep decisions` keeps), conflicts (resolutions.csv), pixels
    (pixel-decisions.csv) and private elements (private-verdicts.csv); the crosswalk; saved sessions; how the terminal
    interface left each store (left); cache and spill. The key, the rule files and the project's own ledger stay. After it undo, verify and reports of its campaigns are not possible.

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
        missing = ConfirmationMissing(
            f"{names} of {project.root} would be deleted.", hint="say --yes if that is meant"
        )
        agree(missing)
    gone = project.purge(keep=kept)
    anchor(project, who("local"), "purge", [("deleted", [path.name for path in gone])])
    if form is Form.JSON:
        write_json([str(path) for path in gone])
    else:
        for path in gone:
            write(str(path))
