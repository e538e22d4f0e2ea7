"""The order and the headings of a report for people; Markdown and HTML write the same sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curator.campaign.attesting import Attestation
from curator.report.evidence import Evidence
from curator.verify import NOTED

SHOWN = 200
"""Image sets listed by name; the CSV and JSON forms list all."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One table; ``note`` stands below it."""

    title: str
    headings: Row
    rows: tuple[Row, ...]
    note: str = ""


def summary(found: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the first lines: what, how much, how proved."""
    yield (
        "Units",
        ", ".join(f"{count} {status}" for status, count in found.statuses.items()) or "nothing planned",
    )
    yield "Changes planned", str(found.changes)
    calls = ", ".join(f"{count} {name}" for name, count in sorted(found.planned_calls.items())) or "none"
    yield "Calls", f"{found.calls_done} made; planned: {calls}; with force: {found.forced_calls}"
    yield "Verification", found.verification
    if found.attestation is not None:
        yield "Against the originals", _verdict(found.attestation)
        codes = ", ".join(f"{code} {meaning}" for code, meaning in found.attestation.codes)
        yield "Conformance", f"DICOM PS3.15 {found.attestation.edition}, CID 7050: {codes}"
    yield "Store", f"{found.store} (data store {found.datastore})"
    made = f"made {found.made or 'at an unknown time'} by {found.tool or 'an unknown program'}"
    yield "Plan", f"{made}, SHA-256 {found.campaign}"
    if found.rules:
        yield "Rules", ", ".join(found.rules)


def sections(found: Evidence) -> Iterator[Section]:
    """Yield the tables that have rows."""
    for section in _all(found):
        if section.rows:
            yield section


def _all(found: Evidence) -> Iterator[Section]:
    yield Section(
        "Who and when",
        ("verb", "began", "ended", "by", "came to"),
        tuple(
            (
                each.verb,
                each.began,
                each.ended,
                f"{each.user} ({each.arn})" if each.arn else each.user,
                each.outcome,
            )
            for each in found.sessions
        ),
    )
    yield Section(
        "What was left out",
        ("why", "rule", "element", "changes"),
        tuple((str(each.reason), each.rule, each.element, str(each.count)) for each in found.left_out),
    )
    yield Section(
        "Pixels that a person looked at and cleared",
        ("by whom, when", "instances"),
        tuple((said, str(count)) for said, count in found.cleared.items()),
        "Their attributes say that pixels may identify. The tool does not look at pixels: this rests on the reviewer.",
    )
    if found.attestation is not None:
        yield from _attested(found.attestation)
    yield Section("What forcing gave up", ("loss",), tuple((loss,) for loss in found.losses))
    yield Section(
        "What is open",
        ("unit", "status", "reason", "next step"),
        tuple((each.unit, each.status, each.reason, each.next_step) for each in found.open),
    )
    more = len(found.image_sets) - SHOWN
    yield Section(
        "Image sets",
        ("image set", "role", "version before", "after", "status", "verified"),
        tuple(
            (each.id, each.role, each.before, each.after, each.status, each.verified)
            for each in found.image_sets[:SHOWN]
        ),
        f"… and {more} more: the CSV and JSON forms list all." if more > 0 else "",
    )
    yield Section(
        "What was changed, and why",
        ("element", "action", "rule", "why", "changes"),
        tuple((each.element, each.action, each.rule, each.why, str(each.count)) for each in found.elements),
    )
    yield Section(
        "Samples (identified data)",
        ("image set", "element", "before", "after"),
        tuple((each.image_set, each.element, each.before, each.after) for each in found.samples),
    )


def _verdict(made: Attestation) -> str:
    checked = sum(count for count, _ in made.counts.values())
    failed = sum(each.count for each in made.violations)
    about = f"{made.subjects} subjects, {made.versions} versions read back"
    return (
        f"{failed} of {checked} checks FAILED ({about})" if failed else f"all {checked} checks hold ({about})"
    )


def _attested(made: Attestation) -> Iterator[Section]:
    """Yield what an independent reading of original and published documents found; no values."""
    yield Section(
        "Held against the originals",
        ("check", "made", "failed", "to look at"),
        tuple(
            (check, str(count), "0", str(failed)) if check in NOTED else (check, str(count), str(failed), "0")
            for check, (count, failed) in made.counts.items()
        ),
        f"{made.weak_terms} identifiers are too short to be looked for outside text elements.",
    )
    yield Section(
        "MIDI-B's actions, read more strictly",
        ("action", "passed", "failed"),
        tuple((action, str(passed), str(failed)) for action, (passed, failed) in made.midi_b.items()),
    )
    for title, found in (("What does not hold", made.violations), ("What wants a person's look", made.notes)):
        yield Section(
            title,
            ("check", "image set", "version", "where", "what", "times"),
            tuple(
                (each.check, each.image_set, each.version, each.place, each.message, str(each.count))
                for each in found[:SHOWN]
            ),
        )
    yield Section(
        "What lies outside this tool's reach",
        ("it may still hold the originals",),
        tuple((each,) for each in made.outside),
    )


def sign_off() -> Row:
    """Return who signs a report."""
    return ("Carried out by (name, date, signature)", "Reviewed by (name, date, signature)")


def evidence_lines(found: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what proves the rest: the ledger and its head."""
    yield "Ledger", f"{found.ledger_lines} lines, head {found.ledger_head or 'none'}"
    if found.ledger_problems:
        yield "The ledger was tampered with", "; ".join(found.ledger_problems[:5])
    else:
        yield "Ledger check", "whole; every line agrees with the chain and with the kept head"
    yield "To check again", f"curator audit verify {found.campaign[:12]} --head {found.ledger_head}"
