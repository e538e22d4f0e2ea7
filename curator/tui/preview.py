"""What the preview tells of an image set: its versions, its series, and what the checks say of its document.

Everything but the versions is in the catalogue; nothing here touches a metadata document of the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from textwrap import wrap
from typing import TYPE_CHECKING

from curator.catalogue.rows import Row
from curator.findings import Finding, Severity
from curator.printable import plural, printable
from curator.tui.grouping import GroupBy, group_cells
from curator.tui.image_set_columns import date_text, moment_text
from curator.tui.rows import Cell

if TYPE_CHECKING:
    from curator.dicom import Json
    from curator.healthimaging import ImageSetProperties
    from curator.tui.session import Session
    from curator.tui.work import Ticket

Pairs = list[tuple[str, Cell]]
_SHOWN = 3  # versions, series
_FINDINGS = 8
_LINES = 3  # of one finding
_LARGE = 4_000_000  # bytes of a document that is not examined in passing
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_ROLES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTE: "dim"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of one image set. ``findings`` is None where its document was not examined."""

    versions: Sequence[ImageSetProperties] = ()
    series: Sequence[tuple[Mapping[str, Json], int, int]] = field(default=(), repr=False)
    torn: bool = False
    findings: Sequence[Finding] | None = field(default=None, repr=False)


def look(session: Session, row: Row, ticket: Ticket) -> Seen:
    """Read what the preview shows of a row beyond the row itself."""
    versions = session.versions(row.id)
    ticket.check()
    view = session.catalogue.view()
    series, torn = view.series(row.id), view.is_torn(row.id)
    return Seen(versions, series, torn, _examined(session, row, torn=torn))


def _examined(session: Session, row: Row, *, torn: bool) -> list[Finding] | None:
    """Return what the checks of documents find in one that is in the catalogue and not large."""
    from curator.checks import checks, examined
    from curator.checks.check import DocumentCheck

    view = session.catalogue.view()
    facts = view.image_set(row.id)
    if facts is None or not row.read or row.size > _LARGE:
        return None
    chosen = [check for check in checks() if isinstance(check, DocumentCheck)]
    today = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y%m%d")
    found = examined(chosen, [(facts, view.document(facts))], today, {row.id} if torn else frozenset())
    return sorted((each for findings in found for each in findings), key=lambda each: _RANK[each.severity])


def facts_of(row: Row) -> Pairs:
    """Return what the row itself says."""
    pairs: Pairs = [
        ("Patient", (row.patient_name, "title")),
        ("Patient ID", row.patient_id),
        ("Sex, birth", "  ".join(filter(None, (row.patient_sex, date_text(row.birth_date))))),
        ("Study", (row.study_description, "title")),
        ("Date", date_text(row.study_date)),
        ("Accession", row.accession),
        ("Series", (row.series_description, "title")),
        ("Modality", "  ".join(filter(None, (row.modality, row.body_part)))),
        ("Made by", row.manufacturer),
        ("Instances", _counted(row)),
        ("Primary", {True: "yes", False: "no", None: ""}[row.primary]),
        ("De-identified", ("yes", "good") if row.deidentified else ""),
        ("Storage", row.tier),
        ("Created", moment_text(row.created_at)),
        ("Updated", moment_text(row.updated_at)),
        ("Image set", (row.id, "dim")),
    ]
    return [(name, cell) for name, cell in pairs if (cell[0] if isinstance(cell, tuple) else cell)]


def _counted(row: Row) -> str:
    parts = [f"{row.instances:,}"] if row.instances else []
    parts += [plural(row.frames, "frame")] if row.frames else []
    parts += [f"{row.size / 1e6:.1f} MB of metadata" if row.size >= 1e5 else ""] if row.size else []
    return ", ".join(filter(None, parts))


def seen_pairs(row: Row, seen: Seen, width: int) -> Pairs:
    """Return what was read of the image set, a heading before each part, texts in lines of ``width`` cells."""
    return [*_series(seen), *_versions(seen), *_findings(row, seen, width)]


