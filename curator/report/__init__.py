"""Evidence that a person can read and keep: what a campaign did, why, and how it was proved.

`evidence.gather` reads plan and ledger once into an `Evidence`; each form is one module that writes it. Reports
hold no values of elements unless the user asks for samples (``--with-phi``).
"""

from __future__ import annotations

from curator.report.csv_form import as_csv
from curator.report.evidence import Evidence, gather
from curator.report.html_form import as_html
from curator.report.json_form import as_json
from curator.report.markdown_form import as_markdown

__all__ = ["Evidence", "as_csv", "as_html", "as_json", "as_markdown", "gather"]
