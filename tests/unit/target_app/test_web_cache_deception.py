"""Web cache deception: no spelling of a member's address makes the cache, or one before it, keep the member's page.

The deception: a member is led to an address such as ``/me/x.css``. The site answers with the member's page, a cache
takes it for a style sheet, and whoever asks for that address next reads it.
"""

import asyncio
import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator

import pytest

from target_app.policy import PRIVATE
from target_app.protocol import SiteProtocol
from target_app.worker import Worker
from tests.unit.target_app.conftest import Opened
from tests.unit.target_app.wire import (
    HOST,
    JSON,
    PRIVATE_ADDRESSES,
    PUBLIC_ADDRESSES,
    REFUSED,
    Answer,
    Line,
    Noted,
    Wire,
    as_json,
    message,
    on_the_spot,
    served,
    stored_bytes,
    told,
    traces,
    viewer,
)

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]

PLAIN = [bytes([code]) for code in range(0x21, 0x7F) if not chr(code).isalnum()]
ENCODED = [
    b"%%%02x" % code for code in (*range(0x30), *range(0x3A, 0x41), *range(0x5B, 0x61), *range(0x7B, 0x81), 0xFF)
]
TWICE = [
    b"%2500",
    b"%250a",
    b"%2523",
    b"%252e",
    b"%252f",
    b"%253b",
    b"%253f",
    b"%255c",
    b"%c0%af",
    b"%e2%80%a8",
    b"%u002f",
]
DELIMITERS = [*PLAIN, *ENCODED, *TWICE]
EXTENSIONS = [b"css", b"js", b"png", b"ico", b"woff2", b"json", b"txt", b"xml", b"pdf", b"avif"]
STEPS = [
    b"/../", b"/..%2f", b"%2f..%2f", b"/%2e%2e/", b"/%2e%2e%2f", b"%2f%2e%2e%2f", b"/..;/", b"/..%5c", b"\\..\\",
    b"/..%00/", b"%252f..%252f", b"/.%2e/", b"//..//", b"/./../", b"/..//", b"/..%c0%af",
]  # fmt: skip
"""Ways to write a step up, as a cache or a server may or may not resolve it."""


def _with_extensions(address: bytes, extensions: int) -> Iterator[bytes]:
    """The address with a file name behind every delimiter, and the extension alone."""
    for place, delimiter in enumerate(DELIMITERS):
        for step in range(extensions):
            extension = EXTENSIONS[(place + step) % len(EXTENSIONS)]
            yield address + delimiter + b"x." + extension
            yield address + delimiter + extension


def _through_folders(address: bytes) -> Iterator[bytes]:
    """The address reached through a folder of files that are kept, and such a file reached through the address."""
    for public, step in itertools.product(PUBLIC_ADDRESSES.values(), STEPS):
        path = public.partition(b"?")[0].rstrip(b"/")
        yield path + step + address.lstrip(b"/")
        yield address + step + path.lstrip(b"/")


def _in_other_spellings(address: bytes) -> Iterator[bytes]:
    """The address itself, written in ways that a server may or may not take for it."""
    path = address.lstrip(b"/")
    first = b"".join(b"%%%02x" % code for code in path[:1])
    yield from (b"//" + path, b"/./" + path, b"/." + path, b"/%2f" + path, b"/" + first + path[1:])
    yield from (b"/" + path.upper(), b"/" + path + b"/", b"/" + path + b"/.", b"/" + path + b"//", b"/\\" + path)
    yield from (b"http://site.example/" + path, b"http://site.example/" + path + b".css", b"/;" + path)
    yield from (address + b"/index.html", address + b"?x.css", address + b"?a=b.css", address + b"?utm_source=x")
    yield from (address + b"#x.css", address)


PRIVATE_MATRIX = {
    route: [*_with_extensions(address, 2), *_through_folders(address), *_in_other_spellings(address)]
    for route, address in PRIVATE_ADDRESSES.items()
}
PUBLIC_MATRIX = {
    route: [*_with_extensions(address, 1), *_in_other_spellings(address)] for route, address in PUBLIC_ADDRESSES.items()
}


SERVED = ("/me", "/admin/", "home", "article")
"""Routes whose addresses are tried over sockets: members are greeted under all of these."""


def test_the_matrix_is_as_large_as_is_told() -> None:
    """The document promises no more addresses than are tried, and every private route is among them."""
    assert len(_all(PRIVATE_MATRIX)) >= max(2_000, told("addresses of private routes"))
    assert len(_all(PUBLIC_MATRIX)) >= told("addresses of public routes")
    assert {"/login", "/logout", "/me"} <= PRIVATE_MATRIX.keys()
    assert sum(len((PRIVATE_MATRIX | PUBLIC_MATRIX)[route]) for route in SERVED) >= max(
        2_000, told("of them over sockets")
    )


def _all(matrix: dict[str, list[bytes]]) -> list[bytes]:
    return sorted({address for addresses in matrix.values() for address in addresses})


