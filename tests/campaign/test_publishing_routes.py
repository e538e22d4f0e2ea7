"""Real instances of ten kinds: each publishes by some route, or is left out with a reason; nothing is silent."""

from __future__ import annotations

import pytest

from curator.plan.reimport import Route
from tests.publishing_routes import KINDS, files_by_kind, measure, table
from tests.tools import shared

SMALL = ("RTSTRUCT", "SR", "waveform")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in SMALL else pytest.mark.soak) for kind in KINDS]
)
def test_every_instance_is_published_or_left_out_with_a_reason(kind: str) -> None:
    shared("data")
    row = measure(kind, files_by_kind()[kind])
    print(table([row]))
    assert row.problems == []
    assert row.files > row.refused
    assert row.refused + row.update + row.reimport + row.left_out.total() == row.files
    assert row.cleared[Route.UPDATE] + row.cleared[Route.REIMPORT] == row.files - row.refused == row.published
    assert row.update == row.update_only
