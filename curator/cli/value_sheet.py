"""``values``: every distinct value once, to be decided once."""

from __future__ import annotations

import csv
import getpass
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.catalogue import fresh_catalogue
from curator.cli.output import Form, form_options, write_rows
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.errors import UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row
    from curator.catalogue.values import DistinctValue
    from curator.deid.decisions import Decision

COLUMNS = {"element": "element", "vr": "VR", "value": "value", "count": "count", "image_sets": "image sets"}

WITH_PROFILE = {**COLUMNS, "would": "the profile would"}


@click.group(cls=WholeHelp, invoke_without_command=True)
@click.option(
    "--element", metavar="E", help="A keyword, 8 hex digits, or a path; without: all but UIDs and bulk data."
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a sheet to decide in."
)
@click.option("--where", metavar="EXPR", help="Only image sets that match.")
@click.option(
    "--profile",
    metavar="PROFILE",
    help="Say what this profile would do with each value; without --where, of what is not de-identified yet.",
)
@click.option("--undecided", is_flag=True, help="Only values that nobody decided yet.")
@click.option("--refresh/--no-refresh", default=True, help="Read what is new in the data store first.")
@form_options
@click.pass_context
def values(
    context: click.Context,
    element: str | None,
    csv_file: Path | None,
    where: str | None,
    profile: str | None,
    undecided: bool,
    refresh: bool,
    form: Form | None,
) -> None:
    """List every distinct value by element path and VR, with counts and image sets.

    \b
    Examples:
      curator values --element BodyPartExamined
      curator values --profile research --undecided --csv values.csv
      curator values decide values.csv
    """
    if context.invoked_subcommand is not None:
        return
    workbench: Workbench = context.obj
    from curator.catalogue import Where
    from curator.catalogue.values import write_csv
    from curator.project import write_private

    if profile and not where:
        where = (
            "!deidentified"  # nobody publishes what is published: its values would only be asked about twice
        )
    chosen = Where.parse(where) if where else None
    decided = {each.key: each for each in _decided(workbench)}
    with fresh_catalogue(workbench, refresh=refresh) as index:
        ids = [row.id for row in index.rows(chosen)] if chosen else []
        found = index.values(element, ids) if ids or not chosen else []
        if undecided:
            found = [each for each in found if each.key not in decided]
        if profile:
            _foretell(workbench, index, index.rows(chosen), profile, found)
    if csv_file is not None:
        sheet = io.StringIO(newline="")
        count = write_csv(found, sheet, decided)
        # The values are identified data: the sheet is its writer's alone.
        write_private(csv_file, sheet.getvalue().encode("utf-8-sig"))
        workbench.say(
            f"{plural(count, 'value')} written to {csv_file}; fill in `decision`, then `curator values decide {csv_file}`"
        )
        return
    rows = [
        {
            "element": each.element,
            "vr": each.vr,
            "value": each.value,
            "count": each.count,
            "image_sets": each.image_sets,
            "examples": each.examples,
            **({"would": each.would} if profile else {}),
        }
        for each in found
    ]
    columns = WITH_PROFILE if profile else COLUMNS
    workbench.say(plural(write_rows(columns, rows, form, empty="no such value"), "distinct value"))


@values.command()
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def decide(workbench: Workbench, sheet: Path) -> None:
    """Take a sheet's decisions (keep, remove, replace, empty, clean) into the project; all of them, or none."""
    from curator.campaign.deciding import decide as keep
    from curator.catalogue.values import read_decisions

    new = read_decisions(_text(sheet), sheet.name)
    changed, held = keep(workbench.project(), new)
    workbench.say(
        f"{plural(len(new), 'decision')} read, {changed:,} of them new or changed; the project holds {held:,}"
    )


