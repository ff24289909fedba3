"""WordPress exports hold what the articles hold, in the form that the importer of WordPress takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import jsonschema
import phpserialize
import pytest
from hypothesis import given
from lxml import etree

from synth import Article, Corpus, people
from synth.formats import html
from synth.formats._xml import legal
from synth.formats.wxr import meta_key
from tests.unit.synth.formats import php as php_itself
from tests.unit.synth.formats.material import CORPORA, corpora, file, plain, worst, written

PLUGIN = Path(__file__).parents[4] / "docs" / "wordpress" / "anp-meta.php"
WP = "{http://wordpress.org/export/1.2/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
EXCERPT = "{http://wordpress.org/export/1.2/excerpt/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
CHANNEL = ["title", "link", "description", "pubDate", "language"]
CHANNEL += [WP + name for name in ("wxr_version", "base_site_url", "base_blog_url")]
ITEM = ["title", "link", "pubDate", CREATOR, "guid", "description", CONTENT, EXCERPT]
ITEM += [WP + name for name in ("post_id", "post_date", "post_date_gmt", "post_modified", "post_modified_gmt")]
ITEM += [WP + name for name in ("comment_status", "ping_status", "post_name", "status", "post_parent", "menu_order")]
ITEM += [WP + name for name in ("post_type", "post_password", "is_sticky")]
SERIALIZED = re.compile(r"""\s*(N;|s:[0-9]+:".*";|[aOE]:[0-9]+:.*[;}]|[bid]:[0-9.E+-]+;)\s*""", re.DOTALL)
"""What WordPress takes for a serialized value."""


PROGRAM = r"""
function stored($value) {  // is_serialized() and maybe_unserialize() of WordPress, in short
    return preg_match($GLOBALS['argv'][2], $value) ? unserialize(trim($value)) : $value;
}
$file = new DOMDocument;
$file->loadXML(file_get_contents($argv[1])) || exit(1);
$channel = simplexml_import_dom($file)->channel;
$spaces = $channel->getDocNamespaces();
$posts = [];
foreach ($channel->item as $item) {
    $wp = $item->children($spaces['wp']);
    $meta = $terms = [];
    foreach ($wp->postmeta as $each) {
        $meta[] = [(string) $each->meta_key, stored((string) $each->meta_value)];
    }
    foreach ($item->category as $each) {
        $terms[] = [(string) $each['domain'], (string) $each];
    }
    $content = (string) $item->children($spaces['content'])->encoded;
    $posts[] = [(int) $wp->post_id, (string) $item->title, $content, (string) $wp->post_date, $terms, $meta];
}
echo json_encode($posts, JSON_THROW_ON_ERROR);
"""
"""Reads a file as the importer does with its usual parser."""


def channel(content: bytes) -> Any:
    """Return the channel of a file."""
    root = etree.fromstring(content, etree.XMLParser(huge_tree=True))
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    return root[0]


def texts(element: Any) -> dict[str, str]:
    """Return the children of an element by their names."""
    return {child.tag: child.text or "" for child in element}


def php(value: Any) -> Any:
    """Return a value as PHP has it: one type for lists and maps, and keys and integers of its own."""
    if isinstance(value, dict):
        return {php_key(legal(key)): php(item) for key, item in value.items()}
    if isinstance(value, list):
        return {place: php(item) for place, item in enumerate(value)}
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    return legal(value)


def php_key(key: str) -> int | str:
    """Return a key as PHP has it."""
    whole = key.removeprefix("-").isdecimal() and key.isascii()
    return int(key) if whole and str(int(key)) == key and -(2**63) <= int(key) < 2**63 else key


def unserialized(value: str) -> Any:
    """Return what the importer makes of post meta: a value, if it is one that was serialized."""
    return phpserialize.loads(value.strip().encode(), decode_strings=True) if SERIALIZED.fullmatch(value) else value


def check(articles: Sequence[Article], content: bytes) -> None:
    """Check that a file holds articles, in order, and has the structure that the importer demands."""
    top = channel(content)
    seed = articles[0].seed
    items = top.findall("item")
    declared = [child for child in top if child.tag in {WP + "author", WP + "category", WP + "tag"}]
    assert [child.tag for child in top] == [*CHANNEL, *(child.tag for child in declared), *["item"] * len(articles)]
    assert [child.tag for child in declared] == sorted(child.tag for child in declared)
    authors = [texts(child) for child in top.findall(WP + "author")]
    assert [author[WP + "author_id"] for author in authors] == [
        str(each + 1) for each in sorted({article.author for article in articles})
    ]
    logins = {author[WP + "author_login"]: int(author[WP + "author_id"]) - 1 for author in authors}
    categories = {texts(child)[WP + "category_nicename"] for child in top.findall(WP + "category")}
    tags = {texts(child)[WP + "tag_slug"] for child in top.findall(WP + "tag")}
    assert categories == {legal(slug) for article in articles for slug in article.categories}
    assert tags == {legal(slug) for article in articles for slug in article.tags}
    for article, item in zip(articles, items, strict=True):
        assert [child.tag for child in item if child.tag not in {"category", WP + "postmeta"}] == ITEM
        found = texts(item)
        published = f"{article.published:%Y-%m-%d %H:%M:%S}"
        modified = f"{article.modified:%Y-%m-%d %H:%M:%S}"
        assert found["title"] == legal(article.title)
        assert found["link"] == f"https://anp.example/{article.slug}/"
        assert parsedate_to_datetime(found["pubDate"]) == article.published
        assert found[CREATOR] == people.author(article.author, seed).login
        assert logins[found[CREATOR]] == article.author
        assert item.find("guid").get("isPermaLink") == "false"
        assert found[CONTENT] == legal(html.content(article))
        summary = article.meta.get("summary")
        assert found[EXCERPT] == legal(summary if isinstance(summary, str) else article.intro)
        assert found[WP + "post_id"] == str(article.id)
        assert (found[WP + "post_date"], found[WP + "post_date_gmt"]) == (published, published)
        assert (found[WP + "post_modified"], found[WP + "post_modified_gmt"]) == (modified, modified)
        assert (found[WP + "post_name"], found[WP + "status"], found[WP + "post_type"]) == (
            article.slug,
            "publish",
            "post",
        )
        terms = [(each.get("domain"), each.text) for each in item.findall("category")]
        expected = [("category", legal(slug)) for slug in article.categories]
        expected += [("post_tag", legal(slug)) for slug in article.tags]
        assert terms == expected
        meta = [texts(each) for each in item.findall(WP + "postmeta")]
        assert [
            (each[WP + "meta_key"], unserialized(each[WP + "meta_value"])) for each in meta
        ] == [
            (legal(meta_key(key)), str(value) if isinstance(value, int) else php(value))
            for key, value in plain(article)["meta"].items()
        ]  # fmt: skip


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_an_export_holds_the_articles(corpus: Corpus) -> None:
    """Everything of an article that has a place in WordPress is read back as it was."""
    check(list(corpus), file(list(corpus), "wxr"))


@given(corpora)
def test_any_articles_at_all_come_back(articles: list[Article]) -> None:
    """Whatever texts and meta boxes articles have, the file is sound and holds them as far as XML can."""
    check(articles, file(articles, "wxr"))


def test_the_worst_texts_come_back() -> None:
    """Each text that a reader might take for something else is that text again, wherever it stands."""
    check(worst(), file(worst(), "wxr"))


def test_two_posts_of_one_title_and_date_are_a_second_apart() -> None:
    """A post that WordPress would take for another, whatever the case and signs of its title, is a second later."""
    first, second, third, other = list(CORPORA[0])[:4]
    same = {"published": first.published, "modified": first.published}
    posts = [
        replace(first, title="Café: one", modified=first.published),
        replace(second, title="CAFE\u0301 ONE ", **same),
        replace(third, title="cafe one", **same),
        replace(other, title="cafe two", **same),
    ]
    items = channel(file(posts, "wxr")).findall("item")
    for name in (WP + "post_date", WP + "post_date_gmt", WP + "post_modified"):
        later = [datetime.fromisoformat(f"{texts(item)[name]}+00:00") - first.published for item in items]
        assert later == [timedelta(seconds=each) for each in (0, 1, 2, 0)]
    assert [parsedate_to_datetime(texts(item)["pubDate"]) for item in items] == [
        datetime.fromisoformat(f"{texts(item)[WP + 'post_date']}+00:00") for item in items
    ]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.profile)
def test_shards_hold_the_posts_in_order(corpus: Corpus) -> None:
    """Each shard is a file of its own, no longer than asked, with the authors and terms of its posts."""
    articles = list(corpus)
    shards = written(articles, "wxr", shard_size=100_000, corpus=corpus)
    ids = [[int(texts(item)[WP + "post_id"]) for item in channel(shard).findall("item")] for shard in shards]
    assert [each for shard in ids for each in shard] == list(corpus.ids)
    for shard, following, numbers in zip(shards, [*shards[1:], None], ids, strict=True):
        assert len(shard) <= 100_000
        assert following is None or len(shard) > 70_000
        check([article for article in articles if article.id in numbers], shard)


def test_a_post_that_is_longer_than_a_shard_has_one_to_itself() -> None:
    """No post is left out or cut, however short the shards are to be."""
    articles = list(CORPORA[0])[:3]
    shards = written(articles, "wxr", shard_size=1)
    assert len(shards) == 3
    for article, shard in zip(articles, shards, strict=True):
        check([article], shard)


def test_ids_of_terms_are_the_same_in_every_shard() -> None:
    """A term has one id in all files of an export, and no other term has it."""
    shards = written(list(CORPORA[0]), "wxr", shard_size=100_000)
    ids: dict[tuple[str, str], set[str]] = {}
    for shard in shards:
        for kind, name in ((WP + "category", WP + "category_nicename"), (WP + "tag", WP + "tag_slug")):
            for term in map(texts, channel(shard).findall(kind)):
                ids.setdefault((kind, term[name]), set()).add(term[WP + "term_id"])
    assert max(len(each) for each in ids.values()) == 1
    assert len(set.union(*ids.values())) == len(ids)


def test_lines_end_in_line_feeds_alone() -> None:
    """Carriage returns, which a reader of XML would drop from under PHP's lengths, are in no file."""
    assert b"\r" not in file(worst(), "wxr")


