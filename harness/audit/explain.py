"""What the headers of a reply mean, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from harness.audit.reply import TARGETED, Reply, directives, seconds_of, title
from results.cache_status import Layer


@dataclass(frozen=True, slots=True)
class Word:
    """A field and what it says."""

    name: str
    value: str
    means: str


_DIRECTIVES: Final[dict[str, Callable[[str], str]]] = {
    "max-age": lambda s: f"fresh for {span(s)}" if s != "0" else "stale at once",
    "s-maxage": lambda s: f"in shared caches, fresh for {span(s)}",
    "no-cache": lambda _: "may be kept, but must be confirmed before each use",
    "no-store": lambda _: "must not be kept by anybody",
    "private": lambda _: "for one person: a browser may keep it, no shared cache",
    "public": lambda _: "any cache may keep it, even where the request was authorized",
    "must-revalidate": lambda _: "once stale, never used unconfirmed",
    "proxy-revalidate": lambda _: "once stale, never used unconfirmed by shared caches",
    "immutable": lambda _: "does not change while it is fresh, not even on reload",
    "stale-while-revalidate": lambda s: f"for {span(s)} more it may be sent while it is made anew",
    "stale-if-error": lambda s: f"for {span(s)} more it may stand in for a failure",
    "no-transform": lambda _: "nobody may recode it",
    "must-understand": lambda _: "kept only by caches that know its status",
}
_VERDICTS: Final = {
    "HIT": "answered from its store",
    "STALE": "answered from its store with a page past its time",
    "REVALIDATED": "had the page confirmed",
    "EXPIRED": "had a page past its time, and asked further in",
    "MISS": "did not have the page, and asked further in",
    "BYPASS": "passed the request by",
    "ERROR": "failed",
    "UNKNOWN": "does not say what it did",
}


def explain(reply: Reply) -> Iterator[Word]:
    """The fields that matter to caches, those for caches first."""
    apart = any(name in reply.headers for name in TARGETED)
    for name in (*TARGETED, "cache-control"):
        if value := reply.headers.get(name):
            meanings = [
                _DIRECTIVES[word](argument) for word, argument in directives(value).items() if word in _DIRECTIVES
            ]
            whom = "caches in front of the site" if name != "cache-control" else "browsers" if apart else "all"
            yield Word(title(name), value, f"{whom}: {'; '.join(meanings) or 'nothing that is known'}")
    for name, say in _FIELDS.items():
        if (value := reply.headers.get(name)) is not None:
            yield Word(title(name), value, say(value))
    if reply.cookies:
        yield Word("Set-Cookie", f"({len(reply.cookies)})", "the reply gives its reader a cookie: it is for one person")


def layers(reply: Reply) -> str:
    """What each layer did, the one nearest to the reader first."""
    told = [layer for layer in reply.reading.layers if layer.ring != "part"]
    shown: list[Layer] = []
    for layer in reversed(told):
        shown.append(layer)
        if layer.verdict in {"HIT", "STALE"}:
            break  # what stands further in is of the reply that was kept
    return ", ".join(f"{layer.provider} {layer.verdict}" for layer in shown) or "none speaks"


def told(layer: Layer) -> str:
    """What a layer did, in words."""
    age = f", {layer.age} s old" if layer.age is not None else ""
    return f"{layer.provider} {_VERDICTS[layer.verdict]}{age}"


def span(seconds: str) -> str:
    """Seconds as people say them."""
    count = seconds_of(seconds)
    if count is None:
        return f"{seconds!r}, which is no number"
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if count >= size and count % size == 0:
            many = count // size
            return f"{many} {unit}{'s' if many > 1 else ''}"
    return f"{count} s"


_FIELDS: Final[dict[str, Callable[[str], str]]] = {
    "expires": lambda _: "fresh until then, where no max-age is given",
    "age": lambda value: f"made or confirmed {value} s ago",
    "date": lambda _: "when it was made, or sent",
    "etag": lambda value: "stands for its meaning" if value.startswith("W/") else "stands for its very bytes",
    "last-modified": lambda _: "when it last changed",
    "vary": lambda value: (
        f"depends on these fields of the request: {value}" if value != "*" else "fits no other request"
    ),
    "content-encoding": lambda value: f"compressed: {value}",
    "cache-groups": lambda value: f"belongs to {len(value.split(','))} groups, by which it may be purged (RFC 9875)",
    "surrogate-key": lambda value: f"has {len(value.split())} keys, by which it may be purged",
    "cache-tag": lambda value: f"has {len(value.split(','))} tags, by which it may be purged",
    "pragma": lambda _: "of HTTP/1.0, and ignored where there is Cache-Control",
}