@values.command()
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a sheet to judge in."
)
@click.option("--where", metavar="EXPR", help="Only image sets that match.")
@click.option("--profile", metavar="PROFILE", help="Also ask the lists that this profile names.")
@form_options
@click.pass_obj
def private(
    workbench: Workbench, csv_file: Path | None, where: str | None, profile: str | None, form: Form | None
) -> None:
    """List every private element by creator, who judges it, and what it holds.

    \b
    Examples:
      curator values private --csv private.csv
      curator values judge private.csv
    """
    from curator.catalogue import Where
    from curator.catalogue.values import guarded
    from curator.cli.decided import verdicts_of
    from curator.deid.privateelements import COLUMNS as SHEET
    from curator.deid.privateelements import private_elements
    from curator.deid.ruled import load_profile
    from curator.project import write_private
    from curator.ruleshelf import open_rule_file

    lists = [*verdicts_of(workbench), *(load_profile(open_rule_file(profile)).private if profile else ())]
    with fresh_catalogue(workbench) as index:
        chosen = index.rows(Where.parse(where) if where else None)
        documents = (
            doc for row in chosen if row.read and (doc := index.document(row.id, row.version)) is not None
        )
        found = private_elements(documents, lists)
    rows: list[dict[str, object]] = [
        {
            "creator": each.creator,
            "element": each.element,
            "vr": each.vr,
            "count": each.count,
            "stays": "yes" if each.stays else "no",
            "judged": each.judged or "nobody",
            "examples": " | ".join(each.examples),
        }
        for each in found
    ]
    if csv_file is None:
        columns = {name: name for name in SHEET if name not in ("verdict", "why")}
        workbench.say(plural(write_rows(columns, rows, form, empty="no private elements"), "private element"))
        return
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, SHEET, restval="")
    writer.writeheader()
    writer.writerows({name: guarded(str(cell)) for name, cell in row.items()} for row in rows)
    write_private(csv_file, sheet.getvalue().encode("utf-8-sig"))
    workbench.say(
        f"{plural(len(rows), 'private element')} written to {csv_file}; fill in `verdict` (keep, remove)"
    )


@values.command()
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", metavar="NAME", help="Who judged; without: who runs this.")
@click.pass_obj
def judge(workbench: Workbench, sheet: Path, by: str | None) -> None:
    """Take a sheet's verdicts on private elements into the project; all of them, or none.

    A kept element is still searched for what identifies the subject.

    \b
    Example:
      curator values judge private.csv
    """
    from curator.campaign.deidentifying import VERDICTS
    from curator.catalogue.values import unguarded
    from curator.deid.privateelements import merged_verdicts
    from curator.deid.taglist import VERDICT_COLUMNS, read_private_list
    from curator.project import write_private

    today = datetime.now(UTC).date().isoformat()
    new = []
    for row in csv.DictReader(_text(sheet)):
        cells = {name: unguarded(row.get(name) or "").strip() for name in VERDICT_COLUMNS}
        if cells["verdict"]:
            new.append(
                {**cells, "by": cells["by"] or by or getpass.getuser(), "when": cells["when"] or today}
            )
    path = workbench.project().root / VERDICTS
    text, changed = merged_verdicts(path.read_text(encoding="utf-8") if path.exists() else "", new)
    read_private_list(text, sheet.name)  # refuses what cannot be taken, before anything is written
    write_private(path, text.encode())
    workbench.say(f"{plural(len(new), 'verdict')} read, {changed:,} of them new or changed")


def _decided(workbench: Workbench) -> list[Decision]:
    from curator.campaign.deciding import kept_decisions

    return kept_decisions(workbench.project())


def _foretell(
    workbench: Workbench, index: Catalogue, rows: Iterable[Row], profile: str, found: list[DistinctValue]
) -> None:
    """Note with each value what the profile would do with it, over all subjects."""
    from curator.campaign.deciding import foretell
    from curator.campaign.deidentifying import open_profile

    foretell(index, workbench.project(), rows, open_profile(profile), found)


def _text(path: Path) -> io.StringIO:
    try:
        return io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8", hint="save the sheet as CSV UTF-8") from error
