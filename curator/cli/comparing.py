"""``diff``: what changed between two versions of an image set, or between two image sets."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import click

from curator.cli.output import cell, json_text, write, write_json
from curator.cli.workbench import Workbench
from curator.dicom import Json
from curator.errors import UsageError
from curator.printable import plural, printable

if TYPE_CHECKING:
    from curator.imageset import ElementChange

SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "»"}
IDS = frozenset({"ImageSetID", "DatastoreID"})
"""Members that name the image set, and so differ between any two: no difference of content."""
WIDEST = 200
"""Characters of a value that the text form shows."""


class DiffForm(StrEnum):
    """How `diff` tells the differences."""

    TEXT = "text"
    JSON_PATCH = "json-patch"
    SIDE_BY_SIDE = "side-by-side"


@click.command()
@click.argument("image_set_id", metavar="ID")
@click.argument("versions", nargs=-1, metavar="[A] [B]")
@click.option("--to", "other_id", metavar="ID2", help="Compare with another image set (B is its version).")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in DiffForm]),
    default="text",
    show_default=True,
)
@click.option("--json", "form", flag_value="json-patch", help="The same as --format json-patch.")
@click.pass_obj
def diff(
    workbench: Workbench, image_set_id: str, versions: tuple[str, ...], other_id: str | None, form: str
) -> None:
    """Compare two versions: A is the last but one if not given, B the latest. Exits 0, also with differences.

    json-patch is RFC 6902: applied to A's document it gives B's, ids of the image set included.

    \b
    Examples:
      curator diff ID
      curator diff ID 1 4 --format side-by-side
      curator diff ID --to ID2 --format json-patch
    """
    from curator import imageset

    first, second = _two(workbench, image_set_id, versions, other_id)
    a = workbench.imaging.document(image_set_id, first)
    b = workbench.imaging.document(other_id or image_set_id, second)
    if form == DiffForm.JSON_PATCH:
        write_json(imageset.diff(a, b))
        return
    changes = [change for change in imageset.describe(a, b) if change.path or change.member not in IDS]
    if form == DiffForm.SIDE_BY_SIDE:
        _side_by_side(changes, f"version {first}", f"version {second}")
    else:
        for line in as_text(changes):
            write(line)
    workbench.say(f"{plural(len(changes), 'difference')}: {first} → {second}")


def _two(
    workbench: Workbench, image_set_id: str, versions: Sequence[str], other_id: str | None
) -> tuple[str, str]:
    """Return the two versions to compare; the missing ones are the last two, or each set's latest."""
    if len(versions) > 2 or not all(version.isdigit() for version in versions):
        raise UsageError("at most two versions can be compared, and a version is a number")
    imaging = workbench.imaging
    if other_id:
        first = versions[0] if versions else imaging.image_set(image_set_id).version
        return first, versions[1] if len(versions) == 2 else imaging.image_set(other_id).version
    if len(versions) == 2:
        return versions[0], versions[1]
    latest = imaging.image_set(image_set_id).version
    return (versions[0] if versions else str(max(1, int(latest) - 1))), latest


def as_text(changes: Iterable[ElementChange]) -> Iterator[str]:
    """Yield one line a change: ``~ Patient/PatientName: "A" → "B"``."""
    for change in changes:
        sign = SIGNS[change.kind]
        before, after = (shorten(json_text(value)) for value in (change.before, change.after))
        match change.kind:
            case "added":
                said = after
            case "removed":
                said = before
            case _:
                said = f"{before} → {after}"
        yield printable(f"{sign} {place(change)}: {said}")


def place(change: ElementChange) -> str:
    """Return where a change is: its path, and the member of the document that is no element."""
    return "/".join(filter(None, (str(change.path) if change.path else "", change.member)))


def shorten(text: str, width: int = WIDEST) -> str:
    """Return the text, cut to ``width`` with an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _side_by_side(changes: Iterable[ElementChange], before: str, after: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, expand=True)
    for heading, ratio in (("", None), ("element", 2), (before, 3), (after, 3)):
        table.add_column(heading, ratio=ratio, width=1 if ratio is None else None, overflow="fold")
    styles = {"added": "green", "removed": "red", "changed": "yellow", "renamed": "cyan"}
    for change in changes:
        cells = [SIGNS[change.kind], printable(place(change)), *_sides(change)]
        table.add_row(*(Text(text) for text in cells), style=styles[change.kind])
    width = None if sys.stdout.isatty() else 160
    Console(highlight=False, markup=False, emoji=False, width=width).print(table)


def _sides(change: ElementChange) -> tuple[str, str]:
    """Return both sides as text: nothing where the element is absent, (empty) where it is empty."""

    def side(value: Json) -> str:
        return "(empty)" if value is None else shorten(cell(value))

    return (
        "" if change.kind == "added" else side(change.before),
        "" if change.kind == "removed" else side(change.after),
    )
