"""Pending edits as the workbench reads, widens and plans them: in `Work` threads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curator.dicom.levels import Level
from curator.printable import plural
from curator.tui.walk import keep_plan

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.findings import Change
    from curator.imageset import ImageSetMetadata
    from curator.plan.merging import Party
    from curator.tui.session import Session
    from curator.tui.work import Ticket

Wanted = Sequence[tuple[str, Sequence["Change"]]]


def others_of(session: Session, image_set: str) -> dict[Level, list[str]]:
    """Return the other image sets of the same patient, study and series."""
    levels = (Level.PATIENT, Level.STUDY, Level.SERIES)
    return {level: session.catalogue.sharing(image_set, level) for level in levels}


def latest_of(session: Session, ids: Sequence[str]) -> list[tuple[str, ImageSetMetadata]]:
    """Return the latest documents of image sets."""
    return [(each, session.document(each, session.state(each).version)) for each in ids]


def changes_in(
    session: Session, ids: Sequence[str], change: Change, ticket: Ticket
) -> list[tuple[str, Change]]:
    """Return the change as each of these image sets needs it: those that have the value already need none."""
    from curator.findings import Absent
    from curator.imageset.equality import same_value
    from curator.plan.edits import edit, value_in

    found = []
    for number, image_set in enumerate(ids):
        ticket.report(number, len(ids))
        document = session.document(image_set, session.state(image_set).version)
        now, after = value_in(document, change.path), change.after
        absent = isinstance(now, Absent), isinstance(after, Absent)
        if absent == (True, True):
            continue
        if any(absent) or not same_value(now, after):  # type: ignore[arg-type]
            found.append((image_set, edit(document, change.path, after, change.vr)))
    return found


def plan_edits(session: Session, spec: str, wanted: Wanted) -> Campaign:
    """Plan edits, as one campaign over all their image sets. `Refused` where nothing of them can be done."""
    from curator.campaign.editing import edit_units
    from curator.plan.merging import Party

    def party(image_set: str) -> Party:
        state = session.state(image_set)
        updated = state.updated_at.timestamp() if state.updated_at else 0.0
        document = session.document(image_set, state.version)
        return Party(image_set, state.version, document, bool(state.is_primary), updated)

    def primaries(image_set: str) -> list[str]:
        rows = map(session.catalogue.row, session.catalogue.sharing(image_set, Level.STUDY))
        return [row.id for row in rows if row is not None and row.primary]

    count, sets = sum(len(changes) for _, changes in wanted), len(wanted)
    title = f"{plural(count, 'edit')} of {plural(sets, 'image set')}"
    return keep_plan(session, spec, title, ["edit"], edit_units(wanted, party, primaries))
