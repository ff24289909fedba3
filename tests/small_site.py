"""A site of a few pages for tests: a real server in this process, which remembers what it was asked."""

from __future__ import annotations

import contextlib
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, Mapping[str, str], str | bytes]
Pages = Mapping[str, "str | bytes | Answer | Callable[[Mapping[str, str], Mapping[str, str]], Answer]"]
"""By path: a body; status, headers and body; or a function of the cookies and of the form that was sent."""


@dataclass
class SmallSite:
    """A site that answers.

    Attributes:
        url: Its origin.
        asked: ``METHOD /path`` of every request.
    """

    url: str
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def small_site(pages: Pages, tls: ssl.SSLContext | None = None) -> Iterator[SmallSite]:
    """Serve pages; ``URL`` in a body stands for the site's own origin. Any other path is a 404."""
    site = SmallSite("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            self._answer(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self, form: Mapping[str, str]) -> None:
            site.asked.append(f"{self.command} {self.path}")
            page = pages.get(self.path, (404, {}, "nothing here"))
            if callable(page):
                cookies = dict(pair.split("=", 1) for pair in self.headers.get("cookie", "").split("; ") if pair)
                page = page(cookies, form)
            status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
            data = body.replace("URL", site.url).encode() if isinstance(body, str) else body
            self.send_response(status)
            for name, value in {"content-type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        site.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
