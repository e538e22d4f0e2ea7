"""Who may come in: the person who started the program, by the address that it printed, in a page of its own.

Any page that the person's browser shows may send requests to this machine. What keeps it out: the ``Host`` must be
ours (a name that somebody rebinds to 127.0.0.1 is not), a WebSocket's ``Origin`` must be our own page, and every
request carries a secret of this run: once the token of the printed address, from then on a cookie.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

NAMES = ("127.0.0.1", "localhost")


class Gate:
    """The secrets of one run, and the questions asked of every request. Header names are lower case."""

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self._pass = secrets.token_urlsafe(32)
        # Cookies do not tell ports apart: two programs on this machine would overwrite each other's.
        self._cookie = f"curator-{port}"
        self._hosts = frozenset(f"{name}:{port}" for name in NAMES)
        self.address = f"http://{NAMES[0]}:{port}/?token={self.token}"

    def knows_host(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the request was addressed to this machine by a name that nobody else can give."""
        return headers.get("host", "").lower() in self._hosts

    def is_own_page(self, headers: Mapping[str, str]) -> bool:
        """Tell whether our own page sent this: browsers name the page's origin with every WebSocket."""
        return headers.get("origin", "").lower() == f"http://{headers.get('host', '').lower()}"

    def opens(self, token: str) -> bool:
        """Tell whether it is the token of the printed address."""
        return _same(token, self.token)

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the request carries the cookie that `cookie` set."""
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return found is not None and _same(found.value, self._pass)

    def cookie(self) -> str:
        """Return the ``Set-Cookie`` value: not for scripts, not sent along by other sites, gone with the browser."""
        return f"{self._cookie}={self._pass}; HttpOnly; SameSite=Strict; Path=/"


def _same(given: str, ours: str) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())
