"""The cache's decisions, pure: may this request be looked up, may this response be kept, how long, and for whom.

Two profiles: ``SITE`` is the page cache of one content site, which keeps only what says so in ``CDN-Cache-Control``;
``RFC`` is a shared cache before any origin, which does what RFC 9111 lets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from target_app.page_cache.fields import (
    Headers,
    age_value,
    combined,
    delta_seconds,
    directives,
    http_seconds,
    targeted,
)

SESSION_COOKIE = b"anp_session"

Key = tuple[str, bytes, bytes, bytes, *tuple[bytes, ...]]
"""(scheme, host, raw path, query in its one form, further fields of the request); GET and HEAD share it."""

Queries = Mapping[bytes, Callable[[bytes], bytes | None]]
"""Raw path to the one form of its queries: equal forms are one page, None is a query that no kept page answers."""

Vary = tuple[tuple[bytes, bytes | None], ...]
"""Names of request fields, and the values that a stored response was chosen by; None for an absent one."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_FINAL = frozenset(range(200, 600)) - {206, 304}
"""Statuses of responses that are whole; 206 and 304 are parts of others."""

_UNDERSTOOD = frozenset(
    {200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 418, 421, 429, 451}
    | {500, 501, 502, 503, 504, 511}
)
"""Statuses whose meaning for caching this cache knows, for ``must-understand``."""