def test_images_are_where_they_are() -> None:
    """No attachment is exported, which the importer would have to fetch: images stay at their providers."""
    content = file(list(CORPORA[1]), "wxr")
    assert b"<img src=" in content
    assert b"attachment" not in content


def listed(value: Any) -> Any:
    """Return a value as PHP writes it as JSON: a map of which the keys count from 0 is a list."""
    if isinstance(value, dict):
        keys, items = list(value), [listed(item) for item in value.values()]
        return items if keys == list(range(len(keys))) else dict(zip(map(str, keys), items, strict=True))
    return value


@pytest.mark.parametrize("articles", [*map(list, CORPORA), worst()], ids=["natural", "classic", "worst"])
def test_php_reads_what_was_written(articles: list[Article], tmp_path: Path) -> None:
    """PHP's own SimpleXML and unserialize, used as the importer uses them, give back articles and meta boxes."""
    path = tmp_path / "articles.xml"
    path.write_bytes(file(articles, "wxr"))
    found = php_itself.run(PROGRAM, str(path), f"/^(?:{SERIALIZED.pattern})$/sD")
    for article, (number, title, content, date, terms, meta) in zip(articles, found, strict=True):
        assert (number, title, content) == (article.id, legal(article.title), legal(html.content(article)))
        assert date == f"{article.published:%Y-%m-%d %H:%M:%S}"
        expected = [["category", legal(slug)] for slug in article.categories]
        assert terms == expected + [["post_tag", legal(slug)] for slug in article.tags]
        assert meta == [
            [legal(meta_key(key)), str(value) if isinstance(value, int) else listed(php(value))]
            for key, value in plain(article)["meta"].items()
        ]


