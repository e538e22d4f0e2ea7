"""The errors that every operation declares, provoked for every operation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from curator.localstore import Limits, LocalStore, WireRequest, inprocess_client
from curator.localstore.limits import AWS, Throttle
from curator.localstore.model import service_model
from tests.localstore.conftest import Clock, in_process
from tests.localstore.covers import Test, covers, refused
from tests.localstore.imaging import Imaging

NOWHERE = "0" * 32
ARN = f"arn:aws:medical-imaging:us-east-1:000000000000:datastore/{NOWHERE}"
ROLE = "arn:aws:iam::000000000000:role/test"
UPDATES = {"DICOMUpdates": {"updatableAttributes": b'{"SchemaVersion":1.1,"Patient":{"DICOM":{}}}'}}

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "CreateDatastore": ("create_datastore", {"clientToken": "c"}),
    "GetDatastore": ("get_datastore", {"datastoreId": NOWHERE}),
    "ListDatastores": ("list_datastores", {}),
    "DeleteDatastore": ("delete_datastore", {"datastoreId": NOWHERE}),
    "StartDICOMImportJob": (
        "start_dicom_import_job",
        {
            "datastoreId": NOWHERE, "dataAccessRoleArn": ROLE, "clientToken": "c",
            "inputS3Uri": "s3://inbox/in/", "outputS3Uri": "s3://inbox/out/",
        },
    ),
    "GetDICOMImportJob": ("get_dicom_import_job", {"datastoreId": NOWHERE, "jobId": NOWHERE}),
    "ListDICOMImportJobs": ("list_dicom_import_jobs", {"datastoreId": NOWHERE}),
    "SearchImageSets": ("search_image_sets", {"datastoreId": NOWHERE}),
    "GetImageSet": ("get_image_set", {"datastoreId": NOWHERE, "imageSetId": NOWHERE}),
    "GetImageSetMetadata": ("get_image_set_metadata", {"datastoreId": NOWHERE, "imageSetId": NOWHERE}),
    "GetImageFrame": (
        "get_image_frame",
        {"datastoreId": NOWHERE, "imageSetId": NOWHERE, "imageFrameInformation": {"imageFrameId": NOWHERE}},
    ),
    "ListImageSetVersions": ("list_image_set_versions", {"datastoreId": NOWHERE, "imageSetId": NOWHERE}),
    "UpdateImageSetMetadata": (
        "update_image_set_metadata",
        {
            "datastoreId": NOWHERE, "imageSetId": NOWHERE, "latestVersionId": "1",
            "updateImageSetMetadataUpdates": UPDATES,
        },
    ),
    "CopyImageSet": (
        "copy_image_set",
        {
            "datastoreId": NOWHERE, "sourceImageSetId": NOWHERE,
            "copyImageSetInformation": {"sourceImageSet": {"latestVersionId": "1"}},
        },
    ),
    "DeleteImageSet": ("delete_image_set", {"datastoreId": NOWHERE, "imageSetId": NOWHERE}),
    "TagResource": ("tag_resource", {"resourceArn": ARN, "tags": {"a": "b"}}),
    "UntagResource": ("untag_resource", {"resourceArn": ARN, "tagKeys": ["a"]}),
    "ListTagsForResource": ("list_tags_for_resource", {"resourceArn": ARN}),
}  # fmt: skip


def call(client: Any, operation: str, **changed: Any) -> Any:
    method, parameters = CALLS[operation]
    return getattr(client, method)(**{**parameters, **changed})


def each(error: str, *, without: tuple[str, ...] = ()) -> list[str]:
    """Return the operations that declare an error, and can meet it here."""
    model = service_model()
    return [name for name, one in model.operations.items() if error in one.errors and name not in without]


def every(error: str, *, without: tuple[str, ...] = ()) -> Callable[[Test], Test]:
    """Parametrise a test over `each`, and say that it covers the error for all of them."""

    def mark(test: Test) -> Test:
        names = each(error, without=without)
        for name in names:
            test = covers(name, error=error)(test)
        parametrised: Test = pytest.mark.parametrize("operation", names)(test)
        return parametrised

    return mark


def test_all_operations_are_known() -> None:
    assert CALLS.keys() == service_model().operations.keys()


@every("ResourceNotFoundException", without=("CreateDatastore",))
def test_what_is_not_there(imaging: Imaging, operation: str) -> None:
    with refused("ResourceNotFoundException"):
        call(imaging.client, operation)


@every("ValidationException")
def test_what_breaks_a_pattern_or_a_maximum(imaging: Imaging, operation: str) -> None:
    wrong: dict[str, Any] = {
        "CreateDatastore": {"datastoreName": "a b"},
        "ListDatastores": {"maxResults": 51},
        "TagResource": {"resourceArn": "arn:aws:s3:::bucket"},
        "UntagResource": {"resourceArn": "arn:aws:s3:::bucket"},
        "ListTagsForResource": {"resourceArn": "arn:aws:s3:::bucket"},
    }
    with refused("ValidationException"):
        call(imaging.client, operation, **wrong.get(operation, {"datastoreId": "Z" * 32}))


@pytest.fixture(scope="module")
def creating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imaging]:
    """A data store that is still being made."""
    with contextlib.ExitStack() as stack:
        root = tmp_path_factory.mktemp("creating")
        store = stack.enter_context(LocalStore.open(root / "store", delay=3600.0, buckets={"inbox": root}))
        client = inprocess_client(store, attempts=1)
        made = client.create_datastore(datastoreName="n", clientToken="n")["datastoreId"]
        from tests.localstore.imaging import FolderBucket

        yield Imaging(client, made, FolderBucket("inbox", root), "in-process")


@every("ConflictException", without=("CreateDatastore",))
def test_a_data_store_that_is_not_active_yet(creating: Imaging, operation: str) -> None:
    with refused("ConflictException"):
        call(creating.client, operation, datastoreId=creating.datastore_id)


@every("ThrottlingException")
def test_throttles(tmp_path: Path, operation: str) -> None:
    now = 1_000.0
    limits = Limits(throttles={operation: Throttle(0.5, 1)})
    with LocalStore.open(tmp_path / "store", limits=limits, clock=lambda: now) as store:
        client = inprocess_client(store, attempts=1)

        def answer() -> str:
            try:
                call(client, operation)
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return ""

        assert [answer() == "ThrottlingException" for _ in range(3)] == [False, True, True]
        now += 1.9
        assert answer() == "ThrottlingException"
        now += 0.1
        assert answer() != "ThrottlingException"


def test_the_guides_numbers_cover_every_operation() -> None:
    reads = {"GetDICOMInstance", "GetDICOMInstanceMetadata", "GetDICOMInstanceFrames"}
    assert AWS.throttles.keys() == service_model().operations.keys() | reads


@every("InternalServerException")
def test_a_damaged_folder(tmp_path: Path, operation: str) -> None:
    store = LocalStore.open(tmp_path / "store", buckets={"inbox": tmp_path})
    client = inprocess_client(store, attempts=1)
    client.create_datastore(datastoreName="n", clientToken="n")
    store.close()
    file = tmp_path / "store" / "store.sqlite"
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xff" * (file.stat().st_size - 4096))
    sent: list[Any] = []
    client.meta.events.register_first(
        "before-send.medical-imaging", lambda request, **_: sent.append(request)
    )
    with contextlib.suppress(Exception):
        call(client, operation)
    (request,) = sent
    path, _, query = request.url.removeprefix("http://localstore.invalid").partition("?")
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    answer = store.handle(WireRequest(request.method, path, query, {}, body))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (500, "InternalServerException")
    store.close()


@covers("CreateDatastore", error="ServiceQuotaExceededException")
def test_ten_data_stores(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "store", limits=Limits(datastores=10)) as store:
        client = inprocess_client(store)
        made = [client.create_datastore(clientToken=f"t{n}")["datastoreId"] for n in range(10)]
        with refused("ServiceQuotaExceededException"):
            client.create_datastore(clientToken="t10")
        client.delete_datastore(datastoreId=made[0])
        client.create_datastore(clientToken="t10")


@covers("UpdateImageSetMetadata", error="ServiceQuotaExceededException")
@covers("CopyImageSet", error="ServiceQuotaExceededException")
def test_operations_in_flight(tmp_path: Path) -> None:
    clock = Clock()
    with in_process(
        tmp_path, delay=10.0, limits=Limits(concurrent=1), clock=clock, pass_time=clock.pass_time
    ) as local:
        one, two = local.add(), local.add()
        name = {"Patient": {"DICOM": {"PatientName": "A^B"}}}
        local.start_update(one.id, "1", updatable=name)
        with refused("ServiceQuotaExceededException"):
            local.start_update(two.id, "1", updatable=name)
        local.wait(one.id)
        local.start_update(two.id, "1", updatable=name)
        local.wait(two.id)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("POST", "/nothing"), ("PUT", "/datastore"), ("GET", "/datastore/a/b/c/d"), ("GET", "")],
)
def test_unknown_routes(local: Imaging, tmp_path: Path, method: str, path: str) -> None:
    with LocalStore.open(tmp_path / "store") as store:
        answer = store.handle(WireRequest(method, path))
    assert answer.status == 404
    assert answer.headers["x-amzn-ErrorType"] == "UnknownOperationException"