_HEURISTIC = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses that may be kept without a word about it (RFC 9110, section 15.1)."""


_LONGEST_GUESS = 86_400
"""Most seconds of freshness that are guessed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What kind of cache this is.

    Attributes:
        name: For people.
        targeted_only: Whether only responses with a ``CDN-Cache-Control`` are kept.
        statuses: Which responses may be kept at all.
        sessions: Names of cookies whose bearers are never served from the store; ``__Host-`` may stand before them.
        authorized: Whether requests with ``Authorization`` are looked up.
        any_query: Whether every query names a page of its own; else only those of the paths that say what they read.
        cookies: Whether responses that set cookies may be kept.
        obeys_requests: Whether ``Cache-Control`` and ``Pragma`` of a request count. A site that let anonymous readers
            ask past its cache would be easy to overload.
        locations: Whether a change also drops the pages that its ``Location`` and ``Content-Location`` name.
        validators: Whether pages without an entity tag get one.
        guess: Share of the time since its last change for which a response that says nothing stays fresh (RFC 9111,
            section 4.2.2); 0: nothing is guessed.
    """

    name: str
    targeted_only: bool
    statuses: frozenset[int]
    sessions: tuple[bytes, ...]
    authorized: bool
    any_query: bool
    cookies: bool
    obeys_requests: bool
    locations: bool
    validators: bool
    guess: float


SITE = Profile(
    "site",
    targeted_only=True,
    statuses=frozenset({200, 301, 308, 404, 410}),
    sessions=(SESSION_COOKIE,),
    authorized=False,
    any_query=False,
    cookies=False,
    obeys_requests=False,
    locations=False,
    validators=True,
    guess=0.0,
)
RFC = Profile(
    "rfc",
    targeted_only=False,
    statuses=_FINAL,
    sessions=(),
    authorized=True,
    any_query=True,
    cookies=True,
    obeys_requests=True,
    locations=True,
    validators=False,
    guess=0.1,
)
PROFILES = {profile.name: profile for profile in (SITE, RFC)}


@dataclass(slots=True)
class Request:
    """What the cache looks at in a request; header values are b"" when absent.

    Attributes:
        keyed: Whether the key says all of the query.
        body: Whether a body is announced.
    """

    method: str
    key: Key
    keyed: bool
    body: bool
    session: bool
    authorization: bool
    accept_encoding: bytes
    if_none_match: bytes
    if_modified_since: bytes
    range: bytes
    if_range: bytes
    cache_control: bytes
    headers: Headers


_READ = frozenset(
    {b"host", b"accept-encoding", b"cookie", b"authorization", b"if-none-match", b"if-modified-since"}
    | {b"range", b"if-range", b"cache-control", b"pragma", b"content-length", b"transfer-encoding"}
)
"""Fields that decide; one look tells that another is none of them."""


def read_request(
    method: str,
    raw_path: bytes,
    query: bytes,
    headers: Headers,
    queries: Queries,
    profile: Profile = SITE,
    scheme: str = "http",
    ignored: frozenset[bytes] = frozenset(),
) -> Request:
    """Pick what matters out of a request, in one pass over its headers; their names are in lower case."""
    form = _one_form(raw_path, query, queries, profile, ignored) if query else b""
    host = accept_encoding = if_none_match = cache_control = b""
    single: dict[bytes, bytes] = {}
    body = session = authorization = False
    for name, value in headers:
        if name not in _READ:
            continue
        if name == b"host":
            host = value.lower()
        elif name == b"accept-encoding":
            accept_encoding = accept_encoding + b"," + value if accept_encoding else value
        elif name == b"cookie":
            # Whatever holds the name anywhere is taken for it: a needless bypass does no harm, a missed one does, and
            # applications differ in how they read what is no cookie by the book.
            session = session or any(cookie in value for cookie in profile.sessions)
        elif name == b"authorization":
            authorization = True
        elif name in {b"content-length", b"transfer-encoding"}:
            body = body or value.strip() != b"0"
        elif name == b"if-none-match":
            if_none_match = if_none_match + b"," + value if if_none_match else value
        elif name == b"cache-control":
            cache_control = cache_control + b"," + value if cache_control else value
        else:
            single[name] = value
    if not cache_control and single.get(b"pragma", b"").strip().lower() == b"no-cache":
        cache_control = b"no-cache"
    return Request(
        method,
        (scheme, host, raw_path, form or b""),
        form is not None,
        body,
        session,
        authorization,
        accept_encoding,
        if_none_match,
        single.get(b"if-modified-since", b""),
        single.get(b"range", b""),
        single.get(b"if-range", b""),
        cache_control,
        headers,
    )


def _one_form(
    raw_path: bytes, query: bytes, queries: Queries, profile: Profile, ignored: frozenset[bytes]
) -> bytes | None:
    """What a query says of a page, in one form; None where no key can say it."""
    # Names count as they are written; what stays keeps its order.
    said = b"&".join(each for each in query.split(b"&") if each.partition(b"=")[0] not in ignored)
    if not said or profile.any_query:
        return said
    read_query = queries.get(raw_path)
    return read_query(said) if read_query is not None else None


def bypass_reason(request: Request, profile: Profile = SITE) -> str | None:
    """Why a request is not to be looked up, nor its answer kept; None when it may be.

    The words are those of ``Cache-Status``: ``method`` is its own kind of forwarding, the others detail a bypass.
    """
    if request.method not in {"GET", "HEAD"}:
        return "method"
    if request.body:
        # An application may answer by what it says, and no key tells of it.
        return "body"
    if request.session:
        return "session"
    if request.authorization and not profile.authorized:
        return "auth"
    if not request.keyed:
        # A query that the page does not read must neither fill the store with copies nor share a page.
        return "query"
    return None


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a response may be kept, and what may be done with it when it is stale.

    Attributes:
        lifetime: Seconds of freshness, counted from its making at the origin; 0: only after asking the origin.
        age: How old it was on arrival, seconds.
        while_revalidate: Seconds beyond, in which it may be sent while a new one is fetched (RFC 5861).
        if_error: Seconds beyond, in which it may be sent instead of a failure (RFC 5861).
        may_be_stale: Whether a client may be given it stale because it says that this is good enough.
        vary: Request fields that the response was chosen by.
    """

    lifetime: int
    age: float
    while_revalidate: int
    if_error: int
    may_be_stale: bool
    vary: Vary


