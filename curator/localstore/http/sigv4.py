"""Verification of AWS Signature Version 4, as a service does it: from the request's own bytes.

Source: AWS General Reference, "Create a signed AWS API request". The canonical path of every service but S3 is the
path as sent, dot segments removed, percent-encoded once more; the canonical query is decoded and encoded anew.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "medical-imaging"
SKEW = 300
"""Seconds by which a request's time may differ from ours."""

_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*")
_TIME = re.compile(r"\d{8}T\d{6}Z")
_UNRESERVED = "-_.~"


class NotSigned(Exception):
    """The request is not signed, or not rightly; ``code`` is the API's name for it. Always answered by 403."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came over the wire: ``path`` and ``query`` raw, ``headers`` in order, names in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Authorization:
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def verify(request: SignedRequest, secrets: Mapping[str, str], now: float) -> str:
    """Return the access key that signed the request; raises `NotSigned`.

    ``secrets`` maps access keys to secret keys, ``now`` is epoch seconds. Any region is accepted: there is one store.
    """
    headers = _by_name(request.headers)
    authorization = _authorization(headers)
    secret = secrets.get(authorization.access_key)
    if secret is None:
        raise NotSigned(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    stamp = _in_time(headers, authorization, now)
    body_hash = _body_hash(headers, request.body)
    scope = f"{authorization.date}/{authorization.region}/{authorization.service}/aws4_request"
    canonical = _canonical_request(request, headers, authorization.signed_headers, body_hash)
    to_sign = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = signing_key(secret, authorization.date, authorization.region, authorization.service)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
        raise NotSigned(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    return authorization.access_key


@lru_cache(maxsize=16)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key of one day, region and service, derived from the secret key."""
    key = f"AWS4{secret}".encode()
    for word in (date, region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key


def _by_name(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return header values by name: inner spaces collapsed, repeated headers joined by commas."""
    found: dict[str, str] = {}
    for name, value in headers:
        value = " ".join(value.split())
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _authorization(headers: Mapping[str, str]) -> _Authorization:
    text = headers.get("authorization", "")
    if not text:
        raise NotSigned("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = text.partition(" ")
    fields = {match[1]: match[2] for part in rest.split(",") if (match := _FIELD.fullmatch(part))}
    scope = fields.get("Credential", "").split("/")
    if (
        algorithm != ALGORITHM
        or fields.keys() != {"Credential", "SignedHeaders", "Signature"}
        or len(scope) != 5
    ):
        raise NotSigned(
            "IncompleteSignatureException",
            f"The Authorization header must be {ALGORITHM} with Credential, SignedHeaders and Signature.",
        )
    access_key, date, region, service, end = scope
    signed = tuple(fields["SignedHeaders"].split(";"))
    if service != SERVICE or end != "aws4_request":
        raise NotSigned(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{SERVICE}'."
        )
    _all_signed(headers, signed)
    return _Authorization(access_key, date, region, service, signed, fields["Signature"])


def _all_signed(headers: Mapping[str, str], signed: tuple[str, ...]) -> None:
    """Require that Host and every x-amz header is signed: what is not could be changed on the way."""
    must = {"host", *(name for name in headers if name.startswith("x-amz-"))}
    missing = must.difference(signed) | set(signed).difference(headers)
    if missing or list(signed) != sorted(set(signed)):
        raise NotSigned(
            "InvalidSignatureException",
            "SignedHeaders must name, in order, Host and every x-amz header of the request.",
        )


def _in_time(headers: Mapping[str, str], authorization: _Authorization, now: float) -> str:
    stamp = headers.get("x-amz-date", "")
    if not _TIME.fullmatch(stamp) or not stamp.startswith(authorization.date):
        raise NotSigned(
            "IncompleteSignatureException", "X-Amz-Date must be YYYYMMDDTHHMMSSZ, on the credential's date."
        )
    try:
        signed_at = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise NotSigned("IncompleteSignatureException", "X-Amz-Date is no time.") from None
    if signed_at < now - SKEW:
        raise NotSigned(
            "InvalidSignatureException", "Signature expired: the request was signed more than 5 minutes ago."
        )
    if signed_at > now + SKEW:
        raise NotSigned(
            "InvalidSignatureException", "Signature not yet current: is this machine's clock right?"
        )
    return stamp


def _body_hash(headers: Mapping[str, str], body: bytes) -> str:
    actual = hashlib.sha256(body).hexdigest()
    if headers.get("x-amz-content-sha256", actual) != actual:
        raise NotSigned("InvalidSignatureException", "X-Amz-Content-SHA256 is not the hash of the body.")
    return actual


def _canonical_request(
    request: SignedRequest, headers: Mapping[str, str], signed: tuple[str, ...], body_hash: str
) -> str:
    lines = [request.method.upper(), canonical_path(request.path), canonical_query(request.query)]
    lines += [f"{name}:{headers[name]}" for name in signed]
    return "\n".join([*lines, "", ";".join(signed), body_hash])


def canonical_path(path: str) -> str:
    """Return the path as sent, without dot segments and doubled slashes, encoded once more."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    closing = "/" if kept and path.endswith("/") else ""
    return quote("/" + "/".join(kept) + closing, safe="/~")


def canonical_query(query: str) -> str:
    """Return the query's pairs, decoded and encoded by RFC 3986, in the order of their encoded form."""
    pairs = []
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        pairs.append((quote(unquote(name), safe=_UNRESERVED), quote(unquote(value), safe=_UNRESERVED)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
