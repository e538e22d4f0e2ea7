"""Requests and responses as they travel, and the way from one to the other."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import cast
from urllib.parse import parse_qs

import msgspec

from curator.dicom import Json
from curator.localstore.faults import Fault, invalid
from curator.localstore.folder import Folder
from curator.localstore.model import Output, Value, service_model


@dataclass(frozen=True, slots=True)
class WireRequest:
    """An HTTP request. The host is not looked at: botocore puts ``runtime-`` before some."""

    method: str
    path: str
    """As sent, percent-encoding kept: an ARN in it holds encoded slashes."""
    query: str = ""
    """Without the question mark, as sent."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class WireResponse:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


class Call:
    """One call of an operation: its parameters, which the model has checked, and the folder it works on."""

    __slots__ = ("operation", "parameters", "store")

    def __init__(self, store: Folder, operation: str, parameters: dict[str, Value]) -> None:
        self.store = store
        self.operation = operation
        self.parameters = parameters

    def text(self, name: str) -> str:
        """Return a required string."""
        return cast("str", self.parameters[name])

    def maybe(self, name: str) -> str | None:
        """Return a string, or None where it was not given."""
        return cast("str | None", self.parameters.get(name))

    def flag(self, name: str) -> bool:
        """Return a boolean; false where it was not given."""
        return bool(self.parameters.get(name))

    def number(self, name: str, default: int) -> int:
        """Return an integer."""
        return cast("int", self.parameters.get(name, default))

    def structure(self, name: str) -> dict[str, Value]:
        """Return a structure; empty where it was not given."""
        return cast("dict[str, Value]", self.parameters.get(name) or {})

    def version(self, name: str) -> int | None:
        """Return a version number, or None where it was not given; one beyond all versions reads as 0."""
        text = self.maybe(name)
        return None if text is None else int(text) if len(text) < 16 else 0


_OPERATIONS = "curator.localstore.operations"
HANDLERS: Mapping[str, str] = {
    "CreateDatastore": f"{_OPERATIONS}.datastores:create_datastore",
    "GetDatastore": f"{_OPERATIONS}.datastores:get_datastore",
    "ListDatastores": f"{_OPERATIONS}.datastores:list_datastores",
    "DeleteDatastore": f"{_OPERATIONS}.datastores:delete_datastore",
    "SearchImageSets": f"{_OPERATIONS}.searching:search_image_sets",
    "GetImageSet": f"{_OPERATIONS}.reading:get_image_set",
    "GetImageSetMetadata": f"{_OPERATIONS}.reading:get_image_set_metadata",
    "GetImageFrame": f"{_OPERATIONS}.reading:get_image_frame",
    "ListImageSetVersions": f"{_OPERATIONS}.reading:list_image_set_versions",
    "UpdateImageSetMetadata": f"{_OPERATIONS}.updating:update_image_set_metadata",
    "CopyImageSet": f"{_OPERATIONS}.copying:copy_image_set",
    "DeleteImageSet": f"{_OPERATIONS}.deleting:delete_image_set",
    "TagResource": f"{_OPERATIONS}.tags:tag_resource",
    "UntagResource": f"{_OPERATIONS}.tags:untag_resource",
    "ListTagsForResource": f"{_OPERATIONS}.tags:list_tags_for_resource",
    "StartDICOMImportJob": f"{_OPERATIONS}.import_jobs:start_dicom_import_job",
    "GetDICOMImportJob": f"{_OPERATIONS}.import_jobs:get_dicom_import_job",
    "ListDICOMImportJobs": f"{_OPERATIONS}.import_jobs:list_dicom_import_jobs",
}
"""The function that answers each operation; its module is loaded when the operation is first called."""

DICOMWEB = "curator.localstore.dicomweb.reads:answer"
"""``answer(store, request) -> WireResponse | None``: the three reads below ``/datastore/ID/studies/``."""


@cache
def _handler(operation: str) -> Callable[[Call], dict[str, Output]]:
    module, _, name = HANDLERS[operation].partition(":")
    found: Callable[[Call], dict[str, Output]] = getattr(importlib.import_module(module), name)
    return found


@cache
def _dicomweb() -> Callable[[Folder, WireRequest], WireResponse | None]:
    module, _, name = DICOMWEB.partition(":")
    found: Callable[[Folder, WireRequest], WireResponse | None] = getattr(
        importlib.import_module(module), name
    )
    return found


def answer(store: Folder, request: WireRequest) -> WireResponse:
    """Return the service's answer; StoreError when the store's folder cannot be used."""
    try:
        response = _answer(store, request)
    except Fault as fault:
        response = refusal(fault.code, fault.message)
    number = os.urandom(16).hex()
    response.headers["x-amzn-RequestId"] = (
        f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}"
    )
    return response


def _answer(store: Folder, request: WireRequest) -> WireResponse:
    model = service_model()
    found = model.route(request.method, request.path)
    if found is None:
        if request.method == "GET" and "/studies/" in request.path:
            response = _dicomweb()(store, request)
            if response is not None:
                return response
        # assumption: a path that names no operation is answered as other AWS services answer it.
        return refusal("UnknownOperationException", "The requested operation is not recognized", 404)
    operation, labels = found
    store.meter.take(operation.name, store.clock())
    query = parse_qs(request.query, keep_blank_values=True, errors="replace") if request.query else {}
    if len(query) > 50:
        raise invalid("Too many query parameters")
    parameters = operation.parse(labels, query, request.body)
    store.storage.settle()
    headers, body = operation.serialise(_handler(operation.name)(Call(store, operation.name, parameters)))
    return WireResponse(200, headers, body)


def refusal(code: str, message: str, status: int | None = None) -> WireResponse:
    """Return an error answer: the code travels in ``x-amzn-ErrorType``, the message in the body."""
    body: dict[str, Json] = {"message": message}
    return WireResponse(
        status or service_model().status[code],
        {"Content-Type": "application/json", "x-amzn-ErrorType": code},
        msgspec.json.encode(body),
    )
