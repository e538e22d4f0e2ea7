"""A report as Markdown, for people: to read, to mail, to keep with the study's papers."""

from __future__ import annotations

from collections.abc import Iterator

from curator.printable import printable
from curator.report.evidence import Evidence
from curator.report.opening import opening, verdict
from curator.report.sections import evidence_lines, sections, sign_off, summary


def as_markdown(evidence: Evidence) -> str:
    """Return the evidence as GitHub-flavoured Markdown."""
    return "\n".join(_lines(evidence)) + "\n"


def _lines(found: Evidence) -> Iterator[str]:
    yield f"# Campaign {found.campaign[:12]}: {_cell(found.title) or 'without a title'}"
    yield ""
    yield f"**{_cell(verdict(found)[1])}**"
    yield ""
    for paragraph in opening(found):
        yield _cell(paragraph)
        yield ""
    yield from (f"- **{name}:** {_cell(text)}" for name, text in summary(found))
    yield ""
    for section in sections(found):
        yield f"## {section.title}"
        yield ""
        if section.lead:
            yield section.lead
            yield ""
        yield f"| {' | '.join(section.headings)} |"
        yield f"|{'---|' * len(section.headings)}"
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in section.rows)
        yield ""
        if section.note:
            yield section.note
            yield ""
    yield "## Evidence"
    yield ""
    yield from (f"- **{name}:** {_cell(text)}" for name, text in evidence_lines(found))
    yield ""
    yield from (f"- [ ] {line}: ______________________" for line in sign_off())


def _cell(text: str) -> str:
    """Return text that cannot break out of a table cell, nor bring markup or links of its own."""
    safe = printable(text)
    for special in "\\`*[]<>|#!":
        safe = safe.replace(special, f"\\{special}")
    return safe
