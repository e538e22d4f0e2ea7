"""``tags``: the tags of the data store or of an image set."""

from __future__ import annotations

import click

from curator.cli.catalogue import open_catalogue
from curator.cli.output import Form, json_option, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import UsageError


@click.command()
@click.argument("image_set_id", metavar="[ID]", required=False)
@click.option("--add", multiple=True, metavar="KEY=VALUE", help="Add or replace a tag (repeatable).")
@click.option("--remove", multiple=True, metavar="KEY", help="Remove a tag (repeatable).")
@json_option
@click.pass_obj
def tags(
    workbench: Workbench,
    image_set_id: str | None,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    form: Form | None,
) -> None:
    """List, add and remove the tags of an image set; without ID, of the data store.

    Tags are no place for anything about a patient: whoever lists resources sees them.

    \b
    Example:
      curator tags ID --add project=trial-7 --remove draft
    """
    pairs = [text.partition("=") for text in add]
    if not all(separator and key for key, separator, _ in pairs):
        raise UsageError("--add takes KEY=VALUE")
    imaging = workbench.imaging
    arn = imaging.image_set(image_set_id).arn if image_set_id else imaging.datastore().arn
    if remove:
        imaging.untag(arn, remove)
    if pairs:
        imaging.tag(arn, {key: value for key, _, value in pairs})
    found = imaging.tags(arn)
    if image_set_id and (add or remove):
        with open_catalogue(workbench) as index:
            index.note_tags(image_set_id, found, remove)
    if form is Form.JSON:
        write_json(found)
    else:
        write_rows(
            ("key", "value"), ({"key": key, "value": found[key]} for key in sorted(found)), empty="no tags"
        )
