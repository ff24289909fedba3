"""Who is told in ``Server-Timing`` what a response cost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from target_app.errors import SettingError
from target_app.throttle import PER_TOKEN
from tests.contract import breaches
from tests.unit.target_app.conftest import Opened
from tests.unit.target_app.test_response_contract import ask

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
PATHS = ("/", "/", "/none", "/login", "/anp/about", "/metrics")
RIGHT, BEARER = {"x-anp-token": "secret"}, {"authorization": "Bearer secret"}


@pytest.mark.parametrize(
    ("mode", "headers", "told"),
    [
        ("public", {}, True),
        ("off", {}, False),
        ("off", RIGHT, False),
        ("token", {}, False),
        ("token", {"x-anp-token": "wrong"}, False),
        ("token", {"x-anp-token": ""}, False),
        ("token", RIGHT, True),
        ("token", BEARER, True),
    ],
)
async def test_those_are_told_who_may_be(mode: str, headers: dict[str, str], told: bool, open_copy: Opener) -> None:
    """On hits and on everything else, refusals of a host included; the rest of the contract holds all the same."""
    opened = open_copy(server_timing=mode, purge_token="secret", hosts=("site.example",))
    words = set()
    async with opened.client() as client:
        for path in PATHS:
            reply = await ask(client, path, headers=headers)
            assert breaches(reply, told=told) == [], path
            words.add(reply["x-cache"])
        refused = await ask(client, "/", headers={**headers, "host": "evil.example"})
        assert breaches(refused, told=told) == []
    assert words == ({"BYPASS"} if headers == BEARER else {"HIT", "MISS", "BYPASS"})


async def test_a_stored_page_tells_nobody_what_only_the_bearer_of_the_token_may_know(open_copy: Opener) -> None:
    """What was told to one reader is not kept for the next."""
    async with open_copy(server_timing="token", purge_token="secret").client() as client:
        replies = [await ask(client, "/", headers=headers) for headers in (RIGHT, {}, RIGHT, {})]
    assert [reply["x-cache"] for reply in replies] == ["MISS", "HIT", "HIT", "HIT"]
    assert [bool(reply.all("server-timing")) for reply in replies] == [True, False, True, False]


async def test_nobody_can_find_the_token_out_by_guessing(open_copy: Opener) -> None:
    """After some wrong tokens not even the right one is told, as with purges; who presents none is not counted."""
    async with open_copy(server_timing="token", purge_token="secret").client() as client:
        for _ in range(PER_TOKEN + 5):
            assert not (await ask(client, "/")).all("server-timing")
        assert (await ask(client, "/", headers=RIGHT)).all("server-timing")
        for number in range(PER_TOKEN):
            assert not (await ask(client, "/", headers={"x-anp-token": f"guess-{number}"})).all("server-timing")
        told = (await ask(client, "/", headers=RIGHT)).all("server-timing")
        refused = await client.post("/anp/purge", json={"all": True}, headers=RIGHT)
    assert not told
    assert refused.status_code == 429


async def test_without_a_token_there_is_none_to_present(open_copy: Opener) -> None:
    """It is said in one line, with the remedy."""
    with pytest.raises(SettingError, match="name one with --purge-token"):
        open_copy(server_timing="token")
