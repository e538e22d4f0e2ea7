"""A real boto3 S3 client whose buckets are folders: the few operations an import needs, answered in the process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class _Body(BytesIO):
    def stream(self, amount: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk


def s3_of_folders(buckets: Mapping[str, Path]) -> S3Client:
    """Return the client; a bucket whose folder is read-only refuses to be written (AccessDenied)."""
    client = boto3.session.Session().client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        endpoint_url="http://s3.invalid",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )

    def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(str(request.url))
        bucket, key = (
            unquote(url.path).lstrip("/").split("/", 1) if url.path.count("/") > 1 else (url.path[1:], "")
        )
        status, content = _answer(buckets[bucket], str(request.method), key, url.query, request)
        headers = HTTPHeaders.from_dict({"Content-Length": str(len(content))})
        return AWSResponse(str(request.url), status, headers, _Body(content))

    client.meta.events.register("before-send.s3", respond)  # type: ignore[arg-type]
    return client


def _answer(root: Path, method: str, key: str, query: str, request: AWSPreparedRequest) -> tuple[int, bytes]:
    words = parse_qs(query, keep_blank_values=True)
    if method == "GET" and "list-type" in words:
        return 200, _listing(root, words["prefix"][0])
    if method == "POST" and "delete" in words:
        for found in ElementTree.fromstring(_content(request)).iter(
            "{http://s3.amazonaws.com/doc/2006-03-01/}Key"
        ):
            (root / str(found.text)).unlink()
        return 200, b"<DeleteResult/>"
    path = root / key
    if method == "PUT" and not root.stat().st_mode & 0o200:
        return 403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    if method == "PUT":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(request))
        return 200, b""
    if method == "GET" and path.is_file():
        return 200, path.read_bytes()
    return 404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>"


def _content(request: AWSPreparedRequest) -> bytes:
    body = request.body
    if body is None or isinstance(body, bytes | bytearray):
        return bytes(body or b"")
    content = body.encode() if isinstance(body, str) else body.read()
    return content.encode() if isinstance(content, str) else content


def _listing(root: Path, prefix: str) -> bytes:
    keys = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    found = "".join(
        f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys if key.startswith(prefix)
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
