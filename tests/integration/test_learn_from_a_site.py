"""``anp synth learn`` from the pages of a running site."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app
from synth import Corpus
from synth.learn import learned
from synth.learn.exports import of_record
from synth.record import record
from tests.servers import Server, import_site, reference_site

CORPUS = Corpus(first_id=500, count=60, seed=3)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site of sixty articles."""
    with reference_site(import_site(tmp_path_factory.mktemp("site") / "site.db", count=60, members=0)) as server:
        yield server


def learn(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["synth", "learn", *words])


def test_the_pages_of_a_site_are_like_its_articles(site: Server, tmp_path: Path) -> None:
    """What is learned of pages is what is learned of the records they were made from."""
    done = learn(f"{site.url}/sitemap.xml", "--out", str(tmp_path / "site.toml"))
    assert done.exit_code == 0, done.output
    said = tomllib.loads((tmp_path / "site.toml").read_text(encoding="utf-8"))
    known = learned(of_record(record(one)) for one in CORPUS).said

    assert said["lengths"][16] == pytest.approx(known["lengths"][16], rel=0.25)
    assert sum(n * share for n, share in enumerate(said["images"])) == pytest.approx(
        sum(n * share for n, share in enumerate(known["images"])), abs=0.3
    )
    assert said["links"] >= 1
    assert said["published"][0] == known["published"][0]


def test_no_more_pages_are_asked_for_than_allowed(site: Server) -> None:
    """And they come from all over the list."""
    before = site_hits(site)
    done = learn(f"{site.url}/sitemap.xml", "--limit", "7")

    assert done.exit_code == 0, done.output
    assert site_hits(site) - before <= 7 + 2
    assert "from 7 articles" in done.stdout or "7 articles" in done.output


def site_hits(site: Server) -> int:
    """How many requests the site has answered."""
    import httpx

    stats = httpx.get(f"{site.url}/anp/stats").json()
    return int(stats["requests"]["total"])


def test_hosts_that_are_not_this_machine_need_a_word(site: Server) -> None:
    """Nothing is sent without it; what is no sitemap is named."""
    for words, message in (
        (["https://blog.example/sitemap.xml"], "say so: --i-may-crawl blog.example"),
        ([f"{site.url}/"], "is no sitemap"),
        ([f"{site.url}/nowhere.xml"], "was answered with 404"),
    ):
        done = learn(*words)
        assert done.exit_code != 0
        assert message in f"{done.output}{done.exception}"
