"""The one door: what it asks of the service, how it waits, what it never does twice, what its errors say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ParamValidationError

from curator.errors import (
    CuratorError,
    LimitExceeded,
    Moved,
    NotFound,
    OperationFailed,
    ReadOnly,
    ServiceError,
    Throttled,
    Unreachable,
    UsageError,
)
from curator.healthimaging import HealthImaging
from curator.healthimaging.failures import explained
from curator.imageset import ImageSetMetadata
from curator.localstore import LocalStore, inprocess_client
from curator.stores import OpenStore

if TYPE_CHECKING:
    from mypy_boto3_medical_imaging import HealthImagingClient

NAME = b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"Doe^Jane"}}}'


@pytest.fixture
def imaging(demo_store: OpenStore) -> HealthImaging:
    return demo_store.imaging


def by_patient(imaging: HealthImaging, patient: str) -> str:
    """Return the id of a patient's first image set."""
    found = imaging.search([{"operator": "EQUAL", "values": [{"DICOMPatientId": patient}]}])
    return next(iter(found)).id


@pytest.fixture
def one(imaging: HealthImaging) -> str:
    return by_patient(imaging, "1CT1")


def test_search_pages_to_the_end(imaging: HealthImaging) -> None:
    everything = list(imaging.search())
    assert len({found.id for found in everything}) == 18
    sort = {"sortField": "createdAt", "sortOrder": "ASC"}
    ascending = [found.created_at for found in imaging.search(sort=sort)]
    assert ascending == sorted(moment for moment in ascending if moment)


def test_paging_follows_the_token(demo_store: OpenStore) -> None:
    seen: list[int] = []

    def smaller(params: dict[str, Any], **_: object) -> None:
        params["maxResults"] = 3
        seen.append(1)

    demo_store.imaging.client.meta.events.register(
        "provide-client-params.medical-imaging.SearchImageSets", smaller
    )
    assert len(list(demo_store.imaging.search())) == 18
    assert len(seen) == 6


def test_an_image_set_is_read_at_any_version(imaging: HealthImaging, one: str) -> None:
    imaging.wait(one, imaging.update(one, "1", updatable=NAME))
    assert [found.version for found in imaging.versions(one)] == ["2", "1"]
    assert imaging.image_set(one, "1").version == "1"
    assert imaging.document(one).patient["PatientName"] == "Doe^Jane"
    assert imaging.document(one, "1").patient["PatientName"] != "Doe^Jane"
    assert ImageSetMetadata.parse(imaging.metadata(one)).image_set_id == one


def test_frames_and_instances_are_read(imaging: HealthImaging, one: str) -> None:
    document = imaging.document(one)
    series, sop, node = next(iter(document.instances()))
    data, kind = imaging.frame(one, str(node.frames[0]["ID"]))
    assert (len(data) > 100, kind) == (True, "image/jph")
    study = str(document.study["StudyInstanceUID"])
    assert imaging.instance_dicom(one, study, series, sop)[128:132] == b"DICM"
    assert imaging.instance_metadata(one, study, series, sop)[0]["00080018"] == {"vr": "UI", "Value": [sop]}
    with pytest.raises(NotFound) as missing:
        imaging.instance_dicom(one, study, series, "1.2.3.4.5.6")
    assert "1.2.3.4.5.6" not in str(missing.value)


def test_reverting_copying_merging_deleting(imaging: HealthImaging, one: str) -> None:
    imaging.wait(one, imaging.update(one, "1", updatable=NAME))
    imaging.wait(one, imaging.revert(one, "2", "1"))
    copied = imaging.copy(one, "3")
    assert (copied.source_id, copied.source_version, copied.destination_version) == (one, "3", "1")
    imaging.wait(copied.destination_id)
    imaging.wait(one)
    with pytest.raises(ServiceError):
        _merged(imaging, one, copied.destination_id)  # the instance is there already
    imaging.delete(copied.destination_id)
    assert copied.destination_id not in {found.id for found in imaging.search()}


def _merged(imaging: HealthImaging, source: str, destination: str) -> None:
    imaging.copy(source, "3", destination=(destination, "1"))
    imaging.wait(destination)


def test_a_stale_version_has_moved(imaging: HealthImaging, one: str) -> None:
    imaging.wait(one, imaging.update(one, "1", updatable=NAME))
    with pytest.raises(Moved) as moved:
        imaging.update(one, "1", updatable=NAME)
    assert moved.value.operation == "UpdateImageSetMetadata"
    assert one in str(moved.value)


