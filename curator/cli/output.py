"""What verbs write to stdout: tables for people, tab-separated lines, JSON and NDJSON for programs.

Every text passes `printable`: values of documents are data from strangers, and must not steer a terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import click

from curator.printable import plural, printable

_UNSAFE_IN_JSON = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

_ID = re.compile(r"[0-9a-z]{32}")

WIDE = 180
"""Characters a table is wide where no terminal says otherwise."""
NATURAL = 40
"""Characters after which a column may be folded."""
LONGEST = 500
"""Characters of a value that a table shows; JSON and tab-separated lines have all of it."""
FEWEST = 3
"""Columns that a table has however narrow the window is."""


class Form(StrEnum):
    """In which form a reading verb answers."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


def _form_option(name: str, form: Form, text: str) -> Any:
    return click.option(name, "form", flag_value=form, type=Form, help=text)


def form_options(command: Any) -> Any:
    """Add ``--json`` and ``--ndjson``; the command takes ``form: Form | None``."""
    command = _form_option("--ndjson", Form.NDJSON, "One JSON document a line.")(command)
    return json_option(command)


def json_option(command: Any) -> Any:
    """Add ``--json`` alone; the command takes ``form: Form | None``."""
    return _form_option("--json", Form.JSON, "One JSON document.")(command)


def write(text: str) -> None:
    """Write one line of data."""
    click.echo(printable(text, lines=True))


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return JSON in which control and invisible characters are escaped: equal to any reader, harmless to a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_json(value: object) -> None:
    """Write one JSON document, indented where a person looks."""
    click.echo(json_text(value, indent=2 if sys.stdout.isatty() else None))


def write_rows(
    columns: Mapping[str, str] | Sequence[str],
    rows: Iterable[Mapping[str, object]],
    form: Form | None = None,
    *,
    empty: str = "nothing to list",
) -> int:
    """Write rows and return their number.

    ``columns`` are the keys to show in the table, in order, with their headings (or the keys as headings). JSON
    forms write whole rows. Without a form: a table on a terminal, else tab-separated lines without a heading. Where
    there are none, people are told ``empty`` on stderr: silence could mean anything.
    """
    headings = columns if isinstance(columns, Mapping) else {name: name for name in columns}
    if form is Form.JSON:
        everything = list(rows)
        write_json(everything)
        return len(everything)
    if form is Form.NDJSON:
        return _write_each(json_text(row) for row in rows)
    if sys.stdout.isatty() or form is Form.TABLE:
        return _write_table(headings, rows, empty)
    count = _write_each("\t".join(cell(row.get(key)) for key in headings) for row in rows)
    if not count:
        _say(empty)
    return count


def cell(value: object) -> str:
    """Return a value as one line of safe text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str):
        return printable(value)
    return printable(json_text(value) if isinstance(value, dict | list) else str(value))


def _say(text: str) -> None:
    """Talk to the person as `Workbench.say` does, wherever a verb writes its rows."""
    context = click.get_current_context(silent=True)
    if not getattr(context.obj if context else None, "quiet", False):
        click.echo(text, err=True)


def _write_each(lines: Iterable[str]) -> int:
    count = 0
    for count, line in enumerate(lines, 1):  # noqa: B007
        click.echo(line)
    return count


def _write_table(headings: Mapping[str, str], rows: Iterable[Mapping[str, object]], empty: str) -> int:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = list(rows)
    if not found:
        _say(empty)
        return 0
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else WIDE)
    columns = {key: [_shortened(cell(row.get(key))) for row in found] for key in headings}
    shown = _that_fit(headings, columns, console.width)
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for key in shown:
        numeric = any(isinstance(row.get(key), int | float) for row in found)
        whole = all(_ID.fullmatch(text) for text in columns[key] if text)
        table.add_column(
            Text(headings[key]),
            justify="right" if numeric else "left",
            overflow="fold",
            min_width=32 if whole and any(columns[key]) else None,
        )
    for cells in zip(*(columns[key] for key in shown), strict=True):
        table.add_row(*(Text(text) for text in cells))
    console.print(table)
    if len(shown) < len(headings) and sys.stderr.isatty():
        click.echo(
            f"{plural(len(headings) - len(shown), 'more column')} in a wider window, or with --json", err=True
        )
    return len(found)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _that_fit(headings: Mapping[str, str], columns: Mapping[str, Sequence[str]], width: int) -> list[str]:
    """Return the first columns, as many as fit side by side: half-empty slivers help nobody."""
    shown: list[str] = []
    used = 0
    for key, heading in headings.items():
        wanted = min(max(len(heading), *map(len, columns[key])), NATURAL)
        if len(shown) >= FEWEST and used + wanted > width - 2:
            break
        shown.append(key)
        used += wanted + 2
    return shown


def _plain(value: object) -> object:
    """Return a JSON form of what `json` does not know."""
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
