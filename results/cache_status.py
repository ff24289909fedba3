"""What a response's headers say the caches on its way did, layer by layer, and the one cache class that follows.

The whole knowledge is ``TABLE``: one row a header, in the order in which caches usually stand behind one another, the
application first and the network nearest to the user last. ``read`` collects what every row has to say, puts the
layers in order from the origin to the user, and lets the outermost speak for the response. A header that says nothing
known leaves the class UNKNOWN; nothing is ever guessed from timing, nor from a status.

docs/cache-status.md is this module in prose, its table included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import http_sf

RINGS: Final = ("part", "application", "generic", "proxy", "standard", "cdn")
"""Where a cache stands, from the origin to the user.

``part`` is a cache of fragments inside the application, which never answers for a page; ``generic`` is a header name
that anything may use; ``standard`` is a ``Cache-Status`` member of unknown name.
"""

_REUSED: Final = ("HIT", "STALE")


@dataclass(frozen=True, slots=True)
class Layer:
    """What one cache did.

    Attributes:
        provider: The product, or the header's own name where any product may use it.
        verdict: One of ``results.columns.CACHE_CLASSES``.
        age: Seconds since the response was made or confirmed, where told.
        ttl: Seconds it stays fresh; negative when it was served stale.
        hits: How often this cache had served it.
        ring: One of ``RINGS``.
        forwarded: Whether it passed the request on towards the application; None when that does not follow.
    """

    provider: str
    verdict: str
    age: int | None = None
    ttl: int | None = None
    hits: int | None = None
    ring: str = "generic"
    forwarded: bool | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a response's headers say about caches.

    Attributes:
        layers: From the origin to the user. Those inside a HIT or STALE layer are as they were when it was filled.
        verdict: What the outermost layer says; UNKNOWN where none does.
        edge_hit: Whether the outermost layer answered from its store.
        app_ran: Whether the application worked on this request; None where that is not told.
    """

    layers: tuple[Layer, ...]
    verdict: str
    edge_hit: bool
    app_ran: bool | None


def read(headers: Mapping[str, str]) -> Reading:
    """Read every layer.

    Args:
        headers: Values by lower-case name, a repeated header joined with commas; only those in ``RELEVANT`` are read.

    Returns:
        The layers in order and what follows from them. Any value is accepted; one that cannot be read says nothing.
    """
    found: list[Layer] = []
    for row in TABLE:
        if row.header not in headers:
            continue
        value = " ".join(headers[row.header].split())
        if value not in _SILENT:
            said = _outwards(row.read(row, value, headers))
            speakers = {layer.provider for layer in said}
            # Two headers of one product speak of one cache: the fuller is kept, and of equals the later row's.
            others = [layer for layer in found if layer.provider not in speakers]
            if len(found) - len(others) <= len(said):
                found = others + said
    layers = _without_echoes(sorted(found, key=lambda layer: RINGS.index(layer.ring)))
    age = _age(headers.get("age", ""))
    told = [index for index, layer in enumerate(layers) if layer.ring != "part" and layer.verdict != "UNKNOWN"]
    if not told and age:
        provider = "Google Cloud CDN" if _GOOGLE.search(headers.get("via", "")) else "Age"
        layers.append(Layer(provider, "HIT", age, ring="generic", forwarded=False))
    elif age is not None:
        reused = [index for index in told if layers[index].verdict in _REUSED]
        if reused:
            layers[reused[-1]] = replace(layers[reused[-1]], age=age)
    outermost = next((layer for layer in reversed(layers) if layer.ring != "part"), None)
    forwarded = [layer.forwarded for layer in layers]
    return Reading(
        tuple(layers),
        outermost.verdict if outermost else "UNKNOWN",
        outermost is not None and outermost.verdict in _REUSED,
        False if False in forwarded else None if not layers or None in forwarded else True,
    )


def classify(headers: Mapping[str, str]) -> str:
    """The cache class of a response, one of ``results.columns.CACHE_CLASSES``; headers as in ``read``."""
    return read(headers).verdict


def _outwards(layers: Iterable[Layer]) -> list[Layer]:
    """Give each layer of one header at least the ring of the layer inside it: a list's own order is certain."""
    placed: list[Layer] = []
    for layer in layers:
        inner = placed[-1].ring if placed else layer.ring
        placed.append(replace(layer, ring=max(layer.ring, inner, key=RINGS.index)))
    return placed


