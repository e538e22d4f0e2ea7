"""Differences as lines: what came or went whole is told by what is in it."""

from __future__ import annotations

from curator.imageset import ImageSetMetadata, describe
from curator.tui.changes import STACKED, DiffRows, lines_of
from tests.campaign.ground import document, node


def _shown(before: ImageSetMetadata, after: ImageSetMetadata) -> list[str]:
    rows = DiffRows(
        before, after, lines_of(before, after, describe(before, after), everything=False), stacked=True
    )
    return [str(rows.cells(index, STACKED)) for index in range(len(rows))]


def test_an_instance_is_told_by_its_own_elements() -> None:
    tree = document(2)
    instances = node(tree, "Study", "Series", "1.2.3.4", "Instances")
    last = list(instances)[-1]
    node(instances, last, "DICOM").update({"Rows": 1, "Columns": 1})
    shown = _shown(ImageSetMetadata.from_json(document(1)), ImageSetMetadata.from_json(tree))
    assert len(node(instances, last, "DICOM")) == 5
    assert any("+ 5 elements" in line for line in shown), shown


def test_a_series_is_told_with_its_instances() -> None:
    tree = document(3)
    series = node(tree, "Study", "Series")
    whole = ImageSetMetadata.from_json({**tree, "Study": {**node(tree, "Study"), "Series": {}}})
    count = len(node(series, "1.2.3.4", "DICOM"))
    shown = _shown(whole, ImageSetMetadata.from_json(tree))
    assert any(f"{count} element" in line and "3 instances" in line for line in shown), shown
