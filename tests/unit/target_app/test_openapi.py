"""The description of the JSON side: a page like any other, made once, and not where others would wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from target_app.policy import ROUTES
from tests.unit.target_app.conftest import BASE, CORPUS, Opened

pytestmark = pytest.mark.anyio
Opener = Callable[..., Opened]
ADDRESS = "/api/v1/openapi.json"


async def test_it_is_kept_by_its_rule_and_counted_as_its_route(open_copy: Opener) -> None:
    """A miss, a hit and a 304, none of them among the errors."""
    opened = open_copy()
    async with opened.client() as client:
        first, second = await client.get(ADDRESS), await client.get(ADDRESS)
        third = await client.get(ADDRESS, headers={"if-none-match": first.headers["etag"]})
    assert [(one.status_code, one.headers["x-cache"]) for one in (first, second, third)] == [
        (200, "MISS"),
        (200, "HIT"),
        (304, "HIT"),
    ]
    assert first.headers["cache-control"] == ROUTES["openapi"].browser
    assert first.json()["openapi"].startswith("3.")
    assert {key[0] for key in opened.site.statistics.tallies} == {"openapi"}


async def test_it_is_made_once_and_off_the_loop(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask at once, and though no page is kept; nothing is made before anybody asks."""
    made: list[threading.Thread] = []
    make = FastAPI.openapi

    def noted(self: FastAPI) -> dict[str, Any]:
        made.append(threading.current_thread())
        return make(self)

    monkeypatch.setattr(FastAPI, "openapi", noted)
    opened = open_copy("page_cache=off")
    assert made == []
    async with opened.client() as client:
        answers = await asyncio.gather(*(client.get(ADDRESS) for _ in range(4)))
    assert len({one.content for one in answers}) == 1
    assert len(made) == 1
    assert made[0] not in {threading.main_thread(), opened.site.worker._thread}


Operation = tuple[str, str, dict[str, Any]]


async def described(client: httpx.AsyncClient) -> tuple[dict[str, Any], list[Operation]]:
    """The description, and its operations: method, an address, and what is said of it."""
    description = (await client.get(ADDRESS)).json()
    return description, [
        (method, path.replace("{id}", str(CORPUS.first_id)), operation)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    ]


async def answered(client: httpx.AsyncClient, operations: list[Operation], status: int, **fields: str) -> list[bool]:
    """Of which operations a request without a text is answered with a status."""
    options = {"headers": fields, "json": {}}
    return [
        (await client.request(method, address, **options)).status_code == status  # type: ignore[arg-type]
        for method, address, _ in operations
    ]


@pytest.mark.parametrize("field", ["x-anp-token", "authorization"])
async def test_with_a_token_it_says_what_wants_it_and_how_it_is_refused(field: str, open_copy: Opener) -> None:
    """Without the token these operations, and no others, are 403, after too many wrong ones 429; with it neither."""
    begin = "Bearer " if field == "authorization" else ""
    async with open_copy(purge_token="right").client() as client:
        description, operations = await described(client)
        guarded = [operation.get("security") == [{"token": []}, {"bearer": []}] for _, _, operation in operations]
        assert await answered(client, operations, 403) == guarded
        assert not any(await answered(client, operations, 403, **{field: f"{begin}right"}))
        for _ in range(10):
            await client.get("/metrics", headers={field: f"{begin}wrong"})
        assert await answered(client, operations, 429, **{field: f"{begin}right"}) == guarded
    assert ("get", "/metrics") in {(method, address) for method, address, _ in operations}
    assert 0 < sum(guarded) < len(guarded)
    for status in ("403", "429"):
        assert [status in operation["responses"] for _, _, operation in operations] == guarded
    schemes = description["components"]["securitySchemes"]
    assert [(one["type"], one.get("name"), one.get("scheme")) for one in schemes.values()] == [
        ("apiKey", "X-Anp-Token", None),
        ("http", None, "bearer"),
    ]


async def test_without_a_token_it_names_none_and_says_what_another_machine_is_refused(open_copy: Opener) -> None:
    """Nothing can be presented; 403 is what others get, and nobody is ever told to wait."""
    opened = open_copy()
    elsewhere = httpx.ASGITransport(app=opened.layers.app, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url=BASE) as client:
        description, operations = await described(client)
        refused = await answered(client, operations, 403)
    assert ["403" in operation["responses"] for _, _, operation in operations] == refused
    assert any(refused)
    assert "securitySchemes" not in description["components"]
    assert not any("security" in operation or "429" in operation["responses"] for _, _, operation in operations)
