"""Catalogues filled with the checks' small documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from curator.catalogue import Catalogue, State, Summary
from curator.checks.cases import NOW, Sample
from curator.dicom import Json


def filled(folder: Path, samples: Iterable[Sample | Mapping[str, Json]]) -> Catalogue:
    """Return a catalogue that holds the samples as image sets 1, 2, …"""
    catalogue = Catalogue.open(folder, "d" * 32)
    for number, each in enumerate(samples, 1):
        sample = each if isinstance(each, Sample) else Sample(each)
        identifier = f"{number:032d}"
        document = {**sample.document, "ImageSetID": identifier}
        catalogue.put(
            summary(identifier, updated_at=sample.updated_at, primary=sample.primary),
            msgspec.json.encode(document),
            State(sample.state, sample.status, "", sample.primary),
            sample.tags,
        )
    catalogue.count_conflicts()
    return catalogue


def summary(
    identifier: str, *, version: int = 1, updated_at: float = NOW - 86_400, primary: bool | None = None
) -> Summary:
    return Summary(identifier, version, updated_at, updated_at, primary, "", "", "", "", "", "", "", "", "")
