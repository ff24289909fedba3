"""What the query is to the cache's key: too much of it, or too little."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.audit.client import Client, token
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
        if len(own) > 1:
            turned = client.get(f"{bare}?{urlencode(own[::-1])}")
            if turned.status == 200 and turned.body == last.body and turned.reading.app_ran:
                yield found("query-order-splits", seen.subject, f"?{urlencode(own[::-1])} was made anew")
    for place, (name, value) in enumerate(own):
        # Only a page that shows the value is known to go by it.
        if len(value) < 3 or value.encode() not in last.body:
            continue
        other = token()
        asked = f"{bare}?{urlencode([*own[:place], (name, other), *own[place + 1 :]])}"
        reply = client.get(asked)
        if reply.status == 200 and reply.body == last.body:
            yield found("query-ignored", seen.subject, f"{name}={other} is answered with the page of {name}={value}")
