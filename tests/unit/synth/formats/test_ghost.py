"""An import file of Ghost holds what the articles hold, and its relations lead somewhere."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given

from synth import Article, Corpus, people
from synth.dials import read
from synth.formats import html
from tests.unit.synth.formats.material import CORPORA, corpora, file, worst


def check(articles: Sequence[Article], content: bytes) -> None:
    """Check that a file holds articles, in order, and that all that they belong to is there."""
    whole = json.loads(content)
    assert list(whole) == ["meta", "data"]
    assert whole["meta"] == {"exported_on": 1_785_456_000_000, "version": "6.0.0"}
    data = whole["data"]
    assert set(data) == {"posts", "tags", "posts_tags", "users", "posts_authors"}
    tags = {tag["id"]: tag for tag in data["tags"]}
    users = {user["id"]: user for user in data["users"]}
    posts = {post["id"]: post for post in data["posts"]}
    assert len(tags) == len(data["tags"]) == len({tag["slug"] for tag in data["tags"]})
    assert (len(users), len(posts)) == (len(data["users"]), len(data["posts"]))
    tagged, signed = defaultdict(list), defaultdict(list)
    for relation in data["posts_tags"]:
        tagged[posts[relation["post_id"]]["id"]].append((relation["sort_order"], tags[relation["tag_id"]]["slug"]))
    for relation in data["posts_authors"]:
        signed[posts[relation["post_id"]]["id"]].append(users[relation["author_id"]])
    assert {slug for slugs in tagged.values() for _, slug in slugs} == {tag["slug"] for tag in data["tags"]}
    assert all(tag["name"] == tag["slug"] for tag in data["tags"])
    for article, post in zip(articles, data["posts"], strict=True):
        author = people.author(article.author, article.seed)
        assert signed[post["id"]] == [
            {
                "id": f"a{article.author}",
                "name": author.name,
                "slug": author.login,
                "email": author.email,
                "roles": ["Contributor"],
            }
        ]
        slugs = dict.fromkeys((*article.categories, *article.tags))
        assert tagged[post["id"]] == list(enumerate(slugs))
        assert (post["id"], post["comment_id"]) == (str(article.id), str(article.id))
        assert (post["title"], post["slug"]) == (article.title, article.slug)
        assert post["html"].startswith(html.content(article))
        _, _, card = post["html"].rpartition("<!--kg-card-begin: html-->\n")
        assert card == f"{html.meta_box(article)}\n<!--kg-card-end: html-->"
        assert (post["type"], post["status"], post["visibility"]) == ("post", "published", "public")
        for name, moment in (("created_at", "published"), ("published_at", "published"), ("updated_at", "modified")):
            assert datetime.fromisoformat(f"{post[name]}+00:00") == getattr(article, moment)
        summary = article.meta.get("summary")
        whole_excerpt = summary if isinstance(summary, str) else article.intro
        assert whole_excerpt.startswith(post["custom_excerpt"])
        assert len(whole_excerpt) <= 150 or len(post["custom_excerpt"]) >= 150


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_a_file_holds_the_articles(corpus: Corpus) -> None:
    """Everything of an article that has a place in Ghost is read back as it was."""
    check(list(corpus), file(list(corpus), "ghost"))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever texts and terms articles have, the file holds them."""
    check(articles, file(articles, "ghost"))


def test_the_worst_texts_come_back() -> None:
    """Each text that a reader might take for something else is that text again."""
    check(worst(), file(worst(), "ghost"))


@pytest.mark.parametrize(("sign", "kept"), [("w", 300), ("é", 300), ("👩", 150)])
def test_an_excerpt_is_cut_where_ghost_would_refuse_it(sign: str, kept: int) -> None:
    """An excerpt has at most 300 units of UTF-16, which is how JavaScript counts, and ends in a whole sign."""
    article = replace(CORPORA[0].article(11_730), meta={"summary": sign * 400})
    (post,) = json.loads(file([article], "ghost"))["data"]["posts"]
    assert post["custom_excerpt"] == sign * kept


def test_a_slug_is_cut_to_what_ghost_holds() -> None:
    """191 characters, and its end stays, which makes it unique."""
    corpus = Corpus(0, 60, dials=read({"edge_every": 1}))
    articles = list(corpus)
    assert max(len(article.slug) for article in articles) > 191
    slugs = [post["slug"] for post in json.loads(file(articles, "ghost"))["data"]["posts"]]
    assert max(map(len, slugs)) == 191
    assert len(set(slugs)) == len(slugs)
    for article, slug in zip(articles, slugs, strict=True):
        assert slug == article.slug or (len(article.slug) > 191 and slug.endswith(f"-{article.id}"))
