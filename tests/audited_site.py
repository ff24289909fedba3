"""A small site behind a small page cache, both sound until they are told a fault: run as a program, it serves.

``POST /-/NAME`` makes it a site with that fault, or with several (``ONE+OTHER``), or a sound one (``none``), with an
empty cache. It has a home page, recipes, a page about itself, a style sheet, a feed, a search, and members who log in;
the cache is a shared cache with ``Cache-Status`` and ``Age``, which members pass by.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
import secrets
import socket
import time
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import parse_qs, parse_qsl, urlencode

import uvicorn

SESSION, LOGIN, PASSWORD = "session=ann", "ann", "her password"
NAMES = ("plum-cake", "pear-tart", "apple-pie", "quince-jelly", "fig-jam")
CHANGED = "Sat, 01 Nov 2025 08:00:00 GMT"
TEXT = "<p>" + "Flour, butter, sugar and fruit. " * 80 + "</p>"

HTML, SHARED, PRIVATE = "text/html; charset=utf-8", "max-age=0, s-maxage=300", "private, no-store"
FILES = {
    "/robots.txt": ("text/plain", "User-agent: *\nSitemap: /sitemap.xml\n"),
    "/feed.xml": ("application/rss+xml", "<rss><channel><title>Kitchen</title></channel></rss>"),
    "/sitemap.xml": (
        "application/xml",
        f"<urlset>{''.join(f'<url><loc>http://www.kitchen.example/recipes/{n}/</loc></url>' for n in NAMES)}</urlset>",
    ),
}
FORM = '<form method="post"><input name="who"><input type="password" name="secret"></form>'
LINKS = (
    f"{''.join(f'<a href=/recipes/{name}/>{name}</a>' for name in NAMES)}<a href=/about/>About</a>"
    "<a href=/logout>Log out</a><link rel=stylesheet href=/style.css>"
    "<link rel=alternate type=application/rss+xml href=/feed.xml><form action=/search><input type=search name=q></form>"
)

SHOWN = {
    "x_forwarded_host": "x-forwarded-host",
    "x_forwarded_host_bypassed": "x-forwarded-host",
    "language": "accept-language",
    "cookie_shown": "cookie",
    "port_of_host": "host",
}
HIDDEN = {"silent": ("cache-status", "age"), "bare": ("cache-status", "age"), "dateless": ("date",)}

Fields = dict[str, str]
Reply = tuple[int, Fields, bytes]


class Site:
    """The site and its cache."""

    def __init__(self) -> None:
        self.faults: frozenset[str] = frozenset()
        self.stored: dict[str, tuple[float, int, Fields, bytes]] = {}
        self.late: str | None = None
        self.previous = ""

    def has(self, *faults: str) -> bool:
        """Whether one of these faults is switched on."""
        return not self.faults.isdisjoint(faults)

    # -- the pages -----------------------------------------------------------------------------------------------------

    def render(self, method: str, path: str, query: str, asked: Mapping[str, str], form: Mapping[str, str]) -> Reply:
        """What the site itself answers."""
        path = self._led(path, asked)
        member = SESSION in asked.get("cookie", "")
        if (file := self._file(path, is_member=member)) is not None:
            return file
        fields = {"content-type": HTML, "cache-control": SHARED}
        status = 200
        if path == "/account":
            body = self._page("Account", path, TEXT, True)
        elif path == "/search":
            separator = ";" if self.has("cloaked") and ";" in query else "&"
            words = {**dict(parse_qsl(query, separator=separator)), **(form if self.has("fat_get") else {})}
            body = self._page("Search", path, f"<p>Results for {html.escape(words.get('q', ''))}</p>{TEXT}", member)
        elif path in {"/", "/about/", *(f"/recipes/{name}/" for name in NAMES)}:
            body = self._page(path.strip("/") or "Kitchen", path, LINKS + TEXT, member)
        else:
            status, body = 404, self._page("Nothing is here", path, "", False)
            fields["cache-control"] = "s-maxage=86400" if self.has("error_kept") else "s-maxage=30"
            if self.has("soft_404"):
                status, fields["cache-control"] = 200, SHARED
        if member:
            fields["cache-control"] = PRIVATE
        if self.has("tracker_shown"):
            body += f'<a href="?{html.escape(query)}">here</a>'.encode()
        return self._broken(method, status, fields, body, asked, member=member)

    def _page(self, title: str, path: str, body: str, member: bool) -> bytes:
        who = f"<b>Welcome, {LOGIN}!</b>" if member else '<a href="/login">Log in</a>'
        canonical = f'<link rel="canonical" href="http://www.kitchen.example{path}">'
        return f"<!DOCTYPE html><title>{title}</title>{canonical}{who}{body}".encode()

    def _led(self, path: str, asked: Mapping[str, str]) -> str:
        """The page that is made, where a fault leads to another than was asked for."""
        if self.has("x_original_url"):
            return asked.get("x-original-url", path)
        if self.has("deceivable", "suffixes") and path.startswith("/account/"):
            return "/account"
        if self.has("wrong_page") and path.startswith("/recipes/"):
            path, self.previous = self.previous or path, path
        return path

    def _file(self, path: str, *, is_member: bool) -> Reply | None:
        """What is neither a page nor missing."""
        if path == "/style.3f9a01bc.css":
            return 200, {"content-type": "text/css", "cache-control": "max-age=60"}, b"p { margin: 0 }\n" * 100
        if path == "/style.css":
            lifetime = "no-store" if self.has("asset_no_store") else "max-age=31536000, immutable"
            return 200, {"content-type": "text/css", "cache-control": lifetime}, b"p { margin: 0 }\n" * 100
        if path == "/about":
            lifetime = "no-store" if self.has("redirect_no_store") else SHARED
            return 301, {"location": "/about/", "cache-control": lifetime}, b""
        if path == "/login":
            return 200, {"content-type": HTML, "cache-control": PRIVATE}, self._page("Log in", path, FORM, False)
        if path == "/account" and not is_member:
            return 303, {"location": "/login", "cache-control": PRIVATE}, b""
        if path in FILES:
            kind, content = FILES[path]
            return 200, {"content-type": kind, "cache-control": SHARED}, content.encode()
        return None

    def _broken(
        self, method: str, status: int, fields: Fields, body: bytes, asked: Mapping[str, str], *, member: bool
    ) -> Reply:
        """The page with the fault that concerns its headers or its body."""
        said = {
            "uncacheable": "private",
            "contradictory": "s-maxage=300, must-revalidate, stale-while-revalidate=30",
            "misspelt": "s-maxage=300, max_age=0",
            "unreadable": "s-maxage=300, max-age=1h",
            "lapsed": "max-age=300",
            "long": "max-age=604800",
        }
        for fault, value in said.items():
            if self.has(fault) and not member:
                fields["cache-control"] = value
        if self.has("unsaid"):
            del fields["cache-control"]
        if self.has("lapsed"):
            fields["expires"] = formatdate(time.time() + 86_400, usegmt=True)
        if self.has("ahead"):
            fields["last-modified"] = formatdate(time.time() + 86_400, usegmt=True)
        for fault, value in (("vary_star", "*"), ("vary_cookie", "Cookie"), ("vary_user_agent", "User-Agent")):
            if self.has(fault):
                fields["vary"] = value
        if self.has("sets_cookie"):
            fields["set-cookie"] = "visitor=1; Path=/"
        if self.has("token"):
            body += b'<form method="post"><input type="hidden" name="csrf_token" value="4711"></form>'
        if member and self.has("member_storable", "cache_shares_members"):
            fields["cache-control"] = "s-maxage=300"
        if member and self.has("member_unmarked"):
            fields["cache-control"] = "max-age=0"
        return self._fooled(method, status, fields, body, asked)

    def _fooled(self, method: str, status: int, fields: Fields, body: bytes, asked: Mapping[str, str]) -> Reply:
        """The page with what a header of the request does to it."""
        for fault, name in SHOWN.items():
            if self.has(fault) and name in asked:
                body += f'<a href="//{html.escape(asked[name])}/">here</a>'.encode()
        if self.has("origin") and "origin" in asked:
            fields["access-control-allow-origin"] = asked["origin"]
        if self.has("telephone") and "iPhone" in asked.get("user-agent", ""):
            body += b"<p>for telephones</p>"
        if self.has("scheme") and asked.get("x-forwarded-proto", "http") != "http":
            return 301, {"location": "http://www.kitchen.example/", "cache-control": "s-maxage=300"}, b""
        if self.has("override") and asked.get("x-http-method-override") == "HEAD":
            body = b""
        if self.has("now_this_now_that") and secrets.randbelow(2):
            body += b"<p>that</p>"
        if self.has("oversize") and any(len(value) > 8000 for value in asked.values()):
            return 400, {"cache-control": "s-maxage=300"}, b"too large"
        return status, fields, body

    # -- the cache -----------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: str, asked: Mapping[str, str], body: bytes) -> Reply:
        """What the cache answers, from its store or not."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if method == "POST" and path == "/login":
            if (form.get("who"), form.get("secret")) == (LOGIN, PASSWORD):
                return (
                    303,
                    {"location": "/account", "set-cookie": f"{SESSION}; Path=/", "cache-control": "no-store"},
                    b"",
                )
            return self.render("GET", path, query, asked, form)
        if method == "REPORT" and not self.has("any_method"):
            return 501, {}, b"no such method"
        if method == "PURGE" and not self.has("any_method"):
            return self._purge(self._key(path, query))
        key = self._key(path, query)
        is_member = SESSION in asked.get("cookie", "")
        unknown = any(name == "anp-audit" for name, _ in parse_qsl(query))
        is_file = self.has("deceivable") and path.endswith(".css")
        if self.has("cache_by_session"):
            key += asked.get("cookie", "")
        passes = (is_member and not is_file and not self.has("cache_shares_members", "cache_by_session", "blind")) or (
            unknown and self.has("x_forwarded_host_bypassed")
        )
        held = None if passes else self.stored.get(key)
        if key == self.late:
            del self.stored[key]
            self.late = None
        if held is None:
            status, fields, content = self.render(method, path, query, asked, form)
            fields = {"date": formatdate(usegmt=True), **fields}
            keeps = self._keeps(path, fields) and not passes
            if keeps:
                self.stored[key] = (time.time(), status, fields, content)
            word = f"toy; fwd={'bypass' if passes else 'uri-miss'}{'; stored' if keeps else ''}"
            return self._form(method, path, status, {**fields, "cache-status": word}, content, asked)
        since, status, fields, content = held
        fields = {**fields, "cache-status": "toy; hit", "age": str(int(time.time() - since))}
        if self.has("ageless"):
            del fields["age"]
            fields["date"] = formatdate(usegmt=True)
        if self.has("old"):
            fields["age"] = "90000"
        return self._form(method, path, status, fields, content, asked)

    def _key(self, path: str, query: str) -> str:
        pairs = parse_qsl(query, keep_blank_values=True)
        if not self.has("tracking_splits"):
            pairs = [(name, value) for name, value in pairs if not name.startswith("utm_")]
        if self.has("key_without_unknown"):
            pairs = [(name, value) for name, value in pairs if name != "anp-audit"]
        if not self.has("order_splits"):
            pairs.sort()
        if self.has("query_ignored"):
            pairs = [(name, value) for name, value in pairs if name != "q"]
        return f"{path}?{urlencode(pairs)}"

    def _keeps(self, path: str, fields: Fields) -> bool:
        said = fields.get("cache-control", "")
        if (self.has("deceivable") and path.endswith(".css")) or self.has("cache_by_session", "heedless"):
            return True
        if self.has("forgetful", "bare") or fields.get("vary") == "*":
            return False
        if "set-cookie" in fields and self.has("sets_cookie"):
            return False
        return re.search(r"(?:s-maxage|max-age)=[1-9]", said) is not None and "no-store" not in said

    def _purge(self, key: str) -> Reply:
        if self.has("purge_late"):
            self.late = key
        elif self.has("purge_all"):
            self.stored.clear()
        elif not self.has("purge_nothing"):
            self.stored.pop(key, None)
        return 200, {"cache-control": "no-store"}, b"purged"

    def _form(
        self, method: str, path: str, status: int, fields: Fields, content: bytes, asked: Mapping[str, str]
    ) -> Reply:
        """The reply in the form that was asked for: coded, confirmed, without a body."""
        fields = dict(fields)
        is_hit = "hit" in fields["cache-status"]
        for fault, pair in (("language_cookie", "lang=en"), ("cookie_of_the_cache", f"__cf_bm={time.time_ns()}")):
            if self.has(fault):
                fields["set-cookie"] = pair
        fields |= {"set-cookie": "session=somebody"} if is_hit and self.has("cookie_on_hit") else {}
        if self.has("tag_stays"):
            content += str(time.time_ns()).encode()
        takes = "gzip" in asked.get("accept-encoding", "") or self.has("coding_forced")
        if takes and len(content) > 1024 and not self.has("plain"):
            fields["content-encoding"], content = "gzip", gzip.compress(content, mtime=0)
        if "vary" not in fields and not self.has("vary_missing"):
            fields["vary"] = "Accept-Encoding"
        if status == 200:
            tag = hashlib.sha256(content).hexdigest()[:12]
            if self.has("tag_stays", "tag_shared"):
                tag = "1"
            if self.has("tag_changes"):
                tag = str(time.time_ns())
            fields["etag"] = f'"{tag}"'
            fields.setdefault("last-modified", CHANGED)
            if self.has("no_validators"):
                del fields["etag"], fields["last-modified"]
            confirmed = not self.has("validator_ignored", "no_validators") and (
                asked["if-none-match"] == fields["etag"]
                if "if-none-match" in asked
                else asked.get("if-modified-since") == fields["last-modified"]
            )
            if confirmed:
                lost = ("cache-control", "vary") if self.has("poor_304") else ()
                return 304, {name: value for name, value in fields.items() if name not in lost}, b""
        if asked.get("range") == "bytes=0-9" and path == "/style.css" and self.has("wrong_part"):
            return 206, {**fields, "content-range": f"bytes 0-9/{len(content)}"}, content[5:15]
        if method == "HEAD":
            return (404 if self.has("head_missing") else status), {**fields, "content-length": str(len(content))}, b""
        return status, {**fields, "content-length": str(len(content))}, content

    def finish(self, fields: Fields) -> Fields:
        """The last fields, as they leave the machine."""
        hidden = {name for fault, names in HIDDEN.items() if self.has(fault) for name in names}
        return {name: value for name, value in fields.items() if name not in hidden}


SITE = Site()


async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    """Answer one request."""
    assert scope["type"] == "http"
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    asked = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["raw_path"].decode().partition("?")[0]
    if path.startswith("/-/"):
        SITE.__init__()  # type: ignore[misc]
        SITE.faults = frozenset(path[3:].split("+"))
        status, fields, content = 204, {}, b""
    else:
        status, fields, content = SITE.answer(scope["method"], path, scope["query_string"].decode(), asked, body)
        fields = SITE.finish({"date": formatdate(usegmt=True), **fields})
    headers = [(name.encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def main() -> None:
    """Serve on a free port and print its address as one line of JSON."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        config = uvicorn.Config(app, log_level="error", lifespan="off", date_header=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
