"""A report as a file: its form by the file's name, readable by its owner alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign

FORMS: Final = ("html", "md", "json", "csv")


def form_of(path: Path) -> str:
    """Return the form that a file's name asks for; UsageError where there is none of that name."""
    form = path.suffix.lstrip(".").lower()
    if form not in FORMS:
        raise UsageError(f"A report is .html, .md, .json or .csv, not {path.suffix or 'without an ending'}.")
    return form


def report_text(campaign: Campaign, form: str, *, with_phi: bool = False) -> str:
    """Return a campaign's report in one of `FORMS`."""
    from curator import report

    evidence = report.gather(campaign, with_phi=with_phi)
    make = {"html": report.as_html, "md": report.as_markdown, "json": report.as_json, "csv": report.as_csv}[
        form
    ]
    return make(evidence)


def write_report(campaign: Campaign, form: str, path: Path, *, with_phi: bool = False) -> None:
    """Write a report (0600)."""
    from curator.project import write_private

    write_private(path, report_text(campaign, form, with_phi=with_phi).encode())
