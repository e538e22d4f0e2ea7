"""Saving what campaigns did as a rule file of the project, in `Work` threads only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.recording import Recorded
    from curator.tui.session import Session
    from curator.tui.work import Ticket


def save_session(
    session: Session, ids: Sequence[str], name: str, *, everywhere: bool, ticket: Ticket
) -> tuple[Path, Recorded]:
    """Save what campaigns did, in the order in which they were planned; return the file, and what is to be known of it.

    Not ``everywhere``: for the series alone in which it was done, each edit for the image sets it was made in.
    """
    from curator.campaign.deciding import kept_decisions
    from curator.campaign.journal import Campaign
    from curator.campaign.recording import Around, record
    from curator.campaign.resolutions import kept
    from curator.campaign.reviewing import pixel_decisions_of
    from curator.dicom.levels import Level
    from curator.ruleshelf.own import SESSIONS, keep_own, own_path

    own_path(session.project, name, SESSIONS)  # a name that cannot be is told before anything is read
    found = []
    for number, each in enumerate(ids):
        ticket.report(number, len(ids))
        found.append(Campaign.open(session.project, each))

    def series(image_set: str) -> str:
        row = session.catalogue.row(image_set)
        return row.series_uid if row is not None else ""

    def relatives(image_set: str) -> set[str]:
        levels = (Level.PATIENT, Level.STUDY, Level.SERIES)
        return {other for level in levels for other in session.catalogue.sharing(image_set, level)}

    def version(image_set: str) -> str:
        row = session.catalogue.row(image_set)
        return str(row.version) if row is not None else ""

    made = record(
        found,
        name,
        document=session.document,
        resolutions=kept(session.project),
        decisions=kept_decisions(session.project) if session.profile else (),
        pixels=list(pixel_decisions_of(session.project).every),
        profile=session.profile,
        around=None if everywhere else Around(series, relatives, version),
    )
    return keep_own(session.project, name, made.text, SESSIONS), made


def said_of(path: Path, made: Recorded) -> str:
    """Return what came of a saving, in words without values."""
    text = f"Saved as {path}: {plural(made.rules, 'rule')}. `curator batch {path}` does it again."
    if made.left_out:
        text += f" {plural(made.left_out, 'change')} cannot be said by rules: NOT in it."
    if made.otherwise:
        text += f" Tried on the documents as they were before, {plural(made.otherwise, 'element comes', 'elements come')} out otherwise."
    return " ".join([text, *(f"Note: {note}." for note in made.notes)])
