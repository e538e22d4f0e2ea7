"""``tests/generate/publishing_routes.json``: by which route real instances of each kind publish, from ``../shared/data``.

Kept as data, because the manual shows it and the files are no part of the project; takes some minutes.
"""

from __future__ import annotations

import json

TARGET = "tests/generate/publishing_routes.json"


def generate() -> str:
    """Return the file's text; RuntimeError where the files are not there, or something did not verify."""
    from tests.publishing_routes import files_by_kind, measure, told
    from tests.tools import SHARED

    if not (SHARED / "data").is_dir():
        raise RuntimeError("../shared/data is not here")
    rows = []
    for kind, paths in files_by_kind().items():
        row = measure(kind, paths)
        if row.problems:
            raise RuntimeError(f"{kind}: {row.problems[0]}")
        rows.append(told(row))
    return json.dumps(rows, indent=1) + "\n"
