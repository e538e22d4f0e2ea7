"""The metadata document: read lazily, whole again when written, and read-only."""

from __future__ import annotations

import copy
import gc
import gzip
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import CuratorError
from curator.imageset import (
    ImageSetMetadata,
    InvalidDocument,
    apply_patch,
    content_hash,
    diff,
    level_hashes,
    parse_path,
    same,
)
from curator.imageset.equality import canonical
from tests.imageset.documents import Tree, answer, document, pairs, small, trees


def test_a_real_answer_is_read_at_every_level() -> None:
    tree = answer()
    doc = ImageSetMetadata.parse(gzip.compress(json.dumps(tree).encode()))
    assert doc.patient["PatientName"] == "US Echo"
    assert doc.study["StudyDate"] == "20120418"
    assert doc.image_set_id == tree["ImageSetID"]
    assert doc.datastore_id == tree["DatastoreID"]
    (series,) = doc.series.values()
    assert series.dicom["SoftwareVersions"] == ["1.06"]
    assert doc.instance_count == len(series.instances) == 9
    uid, sop, instance = next(doc.instances())
    assert doc.instance(sop) is instance
    assert doc.series_of(sop) == uid
    assert instance.dicom["SOPInstanceUID"] == sop
    assert len(instance.frames) == len(instance.frame_ids) > 0
    assert json.loads(instance.raw) == instance.node
    assert doc.to_json() == tree


@given(trees)
@settings(max_examples=80, deadline=None)
def test_what_is_read_is_written_again_members_unknown_to_us_included(tree: Tree) -> None:
    for doc in (document(tree), ImageSetMetadata.from_json(copy.deepcopy(tree))):
        assert canonical(doc.to_json()) == canonical(tree)
        assert same(ImageSetMetadata.parse(doc.encode()), doc)


def test_instances_stay_bytes_until_somebody_looks() -> None:
    doc = document(small())
    assert doc.get(parse_path("Patient/PatientName")) == "ANON^ONE"
    assert doc.get(parse_path("Series[1.2.1]/Modality")) == "CT"
    assert not any(instance.has_node for _, _, instance in doc.instances())
    doc.get(parse_path("Instances[1.2.1.2]/InstanceNumber"))
    assert [instance.has_node for _, _, instance in doc.instances()] == [False, True, False]


def test_what_the_caller_takes_out_is_the_callers() -> None:
    doc = document(small())
    doc.to_json()["Patient"]["DICOM"].clear()  # type: ignore[index, call-overload, union-attr]
    assert doc.get(parse_path("PatientID")) == "1"


def test_documents_and_paths_travel_to_other_processes() -> None:
    doc, path = document(small()), parse_path("Instances[1.2.1.1]/InstanceNumber")
    there, where = pickle.loads(pickle.dumps((doc, path)))
    assert same(there, doc)
    assert where == path
    assert hash(where) == hash(path)


def test_an_absent_element_is_not_an_empty_one() -> None:
    tree = small()
    tree["Patient"]["DICOM"]["PatientSex"] = None
    doc = document(tree)
    assert doc.has(parse_path("PatientSex"))
    assert not doc.has(parse_path("PatientBirthDate"))
    assert doc.get(parse_path("PatientBirthDate"), "none") == "none"


def test_elements_come_sequences_first_then_what_they_hold() -> None:
    texts = [str(path) for path, _ in document(small()).elements()]
    first = "Series[1.2.1]/Instances[1.2.1.1]"
    at = texts.index(f"{first}/ReferencedImageSequence")
    assert texts[at + 1] == f"{first}/ReferencedImageSequence[0]/ReferencedSOPClassUID"
    assert texts[:2] == ["Patient/PatientName", "Patient/PatientID"]
    assert len(texts) == len(set(texts))


def test_several_gzip_members_are_one_document() -> None:
    blob = json.dumps(small()).encode()
    half = len(blob) // 2
    assert same(
        ImageSetMetadata.parse(gzip.compress(blob[:half]) + gzip.compress(blob[half:])), document(small())
    )


