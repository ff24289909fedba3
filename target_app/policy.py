"""The cache policy of every route: read from ``policy.toml``, by which the site answers and to which tests hold it.

A route names the query parameters that it reads, and how each is brought to its one form: path and forms together name
a page. What is known to be appended for trackers, such as ``utm_source``, is no part of it. Any other query makes the
answer a BYPASS (``detail=query``): strangers can neither fill the store with copies nor be served each other's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from target_app.search import read_after, read_limit, read_page, read_words

PRIVATE = "private, no-store"
"""What every page made for somebody, and every page that must never be kept, says."""

NOSNIFF = {"x-content-type-options": "nosniff"}
"""The field of every answer that has browsers take it for what its type says, whatever its bytes look like."""

FILE = Path(__file__).with_name("policy.toml")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter that a route reads.

    Attributes:
        read: The value as it came to its one form, empty when it is as good as absent; None for a value that no kept
            page answers.
    """

    name: str
    read: Callable[[str], str | None]


_PARAMETERS = {
    each.name: each
    for each in (
        Parameter("q", read_words),
        Parameter("page", read_page),
        Parameter("after", read_after),
        Parameter("limit", read_limit),
    )
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How the answers of some routes may be kept.

    Attributes:
        name: What the table calls it.
        why: The reason.
        browser: ``Cache-Control`` for an anonymous reader.
        shared_seconds: How long the page cache (and a CDN before it) may keep the answer; None: not at all.
        while_revalidate: For how long beyond that it may be sent while it is made anew, seconds.
        if_error: For how long beyond that it may stand in for a failure, seconds.
    """

    name: str
    why: str
    browser: str
    shared_seconds: int | None = None
    while_revalidate: int = 0
    if_error: int = 0

    @property
    def shared(self) -> str | None:
        """``CDN-Cache-Control``, the word to the page cache; None when there is none."""
        if self.shared_seconds is None:
            return None
        words = [f"max-age={self.shared_seconds}"]
        if self.while_revalidate:
            words.append(f"stale-while-revalidate={self.while_revalidate}")
        if self.if_error:
            words.append(f"stale-if-error={self.if_error}")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """What holds for one route.

    Attributes:
        route: The name used in content marks, statistics, injections and by the traffic.
        rule: How its answers may be kept.
        takes: Its addresses, with fields for what depends on the corpus, and the methods of each, beside HEAD where
            it takes GET.
        statements: Most database statements an anonymous answer to GET or HEAD may cost.
        own_statements: Those for what is shown to members only: a member's answer may cost so many more, and one to
            look up who it is.
        posted: Most that the answer to another method may cost.
        parameters: What its pages read of the query, in the order of the one form.
        tags: What its pages carry; words in capitals stand for what depends on the page.
        kept: Examples of what the page cache keeps.
        refused: Examples of what it does not keep, with the reason.
    """

    route: str
    rule: Rule
    takes: Mapping[str, tuple[str, ...]]
    statements: int
    parameters: tuple[Parameter, ...] = ()
    tags: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    own_statements: int = 0
    posted: int = 0

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its paths, with fields for what depends on the corpus."""
        return tuple(self.takes)

    @property
    def methods(self) -> frozenset[str]:
        """What any of its addresses takes, beside HEAD."""
        return frozenset(method for methods in self.takes.values() for method in methods)

    @property
    def member_statements(self) -> int:
        """Most database statements that a member's answer to GET or HEAD may cost."""
        return self.statements + self.own_statements + 1

    @property
    def example(self) -> str:
        """The address of a page of this route, with fields for what depends on the corpus."""
        return self.kept[0] if self.kept else self.addresses[0]

    @property
    def browser(self) -> str:
        """``Cache-Control`` for an anonymous reader."""
        return self.rule.browser

    @property
    def shared_seconds(self) -> int | None:
        """How long the page cache may keep the answer; None: not at all."""
        return self.rule.shared_seconds

    @property
    def shared(self) -> str | None:
        """``CDN-Cache-Control``, the word to the page cache; None when there is none."""
        return self.rule.shared

    def canonical_query(self, query: bytes) -> bytes | None:
        """The one form of a query of this route.

        Args:
            query: As it came, still percent-encoded.

        Returns:
            None when it holds anything else than the route's parameters, one of them twice, or a value that no kept
            page answers.
        """
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=len(self.parameters))
        except ValueError:
            return None
        given = dict(pairs)
        if len(given) < len(pairs) or not given.keys() <= {parameter.name for parameter in self.parameters}:
            return None
        # An empty value is as good as none on a page; what it is to a program, the application says.
        if "" in given.values() and self.addresses[0].startswith("/api/"):
            return None
        forms = {parameter.name: parameter.read(given.get(parameter.name, "")) for parameter in self.parameters}
        if None in forms.values():
            return None
        return urlencode({name: form for name, form in forms.items() if form}).encode()


def _read() -> Iterator[RoutePolicy]:
    for route in _DOCUMENT["routes"]:
        yield RoutePolicy(
            route["name"],
            RULES[route["rule"]],
            _takes(route["addresses"]),
            route["statements"],
            tuple(_PARAMETERS[name] for name in route.get("parameters", [])),
            tuple(route.get("tags", [])),
            tuple(route["kept"]),
            tuple((address, reason) for address, reason in route["refused"]),
            route.get("own_statements", 0),
            route.get("posted", 0),
        )


def _takes(addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
    words = [address.split() for address in addresses]
    return {address: tuple(methods) or ("GET",) for *methods, address in words}


_DOCUMENT = tomllib.loads(FILE.read_text())

BYPASS: dict[str, str] = _DOCUMENT["bypass"]
"""Reason, as ``Cache-Status`` has it, to what it means."""

TRACKING: frozenset[bytes] = frozenset(name.encode() for name in _DOCUMENT["tracking"]["parameters"])
"""Names of the parameters that are left out of every key."""

RULES: dict[str, Rule] = {
    name: Rule(
        name,
        rule["why"],
        rule["browser"],
        rule.get("shared"),
        rule.get("while_revalidate", 0),
        rule.get("if_error", 0),
    )
    for name, rule in _DOCUMENT["rules"].items()
}

TABLE: tuple[RoutePolicy, ...] = tuple(_read())

ROUTES: dict[str, RoutePolicy] = {policy.route: policy for policy in TABLE}

QUERIES: dict[bytes, Callable[[bytes], bytes | None]] = {
    address.encode(): policy.canonical_query
    for policy in TABLE
    if policy.parameters
    for address in policy.addresses
    if "{" not in address
}
"""Path to the one form of its queries, for every path that reads any."""
