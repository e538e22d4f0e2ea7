"""The terminal interface in a real browser: who gets in, what is shown, what leaves this machine, how it ends."""

from __future__ import annotations

import hashlib
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.cli.conftest import Curator
from tests.generate import xterm
from tests.tools import ROOT
from tests.web.conftest import Web, web

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455's own sample


@pytest.fixture
def served(demo_folder: Path, tmp_path: Path) -> Iterator[Web]:
    with web(f"local:{demo_folder}", tmp_path) as opened:
        yield opened


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- in a browser


def test_the_printed_address_shows_the_image_sets(served: Web, browser: Browser) -> None:
    page = browser.page(served.url)
    page.see("Image sets  18", "Doe^Peter", "? Help")
    assert page.run("location.href") == f"http://127.0.0.1:{served.port}/"
    assert page.run("document.cookie") == ""
    page.type("/")
    page.type("modality:MR")
    page.see("of 18", "MR")
    page.press("Escape", 27)
    page.see("Image sets  18")
    page.call(
        "Emulation.setDeviceMetricsOverride",
        {"width": 700, "height": 400, "deviceScaleFactor": 1, "mobile": False},
    )
    page.see("Image sets  18", "Help")
    assert page.complaints == []
    page.type("q")
    page.see("The session has ended.")
    until(lambda: served.programs() == [])


def test_no_request_leaves_this_machine(served: Web, browser: Browser) -> None:
    page = browser.page(served.url)
    page.see("Image sets  18")
    page.type("?")
    page.see("What it does")
    own = (f"http://127.0.0.1:{served.port}/", f"ws://127.0.0.1:{served.port}/")
    assert len(page.requests) >= 6
    assert [each for each in page.requests if not each.startswith(own)] == []
    assert page.run("fetch('http://outside.test/').then(() => 'sent', () => 'stopped')") == "stopped"
    assert "Content Security Policy" in " ".join(page.complaints)


def test_a_request_that_would_leave_is_seen(browser: Browser) -> None:
    page = browser.page()
    page.run("fetch('http://outside.test/').catch(() => 0)")
    assert page.requests == ["http://outside.test/"]


def test_without_the_token_nothing_is_shown(served: Web, browser: Browser, tmp_path: Path) -> None:
    page = browser.page(f"http://127.0.0.1:{served.port}/")
    assert "holds this run's token" in page.see("Open the address")
    assert served.programs() == []


def test_a_page_that_is_closed_ends_its_program(served: Web, browser: Browser) -> None:
    page = browser.page(served.url)
    page.see("Image sets  18")
    assert len(served.programs()) == 1
    page.go("about:blank#")
    until(lambda: served.programs() == [])


def test_stopping_the_server_says_so_and_ends_the_programs(
    demo_folder: Path, tmp_path: Path, browser: Browser
) -> None:
    with web(f"local:{demo_folder}", tmp_path, "--read-only") as served:
        page = browser.page(served.url)
        page.see("Image sets  18", "READ-ONLY")
        (program,) = served.programs()
    assert not Path(f"/proc/{program}").exists()
    page.see("The connection to curator is lost")


# --- at the gate


def ask(served: Web, path: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    if answer.status != 101:
        answer.read()
    connection.close()
    return answer


def test_who_gets_in(served: Web) -> None:
    entered = ask(served, f"/?token={served.token}", {})
    cookie = entered.headers["set-cookie"]
    assert (entered.status, entered.headers["location"]) == (303, "/")
    assert served.token not in cookie
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    own = {"Cookie": cookie.partition(";")[0]}
    assert ask(served, "/", own).status == 200
    assert ask(served, "/static/page.js", own).status == 200

    name, _, secret = own["Cookie"].partition("=")
    for path, headers in {
        "/?token=": {},
        f"/?token={served.token[:-1]}": {},
        f"/?token={served.token}x": own,
        f"/static/page.js?token={served.token}": {},
        "/static/page.js": {"Cookie": f"{name}={served.token}"},
        "/": {"Cookie": f"{name}={secret[:-1]}é"},
        "/static/xterm/xterm.js": {"Cookie": "a=b"},
    }.items():
        assert ask(served, path, headers).status == 403, path


@pytest.mark.parametrize("host", ["attacker.test", "127.0.0.1.attacker.test:80", "", "127.0.0.1:1"])
def test_a_name_that_somebody_rebinds_is_not_answered(served: Web, host: str) -> None:
    answer = ask(served, f"/?token={served.token}", {"Host": host})
    assert answer.status in {400, 421}
    assert answer.headers["set-cookie"] is None


def test_only_the_own_page_gets_a_terminal(served: Web) -> None:
    cookie = ask(served, f"/?token={served.token}", {}).headers["set-cookie"].partition(";")[0]
    wanted = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        "Cookie": cookie,
    }
    here = f"http://127.0.0.1:{served.port}"
    assert ask(served, "/terminal", {**wanted, "Origin": here}).status == 101
    for origin in (
        "http://attacker.test",
        "null",
        f"http://127.0.0.1:{served.port + 1}",
        f"{here}.attacker.test",
    ):
        assert ask(served, "/terminal", {**wanted, "Origin": origin}).status == 403, origin
    assert ask(served, "/terminal", wanted).status == 403
    assert ask(served, "/terminal", {**wanted, "Origin": here, "Cookie": ""}).status == 403
    assert served.programs() == []


def test_nothing_is_kept_embedded_or_guessed(served: Web) -> None:
    headers = ask(served, "/", {}).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["server"] is None


def test_xterm_is_as_its_makers_published_it() -> None:
    folder = ROOT / xterm.TARGET
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == xterm.DIGESTS


def test_what_belongs_to_the_other_server_is_refused(curator: Curator) -> None:
    ran = curator("serve", "--web", "--bucket", "a=.", "--limits", "aws")
    assert ran.code == 2
    assert "--web does not go with --bucket, --limits" in ran.err
