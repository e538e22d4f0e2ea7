"""The options of a publication as rows: what each is now, and what it may become. No Textual in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from curator.plan.reimport import Route

if TYPE_CHECKING:
    from curator.campaign.publications import Request
    from curator.tui.rows import Cell, Column


class Kind(StrEnum):
    """How an option is changed."""

    CYCLE = "the next of several"
    FLAG = "yes or no"
    TEXT = "typed"
    FILE = "the path of a file"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its field of `Request`, what people call it, and what it is for."""

    field: str
    name: str
    kind: Kind
    says: str


OPTIONS: Final = (
    Option(
        "route",
        "Route",
        Kind.CYCLE,
        "By copies and updates, by import of rewritten files, or for each instance what is possible",
    ),
    Option(
        "to",
        "Into store",
        Kind.TEXT,
        "Another data store, as --store names it: access to originals and copies is then separate",
    ),
    Option(
        "in_place", "In place", Kind.FLAG, "Change the image sets themselves instead of publishing copies"
    ),
    Option("promote", "Primary", Kind.FLAG, "Ask the service to make the published sets primary"),
    Option("aliases", "Aliases", Kind.FILE, "A CSV of ids that mean one person: id,same_as"),
    Option("assigned", "Assigned ids", Kind.FILE, "A CSV of pseudonyms fixed beforehand: id,pseudonym"),
    Option(
        "cleared", "Cleared", Kind.FILE, "A file of SOP Instance UIDs whose pixels a person has looked at"
    ),
    Option("bucket", "S3 bucket", Kind.TEXT, "At AWS, for imports: the bucket; it is cleaned up after"),
    Option("role", "Role", Kind.TEXT, "At AWS, for imports: the role by which HealthImaging uses the bucket"),
)
_ROUTES: Final = {
    Route.AUTO: "auto: for each instance what is possible",
    Route.UPDATE: "update: copies, updates, clean copies",
    Route.REIMPORT: "reimport: rewritten files, imported",
}


def value_of(request: Request, option: Option) -> str:
    """Return what an option is, as it would be typed."""
    value = getattr(request, option.field)
    return "" if value is None else str(value)


def changed(request: Request, option: Option, text: str = "") -> Request:
    """Return the request with an option turned to its next value, or to what was typed."""
    match option.kind:
        case Kind.CYCLE:
            routes = list(Route)
            return replace(request, route=routes[(routes.index(request.route) + 1) % len(routes)])
        case Kind.FLAG:
            return replace(request, **{option.field: not getattr(request, option.field)})  # type: ignore[arg-type]
        case Kind.FILE:
            path = Path(text).expanduser() if text else None
            return replace(request, **{option.field: path})  # type: ignore[arg-type]
        case Kind.TEXT:
            return replace(request, **{option.field: text})  # type: ignore[arg-type]


class OptionRows:
    """`Rows` over the options."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def __len__(self) -> int:
        return len(OPTIONS)

    def key(self, index: int) -> str:
        """Return the option's field."""
        return OPTIONS[index].field

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return an option's name, what it is, and what it is for."""
        option = OPTIONS[index]
        return option.name, _told(self.request, option), (option.says, "dim")


def _told(request: Request, option: Option) -> Cell:
    if option.field == "route":
        return _ROUTES[request.route]
    if option.kind is Kind.FLAG:
        if not getattr(request, option.field):
            return "no", "dim"
        return ("YES: older versions stay readable", "bad") if option.field == "in_place" else "yes"
    text = value_of(request, option)
    return text or ("this store" if option.field == "to" else "none", "dim")