def terms(
    status: int,
    headers: Headers,
    request: Request,
    profile: Profile,
    *,
    cap: int,
    delay: float = 0.0,
    now: float | None = None,
) -> Terms | None:
    """What may be done with a response to a GET; None where it may not be kept.

    Freshness is that of RFC 9111, section 4.2: of the targeted field alone where there is one (RFC 9213), else
    ``s-maxage``, ``max-age``, ``Expires``, or the profile's guess.

    Args:
        status: Of the response.
        headers: Of the response; names in lower case.
        request: What it answers.
        profile: Of the cache.
        cap: Most seconds of freshness.
        delay: Seconds from asking to having it.
        now: Unix seconds of its arrival; None leaves ``Date`` out of its age.
    """
    if status not in profile.statuses:
        return None
    targets = combined(headers, b"cdn-cache-control")
    said = targeted(targets) if targets is not None else None
    plain = directives(combined(headers, b"cache-control") or b"")
    if profile.targeted_only and (said is None or {"private", "no-store", "no-cache"} & plain.keys()):
        return None
    rules = plain if said is None else said
    vary = varied(headers, request.headers)
    if vary is None or _is_forbidden(status, headers, rules, request, profile):
        return None
    arrival = http_seconds(combined(headers, b"date") or b"")
    lifetime = _lifetime(status, rules, headers if said is None else [], profile, now=now, date=arrival)
    if lifetime is None:
        return None
    told = combined(headers, b"age")
    age = 0 if told is None else age_value(told)
    must_ask = "no-cache" in rules or age is None
    if must_ask:
        lifetime = 0
    lifetime = min(lifetime, cap)
    has_validator = any(name in {b"etag", b"last-modified"} for name, _ in headers)
    if lifetime == 0 and (profile.targeted_only or not has_validator):
        return None
    # Dates have whole seconds: a page made in this second is not old.
    apparent = max(0, int(now) - arrival) if now is not None and arrival is not None else 0
    strict = must_ask or bool({"must-revalidate", "proxy-revalidate", "s-maxage"} & rules.keys())
    return Terms(
        lifetime,
        max(apparent, (age or 0) + (delay if told is not None else 0)),
        0 if strict else delta_seconds(rules.get("stale-while-revalidate")),
        0 if strict else delta_seconds(rules.get("stale-if-error")),
        not strict,
        vary,
    )


def _is_forbidden(
    status: int, headers: Headers, rules: Mapping[str, str | None], request: Request, profile: Profile
) -> bool:
    """Whether a response must not be kept, however fresh it is (RFC 9111, section 3)."""
    secret = status not in _UNDERSTOOD if "must-understand" in rules else "no-store" in rules
    return (
        secret
        or "private" in rules
        or (profile.obeys_requests and "no-store" in directives(request.cache_control))
        or (not profile.cookies and combined(headers, b"set-cookie") is not None)
        or (request.authorization and not {"public", "s-maxage", "must-revalidate"} & rules.keys())
    )


_TELLING = (frozenset(range(200, 400)) - {206}) | {401, 403, 404, 405, 410, 451}
"""Statuses that say something of the page; others find fault with one request, or come from a failure."""


def outdates(status: int, request: Request, profile: Profile) -> bool:
    """Whether a response that may not be kept is what a page that was kept has become, for every reader.

    It is not where it was refused for the sake of one request: for its ``Authorization`` or its ``no-store``.
    """
    if request.authorization or (profile.obeys_requests and "no-store" in directives(request.cache_control)):
        return False
    return status in _TELLING