def _without_echoes(layers: list[Layer]) -> list[Layer]:
    """Leave out what a generic header only repeats of the application's own cache.

    That is the first member of an ``X-Cache`` with its verdict, and ``Server-Timing: cache`` beside any page cache.
    """
    pages = [layer for layer in layers if layer.ring != "part"]
    if any(layer.provider != "Server-Timing" for layer in pages):
        layers = [layer for layer in layers if layer.provider != "Server-Timing"]
    place = next((place for place, layer in enumerate(layers) if layer.ring == "generic"), 0)
    if place and layers[place - 1].ring == "application" and layers[place - 1].verdict == layers[place].verdict:
        return layers[:place] + layers[place + 1 :]
    return layers


# -- words -----------------------------------------------------------------------------------------------------------

_SILENT: Final = {"", "-"}
_WORD: Final = re.compile(r"([A-Za-z][A-Za-z_-]*+)(?=[\s:;,/(]|$)")
_NUMBER: Final = re.compile(r"[0-9]+")
_GOOGLE: Final = re.compile(r"(?i)(?:^|[\s,])1\.1 google(?:$|[\s,])")
_MADE_HERE: Final = {
    "LAMBDAGENERATEDRESPONSE",
    "FUNCTIONGENERATEDRESPONSE",
    "CONSTRUCTED",
    "REDIRECT",
    "SYNTH",
    "INT",
    "INT-FRONT",
    "INT-LOCAL",
}
"""Words for answers that neither came from a store nor were asked for further inside."""


def _word(text: str) -> str:
    """The word a text begins with, in capitals; "" when what begins it is no whole word, such as a host name."""
    match = _WORD.match(text.strip())
    return match[1].upper() if match else ""


def _layer(row: Row, text: str, provider: str = "", ring: str = "", words: Mapping[str, str] | None = None) -> Layer:
    """The layer that the first word of ``text`` tells of; its verdict is "" for a word nobody knows."""
    word = _word(text)
    verdict = (row.words if words is None else words).get(word, "")
    forwarded = verdict not in _REUSED and word not in _MADE_HERE
    return Layer(provider or row.provider, verdict, ring=ring or row.ring, forwarded=forwarded)


def _known(layers: Iterable[Layer]) -> list[Layer]:
    return [layer for layer in layers if layer.verdict]


