"""A report as CSV: one line for each image set, rule, element and action, for spreadsheets."""

from __future__ import annotations

import csv
from io import StringIO

from curator.report.evidence import Evidence

COLUMNS = ("image_set", "before", "after", "status", "verified", "rule", "element", "action", "count")


def as_csv(evidence: Evidence) -> str:
    """Return the evidence as RFC 4180 CSV in which no cell can act as a formula."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    lines = {line.id: line for line in evidence.image_sets}
    seen = set()
    for (image_set, rule, element, action), count in sorted(evidence.rows.items()):
        line = lines.get(image_set)
        told = (line.before, line.after, line.status, line.verified) if line else ("", "", "", "")
        seen.add(image_set)
        writer.writerow([*map(guarded, (image_set, *told, rule, element, action)), count])
    for line in evidence.image_sets:
        if line.id not in seen:
            cells = (line.id, line.before, line.after, line.status, line.verified, line.role, "", "")
            writer.writerow([*map(guarded, cells), 0])
    return out.getvalue()


def guarded(cell: str) -> str:
    """Return the cell such that a spreadsheet shows it and never computes it (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell
