"""The classifier against recorded and documented headers, and against headers nobody would send."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.cache_status import RELEVANT, RINGS, TABLE, Layer, classify, read
from results.columns import CACHE_CLASSES

ROOT = Path(__file__).resolve().parents[3]
BY_NAME = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests" / "fixtures" / "cache_headers").glob("*.json"))
}
FIXTURES = list(BY_NAME.values())
CASES = [
    pytest.param(case, id=f"{fixture['provider']}: {case['headers']}")
    for fixture in FIXTURES
    for case in fixture["cases"]
]
VERIFIED = {
    "Cache-Status of RFC 9211: hit, fwd, fwd-status": ("cache-status", "cache-status"),
    "Cloudflare's CF-Cache-Status": ("cloudflare", "cf-cache-status"),
    "Fastly's X-Cache with X-Cache-Hits and X-Served-By": ("fastly", "x-served-by"),
    "Akamai's X-Cache": ("akamai", "x-cache"),
    "Akamai's X-Cache-Remote": ("akamai", "x-cache-remote"),
    "Akamai's X-Check-Cacheable": ("akamai", "x-check-cacheable"),
    "Akamai-Cache-Status": ("akamai", "akamai-cache-status"),
    "Akamai's Server-Timing: cdn-cache": ("akamai", "server-timing"),
    "Azure's X-Cache": ("azure", "x-cache"),
    "Vercel's X-Vercel-Cache": ("vercel-and-next", "x-vercel-cache"),
    "Next.js's X-Nextjs-Cache": ("vercel-and-next", "x-nextjs-cache"),
    "bunny.net's CDN-Cache": ("bunny", "cdn-cache"),
    "bunny.net's Perma-Cache": ("bunny", "perma-cache"),
    "Varnish's X-Varnish: one id or two": ("varnish", "x-varnish"),
    "X-Cache of a Varnish configuration": ("varnish", "x-cache"),
    "X-Cache-Hits of a Varnish configuration": ("varnish", "x-cache-hits"),
    "X-Varnish-Cache of a Varnish configuration": ("varnish", "x-varnish-cache"),
    "nginx's words in X-Cache-Status": ("nginx", "x-cache-status"),
    "nginx's words in X-Proxy-Cache": ("nginx", "x-proxy-cache"),
    "nginx's words in X-FastCGI-Cache": ("nginx", "x-fastcgi-cache"),
    "nginx's words in X-Nginx-Cache": ("nginx", "x-nginx-cache"),
    "nginx's words in X-Cache": ("nginx", "x-cache"),
    "WordPress VIP's x-cache": ("wordpress-vip-and-surge", "x-cache"),
    "Batcache's comment in the page": ("page-comments", "cache-control"),
    "WP Super Cache's X-WP-Super-Cache": ("wordpress-plugins", "x-wp-super-cache"),
    "Surge's X-Cache: expired": ("wordpress-vip-and-surge", "x-cache"),
    "W3 Total Cache's comment in the page": ("page-comments", "content-type"),
    "LiteSpeed's X-Litespeed-Cache": ("litespeed", "x-litespeed-cache"),
    "LiteSpeed's X-Litespeed-Cache-Control": ("litespeed", "x-litespeed-cache-control"),
    "LiteSpeed ADC's X-LSADC-Cache": ("litespeed", "x-lsadc-cache"),
    "QUIC.cloud's X-QC-Cache": ("litespeed", "x-qc-cache"),
    "20i's X-CDN-Cache-Status": ("hosts", "x-cdn-cache-status"),
    "SiteGround's X-Proxy-Cache": ("hosts", "x-proxy-cache"),
    "Drupal's X-Drupal-Cache": ("drupal", "x-drupal-cache"),
    "Drupal's X-Drupal-Dynamic-Cache": ("drupal", "x-drupal-dynamic-cache"),
    "Imperva's X-Iinfo": ("imperva-and-esa", "x-iinfo"),
    "Alibaba Cloud ESA's X-Site-Cache-Status": ("imperva-and-esa", "x-site-cache-status"),
    "Wikimedia's earlier X-Cache": ("wikimedia", "x-cache"),
    "Age": ("age", "age"),
}
"""Every way of saying it that is verified in its maker's source or documentation: the fixture, and the header in it.

