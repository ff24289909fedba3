"""The text of an article as people and programs hand it in: what it may hold, and the article that comes of it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from synth import slugs
from synth.model import Article, Code, Image, Meta, Section
from synth.record import digest

_MOST_META, _DEEPEST_META = 2**20, 64
PROFILE = "written"
"""The profile of an article whose text was written here."""


def _bounded(meta: dict[str, Any]) -> dict[str, Any]:
    if _depth(meta) > _DEEPEST_META:
        raise PydanticCustomError("nested", "is nested more than {most} deep; flatten it", {"most": _DEEPEST_META})
    if len(json.dumps(meta)) > _MOST_META:
        raise PydanticCustomError("long", "is longer than {most} characters as JSON; shorten it", {"most": _MOST_META})
    return meta


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _unlike(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("named_twice", "names one of them twice; name each once")
    return values


_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of Unicode: controls, formats such as the zero-width space, and all that separates."""


def is_visible(text: str) -> bool:
    """Whether a text holds anything that a reader can see."""
    return any(unicodedata.category(character) not in _UNSEEN for character in text)


def _visible(text: str) -> str:
    if not is_visible(text):
        raise PydanticCustomError("blank", "should hold a visible character")
    return text


_VISIBLE = AfterValidator(_visible)
_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029"
_PRINTABLE, _ONE_LINE = f"^[^{_CONTROL}]*$", rf"^[^{_CONTROL}\t\n]*$"
"""Neither text nor line holds a control character, which no page or feed could show."""
_UNLIKE = Field(json_schema_extra={"uniqueItems": True})

_NAMED = Field(json_schema_extra={"propertyNames": {"minLength": 1, "maxLength": 100, "pattern": _ONE_LINE}})
"""What a map's keys are, in words that also hold for the keys that do not fit."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_ONE_LINE), _VISIBLE]
Prose = Annotated[str, StringConstraints(max_length=10_000, pattern=_PRINTABLE)]
Text = Annotated[Prose, StringConstraints(min_length=1), _VISIBLE]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=250)]
Term = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_ONE_LINE), _VISIBLE]
Scalar = Annotated[str, StringConstraints(max_length=100_000, pattern=_PRINTABLE)] | Annotated[int, Field(strict=True)]
Value = TypeAliasType("Value", "Scalar | list[Value] | dict[str, Value]")


class CodeText(BaseModel):
    """A snippet that closes a section."""

    model_config = ConfigDict(extra="forbid")
    language: Line
    text: Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=_PRINTABLE), _VISIBLE]


class SectionText(BaseModel):
    """A heading with its paragraphs."""

    model_config = ConfigDict(extra="forbid")
    heading: Line
    paragraphs: Annotated[list[Text], Field(max_length=10_000)] = []
    code: CodeText | None = None


class ImageText(BaseModel):
    """A figure, which the site draws itself: who it is credited to, and its caption."""

    model_config = ConfigDict(extra="forbid")
    source: Line
    url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=2_000)]
    caption: Line


class ArticleText(BaseModel):
    """Everything of an article that its editors decide."""

    model_config = ConfigDict(extra="forbid")
    title: Line
    slug: Slug | None = Field(default=None, description="Left out, it is made of the title when the article is new.")
    intro: Text
    sections: Annotated[list[SectionText], Field(max_length=100)] = []
    checklist: Annotated[list[Line], Field(max_length=50)] = []
    images: Annotated[list[ImageText], Field(max_length=100)] = []
    final_notes: Prose = ""
    categories: Annotated[list[Term], Field(max_length=10), AfterValidator(_unlike), _UNLIKE] = []
    tags: Annotated[list[Term], Field(max_length=100), AfterValidator(_unlike), _UNLIKE] = []
    meta: Annotated[dict[Name, Value], Field(max_length=2_500), AfterValidator(_bounded), _NAMED] = {}


def written(
    text: ArticleText, article_id: int, *, revision: int, author_id: int, slug: str | None, published: int, now: int
) -> Article:
    """The article that a text becomes.

    Args:
        text: What it says.
        article_id: Its id.
        revision: 0 for a new one.
        author_id: Who signs it.
        slug: The one it has, if it has one; else that of the text, else one made of its title.
        published: Unix seconds.
        now: Unix seconds.
    """
    moment = datetime.fromtimestamp(now, UTC)
    unsealed = Article(
        id=article_id,
        revision=revision,
        profile=PROFILE,
        seed=0,
        title=text.title,
        slug=text.slug or slug or slugs.of_title(text.title, article_id).strip("-"),
        intro=text.intro,
        sections=tuple(
            Section(
                each.heading, tuple(each.paragraphs), Code(each.code.language, each.code.text) if each.code else None
            )
            for each in text.sections
        ),
        checklist=tuple(text.checklist),
        images=tuple(Image(each.source, each.url, each.caption) for each in text.images),
        final_notes=text.final_notes,
        categories=tuple(text.categories),
        tags=tuple(text.tags),
        author=author_id,
        published=datetime.fromtimestamp(published, UTC),
        modified=moment,
        last_reviewed=moment.date(),
        meta=_frozen(text.meta),
        digest="",
    )
    return replace(unsealed, digest=digest(unsealed))


def _frozen(meta: Mapping[str, Any]) -> Mapping[str, Meta]:
    return {key: _frozen_value(value) for key, value in meta.items()}


def _frozen_value(value: Any) -> Meta:
    if isinstance(value, dict):
        return _frozen(value)
    return tuple(map(_frozen_value, value)) if isinstance(value, list) else value
