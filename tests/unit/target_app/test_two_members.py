"""Two members and an anonymous reader at once, over every route: nobody is given anything of anybody else."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.unit.target_app.conftest import Opened
from tests.unit.target_app.wire import ADDRESSES, Answer, Wire, in_turns, stored, stored_bytes, told, traces, viewer

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]

SUFFIXES = [
    b"", b"", b"", b"x.css", b"/x.css", b"%2fx.css", b";x.css", b"?x.css", b"?utm_source=x", b"%00x.css", b"%0ax.js",
    b"/../x.css", b"/..%2frobots.txt", b"#x", b"%3fx.png", b"//", b".json",
]  # fmt: skip
METHODS = [b"GET"] * 9 + [b"HEAD", b"POST"]
ASKED = [address + suffix for address in ADDRESSES for suffix in SUFFIXES]
REQUESTS = 6_000
_LIST = re.compile(rb"<h2>Your reading list</h2>.*</main>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and what no one else may see."""

    name: str
    fields: tuple[tuple[bytes, bytes], ...]
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer and whom it was for."""

    person: Person
    address: bytes
    answer: Answer


async def _people(site: Wire) -> list[Person]:
    """Two members with their reading lists, and somebody without a session."""
    people = [Person("nobody", (), ())]
    for index, name in enumerate(("ann", "ben")):
        cookie = await site.sign_in(index)
        page = _LIST.search((await site.ask(b"/me", cookie)).body)
        assert page is not None
        # A busy browser brings more than one cookie, in more than one field.
        busy = (cookie, (b"cookie", b"theme=dark; lang=de"))
        people.append(Person(name, busy, (*traces(index, cookie[1]), page.group())))
    return people


def _leaks(seen: list[Seen], people: list[Person]) -> list[tuple[str, str, bytes]]:
    """Whose secret was in whose answer, and at which address."""
    return [
        (owner.name, one.person.name, one.address)
        for one in seen
        for owner in people
        if owner is not one.person and any(one.answer.holds(secret) for secret in owner.secrets)
    ]


async def _go_about(site: Wire, people: list[Person], requests: int, seed: int) -> list[Seen]:
    """Everybody asks for everything, in random order and sixteen at a time."""
    dice = random.Random(seed)

    async def one(person: Person, address: bytes, method: bytes) -> Seen:
        return Seen(person, address, await site.ask(address, *person.fields, method=method))

    jobs = []
    for _ in range(requests):
        address, method = dice.choice(ASKED), dice.choice(METHODS)
        if method == b"POST" and address.startswith(b"/logout"):
            continue  # all the others are to stay signed in
        jobs.append(one(dice.choice(people), address, method))
    return list(await in_turns(jobs, 16))


def test_as_many_requests_are_made_as_are_told() -> None:
    """The document promises no more requests than are made."""
    assert told("requests of two members and a reader") <= REQUESTS


@pytest.mark.parametrize("settings", [(), ("cache_ttl=0",), ("coalesce=off",), ("page_cache=off",)], ids=str)
async def test_nobody_is_given_anything_of_anybody_else(settings: tuple[str, ...], open_copy: Opener) -> None:
    """Names, logins, addresses, ids, sessions and reading lists are in their owner's answers only, and never kept."""
    opened = open_copy(*settings)
    site = Wire.of(opened)
    people = await _people(site)
    seen = await _go_about(site, people, REQUESTS // 4, seed=21)
    assert _leaks(seen, people) == []
    ids = {"nobody": b"anonymous", "ann": people[1].secrets[0], "ben": people[2].secrets[0]}
    assert {(one.person.name, viewer(one.answer)) for one in seen if viewer(one.answer)} == set(ids.items())
    assert {one.answer.status for one in seen} <= {200, 301, 303, 400, 403, 404, 405, 415, 422}
    kept = stored_bytes(opened)
    assert not any(secret in kept for person in people for secret in person.secrets)
    assert {entry.representation.status for entry in stored(opened)} <= {200, 301, 404}


async def test_after_signing_out_nothing_of_the_member_is_left(open_copy: Opener) -> None:
    """The next reader at the same address, and the member without the session, get what everybody gets."""
    opened = open_copy()
    site = Wire.of(opened)
    people = await _people(site)
    await _go_about(site, people, 300, seed=22)
    for person in people[1:]:
        assert (await site.ask(b"/logout", *person.fields, method=b"POST")).status == 303
    afterwards = [
        Seen(people[0], address, await site.ask(address, *person.fields))
        for address in random.Random(23).sample(ASKED, 200)
        for person in people
    ]
    assert _leaks(afterwards, people) == []
    assert {viewer(one.answer) for one in afterwards} == {b"", b"anonymous"}


async def test_a_site_that_leaks_is_found_out(open_copy: Opener) -> None:
    """The same requests to a site that is broken on purpose find members' pages in other hands."""
    site = Wire.of(open_copy("fault=leak_member_page"))
    people = await _people(site)
    leaks = _leaks(await _go_about(site, people, REQUESTS // 4, seed=21), people)
    assert "nobody" in {receiver for _, receiver, _ in leaks}
