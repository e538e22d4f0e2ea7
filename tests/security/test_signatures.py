"""Signed requests over the socket: what AWS refuses is refused, and what it allows is known."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.served import Served, serving

SERVICE, REGION = "medical-imaging", "us-east-1"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("signatures")
    with serving(root / "store", root / "ready") as found:
        yield found


def signed(
    served: Served, query: str = "", *, service: str = SERVICE, region: str = REGION, method: str = "GET",
    body: bytes = b"", path: str = "/datastore",
) -> tuple[str, str, dict[str, str], bytes]:  # fmt: skip
    """Return method, target, headers and body of a request as botocore signs it."""
    lines = str(served.ready["aws_credentials"]).splitlines()
    key, secret = (line.partition(" = ")[2] for line in lines[1:3])
    target = f"{path}{'?' + query if query else ''}"
    request = AWSRequest(method, f"{served.endpoint}{target}", data=body)
    SigV4Auth(Credentials(key, secret), service, region).add_auth(request)
    return method, target, {name: str(value) for name, value in request.headers.items()}, body


def sent(served: Served, request: tuple[str, str, dict[str, str], bytes]) -> tuple[int, str]:
    """Send a request and return status and error code."""
    method, target, headers, body = request
    address = urlsplit(served.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
    connection.request(method, target, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("x-amzn-ErrorType", "")


def test_a_replay_within_the_window_is_what_aws_allows(served: Served) -> None:
    """Signature Version 4 has no nonce: five minutes are the protection, TLS and clientToken the rest."""
    request = signed(served)
    assert [sent(served, request)[0] for _ in range(3)] == [200, 200, 200]


def test_a_write_that_is_replayed_is_not_done_twice(served: Served) -> None:
    """ClientToken makes a replayed CreateDatastore the same one."""
    body = b'{"datastoreName": "once", "clientToken": "tttttttttttttttt"}'
    request = signed(served, method="POST", body=body)
    assert [sent(served, request)[0] for _ in range(2)] == [200, 200]
    client_sees = signed(served, "maxResults=50")
    method, target, headers, _ = client_sees
    address = urlsplit(served.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
    connection.request(method, target, None, headers)
    assert connection.getresponse().read().count(b'"once"') == 1


@pytest.mark.parametrize("what", ["body", "query", "path", "method", "region", "date", "signature"])
def test_what_was_altered_after_signing_is_refused(served: Served, what: str) -> None:
    body = b'{"datastoreName": "a", "clientToken": "uuuuuuuuuuuuuuuu"}'
    method, target, headers, sent_body = signed(served, "maxResults=1", method="POST", body=body)
    authorization = headers["Authorization"]
    match what:
        case "body":
            sent_body = body.replace(b'"a"', b'"b"')
        case "query":
            target = target.replace("maxResults=1", "maxResults=2")
        case "path":
            target = target.replace("/datastore", "/datastores")
        case "method":
            method = "PUT"
        case "region":
            headers["Authorization"] = authorization.replace(REGION, "eu-central-1")
        case "date":
            headers["X-Amz-Date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 60))
        case "signature":
            headers["Authorization"] = authorization[:-1] + ("0" if authorization[-1] != "0" else "1")
    status, code = sent(served, (method, target, headers, sent_body))
    assert (status, code) in {(403, "InvalidSignatureException"), (403, "IncompleteSignatureException")}


def test_another_service_is_refused_and_another_region_is_the_same_store(served: Served) -> None:
    assert sent(served, signed(served, service="s3"))[0] == 403
    # One store answers for every region; the region is part of the signature all the same.
    assert sent(served, signed(served, region="ap-southeast-2"))[0] == 200


def test_a_presigned_address_is_no_way_in(served: Served) -> None:
    """The API takes signatures in the header only: an address that could be passed on opens nothing."""
    request: tuple[str, str, dict[str, str], bytes]
    request = ("GET", "/datastore?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0", {}, b"")
    assert sent(served, request) == (403, "MissingAuthenticationTokenException")


def test_only_this_machine_is_listened_to(served: Served) -> None:
    assert urlsplit(served.endpoint).hostname == "127.0.0.1"


def test_no_secret_is_in_the_environment_that_is_printed(served: Served, tmp_path: Path) -> None:
    """The three lines name files; keys stand in them alone, 0600."""
    lines = str(served.ready["aws_credentials"]).splitlines()
    secret = lines[2].partition(" = ")[2]
    assert all(secret not in value for name, value in served.environment.items() if name.startswith("AWS_"))
    assert Path(served.environment["AWS_SHARED_CREDENTIALS_FILE"]).stat().st_mode & 0o077 == 0
