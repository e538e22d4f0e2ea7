"""A real boto3 client whose requests are answered in this process: no socket, no account, no configuration.

botocore's own serialising, signing, retries and error classes stay in the path; only the sending is replaced,
on the event that botocore offers for that (``before-send``).
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from curator.localstore.arn import REGION
from curator.localstore.wire import WireRequest

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from mypy_boto3_medical_imaging import HealthImagingClient

    from curator.localstore.store import LocalStore

ENDPOINT = "http://localstore.invalid"
"""Resolves nowhere (RFC 6761): should the handler ever be missing, nothing leaves the machine."""


class _Body(BytesIO):
    """A response's bytes as botocore reads them from urllib3."""

    def stream(self, amount: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk


def inprocess_client(store: LocalStore, *, attempts: int = 3) -> HealthImagingClient:
    """Return a client of ``store``; botocore makes ``attempts`` of a throttled call, waiting in between.

    Environment variables, configuration files, profiles and credentials of AWS are not looked at. A
    StoreError raised while a request is answered reaches the caller as itself.
    """
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders
    from botocore.config import Config

    from curator.localstore.quiet import quiet_session

    # What boto3.client() returns, from the method that it calls: boto3 itself imports S3's transfers for 75 ms.
    made = quiet_session().create_client(
        "medical-imaging",
        region_name=REGION,
        endpoint_url=ENDPOINT,
        config=Config(
            inject_host_prefix=False,
            proxies={},
            retries={"total_max_attempts": attempts, "mode": "standard"},
        ),
    )
    client = cast("HealthImagingClient", made)

    def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        body = request.body
        response = store.answer(
            WireRequest(
                request.method,
                url.path,
                url.query,
                {str(name).lower(): str(value) for name, value in request.headers.items()},
                body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"",
            )
        )
        headers = HTTPHeaders.from_dict({**response.headers, "Content-Length": str(len(response.body))})
        return AWSResponse(request.url, response.status, headers, _Body(response.body))

    client.meta.events.register("before-send.medical-imaging", respond)  # type: ignore[arg-type]  # it may answer
    return client
