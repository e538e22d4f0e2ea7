"""The ASGI application: a signed request in, the store's answer out. It routes nothing itself.

The host is ignored (SDKs put ``runtime-`` before it), so that one address serves every operation.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from curator.localstore import LocalStore
from curator.localstore.http.sigv4 import NotSigned, SignedRequest, verify
from curator.localstore.wire import WireRequest

if TYPE_CHECKING:
    from curator.localstore.http.faults import Faults, Wires

LARGEST_BODY = 2**20
"""Bytes of the largest body that is read: CopyImageSet's 260,000 characters of JSON fit with room to spare."""

THREADS = 4
"""Requests worked on at once."""


class Application:
    """Answers signed requests from a store; ``keys`` maps access keys to secret keys.

    With ``faults`` some of the calls go wrong on purpose, and ``wires`` (the server's connections) are cut.
    """

    def __init__(
        self,
        store: LocalStore,
        keys: Mapping[str, str],
        *,
        faults: Faults | None = None,
        wires: Wires | None = None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._faults = faults
        self._wires = wires
        self._workers = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    def close(self) -> None:
        """Finish the requests in work."""
        self._workers.shutdown(wait=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI calls it."""
        if scope["type"] != "http":
            return
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        if response is None:
            if self._wires is not None:
                self._wires.cut(scope)
                await receive()  # until the connection is gone
            return
        response.headers.setdefault("x-amzn-requestid", secrets.token_hex(16))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response | None:
        """Return the answer; None where a fault says that none arrives."""
        body = await _bounded_body(request)
        if body is None:
            return _error(
                413, "RequestEntityTooLargeException", f"A request holds at most {LARGEST_BODY} bytes."
            )
        scope = request.scope
        path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        headers = [
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        signed = SignedRequest(request.method, path, query, headers, body)
        try:
            verify(signed, self._keys, time.time())
        except NotSigned as refusal:
            return _error(403, refusal.code, refusal.message)
        wire = WireRequest(request.method, path, query, dict(headers), body)
        if self._faults is not None:
            return await self._faulty(self._faults, wire)
        return await self._work(wire)

    async def _work(self, wire: WireRequest) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._workers, self._handle, wire)

    async def _faulty(self, faults: Faults, wire: WireRequest) -> Response | None:
        """Let a call meet its fate; None where no answer arrives."""
        from curator.localstore.http.faults import CARRIED_OUT, MARK, Kind

        fate = faults.fate(wire.method, wire.path)
        if fate.kind is None or fate.kind in CARRIED_OUT:
            response = await self._work(wire)
        if fate.delay:
            await asyncio.sleep(fate.delay)
        match fate.kind:
            case None:
                return response
            case Kind.RESET | Kind.LOST:
                return None
            case Kind.THROTTLED:
                response = _error(429, "ThrottlingException", "Rate exceeded")
            case Kind.UNAVAILABLE:
                response = Response("<html>503 Service Temporarily Unavailable</html>", 503)
            case Kind.ERROR | Kind.LOST_ERROR:
                response = _error(500, "InternalServerException", "Internal error")
        response.headers[MARK] = fate.kind.value
        return response

    def _handle(self, wire: WireRequest) -> Response:
        answer = self._store.handle(wire)
        return Response(answer.body, answer.status, dict(answer.headers))


async def _bounded_body(request: Request) -> bytes | None:
    """Return the body, or None once it has grown too large."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > LARGEST_BODY:
            return None
    return bytes(received)


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"message": message})
    headers = {"x-amzn-ErrorType": code, "content-type": "application/json"}
    return Response(body, status, headers)
