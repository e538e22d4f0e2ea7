"""``stores``: the data stores of the account or of a local folder, and the check of a local one."""

from __future__ import annotations

import click

from curator.cli.asking import confirm
from curator.cli.output import Form, form_options, write, write_rows
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.errors import UsageError, VerificationFailed
from curator.printable import plural

COLUMNS = {"datastoreId": "data store", "name": "name", "status": "status", "createdAt": "created"}


@click.group(cls=WholeHelp, invoke_without_command=True)
@form_options
@click.pass_context
def stores(context: click.Context, form: Form | None) -> None:
    """List the data stores; create, delete and check them.

    \b
    Examples:
      curator stores
      curator --store local:/data/trial stores create pilot
      curator --store local:/data/trial stores check
    """
    if context.invoked_subcommand is not None:
        return
    workbench: Workbench = context.obj
    rows = (
        {
            "datastoreId": store.id,
            "name": store.name,
            "status": store.status,
            "createdAt": store.created_at,
            "arn": store.arn,
        }
        for store in workbench.imaging.datastores()
    )
    write_rows(COLUMNS, rows, form, empty="no data store")


@stores.command()
@click.argument("name")
@click.pass_obj
def create(workbench: Workbench, name: str) -> None:
    """Create a data store and print its id."""
    write(workbench.imaging.create_datastore(name))


@stores.command()
@click.argument("datastore_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(workbench: Workbench, datastore_id: str, yes: bool) -> None:
    """Delete an empty data store."""
    confirm(datastore_id, "the data store", yes)
    workbench.imaging.delete_datastore(datastore_id)
    workbench.say(f"data store {datastore_id} is deleted")


@stores.command()
@click.pass_obj
def check(workbench: Workbench) -> None:
    """Check the integrity of a local store: every version whole, every file that is named there."""
    local = workbench.store().local
    if local is None:
        raise UsageError("only a local store can be checked", hint="curator --store local:PATH stores check")
    problems = local.check()
    for problem in problems:
        write(problem)
    if problems:
        raise VerificationFailed(f"the store has {plural(len(problems), 'problem')}")
    workbench.say("the store is sound")
