"""The description of the JSON side: a page like any other, made once, and not where others would wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from target_app.policy import ROUTES
from tests.unit.target_app.conftest import Opened

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
