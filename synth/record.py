"""The canonical record: an article as plain JSON values, in one fixed order, and the digest over it."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from synth.model import Article


def timestamp(moment: datetime) -> str:
    """Return a moment in UTC as ``2026-06-30T08:15:00Z``."""
    return moment.isoformat().replace("+00:00", "Z")


def record(article: Article) -> dict[str, Any]:
    """Return every field of an article as JSON values, in the order of the model."""
    return {
        "id": article.id,
        "revision": article.revision,
        "profile": article.profile,
        "seed": article.seed,
        "title": article.title,
        "slug": article.slug,
        "intro": article.intro,
        "sections": [
            {
                "heading": section.heading,
                "paragraphs": section.paragraphs,
                "code": section.code and {"language": section.code.language, "text": section.code.text},
            }
            for section in article.sections
        ],
        "checklist": article.checklist,
        "images": [{"source": image.source, "url": image.url, "caption": image.caption} for image in article.images],
        "final_notes": article.final_notes,
        "categories": article.categories,
        "tags": article.tags,
        "author": article.author,
        "published": timestamp(article.published),
        "modified": timestamp(article.modified),
        "last_reviewed": article.last_reviewed.isoformat(),
        "meta": article.meta,
        "digest": article.digest,
    }


def encoded(value: Any) -> bytes:
    """Return a JSON value, or a data class of them, as JSON: UTF-8 without spaces.

    It is what ``json.dumps`` says with ``ensure_ascii=False`` and the shortest separators, sooner.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        # An integer of more than 64 bits, which somebody's own meta box may hold.
        plain = record(value) if isinstance(value, Article) else value
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def canonical(article: Article) -> bytes:
    """Return the record as one line of JSON, its fields in the order of the model."""
    return encoded(article)


def digest(article: Article) -> str:
    """Return 24 hex digits over the canonical record of an unsealed article.

    Unsealed means that ``digest`` and the meta box's ``reference`` and ``hash`` are still empty strings;
    anyone can empty the three in a record they hold and check the digest.
    """
    return seal(canonical(article))


def seal(unsealed: bytes) -> str:
    """Return the digest of an article whose unsealed record is there already."""
    return blake2b(unsealed, digest_size=12).hexdigest()
