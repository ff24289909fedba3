"""What is not in the cache's key, and yet decides what everybody is given (cache poisoning).

Each question goes to an address of its own, with a query parameter that nobody has ever sent, so that what gets into a
cache by it stays where nobody else asks. Where a cache leaves that parameter out of its key, nothing is tried but on
this machine, where the page may be purged before and after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from harness.audit.client import PARAMETER, USER_AGENT, Client, token, unasked
from harness.audit.model import Finding, NotTriedError, Seen
from harness.audit.probes import found, is_purged, listed
from harness.audit.reply import Reply

_AGAIN: Final = 3
_OVERSIZE: Final = 9000
_PORT: Final = "47113"
_CANARY: Final = "{canary}"
_Plain = tuple[int, bytes, str]
"""Status, body and target of a reply, without the word that its address alone has."""
_TELEPHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
    "Mobile/15E148 Safari/604.1"
)


@dataclass(frozen=True, slots=True)
class _Input:
    """Something a visitor can send.

    Attributes:
        name: For people.
        headers: Fields; ``{canary}`` stands for a word that is looked for in replies.
        form: A body.
        query: What is appended to the address.
    """

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    query: str = ""

    def passes(self, reply: Reply) -> bool:
        """Whether a page that shows it may be given to those who did not send it."""
        return (
            not (self.form or self.query)
            and "Cookie" not in self.headers
            and not reply.vary & {n.lower() for n in self.headers}
        )


def _hosts(*names: str) -> tuple[_Input, ...]:
    return tuple(_Input(name, {name: f"{_CANARY}.invalid"}) for name in names)


_BATCHES: Final = (
    (
        *_hosts("X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "X-Original-Host"),
        _Input("Forwarded", {"Forwarded": f"host={_CANARY}.invalid"}),
        _Input("X-Forwarded-Prefix", {"X-Forwarded-Prefix": f"/{_CANARY}"}),
        _Input("X-Forwarded-Port", {"X-Forwarded-Port": _PORT}),
    ),
    (
        _Input("X-Original-URL", {"X-Original-URL": f"/{_CANARY}"}),
        _Input("X-Rewrite-URL", {"X-Rewrite-URL": f"/{_CANARY}"}),
    ),
    (_Input("X-HTTP-Method-Override", {"X-HTTP-Method-Override": "HEAD", "X-Method-Override": "HEAD"}),),
    (_Input("Origin", {"Origin": f"https://{_CANARY}.invalid"}),),
    (_Input("a header field of 9 KB", {"X-Oversize": "x" * _OVERSIZE}),),
    (_Input("User-Agent", {"User-Agent": f"{_TELEPHONE} {USER_AGENT} {_CANARY}"}),),
    (_Input("Accept-Language", {"Accept-Language": "ar,ja;q=0.5"}),),
    (_Input("Cookie", {"Cookie": f"lang={_CANARY}; theme={_CANARY}; country={_CANARY}"}),),
    (_Input("utm_source", query=f"&utm_source={_CANARY}"),),
    (_Input("the body of a GET", form=dict.fromkeys(("q", "s", "id", "utm_content"), _CANARY)),),
)
"""What is sent at once; inputs that hide each other's effect are kept apart."""


_SCHEMES: Final = ("X-Forwarded-Proto", "X-Forwarded-Scheme")
_HOST_PORT: Final = "a port in Host"
_CLOAKED: Final = "a parameter within utm_content"
INPUTS: Final = (*(each.name for batch in _BATCHES for each in batch), *_SCHEMES, _HOST_PORT, _CLOAKED)
"""Names of all that is sent."""


