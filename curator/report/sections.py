"""The order and the headings of a report for people; Markdown and HTML write the same sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from curator.campaign.attestation import Attestation
from curator.dicom.dictionary import attribute, tag_of_key
from curator.printable import plural
from curator.report.evidence import ElementLine, Evidence
from curator.report.samples import Sample, Side
from curator.report.words import PIXELS, WORDS, name, sentence
from curator.verify import NOTED

SHOWN = 200
"""Rows of a table; the CSV and JSON forms list all."""

Row = tuple[str, ...]

WITH_VALUES = "The first change of each kind, with its values. Keep this report as you keep the originals."
SHAPES = (
    "The first change of each kind. In a shape A stands for a capital letter, a for a small one, 9 for a digit. The hash "
    "beside it is made with the project's key: equal values have equal hashes, and nobody without the key can try out "
    "what a value was."
)


@dataclass(frozen=True, slots=True)
class Section:
    """One table; ``lead`` stands above it, ``note`` below."""

    title: str
    headings: Row
    rows: tuple[Row, ...]
    note: str = ""
    lead: str = ""


def summary(found: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what, how much, by which plan, in short lines."""
    yield (
        "Units",
        ", ".join(f"{count} {status}" for status, count in found.statuses.items()) or "nothing planned",
    )
    yield "Changes planned", f"{found.changes:,}"
    calls = ", ".join(f"{count} {name}" for name, count in sorted(found.planned_calls.items())) or "none"
    yield "Calls", f"{found.calls_done} made; planned: {calls}; with force: {found.forced_calls}"
    yield "Verification", found.verification
    if found.attestation is not None:
        yield "Against the originals", _verdict(found.attestation)
        yield "Profile", f"{found.attestation.profile}, DICOM PS3.15 edition {found.attestation.edition}"
    if found.rules:
        yield "Rules", ", ".join(found.rules)
    yield "Store", f"{found.store} (data store {found.datastore})"
    yield "Plan", f"made {found.made or 'at an unknown time'} by {found.tool or 'an unknown program'}"
    yield "Plan's digest", f"SHA-256 {found.campaign}"


def sections(found: Evidence) -> Iterator[Section]:
    """Yield the tables that have rows."""
    for section in _all(found):
        if section.rows:
            yield section


def _all(found: Evidence) -> Iterator[Section]:
    yield Section(
        "Who and when",
        ("step", "began (UTC)", "ended", "by", "came to"),
        tuple(
            (each.verb, _moment(each.began), _moment(each.ended), _person(each.user, each.arn), each.outcome)
            for each in found.sessions
        ),
    )
    yield from _left(found)
    yield Section(
        "Conflicts found and resolved",
        ("found", "between", "settled", "image sets changed"),
        tuple((each.found, each.between, each.settled, f"{each.image_sets:,}") for each in found.conflicts),
    )
    yield Section(
        "Pixels that a person looked at and cleared",
        ("by whom, when", "instances"),
        tuple((said, str(count)) for said, count in found.cleared.items()),
        "Their attributes say that pixels may identify. The tool does not look at pixels: this rests on the reviewer.",
    )
    if found.attestation is not None:
        yield from _attested(found.attestation)
    yield from _changed(found)
    yield _limited(
        "Image sets",
        ("image set", "role", "version before", "after", "status", "verified"),
        [
            (each.id, each.role, each.before, each.after or "unchanged", each.status, each.verified)
            for each in found.image_sets
        ],
    )
    if found.attestation is not None:
        yield _conformance(found.attestation)
    yield Section(
        "What lies outside this tool's reach",
        ("these may still hold what identifies a person, or what was changed",),
        tuple((each,) for each in found.outside),
    )
    if found.attestation is not None:
        yield Section(
            "The checks by the actions of the MIDI-B benchmark",
            ("action", "in words", "passed", "failed"),
            tuple(
                (action, name(action), f"{passed:,}", f"{failed:,}")
                for action, (passed, failed) in found.attestation.midi_b.items()
            ),
        )
    yield Section("Words", ("word", "what it means here"), tuple(WORDS.items()))


def _left(found: Evidence) -> Iterator[Section]:
    yield Section(
        "Taken out of the plan by its reviewer",
        ("what", "by", "when (UTC)", "changes"),
        tuple((each.what, each.by, _moment(each.at), f"{each.changes:,}") for each in found.excluded),
        f"The plan that was reviewed has the digest SHA-256 {found.amends}; what is listed here was not done.",
    )
    yield Section(
        "What was left out",
        ("why", "rule", "element", "how many"),
        tuple((str(each.reason), each.rule, each.element, f"{each.count:,}") for each in found.left_out),
    )
    alone = Counter(reason for _, reason in found.skipped)
    yield Section(
        "Image sets left alone",
        ("why", "image sets"),
        tuple((reason, f"{count:,}") for reason, count in alone.most_common()),
        "The JSON form names them.",
    )
    yield Section("What forcing gave up", ("loss",), tuple((loss,) for loss in found.losses))
    yield Section(
        "What is open",
        ("unit", "status", "reason", "next step"),
        tuple((each.unit, each.status, each.reason, each.next_step) for each in found.open),
    )


