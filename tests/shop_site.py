"""A small shop, as a scenario of one's own is written for: run as a program, it serves until it is stopped.

Products are ordered by a form with a token that belongs to a cookie; the basket belongs to another. Members log in by
JSON and send a token from then on; pages greet them by name. Texts come in the language asked for. Pages for nobody say
``X-Cache: HIT``. ``/seen`` tells how often each language was asked for.

Faults that can be asked for: ``bare`` products have no headline; ``forgetful`` baskets lose what is put into them;
``open`` accounts greet whoever comes.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import socket
from collections import Counter
from html import escape

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

ACCOUNTS = {"ann": "her password", "bob": "his password"}
PRODUCTS = 20


class Shop:
    """The shop's state and its pages."""

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._sessions: dict[str, str] = {}
        self._baskets: dict[str, int] = {}
        self._languages: Counter[str] = Counter()

    async def front(self, request: Request) -> Response:
        """The categories."""
        return self._page(request, "Shop", "".join(f'<a href="/c/{number}">{number}</a>' for number in range(3)))

    async def category(self, request: Request) -> Response:
        """Some products."""
        number = request.path_params["number"]
        links = "".join(f'<a href="../p/{product}">{product}</a>' for product in range(number, PRODUCTS + 1, 3))
        return self._page(request, f"Category {number}", links)

    async def product(self, request: Request) -> Response:
        """A product, with the form to order it."""
        token = secrets.token_hex(4)
        form = f'<form method="post" action="/basket"><input name="token" value="{token}"><input name="pieces"></form>'
        response = self._page(request, f"Product {request.path_params['number']}", f"<b>7 €</b>{form}")
        response.set_cookie("token", token)
        return response

    async def put(self, request: Request) -> Response:
        """Put something into the basket."""
        form = await request.form()
        if form.get("token") != request.cookies.get("token"):
            return Response("an order of somebody else", 403)
        basket = secrets.token_hex(4)
        self._baskets[basket] = 0 if self._fault == "forgetful" else int(str(form["pieces"]))
        response = RedirectResponse("/basket", 303)
        response.set_cookie("basket", basket)
        return response

    async def basket(self, request: Request) -> Response:
        """What is in the basket."""
        pieces = self._baskets.get(request.cookies.get("basket", ""), 0)
        return self._page(request, "Basket", f"{pieces} pieces", private=True)

    async def log_in(self, request: Request) -> Response:
        """A login and a password as JSON."""
        body = await request.json()
        if ACCOUNTS.get(body["login"]) != body["password"]:
            return JSONResponse({"error": "no such account"}, 401)
        token = secrets.token_hex(8)
        self._sessions[token] = body["login"]
        return JSONResponse({"token": token})

    async def account(self, request: Request) -> Response:
        """What a member alone may see."""
        if self._login(request) is None and self._fault != "open":
            return Response("log in", 401)
        return self._page(request, "Account", "Hello, ann!" if self._fault == "open" else "", private=True)

    async def seen(self, _request: Request) -> Response:
        """How often each language was asked for."""
        return JSONResponse(self._languages)

    def _login(self, request: Request) -> str | None:
        return self._sessions.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    def _page(self, request: Request, title: str, body: str, *, private: bool = False) -> HTMLResponse:
        login = self._login(request)
        [language] = re.findall(r"^\w+", request.headers["accept-language"])
        self._languages[language] += 1
        head = "" if self._fault == "bare" and title == "Product 7" else f"<h1>{title}</h1>"
        hello = "" if login is None else f"Hello, {escape(login)}!"
        html = f'<!DOCTYPE html><html lang="{language}"><title>{title}</title>{hello}{head}{body}</html>'
        cache = "BYPASS" if private or login is not None else "MISS" if title.startswith("Product") else "HIT"
        return HTMLResponse(html, headers={"x-cache": cache})


def main() -> None:
    """Serve on a free port and print its address as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=["none", "bare", "forgetful", "open"], default="none")
    shop = Shop(parser.parse_args().fault)
    routes = [
        Route("/", shop.front),
        Route("/c/{number:int}", shop.category),
        Route("/p/{number:int}", shop.product),
        Route("/basket", shop.basket, methods=["GET"]),
        Route("/basket", shop.put, methods=["POST"]),
        Route("/api/login", shop.log_in, methods=["POST"]),
        Route("/account", shop.account),
        Route("/seen", shop.seen),
    ]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main()
