"""What the manual says that profiles keep and leave is what they do."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks.retained import measured, of_peer
from tests.deid.test_bench import PROFILES
from tests.tools import ROOT

STORED = ROOT / "tests" / "generate" / "retained.json"
OFTEN = ("basic", "research", "limited-data-set")


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[] if each in OFTEN else pytest.mark.soak) for each in PROFILES]
)
def test_the_stored_figures_are_those_of_today(name: str) -> None:
    stored = {row["profile"]: row for row in json.loads(STORED.read_text(encoding="utf-8"))["rows"]}
    found = measured(name)
    ours = (found.words, found.kept, found.left)
    assert ours == tuple(stored[name][key] for key in ("words", "kept", "left")), (
        "python -m tests.generate retained"
    )
    if of_peer() is not None:
        assert found.kept_by_peer == stored[name]["kept_by_peer"]
        assert found.left_by_peer == stored[name]["left_by_peer"]


def test_every_profile_is_told_of_and_leaves_nothing() -> None:
    rows = json.loads(STORED.read_text(encoding="utf-8"))["rows"]
    assert [row["profile"] for row in rows] == PROFILES
    assert [row["left"] for row in rows] == [0] * len(rows)
    assert all(row["left_by_peer"] > 0 for row in rows)
