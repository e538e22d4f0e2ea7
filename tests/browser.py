"""A real browser: Debian's chromium without a window, driven over the pipe of its DevTools protocol.

It has no way out: every name but 127.0.0.1 resolves to nothing. Every request that a page makes, answered, refused or
unresolvable, is kept in `Page.requests`, so that a test can say that none was meant for elsewhere.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tools import need

PATIENCE = 60.0
SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # CI runs as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)


class Browser:
    """One chromium. Made by `browsing`."""

    def __init__(self, process: subprocess.Popen[bytes], into: int, out: int) -> None:
        self._process = process
        self._into = into
        self._out = out
        self._buffer = b""
        self._number = 0
        self._heard: list[dict[str, Any]] = []

    def page(self, url: str = "about:blank", *, size: tuple[int, int] = (1200, 800)) -> Page:
        """Open a page, and listen to what it asks of the network."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        for domain in ("Network", "Page", "Runtime", "Log"):
            page.call(f"{domain}.enable")
        width, height = size
        page.call(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        if url != "about:blank":
            page.go(url)
        return page

    def call(self, method: str, words: dict[str, Any] | None = None, session: str = "") -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": words or {}}
        if session:
            message["sessionId"] = session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            heard = self._next(deadline)
            if heard.get("id") == self._number:
                assert "error" not in heard, heard["error"]
                result: dict[str, Any] = heard["result"]
                return result
            self._heard.append(heard)

    def heard(self, session: str) -> list[dict[str, Any]]:
        """Return all that a page's session told until now."""
        while select.select([self._out], [], [], 0)[0]:
            self._heard.append(self._next(time.monotonic() + PATIENCE))
        return [each for each in self._heard if each.get("sessionId") == session]

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._out], [], [], max(0.0, deadline - time.monotonic()))[0]:
                pytest.fail(f"chromium said nothing for {PATIENCE:.0f} s")
            read = os.read(self._out, 1 << 20)
            if not read:
                pytest.fail("chromium has ended")
            self._buffer += read
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message


class Page:
    """One page of the browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, words: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a method of the protocol on this page."""
        return self._browser.call(method, words, self._session)

    def go(self, url: str) -> None:
        """Open an address, and wait until the page is loaded."""
        self.call("Page.navigate", {"url": url})
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """Run JavaScript in the page, and return its value (awaited, if it is a promise)."""
        words = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", words)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str) -> Any:
        """Wait until the script's value is true, and return it."""
        return self._until(lambda: self.run(script), script)

    def see(self, *texts: str) -> str:
        """Wait until all ``texts`` stand in the page, and return its text."""

        def seen() -> str:
            text: str = self.run("document.body.innerText").replace("\xa0", " ")
            return text if all(each in text for each in texts) else ""

        found: str = self._until(seen, " ".join(texts))
        return found

    def _until(self, ask: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (value := ask()):
            if time.monotonic() > deadline:
                pytest.fail(f"not seen in {PATIENCE:.0f} s: {what}\n{self.run('document.body.innerText')}")
            time.sleep(0.05)
        return value

    def type(self, text: str) -> None:
        """Type printable text."""
        for character in text:
            self.call("Input.dispatchKeyEvent", {"type": "keyDown", "text": character, "key": character})
            self.call("Input.dispatchKeyEvent", {"type": "keyUp", "key": character})

    def press(self, key: str, code: int, *, modifiers: int = 0) -> None:
        """Press a key that is no character: its name, its Windows virtual code, and 2 for Ctrl."""
        words = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", {"type": "rawKeyDown", **words})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **words})

    def picture(self, path: Path) -> None:
        """Write what is seen as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def pdf(self, path: Path) -> None:
        """Print the page to a PDF file, on A4."""
        words = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False}
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", words)["data"]))

    @property
    def requests(self) -> list[str]:
        """Return the address of every request and WebSocket that the page began, whatever came of it."""
        found = []
        for event in self._browser.heard(self._session):
            if event["method"] == "Network.requestWillBeSent":
                found.append(event["params"]["request"]["url"])
            elif event["method"] == "Network.webSocketCreated":
                found.append(event["params"]["url"])
        return found

    @property
    def complaints(self) -> list[str]:
        """Return what the browser's console says: errors of scripts, blocked and failed requests."""
        said = []
        for event in self._browser.heard(self._session):
            if event["method"] == "Log.entryAdded":
                said.append(event["params"]["entry"]["text"])
            elif event["method"] == "Runtime.exceptionThrown":
                said.append(json.dumps(event["params"]["exceptionDetails"]))
        return said


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile lies in ``folder``, and end it."""
    program = need("chromium")
    theirs, into = os.pipe()
    out, answers = os.pipe()

    def wire() -> None:
        os.dup2(theirs, 3)
        os.dup2(answers, 4)

    # 3 and 4 are the protocol's own numbers; higher ones must not be in their way when they are copied.
    theirs, answers = _high(theirs), _high(answers)
    process = subprocess.Popen(
        [program, *SWITCHES, f"--user-data-dir={folder / 'chromium'}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=wire,
    )
    os.close(theirs)
    os.close(answers)
    browser = Browser(process, into, out)
    try:
        yield browser
    finally:
        os.close(into)  # a browser whose pipe is closed ends
        os.close(out)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _high(descriptor: int) -> int:
    import fcntl

    copied = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return copied
