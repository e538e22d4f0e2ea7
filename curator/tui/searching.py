"""Searching a document: where a text stands in keywords, tags and values. No Textual widgets in here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from curator.imageset import ElementPath, ImageSetMetadata
from curator.tui.elements import name_of, tag_text, value_text

if TYPE_CHECKING:
    from curator.tui.work import Ticket

_MOST_MATCHES = 5000


def matches(document: ImageSetMetadata, needle: str, ticket: Ticket) -> Iterable[ElementPath]:
    """Yield the elements whose keyword, tag or value holds ``needle`` (casefolded), at most 5,000."""
    count = 0
    for number, (path, value) in enumerate(document.elements()):
        if number % 1000 == 0:
            ticket.check()
        if not (path.steps and isinstance(path.steps[-1], str)):
            continue
        beside = document.attributes(path) if len(path.steps) == 1 else None
        name = name_of(path.key, beside or {})
        text = f"{name} {path.key} {tag_text(path.key)} {value_text(value)}"
        if needle in text.casefold():
            yield path
            count += 1
            if count >= _MOST_MATCHES:
                return
