"""A small site with log-ins, as many a site has them: run as a program, it serves until it is stopped.

Its log-in form carries a hidden token that belongs to a cookie; a log-in answers with a session cookie and a redirect;
pages greet their member by name and say ``X-Cache: BYPASS``, those of readers ``HIT``. ``PURGE`` is understood.

Faults that can be asked for: ``deaf`` shows the form again whatever is sent; ``leaky`` stores the first page of
an address that is made for a member and gives it to everybody.
"""

from __future__ import annotations

import argparse
import json
import secrets
import socket
from html import escape

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

ACCOUNTS = {"ann@site.example": "her password", "bob@site.example": "his, with a comma", "cyd@site.example": "x"}
RECIPES = 12
RECIPE = """\
[login]
page = "/login"
[login.fields]
who = "{login}"
secret = "{password}"
[accounts]
file = "accounts.csv"
[check]
page = "/account"
logged_in = "Welcome, {login}!"
logged_out = ">Log in</a>"
pages = ["/account"]
"""
"""How to log in there: the accounts are in a file beside the recipe."""

_FORM = """<form id="login" method="post" action="/login">
<input type="hidden" name="token" value="{token}"><input name="who"><input type="password" name="secret">
<button>Log in</button></form>"""


class Site:
    """The site's state and its pages."""

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._tokens: set[str] = set()
        self._sessions: dict[str, str] = {}
        self._stored: dict[str, str] = {}

    async def page(self, request: Request) -> Response:
        """Any page, for a reader or for a member."""
        if request.method == "PURGE":
            return Response("purged")
        member = self._member(request)
        body = self._body(request.url.path, member)
        if self._fault == "leaky":
            if member is not None:
                self._stored.setdefault(request.url.path, body)
            body = self._stored.get(request.url.path, body)
        return HTMLResponse(body, headers={"x-cache": "HIT" if member is None else "BYPASS"})

    async def account(self, request: Request) -> Response:
        """What a member alone may see."""
        member = self._member(request)
        if member is None:
            return RedirectResponse("/login", 303)
        return HTMLResponse(self._body("account", member), headers={"x-cache": "BYPASS"})

    async def form(self, request: Request) -> Response:
        """The log-in form."""
        token = secrets.token_hex(8)
        self._tokens.add(token)
        response = HTMLResponse(_FORM.format(token=token), headers={"x-cache": "BYPASS"})
        response.set_cookie("token", token)
        return response

    async def log_in(self, request: Request) -> Response:
        """A form that was sent."""
        form = await request.form()
        token, who, secret = (str(form.get(name, "")) for name in ("token", "who", "secret"))
        is_fresh = token in self._tokens and token == request.cookies.get("token")
        if self._fault == "deaf" or not is_fresh or ACCOUNTS.get(who) != secret:
            return await self.form(request)
        self._tokens.discard(token)
        session = secrets.token_hex(8)
        self._sessions[session] = who
        response = RedirectResponse("/account", 303)
        response.set_cookie("session", session)
        return response

    def _member(self, request: Request) -> str | None:
        return self._sessions.get(request.cookies.get("session", ""))

    def _body(self, title: str, member: str | None) -> str:
        greeting = '<a href="/login">Log in</a>' if member is None else f"<b>Welcome, {escape(member)}!</b>"
        return f"<!DOCTYPE html><title>{title}</title>{greeting}<p>{'Flour, butter, plums. ' * 100}</p>"


def main() -> None:
    """Serve on a free port and print its address as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=["none", "deaf", "leaky"], default="none")
    site = Site(parser.parse_args().fault)
    reads = ["GET", "PURGE"]
    routes = [
        Route("/", site.page, methods=reads),
        Route("/recipes/{name}/", site.page, methods=reads),
        Route("/account", site.account),
        Route("/login", site.form, methods=["GET"]),
        Route("/login", site.log_in, methods=["POST"]),
    ]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main()
