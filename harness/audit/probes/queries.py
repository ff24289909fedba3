"""What the query is to the cache's key: too much of it, or too little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.audit.client import Client, token, unasked
from harness.audit.model import Finding, Seen
from harness.audit.probes import found


def ask(client: Client, seen: Seen) -> Iterator[Finding]:
    """Ask for the page with what trackers append, with its parameters in another order, and with other values."""
    path, last = seen.subject.path, seen.last
    if last.status != 200:
        return
    own = parse_qsl(urlsplit(path).query, keep_blank_values=True)
    bare = urlsplit(path).path
    if seen.is_kept:
        # Twice: an inner cache may have dropped the page since an outer one took it, and then makes it anew once.
        tracked = (client.get(f"{path}{'&' if own else '?'}utm_source={token()}") for _ in range(2))
        if all(reply.status == 200 and reply.body == last.body and reply.reading.app_ran for reply in tracked):
            yield found("tracking-splits", seen.subject, "the page is in a cache, and was made anew for ?utm_source=…")
        if len(dict(own)) == len(own) > 1:
            turned = client.get(f"{bare}?{urlencode(own[::-1])}")
            if turned.status == 200 and turned.body == last.body and turned.reading.app_ran:
                yield found("query-order-splits", seen.subject, f"?{urlencode(own[::-1])} was made anew")
    for place, (name, value) in enumerate(own):
        asking = partial(_with, bare, own, place)
        if (wrong := _ignores(client, seen, asking, value)) is not None:
            yield found(
                "query-ignored", seen.subject, f"{name}={wrong[1]} is answered with the page of {name}={wrong[0]}"
            )


def _with(bare: str, own: list[tuple[str, str]], place: int, word: str) -> str:
    """The address with another value for one of its parameters."""
    return f"{bare}?{urlencode([*own[:place], (own[place][0], word), *own[place + 1 :]])}"


def _ignores(client: Client, seen: Seen, asking: Callable[[str], str], value: str) -> tuple[str, str] | None:
    """Two values of a parameter of which the second was given the page of the first.

    The proof is a word that was made up, on the page of another one; or that the page has the value in a field of its
    form, and is the same for a word that was made up.
    """
    one, other, apart = token(), token(), token()
    client.get(unasked(asking(one), apart))
    if client.get(unasked(asking(other), apart)).holds(one):
        return one, other
    reply = client.get(asking(other))
    if f'value="{value}"'.encode() in seen.last.body and value and reply.body == seen.last.body:
        return value, other
    return None
