"""``events``: what happened in a local store, in the shape of EventBridge events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from curator.cli.output import json_text
from curator.cli.workbench import Workbench
from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.dicom import Json
    from curator.localstore import LocalStore

PAUSE = 0.5
"""Seconds between two looks at the store when following it."""


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what happens from now on, until Ctrl-C.")
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="N", help="Only those after the Nth.")
@click.pass_obj
def events(workbench: Workbench, follow: bool, after: int) -> None:
    """Print the changes of state in a local store, one JSON document a line (the guide's EventBridge events).

    In AWS these arrive by EventBridge, source aws.medical-imaging.

    \b
    Example:
      curator events --follow | jq -r '.["detail-type"]'
    """
    local = workbench.store().local
    if local is None:
        raise UsageError("only a local store keeps its events", hint="in AWS, make an EventBridge rule")
    for event in _events(local, after, follow):
        click.echo(json_text(event))


def _events(local: LocalStore, after: int, follow: bool) -> Iterator[dict[str, Json]]:
    while True:
        found = list(local.events(after))
        yield from (event for _, event in found)
        if found:
            after = found[-1][0]
        elif follow:
            time.sleep(PAUSE)
        else:
            return
