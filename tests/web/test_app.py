"""How many terminals there are at once."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.types import Message, Scope

from curator.web import app
from curator.web.gate import Gate

PORT = 4711


def test_pages_that_come_together_get_no_more_terminals_than_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "AT_ONCE", 1)
    closed = asyncio.run(_three_at_once())
    assert sorted(closed) == [1000, 1013, 1013]


async def _three_at_once() -> list[int]:
    gate = Gate(PORT)
    served = app.Application(["/bin/sleep", "0.5"], gate)
    waiting = asyncio.Event()
    closed: list[int] = []
    here: list[Message] = []

    async def page() -> None:
        told = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": SIZE}])

        async def receive() -> Message:
            message = next(told, None)
            if message is None:
                await asyncio.Event().wait()
            elif "text" in message:
                here.append(message)
                if len(here) == 3:  # all are let in before any says how large it is
                    waiting.set()
                await waiting.wait()
            assert message is not None
            return message

        async def send(message: Message) -> None:
            if message["type"] == "websocket.close":
                closed.append(message["code"])

        await served(_scope(gate), receive, send)

    pages = [asyncio.create_task(page()) for _ in range(3)]
    await asyncio.wait_for(asyncio.gather(*pages), 30)
    return closed


SIZE = json.dumps({"columns": 80, "rows": 24})


def _scope(gate: Gate) -> Scope:
    host = f"127.0.0.1:{PORT}"
    headers = {"host": host, "origin": f"http://{host}", "cookie": gate.cookie().partition(";")[0]}
    return {
        "type": "websocket",
        "path": "/terminal",
        "root_path": "",
        "query_string": b"",
        "scheme": "ws",
        "server": ("127.0.0.1", PORT),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
    }
