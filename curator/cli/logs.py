"""Logging for ``--verbose`` that cannot show a value.

Only loggers below ``curator`` are heard (botocore's debug lines hold whole documents), a record's text is its
literal format string, and of its arguments only numbers, truth values, words of closed sets and the service's
own ids are written out; any other text shows as its length.
"""

from __future__ import annotations

import enum
import logging
import re

import click

from curator.printable import printable

SAFE_TEXT = re.compile(
    r"[0-9a-z]{32}"  # ids of data stores, image sets, jobs and frames
    r"|\d{1,6}"  # versions, counts
    r"|(?:Search|Get|List|Start|Create|Delete|Update|Copy|Tag|Untag)[A-Za-z]{3,24}"  # operations of the API
    r"|[A-Z][A-Za-z]{3,40}(?:Exception|Error)"  # classes of errors
)


class ValueFree(logging.Formatter):
    """Formats a record without anything that may come from a document."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        arguments = record.args
        if isinstance(arguments, dict):
            shown: object = {name: _shown(value) for name, value in arguments.items()}
        else:
            shown = tuple(_shown(value) for value in arguments or ())
        text = str(record.msg) % shown if shown else str(record.msg)
        if record.exc_info and record.exc_info[0]:
            text += f" ({record.exc_info[0].__name__})"
        return f"{self.formatTime(record, '%H:%M:%S')} {record.name}: {text}"


def _shown(value: object) -> object:
    if isinstance(value, enum.StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and SAFE_TEXT.fullmatch(value):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    return (
        f"‹{type(value).__name__} of {len(value)}›"
        if isinstance(value, str | bytes)
        else f"‹{type(value).__name__}›"
    )


class _Stderr(logging.Handler):
    """Writes to what is stderr at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as one line."""
        click.echo(printable(self.format(record)), err=True)


def log_to_stderr() -> None:
    """Write what the ``curator`` loggers say to stderr."""
    logger = logging.getLogger("curator")
    if any(isinstance(handler, _Stderr) for handler in logger.handlers):
        return
    handler = _Stderr()
    handler.setFormatter(ValueFree())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
