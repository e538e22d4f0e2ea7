"""Faults on purpose: by their rates, the same for the same seed, and each what it says it is, to real boto3."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from curator.errors import UsageError
from curator.localstore.http.faults import Kind, load, operation_of
from curator.stores import open_store
from tests.served import Served, serving

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

UPDATE = ("POST", f"/datastore/{'0' * 32}/imageSet/{'0' * 32}/updateImageSetMetadata")
SEARCH = ("POST", f"/datastore/{'0' * 32}/searchImageSets")


def written(folder: Path, text: str) -> Path:
    path = folder / "faults.yaml"
    path.write_text(text)
    return path


def test_faults_come_by_their_rates_and_again_for_the_same_seed(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'operations: {"*": {throttled: 0.2, lost: 0.1}, SearchImageSets: {throttled: 0}}'
    )
    fates = [load(path).fate(*UPDATE) for _ in range(3)]
    assert len(set(fates)) == 1  # the first call of an operation, each time
    faults, again = load(path), load(path)
    seen = [faults.fate(*UPDATE).kind for _ in range(4000)]
    for number in range(4000):
        again.fate(*SEARCH)
        assert again.fate(*UPDATE).kind == seen[number]
    counts = Counter(seen)
    assert 700 < counts[Kind.THROTTLED] < 900
    assert 300 < counts[Kind.LOST] < 500
    assert Kind.THROTTLED not in {again.fate(*SEARCH).kind for _ in range(300)}
    assert f"{counts[Kind.LOST]:,} UpdateImageSetMetadata lost" in str(faults)


def test_operations_are_told_by_their_requests() -> None:
    study = f"/datastore/{'0' * 32}/studies/1.2/series/1.3/instances/1.4"
    assert operation_of(*UPDATE) == "UpdateImageSetMetadata"
    assert operation_of("GET", study) == "GetDICOMInstance"
    assert operation_of("GET", f"{study}/frames/1") == "GetDICOMInstanceFrames"
    assert operation_of("GET", "/nothing") == "unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("operations: [", "not YAML"),
        ("operations: {Update: {lost: 0.1}}", "no operation"),
        ("operations: {CopyImageSet: {gone: 0.1}}", "gone"),
        ("operations: {CopyImageSet: {lost: 1.5}}", "shares"),
        ('operations: {"*": {lost: 0.6}, CopyImageSet: {error: 0.6}}', "shares"),
        ("operations: {CopyImageSet: {lost: often}}", "float"),
        ("operations: {CopyImageSet: {delay: {rate: 2, seconds: 1}}}", "delay"),
        ("seed: 1", "operations"),
    ],
)
def test_a_wrong_file_is_told_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, text))
    assert said in caught.value.message


ALWAYS = """
operations:
  TagResource: {lost: 1}
  UntagResource: {reset: 1}
  CreateDatastore: {lost_error: 1}
  DeleteDatastore: {throttled: 1}
  GetDatastore: {error: 1}
  ListDICOMImportJobs: {unavailable: 1}
  ListTagsForResource: {delay: {rate: 1, seconds: 0.3}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, _demo_template: Path) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("faulty")
    shutil.copytree(_demo_template, root / "store")
    options = ("--faults", str(written(root, ALWAYS)))
    with serving(root / "store", root / "ready.json", *options) as found:
        yield found


@pytest.fixture
def client(served: Served, monkeypatch: pytest.MonkeyPatch) -> HealthImagingClient:
    """boto3 that sends each call once."""
    for name, value in served.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    once = Config(retries={"total_max_attempts": 1})
    return boto3.Session().client("medical-imaging", config=once)


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    """Return status, error code and the fault's mark of a call's answer."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response["ResponseMetadata"]
    mark = answer["HTTPHeaders"]["x-curator-fault"]
    return answer["HTTPStatusCode"], caught.value.response["Error"]["Code"], mark


def test_lost_is_done_without_an_answer_and_reset_is_not_done(
    client: HealthImagingClient, served: Served
) -> None:
    found = client.search_image_sets(datastoreId=served.datastore_id)["imageSetsMetadataSummaries"]
    seen = client.get_image_set(datastoreId=served.datastore_id, imageSetId=found[0]["imageSetId"])
    arn = seen["imageSetArn"]
    with pytest.raises(HTTPClientError):
        client.tag_resource(resourceArn=arn, tags={"a": "b"})
    with pytest.raises(HTTPClientError):
        client.untag_resource(resourceArn=arn, tagKeys=["a"])
    begin = time.monotonic()
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    assert time.monotonic() - begin >= 0.3


def test_refusals_look_like_the_service_s(client: HealthImagingClient, served: Served) -> None:
    made = refused(lambda: client.create_datastore(datastoreName="doubtful", clientToken="t" * 16))
    assert made == (500, "InternalServerException", "lost_error")
    named = {store["datastoreName"]: store for store in client.list_datastores()["datastoreSummaries"]}
    again = named["doubtful"]["datastoreId"]  # it was made all the same
    gone = refused(lambda: client.delete_datastore(datastoreId=again))
    assert gone == (429, "ThrottlingException", "throttled")
    assert again in {store["datastoreId"] for store in client.list_datastores()["datastoreSummaries"]}
    got = refused(lambda: client.get_datastore(datastoreId=again))
    assert got == (500, "InternalServerException", "error")
    listed = refused(lambda: client.list_dicom_import_jobs(datastoreId=again))
    assert listed == (503, "503", "unavailable")


def test_a_client_that_tries_again_gets_through(tmp_path: Path, demo_folder: Path) -> None:
    """A third of all calls go wrong; the door's own retries make good what they may."""
    text = 'seed: 3\noperations: {"*": {throttled: 0.1, error: 0.1, reset: 0.1}}'
    options = ("--faults", str(written(tmp_path, text)))
    with serving(demo_folder, tmp_path / "ready.json", *options) as served:
        store = open_store(served.spec)
        ids = sorted(each.id for each in store.imaging.search())
        for each in ids:
            store.imaging.document(each)
        store.close()
    plain = open_store(f"local:{demo_folder}")
    assert ids == sorted(each.id for each in plain.imaging.search())
    plain.close()
