"""``docs/policy.md``: the cache policy of every route as a page, from the one file that the site runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from target_app.policy import BYPASS, RULES, TABLE, TRACKING, RoutePolicy, Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "policy.md"

_HEAD = """# Cache policy

What the reference site lets browsers, its page cache and a CDN keep of every page, and what a page may cost.
This page is written by `make docs` from [`target_app/policy.toml`](../target_app/policy.toml), which the site reads.
The tests hold the site to it, examples included.
What purges a page is told in [purge.md](purge.md), how the cache works in [page-cache.md](page-cache.md).
"""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield from [
        "## Rules",
        "",
        "| rule | browsers (`Cache-Control`) | caches (`CDN-Cache-Control`) | why |",
        "|---|---|---|---|",
    ]
    yield from (_rule(rule) for rule in RULES.values())
    yield from ["", "## Routes", ""]
    yield "Statements are the most that an anonymous answer may cost the database when it is made; a member's may cost"
    yield "one more, for the session, and what is named for members. What is named for changes is the most that an"
    yield "answer to another method may cost. A hit, a 304 and a HEAD from the cache cost none. Words in capitals stand"
    yield "for what depends on the page."
    yield ""
    yield from ["| route | addresses | rule | statements | tags (`Cache-Groups`) |", "|---|---|---|---|---|"]
    yield from (_route(route) for route in TABLE)
    yield from ["", "## What is never looked up nor kept", ""]
    yield "The reason stands in `Cache-Status` as `detail`, but for a method, which is a kind of forwarding of its own."
    yield from ["", "| reason | |", "|---|---|"]
    yield from (f"| `{reason}` | {meaning} |" for reason, meaning in BYPASS.items())
    yield from ["", "## What is no part of an address", ""]
    yield "Parameters that others append to an address, and that no page reads: with them it is given the page without."
    yield ""
    yield ", ".join(f"`{name.decode()}`" for name in sorted(TRACKING))
    yield from ["", "## Examples", "", "| route | kept | not kept |", "|---|---|---|"]
    yield from (_example(route) for route in TABLE if route.kept or route.refused)


def _rule(rule: Rule) -> str:
    shared = f"`{rule.shared}`" if rule.shared else "not at all"
    return f"| {rule.name} | `{rule.browser}` | {shared} | {rule.why} |"


def _route(route: RoutePolicy) -> str:
    query = f" with {', '.join(f'`{one.name}`' for one in route.parameters)}" if route.parameters else ""
    addresses = ", ".join(_address(*each) for each in route.takes.items())
    tags = ", ".join(f"`{tag}`" if " " not in tag else tag for tag in route.tags) or "–"
    own = f", {route.own_statements} for members" if route.own_statements else ""
    posted = f", {route.posted} for changes" if route.posted else ""
    statements = f"{route.statements}{own}{posted}"
    return f"| {route.route} | {addresses}{query} | {route.rule.name} | {statements} | {tags} |"


def _address(address: str, methods: tuple[str, ...]) -> str:
    return f"`{address}`" if methods == ("GET",) else f"`{address}` ({', '.join(methods)})"


def _example(route: RoutePolicy) -> str:
    kept = ", ".join(f"`{address}`" for address in route.kept) or "–"
    refused = ", ".join(f"`{address}` ({reason})" for address, reason in route.refused) or "–"
    return f"| {route.route} | {kept} | {refused} |"


if __name__ == "__main__":
    PAGE.write_text(page())
