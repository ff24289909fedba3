"""A reader that knows the rules of the original and nothing of what writes here, at every form of a classic page.

Each form is read into the same parts, and the rules are held against those.
"""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import groupby
from typing import Any

import phpserialize
import pytest
from lxml import etree
from lxml import html as lxml_html

from synth import Corpus
from synth.export import export

NAMED = (0, 1, 5817, 7367, 11_664, 11_730, 22_072, 999_999, 1_000_001)
SOME = tuple(sorted(random.Random(20).sample(range(2, 2**53), 1000)))
KEYS = (
    "topic", "summary", "ai outline", "ai brief", "stack", "tools", "code language", "difficulty", "reading time",
    "view count", "score", "revision", "reference", "hash", "flags", "checklist", "entities", "image sources",
    "payload", "notes",
)  # fmt: skip
SCALARS = {
    "topic",
    "summary",
    "ai brief",
    "code language",
    "difficulty",
    "reading time",
    "view count",
    "reference",
    "hash",
}
QUOTAS = {"security": 4, "production": 4, "practical": 4, "why": 3}
"""Paragraphs of the four sections, by the first word of their headings."""
CHECKLIST, FINAL, META, SIMILAR = "implementation checklist", "final notes", "alphanode post meta", "Similar Posts"
PROVIDERS = ("picsum.photos", "unsplash", "dummyimage.com", "placehold.co")
URLS = {
    "picsum.photos": r"https://picsum\.photos/seed/anp-(\d{6,})/1200/630",
    "unsplash": r"https://images\.unsplash\.com/photo-[0-9a-f-]+\?auto=format&fit=crop&w=1200&q=80",
    "dummyimage.com": r"https://dummyimage\.com/1200x630/111827/ffffff\.png&text=(.+)",
    "placehold.co": r"https://placehold\.co/1200x630/png\?text=(.+)",
}


@dataclass
class Page:
    """The parts of a page, whatever form it was read from; values of the meta box are text, lists and maps."""

    title: str
    intro: str
    before: list[tuple[str, str]] = field(default_factory=list)
    """Captions and providers of the figures after the introduction."""
    sections: list[tuple[str, list[str], str]] = field(default_factory=list)
    """Heading, paragraphs, code."""
    checklist: list[str] = field(default_factory=list)
    after: list[tuple[str, str]] = field(default_factory=list)
    final: str = ""
    meta: dict[str, Any] = field(default_factory=dict)


# -- the forms


def of_text(text: str) -> Page:
    """The page as it is copied out of a browser."""
    blocks = text.rstrip("\n").split("\n\n")
    assert blocks.pop() == SIMILAR
    page = Page(blocks.pop(0), blocks.pop(0))
    if ". image source: " in blocks[0]:
        page.before = list(_figures(blocks.pop(0).split("\n")))
    while blocks[0] != CHECKLIST:
        heading, paragraphs = blocks.pop(0), []
        while re.fullmatch(r"[a-z].*\.", blocks[0]):
            paragraphs.append(blocks.pop(0))
        code = []
        while not (re.fullmatch(r"[a-z ]+", blocks[0]) and blocks[0].split()[0] in {*QUOTAS, "implementation"}):
            code.append(blocks.pop(0))
        page.sections.append((heading, paragraphs, "\n\n".join(code)))
    lines = blocks[1].split("\n")
    page.checklist = [line.removeprefix("  • ") for line in lines if line.startswith("  • ")]
    page.after = list(_figures([line for line in lines if not line.startswith("  • ")]))
    assert (blocks[2], blocks[4]) == (FINAL, META)
    page.final = blocks[3]
    page.meta = _rows(blocks[5].split("\n"))
    assert len(blocks) == 6
    return page


def _figures(lines: list[str]) -> Iterator[tuple[str, str]]:
    for alternative, caption in zip(lines[::2], lines[1::2], strict=True):
        text, _, provider = caption.partition(". image source: ")
        assert text == alternative
        yield text, provider


