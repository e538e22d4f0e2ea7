"""RFC 6902 on documents: as jsonpatch does it, all or nothing, and the old version stays."""

from __future__ import annotations

import pickle
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import Refused
from curator.imageset import PatchFailed, apply_patch, same
from curator.imageset.equality import canonical
from tests.imageset.documents import Tree, document, small

NAME = "/Patient/DICOM/PatientName"
FIRST = "/Study/Series/1.2.1/Instances/1.2.1.1"
ITEMS = f"{FIRST}/DICOM/ReferencedImageSequence"

_POINTERS = st.sampled_from(
    [
        NAME,
        "/Patient/DICOM/Missing",
        "/Patient/DICOM/Missing/0",
        "/SchemaVersion",
        "/Study/DICOM",
        FIRST,
        "/Study/Series/1.2.1/Instances/new",
        f"{FIRST}/DICOM/ImageType",
        f"{FIRST}/DICOM/ImageType/1",
        ITEMS,
        f"{ITEMS}/0",
        f"{ITEMS}/2",
        f"{ITEMS}/-",
        f"{ITEMS}/0/ReferencedSOPInstanceUID",
        f"{ITEMS}/1/New",
        "/Study/Series/1.2.2",
        "/Study/Series/9",
        "/Study/Series/1.2.2/Instances",
        "/Study/Series/1.2.2/DICOM",
        "/Study/Series/1.2.2/DICOM/x",
    ]
)
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    ["X", 1, [], ["A"], {}, {"DICOM": {}, "Instances": {}}, {"DICOM": {"InstanceNumber": "7"}}]
)
_OPERATIONS = st.one_of(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace", "test"]), "path": _POINTERS, "value": _VALUES}
    ),
    st.fixed_dictionaries({"op": st.just("remove"), "path": _POINTERS}),
    st.fixed_dictionaries({"op": st.sampled_from(["move", "copy"]), "from": _POINTERS, "path": _POINTERS}),
)


def _is_document(tree: Tree) -> bool:
    def is_level(node: Any) -> bool:
        return isinstance(node, dict) and isinstance(node.get("DICOM"), dict)

    study = tree.get("Study")
    if not is_level(tree.get("Patient")) or not is_level(study) or not isinstance(study.get("Series"), dict):  # type: ignore[union-attr]
        return False
    return all(
        is_level(series)
        and isinstance(series.get("Instances"), dict)
        and all(isinstance(found, dict) for found in series["Instances"].values())
        for series in study["Series"].values()  # type: ignore[index]
    )


@given(st.lists(_OPERATIONS, max_size=5))
@settings(max_examples=120, deadline=None)
def test_whatever_applies_has_the_result_of_jsonpatch_and_leaves_the_old_version(
    operations: list[Any],
) -> None:
    doc = document(small())
    try:
        ours = apply_patch(doc, operations)
    except PatchFailed:
        ours = None
    assert same(doc, document(small()))
    try:
        theirs: Any = jsonpatch.apply_patch(small(), operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        theirs = None
    if theirs is None or not _is_document(theirs):
        assert ours is None
    elif ours is not None:
        assert canonical(ours.to_json()) == canonical(theirs)
    else:  # jsonpatch moves a place into itself when both paths are one
        assert any(op["op"] == "move" and f"{op['path']}/".startswith(f"{op['from']}/") for op in operations)


def test_operations_see_what_those_before_them_did() -> None:
    doc = apply_patch(
        document(small()),
        [
            {"op": "move", "from": FIRST, "path": "/Study/Series/1.2.1/Instances/7.7"},
            {"op": "test", "path": "/Study/Series/1.2.1/Instances/7.7/DICOM/InstanceNumber", "value": "1"},
            {"op": "replace", "path": "/Study/Series/1.2.1/Instances/7.7/DICOM/InstanceNumber", "value": "9"},
        ],
    )
    found = doc.instance("7.7")
    assert found is not None
    assert found.dicom["InstanceNumber"] == "9"


def test_what_a_patch_does_not_touch_is_shared_unparsed() -> None:
    doc = document(small())
    patched = apply_patch(doc, [{"op": "replace", "path": f"{FIRST}/DICOM/InstanceNumber", "value": "9"}])
    assert patched.instance("1.2.1.2") is doc.instance("1.2.1.2")
    untouched = patched.instance("1.2.1.2")
    assert untouched is not None
    assert not untouched.has_node


def test_a_copied_part_is_a_part_of_its_own() -> None:
    doc = apply_patch(
        document(small()),
        [
            {"op": "copy", "from": f"{ITEMS}/0", "path": f"{ITEMS}/-"},
            {"op": "replace", "path": f"{ITEMS}/2/ReferencedSOPInstanceUID", "value": "8.8"},
        ],
    )
    found = doc.instance("1.2.1.1")
    assert found is not None
    items: Any = found.dicom["ReferencedImageSequence"]
    assert [item["ReferencedSOPInstanceUID"] for item in items] == ["9.1", "9.2", "8.8"]


def test_a_test_takes_1_for_1_0_and_neither_for_true() -> None:
    doc = document(small())
    where = f"{FIRST}/DICOM/PixelRepresentation"
    apply_patch(doc, [{"op": "test", "path": where, "value": 1.0}])
    with pytest.raises(PatchFailed):
        apply_patch(doc, [{"op": "test", "path": where, "value": True}])


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({"op": "test", "path": NAME, "value": "SMITH"}, "another"),
        ({"op": "replace", "path": "/Patient/DICOM/PatientSex", "value": "F"}, "nothing at the path"),
        ({"op": "remove", "path": f"{ITEMS}/2"}, "nothing at the path"),
        ({"op": "add", "path": f"{ITEMS}/01", "value": {}}, "index"),
        ({"op": "add", "path": f"{NAME}/x", "value": 1}, "through a value"),
        ({"op": "add", "path": NAME}, "no value"),
        ({"op": "remove"}, "no path"),
        ({"op": "grow", "path": NAME}, "none of"),
        ({"op": "remove", "path": "Patient"}, "no JSON pointer"),
        ({"op": "remove", "path": ""}, "whole document"),
        ({"op": "move", "from": "/Patient", "path": "/Patient/DICOM/x"}, "into itself"),
        ({"op": "remove", "path": "/Study/Series"}, "Series"),
        ({"op": "remove", "path": "/Patient/DICOM"}, "DICOM"),
        ({"op": "replace", "path": FIRST, "value": 3}, "not an object"),
    ],
)
def test_what_does_not_apply_says_which_and_why_without_values(operation: Any, reason: str) -> None:
    doc = document(small())
    removal = {"op": "remove", "path": "/Patient/DICOM/PatientID"}
    with pytest.raises(PatchFailed, match=reason) as caught:
        apply_patch(doc, [removal, operation])
    assert isinstance(caught.value, Refused)
    assert caught.value.index == 1
    assert "operation 2 of 2" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("SMITH", "ANON", "1.2.1"))
    assert same(doc, document(small()))
