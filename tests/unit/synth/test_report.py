"""The report measures what articles are like, and finds what is not as it was asked for."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from typer.testing import CliRunner

from harness.cli import app
from synth import Corpus
from synth.dials import read
from synth.report import _Ask, _falling, _heaps, _jaccard, _tail, _zipf, measure

NOT_MET = 1


def measured(sample: int, *, count: int = 300, **said: object) -> dict[str, float]:
    """What was measured, by name."""
    return {one.name: one.value for one in measure(Corpus(count=count, dials=read(said)), sample=sample)}


@pytest.mark.deep
def test_a_natural_corpus_is_what_was_promised() -> None:
    """Every measure that has bounds lies within them, over three thousand articles and all links."""
    measures = measure(Corpus(count=100_000))

    assert [(one.name, one.value) for one in measures if not one.is_met] == []
    assert {one.name for one in measures if one.has_bounds} >= {
        "words", "spread", "code", "zlib a page, p10", "zlib a page, p90", "zlib of all", "bodies", "titles", "slugs",
        "alike", "near_duplicates", "Heaps' exponent", "Zipf's slope", "popularity", "in-links, tail", "disorder",
    }  # fmt: skip


def test_dials_are_found_in_what_comes_out() -> None:
    """Asked for and measured agree, for all dials that say how much of something there is."""
    dials = read(
        {"words": 600, "spread": 0.4, "images": [0, 1, 1], "tags": [0, 0, 1, 1], "code": 0.9, "links": 2,
         "popularity": 1.1, "near_duplicates": 0.3, "edge_every": 40, "paragraph": 25}
    )  # fmt: skip
    measures = {one.name: one for one in measure(Corpus(count=400, seed=1, dials=dials), sample=400)}

    for name in ("words", "spread", "images", "tags", "code", "links", "popularity", "near_duplicates", "edge cases"):
        assert measures[name].is_met, measures[name]
        assert measures[name].asked is not None
    assert measures["paragraph"].is_met


def test_an_article_that_is_not_as_asked_is_found() -> None:
    """The measures look at articles, not at dials: of a corpus that differs from what is asked, they say so."""
    usual = measured(150)
    assert measured(150, near_duplicates=0.6)["near_duplicates"] > usual["near_duplicates"] + 0.2
    assert measured(150, words=2_000)["words"] > 2 * usual["words"]
    assert measured(150, meta_scale=3)["meta values"] > 2.5 * usual["meta values"]
    flat = measured(150, popularity=0, meta_scale=3, meta_shape="fat")
    assert flat["meta bytes"] > 2.5 * usual["meta bytes"]
    assert flat["popularity"] == 0


def test_the_laws_are_fitted_right() -> None:
    """On numbers that follow them exactly, or as closely as whole numbers can."""
    assert _heaps([(10_000 * step, round(44 * (10_000 * step) ** 0.49)) for step in range(1, 500)]) == pytest.approx(
        0.49, abs=0.002
    )
    assert _zipf(Counter({f"w{rank}": round(1e7 / rank**1.1) for rank in range(1, 3_000)})) == pytest.approx(
        -1.1, abs=0.01
    )
    assert _falling([round(1e9 * (rank / 2000) ** -0.8) for rank in range(1, 2001)]) == pytest.approx(0.8, abs=0.02)
    degrees = [math.floor(9.5 * (1 - step / 20_000) ** (-1 / 1.2) + 0.5) for step in range(20_000)]
    assert _tail(degrees) == pytest.approx(2.2, abs=0.05)
    assert _jaccard(frozenset({1, 2, 3}), frozenset({2, 3, 4})) == 0.5


def test_bounds_are_those_of_what_was_asked() -> None:
    """Relative and absolute room; none where nobody asked, or the profile has no dials."""
    asked, silent = _Ask(is_asked=True, is_usual=False), _Ask(is_asked=False, is_usual=False)

    one = asked("x", 11, "", 10, relative=0.1, absolute=0.5)
    assert (one.low, one.high, one.is_met) == (8.5, 11.5, True)
    assert not asked("x", 12, "", 10, relative=0.1).is_met
    assert not asked("x", 12, "", between=(0, 1)).has_bounds
    assert not silent("x", 12, "", 10).has_bounds


def test_the_command_tells_it_and_fails_where_something_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a table, and as JSON."""
    monkeypatch.setattr("synth.report.MOST_LINKED", 500)
    runner = CliRunner()
    words = ["synth", "report", "--articles", "60"]
    shown = runner.invoke(app, [*words, "--profile", "classic"])
    assert shown.exit_code == 0, shown.output
    assert "Zipf's slope" in shown.output

    failed = runner.invoke(app, [*words, "--set", "near_duplicates=0.2", "--seed", "1", "--json"])
    rows = {row["name"]: row for row in json.loads(failed.stdout)}
    assert failed.exit_code == (NOT_MET if any(row["met"] is False for row in rows.values()) else 0)
    assert rows["words"]["asked"] == 600
    assert rows["slugs"]["met"] is True