def _rows(lines: list[str]) -> dict[str, Any]:
    """The rows of the meta box: a key runs into its value, or has bullets below it."""
    box: dict[str, Any] = {}
    keys = iter(KEYS)
    while lines:
        line = lines.pop(0)
        key = next(each for each in keys if line.startswith(each))
        if key in SCALARS:
            box[key] = line.removeprefix(key)
            continue
        assert line == key
        bullets = []
        while lines and lines[0].startswith("  "):
            bullets.append(lines.pop(0))
        box[key] = _bulleted(bullets)
    return box


def _bulleted(bullets: list[str]) -> Any:
    deep = bullets[0].startswith("    ")
    texts = [line.strip().removeprefix("• ") for line in bullets]
    if not deep and all(re.match(r"[a-z ]+: ", text) for text in texts):
        return dict(text.split(": ", 1) for text in texts)
    if not deep:
        return texts
    names = [text.split(": ", 1)[0] for text in texts]
    size = next((n for n in range(1, len(names)) if names[n] == names[0]), len(names))
    return [dict(text.split(": ", 1) for text in texts[at : at + size]) for at in range(0, len(texts), size)]


def of_json(record: dict[str, Any]) -> Page:
    """The record."""
    half = -(-len(record["images"]) // 2)
    figures = [(image["caption"], image["source"]) for image in record["images"]]
    return Page(
        record["title"],
        record["intro"],
        figures[:half],
        [(s["heading"], s["paragraphs"], s["code"]["text"] if s["code"] else "") for s in record["sections"]],
        record["checklist"],
        figures[half:],
        record["final_notes"],
        _as_text(record["meta"]),
    )


def _as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_text(item) for key, item in value.items()}
    return [_as_text(item) for item in value] if isinstance(value, list) else str(value)


WP = "{http://wordpress.org/export/1.2/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def of_item(item: Any) -> Page:
    """A post of an export for WordPress."""
    page = Page(item.findtext("title"), "")
    for element in lxml_html.fragments_fromstring(item.findtext(CONTENT)):
        if element.tag == "p":
            page.intro = element.text_content()
        elif element.tag == "figure":
            caption = element.findtext("figcaption")
            text, _, provider = caption.partition(". image source: ")
            assert element.find("img").get("alt") == text
            (page.after if page.checklist else page.before).append((text, provider))
        elif (heading := element.findtext("h2")) == CHECKLIST:
            page.checklist = [each.text for each in element.iterfind("ul/li")]
        elif heading == FINAL:
            page.final = element.findtext("p")
        else:
            code = "".join(each.text_content() for each in element.iterfind("pre"))
            page.sections.append((heading, [each.text for each in element.iterfind("p")], code))
    for row in item.iterfind(f"{WP}postmeta"):
        key, value = row.findtext(f"{WP}meta_key"), row.findtext(f"{WP}meta_value")
        if key.startswith("anp_"):
            page.meta[key.removeprefix("anp_").replace("_", " ")] = _of_php(value)
    return page


def _of_php(value: str) -> Any:
    if not value.startswith("a:"):
        return value

    def plain(each: Any) -> Any:
        if isinstance(each, dict):
            items = {key.decode() if isinstance(key, bytes) else key: plain(item) for key, item in each.items()}
            return list(items.values()) if list(items) == list(range(len(items))) else items
        return each.decode() if isinstance(each, bytes) else str(each)

    return plain(phpserialize.loads(value.encode()))


@cache
def exported(format: str, first: int) -> bytes:
    """One classic article in a form."""
    stream = io.BytesIO()
    export(Corpus(first, 1, "classic"), format, stream)
    return stream.getvalue()


def _texts(ids: Iterable[int]) -> Iterator[Page]:
    return (of_text(exported("text", each).decode().removesuffix("\f\n")) for each in ids)


