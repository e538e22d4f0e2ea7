"""An application on an address: bound before it is announced, ended in order by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from curator.errors import StoreError

GRACE = 10
"""Seconds that requests in work get when the server is stopped."""
IDLE = 350
"""Seconds until a connection that nobody uses is closed, as AWS's load balancers have it.

uvicorn's own 5 is the pace of writes at the guide's rates: a call sent while the connection is being closed is lost,
and whether a write was carried out is then unknown.
"""


class _Server(uvicorn.Server):
    """A uvicorn server that tells when it accepts connections and leaves the process's signals to its caller."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own would raise SIGTERM again after the shutdown, before the caller cleaned up.
        yield


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address (port 0: any free one); raises `StoreError` when it is taken."""
    try:
        made = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        # asyncio does this only for sockets that name their protocol; without it an answer waits 40 ms for an ACK.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    except OSError as error:
        raise StoreError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint="another --port, or 0 for a free one"
        ) from None


def serve(
    application: ASGIApp,
    listening: socket.socket,
    ready: Callable[[], None],
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    protocol: type[asyncio.Protocol] | None = None,
    largest_message: int = 2**20,
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is called once connections are accepted.

    ``protocol`` takes the place of uvicorn's own; ``largest_message`` is in bytes, of a WebSocket.
    """
    config = uvicorn.Config(
        application,
        http=protocol or "auto",
        lifespan="off",
        log_config=None,
        access_log=False,  # paths hold UIDs
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=IDLE,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ws_max_size=largest_message,
        ws_per_message_deflate=False,  # the wire is this machine's own
    )
    server = _Server(config, ready)

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listening.close()
