"""What the layers of one request tell each other: it travels in the ASGI scope and is never sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EXCHANGE = "anp.exchange"
"""The scope key."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer.

    Attributes:
        route: Name of the route; set by the application, or by the cache from the stored page.
        word: What the cache did: HIT, STALE, MISS, EXPIRED, REVALIDATED or BYPASS.
        status: The ``Cache-Status`` value.
        inner: Seconds spent inside the application.
        found: What the cache found for the request, for the cache itself.
    """

    route: str = "error"
    word: str = "BYPASS"
    status: bytes = b"anp; fwd=bypass"
    inner: float = 0.0
    found: Any = None