def _records(ids: Iterable[int]) -> Iterator[Page]:
    return (of_json(json.loads(exported("json", each))[0]) for each in ids)


def _posts(ids: Iterable[int]) -> Iterator[Page]:
    return (of_item(etree.fromstring(exported("wxr", each)).find("channel/item")) for each in ids)


FORMS: dict[str, Callable[[Iterable[int]], Iterator[Page]]] = {"text": _texts, "json": _records, "wxr": _posts}


# -- the rules


def check(page: Page, id: int) -> None:
    """Hold the rules against a page that stands alone."""
    meta = page.meta
    images = page.before + page.after
    assert list(meta) == [key for key in KEYS if key != "image sources" or images]
    stack, area, language = meta["stack"]
    problem = meta["entities"][2]["name"]
    number = sum(len(paragraphs) for _, paragraphs, _ in page.sections)

    assert meta["payload"]["seed"] == str(id)
    assert meta["payload"]["source id"] == f"alphanode-{id:06d}"
    assert meta["payload"]["generator"] == "anp content synthesizer"
    assert re.fullmatch(rf"anp-ref-{id:06d}-[1-9]\d{{3}}", meta["reference"])
    assert re.fullmatch(r"[0-9a-f]{24}", meta["hash"])
    assert (number, int(meta["payload"]["paragraphs"])) in {(5, 6), (6, 7), (7, 8)}

    headings = [heading.split()[0] for heading, _, _ in page.sections]
    assert len(set(headings)) == len(headings)
    for place, (heading, paragraphs, code) in enumerate(page.sections):
        quota = QUOTAS[heading.split()[0]]
        assert len(paragraphs) == quota or (place == len(page.sections) - 1 and 0 < len(paragraphs) < quota)
        assert len(set(paragraphs)) == len(paragraphs)
        assert all(text == text.lower() for text in [heading, *paragraphs])
        assert not code or len(code.split("\n")) > 2

    assert page.checklist == meta["checklist"]
    assert len(page.checklist) == 5
    assert problem in page.title
    assert stack in page.title
    assert stack in page.final
    assert all(text == text.lower() for text in (page.title, page.intro, page.final, *page.checklist))

    assert meta["topic"] == f"{problem} / {stack}"
    assert problem in meta["summary"]
    assert stack in meta["summary"]
    outline = meta["ai outline"]
    assert list(outline) == ["context", "problem", "stack", "recommended action"]
    assert (outline["problem"], outline["stack"]) == (problem, stack)
    assert outline["context"] == meta["payload"]["scenario"]
    assert meta["tools"][4:] == ["git", "logs"]
    assert len(meta["tools"]) == 6
    assert meta["code language"] == language
    assert meta["entities"] == [
        {"name": stack, "type": "stack"}, {"name": area, "type": "area"}, {"name": problem, "type": "problem"}
    ]  # fmt: skip
    assert len(meta["notes"]) == 3
    assert _values(meta) == 52 + 3 * len(images)

    assert len(page.before) == -(-len(images) // 2)
    assert len(images) <= 4
    assert {name: int(value) for name, value in meta["flags"].items() if name != "needs human review"} == {
        "ai generated style": 1,
        "has images": int(bool(images)),
        "image heavy": int(len(images) >= 3),
    }
    assert meta["flags"]["needs human review"] in {"0", "1"}
    for place, (caption, provider) in enumerate(images):
        assert caption == f"{problem} with {stack} visual reference {place + 1}"
        assert provider == PROVIDERS[(PROVIDERS.index(images[0][1]) + place) % 4]
        source = meta["image sources"][place]
        assert (source["source"], source["caption"]) == (provider, caption)
        found = re.fullmatch(URLS[provider], source["url"])
        assert found, source["url"]
        subject = f"{problem} with {stack}"
        if provider == "picsum.photos":
            assert int(found[1]) == id + place
        elif provider == "dummyimage.com":
            assert re.sub(r"\+", " ", found[1]) == subject[:38] or "%" in found[1]
        elif provider == "placehold.co":
            assert re.sub(r"\+", " ", found[1]) == subject[:42] or "%" in found[1]

    assert meta["difficulty"] in {"beginner", "intermediate", "advanced"}
    assert 1 <= int(meta["reading time"]) <= 14
    assert int(meta["view count"]) >= 0
    assert list(meta["score"]) == ["quality", "freshness", "depth", "clarity"]
    assert all(20 <= int(value) <= 99 for value in meta["score"].values())
    assert list(meta["revision"]) == ["status", "version", "last reviewed"]
    assert re.fullmatch(r"1\.\d+\.\d+", meta["revision"]["version"])
    date.fromisoformat(meta["revision"]["last reviewed"])


def _values(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_values, value.values()))
    return sum(map(_values, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("id", NAMED)
def test_the_pages_of_the_named_ids_are_accepted(form: str, id: int) -> None:
    """Each alone."""
    (page,) = FORMS[form]([id])
    check(page, id)


@pytest.mark.parametrize("form", FORMS)
def test_a_thousand_random_pages_are_accepted(form: str) -> None:
    """And what holds between pages: what is appended, pools of paragraphs, constants."""
    pages = list(FORMS[form](SOME))
    for number, page in zip(SOME, pages, strict=True):
        check(page, number)
    _check_appended(pages)
    _check_pools(pages)
    for name in ("ai brief", "notes"):
        assert len({json.dumps(page.meta[name]) for page in pages}) == 1
    assert len({page.meta["ai outline"]["recommended action"] for page in pages}) == 1
    assert len({page.final.replace(page.meta["stack"][0], "{}") for page in pages}) == 1
    coded = [bool(code) for page in pages for _, _, code in page.sections]
    assert 0.2 < sum(coded) / len(coded) < 0.4
    for _, same in groupby(
        sorted((page.meta["stack"][0], code) for page in pages for _, _, code in page.sections if code),
        lambda pair: pair[0],
    ):
        assert len({code for _, code in same}) == 1  # the snippet of the stack


def _check_appended(pages: list[Page]) -> None:
    """Every third paragraph ends with one sentence, every fourth that is no third with another; no others do."""
    ends: dict[str, list[str]] = {"third": [], "fourth": [], "other": []}
    for page in pages:
        paragraphs = [text for _, texts, _ in page.sections for text in texts]
        for number, text in enumerate(paragraphs, 1):
            kind = "third" if number % 3 == 0 else "fourth" if number % 4 == 0 else "other"
            ends[kind].append(text.replace(page.meta["stack"][0], "{}"))
    third, fourth = _common_end(ends["third"]), _common_end(ends["fourth"])
    assert third != fourth
    for end in (third, fourth):
        assert len(end.split()) > 6
        assert not any(text.endswith(end) for text in ends["other"])


def _common_end(texts: list[str]) -> str:
    words = [text.split()[::-1] for text in texts]
    same = 0
    while all(len(each) > same and each[same] == words[0][same] for each in words):
        same += 1
    return " ".join(words[0][:same][::-1])


def _check_pools(pages: list[Page]) -> None:
    """There are four sections, in any order, each with paragraphs of its own."""
    pools: dict[str, set[str]] = {}
    for page in pages:
        for heading, paragraphs, _ in page.sections:
            pools.setdefault(heading, set()).update(text.split(". ")[0] for text in paragraphs)
    assert {heading.split()[0] for heading in pools} == set(QUOTAS)
    assert len(pools) == 4
    for heading, pool in pools.items():
        assert len(pool) >= QUOTAS[heading.split()[0]]
        assert all(pool.isdisjoint(other) for name, other in pools.items() if name != heading)
    assert len({tuple(heading for heading, _, _ in page.sections) for page in pages}) == 12
