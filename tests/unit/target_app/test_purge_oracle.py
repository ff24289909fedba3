"""After any change no page that is held differs from the same page made anew, and hardly any is dropped in vain."""

from dataclasses import replace
from pathlib import Path

import pytest

from synth import Corpus
from target_app.drafting import from_fields, to_fields
from target_app.importer import import_corpus
from target_app.page_cache.fields import groups
from tests.purge_oracle import PLUGINS, RENAMES, Event, Reader, addresses, judge, opened

pytestmark = pytest.mark.anyio
SMALL = Corpus(first_id=900, count=22, seed=5)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A small site of its own."""
    import_corpus(tmp_path / "site.db", SMALL, members=1)
    return tmp_path / "site.db"


async def test_random_changes_leave_nothing_stale_and_the_rest_where_it_is(database: Path) -> None:
    """Nothing stale ever; of pages other than searches, only lists from which something came or went go in vain.

    The rules of the plugins, judged on the same changes, all leave something stale: the judge does see it.
    """
    scores = await judge(database, changes=14, seed=1)
    ours = scores.pop("anp")
    assert ours.stale == 0
    assert ours.wasted["articles"] == ours.wasted["api"] == 0
    assert ours.precision > 0.96
    assert scores.keys() == PLUGINS.keys()
    assert all(score.stale > 0 for score in scores.values())


@pytest.fixture
def long_runs(tmp_path: Path) -> Path:
    """A site whose lists in the API hold more articles than a response may have groups."""
    import_corpus(tmp_path / "site.db", Corpus(first_id=975, count=45, seed=5), members=1)
    return tmp_path / "site.db"


async def test_no_response_has_more_groups_than_every_cache_keeps(long_runs: Path) -> None:
    """32 of 32 characters (RFC 9875), on every page there is; a long list has those of the hundreds of its articles."""
    with opened(long_runs, "similar=computed") as (site, layers):
        before = site.library.article_by_id(975)
        assert before is not None
        text = from_fields({**to_fields(before, {}), "tags": ", ".join(f"tag-{number}" for number in range(100))})
        site.editing.rewrite(975, text, None, etags=None)
        every = {f"/articles/{one.slug}/" for one in site.library.summaries(after=-1, limit=100, drafts=True)}
        told = {one: (await Reader(layers).get(one))[0] for one in addresses(site.library, every)}
    carried = {one: groups(list(headers.items()), b"cache-groups") for one, headers in told.items()}
    assert max(len(tags) for tags in carried.values()) <= 32
    assert all(len(tag) <= 32 for tags in carried.values() for tag in tags)
    assert carried["/api/v1/articles?limit=100"] == {"articles", "posts-9", "posts-10"}
    assert len(carried["/api/v1/articles"]) == 21
    assert carried[f"/articles/{before.slug}/"] >= {"post-975", "tags"}


async def test_similar_posts_of_many_tags_are_looked_for_anew_with_any_of_them(long_runs: Path) -> None:
    """An article that gets one of a hundred tags becomes a similar post of the one that has them all."""
    with opened(long_runs, "similar=computed") as (site, layers):
        slugs, reader = [], Reader(layers)
        for article_id, count in ((975, 100), (976, 1)):
            before = site.library.article_by_id(article_id)
            assert before is not None
            slugs.append(before.slug)
            await reader.get(f"/articles/{slugs[0]}/")
            tags = ", ".join(f"tag-{number}" for number in range(99, 99 - count, -1))
            text = from_fields({**to_fields(before, {}), "tags": tags})
            site.editing.rewrite(article_id, text, None, etags=None)
        told, body = await reader.get(f"/articles/{slugs[0]}/")
    assert told[b"x-cache"] == b"MISS"
    assert slugs[1].encode() in body.partition(b'class="similar"')[2].partition(b"</section>")[0]


async def test_long_lists_are_dropped_with_each_of_their_articles(long_runs: Path) -> None:
    """By the tags of hundreds, on either side of the border between two."""
    ours = (await judge(long_runs, changes=5, seed=2))["anp"]
    assert ours.stale == 0
    assert ours.precision > 0.9


@pytest.mark.deep
async def test_similar_posts_that_are_looked_for_leave_nothing_stale(database: Path) -> None:
    """A page whose similar posts change because another article got or lost a tag is dropped with the tag's list."""
    ours = (await judge(database, changes=8, seed=3, settings=("similar=computed",)))["anp"]
    assert ours.stale == 0


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(2, 8))])
async def test_articles_that_change_their_addresses_leave_nothing_stale(seed: int, database: Path) -> None:
    """An address that was left leads to the article, to another that took it, or nowhere: all of that at once."""
    ours = (await judge(database, changes=25, seed=seed, mix=RENAMES))["anp"]
    assert ours.stale == 0
    assert ours.precision > 0.95


async def test_a_purge_of_everything_is_sound_and_wastes_what_it_does_not_change(database: Path) -> None:
    """With ``purge=all`` nothing is stale, and nothing is kept."""
    ours = (await judge(database, changes=2, seed=7, settings=("purge=all",)))["anp"]
    assert (ours.stale, ours.kept) == (0, 0)


async def test_a_site_that_forgets_its_purges_is_found_out(database: Path) -> None:
    """The broken build holds everything, so pages that changed are stale."""
    ours = (await judge(database, changes=2, seed=7, settings=("fault=stale_after_purge",)))["anp"]
    assert ours.stale > 0
    assert ours.precision == 1


def test_the_rules_of_the_plugins_drop_what_their_sources_say() -> None:
    """Each by address or by what is shown; none drops anything for a draft that nobody could see."""
    event = Event(
        "title",
        7,
        slugs=frozenset({"/articles/it/"}),
        terms=frozenset({"/tags/a/", "/categories/b/"}),
        author="/authors/c/",
        dates=frozenset({"/archive/2026/", "/archive/2026/05/"}),
        neighbours=frozenset({"/articles/before/", "/articles/after/"}),
        is_public=True,
        is_visible=False,
    )
    near = {"/articles/it/": b"", "/": b"/articles/it/", "/feed.xml": b"", "/articles/shows-it/": b"/articles/it/"}
    neighbours = {"/articles/before/": b"", "/articles/after/": b""}
    lists = {"/page/2/": b"", "/authors/c/": b"", "/authors/c/page/2/": b"", "/tags/a/": b"", "/categories/b/": b""}
    dates = {"/archive/2026/": b"", "/archive/2026/page/2/": b"", "/archive/2026/05/": b""}
    others = {"/articles/other/": b"", "/tags/a/page/2/": b"", "/tags/d/": b"", "/archive/2026/04/": b"", "/tags/": b""}
    held = near | neighbours | lists | dates | others
    dropped = {name: rule(event, held) & held.keys() for name, rule in PLUGINS.items()}
    assert dropped == {
        "Batcache": near.keys() - {"/articles/shows-it/"},
        "WP Rocket": (near | neighbours | lists | dates).keys() - {"/articles/shows-it/"},
        "Surge": {"/articles/it/", "/", "/articles/shows-it/"},
    }
    of_a_draft = replace(event, is_public=False)
    assert not any(rule(of_a_draft, others) for rule in PLUGINS.values())
