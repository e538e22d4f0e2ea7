"""JSON nested without end, sent to the store and met in a document: a reason, never a crash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curator.errors import CuratorError
from curator.imageset import ImageSetMetadata
from curator.localstore import LocalStore, WireRequest
from tests.campaign.ground import document, ground

DEPTHS = (200, 5_000, 100_000)


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_request_s_body(tmp_path: Path, depth: int) -> None:
    with LocalStore.open(tmp_path / "store") as store:
        for body in (nested(depth), b"[" * depth, b'{"datastoreName":' + nested(depth) + b"}"):
            answer = store.handle(WireRequest("POST", "/datastore", "", {}, body))
            assert 400 <= answer.status < 500


@pytest.mark.parametrize("depth", [200, 4_000])
def test_an_update_s_attributes(depth: int) -> None:
    with ground() as place:
        image_set = place.add(document(1))
        patch = b'{"SchemaVersion":1.1,"Study":{"DICOM":{"StudyDescription":' + nested(depth) + b"}}}"
        with pytest.raises(CuratorError):
            place.imaging.update(image_set, "1", updatable=patch)
        assert place.store.check() == []


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_document(depth: int) -> None:
    blob = json.dumps(document(1)).encode().replace(b'"Head"', nested(depth))
    try:
        assert list(ImageSetMetadata.parse(blob).elements())
    except (CuratorError, ValueError):
        assert depth > 1_000  # what DICOM itself could hold (64 sequences deep) is read
