"""Pages: ``maxResults`` and tokens that say where the next page begins."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from curator.localstore.faults import invalid
from curator.localstore.wire import Call

T = TypeVar("T")

PAGE = 50
"""Results a page. assumption: where the caller does not say, a page holds the model's maximum."""


def page_size(call: Call) -> int:
    """Return how many results the caller wants at most."""
    return call.number("maxResults", PAGE)


def write_token(purpose: str, position: object) -> str:
    """Return a token for the place after ``position``; ``purpose`` binds it to one list and its criteria."""
    return base64.urlsafe_b64encode(msgspec.json.encode([purpose, position])).decode("ascii")


def read_token(call: Call, purpose: str, kind: type[T]) -> T | None:
    """Return the position that a token holds; ValidationException for one that was not given for this list."""
    text = call.maybe("nextToken")
    if text is None:
        return None
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii"))
        written, position = msgspec.json.decode(data, type=tuple[str, kind])  # type: ignore[valid-type]
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise invalid("The nextToken is not valid") from None
    if written != purpose:
        raise invalid("The nextToken belongs to another request")
    return position
