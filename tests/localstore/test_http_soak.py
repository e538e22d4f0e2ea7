"""Whatever comes over the socket, signed or garbage: an answer below 500 or none, and the server goes on."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.served import Served, serving
from tests.soak import soak_count, soak_seed

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, _demo_template: Path) -> Iterator[Served]:
    with serving(_demo_template, tmp_path_factory.mktemp("soak") / "ready") as found:
        yield found


def exchange(served: Served, sent: bytes, *, end: bool = False) -> int:
    """Send bytes (and say that no more will come) and return the status of the answer, 0 when there is none."""
    address = urlsplit(served.endpoint)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(sent)
            if end:
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                answer += chunk
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def garbage(chance: random.Random) -> bytes:
    """Return bytes that are a request to some degree."""
    kinds = [
        chance.randbytes(chance.randrange(200)),
        b"GET /datastore HTTP/1.1\r\nHost: x\r\n" + chance.randbytes(50) + b"\r\n\r\n",
        b"POST /datastore HTTP/1.1\r\nHost: x\r\nContent-Length: "
        + str(chance.randrange(-5, 10**12)).encode()
        + b"\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chance.randbytes(20),
        b"GET /"
        + quote(chance.randbytes(40)).encode()
        + b" HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 "
        + quote(chance.randbytes(60)).encode()
        + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n"
        + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 500) for n in range(chance.randrange(100)))
        + b"\r\n",
    ]
    return chance.choice(kinds)


def test_garbage_neither_stops_the_server_nor_gets_in(served: Served) -> None:
    chance = random.Random(soak_seed())
    for _ in range(soak_count(5_000)):
        assert exchange(served, garbage(chance), end=True) in {0, 400, 403, 404, 405, 413, 431}
    assert exchange(served, b"GET /datastore HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == 403


def test_signed_nonsense_is_refused_as_the_api_refuses(served: Served) -> None:
    chance = random.Random(soak_seed())
    lines = str(served.ready["aws_credentials"]).splitlines()
    key, secret = (line.partition(" = ")[2] for line in lines[1:3])
    operations = [
        "searchImageSets",
        "getImageSet",
        "updateImageSetMetadata",
        "copyImageSet",
        "deleteImageSet",
        "x",
    ]
    for _ in range(soak_count(5_000)):
        store = chance.choice([served.datastore_id, "0" * 32, "%2e%2e", quote(chance.randbytes(12))])
        middle = chance.choice(
            ["", f"/imageSet/{'0' * 32}", f"/imageSet/{quote(chance.randbytes(8))}", "/studies/1.2"]
        )
        path = f"/datastore/{store}{middle}/{chance.choice(operations)}"
        body = chance.choice(
            [b"", b"{}", b"[]", b"null", b'{"searchCriteria": 7}', b"{" * 900, chance.randbytes(60)]
        )
        method = chance.choice(["GET", "POST", "DELETE", "PUT", "PATCH"])
        request = AWSRequest(method, f"{served.endpoint}{path}", data=body)
        SigV4Auth(Credentials(key, secret), "medical-imaging", "us-east-1").add_auth(request)
        headers = {**dict(request.headers.items()), "Content-Length": str(len(body)), "Connection": "close"}
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        host = urlsplit(served.endpoint).netloc
        status = exchange(served, f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{text}\r\n".encode() + body)
        assert 200 <= status < 500, (status, method, path)
        assert status != 403  # the signature held
