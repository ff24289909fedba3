"""Under which route an address is counted on a site that does not say so itself: by the shape of its path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

GROUPS: Final = 12
"""Routes named after the first segment of their paths, at most."""

_RESERVED = {"home", "asset", "other", "member", "login", "edit", "purge", "redirect"}
_ASSETS = re.compile(
    r"\.(?:css|m?js|map|png|jpe?g|gif|webp|avif|svg|ico|bmp|woff2?|ttf|otf|eot"
    r"|mp3|mp4|m4a|m4v|ogg|ogv|webm|wav|pdf|zip|gz|webmanifest|wasm)$",
    re.IGNORECASE,
)


def routes_of(paths: Sequence[str], weights: Sequence[float]) -> tuple[str, ...]:
    """The route of each path: ``home``, ``asset`` by its ending, its first segment, or ``other``.

    Up to ``GROUPS`` first segments give their names to routes. Where there are more, the heaviest that hold several
    paths do, as a section of a site does and a lone page does not. A segment that is called as a route of another
    meaning keeps its slash.

    Args:
        paths: With their queries, as they are sent.
        weights: How often each is asked for, relative to the others.
    """
    segments = [_segment(path) for path in paths]
    held: Counter[str] = Counter()
    weight_of: dict[str, float] = {}
    for segment, weight in zip(segments, weights, strict=True):
        if segment:
            held[segment] += 1
            weight_of[segment] = weight_of.get(segment, 0.0) + weight
    named = list(held)
    if len(named) > GROUPS:
        sections = [segment for segment in named if held[segment] > 1]
        named = sorted(sections, key=lambda segment: -weight_of[segment])[:GROUPS]
    names = {segment: f"/{segment}" if segment in _RESERVED else segment for segment in named}
    return tuple(
        names.get(segment, "other") if segment else _lone_route(path)
        for path, segment in zip(paths, segments, strict=True)
    )


def _segment(path: str) -> str:
    """The first segment of a path; empty where something else names its route."""
    bare = path.partition("?")[0]
    return "" if _ASSETS.search(bare) else bare.split("/", 2)[1]


def _lone_route(path: str) -> str:
    if path == "/":
        return "home"
    return "asset" if _ASSETS.search(path.partition("?")[0]) else "other"