def _lifetime(
    status: int,
    rules: Mapping[str, str | None],
    headers: Headers,
    profile: Profile,
    *,
    now: float | None,
    date: int | None,
) -> int | None:
    """Seconds of freshness; None where neither the response nor its status says that it may be kept at all."""
    for name in ("s-maxage", "max-age"):
        if name in rules:
            return delta_seconds(rules[name])
    since = date if date is not None else now
    expires = combined(headers, b"expires")
    if expires is not None:
        at = http_seconds(expires)
        return max(at - int(since), 0) if at is not None and since is not None else 0
    if status not in _HEURISTIC and "public" not in rules:
        return None
    changed = http_seconds(combined(headers, b"last-modified") or b"")
    if changed is None or now is None:
        return 0
    return min(int(profile.guess * max(now - changed, 0)), _LONGEST_GUESS)


def varied(headers: Headers, asked: Headers) -> Vary | None:
    """The request fields a response was chosen by, with their values; None where no other request has the same."""
    value = combined(headers, b"vary")
    if value is None:
        return ()
    names = sorted({name.strip().lower() for name in value.split(b",")} - {b""})
    if b"*" in names:
        return None
    return tuple((name, _plain(name, asked)) for name in names)


_CASELESS = frozenset({b"accept-charset", b"accept-encoding", b"accept-language"})
"""Request fields that mean the same in any case (RFC 9110, sections 12.5.2 to 12.5.4)."""


def _plain(name: bytes, asked: Headers) -> bytes | None:
    """A field of a request in one form, for comparing; the order of its members may mean something and stays."""
    value = combined(asked, name)
    if value is None:
        return None
    if name in _CASELESS:
        value = value.lower()
    return b",".join(b" ".join(part.split()) for part in value.split(b","))


def fits(vary: Vary, asked: Headers) -> bool:
    """Whether a request would be given the response that was chosen by these fields."""
    return all(_plain(name, asked) == value for name, value in vary)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of the cache.

    Attributes:
        ask: Whether the origin is to be asked, however fresh the page.
        max_age: Most seconds of age; None: any.
        min_fresh: Seconds for which it must stay fresh.
        max_stale: Seconds by which it may be stale.
        only_if_cached: Whether the origin must not be asked.
    """

    ask: bool = False
    max_age: int | None = None
    min_fresh: int = 0
    max_stale: int = 0
    only_if_cached: bool = False


NO_WISH = Wish()


def wish(request: Request, profile: Profile) -> Wish:
    """The directives of a request (RFC 9111, section 5.2.1), where the profile listens to them.

    ``only-if-cached`` is heard by every profile: it costs nothing.
    """
    if not request.cache_control:
        return NO_WISH
    asked = directives(request.cache_control)
    if not profile.obeys_requests:
        return Wish(only_if_cached="only-if-cached" in asked)
    stale = asked.get("max-stale", "0")
    return Wish(
        "no-cache" in asked,
        delta_seconds(asked["max-age"]) if "max-age" in asked else None,
        delta_seconds(asked.get("min-fresh")),
        2**31 if stale is None else delta_seconds(stale),
        "only-if-cached" in asked,
    )


def dropped_by(method: str, status: int, headers: Headers, key: Key, profile: Profile) -> Iterable[bytes]:
    """Raw paths whose pages a request has made doubtful (RFC 9111, section 4.4): none by a safe or a failed one."""
    if method in SAFE or not 200 <= status < 400:
        return ()
    _, host, path, *_ = key
    paths = {path}
    if profile.locations:
        for name in (b"location", b"content-location"):
            value = combined(headers, name)
            if value is not None and (own := _own_path(value, host)) is not None:
                paths.add(own)
    return paths


def _own_path(reference: bytes, host: bytes) -> bytes | None:
    """The raw path of an address on this host; None where it lies elsewhere."""
    reference = reference.partition(b"#")[0].partition(b"?")[0]
    if reference.startswith(b"/") and not reference.startswith(b"//"):
        return reference
    scheme, _, rest = reference.partition(b"//")
    if scheme in {b"http:", b"https:", b""} and rest:
        authority, slash, path = rest.partition(b"/")
        return slash + path or b"/" if authority.lower() == host else None
    return None
