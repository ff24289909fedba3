"""Headers in words."""

from __future__ import annotations

import pytest

from harness.audit.explain import explain, layers, span
from harness.audit.probes.headers import KNOWN
from harness.audit.reply import Reply


def words(**headers: str) -> dict[str, str]:
    """What each field of a reply means."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return {word.name: word.means for word in explain(Reply("GET", "/", 200, fields, ("a=1",), b""))}


def test_directives_are_put_into_words_for_whom_they_are_meant() -> None:
    """Where there is a field for caches, the other one is for browsers."""
    alone = words(cache_control="max-age=3600, no-transform")
    both = words(cache_control="max-age=0", cdn_cache_control="max-age=300, stale-while-revalidate=7")

    assert alone["Cache-Control"] == "all: fresh for 1 hour; nobody may recode it"
    assert both["Cache-Control"] == "browsers: stale at once"
    assert both["CDN-Cache-Control"] == (
        "caches in front of the site: fresh for 5 minutes; for 7 s more it may be sent while it is made anew"
    )
    assert alone["Set-Cookie"]


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    """A value without a meaning has none made up for it."""
    assert words(cache_control="sometimes")["Cache-Control"] == "all: nothing that is known"
    assert words(cache_control="max-age=soon")["Cache-Control"] == "all: fresh for 'soon', which is no number"


@pytest.mark.parametrize("directive", sorted(KNOWN - {"content", "durable", "pre-check", "post-check"}))
def test_a_directive_of_the_standards_is_never_called_unknown(directive: str) -> None:
    """Those of requests aside, which mean nothing in a reply."""
    said = words(cache_control=f"{directive}=60")["Cache-Control"]

    assert (said == "all: nothing that is known") is (directive in {"max-stale", "min-fresh", "only-if-cached"})


def test_spans_are_whole_units_where_they_can_be() -> None:
    """Else seconds."""
    spans = [span(word) for word in ("30", "60", "90", "3600", "7200", "86400", "31536000")]

    assert spans == ["30 s", "1 minute", "90 s", "1 hour", "2 hours", "1 day", "365 days"]


def test_layers_are_told_from_the_reader_up_to_the_one_that_answered() -> None:
    """What stands behind a hit is of the reply that was kept."""

    def of(value: str) -> str:
        return layers(Reply("GET", "/", 200, {"cache-status": value}, (), b""))

    assert of("anp; fwd=uri-miss, Varnish; fwd=uri-miss") == "Varnish MISS, anp MISS"
    assert of("anp; fwd=uri-miss, Varnish; hit; ttl=5") == "Varnish HIT"
    assert of("anp; hit; ttl=5, Varnish; fwd=uri-miss") == "Varnish MISS, anp HIT"
    assert layers(Reply("GET", "/", 200, {}, (), b"")) == "none speaks"