def test_the_collector_is_as_it_was_after_parsing() -> None:
    document(small())
    assert gc.isenabled()
    with pytest.raises(InvalidDocument):
        ImageSetMetadata.parse(b"{")
    assert gc.isenabled()
    gc.disable()
    try:
        document(small())
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("blob", "said"),
    [
        (b"", "JSON"),
        (b"SECRET", "JSON"),
        (b'{"Patient": "SECRET', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[1]", "JSON object"),
        (b"{}", "Patient of the document is missing"),
        (b'{"Patient": "SECRET"}', "Patient of the document is not an object"),
        (b'{"Patient": {"DICOM": {}}, "Study": {"DICOM": {}}}', "Series of Study is missing"),
        (b'{"Patient": {"DICOM": {}}, "Study": {"DICOM": {}, "Series": {"SECRET": 1}}}', "a series that is not an object"),
        (
            b'{"Patient": {"DICOM": {}}, "Study": {"DICOM": {}, "Series": {"SECRET": {"DICOM": {}}}}}',
            "Instances of a series is missing",
        ),
        (gzip.compress(b"{}", mtime=0)[:-3], "damaged gzip"),
        (b"\x1f\x8bSECRET", "damaged gzip"),
        (b'{"a":' * 100_000, "JSON"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_without_showing_it(blob: bytes, said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        ImageSetMetadata.parse(blob)
    assert isinstance(caught.value, CuratorError)
    assert said in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_broken_instance_is_refused_when_it_is_looked_at() -> None:
    tree = small()
    tree["Study"]["Series"]["1.2.2"]["Instances"]["1.2.2.1"] = ["SECRET"]
    doc = document(tree)
    with pytest.raises(InvalidDocument, match="not a JSON object"):
        doc.get(parse_path("Instances[1.2.2.1]/InstanceNumber"))


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_no_bytes_do_more_than_be_refused(data: st.DataObject) -> None:
    blob = bytearray(json.dumps(small()).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(blob) - 1))
        blob[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    packed = gzip.compress(blob) if data.draw(st.booleans()) else bytes(blob)
    try:
        doc = ImageSetMetadata.parse(packed)
        assert all(doc.get(path) == value for path, value in doc.elements() if not path.is_pattern)
        assert same(doc, ImageSetMetadata.parse(doc.encode()))
        apply_patch(document(small()), diff(document(small()), ImageSetMetadata.parse(packed)))
    except InvalidDocument:
        pass


def _without_ids(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key not in ("ImageSetID", "DatastoreID")}


@given(pairs())
@settings(max_examples=80, deadline=None)
def test_contents_have_one_hash_exactly_when_they_are_the_same(pair: tuple[Tree, Tree]) -> None:
    a, b = pair
    alike = canonical(_without_ids(a)) == canonical(_without_ids(b))
    assert (content_hash(document(a)) == content_hash(document(b))) == alike


def test_hashes_do_not_depend_on_whose_document_it_is_or_on_key_order() -> None:
    other = {key: small()[key] for key in reversed(small())} | {"ImageSetID": "b" * 32}
    assert content_hash(document(small())) == content_hash(document(other))


def test_level_hashes_tell_which_level_disagrees() -> None:
    tree = small()
    tree["Study"]["Series"]["1.2.1"]["DICOM"]["Modality"] = "MR"
    tree["Study"]["Series"]["1.2.1"]["Instances"].pop("1.2.1.2")
    a, b = level_hashes(document(small())), level_hashes(document(tree))
    assert (a.patient, a.study) == (b.patient, b.study)
    assert [uid for uid in a.series if a.series[uid] != b.series[uid]] == ["1.2.1"]


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 1.7976931348623157e308, 5e-324])
def test_numbers_of_every_vr_survive(value: Any) -> None:
    tree = small()
    tree["Patient"]["DICOM"]["PatientID"] = value
    assert canonical(document(tree).to_json()) == canonical(tree)
