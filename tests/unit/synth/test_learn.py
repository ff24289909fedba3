"""What is learned of somebody's articles: counts, told as dials, by which like ones are made."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from statistics import median

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from harness.cli import app
from synth import Corpus, article
from synth.dials import META_KINDS, MOST_KEYS, STANDARD, MetaKey, largest, read, read_file
from synth.errors import LearnError
from synth.export import export
from synth.learn import Document, documents, learned, of_page
from synth.learn.documents import day_of, of_html, sized
from synth.learn.exports import of_record
from synth.report import measure

PAGE = """<!doctype html><html><head><title>One</title>
<meta property="article:published_time" content="2021-03-04T05:06">
<script>var words = "not these";</script></head><body><nav><a href="/a">menu</a></nav>
<article><h1>A title</h1><p>Four words are here.</p><h2>Part</h2><ul><li>two words</li><li>and three more</li></ul>
<pre><code>code is no prose</code></pre><p>A <a href="/other/">link</a>, <a href="https://site.example/x">another</a>,
<a href="https://elsewhere.example/x">strange</a>, <a href="#here">none</a>.</p><figure><img src="/a.png" alt="words">
</figure><a rel="tag" href="/tags/one/">one</a> <a rel="tag" href="/tags/two/">two</a>
<aside><p>beside it all</p></aside>
</article><article><p>a second one</p></article><footer><p>below it all</p><img src="/b.png"></footer></body></html>"""

WXR = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>A site</title><wp:base_blog_url>https://site.example</wp:base_blog_url>
{items}</channel></rss>"""
ITEM = """<item><title>Two words</title><content:encoded><![CDATA[{content}]]></content:encoded>
<wp:post_date><![CDATA[2020-05-06 07:08:09]]></wp:post_date><wp:status>{status}</wp:status>
<wp:post_type>{type}</wp:post_type><category domain="post_tag" nicename="a">a</category>
<category domain="category" nicename="b">b</category>
<wp:postmeta><wp:meta_key>_hidden</wp:meta_key><wp:meta_value>1</wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>list</wp:meta_key><wp:meta_value><![CDATA[a:2:{{i:0;s:1:"x";i:1;s:1:"y";}}]]></wp:meta_value>
</wp:postmeta><wp:postmeta><wp:meta_key>map</wp:meta_key>
<wp:meta_value><![CDATA[a:1:{{s:1:"k";s:1:"v";}}]]></wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>rows</wp:meta_key><wp:meta_value><![CDATA[a:1:{{i:0;a:1:{{s:1:"k";s:1:"v";}}}}]]></wp:meta_value>
</wp:postmeta><wp:postmeta><wp:meta_key>views</wp:meta_key><wp:meta_value>1234</wp:meta_value></wp:postmeta></item>"""


def item(content: str = "<p>Three short words</p>", status: str = "publish", type: str = "post") -> str:
    """An item of a WordPress export."""
    return ITEM.format(content=content, status=status, type=type)


def test_a_page_is_read_in_its_article_alone() -> None:
    """Not its menu, its scripts, what stands beside and below; code is no prose; links are those of the site."""
    seen = of_page(PAGE, "site.example")

    assert seen == Document(
        words=4 + 2 + 3 + 5 + 3 + 2,  # paragraphs and list, then what stands in none: two headings, two tags
        paragraphs=(4, 5),
        sections=1,
        code=1,
        images=1,
        links=2,
        tags=2,
        published=date(2021, 3, 4),
    )


@given(st.text())
def test_whatever_a_page_holds_is_counted(html: str) -> None:
    """Broken as it may be."""
    seen = of_page(f"<article>{html}", "site.example")

    assert seen.words >= sum(seen.paragraphs)


@pytest.mark.parametrize("odd", ["<![foo bar]>", "<![%s]>", '<a href="http://[x">', "<![CDATA[", "&#x110000;"])
def test_markup_that_is_none_is_read_over(odd: str) -> None:
    """What some parsers stop at: sections of no kind, addresses with half a bracket, characters there are none of."""
    seen = of_page(f"<article><p>two words</p>{odd}", "site.example")

    assert (seen.paragraphs, seen.links) == ((2,), 0)


@given(st.lists(st.text("abc <>/p", max_size=40)))
def test_every_word_of_plain_text_is_one_word(texts: list[str]) -> None:
    """In paragraphs, as many as stand in them."""
    plain = [text.replace("<", " ").replace(">", " ").replace("/", " ") for text in texts]

    assert of_html("".join(f"<p>{text}</p>" for text in plain)).words == sum(len(text.split()) for text in plain)


