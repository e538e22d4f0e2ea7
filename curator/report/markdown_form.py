"""A report as Markdown, for people: to read, to mail, to keep with the study's papers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from curator.printable import printable
from curator.report.evidence import Evidence

SHOWN = 200
"""Image sets listed by name; the CSV and JSON forms list all."""


def as_markdown(evidence: Evidence) -> str:
    """Return the evidence as GitHub-flavoured Markdown."""
    return "\n".join(_lines(evidence)) + "\n"


def _lines(found: Evidence) -> Iterator[str]:
    yield f"# Campaign {found.campaign[:12]}: {_cell(found.title) or 'without a title'}"
    yield ""
    yield from _summary(found)
    yield from _section("Who and when", ("verb", "began", "ended", "by", "came to"), _sessions(found))
    yield from _section(
        "What was changed, and why",
        ("element", "action", "rule", "why", "changes"),
        ((each.element, each.action, each.rule, each.why, str(each.count)) for each in found.elements),
    )
    yield from _section(
        "What was left out",
        ("why", "rule", "element", "changes"),
        ((str(each.reason), each.rule, each.element, str(each.count)) for each in found.left_out),
    )
    yield from _section("What forcing gave up", ("loss",), ((loss,) for loss in found.losses))
    yield from _section(
        "What is open",
        ("unit", "status", "reason", "next step"),
        ((each.unit, each.status, each.reason, each.next_step) for each in found.open),
    )
    yield from _section(
        "Image sets",
        ("image set", "role", "version before", "after", "status", "verified"),
        (
            (each.id, each.role, each.before, each.after, each.status, each.verified)
            for each in found.image_sets[:SHOWN]
        ),
    )
    if len(found.image_sets) > SHOWN:
        yield f"… and {len(found.image_sets) - SHOWN} more: the CSV and JSON forms list all."
        yield ""
    yield from _section(
        "Samples (identified data)",
        ("image set", "element", "before", "after"),
        ((each.image_set, each.element, each.before, each.after) for each in found.samples),
    )
    yield from _evidence(found)


def _summary(found: Evidence) -> Iterator[str]:
    statuses = ", ".join(f"{count} {status}" for status, count in found.statuses.items()) or "nothing planned"
    calls = ", ".join(f"{count} {name}" for name, count in sorted(found.planned_calls.items())) or "none"
    yield f"- **Units:** {statuses}"
    yield f"- **Changes planned:** {found.changes}"
    yield f"- **Calls:** {found.calls_done} made; planned: {calls}; with force: {found.forced_calls}"
    yield f"- **Verification:** {found.verification}"
    yield f"- **Store:** {_cell(found.store)} (data store {found.datastore})"
    yield f"- **Plan:** made {found.made or 'at an unknown time'} by {found.tool or 'an unknown program'}, SHA-256 `{found.campaign}`"
    if found.rules:
        yield f"- **Rules:** {', '.join(map(_cell, found.rules))}"
    yield ""


def _sessions(found: Evidence) -> Iterator[tuple[str, ...]]:
    for each in found.sessions:
        by = f"{each.user} ({each.arn})" if each.arn else each.user
        yield each.verb, each.began, each.ended, by, each.outcome


def _section(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a heading and a table; nothing when there are no rows."""
    told = False
    for row in rows:
        if not told:
            yield f"## {title}"
            yield ""
            yield f"| {' | '.join(headings)} |"
            yield f"|{'---|' * len(headings)}"
            told = True
        yield f"| {' | '.join(map(_cell, row))} |"
    if told:
        yield ""


def _cell(text: str) -> str:
    """Return text that cannot break out of a table cell, nor bring markup or links of its own."""
    safe = printable(text)
    for special in "\\`*_[]<>|#!":
        safe = safe.replace(special, f"\\{special}")
    return safe


def _evidence(found: Evidence) -> Iterator[str]:
    yield "## Evidence"
    yield ""
    yield f"- **Ledger:** {found.ledger_lines} lines, head `{found.ledger_head or 'none'}`"
    if found.ledger_problems:
        yield f"- **The ledger was tampered with:** {'; '.join(found.ledger_problems[:5])}"
    else:
        yield "- **Ledger check:** whole; every line agrees with the chain and with the kept head"
    yield "- `curator audit verify --head` with the head above proves it again, without the key"