The number of WordPress's database queries (``Server-Timing: wp-db-queries``) is no cache status;
tests/unit/locustfiles/test_reading.py has it.
"""
TALKATIVE = [row.header for row in TABLE if row.words and row.header not in {"server-timing", "akamai-cache-status"}]


def told(layer: Layer) -> dict[str, Any]:
    """A layer in the words of a fixture."""
    values = {name: getattr(layer, name) for name in ("provider", "verdict", "age", "ttl", "hits")}
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("case", CASES)
def test_headers_of_real_caches_are_read_layer_by_layer(case: dict[str, Any]) -> None:
    """Each fixture's layers, class, edge hit and whether the application ran come out as written there."""
    reading = read(case["headers"])
    assert [told(layer) for layer in reading.layers] == case["layers"]
    assert (reading.verdict, reading.edge_hit, reading.app_ran) == (case["verdict"], case["edge_hit"], case["app_ran"])


def test_every_row_has_a_fixture_of_its_own_standing() -> None:
    """Each header of the table occurs in a fixture, a documented one in a fixture marked V."""
    occurs: dict[str, set[str]] = {mark: set() for mark in "VK"}
    for fixture in FIXTURES:
        occurs[fixture["mark"]] |= {name for case in fixture["cases"] for name in case["headers"]}
    assert {row.header for row in TABLE if row.source == "documented"} <= occurs["V"]
    assert {row.header for row in TABLE} <= occurs["V"] | occurs["K"]


@pytest.mark.parametrize(("name", "header"), VERIFIED.values(), ids=VERIFIED)
def test_what_is_verified_has_a_fixture_marked_so(name: str, header: str) -> None:
    """The fixture is marked V, and the header occurs in it."""
    fixture = BY_NAME[name]
    assert fixture["mark"] == "V"
    assert any(header in case["headers"] for case in fixture["cases"])


def test_every_verified_fixture_is_of_something_verified() -> None:
    """No fixture is marked V that is not in the list, but that of the reference site itself."""
    assert {name for name, fixture in BY_NAME.items() if fixture["mark"] == "V"} == {
        "reference-site",
        *(name for name, _ in VERIFIED.values()),
    }


@pytest.mark.parametrize("words", ["by W3 Total Cache", "served from batcache"])
def test_a_comment_in_the_page_is_not_searched_for(words: str) -> None:
    """A cache that tells it in the page alone is UNKNOWN: its answer has no header that any row of the table reads."""
    [case, *_] = [case for case in BY_NAME["page-comments"]["cases"] if words in case["body"]]
    assert not set(case["headers"]) & set(RELEVANT)
    assert classify(case["headers"]) == "UNKNOWN"


def test_fixtures_say_where_their_values_are_from() -> None:
    """Provider, mark and source are there."""
    for fixture in FIXTURES:
        assert fixture["provider"]
        assert fixture["mark"] in {"V", "K"}
        assert len(fixture["source"].split()) > 2


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.header)
def test_every_word_of_the_table_means_a_class(row: Any) -> None:
    """Words and rings are those of the rest of the project."""
    assert set(row.words.values()) <= set(CACHE_CLASSES)
    assert row.ring in RINGS
    assert row.header == row.header.lower()


def test_the_outermost_layer_decides() -> None:
    """What an inner layer wrote when the outer one was filled changes nothing about a hit."""
    inner = {
        "cache-status": "anp; fwd=uri-miss",
        "x-drupal-cache": "MISS",
        "x-varnish": "7",
        "x-cache-status": "EXPIRED",
    }
    reading = read(inner | {"cf-cache-status": "HIT"})
    assert [layer.ring for layer in reading.layers] == ["application", "application", "proxy", "proxy", "cdn"]
    assert (reading.verdict, reading.edge_hit, reading.app_ran) == ("HIT", True, False)


