"""``pixels``: the instances whose pixels may identify, and what reviewers decided of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
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
    from curator.campaign.reviewing import AtRisk
    from curator.catalogue import Catalogue
    from curator.deid.pixelreview import PixelDecision, PixelDecisions
    from curator.healthimaging import HealthImaging

COLUMNS = {
    "image_set": "image set",
    "instance": "instance",
    "kind": "SOP class",
    "risks": "why",
    "decided": "decided",
}
SHEET = (
    "image_set",
    "instance",
    "sop_instance_uid",
    "pixels",
    "kind",
    "risks",
    "decision",
    "by",
    "when",
    "why",
)


@click.group(cls=WholeHelp, invoke_without_command=True)
@click.option("--where", metavar="EXPR", help="Only image sets that match.")
@click.option("--undecided", is_flag=True, help="Only instances that nobody decided yet.")
@click.option(
    "--headers",
    is_flag=True,
    help="Also read frames that are kept as received, for text in their headers: a call a frame.",
)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a sheet to decide in."
)
@click.option("--refresh/--no-refresh", default=True, help="Read what is new in the data store first.")
@form_options
@click.pass_context
def pixels(
    context: click.Context,
    where: str | None,
    undecided: bool,
    headers: bool,
    csv_file: Path | None,
    refresh: bool,
    form: Form | None,
) -> None:
    """List the instances whose pixels may show who the patient is, and what reviewers decided.

    `deidentify` leaves them out until somebody has looked and cleared them. Look at them in the terminal interface
    (P in the list of image sets), or by `curator frames ID --png DIR`.

    \b
    Examples:
      curator pixels --undecided
      curator pixels --csv pixels.csv
      curator pixels decide pixels.csv --by 'R. Reviewer'
    """
    if context.invoked_subcommand is not None:
        return
    workbench: Workbench = context.obj
    from curator.campaign.reviewing import pixel_decisions_of

    decided = pixel_decisions_of(workbench.project())
    with fresh_catalogue(workbench, refresh=refresh) as index:
        imaging = workbench.imaging if headers else None
        found = _found(index, where, decided, imaging, undecided=undecided)
        if csv_file is None:
            write_rows(COLUMNS, (_row(*each) for each in found), form, empty="no instance is at risk")
            return
        count = _write_sheet(csv_file, found)
    workbench.say(
        f"{csv_file}: {plural(count, 'instance')}; fill in clear or exclude, then `curator pixels decide {csv_file}`"
    )


@pixels.command()
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", metavar="NAME", help="Who looked; without: who runs this.")
@click.pass_obj
def decide(workbench: Workbench, sheet: Path, by: str | None) -> None:
    """Take a sheet's decisions into the project: clear, exclude, or withdraw what was said before.

    A clearance holds for the frames that the sheet names in its column pixels; an exclusion for the instance.
    Lines that say what holds already are passed over.

    \b
    Example:
      curator pixels decide pixels.csv --by 'R. Reviewer'
    """
    from curator.campaign.reviewing import pixel_decisions_of, review
    from curator.catalogue.values import unguarded
    from curator.deid.pixelreview import changing, read_pixel_decisions

    try:
        text = sheet.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{sheet.name} is not UTF-8", hint="save the sheet as CSV UTF-8") from error
    known = pixel_decisions_of(workbench.project())
    read = [
        replace(each, by=unguarded(each.by), why=unguarded(each.why))
        for each in read_pixel_decisions(text, sheet.name)
    ]
    new = [replace(each, by=by or each.by, when="") for each in changing(known, read)]
    holds = review(workbench.project(), new) if new else known
    workbench.say(
        f"{plural(len(read), 'decision')} read, {len(new):,} of them new or changed; {len(holds):,} hold"
    )


def _found(
    index: Catalogue,
    where: str | None,
    decided: PixelDecisions,
    imaging: HealthImaging | None,
    *,
    undecided: bool,
) -> Iterator[tuple[str, AtRisk, PixelDecision | None]]:
    """Yield the instances at risk, and those that a reviewer decided though nothing hints at a risk."""
    from curator.campaign.reviewing import at_risk, text_beside
    from curator.catalogue import Where

    for row in index.rows(Where.parse(where) if where else None, sort="id"):
        document = index.document(row.id, row.version) if row.read and not row.deidentified else None
        if document is None:
            continue
        beside = partial(text_beside, imaging, row.id) if imaging is not None else lambda instance: False
        for each in at_risk(document, decided, beside):
            said = decided.of(each.sop, each.instance.frames)
            if said is None or not undecided:
                yield row.id, each, said


def _row(image_set: str, one: AtRisk, said: PixelDecision | None) -> dict[str, object]:
    from curator.deid.pixelreview import pixels_of

    return {
        "image_set": image_set,
        "instance": one.number,
        "kind": one.kind,
        "risks": "; ".join(one.risks),
        "decided": said.told if said is not None else "",
        "pixels": pixels_of(one.instance.frames),
        "seriesInstanceUID": one.series,
        "sopInstanceUID": one.sop,
    }


def _write_sheet(path: Path, found: Iterator[tuple[str, AtRisk, PixelDecision | None]]) -> int:
    from curator.catalogue.values import guarded
    from curator.deid.pixelreview import pixels_of
    from curator.project import write_private

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(SHEET)
    count = 0
    for image_set, one, said in found:
        told = (said.verdict, said.by, said.when, said.why) if said is not None else ("", "", "", "")
        head = (image_set, str(one.number), one.sop, pixels_of(one.instance.frames), one.kind)
        writer.writerow([guarded(cell) for cell in (*head, "; ".join(one.risks), *told)])
        count += 1
    write_private(path, out.getvalue().encode())
    return count