def _every_word(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """One verdict for each member of a list, the first nearest to the origin."""
    return _known(_layer(row, member) for member in value.split(","))


def _first_word(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """One verdict; what follows a comma explains it."""
    return _known([_layer(row, value)])


def _last_word(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """One verdict, after the name of the place."""
    return _known([_layer(row, value.rsplit(maxsplit=1)[-1])])


def _phrase(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """A verdict by the phrase the value begins with."""
    for phrase, verdict in row.words.items():
        if re.match(re.escape(phrase) + r"(?![\w-])", value, re.IGNORECASE):
            return [Layer(row.provider, verdict, ring=row.ring, forwarded=verdict not in _REUSED)]
    return []


def _part(row: Row, value: str, headers: Mapping[str, str]) -> list[Layer]:
    """A cache of fragments: whatever it says, the application was at work."""
    return [replace(layer, forwarded=True) for layer in _every_word(row, value, headers)]


def _age(value: str) -> int | None:
    """``Age`` by its grammar: digits and nothing else; of a list the first."""
    first = value.split(",", 1)[0].strip()
    return _count(first) if _NUMBER.fullmatch(first) else None


def _count(digits: str) -> int:
    """A number of a header; what is absurdly large is no more than 2**31, as RFC 9111 has it for ages."""
    return min(int(digits[:12]), 2**31)


# -- Cache-Status ----------------------------------------------------------------------------------------------------

_MEMBERS: Final = {"anp": "application", "next.js": "application", "netlify durable": "cdn", "netlify edge": "cdn"}
_FORWARDS: Final = {
    "uri-miss": "MISS",
    "vary-miss": "MISS",
    "miss": "MISS",
    "partial": "MISS",
    "stale": "EXPIRED",
    "bypass": "BYPASS",
    "method": "BYPASS",
    "request": "BYPASS",
}


def _cache_status(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """RFC 9211: members run from the origin to the user."""
    try:
        members: Any = http_sf.parse(value.encode("ascii"), tltype="list")
    except ValueError:
        return []
    layers = []
    for item in members:
        name, parameters = item if isinstance(item, tuple) else (None, {})
        if not isinstance(name, (str, http_sf.Token)):
            return []
        ttl = parameters.get("ttl")
        ttl = ttl if type(ttl) is int else None
        forward = parameters.get("fwd")
        forwarded: bool | None = None
        if parameters.get("hit") is True:
            verdict, forwarded = "STALE" if ttl is not None and ttl < 0 else "HIT", False
        else:
            verdict = _FORWARDS.get(str(forward), "UNKNOWN")
            if verdict == "EXPIRED" and parameters.get("fwd-status") == 304:
                verdict = "REVALIDATED"
            if forward is not None:
                forwarded = parameters.get("collapsed") is not True
        ring = _MEMBERS.get(str(name).lower(), row.ring)
        layers.append(Layer(str(name), verdict, ttl=ttl, ring=ring, forwarded=forwarded))
    return layers


# -- X-Cache: one name, many makers ----------------------------------------------------------------------------------

_UPSTREAM: Final = {
    "HIT": "HIT",
    "STALE": "STALE",
    "UPDATING": "STALE",
    "REVALIDATED": "REVALIDATED",
    "EXPIRED": "EXPIRED",
    "MISS": "MISS",
    "BYPASS": "BYPASS",
}
_CLOUDFLARE: Final = _UPSTREAM | {"DYNAMIC": "BYPASS", "NONE": "BYPASS", "UNKNOWN": "BYPASS"}
_PLAIN: Final = _UPSTREAM | {
    "PASS": "BYPASS",
    "PIPE": "BYPASS",
    "SYNTH": "BYPASS",
    "DYNAMIC": "BYPASS",
    "UNCACHEABLE": "BYPASS",
    "ERROR": "ERROR",
    "HIT-FRESH": "HIT",
    "HIT-STALE": "EXPIRED",
    "NONE": "BYPASS",
    "SKIPPED": "BYPASS",
}
_FASTLY: Final = {"HIT": "HIT", "MISS": "MISS", "PASS": "BYPASS", "ERROR": "ERROR"}
_CLOUDFRONT: Final = {
    "HIT": "HIT",
    "ORIGINSHIELDHIT": "HIT",
    "REFRESHHIT": "REVALIDATED",
    "MISS": "MISS",
    "LAMBDAGENERATEDRESPONSE": "BYPASS",
    "FUNCTIONGENERATEDRESPONSE": "BYPASS",
    "REDIRECT": "BYPASS",
    "ERROR": "ERROR",
}
_AKAMAI: Final = {
    "TCP_HIT": "HIT",
    "TCP_MEM_HIT": "HIT",
    "TCP_IMS_HIT": "HIT",
    "TCP_NEGATIVE_HIT": "HIT",
    "TCP_REFRESH_HIT": "REVALIDATED",
    "TCP_REFRESH_FAIL_HIT": "STALE",
    "TCP_REFRESH_MISS": "EXPIRED",
    "TCP_MISS": "MISS",
    "TCP_DENIED": "ERROR",
}
_AZURE: Final = _AKAMAI | {"TCP_REMOTE_HIT": "HIT", "PRIVATE_NOSTORE": "BYPASS", "CONFIG_NOCACHE": "BYPASS"}
_WIKIMEDIA: Final = {
    "HIT": "HIT",
    "HIT-FRONT": "HIT",
    "HIT-LOCAL": "HIT",
    "HIT-REMOTE": "HIT",
    "MISS": "MISS",
    "PASS": "BYPASS",
    "INT": "BYPASS",
    "INT-FRONT": "BYPASS",
    "INT-LOCAL": "BYPASS",
}
_WIKIMEDIA_HOST: Final = re.compile(r"(?i)cp[0-9]+ ")
_WIKIMEDIA_WORD: Final = re.compile(r"(?i)(hit|int)-(front|local|remote)$")
_MAKERS: Final[tuple[tuple[re.Pattern[str], str, str, Mapping[str, str]], ...]] = (
    (re.compile(r"(?i)\S+ from cloudfront\b"), "CloudFront", "cdn", _CLOUDFRONT),
    (re.compile(r"(?i)TCP_\S+ from .*akamai|TCP_\S+ from a[0-9]+-"), "Akamai", "cdn", _AKAMAI),
    (re.compile(r"(?i)(HIT|MISS) TCP_"), "Alibaba Cloud CDN", "cdn", _UPSTREAM),
    (re.compile(r"(?i)TCP_|PRIVATE_NOSTORE|CONFIG_NOCACHE"), "Azure Front Door", "cdn", _AZURE),
    (_WIKIMEDIA_WORD, "Wikimedia", "cdn", _WIKIMEDIA),
    (re.compile(r"(?i)\S+ from \S"), "Squid", "proxy", _PLAIN),
)
"""How the maker of an ``X-Cache`` value is known: pattern at its beginning, provider, ring, words."""

_GRACED: Final = re.compile(r"(?i)hit (graced|stale)\b")
_HITS: Final = re.compile(r"[A-Za-z]\s*[/:(]\s*([0-9]+)\)?$")


def _x_cache(row: Row, value: str, headers: Mapping[str, str]) -> list[Layer]:
    """A list whose members may come from different makers, the first nearest to the origin."""
    members = [member.strip() for member in value.split(",")]
    # Fastly signs with X-Served-By, one member a node, and counts in X-Cache-Hits; both lists end where X-Cache ends.
    nodes = sum(name.strip().startswith("cache-") for name in headers.get("x-served-by", "").lower().split(","))
    counts = [count.strip() for count in headers.get("x-cache-hits", "").split(",")]
    layers = []
    for place, member in enumerate(members, start=-len(members)):
        layer = _maker(row, member, fastly=-place <= nodes)
        if layer.ring != "proxy" and (counted := _HITS.search(member)):
            layer = replace(layer, hits=_count(counted[1]))
        elif -place <= len(counts) and _NUMBER.fullmatch(counts[place]):
            layer = replace(layer, hits=_count(counts[place]))
        layers.append(layer)
    not_to_be_kept = headers.get("x-check-cacheable", "").strip().upper() == "NO"
    return [
        replace(layer, verdict="BYPASS")
        if not_to_be_kept and (layer.provider, layer.verdict) == ("Akamai", "MISS")
        else layer
        for layer in _known(layers)
    ]


def _maker(row: Row, member: str, *, fastly: bool) -> Layer:
    if host := _WIKIMEDIA_HOST.match(member):
        return _layer(row, member[host.end() :], "Wikimedia", "cdn", _WIKIMEDIA)
    for pattern, provider, ring, words in _MAKERS:
        if pattern.match(member):
            return _layer(row, member, provider, ring, words)
    if fastly:
        return _layer(row, member, "Fastly", "cdn", _FASTLY)
    layer = _layer(row, member)
    return replace(layer, verdict="STALE") if _GRACED.match(member) else layer


def _x_cache_status(row: Row, value: str, headers: Mapping[str, str]) -> list[Layer]:
    """The words of nginx, unless they are Wikimedia's."""
    if _WIKIMEDIA_WORD.match(value):
        return _known([_layer(row, value, "Wikimedia", "cdn", _WIKIMEDIA)])
    return _every_word(row, value, headers)


_TIERS: Final = {
    "HIT": "HIT",
    "HITSTALE": "STALE",
    "REFRESHHIT": "REVALIDATED",
    "MISS": "MISS",
    "NOTCACHEABLE": "BYPASS",
    "CONSTRUCTED": "BYPASS",
    "REDIRECT": "BYPASS",
    "ERROR": "ERROR",
}


def _akamai_tiers(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """The child is the edge and is written first; the words say which is which."""
    tiers: dict[str, Layer] = {}
    for member in value.split(","):
        match = re.fullmatch(r"\s*(\S+) from (child|parent)\s*", member, re.IGNORECASE)
        if match:
            tier = match[2].lower()
            tiers[tier] = _layer(row, match[1], "Akamai" if tier == "child" else "Akamai parent")
    return _known(tiers[tier] for tier in ("parent", "child") if tier in tiers)


# -- Server-Timing ---------------------------------------------------------------------------------------------------

_METRIC: Final = re.compile(r'(?:[^,"]++|"(?:[^"\\]++|\\.)*+"?)++')
_DESCRIPTION: Final = re.compile(r';\s*desc\s*=\s*"?([A-Za-z_-]++)(?=["\s;]|$)')
_TIMED: Final = {"CDN-CACHE-HIT": "HIT", "CDN-CACHE-MISS": "MISS", "CDN-CACHE-REFRESH": "REVALIDATED"}


def _server_timing(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """Metrics that name a cache, by their description or by their own name; names of metrics are case-sensitive."""
    layers = []
    for metric in _METRIC.findall(value):
        name = re.split(r"[;\s]", metric.strip(), maxsplit=1)[0]
        described = _DESCRIPTION.search(metric)
        word = described[1] if described else ""
        if name in {"cdn-cache-hit", "cdn-cache-miss", "cdn-cache-refresh"}:
            layers.append(_layer(row, name, "CloudFront", "cdn", _TIMED))
        elif name == "cdn-cache":
            layers.append(_layer(row, word, "Akamai", "cdn", _PLAIN))
        elif name == "cfCacheStatus":
            layers.append(_layer(row, word, "Cloudflare", "cdn", _CLOUDFLARE))
        elif name == "cache" and _WIKIMEDIA_WORD.match(word):
            layers.append(_layer(row, word, "Wikimedia", "cdn", _WIKIMEDIA))
        elif name == "cache":
            layers.append(_layer(row, word))
    return _known(layers)


# -- headers with a grammar of their own -----------------------------------------------------------------------------

_VARNISH_OWN: Final = re.compile(r"(?i)(pass|pipe|synth)(?![\w.-])")


def _varnish(row: Row, value: str, headers: Mapping[str, str]) -> list[Layer]:
    """Two transaction ids: the object is of an earlier request. One: it was fetched, for the store or past it.

    Only a configuration's own ``X-Cache`` tells a fetch past the store from a miss: ``pass`` is a word of Varnish.
    """
    members = [member.split() for member in value.split(",")]
    if not all(len(ids) in {1, 2} and all(_NUMBER.fullmatch(part) for part in ids) for ids in members):
        return []
    verdicts = ["HIT" if len(ids) == 2 else "MISS" for ids in members]
    last = headers.get("x-cache", "").rsplit(",", 1)[-1].strip()
    made_here = False
    if verdicts[-1] == "MISS" and (own := _VARNISH_OWN.match(last)):
        verdicts[-1], made_here = "BYPASS", own[1].lower() == "synth"
    layers = [Layer(row.provider, verdict, ring=row.ring, forwarded=verdict != "HIT") for verdict in verdicts]
    return [*layers[:-1], replace(layers[-1], forwarded=layers[-1].forwarded and not made_here)]


_TRACE: Final = re.compile(r"[A-Z]+ \S*: ")


def _trace(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """The steps of Symfony's and Rack's cache; of several requests the first is the page."""
    steps = {step.lower() for step in re.split(r"[,/\s]+", _TRACE.sub("", value.split(";", 1)[0], count=1))}
    if steps & {"stale-while-revalidate", "stale-if-error"}:
        verdict = "STALE"
    elif "fresh" in steps:
        verdict = "HIT"
    elif "stale" in steps:
        verdict = "REVALIDATED" if "valid" in steps else "EXPIRED"
    elif "miss" in steps:
        verdict = "MISS"
    elif "pass" in steps:
        verdict = "BYPASS"
    else:
        return []
    return [Layer(row.provider, verdict, ring=row.ring, forwarded=verdict not in _REUSED)]


_SUPER_CACHE: Final = re.compile(r"(?i)served (supercache|wpcache|legacy)\b")


def _super_cache(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    return [Layer(row.provider, "HIT", ring=row.ring, forwarded=False)] if _SUPER_CACHE.match(value) else []


def _litespeed_control(row: Row, value: str, headers: Mapping[str, str]) -> list[Layer]:
    """What the application asked of LiteSpeed; it counts only where LiteSpeed itself says nothing."""
    directives = {directive.strip().lower() for directive in value.split(",")}
    if "x-litespeed-cache" in headers or not directives & {"no-cache", "no-store"}:
        return []
    return [Layer(row.provider, "BYPASS", ring=row.ring, forwarded=True)]


_IINFO: Final = re.compile(r"[0-9]+-[0-9]+-[0-9]+ [0-9A-Z]([A-Z])[A-Z]{2}(?![A-Z])")


def _iinfo(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """The second of four letters: C from the cache, V from the cache and validated, anything else from the origin."""
    match = _IINFO.match(value)
    if not match:
        return []
    verdict = "HIT" if match[1] in "CV" else "MISS"
    return [Layer(row.provider, verdict, ring=row.ring, forwarded=verdict != "HIT")]


_TRAFFIC_SERVER: Final = re.compile(r"\[(?:u[A-Z ])?c([A-Z ])s([A-Z ])")


def _via(row: Row, value: str, _: Mapping[str, str]) -> list[Layer]:
    """The letters after ``c`` (what the lookup found) and ``s`` (what the origin did) in Traffic Server's brackets."""
    layers = []
    for found, origin in _TRAFFIC_SERVER.findall(value):
        if found in "HR":
            verdict = "HIT"
        elif found == "S":
            verdict = {"N": "REVALIDATED", " ": "STALE"}.get(origin, "EXPIRED")
        else:
            verdict = {"M": "MISS", "A": "MISS", " ": "BYPASS"}.get(found, "")
        layers.append(Layer(row.provider, verdict, ring=row.ring, forwarded=verdict not in _REUSED))
    return _known(layers)


# -- the table -------------------------------------------------------------------------------------------------------

Reader = Callable[["Row", str, Mapping[str, str]], Iterable[Layer]]


@dataclass(frozen=True, slots=True)
class Row:
    """One header and how it is read.

    Attributes:
        header: Lower-case name.
        provider: Who sends it.
        ring: Where that cache stands.
        words: Verdict by the word the header begins with, in capitals.
        read: The function that reads a value; it gets this row, the value and all headers.
        says: How values are read, where ``words`` does not say it all.
        source: ``documented`` by the maker or its source code, or ``seen`` in use.
    """

    header: str
    provider: str
    ring: str
    words: Mapping[str, str] = field(default_factory=dict)
    read: Reader = _every_word
    says: str = ""
    source: str = "documented"


_DRUPAL: Final = {"HIT": "HIT", "MISS": "MISS", "UNCACHEABLE": "BYPASS"}
_HIT_OR_MISS: Final = {"HIT": "HIT", "MISS": "MISS"}
_LITESPEED: Final = _HIT_OR_MISS | {"STALE": "STALE", "BYPASS": "BYPASS"}
_NEXT: Final = {"HIT": "HIT", "STALE": "STALE", "MISS": "MISS", "REVALIDATED": "MISS"}
_VERCEL: Final = _NEXT | {"PRERENDER": "HIT", "BYPASS": "BYPASS"}
_GOOGLE_WORDS: Final = _UPSTREAM | {"UNCACHEABLE": "BYPASS", "DISABLED": "BYPASS"}
_EDGEONE: Final = _CLOUDFLARE | {"REFRESHHIT": "REVALIDATED"}

TABLE: Final[tuple[Row, ...]] = (
    Row("x-drupal-dynamic-cache", "Drupal dynamic page cache", "part", _DRUPAL, _part),
    Row("x-nextjs-cache", "Next.js", "application", _NEXT),
    Row("x-symfony-cache", "Symfony", "application", {}, _trace, "steps of the page's own request", "seen"),
    Row("x-rack-cache", "Rack::Cache", "application", {}, _trace, "steps, as Symfony's", "seen"),
    Row("x-magento-cache-debug", "Magento", "application", _DRUPAL, source="seen"),
    Row("x-drupal-cache", "Drupal page cache", "application", _DRUPAL),
    Row("x-wp-super-cache", "WP Super Cache", "application", {}, _super_cache, "`Served supercache …` is HIT"),
    Row(
        "x-nananana", "Batcache", "application", {"BATCACHE-HIT": "HIT", "BATCACHE-SET": "MISS"}, _phrase, source="seen"
    ),
    Row("x-cache-handler", "Cache Enabler", "application", {"CACHE-ENABLER-ENGINE": "HIT"}, _phrase, source="seen"),
    Row(
        "wpo-cache-status",
        "WP-Optimize",
        "application",
        {"CACHED": "HIT", "SAVING TO CACHE": "MISS", "NOT CACHED": "BYPASS"},
        _phrase,
        source="seen",
    ),
    Row(
        "server-timing",
        "Server-Timing",
        "generic",
        _PLAIN,
        _server_timing,
        "`cache;desc=`; Akamai's `cdn-cache;desc=`, CloudFront's `cdn-cache-hit`, `-miss`, `-refresh`, "
        "Cloudflare's `cfCacheStatus;desc=`",
    ),
    Row("x-cache-remote", "Akamai parent", "cdn", _AKAMAI),
    Row(
        "x-cache",
        "X-Cache",
        "generic",
        _PLAIN,
        _x_cache,
        "a list; makers known by their marks: Fastly, CloudFront, Akamai, Azure Front Door, Alibaba Cloud CDN, "
        "Wikimedia, Squid",
    ),
    Row(
        "x-litespeed-cache-control",
        "LiteSpeed",
        "proxy",
        {},
        _litespeed_control,
        "`no-cache` is BYPASS, unless X-Litespeed-Cache speaks",
    ),
    Row("x-litespeed-cache", "LiteSpeed", "proxy", _LITESPEED, _first_word),
    Row("x-lsadc-cache", "LiteSpeed ADC", "proxy", _LITESPEED, _first_word),
    Row("x-rocket-nginx-serving-static", "Rocket-Nginx", "proxy", _UPSTREAM, source="seen"),
    Row("x-srcache-fetch-status", "OpenResty srcache", "proxy", _UPSTREAM, source="seen"),
    Row("x-fastcgi-cache", "X-FastCGI-Cache", "proxy", _UPSTREAM),
    Row("x-nginx-cache", "X-Nginx-Cache", "proxy", _UPSTREAM),
    Row("via", "Apache Traffic Server", "proxy", {}, _via, "letters of the cache lookup, `[uScHs …`", "seen"),
    Row("x-varnish-cache", "Varnish", "proxy", _PLAIN),
    Row("x-varnish", "Varnish", "proxy", {}, _varnish, "two ids are HIT, one is MISS (or pass, where X-Cache says so)"),
    Row("x-proxy-cache", "X-Proxy-Cache", "proxy", _UPSTREAM),
    Row(
        "x-cache-status",
        "X-Cache-Status",
        "proxy",
        _UPSTREAM,
        _x_cache_status,
        "Wikimedia's `hit-front` and the like are its own",
    ),
    Row("x-kinsta-cache", "Kinsta", "proxy", _UPSTREAM, source="seen"),
    Row("x-gateway-cache-status", "GoDaddy", "proxy", _UPSTREAM, source="seen"),
    Row(
        "cache-status",
        "Cache-Status",
        "standard",
        {},
        _cache_status,
        "RFC 9211: `hit` is HIT, with a negative `ttl` STALE; `fwd=` miss kinds are MISS, `stale` is EXPIRED or (304) "
        "REVALIDATED, `bypass`, `method`, `request` are BYPASS",
    ),
    Row("x-vercel-cache", "Vercel", "cdn", _VERCEL),
    Row("perma-cache", "bunny.net storage", "cdn", _UPSTREAM),
    Row("cdn-cache", "bunny.net", "cdn", _UPSTREAM),
    Row("cdn-cache-status", "Google Cloud CDN", "cdn", _GOOGLE_WORDS, source="seen"),
    Row("x-ac", "WordPress.com", "cdn", _UPSTREAM, _last_word, "the last word", "seen"),
    Row("x-cdn-cache-status", "20i", "cdn", _CLOUDFLARE),
    Row("ki-cf-cache-status", "Kinsta edge", "cdn", _CLOUDFLARE, source="seen"),
    Row("x-qc-cache", "QUIC.cloud", "cdn", _LITESPEED, _first_word),
    Row("eo-cache-status", "Tencent EdgeOne", "cdn", _EDGEONE, source="seen"),
    Row("x-site-cache-status", "Alibaba Cloud ESA", "cdn", _CLOUDFLARE),
    Row(
        "akamai-cache-status",
        "Akamai",
        "cdn",
        _TIERS,
        _akamai_tiers,
        "`… from child` is the edge, `… from parent` the tier inside it",
    ),
    Row("x-sucuri-cache", "Sucuri", "cdn", _UPSTREAM, source="seen"),
    Row("x-iinfo", "Imperva", "cdn", {}, _iinfo, "second letter of the four: C and V are HIT, others MISS"),
    Row("cf-cache-status", "Cloudflare", "cdn", _CLOUDFLARE),
)
"""Every header that is read, from the origin to the user; within one ring a later row stands further outside."""

BESIDES: Final = ("x-served-by", "x-cache-hits", "x-check-cacheable", "age")
"""Headers that tell more about a layer, or that one was reused, without a row of their own."""

RELEVANT: Final = tuple(row.header for row in TABLE) + BESIDES
"""Headers looked at."""
