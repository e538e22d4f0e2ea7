"""The ASGI application: the page and its files, and a WebSocket to a terminal of its own for every page.

A page sends bytes (what was typed) and text (``{"columns": 80, "rows": 24}``, first of all and whenever its size
changes); it gets what the program writes, as bytes. Close code 1000 says that the program ended.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import URL
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from curator.web.gate import Gate
from curator.web.terminal import Terminal

STATIC = Path(__file__).parent / "static"
AT_ONCE = 8
"""Terminals open at the same time: each is a process."""

HEADERS: Mapping[str, str] = {
    # xterm.js makes a <style> for its colours; everything else comes from our own files.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
CLOSED = "Open the address that `curator serve --web` printed: it holds this run's token.\n"
STRANGE = "This address is not this program's.\n"


class Application:
    """Shows ``command`` in a browser to whoever knows ``gate``'s token."""

    def __init__(self, command: Sequence[str], gate: Gate) -> None:
        self._command = list(command)
        self._gate = gate
        self._terminals = 0
        routes = [
            Route("/", self._page),
            WebSocketRoute("/terminal", self._terminal),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        self._app: ASGIApp = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in whom the gate admits, as ASGI calls it."""
        asked = HTTPConnection(scope)
        refusal = self._refusal(asked)
        if refusal is None:
            await self._app(scope, receive, _guarded(send))
        elif scope["type"] == "http":
            await refusal(scope, receive, _guarded(send))
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: answered by 403

    def _refusal(self, asked: HTTPConnection) -> Response | None:
        headers = asked.headers
        if not self._gate.knows_host(headers):
            return PlainTextResponse(STRANGE, 421)
        if asked.scope["type"] == "websocket" and not self._gate.is_own_page(headers):
            return PlainTextResponse(STRANGE, 403)
        if self._gate.admits(headers) or (asked.url.path == "/" and "token" in asked.query_params):
            return None
        return PlainTextResponse(CLOSED, 403)

    async def _page(self, request: Request) -> Response:
        """Return the page; one that came by the token is sent to the same page without it."""
        token = request.query_params.get("token")
        if token is None:
            return FileResponse(STATIC / "page.html")
        if not self._gate.opens(token):
            return PlainTextResponse(CLOSED, 403)
        # Not to the absolute URL: the token must not stay in the browser's address bar and history.
        return RedirectResponse(URL("/"), 303, {"Set-Cookie": self._gate.cookie()})

    async def _terminal(self, page: WebSocket) -> None:
        """Join a page to a terminal until one of them ends."""
        await page.accept()
        first = await page.receive()
        if self._terminals >= AT_ONCE:  # after the wait: pages that came together would all have passed
            await page.close(1013, f"{AT_ONCE} terminals are open already")
            return
        size = _size(first)
        if size is None:
            await page.close(1002)
            return
        self._terminals += 1
        try:
            await _join(page, self._command, size)
        finally:
            self._terminals -= 1


async def _join(page: WebSocket, command: Sequence[str], size: tuple[int, int]) -> None:
    terminal = await Terminal.open(command, size)
    both = [asyncio.create_task(_show(page, terminal)), asyncio.create_task(_listen(page, terminal))]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        await terminal.close()


async def _show(page: WebSocket, terminal: Terminal) -> None:
    while shown := await terminal.read():
        await page.send_bytes(shown)
    await page.close(1000)


async def _listen(page: WebSocket, terminal: Terminal) -> None:
    while (message := await page.receive())["type"] == "websocket.receive":
        size = _size(message)
        if size is not None:
            terminal.resize(size)
        elif message.get("bytes"):
            await terminal.write(message["bytes"])


def _size(message: Message) -> tuple[int, int] | None:
    """Return (columns, rows) if the message says so."""
    text = message.get("text")
    if not isinstance(text, str):
        return None
    try:
        said = json.loads(text)
    except ValueError:
        return None
    columns, rows = (said.get("columns"), said.get("rows")) if isinstance(said, dict) else (None, None)
    return (columns, rows) if isinstance(columns, int) and isinstance(rows, int) else None


def _guarded(send: Send) -> Callable[[Message], Awaitable[None]]:
    """Put on every answer what keeps the page to itself."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await send(message)

    return guarded
