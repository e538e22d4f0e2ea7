"""The three DICOMweb reads: plain GETs signed with SigV4, because the SDK does not have them.

Guide, "Retrieving DICOM data from HealthImaging": host ``dicom-medical-imaging.REGION.amazonaws.com``, path
``/datastore/ID/studies/STUDY/series/SERIES/instances/INSTANCE``, query ``imageSetId``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from curator.errors import NotFound, ServiceError, Unreachable
from curator.healthimaging.failures import explained, without_uids

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from mypy_boto3_medical_imaging import HealthImagingClient

    from curator.dicom import Json

DICOM_FILE = "application/dicom"
DICOM_JSON = "application/dicom+json"


def get_instance(
    client: HealthImagingClient,
    datastore_id: str,
    image_set_id: str,
    uids: tuple[str, str, str],
    transfer_syntax: str | None,
) -> bytes:
    """Return a P10 file; without ``transfer_syntax`` the service answers Explicit VR Little Endian."""
    accept = f"{DICOM_FILE}; transfer-syntax={transfer_syntax}" if transfer_syntax else DICOM_FILE
    return _get(client, datastore_id, "GetDICOMInstance", image_set_id, uids, "", accept)


def get_instance_metadata(
    client: HealthImagingClient, datastore_id: str, image_set_id: str, uids: tuple[str, str, str]
) -> list[dict[str, Json]]:
    """Return an instance's DICOM JSON document (PS3.18 F)."""
    answer = _get(
        client, datastore_id, "GetDICOMInstanceMetadata", image_set_id, uids, "/metadata", DICOM_JSON
    )
    document: list[dict[str, Json]] = json.loads(answer)
    return document


def _get(
    client: HealthImagingClient,
    datastore_id: str,
    operation: str,
    image_set_id: str,
    uids: tuple[str, str, str],
    tail: str,
    accept: str,
) -> bytes:
    study, series, instance = (quote(uid, safe="") for uid in uids)
    path = f"/datastore/{datastore_id}/studies/{study}/series/{series}/instances/{instance}{tail}"
    url = f"{_endpoint(client)}{path}?{urlencode({'imageSetId': image_set_id})}"
    with explained(operation, image_set_id):
        answer = _send(client, url, accept)
    if answer.status_code == 200:
        return answer.content
    raise _refused(answer, operation, image_set_id)


def _endpoint(client: HealthImagingClient) -> str:
    endpoint = str(client.meta.endpoint_url)
    split = urlsplit(endpoint)
    if split.netloc.endswith(".amazonaws.com"):
        return f"{split.scheme}://dicom-{split.netloc}"
    return endpoint


def _send(client: HealthImagingClient, url: str, accept: str) -> AWSResponse:
    """Sign and send one GET through the client's own transport, so that an in-process store answers it too."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import NoCredentialsError

    signer = client._request_signer  # type: ignore[attr-defined]
    credentials = signer._credentials
    if credentials is None:
        raise NoCredentialsError
    request = AWSRequest(method="GET", url=url, headers={"Accept": accept})
    SigV4Auth(credentials.get_frozen_credentials(), "medical-imaging", client.meta.region_name).add_auth(
        request
    )
    prepared: AWSPreparedRequest = request.prepare()
    for _, answer in client.meta.events.emit(
        "before-send.medical-imaging.GetDICOMInstance", request=prepared
    ):
        if answer is not None:
            reply: AWSResponse = answer
            return reply
    return client._endpoint.http_session.send(prepared)  # type: ignore[attr-defined,no-any-return]


def _refused(answer: AWSResponse, operation: str, image_set_id: str) -> ServiceError:
    code = str(answer.headers.get("x-amzn-ErrorType", "")).split(":")[0]
    try:
        said = json.loads(answer.content)
        reason = str(said.get("message") or said.get("Message") or "")
    except (ValueError, AttributeError):
        reason = ""
    text = f"{operation} of {image_set_id}: {without_uids(reason) or 'refused'} ({answer.status_code} {code})"
    if answer.status_code == 404:
        return NotFound(text, code=code, operation=operation)
    if answer.status_code in {502, 503, 504}:
        return Unreachable(text, code=code, operation=operation)
    return ServiceError(text, code=code, operation=operation)
