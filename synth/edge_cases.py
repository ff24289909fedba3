"""Articles as few are, and as every program meets one day: each kind at ids that can be told beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from synth.model import Article, Code, Image, Meta, Section

LARGE = 1_000_000
"""Bytes of the body of a large article, at least."""
_LIST = 5_000
_DEPTH = 20
_MANY = 60
_LONG_SLUG = 200


def kind(id: int, every: int) -> str | None:
    """Return which kind of edge case an article is, None for most: every so manieth id is one, the kinds in turn."""
    if not every or id % every:
        return None
    return KINDS[id // every % len(KINDS)]


def changed(article: Article, kind: str) -> Article:
    """Return an unsealed article as an edge case of a kind."""
    return _CHANGES[kind](article)


def _saying(text: str, article: Article) -> Article:
    """Put a text wherever people write one."""
    first, *rest = article.sections
    return _with_meta(
        replace(
            article,
            title=f"{article.title} {text}",
            intro=f"{text} {article.intro} {text}",
            sections=(replace(first, paragraphs=(text, *first.paragraphs)), *rest),
            checklist=(text, *article.checklist[1:]),
            final_notes=f"{article.final_notes} {text}",
        ),
        summary=text,
    )


def _with_meta(article: Article, **values: Meta) -> Article:
    """Change the meta box, and what of it says the same as the article."""
    box = {**article.meta, "checklist": article.checklist, **values}
    images = tuple({"source": one.source, "url": one.url, "caption": one.caption} for one in article.images)
    if images:
        box["image sources"] = images
    else:
        box.pop("image sources", None)
    flags, payload = box["flags"], box["payload"]
    assert isinstance(flags, Mapping)
    assert isinstance(payload, Mapping)
    box["flags"] = {**flags, "has images": int(bool(images)), "image heavy": int(len(images) >= 3)}
    box["payload"] = {**payload, "paragraphs": 1 + sum(len(section.paragraphs) for section in article.sections)}
    return replace(article, meta=box)


def _empty_parts(article: Article) -> Article:
    """A title alone, and a heading with nothing under it."""
    sections = (Section(article.sections[0].heading, ()),)
    bare = replace(article, intro="", sections=sections, checklist=(), images=(), final_notes="", tags=())
    return _with_meta(bare, summary="", tools=())


def _no_sections(article: Article) -> Article:
    return _with_meta(replace(article, sections=()))


def _large(article: Article) -> Article:
    """A megabyte of paragraphs."""
    (first, *rest) = article.sections
    size = sum(len(each.encode()) for each in first.paragraphs)
    more = first.paragraphs * (LARGE // size + 1)
    return _with_meta(replace(article, sections=(replace(first, paragraphs=more), *rest)))


def _large_table(article: Article) -> Article:
    """A table of two thousand rows, as code."""
    rows = "\n".join(f"| {row:04} | {article.id} | {row * row} |" for row in range(2000))
    first, *rest = article.sections
    return replace(article, sections=(replace(first, code=Code("Markdown", f"| row | id | square |\n{rows}")), *rest))


def _long_slug(article: Article) -> Article:
    """A slug of two hundred characters; it still ends with the id."""
    end = f"-{article.id}"
    words = article.slug.removesuffix(end)
    stem = "-".join([words] * (_LONG_SLUG // len(words) + 1))[: _LONG_SLUG - len(end)].rstrip("-")
    return replace(article, slug=stem + end)


def _same_title(article: Article) -> Article:
    """The title that all of this kind have."""
    return replace(article, title="The same title as another article")


def _many_images(article: Article) -> Article:
    images = tuple(
        Image(
            "picsum.photos", f"https://picsum.photos/seed/anp-{article.id + place:06d}/1200/630", f"Picture {place + 1}"
        )
        for place in range(_MANY)
    )
    return _with_meta(replace(article, images=images))


def _many_tags(article: Article) -> Article:
    return replace(article, tags=tuple(f"tag-{number:03}" for number in range(_MANY)))


def _wide_meta(article: Article) -> Article:
    return _with_meta(article, notes=tuple(f"note {number}" for number in range(_LIST)))


def _deep_meta(article: Article) -> Article:
    value: Meta = "the end"
    for level in range(_DEPTH, 0, -1):
        value = {"level": level, "below": value} if level % 2 else (value,)
    return _with_meta(article, notes=(value,))


_TEXTS = {
    "emoji": "\U0001f469\u200d\U0001f4bb and \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f9d1\U0001f3fd",
    "combining marks": "Z\u0351\u036f\u0353a\u030a\u0323\u0304l\u0334g\u0489o\u0308\u0327 beside \u00e9 and e\u0301",
    "right to left": "\u200f\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0645\u0631\u062d\u0628\u0627 \u2067(1)",
    "no spaces": "\u9875\u9762\u7f13\u5b58\u547d\u4e2d\u7387\u4e0e\u54cd\u5e94\u65f6\u95f4\u7684\u6d4b\u91cf" * 12,
    "one long word": "pneumono" * 20,
    "markup": "<script>alert('x')</script> <b>bold & \"quoted\"</b> &amp; &lt; &#39; <!-- --> <img src=x onerror=y>",
    "end of cdata": "before ]]> after ]]]]><![CDATA[> and <![CDATA[ again",
    "backslashes": "C:\\new\\table \\\\server\\share \\' \\\" \\0 \\x41 \\u0041 %s %(name)s {0} {{x}} ${y} $(z) `w`",
    "quotes": "'single' \"double\" \u2018curly\u2019 \u201ccurly\u201d `tick` \u00b4acute\u00b4 ''two'' \"\"two\"\"",
    "numeric text": "011730",
    "looks like a formula": "=1+1;@SUM(A1:A9),-2+3",
    "looks like yaml": "no: [yes, ~, null, 0x1F] # - key: 'value' | >",
    "spaces at the ends": "  two before and two after  ",
}
KINDS = (*_TEXTS, "empty parts", "no sections", "large body", "large table", "long slug", "same title", "many images",
         "many tags", "wide meta", "deep meta")  # fmt: skip
"""Every kind, in the order in which they come."""
_CHANGES: Mapping[str, Callable[[Article], Article]] = MappingProxyType(
    {
        **{name: partial(_saying, text) for name, text in _TEXTS.items()},
        "empty parts": _empty_parts,
        "no sections": _no_sections,
        "large body": _large,
        "large table": _large_table,
        "long slug": _long_slug,
        "same title": _same_title,
        "many images": _many_images,
        "many tags": _many_tags,
        "wide meta": _wide_meta,
        "deep meta": _deep_meta,
    }
)