@pytest.fixture
def slow(demo_folder: Path) -> Iterator[HealthImaging]:
    """The demo's store, where an operation stays LOCKED for a moment."""
    store = LocalStore.open(demo_folder, delay=0.3)
    client = inprocess_client(store)
    yield HealthImaging(client, client.list_datastores()["datastoreSummaries"][0]["datastoreId"])
    store.close()


def test_a_locked_image_set_has_moved_and_can_be_waited_for(slow: HealthImaging) -> None:
    one = by_patient(slow, "1CT1")
    made = slow.update(one, "1", updatable=NAME)
    assert slow.image_set(one).locked
    with pytest.raises(Moved):
        slow.update(one, made, updatable=NAME)
    begin = time.monotonic()
    assert slow.wait(one, made).state == "ACTIVE"
    assert 0.05 < time.monotonic() - begin < 5


def test_waiting_ends_when_patience_does(slow: HealthImaging) -> None:
    one = by_patient(slow, "1CT1")
    slow.update(one, "1", updatable=NAME)
    with pytest.raises(OperationFailed, match="still LOCKED"):
        slow.wait(one, timeout=0.05)


def test_a_failed_operation_is_an_error_that_names_it(imaging: HealthImaging, one: str) -> None:
    removable = b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"Somebody^Else"}}}'
    with pytest.raises(OperationFailed) as failed:
        imaging.wait(one, imaging.update(one, "1", removable=removable))
    assert failed.value.code == "UPDATE_FAILED"
    assert "Somebody" not in str(failed.value)


def test_read_only_writes_nothing(demo_store: OpenStore, one: str) -> None:
    door = HealthImaging(demo_store.imaging.client, demo_store.imaging.datastore_id, read_only=True)
    writes: list[Callable[[], object]] = [
        lambda: door.update(one, "1", updatable=NAME),
        lambda: door.revert(one, "1", "1"),
        lambda: door.copy(one, "1"),
        lambda: door.delete(one),
        lambda: door.create_datastore("x"),
        lambda: door.delete_datastore(door.datastore_id),
        lambda: door.tag(door.datastore().arn, {"a": "b"}),
        lambda: door.untag(door.datastore().arn, ["a"]),
        lambda: door.start_import("n", "s3://bucket/in/", "s3://bucket/out/", "arn:aws:iam::0:role/r"),
    ]
    for write in writes:
        with pytest.raises(ReadOnly):
            write()
    assert [found.version for found in door.versions(one)] == ["1"]


# ── what goes wrong on the wire ─────────────────────────────────────────────────────────────────────────────


class Wire:
    """Stands on the wire before the store: counts requests, and may answer or break them."""

    def __init__(
        self, client: HealthImagingClient, breaks: Callable[[int, AWSPreparedRequest], AWSResponse | None]
    ):
        self.sent = 0
        self.breaks = breaks
        client.meta.events.register_first("before-send.medical-imaging", self)  # type: ignore[arg-type]

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        self.sent += 1
        return self.breaks(self.sent, request)


def refusing(status: int, code: str, message: str = "no") -> Callable[[int, AWSPreparedRequest], AWSResponse]:
    from io import BytesIO

    from botocore.compat import HTTPHeaders

    class Body(BytesIO):
        def stream(self, *_: object, **__: object) -> Iterator[bytes]:
            yield self.read()

    def answer(number: int, request: AWSPreparedRequest) -> AWSResponse:
        headers = HTTPHeaders.from_dict({"x-amzn-ErrorType": code, "content-type": "application/json"})
        return AWSResponse(str(request.url), status, headers, Body(json.dumps({"message": message}).encode()))

    return answer


def losing(number: int, request: AWSPreparedRequest) -> None:
    raise ConnectionClosedError(endpoint_url=str(request.url))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore's retries not wait."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


@pytest.mark.parametrize("broken", [losing, refusing(500, "InternalServerException"), refusing(503, "X")])
def test_a_write_without_a_token_is_never_sent_twice(
    imaging: HealthImaging, one: str, broken: Callable[[int, AWSPreparedRequest], AWSResponse | None]
) -> None:
    wire = Wire(imaging.client, broken)
    for write in (
        lambda: imaging.copy(one, "1"),
        lambda: imaging.update(one, "1", updatable=NAME),
        lambda: imaging.delete(one),
    ):
        wire.sent = 0
        with pytest.raises(ServiceError):
            write()
        assert wire.sent == 1


