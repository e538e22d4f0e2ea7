"""Real instances of ten kinds: each publishes by some route, or is left out with a reason; nothing is silent."""

from __future__ import annotations

import json

import pytest

from curator.plan.reimport import Route
from tests.publishing_routes import KINDS, files_by_kind, measure, table, told
from tests.tools import ROOT, shared

STORED = ROOT / "tests" / "generate" / "publishing_routes.json"
SMALL = ("RTSTRUCT", "SR", "waveform")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in SMALL else pytest.mark.soak) for kind in KINDS]
)
def test_every_instance_is_published_or_left_out_with_a_reason(kind: str) -> None:
    shared("data")
    row = measure(kind, files_by_kind()[kind])
    print(table([told(row)]))
    assert row.problems == []
    assert row.files > row.refused
    assert row.refused + row.update + row.reimport + row.left_out.total() == row.files
    assert row.cleared[Route.UPDATE] + row.cleared[Route.REIMPORT] == row.files - row.refused == row.published
    assert row.update == row.update_only
    stored = {each["kind"]: each for each in json.loads(STORED.read_text(encoding="utf-8"))}
    assert told(row) == stored[kind], "python -m tests.generate publishing_routes readme"
