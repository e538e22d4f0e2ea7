"""A small HTTP proxy that does to calls what networks and services do to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SLOW = 1.6
"""Seconds by which an answer is late; the tests' clients wait one."""

Fault = str  # "", throttled, broken, reset; with "-after": the call is carried out, its answer lost


class FaultProxy:
    """Forwards to ``target``; ``choose`` says for each request (method, path) what goes wrong."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.choose: Callable[[str, str], Fault] = lambda method, path: ""
        self.done: list[tuple[str, Fault]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                return

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = proxy.choose(self.command, self.path)
                proxy.done.append((self.path, fault))
                if fault == "reset":
                    return self._cut()
                if fault in ("throttled", "broken"):
                    return self._refuse(fault)
                status, headers, answer = proxy.forward(
                    self.command, self.path, dict(self.headers.items()), body
                )
                if fault == "reset-after":
                    return self._cut()
                if fault == "broken-after":
                    return self._refuse("broken")
                if fault == "late":
                    time.sleep(SLOW)
                try:
                    self.send_response(status)
                    for name, value in headers:
                        if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True  # the client did not wait
                return None

            def _refuse(self, fault: Fault) -> None:
                throttled = fault == "throttled"
                self.send_response(429 if throttled else 500)
                kind = "ThrottlingException" if throttled else "InternalServerException"
                self.send_header("x-amzn-ErrorType", kind)
                answer = b'{"message":"made up by a test"}'
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _cut(self) -> None:
                self.close_connection = True
                self.connection.close()

            do_GET = do_POST = do_PUT = do_DELETE = _serve

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(self.target.hostname or "", self.target.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


@contextmanager
def faulty(target: str) -> Iterator[FaultProxy]:
    proxy = FaultProxy(target)
    thread = threading.Thread(target=proxy.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.server.shutdown()
        proxy.server.server_close()
