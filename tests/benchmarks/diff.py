"""Comparing two versions of 1,000 instances, beside jsonpatch and DeepDiff.

Opening the documents is counted on neither side; what ours leaves unparsed until it compares is counted.
"""

from __future__ import annotations

import copy
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec

from curator.imageset import ImageSetMetadata, apply_patch, diff, same
from tests.benchmarks import Row, seconds
from tests.benchmarks.documents import big_document, uid

Tree = dict[str, Any]


def _instances(tree: Tree) -> list[tuple[Tree, str]]:
    return [
        (series["Instances"], sop)
        for series in tree["Study"]["Series"].values()
        for sop in series["Instances"]
    ]


def one_attribute(tree: Tree) -> None:
    tree["Study"]["DICOM"]["StudyDescription"] = "changed"


def one_in_every_instance(tree: Tree) -> None:
    for group, sop in _instances(tree):
        group[sop]["DICOM"]["AcquisitionDate"] = "20200102"


def ten_removed(tree: Tree) -> None:
    for group, sop in _instances(tree)[::100]:
        del group[sop]


def all_uids(tree: Tree) -> None:
    """Replace the study's, the series', the instances' and the frames of reference's UIDs, as de-identifying does."""
    tree["Study"]["DICOM"]["StudyInstanceUID"] = uid("new study")
    for old in list(tree["Study"]["Series"]):
        series = tree["Study"]["Series"].pop(old)
        tree["Study"]["Series"][uid("new", old)] = series
        series["DICOM"]["SeriesInstanceUID"] = uid("new", old)
        for sop in list(series["Instances"]):
            instance = series["Instances"].pop(sop)
            series["Instances"][uid("new", sop)] = instance
            for keyword in ("SOPInstanceUID", "MediaStorageSOPInstanceUID", "FrameOfReferenceUID"):
                instance["DICOM"][keyword] = uid("new", instance["DICOM"][keyword])


VARIANTS: tuple[tuple[str, Callable[[Tree], None]], ...] = (
    ("1 attribute", one_attribute),
    ("1 in every instance", one_in_every_instance),
    ("10 removed", ten_removed),
    ("all UIDs", all_uids),
)


def _diff_seconds(blob: bytes, changed: bytes) -> float:
    a, b = ImageSetMetadata.parse(blob), ImageSetMetadata.parse(changed)
    begin = time.perf_counter()
    diff(a, b)
    return time.perf_counter() - begin


def _deepdiff_seconds(before: Tree, after: Tree) -> float:
    from deepdiff import DeepDiff

    begin = time.perf_counter()
    DeepDiff(before, after, ignore_order=False)
    return time.perf_counter() - begin


def run() -> list[Row]:
    import jsonpatch

    rows = []
    blob = big_document(1000)
    before: Tree = json.loads(blob)
    for name, change in VARIANTS:
        after = copy.deepcopy(before)
        change(after)
        changed = msgspec.json.encode(after)
        ours = statistics.median(_diff_seconds(blob, changed) for _ in range(5))
        peer = seconds(lambda a=after: jsonpatch.make_patch(before, a), repeat=1)  # type: ignore[misc]
        patch = diff(ImageSetMetadata.parse(blob), ImageSetMetadata.parse(changed))
        assert same(apply_patch(ImageSetMetadata.parse(blob), patch), ImageSetMetadata.parse(changed))
        assert jsonpatch.apply_patch(before, patch) == after
        rows.append(
            Row(
                f"diff: {name}",
                ours * 1e3,
                peer * 1e3,
                "ms",
                "jsonpatch.make_patch",
                "≤ 1/8 ×",
                ours * 8 <= peer,
            )
        )
        if name != "all UIDs":  # where DeepDiff says only that a series went and another came
            deep = _deepdiff_seconds(before, after)
            rows.append(
                Row(
                    f"diff: {name}", ours * 1e3, deep * 1e3, "ms", "DeepDiff", "≤ 1/200 ×", ours * 200 <= deep
                )
            )
        if name == "all UIDs":
            size, peer_size = (
                len(json.dumps(patch)),
                len(json.dumps(list(jsonpatch.make_patch(before, after)))),
            )
            rows.append(
                Row(
                    f"patch: {name}",
                    size / 1e3,
                    peer_size / 1e3,
                    "kB",
                    "jsonpatch",
                    "≤ 1/5 ×",
                    size * 5 <= peer_size,
                )
            )
    return rows