@pytest.mark.parametrize("matrix", [PRIVATE_MATRIX, PUBLIC_MATRIX], ids=["private", "public"])
async def test_no_spelling_of_an_address_gives_a_members_page_to_others(
    matrix: dict[str, list[bytes]], open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member goes first and leaves nothing in the cache; who comes after finds no trace of them.

    What the member is given says itself that nobody may keep it, so that a cache before the site has no excuse either.
    """
    opened = open_copy("compression=per_request")
    monkeypatch.setattr(Worker, "run", on_the_spot)
    site = Wire.of(opened)
    cookie = await site.sign_in(0)
    found = traces(0, cookie[1])
    for address in _all({route: addresses for route, addresses in matrix.items() if route not in SERVED}):
        before = len(opened.layers.cache.store)
        for_member = await site.ask(address, cookie)
        assert len(opened.layers.cache.store) == before, address
        if any(for_member.holds(trace) for trace in found):
            _is_nobody_elses(for_member, address)
        _tells_of_nobody(await site.ask(address), found, address)
    _holds_nothing_of(opened, found)


async def test_what_the_server_answers_at_once_is_no_members_page(open_copy: Opener) -> None:
    """The same over sockets, and once more for who comes next, from the server's shortest way.

    The member's requests come many at a time, all before the first of the others'.
    """
    opened = open_copy()
    cookie = await Wire.of(opened).sign_in(0)
    found = traces(0, cookie[1])
    app = Noted(opened.layers.app)
    matrix = {route: (PRIVATE_MATRIX | PUBLIC_MATRIX)[route] for route in SERVED}
    addresses = _all(matrix)
    async with served(app, SiteProtocol, timeout_keep_alive=60) as server:
        for_member = await _ask(server, addresses, cookie, at_once=50)
        assert not opened.layers.cache.store
        for_others = await _ask(server, addresses)
        app.paths.clear()
        for_next = await _ask(server, addresses)
    greeted = set()
    for address, answer in zip(addresses, for_member, strict=True):
        if any(answer.holds(trace) for trace in found):
            greeted.add(address)
            _is_nobody_elses(answer, address)
    for route, spellings in matrix.items():
        assert greeted & set(spellings), route
    hits = 0
    for address, answer, again in zip(addresses, for_others, for_next, strict=True):
        _tells_of_nobody(answer, found, address)
        assert again.lasting == answer.lasting, address
        hits += again.field(b"x-cache") == b"HIT"
    assert hits > 0.9 * len(addresses)
    assert len(app.paths) == sum(answer.reached for answer in for_next) - hits
    _holds_nothing_of(opened, found)


async def _ask(
    server: tuple[str, int], addresses: list[bytes], *fields: tuple[bytes, bytes], at_once: int = 1
) -> list[Answer]:
    """The answers to GETs, which go over several connections, so many at once on each."""
    answers: list[Answer] = [REFUSED] * len(addresses)

    async def take_turns(places: Iterator[int]) -> None:
        line = Line(server)
        while batch := list(itertools.islice(places, at_once)):
            requests = [message(addresses[place], fields=[(b"host", HOST), *fields]) for place in batch]
            for place, answer in zip(batch, await line.ask(*requests), strict=True):
                answers[place] = answer
        line.close()

    places = iter(range(len(addresses)))
    await asyncio.gather(*(take_turns(places) for _ in range(8)))
    return answers


@pytest.mark.parametrize("method", [b"POST", b"HEAD"])
async def test_no_other_method_leaves_a_members_page_behind(
    method: bytes, open_copy: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for a sample of the matrix in random order, when members send forms or only look."""
    opened = open_copy("compression=per_request")
    monkeypatch.setattr(Worker, "run", on_the_spot)
    site = Wire.of(opened)
    cookie = await site.sign_in(0)
    for address in random.Random(18).sample(_all(PRIVATE_MATRIX), 500):
        found = traces(0, cookie[1])
        before = len(opened.layers.cache.store)
        for_member = await site.ask(address, cookie, method=method)
        assert len(opened.layers.cache.store) == before, address
        if for_member.field(b"set-cookie") or any(for_member.holds(trace) for trace in found):
            _is_nobody_elses(for_member, address)
        _tells_of_nobody(await site.ask(address), found, address)
        if for_member.field(b"set-cookie"):  # signed out
            cookie = await site.sign_in(0)
    _holds_nothing_of(opened, (*traces(0, cookie[1]), b"set-cookie"))


async def test_what_only_the_operator_may_read_is_not_kept(open_copy: Opener) -> None:
    """A draft that was asked for with the token is refused to everybody else, in every spelling of its address."""
    opened = open_copy(purge_token="secret")
    site = Wire.of(opened)
    token = (b"x-anp-token", b"secret")
    draft = as_json({"title": "Unheard of", "intro": "Nobody has read this.", "status": "draft"})
    created = await site.ask(b"/api/v1/articles", JSON, token, method=b"POST", body=draft)
    assert created.status == 201, created
    one = b"/api/v1/drafts/%d" % json.loads(created.body)["id"]
    shown = 0
    for address in (one, b"/api/v1/drafts"):
        for spelling in (*_with_extensions(address, 1), *_in_other_spellings(address)):
            before = len(opened.layers.cache.store)
            for_operator = await site.ask(spelling, token)
            if for_operator.holds(b"Unheard of"):
                shown += 1
                assert len(opened.layers.cache.store) == before, spelling
                assert b"no-store" in for_operator.field(b"cache-control"), spelling
            assert not (await site.ask(spelling)).holds(b"Unheard of"), spelling
    assert shown > 0
    assert b"Unheard of" not in stored_bytes(opened)


def _tells_of_nobody(answer: Answer, found: Iterable[bytes], address: bytes) -> None:
    assert not any(answer.holds(trace) for trace in found), address
    assert viewer(answer) in {b"", b"anonymous"}, address


def _holds_nothing_of(opened: Opened, found: Iterable[bytes]) -> None:
    kept = stored_bytes(opened)
    assert not any(trace in kept for trace in (*found, b"viewer=m"))


def _is_nobody_elses(answer: Answer, address: bytes) -> None:
    assert answer.field(b"cache-control") == PRIVATE.encode(), address
    for name in (b"cdn-cache-control", b"cache-groups", b"etag", b"last-modified", b"age"):
        assert answer.field(name) == b"", address
    assert answer.field(b"x-cache") == b"BYPASS", address