def _changed(found: Evidence) -> Iterator[Section]:
    yield _limited(
        "What was changed, and why",
        ("element", "action", "rule", "why", "changes"),
        [
            (_element(each.element), each.action, each.rule, each.why, f"{each.count:,}")
            for each in found.elements
            if not each.private
        ],
    )
    yield _limited(
        "Private elements changed",
        ("level", "action", "rule", "different elements", "changes"),
        list(_private(each for each in found.elements if each.private)),
        "The CSV and JSON forms list each.",
    )
    with_values = any(each.before.value is not None for each in found.samples)
    yield Section(
        "Samples (identified data)" if with_values else "Samples: the shape of what was changed",
        ("element", "VR", "action", "before", "after"),
        tuple(_sample(each) for each in found.samples),
        lead=WITH_VALUES if with_values else SHAPES,
    )


def _sample(each: Sample) -> Row:
    return (_element(each.element), each.vr, each.action, _side(each.before), _side(each.after))


def _side(side: Side) -> str:
    told = side.value if side.value is not None else side.shape
    return f"{told} · {side.hash}" if side.hash and side.value is None else told


def _private(lines: Iterable[ElementLine]) -> Iterator[Row]:
    kinds: dict[Row, list[ElementLine]] = {}
    for each in lines:
        kinds.setdefault((each.level, each.action, each.rule), []).append(each)
    for kind, members in sorted(kinds.items()):
        different = len({each.element for each in members})
        yield (*kind, f"{different:,}", f"{sum(map(attrgetter('count'), members)):,}")


def _element(path: str) -> str:
    """Return a generic path without what only programs need, with the tag that people look up."""
    level, _, rest = path.partition("/")
    known = attribute(tag_of_key(path.rpartition("/")[2]) or 0)
    tag = f" ({known.tag >> 16:04X},{known.tag & 0xFFFF:04X})" if known is not None else ""
    place = rest.replace("[*]", "").replace("/", " › ")
    return f"{level.partition('[')[0]}: {place}{tag}" if rest else path


def _moment(iso: str) -> str:
    return iso[:19].replace("T", " ")


def _person(user: str, arn: str) -> str:
    return f"{user} ({arn})" if arn else user


def _limited(title: str, headings: Row, rows: list[Row], note: str = "") -> Section:
    more = len(rows) - SHOWN
    told = f"… and {more:,} more: the CSV and JSON forms list all." if more > 0 else note
    return Section(title, headings, tuple(rows[:SHOWN]), told)


def _verdict(made: Attestation) -> str:
    checked = sum(count for count, _ in made.counts.values())
    failed = sum(each.count for each in made.violations)
    about = f"{plural(made.subjects, 'subject')}, {plural(made.versions, 'version')} read back"
    return (
        f"{failed:,} of {plural(checked, 'check')} FAILED ({about})"
        if failed
        else f"all {plural(checked, 'check')} {'holds' if checked == 1 else 'hold'} ({about})"
    )


def _attested(made: Attestation) -> Iterator[Section]:
    """Yield what an independent reading of original and published documents found; no values."""
    rows = []
    for check, (count, failed) in made.counts.items():
        noted = check in NOTED
        rows.append(
            (
                name(check),
                sentence(check),
                f"{count:,}",
                *(("0", f"{failed:,}") if noted else (f"{failed:,}", "0")),
            )
        )
    yield Section(
        "Copies held against the originals",
        ("check", "what it asks", "made", "failed", "to look at"),
        tuple(rows),
        f"{plural(made.weak_terms, 'identifier is', 'identifiers are')} too short to be looked for outside text elements."
        if made.weak_terms
        else "",
    )
    for title, found in (("What does not hold", made.violations), ("What wants a person's look", made.notes)):
        yield _limited(
            title,
            ("check", "image set", "version", "where", "what", "times"),
            [
                (name(each.check), each.image_set, each.version, each.place, each.message, f"{each.count:,}")
                for each in found
            ],
        )


def _conformance(made: Attestation) -> Section:
    return Section(
        "Conformance",
        ("code (CID 7050)", "what was applied"),
        tuple(made.codes),
        PIXELS,
        "The metadata of the copies was de-identified by the Basic Application Level Confidentiality Profile of DICOM "
        f"PS3.15 Annex E, edition {made.edition}, with these options. The codes stand in every copy "
        "(DeidentificationMethodCodeSequence), where programs that receive it find them.",
    )


def sign_off() -> Row:
    """Return who signs a report."""
    return ("Carried out by (name, date, signature)", "Reviewed by (name, date, signature)")


def evidence_lines(found: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what proves the rest: the ledger and its head."""
    yield "Ledger", plural(found.ledger_lines, "line")
    yield "Head's digest", found.ledger_head or "none"
    if found.ledger_problems:
        yield "The ledger was tampered with", "; ".join(found.ledger_problems[:5])
    else:
        yield "Ledger check", "whole; every line agrees with the chain and with the kept head"
    yield "To check again", f"curator audit verify {found.campaign[:12]} --head {found.ledger_head}"