def test_a_wordpress_export_is_its_published_posts(tmp_path: Path) -> None:
    """Not drafts, pages and attachments; nested meta by what it is; what WordPress keeps for itself is left out."""
    path = tmp_path / "export.xml"
    items = item() + item(status="draft") + item(type="page") + item(type="attachment") + item("<h2>A</h2><p>b</p>")
    path.write_text(WXR.format(items=items), encoding="utf-8")
    first, second = documents(path)

    assert (first.words, first.paragraphs, first.tags, first.published) == (5, (3,), 1, date(2020, 5, 6))
    assert first.meta == {"list": ("list", 2), "map": ("map", 1), "rows": ("records", 1), "views": ("number", 4)}
    assert (second.words, second.sections) == (4, 1)


def test_a_wordpress_export_of_a_site_without_an_address_is_read(tmp_path: Path) -> None:
    """Whatever stands in its place: only links that name a host are not known as the site's own."""
    path = tmp_path / "export.xml"
    path.write_text(
        WXR.replace("https://site.example", "http://[site").format(items=item('<p>A <a href="/b">link</a>'))
    )

    assert [one.links for one in documents(path)] == [1]


def test_a_folder_of_markdown_is_read_with_its_front_matter(tmp_path: Path) -> None:
    """In every folder below; dates from the front matter, else from the name of the file."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "2019-01-02-one.md").write_text(
        "---\ntitle: One thing\ntags: [a, b]\nviews: 12\nlinks: {x: 1}\n---\n\nFour words of text.\n\n"
        "## Part\n\n- a\n- b\n\n```python\nno prose\n```\n\n![alt](/x.png) and [more](/other/)\n"
    )
    (tmp_path / "two.markdown").write_text("---\ntitle: x\ndate: 2020-02-03\ntags: a, b, c\n---\nWords.")
    (tmp_path / "no.txt").write_text("nothing")
    first, second = documents(tmp_path)

    assert (first.words, first.sections, first.code, first.images, first.links, first.tags) == (11, 1, 1, 1, 1, 2)
    assert first.published == date(2019, 1, 2)
    assert first.meta == {"views": ("number", 2), "links": ("map", 1)}
    assert (second.tags, second.published) == (3, date(2020, 2, 3))


def test_records_of_others_are_read_by_the_usual_names() -> None:
    """HTML or Markdown, and dates."""
    html = of_record(
        {"title": "x", "html": "<p>Two words</p><img>", "created_at": "2020-01-02T00:00:00Z", "tags": ["a"]}
    )
    markdown = of_record({"markdown": "Two words\n\n## three", "date": "2020-01-02"})

    assert (html.paragraphs, html.images, html.tags, html.published) == ((2,), 1, 1, date(2020, 1, 2))
    assert (markdown.paragraphs, markdown.sections) == ((2,), 1)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (12, ("number", 2)), ("-120", ("number", 3)), (True, ("number", 1)), ("two words", ("text", 2)),
        ("", ("text", 0)),
        ([1, 2], ("list", 2)), ({"a": 1}, ("map", 1)), ([{"a": 1}], ("records", 1)), ([], ("list", 0)),
        ('a:0:{}', ("list", 0)), (f"a:{'9' * 5_000}:{{}}", ("text", 1)), (float("nan"), ("text", 1)),
        (float("-inf"), ("text", 1)), (1e300, ("number", 18)), (12.7, ("number", 2)),
        pytest.param(10**5_000, ("number", 18), id="huge"),
        ("\ud800", ("text", 1)),
    ],
)  # fmt: skip
def test_a_value_is_known_by_kind_and_size(value: object, size: tuple[str, int]) -> None:
    """Never by what it says."""
    assert sized(value) == size
    assert size[0] in META_KINDS


def test_days_are_read_from_what_begins_with_one() -> None:
    """And from nothing else."""
    assert day_of(datetime(2020, 1, 2, 3)) == day_of("2020-01-02T03:04:05Z") == day_of(date(2020, 1, 2))
    assert day_of("2020-13-45") is day_of("soon") is day_of(None) is None


def exported(tmp_path: Path, **said: object) -> Path:
    """A corpus with dials turned, as a file."""
    path = tmp_path / "articles.jsonl"
    export(Corpus(count=400, dials=read(said)), "jsonl", path)
    return path


def test_what_was_turned_is_learned_and_made_again(tmp_path: Path) -> None:
    """An export of dials gives dials whose articles are measured alike; the profile file says them."""
    path = exported(tmp_path, words=900, spread=0.5, images=[0, 1, 3], tags=[0, 0, 0, 1], code=0.6, paragraph=40,
                    published=["2010-01-01", "2015-01-01"])  # fmt: skip
    found = learned(documents(path))
    file = tmp_path / "site.toml"
    file.write_text(found.toml("an export"))

    assert read(read_file(file)) == found.dials
    assert found.articles == 400
    assert found.dials.lengths[16] == pytest.approx(900, rel=0.1)
    assert found.dials.images == pytest.approx((0, 0.25, 0.75), abs=0.06)
    assert found.dials.tags == (0, 0, 0, 1)
    assert found.dials.code == pytest.approx(0.6, abs=0.06)
    assert found.dials.paragraph == pytest.approx(40, rel=0.15)
    assert date(2010, 1, 1) <= found.dials.published[0] < found.dials.published[-1] <= date(2015, 1, 2)
    again = {one.name: one for one in measure(Corpus(count=400, seed=1, dials=found.dials), sample=400)}
    assert [name for name in ("words", "images", "tags", "code", "meta keys") if not again[name].is_met] == []


def test_keys_of_the_meta_box_come_back_with_kind_size_and_share() -> None:
    """In as many articles; those of the box itself stay what they are."""
    keys = [
        {"name": "_price", "share": 1.0, "kind": "number", "size": 4},
        {"name": "colors", "share": 0.5, "kind": "list", "size": 3},
        {"name": "parts", "share": 1.0, "kind": "records", "size": 2},
        {"name": "dimensions", "share": 0.25, "kind": "map", "size": 3},
        {"name": "about", "share": 1.0, "kind": "text", "size": 40},
        {"name": "topic", "share": 1.0, "kind": "text", "size": 400},
    ]
    dials = read({"meta_keys": keys})
    made = [article(each, dials=dials) for each in range(300)]
    seen = [{key: sized(value) for key, value in one.meta.items()} for one in made]

    for key in keys[:-1]:
        sizes = [one[key["name"]] for one in seen if key["name"] in one]  # type: ignore[index]
        assert set(sizes) == {(key["kind"], key["size"])}
        assert len(sizes) / 300 == pytest.approx(key["share"], abs=0.1)
    assert all(one.meta["topic"] == article(one.id).meta["topic"] for one in made)
    fewer = read({"meta_keys": keys[1:]})
    one, other = article(7, dials=dials), article(7, dials=fewer)
    assert {key: value for key, value in one.meta.items() if key not in {"_price", "hash", "reference"}} == {
        key: value for key, value in other.meta.items() if key not in {"hash", "reference"}
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
"""Whatever JSON says, with NaN, infinity and half characters, which Python reads."""
FIELDS = ("html", "markdown", "sections", "checklist", "images", "tags", "links", "date", "meta")


@given(
    st.dictionaries(st.sampled_from(FIELDS), VALUES)
    | st.fixed_dictionaries(
        {"sections": st.lists(st.dictionaries(st.sampled_from(["heading", "paragraphs", "code"]), VALUES, max_size=3))}
    )
)
@example({"sections": [{"paragraphs": 5, "heading": 5}], "checklist": 5})
def test_whatever_a_record_holds_is_counted(record: dict[str, object]) -> None:
    """Text where a list is usual, numbers where text is: it is no reason to stop."""
    seen = of_record({"title": "two words", **record})

    assert seen.words >= sum(seen.paragraphs)


@given(st.dictionaries(st.text(st.characters(), max_size=110), VALUES, max_size=5))
def test_whatever_a_meta_box_holds_gives_dials_that_a_file_can_say(meta: dict[str, object]) -> None:
    """What was learned is what a reader of the file gets; what is not in it is counted."""
    found = learned([of_record({"html": "<p>two words", "meta": meta})] * 2)
    said = tomllib.loads(found.toml("export\n\udcff.jsonl").encode().decode())

    assert read(said) == found.dials
    assert len(found.dials.meta_keys) + found.left_out == len(meta)


@pytest.mark.parametrize("kind", META_KINDS)
def test_a_value_larger_than_a_dial_takes_is_learned_as_the_largest(kind: str) -> None:
    """Of each kind; the profile file is taken."""
    found = learned([Document(words=100, meta={"key": (kind, 10**6)})] * 2)

    assert found.dials.meta_keys == (MetaKey("key", 1.0, kind, largest(kind)),)


@pytest.mark.parametrize("key", ["", "k" * 101, "a\tb", "\0z", "\x85", "\ud800"])
def test_a_key_that_no_dial_takes_is_left_out_and_counted(key: str) -> None:
    """The others are learned."""
    found = learned([Document(words=100, meta={key: ("text", 1), "kept": ("text", 2), "k" * 100: ("text", 3)})] * 2)

    assert [each.name for each in found.dials.meta_keys] == ["kept", "k" * 100]
    assert found.left_out == 1


def test_keys_beyond_those_that_a_dial_takes_are_left_out_and_counted() -> None:
    """The most frequent stay; rare ones were never meant."""
    usual = {f"{number:03}": ("text", 1) for number in range(MOST_KEYS)}
    seen = [Document(words=100, meta=usual)] * 200 + [Document(words=100, meta={**usual, "more": ("text", 1)})] * 200
    found = learned([*seen, Document(words=100, meta={"rare": ("text", 1)})])

    assert {each.name for each in found.dials.meta_keys} == usual.keys()
    assert found.left_out == 1


def test_the_command_says_how_many_keys_are_left_out(tmp_path: Path) -> None:
    """In one line beside the profile, which others take."""
    source, site = tmp_path / "articles.jsonl", tmp_path / "site.toml"
    meta = {"": 1, "\ud800": 2, "k" * 250: 3, "size": float("inf"), "words": "w " * 20_000}
    source.write_text(f"{json.dumps({'html': '<p>two words', 'meta': meta})}\n" * 2)
    done = CliRunner().invoke(app, ["synth", "learn", str(source), "--out", str(site)])

    assert done.exit_code == 0, done.output
    assert [line.split(";")[0] for line in done.stderr.splitlines() if "left out" in line] == [
        "  meta keys left out: 3"
    ]
    assert [key.name for key in read(read_file(site)).meta_keys] == ["size", "words"]


def test_no_sentence_is_learned(tmp_path: Path) -> None:
    """The file holds numbers, dates, names of keys and what kind they are."""
    path = exported(tmp_path)
    said = tomllib.loads(learned(documents(path)).toml("x"))
    keys = said.pop("meta_keys")

    assert all(
        isinstance(value, int | float | date)
        for each in said.values()
        for value in (each if isinstance(each, list) else [each])
    )
    assert {type(value) for key in keys for name, value in key.items() if name != "name"} == {int, float, str}
    assert {key["kind"] for key in keys} <= set(META_KINDS)


def test_compressed_exports_are_read(tmp_path: Path) -> None:
    """By their first bytes."""
    path = exported(tmp_path)
    packed = tmp_path / "articles.bin"
    packed.write_bytes(gzip.compress(path.read_bytes()))

    assert list(documents(packed)) == list(documents(path))


def _broken_json(path: Path) -> None:
    path.write_text('{"title": "x"}\n{"title": \n')


def _list_of_numbers(path: Path) -> None:
    path.write_text("12\n")


def _half_xml(path: Path) -> None:
    path.write_text(WXR.format(items=item())[:-20])


def _no_items(path: Path) -> None:
    path.write_text(WXR.format(items=""))


def _entities(path: Path) -> None:
    path.write_text('<!DOCTYPE x [<!ENTITY a "aaaa">]><rss><channel><item>&a;</item></channel></rss>')


def _empty_folder(path: Path) -> None:
    path.mkdir()


def _bad_front_matter(path: Path) -> None:
    path.mkdir()
    (path / "one.md").write_text("---\na: [1\n---\n")


def _too_few(path: Path) -> None:
    path.write_text(json.dumps({"html": "<p>one</p>"}) + "\n")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_broken_json, "line 2: is no JSON"),
        (_list_of_numbers, "line 1: is no article but int"),
        (_half_xml, "is no whole XML"),
        (_no_items, "XML without an item"),
        (_entities, "declares entities"),
        (_empty_folder, "holds no Markdown file"),
        (_bad_front_matter, "one.md"),
        (_too_few, "1 articles with words were found: at least 2 are needed"),
        (lambda path: None, "No such file or directory"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(
    make: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    """In one line that names the place; nothing is written."""
    source, out = tmp_path / "export", tmp_path / "site.toml"
    make(source)

    with pytest.raises(LearnError) as refused:
        learned(documents(source))
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
    done = CliRunner().invoke(app, ["synth", "learn", str(source), "--out", str(out)])
    assert done.exit_code != 0
    assert not out.exists()


def test_the_command_writes_a_profile_that_the_others_take(tmp_path: Path) -> None:
    """learn, then synth with it."""
    site = tmp_path / "site.toml"
    runner = CliRunner()
    done = runner.invoke(app, ["synth", "learn", str(exported(tmp_path, words=2_000)), "--out", str(site)])
    assert done.exit_code == 0, done.output
    made = runner.invoke(app, ["synth", "--count", "40", "--profile-file", str(site), "--set", "spread=0.1"])
    counts = [of_record(json.loads(line)).words for line in made.stdout.splitlines()]

    assert len(counts) == 40
    assert median(counts) > 1_300
    assert STANDARD.words == 600
