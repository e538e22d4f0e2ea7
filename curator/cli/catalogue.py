"""``catalogue``: the local index of the data store; and how other verbs bring it up to date."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, json_option, write, write_json
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.catalogue import Catalogue, ReadCost, Tags

    Heard = Callable[[int, int], None]


@contextmanager
def open_catalogue(workbench: Workbench) -> Iterator[Catalogue]:
    """Open the catalogue of the data store at hand, as it is."""
    from curator.catalogue import Catalogue

    with Catalogue.open(workbench.project(), workbench.imaging.datastore_id) as catalogue:
        yield catalogue


@contextmanager
def fresh_catalogue(
    workbench: Workbench, *, tags: Tags | None = None, refresh: bool = True, cluster: Cluster | None = None
) -> Iterator[Catalogue]:
    """Open the catalogue and bring it up to date, saying first what that reads."""
    with open_catalogue(workbench) as catalogue:
        if refresh:
            bring_up_to_date(workbench, catalogue, tags=tags, cluster=cluster)
        yield catalogue


def bring_up_to_date(
    workbench: Workbench,
    catalogue: Catalogue,
    *,
    tags: Tags | None = None,
    whole: bool = False,
    cluster: Cluster | None = None,
) -> ReadCost:
    """Refresh the catalogue with cost, progress and problems told on stderr; Ctrl-C keeps what was read.

    An embedded store's events say what changed since the last time; ``whole`` lists it nevertheless. Unless said
    otherwise tags are read where they cost nothing, as far as it takes to know what was merged.
    """
    from curator.catalogue import Tags
    from curator.cli.walking import paced

    feed = workbench.store().local
    tags = tags or (Tags.NONE if feed is None else Tags.TORN)
    fetch = None
    if cluster is not None:
        from curator.campaign.spread import reader

        fetch = reader(cluster)
    with paced(workbench) as stopped:
        cost = catalogue.plan_refresh(
            workbench.imaging,
            tags=tags,
            feed=feed,
            whole=whole,
            cancelled=stopped.is_set,
        )
        if not cost.nothing:
            workbench.say(str(cost))
        with heard(workbench, "reading") as progress:
            done = catalogue.refresh(
                workbench.imaging,
                cost=cost,
                tags=tags,
                feed=feed,
                progress=progress,
                cancelled=stopped.is_set,
                fetch=fetch,
            )
    if done.deleted:
        workbench.say(f"{plural(done.deleted, 'image set was', 'image sets were')} deleted since")
    for identifier in done.problems[:5]:
        workbench.say(
            f"{identifier}: its metadata could not be read; `curator versions {identifier}` shows its state"
        )
    if len(done.problems) > 5:
        workbench.say(f"… and {len(done.problems) - 5:,} more")
    return cost


@contextmanager
def heard(workbench: Workbench, what: str) -> Iterator[Heard]:
    """Show on stderr how far something is, where a person looks; nothing otherwise."""
    if workbench.quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@click.group(cls=WholeHelp, invoke_without_command=True)
@json_option
@click.pass_context
def catalogue(context: click.Context, form: Form | None) -> None:
    """Show what the local index holds, how old it is, and how many reads a refresh costs.

    \b
    Examples:
      curator catalogue
      curator catalogue refresh
      curator catalogue purge
    """
    if context.invoked_subcommand is not None:
        return
    workbench: Workbench = context.obj
    with open_catalogue(workbench) as index:
        cost = index.plan_refresh(workbench.imaging, feed=workbench.store().local)
        rows = index.rows()
        refreshed = index.refreshed_at
        state = {
            "path": str(index.path),
            "bytes": index.path.stat().st_size,
            "imageSets": len(rows),
            "read": sum(row.read for row in rows),
            "versionsHeld": index.versions_held,
            "refreshedAt": datetime.fromtimestamp(refreshed, UTC).isoformat() if refreshed else None,
            "refreshCost": {
                "touches": cost.touches,
                "states": cost.states,
                "seconds": round(cost.seconds, 1),
            },
        }
    if form is not None:
        write_json(state)
        return
    write(f"catalogue    {state['path']} ({state['bytes']:,} bytes)")
    write(
        f"image sets   {len(rows):,}, of which {state['read']:,} are read; versions held: {state['versionsHeld']:,}"
    )
    write(f"refreshed    {state['refreshedAt'] or 'never'}")
    write(f"a refresh    {cost}")


@catalogue.command()
@click.option("--tags", is_flag=True, help="Also tags (of sets that may be copies).")
@click.pass_obj
def refresh(workbench: Workbench, tags: bool) -> None:
    """Read each image set's newest version that is not in the index yet."""
    from curator.catalogue import Tags

    with open_catalogue(workbench) as index:
        cost = bring_up_to_date(workbench, index, tags=Tags.COPIES if tags else None, whole=True)
        workbench.say(f"{plural(cost.image_sets, 'image set')} in the catalogue")


@catalogue.command()
@click.pass_obj
def purge(workbench: Workbench) -> None:
    """Delete the index and the identified data in it; the next refresh reads everything again."""
    with open_catalogue(workbench) as index:
        index.purge()
    workbench.say(f"deleted {index.path}")
