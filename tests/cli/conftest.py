"""How tests run the command line: in this process, as a program would, and what it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curator.cli.main import run


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The NDJSON documents on stdout."""
        return [json.loads(line) for line in self.lines]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Curator = Callable[..., Ran]


@pytest.fixture
def curator(capsys: pytest.CaptureFixture[str]) -> Curator:
    """Run ``curator`` with some words; stdout is no terminal."""

    def call(*words: object) -> Ran:
        capsys.readouterr()
        code = run([str(word) for word in words])
        written = capsys.readouterr()
        return Ran(code, written.out, written.err)

    return call


@pytest.fixture
def on_demo(curator: Curator, demo_folder: Path) -> Curator:
    """Run ``curator`` on a store with the demo's image sets."""

    def call(*words: object) -> Ran:
        return curator("--store", f"local:{demo_folder}", *words)

    return call


@pytest.fixture
def image_sets(on_demo: Curator) -> dict[str, str]:
    """Image set ids of the demo by a name: their modality, or the planted fault."""
    found = {}
    for row in on_demo("list", "--json").json:
        names = {"CQ500-CT": "ct", "1CT1": "CT", "4MR1": "MR"}
        found[names.get(row.get("DICOMPatientId", ""), row.get("DICOMSeriesModality", "?"))] = row[
            "imageSetId"
        ]
    return found
