"""Signatures are verified as AWS does it: what botocore signs holds, and nothing else does."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from curator.localstore.http.sigv4 import (
    SKEW,
    NotSigned,
    SignedRequest,
    canonical_path,
    canonical_query,
    signing_key,
    verify,
)

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SECRETS = {KEY: SECRET}


def signed(
    method: str = "POST",
    path: str = "/datastore",
    query: str = "",
    body: bytes = b"{}",
    *,
    secret: str = SECRET,
    key: str = KEY,
    service: str = "medical-imaging",
    headers: dict[str, str] | None = None,
) -> SignedRequest:
    """Return a request as botocore signs it, and as it goes over the wire."""
    url = f"http://127.0.0.1:8087{path}{'?' + query if query else ''}"
    request = AWSRequest(method, url, data=body, headers=headers or {})
    SigV4Auth(Credentials(key, secret), service, "us-east-1").add_auth(request)
    sent = urlsplit(str(request.url))
    wire = [(name.lower(), str(value)) for name, value in request.headers.items()]
    return SignedRequest(method, sent.path, sent.query, [("host", sent.netloc), *wire], body)


def changed(request: SignedRequest, **parts: object) -> SignedRequest:
    """Return the request with a part changed on the way."""
    fields = {name: getattr(request, name) for name in SignedRequest.__slots__}
    return SignedRequest(**{**fields, **parts})


def with_header(request: SignedRequest, name: str, value: str | None) -> SignedRequest:
    kept = [(other, text) for other, text in request.headers if other != name]
    return changed(request, headers=kept if value is None else [*kept, (name, value)])


def refusal(request: SignedRequest, now: float | None = None) -> str:
    """Return the code by which a request is refused."""
    with pytest.raises(NotSigned) as caught:
        verify(request, SECRETS, time.time() if now is None else now)
    return caught.value.code


segments = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(
    path=st.lists(segments, max_size=4).map(
        lambda parts: "/" + "/".join(quote(part, safe="~") for part in parts)
    ),
    pairs=st.lists(st.tuples(texts, texts), max_size=3),
    body=st.binary(max_size=64),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
)
def test_whatever_botocore_signs_holds(
    path: str, pairs: list[tuple[str, str]], body: bytes, method: str
) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs if name)
    request = signed(
        method, path, query, body, headers={"X-Amz-Meta": "a  b", "Content-Type": "application/json"}
    )
    assert verify(request, SECRETS, time.time()) == KEY


@pytest.mark.parametrize(
    "parts",
    [
        {"method": "DELETE"},
        {"path": "/datastores"},
        {"query": "maxResults=2"},
        {"body": b"{ }"},
    ],
    ids=["method", "path", "query", "body"],
)
def test_nothing_may_be_changed_on_the_way(parts: dict[str, object]) -> None:
    request = signed(query="maxResults=1")
    verify(request, SECRETS, time.time())
    assert refusal(changed(request, **parts)) == "InvalidSignatureException"


def test_signed_headers_may_not_be_changed() -> None:
    request = signed(headers={"X-Amz-Target": "one"})
    assert refusal(with_header(request, "x-amz-target", "two")) == "InvalidSignatureException"
    assert refusal(with_header(request, "host", "elsewhere")) == "InvalidSignatureException"


def test_an_unsigned_amz_header_may_not_be_added() -> None:
    assert refusal(with_header(signed(), "x-amz-target", "smuggled")) == "InvalidSignatureException"


def test_an_unsigned_request_is_told_so() -> None:
    assert refusal(with_header(signed(), "authorization", None)) == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    "text",
    [
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
    ],
)
def test_a_malformed_header_is_told_so(text: str) -> None:
    assert refusal(with_header(signed(), "authorization", text)) == "IncompleteSignatureException"


def test_an_unknown_key_a_wrong_secret_and_another_service_are_refused() -> None:
    assert refusal(signed(key="AKIDOTHER")) == "UnrecognizedClientException"
    assert refusal(signed(secret="wrong")) == "InvalidSignatureException"
    assert refusal(signed(service="s3")) == "InvalidSignatureException"


def test_five_minutes_of_skew_are_allowed_both_ways() -> None:
    request = signed()
    stamp = dict(request.headers)["x-amz-date"]
    at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    for allowed in (at - SKEW, at, at + SKEW):
        assert verify(request, SECRETS, allowed) == KEY
    for refused in (at - SKEW - 1, at + SKEW + 1):
        assert refusal(request, refused) == "InvalidSignatureException"


def test_a_declared_body_hash_must_be_the_body_s() -> None:
    body = b'{"a": 1}'
    right = {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    assert verify(signed(body=body, headers=right), SECRETS, time.time()) == KEY
    wrong = with_header(signed(body=body, headers=right), "x-amz-content-sha256", "0" * 64)
    assert refusal(wrong) == "InvalidSignatureException"


def test_the_key_derivation_agrees_with_the_published_example() -> None:
    # AWS General Reference, "Examples of how to derive a signing key for Signature Version 4".
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
    assert key.hex() == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"


def test_paths_and_queries_are_canonical() -> None:
    # From AWS's signature version 4 test suite: normalize-path, get-vanilla-query-order.
    assert canonical_path("/example/..") == "/"
    assert canonical_path("//example//") == "/example/"
    assert canonical_path("/./example") == "/example"
    assert canonical_path("/tags/arn%3Aaws") == "/tags/arn%253Aaws"
    assert canonical_query("Param1=value2&Param1=Value1") == "Param1=Value1&Param1=value2"
    assert canonical_query("b&a=%7E") == "a=~&b="


def test_a_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(NotSigned) as caught:
        verify(signed(secret="wrong", path="/datastore/1.2.840.99999.1"), SECRETS, time.time())
    assert "1.2.840" not in str(caught.value)
    assert SECRET not in str(caught.value)