@dataclass(slots=True)
class _Trial:
    """Questions about one page.

    Attributes:
        control: What anybody gets, at an address of its own.
        plain: That page, without what belongs to its address.
        is_stable: Whether it is the same each time.
        is_apart: Whether the caches keep such addresses apart; else the page is purged before each question.
        is_kept: Whether a cache keeps pages at such addresses.
    """

    client: Client
    seen: Seen
    control: Reply
    plain: _Plain
    is_stable: bool
    is_apart: bool
    is_kept: bool = False

    def send(self, batch: tuple[_Input, ...]) -> tuple[list[str], list[str]]:
        """Send inputs, then ask without them; names of those that were kept, and of those that were shown."""
        kept, shown, is_proved = self._once(batch)
        # A page that is now this and now that looks changed by chance; a word that was made up is not there by chance.
        if kept and not is_proved and not all(self._once(batch)[0] for _ in range(_AGAIN)):
            kept = []
        return kept, shown

    def _once(self, batch: tuple[_Input, ...]) -> tuple[list[str], list[str], bool]:
        word = token()
        canaries = {each.name: token() for each in batch}
        headers = {
            name: value.replace(_CANARY, canaries[each.name]) for each in batch for name, value in each.headers.items()
        }
        form = {
            name: value.replace(_CANARY, canaries[each.name])
            for each in batch
            for name, value in (each.form or {}).items()
        }
        address = unasked(self.seen.subject.path, word)
        query = "".join(each.query.replace(_CANARY, canaries[each.name]) for each in batch)
        self._make_way()
        # The next visitor has a connection of their own: what a server leaves unread on this one reaches nobody else.
        asked = self.client.get(address + query, {**headers, "Connection": "close"}, form=form or None)
        after = self.client.get(address)
        self.is_kept |= after.reused
        looked_for = {
            name: f":{_PORT}" if name in {"X-Forwarded-Port", _HOST_PORT} else canary
            for name, canary in canaries.items()
        }
        shown = [name for name, text in looked_for.items() if asked.holds(text) and not self.control.holds(text)]
        kept = [name for name, text in looked_for.items() if after.holds(text) and not self.control.holds(text)]
        if kept:
            return kept, shown, True
        made, given = _plain(asked, word), _plain(after, word)
        is_odd = given[0] != self.plain[0]
        if (is_odd and made[0] == given[0]) or (self.is_stable and given != self.plain and made == given):
            return (list(canaries) if self._is_as_before() else []), shown, False
        return [], shown, False

    def _is_as_before(self) -> bool:
        """Whether the page is, at yet another address, what it was: then it has not changed by itself."""
        word = token()
        self._make_way()
        now = _plain(self.client.get(unasked(self.seen.subject.path, word)), word)
        return now == self.plain if self.is_stable else now[0] == self.plain[0]

    def _make_way(self) -> None:
        """Drop what a cache has at all such addresses alike, which would be the answer to whatever is tried."""
        if not self.is_apart:
            self.client.get(self.seen.subject.path, method="PURGE")


def _plain(reply: Reply, word: str) -> _Plain:
    target = reply.headers.get("location", "").replace(word, "")
    return reply.status, reply.body.replace(word.encode(), b""), target


def ask(client: Client, seen: Seen, *, has_visitors: bool, may_purge: bool) -> Iterator[Finding]:
    """Send what a stranger could send, then ask as anybody would.

    Args:
        client: A reader.
        seen: The page.
        has_visitors: Whether others may be given what is tried, so that it has to be seen that they are not.
        may_purge: Whether the page may be purged.

    Raises:
        NotTriedError: Addresses of their own are not kept apart from the page's, or nobody can tell.
    """
    if has_visitors and not any(reply.reading.layers for reply in seen.replies):
        raise NotTriedError("no cache speaks, so that nobody can tell whether visitors would be given what is tried")
    path, one, other = seen.subject.path, token(), token()
    control, again = client.get(unasked(path, one)), client.get(unasked(path, other))
    is_apart = not (seen.is_kept and (control.reused or again.reused))
    if not is_apart:
        without = f"the cache leaves {PARAMETER}=… out of its key"
        if has_visitors:
            raise NotTriedError(f"{without}: visitors would be given what is tried")
        if not may_purge:
            raise NotTriedError(f"{without} and answers with what it has: allow it to be purged with --allow-writes")
        if not is_purged(client, path):
            raise NotTriedError(f"{without} and answers with what it has, and PURGE does not drop that")
        client.get(path, method="PURGE")
        control = client.get(unasked(path, one))
        client.get(path, method="PURGE")
        again = client.get(unasked(path, other))
    trial = _Trial(client, seen, control, _plain(control, one), _plain(control, one) == _plain(again, other), is_apart)
    try:
        yield from _tried(trial)
    finally:
        if not is_apart:
            client.get(path, method="PURGE")
            client.get(path)  # as it was found: in the cache


def _tried(trial: _Trial) -> Iterator[Finding]:
    seen = trial.seen
    for batch in (*_BATCHES, *_of_this(trial.client, seen)):
        poisoned, reflected = trial.send(batch)
        if poisoned and len(batch) > 1:
            poisoned = [name for each in batch for name in trial.send((each,))[0]] or poisoned
        for name in poisoned:
            yield found("unkeyed-input", seen.subject, f"{name} changed what the next visitor was given")
        # Of cookies and bodies caches make a difference without saying so: who sends them may pass the cache by.
        unproven = [each.name for each in batch if each.name in reflected and each.passes(seen.last)]
        if seen.is_kept and not trial.is_kept and unproven and not poisoned:
            yield found("reflected-input", seen.subject, f"the page shows what {listed(unproven)} said")


def _of_this(client: Client, seen: Seen) -> Iterator[tuple[_Input, ...]]:
    """What is sent to this site, and to this page of it."""
    parts = urlsplit(client.origin)
    scheme = "http" if parts.scheme == "https" else "https"
    yield tuple(_Input(name, {name: scheme}) for name in _SCHEMES)
    yield (_Input(_HOST_PORT, {"Host": f"{parts.netloc.removesuffix(f':{parts.port}')}:{_PORT}"}),)
    for name, _ in parse_qsl(urlsplit(seen.subject.path).query)[:1]:
        # Some sites take a semicolon for an ampersand, and caches leave out what begins with utm_content.
        yield (_Input(_CLOAKED, query=f"&utm_content=x;{quote(name)}={_CANARY}"),)