def test_a_list_keeps_its_order_whatever_its_members_are() -> None:
    """A member behind a network's in one list is further outside, though nothing but the list says so."""
    reading = read({"x-cache": "Hit from cloudfront, MISS", "x-varnish": "32770 3"})
    assert [layer.provider for layer in reading.layers] == ["Varnish", "CloudFront", "X-Cache"]
    assert reading.verdict == "MISS"


def test_the_documented_table_is_the_modules() -> None:
    """Every row, and nothing else, stands in the table of docs/cache-status.md."""
    lines = (ROOT / "docs" / "cache-status.md").read_text(encoding="utf-8").splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    expected = []
    for row in TABLE:
        verdicts: dict[str, list[str]] = {}
        for word, verdict in row.words.items():
            verdicts.setdefault(verdict, []).append(word)
        words = "; ".join(f"{', '.join(words)} → {verdict}" for verdict, words in verdicts.items())
        says = ". ".join(text for text in (row.says, words) if text)
        expected.append(f"| `{row.header}` | {row.provider} | {row.ring} | {says} | {row.source} |")
    assert documented == expected


values = st.text(max_size=60) | st.text("hitmsHITMS ,;:/-=\"\\()[]019ac'", max_size=60)
spoken = st.sampled_from(
    [value for fixture in FIXTURES for case in fixture["cases"] for value in case["headers"].values()]
)


@given(st.dictionaries(st.sampled_from(RELEVANT), values | spoken, max_size=6))
def test_any_header_gives_a_class(headers: dict[str, str]) -> None:
    """No value, however odd, fails to give a class, and what follows from the layers does follow."""
    reading = read(headers)
    assert reading.verdict in CACHE_CLASSES
    assert classify(headers) == reading.verdict
    assert [RINGS.index(layer.ring) for layer in reading.layers if layer.provider != "Age"] == sorted(
        RINGS.index(layer.ring) for layer in reading.layers if layer.provider != "Age"
    )
    if reading.edge_hit:
        assert reading.app_ran is False


@given(st.dictionaries(st.sampled_from(RELEVANT), st.binary(max_size=60), max_size=6))
def test_any_bytes_give_a_class(headers: dict[str, bytes]) -> None:
    """Header bytes outside ASCII are no exception."""
    assert classify({name: value.decode("latin-1") for name, value in headers.items()}) in CACHE_CLASSES


@given(st.sampled_from([case for fixture in FIXTURES for case in fixture["cases"]]), st.randoms())
def test_case_and_white_space_do_not_matter(case: dict[str, Any], random: Any) -> None:
    """Words are read whatever their case, and whatever space stands around them."""
    changed = dict(case["headers"])
    for name in set(changed) & set(TALKATIVE):
        value = "".join(random.choice((letter.lower(), letter.upper())) for letter in changed[name])
        changed[name] = random.choice(("", " ", "\t ")) + value.replace(" ", "  ") + random.choice(("", " ", "\t"))
    assert [layer.verdict for layer in read(changed).layers] == [layer["verdict"] for layer in case["layers"]]


@given(
    st.sampled_from(TALKATIVE),
    st.sampled_from(["hit", "miss", "stale", "pass", "bypass", "expired"]),
    st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=5),
    st.sampled_from(["{more}{word}", "{word}{more}", "{word}.{more}.org", "{more}.{word}.org", "cache-{word}.{more}"]),
)
def test_a_word_inside_another_is_no_verdict(header: str, word: str, more: str, form: str) -> None:
    """A host name, or a word such as "white", that contains a verdict does not give one."""
    value = form.format(word=word, more=more)
    known = {name.lower() for row in TABLE for name in row.words}
    if value not in known:
        assert read({header: value}).layers == ()
