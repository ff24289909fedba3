"""A visitor's cookies: the standard library's jar, asked again only when something in it changed.

Cookies know hosts but not ports, so every visitor has a jar per arm: two arms on one host never see each other's.
"""

from __future__ import annotations

import email.message
import http.cookiejar
import time
import urllib.request
from collections.abc import Iterable
from typing import Any, cast

_REMEMBERED = 1000


class _Answer:
    """The one method of a response that ``http.cookiejar`` calls."""

    def __init__(self, set_cookies: Iterable[str]) -> None:
        self._message = email.message.Message()
        for value in set_cookies:
            self._message["Set-Cookie"] = value

    def info(self) -> email.message.Message:
        return self._message


class Jar:
    """The cookies of one visitor at one origin."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._jar = http.cookiejar.CookieJar()
        self._headers: dict[str, str] = {}
        self._valid_until = float("inf")
        self.is_empty = True  # no cookie at all, as most readers

    def header(self, path: str) -> str:
        """The ``Cookie`` header for a request of ``path``; empty where there is none."""
        if time.time() >= self._valid_until:
            self._forget_headers()
        found = self._headers.get(path)
        if found is None:
            if len(self._headers) >= _REMEMBERED:
                self._headers.clear()
            request = urllib.request.Request(self._origin + path)
            self._jar.add_cookie_header(request)
            found = self._headers[path] = request.get_header("Cookie", "")
        return found

    def clear(self) -> None:
        """Forget all cookies: somebody else is next."""
        self._jar.clear()
        self._forget_headers()

    def store(self, path: str, set_cookies: Iterable[bytes]) -> None:
        """Keep, replace or drop cookies as the ``Set-Cookie`` fields of a response to ``path`` say."""
        request = urllib.request.Request(self._origin + path)
        answer = _Answer(value.decode("latin-1") for value in set_cookies)
        self._jar.extract_cookies(cast(Any, answer), request)
        self._forget_headers()

    def _forget_headers(self) -> None:
        self._headers.clear()
        self._jar.clear_expired_cookies()
        self.is_empty = not len(self._jar)
        self._valid_until = min((c.expires for c in self._jar if c.expires is not None), default=float("inf"))
