"""``conflicts``: what image sets disagree about, with the weights of the values, to be decided in a sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.catalogue import fresh_catalogue
from curator.cli.output import Form, form_options, write_rows
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.conflicts import Conflict, Variant
    from curator.campaign.resolutions import Resolutions

COLUMNS = {
    "scope": "of one",
    "group": "id",
    "element": "element",
    "values": "values",
    "decided": "decided",
    "by": "by",
}


@click.group(cls=WholeHelp, invoke_without_command=True)
@click.option("--where", metavar="EXPR", help="Only image sets that match.")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a sheet to decide in."
)
@click.option(
    "--undecided", is_flag=True, help="Only conflicts that nobody decided yet, or that a tie leaves open."
)
@click.option("--refresh/--no-refresh", default=True, help="Read what is new in the data store first.")
@form_options
@click.pass_context
def conflicts(
    context: click.Context,
    where: str | None,
    csv_file: Path | None,
    undecided: bool,
    refresh: bool,
    form: Form | None,
) -> None:
    """List torn series and the elements on which image sets disagree, each with its values and their weights.

    Decisions are the project's: `plan --resolve` takes them before its policy, and `--resolve decided` nothing else.
    A policy (majority, newest) does not decide a tie: what weighs the same is left, and listed with that reason.

    \b
    Examples:
      curator conflicts
      curator conflicts --undecided --csv conflicts.csv
      curator conflicts decide conflicts.csv
      curator plan --resolve decided -o merge.plan
    """
    if context.invoked_subcommand is not None:
        return
    workbench: Workbench = context.obj
    from curator.campaign.conflicts import gather
    from curator.campaign.resolutions import Resolutions, kept
    from curator.catalogue import Tags, Where

    decided = Resolutions(kept(workbench.project()))
    with fresh_catalogue(workbench, tags=Tags.TORN, refresh=refresh) as index:
        chosen = Where.parse(where) if where else None
        within = frozenset(row.id for row in index.rows(chosen)) if chosen else None
        found = [each for group in gather(index, within) for each in group.conflicts]
    if undecided:
        found = [each for each in found if decided.of(each) is None or decided.tie(each)]
    if csv_file is not None:
        _write_sheet(found, decided, csv_file)
        workbench.say(
            f"{plural(len(found), 'conflict')} written to {csv_file}; fill in `choice`, then `curator conflicts decide {csv_file}`"
        )
        return
    rows = (_row(each, decided) for each in found)
    workbench.say(plural(write_rows(COLUMNS, rows, form, empty="the image sets agree"), "conflict"))


@conflicts.command()
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def decide(workbench: Workbench, sheet: Path) -> None:
    """Take a sheet's decisions (value, majority, newest, destination, absent, leave, merge); all of them, or none.

    An empty group decides all conflicts of the element; a value then wins only where an image set has it.
    """
    from curator.campaign.resolutions import decide as keep
    from curator.cli.planning import read_choices

    new = read_choices(sheet)
    held = keep(workbench.project(), new)
    workbench.say(f"{plural(len(new), 'decision')} read; the project holds {len(held):,}")


def _row(conflict: Conflict, decided: Resolutions) -> dict[str, object]:
    decision = decided.of(conflict)
    return {
        "scope": str(conflict.scope),
        "group": conflict.group,
        "element": conflict.element or "(torn series)",
        "values": [_weighed(each) for each in conflict.variants()],
        "imageSets": [each.id for each in conflict.holders],
        "decided": _decided(decision.choice, decided.tie(conflict)) if decision is not None else None,
        "by": decision.by if decision is not None else None,
        "when": decision.when if decision is not None else None,
    }


def _decided(choice: str, tie: str) -> str:
    return f"{choice} ({tie})" if tie else str(choice)


def _weighed(variant: Variant) -> dict[str, object]:
    """Return one value with its weight; ``value`` is missing where the element is absent."""
    from curator.findings import Absent

    weight: dict[str, object] = {"instances": variant.instances, "imageSets": len(variant.holders)}
    return weight if isinstance(variant.value, Absent) else {"value": variant.value, **weight}


def _write_sheet(found: list[Conflict], decided: Resolutions, path: Path) -> None:
    """Write the sheet (0600: it holds identified data), with what was decided before."""
    import csv

    from curator.campaign.resolutions import COLUMNS as DECIDED
    from curator.catalogue.values import guarded
    from curator.project import write_private

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*DECIDED, "values", "image_sets"])
    for conflict in found:
        decision = decided.of(conflict)
        own = [str(getattr(decision, each)) if decision is not None else "" for each in DECIDED[3:]]
        cells = (
            *conflict.key,
            *own,
            " | ".join(_told(conflict)),
            " ".join(each.id for each in conflict.holders),
        )
        writer.writerow([guarded(cell) for cell in cells])
    write_private(path, out.getvalue().encode("utf-8-sig"))


def _told(conflict: Conflict) -> Iterator[str]:
    """Yield the values as a sheet shows them; the text before the bracket is what column ``value`` takes."""
    from curator.findings import Absent
    from curator.plan.typed import as_typed

    for each in conflict.variants():
        text = "absent" if isinstance(each.value, Absent) else as_typed(each.value) or "empty"
        yield f"{text} [{plural(each.instances, 'instance')} in {plural(len(each.holders), 'image set')}]"