def test_a_read_is_tried_again(imaging: HealthImaging, one: str) -> None:
    answer = refusing(500, "InternalServerException")
    wire = Wire(imaging.client, lambda number, request: answer(number, request) if number == 1 else None)
    assert imaging.image_set(one).id == one
    assert wire.sent == 2


def test_a_throttled_copy_was_never_accepted_and_is_tried_again(imaging: HealthImaging, one: str) -> None:
    answer = refusing(429, "ThrottlingException")
    wire = Wire(imaging.client, lambda number, request: answer(number, request) if number == 1 else None)
    imaging.copy(one, "1")
    assert wire.sent == 2


@pytest.mark.parametrize(("status", "code"), [(400, "BadRequestException"), (406, "NotAcceptableException")])
def test_a_frame_that_the_service_will_not_give_is_an_error_by_its_name_and_not_asked_for_again(
    imaging: HealthImaging, one: str, status: int, code: str
) -> None:
    """GetImageFrame alone declares these two; the guide does not say when, so the embedded store never answers them."""
    ((_, _, instance), *_) = imaging.document(one).instances()
    frame = str(instance.frames[0]["ID"])
    wire = Wire(imaging.client, refusing(status, code))
    with pytest.raises(ServiceError) as refused:
        imaging.frame(one, frame)
    assert refused.value.code == code
    assert "GetImageFrame" in str(refused.value)
    assert wire.sent == 1


class Pace:
    """A limiter that writes down what it hears."""

    def __init__(self) -> None:
        self.acquired: list[str] = []
        self.refused: list[str] = []

    def acquire(self, operation: str) -> None:
        self.acquired.append(operation)

    def throttled(self, operation: str) -> None:
        self.refused.append(operation)


def test_a_limiter_paces_calls_and_learns_of_throttling(demo_store: OpenStore, one: str) -> None:
    pace = Pace()
    door = HealthImaging(demo_store.imaging.client, demo_store.imaging.datastore_id, limiter=pace)
    answer = refusing(429, "ThrottlingException")
    Wire(door.client, lambda number, request: answer(number, request) if number <= 4 else None)
    assert door.image_set(one).id == one
    assert pace.acquired == ["GetImageSet"] * 2
    assert pace.refused == ["GetImageSet"]
    Wire(door.client, answer)
    with pytest.raises(Throttled):
        demo_store.imaging.image_set(one)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "hint"),
    [
        (404, "ResourceNotFoundException", "gone", NotFound, "curator list"),
        (404, "ResourceNotFoundException", "… is not the latest.", Moved, "look again"),
        (409, "ConflictException", "locked", Moved, "look again"),
        (402, "ServiceQuotaExceededException", "too much", LimitExceeded, "quotas"),
        (403, "AccessDeniedException", "no", ServiceError, "medical-imaging:DeleteImageSet"),
        (403, "ExpiredTokenException", "old", ServiceError, "aws sso login"),
        (400, "ValidationException", "1.2.840.113619.2.1 is bad", ServiceError, ""),
    ],
)
def test_answers_become_errors_that_say_what_to_do(
    imaging: HealthImaging,
    one: str,
    status: int,
    code: str,
    message: str,
    kind: type[CuratorError],
    hint: str,
) -> None:
    Wire(imaging.client, refusing(status, code, message))
    with pytest.raises(kind) as caught:
        imaging.delete(one)
    assert type(caught.value) is kind
    assert hint in caught.value.hint
    assert "1.2.840" not in str(caught.value)
    assert code in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ConnectionClosedError(endpoint_url="http://x"), Unreachable, "not known"),
        (EndpointConnectionError(endpoint_url="http://x"), Unreachable, "no answer"),
        (
            ParamValidationError(
                report='Invalid type for parameter imageSetId, value: Mustermann, type: <class "int">'
            ),
            UsageError,
            "imageSetId",
        ),
    ],
)
def test_what_never_left_or_never_came_back_is_told_without_values(
    error: Exception, kind: type[CuratorError], said: str
) -> None:
    with pytest.raises(kind) as caught, explained("CopyImageSet", "0" * 32):
        raise error
    assert said in str(caught.value)
    assert "Mustermann" not in str(caught.value)
    assert caught.value.__suppress_context__
