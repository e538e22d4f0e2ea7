"""Comparing two versions: the patch makes exactly the one of the other, and it is small."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonpatch
import msgspec
import pytest
from hypothesis import example, given, seed, settings

from curator.imageset import ChangeKind, ImageSetMetadata, apply_patch, describe, diff, same
from curator.imageset.equality import canonical
from tests.imageset.documents import Tree, answer, document, instance, pairs, small, trees
from tests.soak import soak_count, soak_seed

BARE: Tree = {"Patient": {"DICOM": {}}, "Study": {"DICOM": {}, "Series": {}}}
FIRST = "/Study/Series/1.2.1/Instances/1.2.1.1"


def patched(tree: Tree, patch: list[Any]) -> Tree:
    result: Tree = jsonpatch.apply_patch(tree, patch)
    return result


def exact(pair: tuple[Tree, Tree]) -> None:
    a, b = pair
    patch = diff(document(a), document(b))
    assert canonical(patched(a, patch)) == canonical(b)
    ours = apply_patch(document(a), patch)
    assert canonical(ours.to_json()) == canonical(b)
    assert same(ours, document(b))
    assert (patch == []) == (canonical(a) == canonical(b))


@given(pairs())
@settings(max_examples=60, deadline=None)
def test_the_patch_makes_the_second_of_the_first_exactly(pair: tuple[Tree, Tree]) -> None:
    exact(pair)


@pytest.mark.soak
def test_the_patch_makes_the_second_of_the_first_exactly_at_length() -> None:
    seed(soak_seed())(settings(max_examples=soak_count(10_000), deadline=None)(given(pairs())(exact)))()


def with_members_turned(attributes: Tree) -> Tree:
    tree = small()
    tree["Study"]["Series"]["1.2.1"]["Instances"]["1.2.1.1"] = {"DICOMVRs": attributes, "DICOM": attributes}
    return tree


@given(pairs())
@example((BARE, {**BARE, "ImageSetID": "b" * 32, "SchemaVersion": None}))
@example((with_members_turned({"00191001": "LO"}), with_members_turned({})))
@settings(max_examples=60, deadline=None)
def test_the_operations_are_the_same_whether_instances_are_bytes_or_objects(pair: tuple[Tree, Tree]) -> None:
    a, b = (ImageSetMetadata.from_json(tree) for tree in pair)
    patch = diff(a, b)
    assert canonical(apply_patch(a, patch).to_json()) == canonical(pair[1])
    other = diff(document(pair[0]), document(pair[1]))
    # Their order may differ: members stand in any order, and bytes are looked at DICOM first.
    assert sorted(map(canonical, patch)) == sorted(map(canonical, other))


@given(trees)
@settings(max_examples=60, deadline=None)
def test_a_document_written_in_another_way_is_the_same(tree: Tree) -> None:
    other = ImageSetMetadata.parse(json.dumps(tree, indent=3, sort_keys=True, ensure_ascii=False).encode())
    assert same(document(tree), other)
    assert diff(document(tree), other) == []


@pytest.mark.parametrize(
    ("before", "after"), [(True, 1), (1, 1.0), (0, False), (0.0, -0.0), ("1", 1), (None, "")]
)
def test_values_that_python_takes_for_equal_are_told_apart(before: Any, after: Any) -> None:
    a, b = small(), small()
    a["Patient"]["DICOM"]["PatientID"] = before
    b["Patient"]["DICOM"]["PatientID"] = after
    assert canonical(diff(document(a), document(b))) == canonical(
        [{"op": "replace", "path": "/Patient/DICOM/PatientID", "value": after}]
    )
    assert not same(before, after)


def test_a_multi_valued_element_is_one_value() -> None:
    a, b = small(), small()
    b["Study"]["Series"]["1.2.1"]["Instances"]["1.2.1.1"]["DICOM"]["ImageType"] = ["DERIVED", "PRIMARY"]
    assert diff(document(a), document(b)) == [
        {"op": "replace", "path": f"{FIRST}/DICOM/ImageType", "value": ["DERIVED", "PRIMARY"]}
    ]


def test_a_sequence_is_compared_item_by_item() -> None:
    a, b = small(), small()
    items = b["Study"]["Series"]["1.2.1"]["Instances"]["1.2.1.1"]["DICOM"]["ReferencedImageSequence"]
    items[1]["ReferencedSOPInstanceUID"] = "9.9"
    path = f"{FIRST}/DICOM/ReferencedImageSequence/1/ReferencedSOPInstanceUID"
    assert diff(document(a), document(b)) == [{"op": "replace", "path": path, "value": "9.9"}]


def test_an_item_that_goes_does_not_rewrite_those_after_it() -> None:
    a, b = small(), small()
    del b["Study"]["Series"]["1.2.1"]["Instances"]["1.2.1.1"]["DICOM"]["ReferencedImageSequence"][0]
    removal = {"op": "remove", "path": f"{FIRST}/DICOM/ReferencedImageSequence/0"}
    assert diff(document(a), document(b)) == [removal]


def test_an_instance_whose_uid_changed_is_found_by_its_frames_and_moved() -> None:
    a, b = small(), small()
    instances = b["Study"]["Series"]["1.2.1"]["Instances"]
    moved = instances.pop("1.2.1.2")
    moved["DICOM"]["SOPInstanceUID"] = "2.25.7"
    instances["2.25.7"] = moved
    base = "/Study/Series/1.2.1/Instances"
    assert diff(document(a), document(b)) == [
        {"op": "move", "from": f"{base}/1.2.1.2", "path": f"{base}/2.25.7"},
        {"op": "replace", "path": f"{base}/2.25.7/DICOM/SOPInstanceUID", "value": "2.25.7"},
    ]


def test_an_instance_without_frames_is_found_by_its_class_and_number() -> None:
    a, b = small(), small()
    series = b["Study"]["Series"]["1.2.2"]["Instances"]
    series["2.25.8"] = series.pop("1.2.2.1")
    assert [operation["op"] for operation in diff(document(a), document(b))] == ["move"]


def test_a_series_whose_uid_changed_is_moved_with_its_instances() -> None:
    a, b = answer(), answer()
    (uid,) = b["Study"]["Series"]
    series = b["Study"]["Series"].pop(uid)
    b["Study"]["Series"]["2.25.1"] = series
    for number, sop in enumerate(list(series["Instances"])):
        series["Instances"][f"2.25.1.{number}"] = series["Instances"].pop(sop)
    patch = diff(document(a), document(b))
    assert {operation["op"] for operation in patch} == {"move"}
    assert len(patch) == 1 + len(series["Instances"])
    assert patched(a, patch) == b


def test_two_instances_that_swap_their_uids_still_come_out_right() -> None:
    a, b = small(), small()
    instances = b["Study"]["Series"]["1.2.1"]["Instances"]
    instances["1.2.1.1"], instances["1.2.1.2"] = instances["1.2.1.2"], instances["1.2.1.1"]
    assert patched(a, diff(document(a), document(b))) == b


def test_instances_that_come_and_go_are_one_operation_each() -> None:
    a, b = small(), small()
    instances = b["Study"]["Series"]["1.2.1"]["Instances"]
    del instances["1.2.1.1"]
    instances["3.1"] = instance("3.1", frames=("new",))
    assert [operation["op"] for operation in diff(document(a), document(b))] == ["remove", "add"]


def test_equal_instances_are_never_parsed() -> None:
    a, b = small(), small()
    b["Study"]["DICOM"]["StudyDate"] = "20200102"
    left, right = document(a), document(b)
    diff(left, right)
    assert not any(found.has_node for doc in (left, right) for _, _, found in doc.instances())


def test_people_see_elements_with_before_and_after() -> None:
    a, b = small(), small()
    b["Patient"]["DICOM"]["PatientSex"] = "F"
    del b["Patient"]["DICOM"]["PatientName"]
    instances = b["Study"]["Series"]["1.2.1"]["Instances"]
    instances["1.2.1.1"]["DICOM"]["ReferencedImageSequence"][0]["ReferencedSOPInstanceUID"] = "9.9"
    instances["1.2.1.1"]["ImageFrames"][0]["FrameSizeInBytes"] = 3
    instances["2.25.7"] = instances.pop("1.2.1.2")
    b["SchemaVersion"] = "1.2"
    doc = document(b)
    seen = [
        (change.kind, change.path and doc.anonymous(change.path), change.member, change.before, change.after)
        for change in describe(document(a), doc)
    ]
    assert seen == [
        (ChangeKind.CHANGED, None, "SchemaVersion", "1.1", "1.2"),
        (ChangeKind.REMOVED, "Patient/PatientName", "", "ANON^ONE", None),
        (ChangeKind.ADDED, "Patient/PatientSex", "", None, "F"),
        (
            ChangeKind.CHANGED,
            "instance 1 of 3/ReferencedImageSequence[0]/ReferencedSOPInstanceUID",
            "",
            "9.1",
            "9.9",
        ),
        (ChangeKind.CHANGED, "instance 1 of 3", "ImageFrames/0/FrameSizeInBytes", 2, 3),
        (ChangeKind.RENAMED, "instance 2 of 3", "", "1.2.1.2", "2.25.7"),
    ]


def test_a_change_shows_no_values_in_its_repr() -> None:
    a, b = small(), small()
    b["Patient"]["DICOM"]["PatientName"] = "SECRET^NAME"
    (change,) = describe(document(a), document(b))
    assert "SECRET" not in repr(change)


def test_a_patch_of_all_uids_is_a_fraction_of_jsonpatchs() -> None:
    from tests.benchmarks.diff import all_uids
    from tests.benchmarks.documents import big_document

    before: Tree = json.loads(big_document(60))
    after = copy.deepcopy(before)
    all_uids(after)
    patch = diff(document(before), document(after))
    theirs = list(jsonpatch.make_patch(before, after))
    assert len(msgspec.json.encode(patch)) * 5 <= len(msgspec.json.encode(theirs))
    assert patched(before, patch) == after
