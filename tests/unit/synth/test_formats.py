"""Every format holds the whole article; each is what its readers expect."""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import synth
from synth.formats import html, json, jsonl, markdown, text
from synth.record import record, timestamp

ARTICLES = [synth.article(each, profile=profile) for profile in synth.PROFILES for each in range(11_730, 11_760)]
RENDERERS = {"html": html, "json": json, "jsonl": jsonl, "markdown": markdown, "text": text}
VOID = {"img"}


class Reader(HTMLParser):
    """Collects text and attribute values, and checks that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element and its attribute values."""
        self.tags.append(tag)
        self.found += [value or "" for _, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that the element is the one opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.found.append(data)


def read(page: str) -> Reader:
    """Return the reader that has read a page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def leaves(value: object) -> Iterator[str]:
    """Walk the scalars of a nested value, as strings."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif value is not None:
        yield str(value)


def page_values(article: synth.Article) -> list[str]:
    """Return what a reader of the page has to see: everything but the fields that only a database needs."""
    whole = record(article)
    shown = ("title", "intro", "sections", "checklist", "images", "final_notes", "meta")
    values = list(leaves({name: whole[name] for name in shown}))
    languages = [section.code.language for section in article.sections if section.code]
    return [value for value in values if value not in languages]


@pytest.mark.parametrize("render", [json.render, jsonl.render], ids=["json", "jsonl"])
def test_json_is_the_record(render: Callable[[synth.Article], str]) -> None:
    """Both JSON forms read back to the whole record, fields in order."""
    for article in ARTICLES:
        expected = stdlib_json.loads(stdlib_json.dumps(record(article)))
        found = stdlib_json.loads(render(article))
        assert found == expected
        assert list(found) == list(expected)
        assert list(found["meta"]) == list(article.meta)


def test_jsonl_is_one_line() -> None:
    """A JSONL article is one line, whatever line breaks its code has."""
    assert all(jsonl.render(article).splitlines(keepends=True) == [jsonl.render(article)] for article in ARTICLES)


def test_text_holds_every_value() -> None:
    """The text page shows every value of body and meta box."""
    for article in ARTICLES:
        page = text.render(article)
        assert all(value in page for value in page_values(article))


def test_text_layout() -> None:
    """The text page is laid out block by block, the meta box row by row, and ends with the theme's heading."""
    article = synth.article(11730, profile="classic")
    first, second, third = (image.caption for image in article.images)
    lines = text.render(article).split("\n")
    assert lines[:5] == [article.title, "", article.intro, "", first]
    assert lines[5] == f"{first}. image source: {article.images[0].source}"
    assert lines[6:8] == [second, f"{second}. image source: {article.images[1].source}"]
    assert lines[8:11] == ["", article.sections[0].heading, ""]
    at = lines.index("implementation checklist")
    assert lines[at + 1 : at + 7] == ["", *(f"  • {item}" for item in article.checklist)]
    assert lines[at + 7 : at + 11] == [third, f"{third}. image source: {article.images[2].source}", "", "final notes"]
    box = lines.index("alphanode post meta")
    assert lines[box + 2] == f"topic{article.meta['topic']}"
    assert lines[box + 4 : box + 6] == ["ai outline", f"  • context: {article.meta['ai outline']['context']}"]
    assert f"    • name: {article.meta['stack'][0]}" in lines
    assert f"code language{article.meta['code language']}" in lines
    assert lines[-3:] == ["", "Similar Posts", ""]


def test_text_labels_follow_the_profile() -> None:
    """Natural pages have natural labels; the theme's heading is the same in both."""
    page = text.render(synth.article(11730)).split("\n")
    assert {"Implementation checklist", "Final notes", "Alphanode post meta", "Similar Posts"} <= set(page)


def test_html_holds_every_value() -> None:
    """The HTML page has every value of the article, as text or as an attribute, and its elements close in order."""
    for article in ARTICLES:
        reader = read(html.render(article))
        assert reader.open == []
        assert reader.tags[0] == "article"
        assert reader.tags.count("article") == reader.tags.count("h1") == 1
        found = "\n".join(reader.found)
        assert all(value in found for value in page_values(article))
        rest = [article.slug, str(article.author), timestamp(article.published), *article.tags, *article.categories]
        assert all(value in found for value in rest)


def test_html_escapes_everything() -> None:
    """Markup in any field of an article comes out as text."""
    evil = "<script>alert(\"1\")</script> & 'x' ]]>"
    article = next(article for article in ARTICLES if article.images and any(each.code for each in article.sections))
    section = synth.Section(evil, (evil,), synth.Code(evil, evil))
    hostile = replace(
        article, title=evil, intro=evil, sections=(section,), checklist=(evil,), final_notes=evil, tags=(evil,),
        categories=(evil,), slug=evil, images=(synth.Image(evil, evil, evil),),
        meta={evil: evil, "list": ({evil: evil},)},
    )  # fmt: skip
    reader = read(html.render(hostile))
    assert "script" not in reader.tags
    assert reader.open == []
    assert "".join(reader.found).count(evil) == 18


def test_markdown_front_matter_is_json() -> None:
    """Each line of front matter is a name and a JSON value, together all that the body does not show."""
    for article in ARTICLES:
        _, front, body = markdown.render(article).split("---\n", 2)
        values = {
            name: stdlib_json.loads(value) for name, _, value in (line.partition(": ") for line in front.splitlines())
        }
        expected = stdlib_json.loads(stdlib_json.dumps(record(article)))
        body_fields = ("intro", "sections", "checklist", "images", "final_notes")
        assert values == {name: value for name, value in expected.items() if name not in body_fields}
        plain = body.replace("\\", "")
        shown = [article.title, article.intro, article.final_notes, *article.checklist]
        shown += [each for section in article.sections for each in (section.heading, *section.paragraphs)]
        shown += [each for image in article.images for each in (image.url, image.caption)]
        assert all(each in plain for each in shown)
        assert all(section.code.text in body for section in article.sections if section.code)


def test_markdown_escapes_prose() -> None:
    """A character that Markdown would read as markup is escaped in prose and left alone in code."""
    section = synth.Section("a*b", ("x_y [z] <b> #1 `c`",), synth.Code("C#", "a*b"))
    page = markdown.render(replace(ARTICLES[0], sections=(section,)))
    assert "## a\\*b\n\nx\\_y \\[z\\] \\<b\\> \\#1 \\`c\\`\n\n```c#\na*b\n```" in page


@pytest.mark.parametrize("name", RENDERERS)
def test_pages_end_in_one_line_break(name: str) -> None:
    """Every rendering ends in exactly one line break and holds no carriage return."""
    for article in ARTICLES:
        page = RENDERERS[name].render(article)
        assert page.endswith("\n")
        assert not page.endswith("\n\n")
        assert "\r" not in page
