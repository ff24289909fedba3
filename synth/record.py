"""The canonical record: an article as plain JSON values, in one fixed order, and the digest over it."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import blake2b
from typing import Any

from synth.model import Article

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


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


def canonical(article: Article) -> str:
    """Return the record as one line of JSON: UTF-8 text, no spaces, fields in the order of the model."""
    return _encode(record(article))


def digest(article: Article) -> str:
    """Return 24 hex digits over the canonical record of an unsealed article.

    Unsealed means that ``digest`` and the meta box's ``reference`` and ``hash`` are still empty strings;
    anyone can empty the three in a record they hold and check the digest.
    """
    return blake2b(canonical(article).encode(), digest_size=12).hexdigest()
