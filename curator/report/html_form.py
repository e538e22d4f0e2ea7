"""A report as one HTML file: no scripts, nothing loaded from anywhere, readable in print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from curator.printable import printable
from curator.report.evidence import Evidence
from curator.report.opening import opening, verdict
from curator.report.sections import evidence_lines, sections, sign_off, summary

WIDEST = 300
"""Units of the longest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    name: str
    count: str
    width: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under a title."""

    title: str
    bars: tuple[Bar, ...]


def as_html(evidence: Evidence) -> str:
    """Return the evidence as one page; every text is escaped."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = printable
    holds, words = verdict(evidence)
    page = (Path(__file__).parent / "page.html").read_text("utf-8")
    return environment.from_string(page).render(
        found=evidence,
        holds=holds,
        verdict=words,
        opening=list(opening(evidence)),
        summary=list(summary(evidence)),
        charts=list(_charts(evidence)),
        sections=list(sections(evidence)),
        evidence=list(evidence_lines(evidence)),
        sign_off=sign_off(),
    )


def _charts(found: Evidence) -> Iterator[Chart]:
    reasons = {str(each.reason): 0 for each in found.left_out}
    for each in found.left_out:
        reasons[str(each.reason)] += each.count
    for title, counts in (
        ("Changes by action", found.actions),
        ("Changes by level", found.levels),
        ("Left out, by reason", reasons),
    ):
        if counts:
            yield Chart(title, tuple(_bars(counts)))


def _bars(counts: Mapping[str, int]) -> Iterator[Bar]:
    most = max(counts.values(), default=1)
    for name, count in counts.items():
        yield Bar(name, f"{count:,}", max(2, round(WIDEST * count / most)))
