"""``values``: every distinct value once, to be decided once."""

from __future__ import annotations

import getpass
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.catalogue import fresh_catalogue
from curator.cli.output import Form, form_options, write_rows
from curator.cli.workbench import Workbench
from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.deid.decisions import Decision

COLUMNS = {"element": "element", "vr": "VR", "value": "value", "count": "count", "image_sets": "image sets"}


@click.group(invoke_without_command=True)
@click.option(
    "--element", metavar="E", help="A keyword, 8 hex digits, or a path; without: all but UIDs and bulk data."
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a sheet to decide in."
)
@click.option("--where", metavar="EXPR", help="Only image sets that match.")
@click.option("--refresh/--no-refresh", default=True, help="Read what is new in the data store first.")
@form_options
@click.pass_context
def values(
    context: click.Context,
    element: str | None,
    csv_file: Path | None,
    where: str | None,
    refresh: bool,
    form: Form | None,
) -> None:
    """List every distinct value by element path and VR, with counts and image sets.

    \b
    Examples:
      curator values --element BodyPartExamined
      curator values --csv values.csv
      curator values decide values.csv
    """
    if context.invoked_subcommand is not None:
        return
    workbench: Workbench = context.obj
    from curator.catalogue import Where
    from curator.catalogue.values import write_csv
    from curator.project import write_private

    chosen = Where.parse(where) if where else None
    with fresh_catalogue(workbench, refresh=refresh) as index:
        ids = [row.id for row in index.rows(chosen)] if chosen else []
        found = index.values(element, ids) if ids or not chosen else []
    if csv_file is not None:
        sheet = io.StringIO(newline="")
        count = write_csv(found, sheet)
        # The values are identified data: the sheet is its writer's alone.
        write_private(csv_file, sheet.getvalue().encode("utf-8-sig"))
        workbench.say(
            f"{count:,} values written to {csv_file}; fill in `decision`, then `curator values decide {csv_file}`"
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
        }
        for each in found
    ]
    workbench.say(f"{write_rows(COLUMNS, rows, form, empty='no such value'):,} distinct values")


@values.command()
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def decide(workbench: Workbench, sheet: Path) -> None:
    """Take a sheet's decisions (keep, remove, replace, empty, clean) into the project; all of them, or none."""
    from curator.catalogue.values import merge_decisions, read_decisions, write_decisions
    from curator.project import write_private

    who, today = getpass.getuser(), datetime.now(UTC).date().isoformat()
    new = [
        replace(each, by=each.by or who, when=each.when or today)
        for each in read_decisions(_text(sheet), sheet.name)
    ]
    path = workbench.project().decisions
    old: list[Decision] = read_decisions(_text(path), path.name) if path.exists() else []
    merged, changed = merge_decisions(old, new)
    out = io.StringIO(newline="")
    write_decisions(merged, out)
    write_private(path, out.getvalue().encode())
    workbench.say(
        f"{len(new):,} decisions read, {changed:,} of them new or changed; the project holds {len(merged):,}"
    )


def _text(path: Path) -> io.StringIO:
    try:
        return io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name} is not UTF-8", hint="save the sheet as CSV UTF-8") from error
