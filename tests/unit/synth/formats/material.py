"""What the tests of formats write down: articles of both profiles, and any articles at all, in files in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO

from hypothesis import strategies as st

import synth
from synth import Article, Code, Corpus, Image, Section
from synth.formats import load
from synth.layout import Pages
from synth.record import record

CORPORA = [Corpus(11_730, 60, profile, seed) for seed, profile in enumerate(synth.PROFILES)]
NASTY = (
    "",
    " ",
    "no",
    "011730",
    "2026-07-31",
    "1e3",
    "~",
    "null",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "a]]>b]]]>c]]",
    "<!-- a -- b -->",
    "<script>alert(1)</script> &amp; &",
    "---\n...\n---",
    "a\r\nb\rc\n",
    "\ttab, comma;semicolon\f",
    "NUL \0 bell \a escape \x1b delete \x7f",
    "next line \x85 line \u2028 paragraph \u2029 bom \ufeff end \ufffe\uffff",
    "👩‍💻 é e\u0301 🏳️‍🌈 \U0010ffff",
    "שלום \u202eעולם\u202c مرحبا",
    "漢字かな交じり文",
    "\\\"quotes\\' \\n \\u0041 \"\"",
    'a:1:{i:0;s:1:"x";}',
    "N;",
    "s:3:\"abc\";",
    "i:5;",
    "[gallery] {{ mustache }} {% tag %} $math$ | pipe | `code` ```",
    "# - * + > 1. _a_ **b** ~~c~~",
    "w" * 5000,
)  # fmt: skip
"""Texts that some reader somewhere takes for something else."""


class Memory:
    """Files in memory."""

    def __init__(self, shard_size: int = 0) -> None:
        self.shard_size = shard_size
        self.folder = None
        self.contents: list[bytes] = []

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Begin the next file."""
        stream = io.BytesIO()
        yield stream
        self.contents.append(stream.getvalue())


def written(
    articles: Sequence[Article],
    format: str,
    shard_size: int = 0,
    chunk: int = 7,
    corpus: Corpus | None = None,
) -> list[bytes]:
    """Return the files that hold some articles; they are of one seed."""
    files = Memory(shard_size)
    corpus = corpus or Corpus(0, 1, seed=articles[0].seed)
    layout = load(format)
    starts = range(0, len(articles), chunk)
    parts = (layout.make(articles[start : start + chunk]) for start in starts)
    if isinstance(layout, Pages):
        pieces = zip(parts, starts, strict=True)
        return [b"".join(layout.around(part, is_first=at == 0, is_last=at == starts[-1]) for part, at in pieces)]
    layout.write(parts, corpus, files)
    return files.contents


def file(articles: Sequence[Article], format: str) -> bytes:
    """Return the one file that holds some articles."""
    (content,) = written(articles, format)
    return content


def plain(article: Article) -> dict[str, Any]:
    """Return the record of an article with the types that JSON has."""
    values: dict[str, Any] = json.loads(json.dumps(record(article)))
    return values


def mapped(value: Any, text: Callable[[str], str]) -> Any:
    """Return a nested value with every text in it changed."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(key): mapped(item, text) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mapped(item, text) for item in value]
    return value


texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.builds("".join, st.lists(st.sampled_from(NASTY), min_size=2, max_size=3)),
)
"""Any text that the canonical record can hold: it is UTF-8, so it has no half of a surrogate pair."""

keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="_"), max_size=20)
integers = st.integers(-(2**70), 2**70) | st.integers(-5, 5)


def _nested(depth: int) -> st.SearchStrategy[Any]:
    scalars = texts | integers
    if depth == 0:
        return scalars
    inner = _nested(depth - 1)
    return st.one_of(
        scalars,
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
        st.just({"deep": deep(20)}),
    )


def deep(levels: int) -> Any:
    """Return a value at the bottom of lists in maps in lists."""
    value: Any = ("bottom",)
    for level in range(levels):
        value = ({"level": level, "down": value}, "beside")
    return value


few_texts = st.lists(texts, max_size=3).map(tuple)
terms = st.lists(texts.map(lambda text: text[:50]) | st.just("data"), max_size=3, unique=True).map(tuple)
moments = st.integers(1_500_000_000, 1_800_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
sections = st.builds(Section, texts, few_texts, st.none() | st.builds(Code, texts, texts))
articles = st.builds(
    lambda dates, **fields: Article(published=min(dates), modified=max(dates), **fields),
    dates=st.tuples(moments, moments),
    id=st.integers(1, synth.MAX_ID),
    revision=st.integers(0, 1000),
    profile=st.sampled_from(synth.PROFILES),
    seed=st.just(3),
    title=texts,
    slug=st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,200})?", fullmatch=True),
    intro=texts,
    sections=st.lists(sections, max_size=2).map(tuple),
    checklist=few_texts,
    images=st.lists(st.builds(Image, texts, texts, texts), max_size=3).map(tuple),
    final_notes=texts,
    categories=terms,
    tags=terms,
    author=st.integers(0, 9),
    last_reviewed=st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    meta=st.dictionaries(keys, _nested(2), max_size=4),
    digest=st.text("0123456789abcdef", min_size=24, max_size=24),
)
corpora = st.lists(
    articles, min_size=1, max_size=4, unique_by=(lambda article: article.id, lambda article: article.published)
).map(lambda made: sorted(made, key=lambda article: article.id))
"""A few articles, none like the synthesizer's own."""


def worst() -> list[Article]:
    """Return one article for each nasty text, which is everywhere in it."""
    base = synth.article(11_730)
    return [
        replace(
            base,
            id=place + 1,
            published=base.published - timedelta(seconds=place),
            slug=f"worst-{place}",
            title=text,
            intro=text,
            sections=(Section(text, (text, text), Code(text, text)), Section("h", (), None)),
            checklist=(text,) * (place % 3),
            images=(Image(text, f"https://img.example/{place}", text),) * (place % 4),
            final_notes=text,
            categories=(text or "empty",),
            tags=tuple(dict.fromkeys((text or "empty", "data"))),
            meta={"summary": text, f"key {text[:50]}".replace("_", ""): (text, {text[:50]: text, "deep": deep(3)}, ())},
        )
        for place, text in enumerate(NASTY)
    ]
