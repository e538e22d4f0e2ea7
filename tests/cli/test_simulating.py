"""``simulate`` and ``plan --estimate``: what it would take, without a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Curator


def test_simulate_says_each_route_and_the_best(curator: Curator) -> None:
    done = curator("simulate", "1000", "--instances", "50", "--json")
    told = json.loads(done.out)
    assert told["image_sets"] == 1000
    assert told["recommended"] == told["routes"][0]["route"] == "update"
    assert told["routes"][0]["calls"]["UpdateImageSetMetadata"] >= 1000
    assert "1,000 image sets. Update:" in curator("simulate", "1000").out


@pytest.mark.parametrize(
    "rates", ["UpdateImageSetMetadata", "Update=1", "CopyImageSet=0", "CopyImageSet=1/x"]
)
def test_rates_that_are_none_are_refused(curator: Curator, rates: str) -> None:
    assert curator("simulate", "10", "--rates", rates).code == 2


def test_shapes_are_measured_in_the_catalogue(curator: Curator, demo_folder: Path) -> None:
    store = ("--store", f"local:{demo_folder}")
    assert curator(*store, "simulate", "--measured").code == 2  # nothing is read for it
    curator(*store, "catalogue", "refresh")
    rows = json.loads(curator(*store, "list", "--json").out)
    told = json.loads(curator(*store, "simulate", "--measured", "--json").out)
    assert told["image_sets"] == len(rows)
    assert any(route["frame_bytes_held_twice"] for route in told["routes"])
    told = json.loads(curator(*store, "simulate", "5000", "--where", "modality:CT", "--json").out)
    assert told["image_sets"] == 5000


def test_an_estimate_simulates_the_plan_s_own_calls(on_demo: Curator) -> None:
    done = on_demo("plan", "--resolve", "majority", "--estimate", "--json")
    assert done.code == 0, done.err
    told = done.json
    assert told["simulated_seconds"] >= told["seconds"] > 0
