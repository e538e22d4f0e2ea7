"""The versions of an image set as the workbench reads and makes them: in `Work` threads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curator.campaign.history import Origin
    from curator.campaign.journal import Campaign
    from curator.healthimaging import ImageSetProperties
    from curator.tui.session import Session
    from curator.tui.work import Ticket


def origins_of(session: Session, image_set: str) -> dict[str, Origin]:
    """Return what made the versions that this project's ledgers speak of."""
    from curator.campaign.history import origins

    return origins(session.project, image_set)


def revert(session: Session, spec: str, image_set: str, version: str, to: str) -> str:
    """Make a new version with the content of ``to``, record who did, and return it."""
    from curator.campaign.history import record_write
    from curator.campaign.identity import who

    new = session.revert(image_set, version, to)
    record_write(session.project, who(spec), "UpdateImageSetMetadata", image_set, new, revert_to=to)
    return new


def alike(
    session: Session, image_set: str, versions: Sequence[ImageSetProperties], ticket: Ticket
) -> Iterator[tuple[str, str]]:
    """Yield (version, older version of the same content) for versions that went back to something, not to the one before."""
    from curator.imageset import content_hash

    seen: dict[str, str] = {}
    before = ""
    for state in sorted(versions, key=lambda each: int(each.version)):
        ticket.check()
        if state.failed or state.locked:
            continue
        content = content_hash(session.document(image_set, state.version))
        if content != before and content in seen:
            yield state.version, seen[content]
        seen.setdefault(content, state.version)
        before = content


def open_campaign(session: Session, name: str) -> Campaign:
    """Open a campaign of the project."""
    from curator.campaign.journal import Campaign

    return Campaign.open(session.project, name)
