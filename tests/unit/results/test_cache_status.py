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
FIXTURES = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests" / "fixtures" / "cache_headers").glob("*.json"))
]
CASES = [
    pytest.param(case, id=f"{fixture['provider']}: {case['headers']}")
    for fixture in FIXTURES
    for case in fixture["cases"]
]
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