def test_the_plugin_registers_every_key() -> None:
    """docs/wordpress/anp-meta.php names the keys of the meta box, in order, and no other."""
    named = re.findall(r"^\t\t'(anp_\w+)'", PLUGIN.read_text(encoding="utf-8"), re.MULTILINE)
    boxes = [list(article.meta) for corpus in CORPORA for article in corpus]
    assert named == [meta_key(key) for key in max(boxes, key=len)]
    assert all({meta_key(key) for key in box} <= set(named) for box in boxes)


def test_the_plugins_schemas_are_those_of_what_is_exported() -> None:
    """What the plugin registers with WordPress describes every meta box, each key of it."""
    program = """
    define('ABSPATH', '/');
    function add_action($hook, $function) { $hook === 'init' && $function(); }
    function register_post_meta($type, $key, $arguments) { $GLOBALS['registered'][$key] = [$type, $arguments]; }
    require $argv[1];
    echo json_encode($GLOBALS['registered']);
    """
    registered = php_itself.run(program, str(PLUGIN))
    for corpus in CORPORA:
        for article in corpus:
            for name, value in plain(article)["meta"].items():
                post_type, arguments = registered[meta_key(name)]
                schema = arguments["show_in_rest"]["schema"]
                assert (post_type, arguments["single"], arguments["type"]) == ("post", True, schema["type"])
                jsonschema.validate(value, closed(schema))


def closed(schema: Any) -> Any:
    """Return a schema in which maps have no other keys, which is how WordPress reads it, and none is missing."""
    if schema["type"] == "array":
        return {**schema, "items": closed(schema["items"])}
    if schema["type"] == "object":
        return {**schema, "additionalProperties": False, "required": list(schema["properties"])}
    return schema