def _wrapped(name: str, text: str, role: str, width: int) -> Iterator[tuple[str, Cell]]:
    """Yield a text in at most `_LINES` lines; the last one may be cut."""
    lines = wrap(printable(text), max(width, 10)) or [""]
    kept = [*lines[: _LINES - 1], " ".join(lines[_LINES - 1 :])] if len(lines) > _LINES else lines
    for number, line in enumerate(kept):
        yield name if not number else "", (line, role)


def _findings(row: Row, seen: Seen, width: int) -> Iterator[tuple[str, Cell]]:
    yield "", ""
    problems: Pairs = []
    if seen.torn:
        problems += _wrapped("torn", "other image sets hold instances of its series", "warn", width)
    if row.conflicts:
        text = f"{plural(row.conflicts, 'level disagrees', 'levels disagree')} with other image sets"
        problems += _wrapped("conflict", text, "bad", width)
    found = seen.findings or ()
    for each in found[:_FINDINGS]:
        problems += _wrapped(each.code, each.message, _ROLES[each.severity], width)
    if len(found) > _FINDINGS:
        problems.append(("", (f"and {len(found) - _FINDINGS:,} more: f shows all", "dim")))
    count = len(found) + seen.torn + bool(row.conflicts)
    if seen.findings is None:
        why = "its document is large: f checks it" if row.read else "its document was not read yet"
        problems.append(("", (why, "dim")))
    yield (
        "Findings",
        (f"{count:,}", "warn") if count else ("none", "good" if seen.findings is not None else "dim"),
    )
    yield from problems


def _series(seen: Seen) -> Iterator[tuple[str, Cell]]:
    if not seen.series:
        return
    yield "", ""
    yield "Levels", f"1 patient, 1 study, {len(seen.series):,} series"
    for elements, instances, frames in seen.series[:_SHOWN]:
        words = [str(elements.get(key) or "") for key in ("SeriesNumber", "Modality", "SeriesDescription")]
        yield (
            "series",
            " ".join(
                filter(
                    None, [*words, f"· {instances:,} inst", f"{frames:,} fr" if frames != instances else ""]
                )
            ),
        )
    if len(seen.series) > _SHOWN:
        yield "", (f"and {len(seen.series) - _SHOWN:,} more", "dim")


def _versions(seen: Seen) -> Iterator[tuple[str, Cell]]:
    if not seen.versions:
        return
    yield "", ""
    yield "Versions", f"{len(seen.versions):,}"
    for state in seen.versions[:_SHOWN]:
        role = "bad" if state.failed else "accent" if state.locked else "good"
        moment = moment_text(state.updated_at.timestamp()) if state.updated_at else ""
        yield f"version {state.version}", (f"{state.workflow}  {moment}", role)
    if len(seen.versions) > _SHOWN:
        yield "", (f"and {len(seen.versions) - _SHOWN:,} more: v shows all", "dim")


def group_pairs(by: GroupBy, rows: Sequence[Row]) -> Pairs:
    """Return what a group's rows say together."""
    cells = group_cells(by, rows, unfolded=True)
    latest = max(row.updated_at for row in rows)
    pairs: Pairs = [
        (by.capitalize(), (cells["label"][0][2:], "title")),
        ("Image sets", f"{len(rows):,}"),
        ("Studies", f"{len({row.study_uid for row in rows}):,}"),
        ("Series", f"{len({row.series_uid for row in rows}):,}"),
        ("Instances", cells["instances"]),
        ("Modality", cells["modalities"]),
        ("Years", cells["dates"]),
        ("In conflict", cells["conflicts"]),
        ("De-identified", f"{sum(row.deidentified for row in rows):,}"),
        ("Updated", moment_text(latest)),
    ]
    return [(name, cell) for name, cell in pairs if (cell[0] if isinstance(cell, tuple) else cell)]
