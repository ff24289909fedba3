"""Articles out of what sites export: JSON lines, WordPress eXtended RSS, folders of Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from synth.errors import LearnError
from synth.learn.documents import Document, day_of, of_html, sized
from synth.packing import BROKEN, unpacked

_MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def documents(path: Path) -> Iterator[Document]:
    """Give the articles of an export, one after the other, with memory that does not grow with it.

    What it is, is seen from what stands in it: a folder is one of Markdown files, an XML file one of WordPress,
    anything else JSON, a line an article. Files may be compressed by gzip or Zstandard.

    Raises:
        LearnError: It cannot be read, or is none of these; the message names the place.
    """
    if path.is_dir():
        yield from _markdown(path)
        return
    try:
        with unpacked(path) as stream:
            begun = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
        with unpacked(path) as stream:
            yield from _wxr(path, stream) if begun.startswith(b"<") else _jsonl(path, stream)
    except BROKEN as error:
        raise LearnError(f"cannot read {path} ({getattr(error, 'strerror', None) or error}): name an export") from None


def _jsonl(path: Path, stream: BufferedIOBase) -> Iterator[Document]:
    for number, line in enumerate(stream, 1):
        if line.isspace():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LearnError(
                f"{path}, line {number}: is no JSON ({error}): give each article a line, or name a WordPress export "
                "or a folder of Markdown"
            ) from None
        if not isinstance(record, Mapping):
            raise LearnError(f"{path}, line {number}: is no article but {type(record).__name__}: give each one a map")
        yield of_record(record)


def of_record(record: Mapping[str, Any]) -> Document:
    """Return what is counted in a record: one of ours, or any with ``content``, ``html``, ``body`` or ``markdown``."""
    if isinstance(sections := record.get("sections"), list):
        counted = _of_sections(record, sections)
    else:
        markdown = record.get("markdown")
        html = _rendered(str(markdown)) if markdown is not None else _first(record, "html", "content", "body", "text")
        counted = of_html(str(html or ""))
    meta = record.get("meta")
    return replace(
        counted,
        images=max(counted.images, _length(record.get("images"))),
        tags=_length(record.get("tags")),
        published=day_of(_first(record, "published", "published_at", "date", "created_at", "created")),
        meta={str(key): sized(value) for key, value in meta.items()} if isinstance(meta, Mapping) else {},
    )


def _of_sections(record: Mapping[str, Any], sections: list[Any]) -> Document:
    maps = [each for each in sections if isinstance(each, Mapping)]
    paragraphs = [len(str(text).split()) for each in maps for text in _listed(each.get("paragraphs"))]
    others = [
        record.get("title"),
        record.get("intro"),
        record.get("final_notes"),
        *(each.get("heading") for each in maps),
    ]
    others += _listed(record.get("checklist"))
    return Document(
        words=sum(paragraphs) + sum(len(str(text).split()) for text in others if text),
        paragraphs=tuple(paragraphs),
        sections=len(maps),
        code=sum(bool(each.get("code")) for each in maps),
        links=_length(record.get("links")),
    )


def _first(record: Mapping[str, Any], *names: str) -> Any:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _wxr(path: Path, stream: BufferedIOBase) -> Iterator[Document]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    host, found = "", False
    try:
        for _, element in iterparse(stream, events=("end",)):
            name = _local(element.tag)
            if name == "base_blog_url":
                host = _host(element.text or "")
            elif name == "item":
                found = True
                if (document := _of_item(element, host)) is not None:
                    yield document
                element.clear()
    except ParseError as error:
        raise LearnError(f"{path} is no whole XML ({error}): export it again") from None
    except DefusedXmlException:
        raise LearnError(f"{path} declares entities, which no export does: name another file") from None
    if not found:
        raise LearnError(f"{path} is XML without an item: name an export of WordPress (Tools, Export)")


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:  # brackets around no address
        return ""


def _of_item(item: Element, host: str) -> Document | None:
    """What is counted in an item; None where it is no published post, but an attachment, a page, a draft."""
    fields: dict[str, str] = {}
    tags = 0
    meta: dict[str, Any] = {}
    for child in item:
        name = _local(child.tag)
        if name == "category":
            tags += child.get("domain") == "post_tag"
        elif name == "postmeta":
            key, value = (
                next((c.text or "" for c in child if _local(c.tag) == n), "") for n in ("meta_key", "meta_value")
            )
            if not key.startswith("_"):  # which WordPress keeps for itself
                meta[key] = sized(value)
        elif child.tag == _CONTENT:
            fields["content"] = child.text or ""
        else:
            fields[name] = child.text or ""
    if fields.get("post_type", "post") != "post" or fields.get("status", "publish") != "publish":
        return None
    counted = of_html(fields.get("content", ""), host)
    words = counted.words + len(fields.get("title", "").split())
    return replace(counted, words=words, tags=tags, published=day_of(fields.get("post_date")), meta=meta)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _markdown(folder: Path) -> Iterator[Document]:
    import frontmatter
    from yaml import YAMLError  # type: ignore[import-untyped]

    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _MARKDOWN and path.is_file())
    if not files:
        raise LearnError(f"{folder} holds no Markdown file ({', '.join(sorted(_MARKDOWN))}): name another folder")
    for path in files:
        try:
            post = frontmatter.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, YAMLError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise LearnError(f"cannot read {path} ({reason}): mend it, or take it out of the folder") from None
        told = post.metadata
        counted = of_html(_rendered(post.content))
        tags = told.get("tags")
        yield replace(
            counted,
            words=counted.words + len(str(told.get("title", "")).split()),
            tags=len(tags.split(",")) if isinstance(tags, str) and tags.strip() else _length(tags),
            published=day_of(_first(told, "date", "published", "publishDate")) or day_of(path.name),
            meta={str(key): sized(value) for key, value in told.items() if key not in _OF_ITS_OWN},
        )


_OF_ITS_OWN = frozenset({"title", "slug", "date", "published", "publishDate", "tags", "categories", "layout", "draft"})
"""Front matter that says what other fields say."""


def _rendered(markdown: str) -> str:
    return _renderer()(markdown)


@lru_cache(maxsize=1)
def _renderer() -> Callable[[str], str]:
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("commonmark").enable("table")
    return lambda text: str(renderer.render(text))
